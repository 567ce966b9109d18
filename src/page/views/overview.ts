import { html, nothing, type TemplateResult } from 'lit-html'
import { repeat } from 'lit-html/directives/repeat.js'
import { release } from '../../common/release.ts'
import { visible } from '../../common/visible.ts'
import type { Views } from '../../inspect/api-types.ts'
import {
  badge,
  emptyState,
  figure,
  jsonLink,
  name,
  panel,
  type Severity,
  seen,
  sentence,
  time,
} from '../components.ts'
import { isOfBroker, isOfRoutes, type ServerEvent } from '../event-log.ts'
import { clockTime, count, counted, duration, rate } from '../format.ts'
import { observedBadge, observedFigures, observedHref, observedIn } from '../observed.ts'
import { type RateSample, rateSamples } from '../rates.ts'
import { href } from '../router.ts'
import { sparkline } from '../sparkline.ts'
import { watchStatus } from '../status.ts'
import type { Page, View } from '../views.ts'
import { brokerMatrix } from './broker-matrix.ts'
import { watchEvents } from './events.ts'
import { findingCount, findingList } from './findings.ts'

type Status = Views['/api/v1/status']
type Miss = Views['/api/v1/misses']['topics'][number]
type Peer = Views['/api/v1/peers']['peers'][number]

/** What is beyond is a link away. */
const MAX_GROUPS = 300
const MAX_MISSES = 20
const MAX_DIFFERENCES = 3
const MAX_EVENTS = 50
const BROKERS_QUERY = { sort: 'attention', limit: `${MAX_GROUPS}` }
/** An event is marked as new for this long. */
const NEW_MS = 5_000

export const overviewView: View = { title: 'Overview', render }

function render({ store, nowMs }: Page): TemplateResult {
  const status = watchStatus(store)
  const findings = store.watch('/api/v1/findings', {
    everyMillis: 5_000,
    concerns: ({ kind }) => kind === 'finding_raised' || kind === 'finding_cleared',
  })
  const events = watchEvents(store, MAX_EVENTS)
  const brokers = store.watch('/api/v1/brokers', {
    query: BROKERS_QUERY,
    everyMillis: 3_000,
    concerns: isOfBroker,
  })
  const departures = store.watch('/api/v1/departures', { concerns: isOfBroker }).value?.departures ?? []
  const isObserved = observedIn(status.value) !== undefined
  const misses = isObserved
    ? undefined
    : store.watch('/api/v1/misses', { everyMillis: 3_000, concerns: isOfRoutes })
  const peers = store.watch('/api/v1/peers', {
    everyMillis: 5_000,
    concerns: ({ kind }) => kind === 'peer_verdict' || kind === 'digest_drifted',
  })
  const samples = rateSamples()
  const unfound = misses?.value?.topics.filter(({ routeSince }) => routeSince === null) ?? []
  return html`<div class="overview">
    <section class="verdict" aria-label="Verdict">${seen(status, (value) => verdict(value, samples.at(-1), status.ageMillis ?? 0))}</section>
    ${panel({
      id: 'findings',
      title: 'Findings',
      note: findings.value === undefined ? '' : count(findingCount(findings.value)),
      view: '/api/v1/findings',
      content: seen(findings, (value) => findingList(value, nowMs)),
    })}
    ${panel({
      id: 'groups',
      title: 'Broker groups',
      note: brokers.value === undefined ? '' : `${count(brokers.value.total)} registered`,
      view: '/api/v1/brokers',
      query: BROKERS_QUERY,
      isTable: true,
      content: seen(brokers, (value) => brokerMatrix(value, departures, brokers.ageMillis ?? 0, nowMs)),
    })}
    ${panel({
      id: 'misses',
      title: 'Topics asked for and not found',
      note: unfound.length === 0 ? '' : count(unfound.length),
      view: '/api/v1/misses',
      content:
        misses === undefined
          ? emptyState('Not observed: a NameServer does not tell which topics its clients do not find.')
          : seen(misses, () => missList(unfound, nowMs)),
    })}
    ${panel({
      id: 'peers',
      title: 'Peers',
      view: '/api/v1/peers',
      content: seen(peers, (value) => peerList(value.peers, isObserved, nowMs)),
    })}
    ${panel({
      id: 'events',
      title: 'Events',
      note: html`<a href=${href(['events'])}>All</a>`,
      view: '/api/v1/events',
      query: { limit: `${MAX_EVENTS}` },
      content: seen(events, (value) => eventList(value, nowMs)),
    })}
    ${isObserved ? nothing : rates(samples)}
  </div>`
}

/** Of the requests that this server gets. */
function rates(samples: readonly RateSample[]): TemplateResult {
  return html`<section class="rates" aria-label="Rates">
    ${sparkline('Lookups', samples, ({ lookups }) => lookups, rate)}
    ${sparkline('Registrations', samples, ({ registrations }) => registrations, rate)}
    ${sparkline('Misses', samples, ({ lookupsWithoutRoute }) => lookupsWithoutRoute, rate)}
    ${sparkline('Event loop delay', samples, ({ eventLoopDelayMs }) => eventLoopDelayMs, millis)}
  </section>`
}

