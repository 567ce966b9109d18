import { html, nothing, type TemplateResult } from 'lit-html'
import { hostOf } from '../../common/host-of.ts'
import { release } from '../../common/release.ts'
import type { Views } from '../../inspect/api-types.ts'
import { badge, type Column, name, type Severity, sentence, table, time } from '../components.ts'
import { count, counted } from '../format.ts'
import { heartbeat, MEMBER_SEVERITY } from '../member.ts'
import { href } from '../router.ts'

type Brokers = Views['/api/v1/brokers']
type Group = Brokers['brokers'][number]
type Member = Group['members'][number]
type Departure = Views['/api/v1/departures']['departures'][number]

interface Row {
  readonly brokerName: string
  readonly clusters: readonly string[]
  readonly needsAttention: boolean
  readonly members: ReadonlyMap<string, Member>
  readonly departures: Map<string, Departure>
}

/** How a cause looks, and its word. */
const CAUSES: Readonly<Record<Departure['cause'], readonly [Severity, string]>> = {
  request: ['neutral', 'left'],
  renamed: ['neutral', 'renamed'],
  'connection lost': ['critical', 'lost'],
  'disconnected by operator': ['critical', 'lost'],
  expired: ['critical', 'expired'],
  unreachable: ['critical', 'unreachable'],
  'not returned': ['critical', 'not returned'],
  'not listed': ['critical', 'not listed'],
}
/** Groups that are shown; the others are a link away. */
const MAX_ROWS = 60
/** Ids with a column of their own; peers choose them. */
const MAX_IDS = 16
/** A departure is shown for an hour. */
const DEPARTED_MS = 3_600_000

/**
 * Broker groups as rows, those that need attention first, and ids as columns. A broker that has gone stays for an hour, with the
 * reason.
 * @param departures - Of brokers that have not come back.
 * @param ageMillis - Since the server said so: heartbeats are that much older.
 */
export function brokerMatrix(
  brokers: Brokers,
  departures: readonly Departure[],
  ageMillis: number,
  nowMs: number,
): TemplateResult {
  const all = rowsOf(brokers, departures, nowMs)
  const rows = all.slice(0, MAX_ROWS)
  const hidden = all.length - rows.length + brokers.matching - brokers.brokers.length
  const ids = [
    ...new Set(rows.flatMap(({ members, departures: gone }) => [...members.keys(), ...gone.keys()])),
  ]
  ids.sort((a, b) => Number(a) - Number(b))
  const beyond = new Set(ids.slice(MAX_IDS))
  const more: Column<Row> = {
    head: 'More ids',
    cell: ({ members }) => count([...members.keys()].filter((id) => beyond.has(id)).length),
    isNumber: true,
  }
  const matrix = table({
    label: 'Brokers by group and id',
    rows,
    key: ({ brokerName }) => brokerName,
    columns: [
      { head: 'Broker group', cell: groupCell },
      ...ids.slice(0, MAX_IDS).map(
        (id): Column<Row> => ({
          head: id === '0' ? 'Id 0, master' : `Id ${id}`,
          cell: (row) => idCell(id, row, ageMillis, nowMs),
        }),
      ),
      ...(beyond.size > 0 ? [more] : []),
    ],
    empty: 'No broker has registered. Set namesrvAddr in broker.conf to the address of this NameServer.',
  })
  if (hidden === 0) return matrix
  return html`${matrix}<p class="panel-more"><a href=${href(['brokers'])}>and ${counted(hidden, 'more group')}</a></p>`
}

function rowsOf({ brokers }: Brokers, departures: readonly Departure[], nowMs: number): Row[] {
  const rows = new Map(brokers.map((group) => [group.brokerName, rowOf(group)]))
  for (const departure of departures) {
    const { brokerName, brokerId, cluster } = departure
    if (nowMs - Date.parse(departure.time) > DEPARTED_MS) continue
    const row =
      rows.get(brokerName) ?? rowOf({ brokerName, clusters: [cluster], needsAttention: false, members: [] })
    // The list of brokers may be the newer one.
    if (row.members.has(`${brokerId}`)) continue
    row.departures.set(`${brokerId}`, departure)
    rows.set(brokerName, row)
  }
  return [...rows.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

function rowOf({
  members,
  ...group
}: Pick<Group, 'brokerName' | 'clusters' | 'needsAttention' | 'members'>): Row {
  const byId = members.map((member): [string, Member] => [`${member.brokerId}`, member])
  return { ...group, members: new Map(byId), departures: new Map() }
}

function orderOf(row: Row): string {
  return `${isUrgent(row) ? 0 : 1}${row.clusters.join(' ')}\n${row.brokerName}`
}

function isUrgent({ needsAttention, departures }: Row): boolean {
  return needsAttention || [...departures.values()].some(({ cause }) => CAUSES[cause][0] === 'critical')
}

function groupCell({ brokerName, clusters }: Row): TemplateResult {
  return html`<a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>
    <div class="clusters">${clusters.map((cluster) => html`<div>${name(cluster)}</div>`)}</div>`
}

function idCell(
  id: string,
  { members, departures }: Row,
  ageMillis: number,
  nowMs: number,
): TemplateResult | typeof nothing {
  const member = members.get(id)
  if (member !== undefined) return memberCell(member, ageMillis)
  const departure = departures.get(id)
  if (departure !== undefined) return departureCell(departure, nowMs)
  return id === '0' && members.size > 0 ? badge('warning', 'no master') : nothing
}

function memberCell(member: Member, ageMillis: number): TemplateResult {
  const { address, versionName, state, peer, announcesOwnAddress } = member
  return html`<div class="member">
    <div>${name(address)} <span class="quiet">${release(versionName ?? '')}</span></div>
    <div class="member-state">
      ${heartbeat(member, ageMillis)} ${state === 'alive' ? nothing : badge(MEMBER_SEVERITY[state], state)}
    </div>
    ${announcesOwnAddress === false ? badge('warning', `registers from ${hostOf(peer ?? '')}`) : nothing}
  </div>`
}

function departureCell({ address, cause, time: at, text }: Departure, nowMs: number): TemplateResult {
  return html`<div class="member">
    <div class="quiet">${name(address)}</div>
    <div>${badge(...CAUSES[cause])} ${time(at, nowMs)}</div>
    <div>${sentence(text)}</div>
  </div>`
}
