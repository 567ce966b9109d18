import { html, nothing, type TemplateResult } from 'lit-html'
import type { Views } from '../../inspect/api-types.ts'
import { accessBadge } from '../access-badge.ts'
import {
  badge,
  type Column,
  choice,
  commandList,
  heading,
  name,
  pageLink,
  type Severity,
  searchField,
  seen,
  seenList,
  table,
} from '../components.ts'
import { isOfBroker } from '../event-log.ts'
import { past, story } from '../explanation.ts'
import { count, counted } from '../format.ts'
import { href, replaceQueries, replaceQuery } from '../router.ts'
import { PAGE_ROWS } from '../sorting.ts'
import type { WatchOptions } from '../store.ts'
import type { Page, View } from '../views.ts'
import { memberColumns } from './brokers.ts'

type Broker = Views['/api/v1/brokers/{name}']
type Impact = Broker['impact']
type Topics = Views['/api/v1/brokers/{name}/topics']
type Topic = Topics['topics'][number]

/** Topics of each kind that an impact names. */
const MAX_NAMES = 50

/** One broker group. */
export function brokerView(brokerName: string): View {
  return { title: `Broker ${brokerName}`, render: (page) => render(brokerName, page) }
}

function render(brokerName: string, page: Page): TemplateResult {
  const { store, nowMs } = page
  const explainOptions = { query: { broker: brokerName }, concerns: isOfBroker }
  const explained = store.watch('/api/v1/explain', explainOptions)
  const basis = { basis: explained.value, concerns: () => false }
  const isRegistered = (explained.value?.now.members?.length ?? 0) > 0
  return html`<section>
      ${heading(isRegistered ? 'State' : 'Why it is not registered', '/api/v1/explain', explainOptions)}
      ${seen(explained, story)}
    </section>
    ${isRegistered ? html`${groupOf(brokerName, basis, page)} ${topicsOf(brokerName, basis, page)}` : nothing}
    <section>
      <div class="heading">
        <h2>What happened</h2>
        <a href=${href(['events'], { broker: brokerName })}>Events</a>
      </div>
      ${seen(explained, (value) => past(value, nowMs))}
    </section>`
}

function groupOf(
  brokerName: string,
  basis: WatchOptions,
  { store, route, nowMs, changed }: Page,
): TemplateResult {
  const address = route.query.get('stops') ?? ''
  const options = {
    path: { name: brokerName },
    query: { address, limit: `${MAX_NAMES}` },
    ...basis,
  }
  const group = store.watch('/api/v1/brokers/{name}', options)
  const addresses = (group.value?.members ?? []).map((member) => member.address)
  return html`<section>
      ${heading('Members', '/api/v1/brokers/{name}', options)}
      ${seenList(`members of ${brokerName}`, group, (value) => membersOf(value, group.ageMillis ?? 0, nowMs))}
    </section>
    <section>
      ${heading('If it stops', '/api/v1/brokers/{name}', options)}
      <div class="filters">
        ${choice('What stops', address, addresses, (value) => replaceQuery('stops', value, changed), 'the whole group')}
      </div>
      ${seenList(`impact of ${brokerName}`, group, ({ impact }) => impactOf(impact))}
    </section>
    <section>${heading('Commands')} ${seenList(`commands of ${brokerName}`, group, ({ commands }) => commandList(commands))}</section>`
}

function membersOf(group: Broker, ageMillis: number, nowMs: number): TemplateResult {
  const { members, zone, enableActingMaster, clusters } = group
  const facts = [
    html`Cluster ${clusters.map((cluster, at) => html`${at === 0 ? '' : ', '}${name(cluster)}`)}`,
    ...(zone === null || zone === '' ? [] : [html`zone ${name(zone)}`]),
    ...(enableActingMaster ? [html`a slave acts as master without one`] : []),
  ]
  return html`<p class="quiet facts">${facts.map((fact, at) => html`${at === 0 ? '' : '; '}${fact}`)}</p>
    ${table({
      label: 'Members',
      rows: members.map((member) => ({ ...group, ...member })),
      key: ({ brokerId }) => `${brokerId}`,
      columns: [
        ...memberColumns(ageMillis, nowMs),
        {
          head: 'Registers from',
          cell: ({ peer }) =>
            peer === null ? '–' : html`<a href=${href(['clients'], { address: peer })}>${name(peer)}</a>`,
        },
      ],
      empty: 'It has no members.',
    })}`
}

