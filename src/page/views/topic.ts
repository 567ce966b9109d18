import { html, nothing, type TemplateResult } from 'lit-html'
import { visible } from '../../common/visible.ts'
import type { Views } from '../api-types.ts'
import { badge, command, heading, jsonLink, name, type Severity, seen, time } from '../components.ts'
import { customProperties } from '../custom-properties.ts'
import { count, counted, duration } from '../format.ts'
import { href, replaceQuery } from '../router.ts'
import type { WatchOptions } from '../store.ts'
import type { Page, View } from '../views.ts'

type Topic = Views['/api/v1/topics/{topic}']
type Queues = Topic['brokers'][number]
type Member = Queues['members'][number]
type Explanation = Views['/api/v1/explain']
type Lookup = Views['/api/v1/topics/{topic}/route']

/** One topic. */
export function topicView(topic: string): View {
  return { title: `Topic ${topic}`, render: (page) => render(topic, page) }
}

function render(topic: string, page: Page): TemplateResult {
  const { store, route, nowMs } = page
  const client = { version: route.query.get('version') ?? '', zone: route.query.get('zone') ?? '' }
  const explainOptions = { query: { topic, ...client } }
  const explained = store.watch('/api/v1/explain', explainOptions)
  const isKnown = (explained.value?.now.brokers?.length ?? 0) > 0
  const path = { topic }
  return html`
    <section>
      ${heading(isKnown ? 'What clients find' : 'Why clients do not find it', '/api/v1/explain', explainOptions)}
      ${seen(explained, (explanation) => story(explanation, nowMs))}
    </section>
    ${
      isKnown
        ? html`${routeOf(topic, client, page)}
          <section>
            ${heading('Commands')}
            <p class="quiet">This page changes nothing. Run them where the NameServers are named by NAMESRV_ADDR.</p>
            ${seen(store.watch('/api/v1/topics/{topic}', { path }), commandList)}
          </section>`
        : nothing
    }
    ${explained.value === undefined ? nothing : past(explained.value, nowMs)}
  `
}

/** Verdicts that need no one, or someone at once; the others are warnings. */
const SEVERITIES: Readonly<Partial<Record<Explanation['verdict'], Severity>>> = {
  routable: 'good',
  not_writable: 'critical',
  not_readable: 'critical',
  no_master: 'critical',
  no_brokers: 'critical',
  hidden_by_zone: 'info',
  in_product_environment: 'info',
  not_ready: 'info',
  created_by_first_message: 'info',
  created_by_brokers: 'info',
}

function story(
  { verdict, sentences, commands, similar, misses }: Explanation,
  nowMs: number,
): TemplateResult {
  const [first = '', ...others] = sentences
  return html`<div class="story">
    <p class="lead">${badge(SEVERITIES[verdict] ?? 'warning', verdict.replaceAll('_', ' '))} ${visible(first)}</p>
    ${others.map((sentence) => html`<p>${visible(sentence)}</p>`)}
    ${
      similar.length === 0
        ? nothing
        : html`<p>Perhaps one of these is meant:</p>
          <ul class="similar">
            ${similar.map(
              (each) => html`<li>
                <a href=${href(['topics', each.name])}>${name(each.name)}</a>
                <span class="quiet">differs in ${each.likeness}</span>
              </li>`,
            )}
          </ul>`
    }
    ${misses === null ? nothing : missing(misses, nowMs)}
    ${commands.map((text) => command(text))}
  </div>`
}

function missing(
  { count: lookups, clients, lastSeen }: NonNullable<Explanation['misses']>,
  nowMs: number,
): TemplateResult {
  return html`<p>
      ${counted(lookups, 'lookup')} found no route, the last at ${time(lastSeen, nowMs)}. Clients that ask:
    </p>
    <ul class="similar">
      ${clients.map(
        ({ address, language, versionName }) =>
          html`<li>${name(address)} <span class="quiet">${name(language)} ${versionName}</span></li>`,
      )}
    </ul>`
}

interface Client {
  readonly version: string
  readonly zone: string
}

function routeOf(topic: string, client: Client, { store, route, nowMs, changed }: Page): TemplateResult {
  const path = { topic }
  const lookupOptions: WatchOptions = { path, query: { ...client } }
  const lookup = store.watch('/api/v1/topics/{topic}/route', lookupOptions)
  const queues = store.watch('/api/v1/topics/{topic}', { path })
  return html`<section aria-labelledby="route">
    <div class="heading">
      <h2 id="route">Route</h2>
      ${jsonLink('/api/v1/topics/{topic}', { path })}
    </div>
    ${clientForm(client, queues.value?.brokers ?? [], changed)}
    ${lookup.value === undefined && lookup.error === undefined ? nothing : seen(lookup, (value) => lookupResult(value, lookupOptions))}
    ${seen(queues, (value) => picture(value, seenBy(lookup.value), route.query.get('groups') === 'all', nowMs, client))}
  </section>`
}

