import { html, nothing, type TemplateResult } from 'lit-html'
import { visible } from '../../common/visible.ts'
import type { Views } from '../../inspect/api-types.ts'
import { badge, choice, command, emptyState, heading, name, searchField, seen, table } from '../components.ts'
import { filtersOf } from '../filters.ts'
import { count, counted } from '../format.ts'
import { observedIn } from '../observed.ts'
import { watchPages } from '../pages.ts'
import { href } from '../router.ts'
import type { WatchOptions } from '../store.ts'
import type { Page, View } from '../views.ts'

type Entry = Views['/api/v1/kv']['entries'][number]

export const kvView: View = { title: 'KV', render }

const ORDER_NAMESPACE = 'ORDER_TOPIC_CONFIG'
const OPTIONS: WatchOptions = {
  query: { limit: '10000' },
  everyMillis: 30_000,
  concerns: ({ kind }) => kind === 'kv_changed',
}
const MAX_PAGES = 10
/** Rows that are drawn; the search finds the others. */
const MAX_ROWS = 500
/** Brokers of an order configuration that are drawn. */
const MAX_PARTS = 50
const SHORT = 160
const MAX_SHOWN_VALUE = 16_384

function render(page: Page): TemplateResult {
  const { store } = page
  const { values, choose } = filtersOf(page, 'namespace', 'text')
  const { namespace, text } = values
  const { pages, last } = watchPages(store, '/api/v1/kv', OPTIONS, MAX_PAGES)
  const [first] = pages
  const isObserved = observedIn(first) !== undefined
  const all = pages.flatMap(({ entries }) => entries)
  const matching = found(all, namespace, text)
  return html`<section>
      ${heading(isObserved ? `Namespace ${ORDER_NAMESPACE}` : 'All namespaces', '/api/v1/kv')}
      ${seen({ ...last, value: first, error: first === undefined ? last.error : undefined }, ({ total }) =>
        total === 0 && isObserved
          ? emptyState('It is empty. A NameServer does not tell its other namespaces.')
          : total === 0
            ? emptyState(html`The key-value table is empty. Tools keep what they like in it, and clients get the order of a topic's queues from it.
            ${command('mqnamesrv kv set NAMESPACE KEY VALUE')}`)
            : html`<div class="filters">
                ${choice('Namespace', namespace, namespacesOf(all), choose('namespace'))}
                ${searchField('Key or value', text, choose('text'))}
              </div>
              <p class="found quiet" role="status">${foundText(matching.length, all.length, total)}</p>`,
      )}
    </section>
    ${first === undefined || first.total === 0 ? nothing : tables(matching, namespace, text, first.total)}`
}

function found(all: readonly Entry[], namespace: string, text: string): readonly Entry[] {
  const wanted = text.toLowerCase()
  return all.filter(
    (entry) =>
      (namespace || entry.namespace) === entry.namespace &&
      (wanted === '' || `${entry.key}\n${entry.value}`.toLowerCase().includes(wanted)),
  )
}

function foundText(matching: number, read: number, total: number): string {
  const searched = read < total ? `, the first ${count(read)} of which are searched` : ''
  return `${matching === total ? entriesOf(total) : `${count(matching)} of ${entriesOf(total)}`}${searched}`
}

function tables(matching: readonly Entry[], namespace: string, text: string, total: number): TemplateResult {
  const order = matching.filter((entry) => entry.namespace === ORDER_NAMESPACE)
  const others = matching.filter((entry) => entry.namespace !== ORDER_NAMESPACE)
  return html`${namespace === '' || namespace === ORDER_NAMESPACE ? orderSection(order, text) : nothing}
    ${namespace === ORDER_NAMESPACE ? nothing : otherSection(others, namespace, total - order.length)}`
}

function namespacesOf(entries: readonly Entry[]): string[] {
  return [...new Set(entries.map(({ namespace }) => namespace))]
}

