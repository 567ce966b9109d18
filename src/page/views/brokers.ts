import { html, nothing, type TemplateResult } from 'lit-html'
import { hostOf } from '../../common/host-of.ts'
import { release } from '../../common/release.ts'
import type { Views } from '../../inspect/api-types.ts'
import {
  badge,
  type Column,
  choice,
  heading,
  name,
  pager,
  searchField,
  seenList,
  table,
  time,
} from '../components.ts'
import { isOfBroker } from '../event-log.ts'
import { filtersOf } from '../filters.ts'
import { count, counted } from '../format.ts'
import { heartbeat, MEMBER_SEVERITY } from '../member.ts'
import { href } from '../router.ts'
import { PAGE_ROWS, pageIndexOf, sortedRows, sortingOf } from '../sorting.ts'
import type { Page, View } from '../views.ts'

type Brokers = Views['/api/v1/brokers']
type Group = Brokers['brokers'][number]
/** A member with the group that it is of. */
export type Member = Group['members'][number] & Pick<Group, 'brokerName' | 'clusters' | 'topics'>

export const brokersView: View = { title: 'Brokers', render }

function render(page: Page): TemplateResult {
  const { store } = page
  const { values, choose } = filtersOf(page, 'q', 'cluster', 'state')
  const { q: text, cluster, state } = values
  const options = { query: { cluster }, concerns: isOfBroker }
  const brokers = store.watch('/api/v1/brokers', options)
  const clusters = store.watch('/api/v1/clusters', { concerns: isOfBroker }).value?.clusters ?? []
  return html`<section>
    ${heading('Members of broker groups', '/api/v1/brokers', options)}
    <div class="filters">
      ${searchField('Name or address', text, choose('q'))}
      ${choice(
        'Cluster',
        cluster,
        clusters.map((each) => each.cluster),
        choose('cluster'),
      )}
      ${choice('State', state, Object.keys(MEMBER_SEVERITY), choose('state'))}
    </div>
    ${seenList('brokers', brokers, (value) => list(value, { text, state }, brokers.ageMillis ?? 0, page))}
  </section>`
}

function brokerLink(brokerName: string): TemplateResult {
  return html`<a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>`
}

/** What to do about groups beyond the first page of the server. */
function unlisted(matching: number, listed: number, text: string): TemplateResult {
  const open = text === '' ? nothing : html`, or open ${brokerLink(text)}`
  return html`; of ${count(matching)} groups the first ${count(listed)} are listed: choose a cluster${open}`
}

function list(
  { brokers, matching, next }: Brokers,
  { text, state }: { readonly text: string; readonly state: string },
  ageMillis: number,
  page: Page,
): TemplateResult {
  const wanted = text.toLowerCase()
  const isWanted = (each: string) => each.toLowerCase().includes(wanted)
  const rows = brokers.flatMap(({ members, ...group }) =>
    members
      .map((member): Member => ({ ...group, ...member }))
      .filter(
        (member) =>
          (state === '' || state === member.state) &&
          (isWanted(group.brokerName) || isWanted(member.address)),
      ),
  )
  const columns: readonly Column<Member>[] = [
    {
      head: 'Broker',
      cell: ({ brokerName }) => brokerLink(brokerName),
      sort: { key: 'name', by: ({ brokerName }) => brokerName },
    },
    {
      head: 'Cluster',
      cell: ({ clusters }) => clusters.map((cluster) => html`<div>${name(cluster)}</div>`),
      sort: { key: 'cluster', by: ({ clusters }) => clusters.join(' ') },
    },
    ...memberColumns(ageMillis, page.nowMs),
    {
      head: 'Topics',
      cell: ({ topics }) => count(topics),
      isNumber: true,
      sort: { key: 'topics', by: ({ topics }) => topics, isDescending: true },
    },
  ]
  const sorting = sortingOf(page, 'name')
  const index = pageIndexOf(page)
  const groups = new Set(rows.map(({ brokerName }) => brokerName)).size
  return html`${pager({
    route: page.route,
    total: rows.length,
    index,
    noun: 'brokers',
    note: html` in ${counted(groups, 'group')}${next === null ? nothing : unlisted(matching, brokers.length, text)}`,
  })}
  ${table({
    label: 'Brokers',
    rows: sortedRows(rows, columns, sorting).slice(index * PAGE_ROWS, (index + 1) * PAGE_ROWS),
    key: ({ brokerName, brokerId }) => `${brokerId} ${brokerName}`,
    columns,
    sorting,
    empty:
      brokers.length === 0 && page.route.query.get('cluster') === null
        ? 'No broker has registered. Set namesrvAddr in broker.conf to this NameServer.'
        : rows.length === 0
          ? 'No broker matches.'
          : 'This page does not exist; go to the first.',
  })}`
}

/** What there is to say of a member, whatever its group. @param ageMillis - Since the server said it. */
export function memberColumns(ageMillis: number, nowMs: number): readonly Column<Member>[] {
  return [
    {
      head: 'Id',
      cell: ({ brokerId }) =>
        html`${brokerId} <span class="quiet">${`${brokerId}` === '0' ? 'master' : 'slave'}</span>`,
      sort: { key: 'id', by: ({ brokerId }) => Number(brokerId) },
    },
    {
      head: 'Address',
      cell: ({ address, announcesOwnAddress, peer }) => html`${name(address)}
        ${
          announcesOwnAddress === false
            ? html`<div>${badge('warning', `registers from ${hostOf(peer ?? '')}`)}</div>`
            : nothing
        }`,
      sort: { key: 'address', by: ({ address }) => address },
    },
    {
      head: 'State',
      cell: ({ state }) => badge(MEMBER_SEVERITY[state], state),
      sort: {
        key: 'state',
        by: ({ state }) => Object.keys(MEMBER_SEVERITY).indexOf(state),
        isDescending: true,
      },
    },
    {
      head: 'Heartbeat',
      cell: (member) => heartbeat(member, ageMillis),
      sort: { key: 'heartbeat', by: ({ heartbeatAgeMs }) => heartbeatAgeMs, isDescending: true },
    },
    {
      head: 'Version',
      cell: ({ versionName, language }) => html`${versionName === null ? '–' : release(versionName)}
        ${language === null || language === 'JAVA' ? nothing : html`<span class="quiet">${name(language)}</span>`}`,
      sort: { key: 'version', by: ({ version }) => version },
    },
    {
      head: 'Registered',
      cell: ({ lastRegistration }) => (lastRegistration === null ? '–' : time(lastRegistration, nowMs)),
      sort: { key: 'registered', by: ({ lastRegistration }) => lastRegistration, isDescending: true },
    },
  ]
}