function verdict(status: Status, sample: RateSample | undefined, ageMillis: number): TemplateResult {
  const { findings, ready, checks, version, uptimeSeconds, tables, provisional } = status
  const observed = observedIn(status)
  const reasons = observed === undefined ? checks.map(({ problem }) => problem) : [observed.reason]
  const problems = reasons.flatMap((reason) => reason ?? [])
  return html`<h2 class="visually-hidden">Verdict</h2>
    <div class="verdict-line">
      <p class="word" role="status">
        ${findingsBadge(findings)} ${observed === undefined ? readyBadge(ready) : nothing}
      </p>
      ${observed === undefined ? nothing : html`<p class="word">${observedBadge(observed, ageMillis)}</p>`}
      <dl class="figures">
        ${observed === undefined ? html`${figure('Version', version)} ${figure('Uptime', duration(uptimeSeconds * 1_000))}` : observedFigures(observed)}
        ${figure('Brokers', observed?.ageMs === null ? 'unknown' : count(tables.brokers))}
        ${figure('Topics', observed?.topics === null ? 'unknown' : count(tables.topics))}
        ${observed === undefined ? html`${figure('Lookups', rate(sample?.lookups))} ${figure('Misses', rate(sample?.lookupsWithoutRoute))}` : nothing}
      </dl>
      ${jsonLink('/api/v1/status')}
    </div>
    ${problems.map((problem) => html`<p>${sentence(problem)}</p>`)}
    ${provisional ? html`<p>${badge('info', 'Restored')} Routes of the snapshot are served until their brokers register.</p>` : nothing}`
}

function readyBadge(isReady: boolean): TemplateResult {
  return isReady ? badge('good', 'Ready') : badge('warning', 'Not ready')
}

function findingsBadge({ critical, warning, info }: Status['findings']): TemplateResult {
  const severity: Severity = critical > 0 ? 'critical' : warning > 0 ? 'warning' : 'good'
  // A notice does not make a server unhealthy.
  if (critical + warning === 0)
    return badge(severity, info === 0 ? 'Healthy' : `Healthy, ${counted(info, 'notice')}`)
  const urgent = critical === 0 ? '' : `: ${count(critical)} critical`
  return badge(severity, `${counted(critical + warning + info, 'finding')}${urgent}`)
}

function missList(misses: readonly Miss[], nowMs: number): TemplateResult {
  if (misses.length === 0) return emptyState('Every topic that clients look up has a route.')
  return html`<ul class="lines">
      ${misses.slice(0, MAX_MISSES).map(
        ({ topic, count: lookups, lastSeen, clients, similar, loss }) => html`<li>
          <div class="line">
            <a href=${href(['topics', topic])}>${name(topic)}</a>
            <span>${counted(lookups, 'lookup')}</span>
            <span class="quiet">last ${time(lastSeen, nowMs)}</span>
          </div>
          <div class="quiet">
            asked by
            ${clients.map(
              ({ address, language, versionName }, at) =>
                html`${at === 0 ? '' : ', '}${name(address)} ${visible(language)} ${release(versionName)}`,
            )}
          </div>
          ${loss === null ? nothing : html`<div>${sentence(loss)}</div>`}
          ${similar.length === 0 ? nothing : html`<div>similar: ${similar.map((each, at) => html`${at === 0 ? '' : ', '}<a href=${href(['topics', each.name])}>${name(each.name)}</a>`)}</div>`}
        </li>`,
      )}
    </ul>
    ${misses.length > MAX_MISSES ? html`<p class="panel-more quiet">and ${counted(misses.length - MAX_MISSES, 'more topic')}: see JSON</p>` : nothing}`
}

const VERDICTS: Readonly<Record<Peer['verdict'], Severity>> = {
  agrees: 'good',
  settling: 'info',
  diverged: 'critical',
  unknown: 'warning',
}

function peerList(peers: readonly Peer[], isObserved: boolean, nowMs: number): TemplateResult {
  if (peers.length === 0 && isObserved)
    return emptyState(
      'Not compared: only this NameServer is observed. Name the others, too, to be told when routes differ.',
    )
  if (peers.length === 0)
    return emptyState(
      html`Not compared with other NameServers. List them in <code>peers</code> to be told when routes differ.`,
    )
  return html`<ul class="lines">
    ${peers.map(
      ({ address, verdict: word, since, reason, compared, differences }) => html`<li>
        <div class="line">
          ${isObserved ? html`<a href=${observedHref(address)}>${name(address)}</a>` : name(address)} ${badge(compared === null ? 'neutral' : VERDICTS[word], word)} <span><span class="quiet">since</span> ${time(since, nowMs)}</span>
        </div>
        ${reason === null ? nothing : html`<div>${sentence(reason)}</div>`}
        ${differences.slice(0, MAX_DIFFERENCES).map(
          ({ kind, subject, here, there }) =>
            html`<div class="difference">
              <code>${kind}</code> ${name(subject)}
              <dl>
                <dt>here</dt>
                <dd>${name(here ?? 'missing')}</dd>
                <dt>there</dt>
                <dd>${name(there ?? 'missing')}</dd>
              </dl>
            </div>`,
        )}
        ${differences.length > MAX_DIFFERENCES ? html`<div class="quiet">and ${count(differences.length - MAX_DIFFERENCES)} more differences</div>` : nothing}
      </li>`,
    )}
  </ul>`
}

/** The most recent first. */
function eventList(events: readonly ServerEvent[], nowMs: number): TemplateResult {
  if (events.length === 0) return emptyState('Nothing has happened since the start.')
  const now = new Date(nowMs)
  return html`<ol class="lines events-list">
    ${repeat(
      events.slice(-MAX_EVENTS).reverse(),
      ({ id }) => id,
      ({ time: iso, kind, subject, text }) => {
        const date = new Date(iso)
        const isNew = nowMs - date.getTime() < NEW_MS
        return html`<li class=${isNew ? 'new' : ''}>
          <time class="quiet" datetime=${iso} title=${iso}>${clockTime(date, now)}</time>
          <div class="event-text"><code>${kind}</code> ${name(subject)} <span class="quiet">${sentence(text)}</span></div>
        </li>`
      },
    )}
  </ol>`
}

function millis(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`
}
