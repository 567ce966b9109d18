import { html, nothing, type TemplateResult } from 'lit-html'
import { release } from '../../common/release.ts'
import { visible } from '../../common/visible.ts'
import type { Views } from '../../inspect/api-types.ts'
import { ACCESS_WORDS, accessBadge } from '../access-badge.ts'
import { badge, commandList, heading, jsonLink, name, seen, seenList, time } from '../components.ts'
import { customProperties } from '../custom-properties.ts'
import { isOfRoutes } from '../event-log.ts'
import { past, story } from '../explanation.ts'
import { count, counted } from '../format.ts'
import { heartbeat, MEMBER_SEVERITY } from '../member.ts'
import { href, replaceQuery } from '../router.ts'
import type { WatchOptions } from '../store.ts'
import type { Page, View } from '../views.ts'

type Topic = Views['/api/v1/topics/{topic}']
type Queues = Topic['brokers'][number]
type Member = Queues['members'][number]
type Lookup = Views['/api/v1/topics/{topic}/route']

/** One topic. */
export function topicView(topic: string): View {
  return { title: `Topic ${topic}`, render: (page) => render(topic, page) }
}

function render(topic: string, page: Page): TemplateResult {
  const { store, route, nowMs } = page
  const client = { version: route.query.get('version') ?? '', zone: route.query.get('zone') ?? '' }
  const explainOptions = { query: { topic, ...client }, concerns: isOfRoutes }
  const explained = store.watch('/api/v1/explain', explainOptions)
  // What brokers have registered does not depend on the client, and there may be no such client.
  const { value: known } = store.watch('/api/v1/explain', { query: { topic }, concerns: isOfRoutes })
  const isUnknown = known?.now.brokers?.length === 0
  const topicOptions: WatchOptions = { path: { topic }, basis: known, concerns: () => false }
  return html`
    <section>
      ${heading(isUnknown ? 'Why clients do not find it' : 'What clients find', '/api/v1/explain', explainOptions)}
      ${seenList(`story of ${topic}`, explained, story)}
    </section>
    ${
      known === undefined || isUnknown
        ? nothing
        : html`${routeOf(topic, client, topicOptions, page)}
          <section>
            ${heading('Commands')}
            ${seen(store.watch('/api/v1/topics/{topic}', topicOptions), ({ commands }) => commandList(commands))}
          </section>`
    }
    ${known === undefined ? nothing : html`<section>${heading('What happened')} ${past(known, nowMs)}</section>`}
  `
}

interface Client {
  readonly version: string
  readonly zone: string
}

