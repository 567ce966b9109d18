import { html, nothing, type TemplateResult } from 'lit-html'
import type { Views } from '../../inspect/api-types.ts'
import { accessBadge } from '../access-badge.ts'
import { type Content, emptyState, heading, name, searchField, seen } from '../components.ts'
import { count, counted } from '../format.ts'
import { href, replaceQuery } from '../router.ts'
import { type RowColumn, Rows } from '../rows.ts'
import type { Store } from '../store.ts'
import { searchNames, type TopicNames, watchTopicNames } from '../topic-names.ts'
import type { Page, View } from '../views.ts'

type Topic = Views['/api/v1/topics/{topic}']

export const topicsView: View = { title: 'Topics', render }

/** Details of one topic, which are read for the rows in sight only. */
const DETAILS_EVERY_MS = 30_000

const rows = new Rows('Topics', [
  {
    head: 'Topic',
    kind: 'topic',
    cell: (topic, { tabIndex }) =>
      html`<a href=${href(['topics', topic])} tabindex=${tabIndex}>${name(topic)}</a>`,
  },
  {
    head: 'Access',
    kind: 'access',
    cell: detail(({ brokers }) => accessBadge(brokers.map(({ access }) => access))),
  },
  {
    head: 'Write queues',
    kind: 'number write',
    cell: detail(({ brokers }) => count(sum(brokers, 'writeQueues'))),
  },
  {
    head: 'Read queues',
    kind: 'number read',
    cell: detail(({ brokers }) => count(sum(brokers, 'readQueues'))),
  },
  { head: 'Broker groups', kind: 'number wide', cell: detail(({ brokers }) => count(brokers.length)) },
  { head: 'Cluster', kind: 'cluster wide', cell: detail(clusterText) },
])

/** What the cells are rendered from, since the last rendering. */
let store: Store | undefined
let found:
  | { readonly all: TopicNames; readonly search: string; readonly names: readonly string[] }
  | undefined
let shownSearch = ''

function render({ store: current, route, changed }: Page): TemplateResult {
  store = current
  const search = route.query.get('search') ?? ''
  if (search !== shownSearch) rows.toTop()
  shownSearch = search
  const onSearch = (value: string) => replaceQuery('search', value, changed)
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown') return
    event.preventDefault()
    rows.focus(0)
  }
  return html`<section>
    ${heading('All topics', '/api/v1/topics')}
    <div class="filters" @keydown=${onKey}>${searchField('Search names', search, onSearch)}</div>
    ${seen(watchTopicNames(current), (all) => {
      if (found?.all !== all || found.search !== search)
        found = { all, search, names: searchNames(all, search) }
      return html`<p class="found quiet" role="status">${foundText(all, found.names.length, search)}</p>
        ${found.names.length === 0 ? emptyList(all, search) : rows.render(found.names, changed)}`
    })}
  </section>`
}

function foundText({ total, names }: TopicNames, matching: number, search: string): string {
  const searched = names.length < total ? `, ${count(names.length)} read so far` : ''
  if (search.trim() === '') return `${counted(total, 'topic')}${searched}`
  return `${count(matching)} of ${counted(total, 'topic')} found${searched}`
}

function emptyList({ total }: TopicNames, search: string): TemplateResult {
  if (total === 0)
    return emptyState(
      'No topics: no broker has registered any. A topic is here once a broker that has it registers.',
    )
  return emptyState(
    html`No topic has this in its name. <a href=${href(['topics', search.trim()])}>Why clients do not find it</a>`,
  )
}

/** A cell that needs the details of its topic. */
function detail(show: (topic: Topic) => Content): RowColumn['cell'] {
  return (topic, { isResting }) => {
    const value = isResting
      ? store?.watch('/api/v1/topics/{topic}', {
          path: { topic },
          everyMillis: DETAILS_EVERY_MS,
          concerns: ({ kind }) => kind.startsWith('permission_'),
          basis: found?.all,
        }).value
      : undefined
    return value === undefined ? nothing : show(value)
  }
}

function sum(brokers: Topic['brokers'], key: 'readQueues' | 'writeQueues'): number {
  return brokers.reduce((total, broker) => total + broker[key], 0)
}

function clusterText({ brokers }: Topic): Content {
  const [first, ...others] = new Set(brokers.flatMap(({ cluster }) => cluster ?? []))
  if (first === undefined) return '–'
  return others.length === 0 ? name(first) : counted(others.length + 1, 'cluster')
}
