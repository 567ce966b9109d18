import { html, nothing, type TemplateResult } from 'lit-html'
import { visible } from '../../common/visible.ts'
import type { Views } from '../api-types.ts'
import { badge, type Column, name, type Severity, table, time } from '../components.ts'
import { count, counted } from '../format.ts'
import { heartbeat, MEMBER_SEVERITY } from '../member.ts'
import { href } from '../router.ts'
import type { ServerEvent } from '../store.ts'

type Brokers = Views['/api/v1/brokers']
type Group = Brokers['brokers'][number]
type Member = Group['members'][number]

/** The last departure of a broker that has not come back. */
interface Departure {
  readonly event: ServerEvent
  readonly severity: Severity
  readonly word: string
}

interface Row {
  readonly brokerName: string
  readonly clusters: readonly string[]
  readonly members: ReadonlyMap<string, Member>
  readonly departures: Map<string, Departure>
}

const DEPARTURES: Readonly<Partial<Record<ServerEvent['kind'], readonly [Severity, string]>>> = {
  broker_left: ['neutral', 'left'],
  broker_lost: ['critical', 'lost'],
  broker_expired: ['critical', 'expired'],
  broker_unreachable: ['critical', 'unreachable'],
  broker_not_returned: ['critical', 'not returned'],
  broker_not_listed: ['critical', 'not listed'],
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
 * @param events - The oldest first.
 * @param ageMillis - Since the server said so: heartbeats are that much older.
 */
export function brokerMatrix(
  brokers: Brokers,
  events: readonly ServerEvent[],
  ageMillis: number,
  nowMs: number,
): TemplateResult {
  const all = rowsOf(brokers, events, nowMs)
  const rows = all.slice(0, MAX_ROWS)
  const hidden = all.length - rows.length + brokers.matching - brokers.brokers.length
  const ids = [
    ...new Set(rows.flatMap(({ members, departures }) => [...members.keys(), ...departures.keys()])),
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

function rowsOf({ brokers, next }: Brokers, events: readonly ServerEvent[], nowMs: number): Row[] {
  const rows = new Map<string, Row>()
  for (const { brokerName, clusters, members } of brokers)
    rows.set(brokerName, {
      brokerName,
      clusters,
      members: new Map(members.map((member) => [`${member.brokerId}`, member])),
      departures: new Map(),
    })
  for (const event of events) {
    const { kind, brokerName, brokerId, cluster } = event
    const [severity, word] = DEPARTURES[kind] ?? []
    if (brokerName === null || brokerId === null || severity === undefined || word === undefined) continue
    // Groups on later pages are not known here.
    if (nowMs - Date.parse(event.time) > DEPARTED_MS || (next !== null && brokerName > next)) continue
    const row = rows.get(brokerName)
    if (row?.members.has(`${brokerId}`)) continue
    const departures = row?.departures ?? new Map<string, Departure>()
    departures.set(`${brokerId}`, { event, severity, word })
    if (row === undefined)
      rows.set(brokerName, {
        brokerName,
        clusters: cluster === null ? [] : [cluster],
        members: new Map(),
        departures,
      })
  }
  return [...rows.values()].sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

function orderOf(row: Row): string {
  return `${needsAttention(row) ? 0 : 1}${row.clusters.join(' ')}\n${row.brokerName}`
}

function needsAttention({ members, departures }: Row): boolean {
  return (
    [...departures.values()].some(({ severity }) => severity === 'critical') ||
    (members.size > 0 && !members.has('0')) ||
    [...members.values()].some(
      ({ state, announcesOwnAddress }) =>
        state === 'late' || state === 'suspected' || announcesOwnAddress === false,
    )
  )
}

function groupCell({ brokerName, clusters, members }: Row): TemplateResult {
  const shown =
    members.size === 0
      ? name(brokerName)
      : html`<a href=${href(['brokers', brokerName])}>${name(brokerName)}</a>`
  return html`${shown}<div class="clusters">${clusters.map((cluster) => html`<div>${name(cluster)}</div>`)}</div>`
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
    <div>${name(address)} <span class="quiet">${versionName ?? ''}</span></div>
    <div class="member-state">
      ${heartbeat(member, ageMillis)} ${state === 'alive' ? nothing : badge(MEMBER_SEVERITY[state], state)}
    </div>
    ${announcesOwnAddress === false ? badge('warning', `registers from ${hostOf(peer ?? '')}`) : nothing}
  </div>`
}

function departureCell({ event, severity, word }: Departure, nowMs: number): TemplateResult {
  return html`<div class="member">
    <div class="quiet">${name(event.address ?? '')}</div>
    <div>${badge(severity, word)} ${time(event.time, nowMs)}</div>
    <div>${visible(event.text.split(';', 1)[0] ?? '')}</div>
  </div>`
}

function hostOf(address: string): string {
  return visible(address.replace(/:\d+$/, ''))
}
