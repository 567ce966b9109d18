import { html, nothing, type TemplateResult } from 'lit-html'
import { release } from '../../common/release.ts'
import { visible } from '../../common/visible.ts'
import type { Views } from '../../inspect/api-types.ts'
import {
  badge,
  type Column,
  choice,
  heading,
  name,
  pager,
  type Severity,
  searchField,
  seen,
  seenList,
  table,
  time,
} from '../components.ts'
import { type Filters, filtersOf } from '../filters.ts'
import { count, counted, duration } from '../format.ts'
import { href } from '../router.ts'
import { PAGE_ROWS, pageIndexOf, sortingOf } from '../sorting.ts'
import type { ServerEvent } from '../store.ts'
import type { Page, View } from '../views.ts'

type Clients = Views['/api/v1/clients']
type Program = Clients['clients'][number]
type Connections = Views['/api/v1/connections']
type Connection = Connections['connections'][number]
export type Cause = NonNullable<Connection['cause']>

/** Connections open without an event. */
const EVERY_MS = 5_000

/** How severe the reason is. */
export const CAUSES: Readonly<Record<Cause, readonly [Severity, string]>> = {
  peer_closed: ['neutral', 'closed by the peer'],
  socket_error: ['warning', 'network failure'],
  idle: ['neutral', 'idle'],
  invalid_frame: ['critical', 'invalid frame'],
  handshake_failed: ['warning', 'TLS handshake failed'],
  limit: ['critical', 'limit exceeded'],
  broker_expired: ['warning', 'its broker expired'],
  closed_by_operator: ['info', 'closed by an operator'],
  shutdown: ['info', 'shutdown'],
  internal_error: ['critical', 'internal error'],
}

/** Open connections have no cause, and no order by it. */
const OF_CLOSED = { sort: '', cause: '' }

export const clientsView: View = { title: 'Clients', render }

const FILTERS = ['state', 'kind', 'language', 'version', 'cause', 'address'] as const
type ClientFilters = Filters<(typeof FILTERS)[number]>

function render(page: Page): TemplateResult {
  const { store, route } = page
  const filters = filtersOf(page, ...FILTERS)
  const filter = filters.values
  const isClosed = filter.state === 'closed'
  const sorting = sortingOf(page, isClosed ? 'closed' : 'opened')
  const index = pageIndexOf(page)
  const options = {
    everyMillis: EVERY_MS,
    concerns: isOfConnections,
    query: {
      ...filter,
      cause: isClosed ? filter.cause : '',
      sort: sorting.key,
      order: sorting.isReversed ? 'reverse' : '',
      limit: `${PAGE_ROWS}`,
      offset: index === 0 ? '' : `${index * PAGE_ROWS}`,
    },
  }
  const programs = store.watch('/api/v1/clients', { everyMillis: EVERY_MS, concerns: isOfConnections })
  const connections = store.watch('/api/v1/connections', options)
  return html`<section>
      ${heading('By program', '/api/v1/clients')} ${seen(programs, programsOf)}
    </section>
    <section>
      ${heading('Connections', '/api/v1/connections', options)}
      ${filterFields(filters, programs.value?.clients ?? [], connections.value)}
      ${seenList(
        'connections',
        connections,
        (value) =>
          html`${pager({ route, total: value.matching, index, noun: `${isClosed ? 'closed' : 'open'} connections` })}
        ${table({
          label: 'Connections',
          rows: value.connections,
          key: ({ id }) => `${id}`,
          columns: columnsOf(isClosed, page.nowMs),
          sorting,
          empty: emptyText(filter, value, isClosed),
        })}`,
      )}
    </section>`
}

function isOfConnections({ kind }: ServerEvent): boolean {
  return kind === 'connection_closed' || kind.startsWith('broker_')
}

function emptyText(filter: ClientFilters['values'], { matching }: Connections, isClosed: boolean): string {
  if (matching > 0) return 'This page does not exist; go to the first.'
  if (FILTERS.some((each) => each !== 'state' && filter[each] !== '')) return 'No connection matches.'
  return isClosed ? 'No connection has closed since the start.' : 'Nothing is connected.'
}