function routeOf(
  topic: string,
  client: Client,
  topicOptions: WatchOptions,
  { store, route, nowMs, changed }: Page,
): TemplateResult {
  const path = { topic }
  const lookupOptions: WatchOptions = { path, query: { ...client }, concerns: isOfRoutes }
  const lookup = store.watch('/api/v1/topics/{topic}/route', lookupOptions)
  const queues = store.watch('/api/v1/topics/{topic}', topicOptions)
  const drawing = {
    client,
    nowMs,
    ageMillis: queues.ageMillis ?? 0,
    maxGroups: route.query.get('groups') === 'all' ? Number.POSITIVE_INFINITY : MAX_GROUPS,
  }
  return html`<section aria-labelledby="route">
    <div class="heading">
      <h2 id="route">Route</h2>
      ${jsonLink('/api/v1/topics/{topic}', { path })}
    </div>
    ${clientForm(client, queues.value?.brokers ?? [], changed)}
    ${seenList(
      `route of ${topic}`,
      lookup,
      (value) => html`${lookupResult(value, lookupOptions)}
        ${seen(queues, (topic) => picture(topic, { ...drawing, seen: seenBy(value) }))}`,
    )}
    ${lookup.error === undefined ? nothing : seen(queues, (value) => picture(value, { ...drawing, seen: undefined }))}
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
  return html`<form class="filters asking-client" aria-label="The client that asks" @submit=${(event: Event) => event.preventDefault()}>
    <label class="search"><span>Client version</span>
      <input name="version" autocomplete="off" pattern=${VERSION} placeholder="5.5.0" .value=${version} @change=${onInput('version')} />
    </label>
    <label class="search"><span>Zone</span>
      <input name="zone" autocomplete="off" list="zones" placeholder="none" .value=${zone} @change=${onInput('zone')} />
    </label>
    <datalist id="zones">${zones.map((each) => html`<option value=${each}></option>`)}</datalist>
    <button type="submit">Show its route</button>
  </form>`
}

/** What of a route the client gets: the addresses of each broker name, with their ids. */
type SeenRoute = ReadonlyMap<string, ReadonlyMap<string, string>>

function seenBy({ route }: Lookup): SeenRoute {
  const groups = (route?.['brokerDatas'] ?? []) as readonly {
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

/** What the picture depends on, besides the topic. */
interface Drawing {
  readonly client: Client
  /** Undefined if that is not known. */
  readonly seen: SeenRoute | undefined
  readonly nowMs: number
  /** Of the topic. */
  readonly ageMillis: number
  readonly maxGroups: number
}

function picture({ topic, brokers, orderConf }: Topic, drawing: Drawing): TemplateResult {
  const shown = brokers.slice(0, drawing.maxGroups)
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
      ${shown.map((each) => group(each, drawing))}
      ${
        hidden === 0
          ? nothing
          : html`<li>
              <div class="card"><a href=${href(['topics', topic], { ...drawing.client, groups: 'all' })}>And ${counted(hidden, 'more group')}</a></div>
            </li>`
      }
    </ol>
  </div>`
}

function group(queues: Queues, drawing: Drawing): TemplateResult {
  const { brokerName, cluster, zone, provisional, registered, staticQueues, members } = queues
  const seenIds = drawing.seen?.get(brokerName)
  const isHidden = drawing.seen !== undefined && seenIds === undefined
  return html`<li class=${isHidden ? 'hidden-group' : ''}>
    <div class="card">
      <p class="names">
        <a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>
        ${cluster === null ? nothing : html`<span class="quiet">${name(cluster)}</span>`}
        ${zone === null || zone === '' ? nothing : html`<span class="quiet">zone ${name(zone)}</span>`}
      </p>
      <p class="names">
        ${accessBadge([queues.access])} ${provisional ? badge('info', 'Restored, not registered again') : nothing}
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
              A request changed it: the broker registered ${ACCESS_WORDS[registered.access].toLowerCase()},
              ${counted(registered.writeQueues, 'write queue')}, ${counted(registered.readQueues, 'read queue')}.
            </p>`
      }
      ${
        staticQueues === null
          ? nothing
          : html`<p class="quiet">Static: ${count(staticQueues.queues)} of ${counted(staticQueues.totalQueues, 'logical queue')}, epoch ${staticQueues.epoch}.</p>`
      }
    </div>
    <ol class="branches">${members.map((each) => member(each, seenIds?.get(each.address), drawing))}</ol>
  </li>`
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

function member(broker: Member, seenId: string | undefined, { nowMs, ageMillis }: Drawing): TemplateResult {
  const { brokerId, address, state, lastRegistration, peer, versionName } = broker
  const isMaster = `${brokerId}` === '0'
  return html`<li>
    <div class="card">
      <p class="names">
        <strong>${isMaster ? 'Master' : `Slave ${brokerId}`}</strong> ${name(address)} ${badge(MEMBER_SEVERITY[state], state)}
        ${versionName === null ? nothing : html`<span class="quiet">${release(versionName)}</span>`}
        ${seenId === '0' && !isMaster ? badge('info', 'This client sees it as master') : nothing}
      </p>
      <p class="quiet">
        ${
          lastRegistration === null
            ? 'It has not registered since the start of this server.'
            : html`Registered ${time(lastRegistration, nowMs)}${peer === null ? nothing : html`, from ${name(peer)}`}`
        }
      </p>
      ${broker.heartbeatAgeMs === null ? nothing : html`<div class="names"><span class="quiet">Heartbeat</span> ${heartbeat(broker, ageMillis)}</div>`}
    </div>
  </li>`
}