/** A release, or the number in requests. */
const VERSION = String.raw`\d+(\.\d+\.\d+)?`

function clientForm(
  { version, zone }: Client,
  brokers: readonly Queues[],
  changed: () => void,
): TemplateResult {
  const zones = [...new Set(brokers.flatMap(({ zone }) => zone ?? []))].slice(0, 50)
  const onInput = (key: string) => (event: Event) => {
    const input = event.target as HTMLInputElement
    if (input.checkValidity()) replaceQuery(key, input.value.trim(), changed)
  }
  return html`<form class="asking-client" aria-label="The client that asks" @submit=${(event: Event) => event.preventDefault()}>
    <label>Client version
      <input name="version" autocomplete="off" pattern=${VERSION} placeholder="5.5.0" .value=${version} @change=${onInput('version')} />
    </label>
    <label>Zone
      <input name="zone" autocomplete="off" list="zones" placeholder="none" .value=${zone} @change=${onInput('zone')} />
    </label>
    <datalist id="zones">${zones.map((each) => html`<option value=${each}></option>`)}</datalist>
    <button type="submit">Show its route</button>
  </form>`
}

/** What of a route the client gets: the addresses of each broker name, with their ids. Undefined if it gets none. */
type SeenRoute = ReadonlyMap<string, ReadonlyMap<string, string>>

function seenBy(lookup: Lookup | undefined): SeenRoute | undefined {
  if (lookup === undefined) return undefined
  const groups = (lookup.route?.['brokerDatas'] ?? []) as readonly {
    readonly brokerName: string
    readonly brokerAddrs: Readonly<Record<string, string>>
  }[]
  return new Map(
    groups.map(({ brokerName, brokerAddrs }) => [
      brokerName,
      new Map(Object.entries(brokerAddrs).map(([id, address]) => [address, id])),
    ]),
  )
}

const MAX_BODY_LENGTH = 20_000

function lookupResult({ code, remark, body }: Lookup, options: WatchOptions): TemplateResult {
  const isFound = code === 0
  return html`<div class="lookup">
    <p>
      ${badge(isFound ? 'good' : 'warning', isFound ? 'Success' : `Code ${code}`)}
      ${remark === null || remark === '' ? nothing : visible(remark)}
      ${jsonLink('/api/v1/topics/{topic}/route', options)}
    </p>
    ${
      body === null
        ? nothing
        : html`<details>
            <summary>Response body, ${counted(body.length, 'character')}</summary>
            <pre tabindex="0" role="region" aria-label="Response body">${visible(body.slice(0, MAX_BODY_LENGTH))}${body.length > MAX_BODY_LENGTH ? '…' : ''}</pre>
          </details>`
    }
  </div>`
}

/** Groups that are drawn at first. */
const MAX_GROUPS = 50

function picture(
  { topic, brokers, orderConf }: Topic,
  route: SeenRoute | undefined,
  isAll: boolean,
  nowMs: number,
  client: Client,
): TemplateResult {
  const shown = isAll ? brokers : brokers.slice(0, MAX_GROUPS)
  const hidden = brokers.length - shown.length
  const queues = (key: 'readQueues' | 'writeQueues') => brokers.reduce((sum, each) => sum + each[key], 0)
  return html`<div class="route" role="group" aria-label="Route">
    <div class="card root">
      <strong>${name(topic)}</strong>
      <span class="quiet">
        ${counted(queues('writeQueues'), 'write queue')}, ${counted(queues('readQueues'), 'read queue')} on
        ${counted(brokers.length, 'broker group')}
      </span>
      ${orderConf === null ? nothing : html`<span class="quiet">Order: ${name(orderConf)}</span>`}
    </div>
    <ol class="branches">
      ${shown.map((each) => group(each, route, nowMs))}
      ${
        hidden === 0
          ? nothing
          : html`<li>
              <div class="card"><a href=${href(['topics', topic], { ...client, groups: 'all' })}>And ${counted(hidden, 'more group')}</a></div>
            </li>`
      }
    </ol>
  </div>`
}