function programsOf({ clients, connections, others }: Clients): TemplateResult {
  const unnamed = clients.reduce((rest, program) => rest - program.connections, connections - others)
  return html`${table({
    label: 'Clients by program',
    rows: clients,
    key: ({ kind, language, versionName }) => `${kind} ${language} ${versionName}`,
    columns: [
      { head: 'Kind', cell: ({ kind }) => kind },
      { head: 'Language', cell: ({ language }) => name(language) },
      { head: 'Version', cell: ({ versionName }) => release(versionName) },
      {
        head: 'Connections',
        cell: (program) =>
          html`<a href=${href(['clients'], filterOf(program))}>${count(program.connections)}</a>`,
        isNumber: true,
      },
      { head: 'Hosts', cell: hostsOf, isText: true },
    ],
    empty: 'Nothing is connected that has sent a request.',
  })}
  ${others > 0 ? html`<p class="quiet">${counted(others, 'connection')} from other programs.</p>` : nothing}
  ${unnamed > 0 ? html`<p class="quiet">${counted(unnamed, 'connection')} without a request yet.</p>` : nothing}`
}

function filterOf({ kind, language, version }: Program): Record<string, string> {
  // -1 stands for all negative ones.
  return { kind, language, ...(version >= 0 && { version: `${version}` }) }
}

function hostsOf({ hosts, connections }: Program): TemplateResult {
  return html`<span class="names">
    ${hosts.map((host) => html`<a href=${href(['clients'], { address: addressPrefix(host) })}>${name(host)}</a> `)}
    ${hosts.length >= 8 && connections > hosts.length ? html`<span class="quiet">and perhaps more</span>` : nothing}
  </span>`
}

/** With the colon before the port, so that 10.0.0.1 is not 10.0.0.10. */
function addressPrefix(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:` : `${host}:`
}

function filterFields(
  { values: filter, choose }: ClientFilters,
  programs: readonly Program[],
  connections: Connections | undefined,
): TemplateResult {
  const languages = [...new Set(programs.map(({ language }) => language))].sort()
  const versions = new Map(
    programs
      .filter(({ version }) => version >= 0)
      .sort((a, b) => b.version - a.version)
      .map(({ version, versionName }) => [`${version}`, release(versionName)]),
  )
  const causes = Object.entries(connections?.closedBy ?? {}).map(
    ([cause, closed]) => [cause, `${CAUSES[cause as Cause][1]} (${count(closed)})`] as const,
  )
  return html`<div class="filters">
    ${choice('Show', filter.state, ['closed'], choose('state', OF_CLOSED), 'open')}
    ${searchField('Address begins with', filter.address, choose('address'), 'server')}
    ${choice('Kind', filter.kind, ['client', 'broker', 'admin', 'unknown'], choose('kind'))}
    ${choice('Language', filter.language, languages, choose('language'))}
    ${choice('Version', filter.version, [...versions], choose('version'))}
    ${filter.state === 'closed' ? choice('Reason', filter.cause, causes, choose('cause')) : nothing}
  </div>`
}

function columnsOf(isClosed: boolean, nowMs: number): readonly Column<Connection>[] {
  const opened: Column<Connection> = {
    head: 'Opened',
    cell: ({ opened: at }) => time(at, nowMs),
    sort: { key: 'opened', isDescending: true },
  }
  return [
    {
      head: 'Address',
      cell: ({ id, address, tls }) => html`<a href=${href(['clients', `${id}`])}>${name(address)}</a>
        ${tls === null ? nothing : html`<span class="quiet">TLS</span>`}`,
      sort: { key: 'address' },
    },
    { head: 'Kind', cell: ({ kind }) => kind, sort: { key: 'kind' } },
    {
      head: 'Language',
      cell: ({ language }) => (language === null ? '–' : name(language)),
      sort: { key: 'language' },
    },
    {
      head: 'Version',
      cell: ({ versionName }) => (versionName === null ? '–' : release(versionName)),
      sort: { key: 'version', isDescending: true },
    },
    {
      head: 'Requests',
      cell: ({ requests }) => count(requests),
      isNumber: true,
      sort: { key: 'requests', isDescending: true },
    },
    ...(isClosed
      ? [
          {
            head: 'Closed',
            cell: ({ closed }: Connection) => (closed === null ? '–' : time(closed, nowMs)),
            sort: { key: 'closed', isDescending: true },
          },
          { head: 'Reason', cell: reasonOf, isText: true, sort: { key: 'cause' } },
        ]
      : [
          opened,
          {
            head: 'Idle',
            cell: ({ idleMs }: Connection) => duration(idleMs),
            isNumber: true,
            sort: { key: 'idle', isDescending: true },
          },
        ]),
  ]
}

/** Why a connection closed. */
export function reasonOf({ cause, code, detail }: Connection): TemplateResult {
  const [severity, word] = cause === null ? (['neutral', 'open'] as const) : CAUSES[cause]
  return html`${badge(severity, word)} ${visible(detail ?? '')}${
    code === null || detail?.includes(code) === true ? nothing : html` <code>${visible(code)}</code>`
  }`
}