function orderSection(entries: readonly Entry[], text: string): TemplateResult {
  return html`<section>
    ${heading('Order configuration', '/api/v1/kv', { query: { namespace: ORDER_NAMESPACE } })}
    ${table({
      label: 'Order configuration',
      rows: entries.slice(0, MAX_ROWS),
      key: ({ key }) => key,
      columns: [
        { head: 'Topic', cell: ({ key }) => html`<a href=${href(['topics', key])}>${name(key)}</a>` },
        { head: 'Queues by broker', cell: ({ value }) => queues(value), isText: true },
        {
          head: 'Queues',
          cell: ({ value }) => count(sum(partsOf(value).map((part) => part.queues ?? 0))),
          isNumber: true,
        },
      ],
      empty:
        text === ''
          ? html`No topic has an order configuration: the queues of each follow the brokers that are registered.
            ${command(`mqnamesrv kv set ${ORDER_NAMESPACE} TOPIC 'broker-a:4;broker-b:4'`)}`
          : 'No order configuration matches.',
    })}
    ${cutNote(entries)}
  </section>`
}

interface Part {
  readonly text: string
  readonly broker?: string
  /** Undefined if the text is not `broker:queues`. */
  readonly queues?: number
}

/** `broker-a:4;broker-b:4`, as clients read it. */
function partsOf(value: string | null): Part[] {
  return (value ?? '')
    .split(';')
    .filter((text) => text.trim() !== '')
    .map((text) => {
      // One expression for both would take minutes for a value of many spaces.
      const at = text.indexOf(':')
      const [broker, queuesText] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()]
      return broker !== '' && /^\d{1,9}$/.test(queuesText)
        ? { text, broker, queues: Number(queuesText) }
        : { text }
    })
}

function queues(value: string | null): TemplateResult {
  const parts = partsOf(value)
  if (parts.length === 0) return badge('warning', 'empty: clients find no queues')
  const more = parts.length - MAX_PARTS
  return html`<ul class="order">
    ${parts
      .slice(0, MAX_PARTS)
      .map(({ text, broker, queues: number }) =>
        broker === undefined
          ? html`<li>${badge('warning', 'not broker:queues')} ${name(text)}</li>`
          : html`<li><a href=${href(['brokers', broker])}>${name(broker)}</a> <span class="quiet">${counted(number ?? 0, 'queue')}</span></li>`,
      )}
    ${more > 0 ? html`<li class="quiet">and ${count(more)} more</li>` : nothing}
  </ul>`
}

function otherSection(entries: readonly Entry[], namespace: string, totalOfOthers: number): TemplateResult {
  return html`<section>
    ${heading(namespace === '' ? 'Other namespaces' : html`Namespace ${name(namespace)}`, '/api/v1/kv', { query: { namespace } })}
    ${table({
      label: 'Entries of other namespaces',
      rows: entries.slice(0, MAX_ROWS),
      key: ({ namespace, key }) => JSON.stringify([namespace, key]),
      columns: [
        {
          head: 'Namespace',
          cell: (entry) =>
            html`<a href=${href(['kv'], { namespace: entry.namespace })}>${name(entry.namespace)}</a>`,
        },
        { head: 'Key', cell: ({ key }) => name(key) },
        { head: 'Value', cell: ({ value }) => shownValue(value), isText: true },
      ],
      empty:
        totalOfOthers === 0
          ? html`No other namespace has entries. ${command('mqnamesrv kv set NAMESPACE KEY VALUE')}`
          : 'No entry matches.',
    })}
    ${cutNote(entries)}
  </section>`
}

function shownValue(value: string | null): TemplateResult {
  if (value === null) return html`<span class="quiet">null: reads back as absent</span>`
  if (value === '') return html`<span class="quiet">empty</span>`
  if (visible(value).length <= SHORT) return name(value)
  return html`<details>
    <summary>${name(value.slice(0, SHORT / 2))}… <span class="quiet">(${counted(value.length, 'character')})</span></summary>
    <bdi class="value">${visible(value.slice(0, MAX_SHOWN_VALUE))}${value.length > MAX_SHOWN_VALUE ? '…' : ''}</bdi>
  </details>`
}

function cutNote(entries: readonly Entry[]): TemplateResult | typeof nothing {
  if (entries.length <= MAX_ROWS) return nothing
  return html`<p class="more">${entriesOf(entries.length - MAX_ROWS)} not shown: search for a key or a value.</p>`
}

function entriesOf(number: number): string {
  return counted(number, 'entry', 'entries')
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