/** What the loss of topics means, the worst first. */
const LOSSES = [
  ['lastWritable', 'critical', 'that no other broker lets producers send to'],
  ['lastReadable', 'critical', 'that no other broker lets consumers read'],
  ['orderedTopics', 'info', 'whose order configuration names the group'],
  ['staticTopics', 'info', 'that are static, with logical queues on the group'],
  ['provisionalElsewhere', 'warning', 'that are elsewhere, but on brokers that have not registered again'],
] as const satisfies readonly (readonly [keyof Impact, Severity, string])[]

function impactOf(impact: Impact): TemplateResult {
  const losses = LOSSES.filter(([kind]) => impact[kind].total > 0)
  return html`<ul class="losses">
    ${impact.losesMaster ? html`<li>${badge('warning', 'Master')} The group loses its master: producers cannot send to it.</li>` : nothing}
    ${
      impact.lastWritable.total + impact.lastReadable.total === 0
        ? html`<li>${badge('good', 'No topic is lost')} None loses its last broker to send to or to read from.</li>`
        : nothing
    }
    ${losses.map(([kind, severity, meaning]) => lossOf(impact[kind], severity, meaning))}
  </ul>`
}

function lossOf(
  { total, names }: Impact['lastWritable'],
  severity: Severity,
  meaning: string,
): TemplateResult {
  const more = total - names.length
  return html`<li>
    <details>
      <summary>${badge(severity, counted(total, 'topic'))} ${meaning}</summary>
      <p class="names">
        ${names.map((topic) => html`<a href=${href(['topics', topic])}>${name(topic)}</a> `)}
        ${more > 0 ? html`<span class="quiet">and ${count(more)} more</span>` : nothing}
      </p>
    </details>
  </li>`
}

const TOPIC_COLUMNS: readonly Column<Topic>[] = [
  { head: 'Topic', cell: ({ topic }) => html`<a href=${href(['topics', topic])}>${name(topic)}</a>` },
  { head: 'Write queues', cell: ({ writeQueues }) => count(writeQueues), isNumber: true },
  { head: 'Read queues', cell: ({ readQueues }) => count(readQueues), isNumber: true },
  {
    head: 'Access',
    cell: ({ access, provisional }) => html`${accessBadge([access])}
      ${provisional ? badge('info', 'restored') : nothing}`,
  },
  {
    head: 'Elsewhere',
    cell: ({ otherBrokers }) =>
      otherBrokers === 0 ? badge('warning', 'only here') : counted(otherBrokers, 'more group'),
  },
]

function topicsOf(brokerName: string, basis: WatchOptions, { store, route, changed }: Page): TemplateResult {
  const [prefix, after] = [route.query.get('prefix') ?? '', route.query.get('after') ?? '']
  const options = {
    path: { name: brokerName },
    query: { prefix, after, limit: `${PAGE_ROWS}` },
    ...basis,
  }
  const query = Object.fromEntries(route.query)
  const toPage = (from: string) => href(route.path, { ...query, after: from })
  return html`<section>
    ${heading('Topics', '/api/v1/brokers/{name}/topics', options)}
    <div class="filters">
      ${searchField('Names that begin with', prefix, (value) => replaceQueries({ prefix: value, after: '' }, changed), 'server')}
    </div>
    ${seenList(
      `topics of ${brokerName}`,
      store.watch('/api/v1/brokers/{name}/topics', options),
      ({ matching, topics, next }) => html`<div class="pager" role="group" aria-label="Pages">
          <span class="quiet" role="status"
            >${counted(matching, 'topic')}${topics.length < matching ? `, ${count(topics.length)} on this page` : ''}</span
          >
          ${
            topics.length < matching
              ? html`${pageLink('First', after === '' ? undefined : toPage(''))} ${pageLink('Next', next === null ? undefined : toPage(next))}`
              : nothing
          }
        </div>
        ${table({
          label: 'Topics',
          rows: topics,
          key: ({ topic }) => topic,
          columns: TOPIC_COLUMNS,
          empty: prefix === '' ? 'It has no topics in the routes.' : 'No topic of it begins with that.',
        })}`,
    )}
  </section>`
}