function group(queues: Queues, route: SeenRoute | undefined, nowMs: number): TemplateResult {
  const { brokerName, cluster, zone, provisional, registered, staticQueues, members } = queues
  const addresses = route?.get(brokerName)
  const isHidden = route !== undefined && addresses === undefined
  return html`<li class=${isHidden ? 'hidden-group' : ''}>
    <div class="card">
      <p class="names">
        <a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>
        ${cluster === null ? nothing : html`<span class="quiet">${name(cluster)}</span>`}
        ${zone === null || zone === '' ? nothing : html`<span class="quiet">zone ${name(zone)}</span>`}
      </p>
      <p class="marks">
        ${accessBadge(queues)} ${provisional ? badge('info', 'Restored, not registered again') : nothing}
        ${isHidden ? badge('neutral', 'This client does not see it') : nothing}
      </p>
      <dl class="queues">
        ${queueBar('Write', queues.writeQueues, queues.access.includes('w'))}
        ${queueBar('Read', queues.readQueues, queues.access.includes('r'))}
      </dl>
      ${
        registered === null
          ? nothing
          : html`<p class="quiet">
              A request changed it: the broker registered ${PERMISSIONS[registered.access].toLowerCase()},
              ${counted(registered.writeQueues, 'write queue')}, ${counted(registered.readQueues, 'read queue')}.
            </p>`
      }
      ${
        staticQueues === null
          ? nothing
          : html`<p class="quiet">Static: ${count(staticQueues.queues)} of ${counted(staticQueues.totalQueues, 'logical queue')}, epoch ${staticQueues.epoch}.</p>`
      }
    </div>
    <ol class="branches">${members.map((each) => member(each, addresses, nowMs))}</ol>
  </li>`
}

const PERMISSIONS: Readonly<Record<Queues['access'], string>> = {
  rw: 'Read, write',
  r: 'Read only',
  w: 'Write only',
  '': 'No access',
}

function accessBadge({ access }: Queues): TemplateResult {
  return badge(access === 'rw' ? 'good' : access === '' ? 'critical' : 'warning', PERMISSIONS[access])
}

/** Queues that are drawn one by one. */
const MAX_BLOCKS = 16

function queueBar(label: string, queues: number, isPermitted: boolean): TemplateResult {
  return html`<div>
    <dt>${label}</dt>
    <dd>
      <span class="blocks ${isPermitted ? 'open' : 'closed'}" aria-hidden="true" ${customProperties({ '--queues': Math.min(queues, MAX_BLOCKS) })}></span>
      ${count(queues)}${isPermitted ? '' : html` <span class="quiet">closed</span>`}
    </dd>
  </div>`
}

const STATES: Readonly<Record<Member['state'], Severity>> = {
  alive: 'good',
  late: 'warning',
  suspected: 'critical',
  provisional: 'info',
  unknown: 'neutral',
}

function member(
  { brokerId, address, state, heartbeatAgeMs, lastRegistration, peer, versionName }: Member,
  addresses: ReadonlyMap<string, string> | undefined,
  nowMs: number,
): TemplateResult {
  const isMaster = `${brokerId}` === '0'
  const seenId = addresses?.get(address)
  return html`<li>
    <div class="card">
      <p class="names">
        <strong>${isMaster ? 'Master' : `Slave ${brokerId}`}</strong> ${name(address)} ${badge(STATES[state], state)}
        ${seenId === '0' && !isMaster ? badge('info', 'This client sees it as master') : nothing}
      </p>
      <p class="quiet">
        ${
          lastRegistration === null
            ? 'It has not registered since the start of this server.'
            : html`Registered ${time(lastRegistration, nowMs)}${peer === null ? nothing : html`, from ${name(peer)}`}`
        }${versionName === null ? nothing : `, ${versionName}`}${heartbeatAgeMs === null ? nothing : `; heartbeat ${duration(heartbeatAgeMs)} ago`}
      </p>
    </div>
  </li>`
}

function commandList({ commands }: Topic): TemplateResult {
  if (commands.length === 0)
    return html`<p class="empty">None: this name has characters that a terminal would hide or obey.</p>`
  return html`<dl class="topic-commands">
    ${commands.map(({ purpose, command: text }) => html`<div><dt>${visible(purpose)}</dt><dd>${command(text)}</dd></div>`)}
  </dl>`
}

/** The newest first. */
function past({ history }: Explanation, nowMs: number): TemplateResult {
  return html`<section>
    ${heading('What happened')}
    ${
      history.length === 0
        ? html`<p class="empty">Nothing is known of its past.</p>`
        : html`<ol class="past">
            ${[...history].reverse().map(({ time: at, text }) => html`<li><span>${time(at, nowMs)}</span> <span>${visible(text)}</span></li>`)}
          </ol>`
    }
  </section>`
}
