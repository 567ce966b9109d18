import { html, nothing, type TemplateResult } from 'lit-html'
import {
  announce,
  badge,
  choice,
  heading,
  name,
  searchField,
  seen,
  sentence,
  table,
  time,
} from '../components.ts'
import { MAX_EVENTS, type ServerEvent } from '../event-log.ts'
import { clockTime, count, counted } from '../format.ts'
import { href, replaceQuery } from '../router.ts'
import type { Seen, Store } from '../store.ts'
import type { Page, View } from '../views.ts'

export const eventsView: View = { title: 'Events', render }

/** Rows that are drawn, and that one more press of the button adds. */
const STEP = 200

let drawn = STEP
/** What the reader paused at; it stays on the way to another view and back. */
let paused: { readonly atMs: number; readonly events: readonly ServerEvent[] } | undefined

function render(page: Page): TemplateResult {
  const { store, route } = page
  const kind = route.query.get('kind') ?? undefined
  return html`<section>
    ${heading('Most recent first', '/api/v1/events', { query: { kind } })}
    ${seen(watchEvents(store), (events) => content(paused?.events ?? events, page))}
  </section>`
}

/**
 * The last events of the server, the oldest first: what the stream has brought, after one read of those before.
 * @param limit - Of that read; what the log has beyond stays.
 */
export function watchEvents(store: Store, limit = MAX_EVENTS): Seen<readonly ServerEvent[]> {
  const read = store.watch('/api/v1/events', {
    query: { limit: `${limit}` },
    isStreamed: true,
    concerns: () => false,
  })
  if (read.value !== undefined) store.log.merge(read.value.events)
  return { ...read, value: read.value && store.log.events }
}

function content(events: readonly ServerEvent[], page: Page): TemplateResult {
  const { route, nowMs, changed } = page
  const wanted = (key: string) => route.query.get(key) ?? ''
  const [kind, cluster, broker, topic] = [
    wanted('kind'),
    wanted('cluster'),
    wanted('broker'),
    wanted('topic'),
  ]
  const filter = (label: string, key: string, valueIn: (event: ServerEvent) => string | null) =>
    choice(label, wanted(key), distinct(events.map(valueIn)), (value) => replaceQuery(key, value, changed))
  const text = topic.toLowerCase()
  const matching = events.filter(
    (event) =>
      (kind || event.kind) === event.kind &&
      (cluster || event.cluster) === event.cluster &&
      (broker || event.brokerName) === event.brokerName &&
      (text === '' || isAbout(event, text)),
  )
  const rows = matching.slice(-drawn).reverse()
  const isFiltered = kind + cluster + broker + topic !== ''
  return html`<div class="filters">
      ${filter('Kind', 'kind', ({ kind: each }) => each)}
      ${filter('Cluster', 'cluster', ({ cluster: each }) => each)}
      ${filter('Broker', 'broker', ({ brokerName }) => brokerName)}
      ${searchField('Topic or text', topic, (value) => replaceQuery('topic', value, changed))}
      ${pauseButton(page)}
    </div>
    ${pausedNotice(nowMs)}
    <p class="found quiet" role="status">
      ${isFiltered ? `${count(matching.length)} of ${counted(events.length, 'event')}` : counted(events.length, 'event')}
    </p>
    ${table({
      label: 'Events',
      rows,
      key: ({ id }) => id,
      columns: [
        { head: 'Time', cell: (event) => time(event.time, nowMs) },
        { head: 'Kind', cell: (event) => html`<code>${event.kind}</code>` },
        { head: 'Subject', cell: (event) => html`<div class="subject">${subject(event)}</div>` },
        { head: 'What happened', cell: (event) => sentence(event.text), isText: true },
      ],
      empty: isFiltered
        ? html`No event matches. <a href=${href(['events'])}>Show all.</a>`
        : 'Nothing has happened since the start.',
    })}
    ${
      matching.length > rows.length
        ? html`<p class="more">
          ${counted(matching.length - rows.length, 'older event')} not shown.
          <button type="button" @click=${() => showMore(changed)}>Show ${count(Math.min(STEP, matching.length - rows.length))} more</button>
        </p>`
        : nothing
    }`
}

/** Only requests of operators name their topic; the others have it in their text. */
function isAbout({ topic, subject: about, text: what }: ServerEvent, text: string): boolean {
  return [topic ?? '', about, what].some((each) => each.toLowerCase().includes(text))
}

function distinct(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null && value !== ''))].sort() as string[]
}

function subject({ brokerName, topic, subject: about }: ServerEvent): TemplateResult {
  if (about === '') return html`<span class="quiet">this server</span>`
  if (brokerName !== null) return html`<a href=${href(['brokers', brokerName])}>${name(about)}</a>`
  return topic === null ? name(about) : html`<a href=${href(['topics', topic])}>${name(about)}</a>`
}

function pauseButton({ nowMs, store, changed }: Page): TemplateResult {
  const onClick = () => {
    paused = paused === undefined ? { atMs: nowMs, events: store.log.events } : undefined
    announce(paused === undefined ? 'Events resumed' : 'Events are paused')
    changed()
  }
  const known = new Set(paused?.events.map(({ id }) => id))
  const added = paused === undefined ? 0 : store.log.events.filter(({ id }) => !known.has(id)).length
  const label = paused === undefined ? 'Pause' : `Resume${added === 0 ? '' : `, ${count(added)} new`}`
  return html`<button type="button" @click=${onClick}>${label}</button>`
}

function pausedNotice(nowMs: number): TemplateResult | typeof nothing {
  if (paused === undefined) return nothing
  return html`<p>${badge('warning', 'Paused')} This is the list as of ${clockTime(new Date(paused.atMs), new Date(nowMs))}.</p>`
}

function showMore(changed: () => void): void {
  drawn += STEP
  changed()
}
