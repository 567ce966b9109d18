import type { Steps } from '../../common/time-slicer.ts'
import { versionName } from '../../protocol/version-name.ts'
import {
  CLOSE_CAUSES,
  type ClosedConnection,
  type OpenConnection,
  PEER_KINDS,
} from '../../stats/connections.ts'
import { sorted } from '../paging.ts'
import { dateOf, type InspectSources } from '../sources.ts'
import { choiceOf, integerOf, objectOf, type Schema, type View } from '../view.ts'

const STATES = ['open', 'closed', 'all'] as const
const ORDERS = ['reverse'] as const
/** Open and kept closed connections are fewer. */
const MAX_OFFSET = 1_000_000

type ListedConnection = OpenConnection | ClosedConnection

interface Sort {
  readonly by: (connection: ListedConnection, nowMs: number) => number | string
  /** Otherwise the largest comes first. */
  readonly isAscending?: boolean
}

const SORTS = {
  id: { by: ({ id }) => id, isAscending: true },
  opened: { by: ({ id }) => id },
  closed: { by: (connection) => ('closedMs' in connection ? connection.closedMs : 0) },
  requests: { by: ({ requests }) => requests },
  bytes: { by: ({ bytesIn, bytesOut }) => bytesIn + bytesOut },
  idle: { by: idleMsOf },
  version: { by: ({ version }) => version ?? -1 },
  address: { by: ({ remoteAddress }) => numbersPadded(remoteAddress), isAscending: true },
  kind: { by: ({ kind }) => kind, isAscending: true },
  language: { by: ({ language }) => language ?? '', isAscending: true },
  cause: { by: (connection) => ('closedMs' in connection ? connection.cause : ''), isAscending: true },
} as const satisfies Readonly<Record<string, Sort>>
const SORT_NAMES = Object.keys(SORTS) as (keyof typeof SORTS)[]

/** So that the texts of addresses are in the order of their numbers. */
function numbersPadded(address: string): string {
  return address.replace(/\d+/g, (digits) => digits.padStart(5, '0'))
}

const COUNT: Schema = { type: 'integer', minimum: 0 }
const KIND: Schema = { enum: PEER_KINDS, description: 'By the requests that it sent' }

function nullable(type: string, description: string): Schema {
  return { type: [type, 'null'], description }
}

const CONNECTION_SCHEMA = objectOf({
  id: { type: 'integer', description: 'Counted from 1 in the order in which connections were accepted' },
  address: { type: 'string', description: '`host:port` of the peer, also behind a proxy' },
  state: { enum: ['handshake', 'open', 'closed'] },
  kind: KIND,
  language: nullable('string', 'Of the last request, as is the version; null before the first'),
  version: nullable('integer', 'MQVersion ordinal'),
  versionName: nullable('string', 'Such as `V5_5_0`'),
  tls: {
    anyOf: [
      objectOf({
        protocol: { type: 'string' },
        cipher: { type: 'string' },
        clientSubject: nullable('string', "Subject of the client's certificate"),
      }),
      { type: 'null' },
    ],
    description: 'Null for plaintext',
  },
  proxied: { type: 'boolean', description: 'Whether it began with a PROXY header' },
  asking: { type: 'boolean', description: 'Whether this request came over it' },
  requests: COUNT,
  bytesIn: { ...COUNT, description: 'Bytes of frames, without TLS and PROXY headers' },
  bytesOut: COUNT,
  opened: { type: 'string', format: 'date-time' },
  idleMs: { type: 'integer', minimum: 0, description: 'Until now, or until it closed' },
  closed: { type: ['string', 'null'], format: 'date-time' },
  cause: { enum: [...CLOSE_CAUSES, null], description: 'Why it closed' },
  code: nullable('string', 'Code of the error, or the key of the limit'),
  detail: nullable('string', 'What happened'),
})

/** `/api/v1/connections`: open connections, and the last ones that closed. */
export function connectionsView(sources: InspectSources): View {
  const { connections, counters, nowMs, slicer } = sources
  return {
    path: '/api/v1/connections',
    summary: 'Open connections, and the last 1,024 that closed, with the reason.',
    parameters: [
      { name: 'state', summary: 'Which connections. Default: `open`.', schema: { enum: STATES } },
      {
        name: 'sort',
        summary:
          '`id`: the first accepted first; `opened`, `closed`: the last one first; `address`, `kind`, `language`, `cause`: in ' +
          'ascending order; others: the largest first. Default: `id`, or `closed` with `state=closed`.',
        schema: { enum: SORT_NAMES },
      },
      {
        name: 'order',
        summary: '`reverse`: the other way round. Default: as `sort` says.',
        schema: { enum: ORDERS },
      },
      {
        name: 'limit',
        summary: 'Only this many, the first ones in the order of `sort`. Default 1,024.',
        schema: { type: 'integer', minimum: 1, maximum: 4_096 },
      },
      {
        name: 'offset',
        summary: 'Without this many first ones. Default 0.',
        schema: { type: 'integer', minimum: 0, maximum: MAX_OFFSET },
      },
      { name: 'id', summary: 'Only the connection with this id.', schema: { type: 'integer', minimum: 1 } },
      { name: 'kind', summary: 'Only peers of this kind.', schema: { enum: PEER_KINDS } },
      {
        name: 'address',
        summary: 'Only peers whose address begins with it, such as `10.0.3.`.',
        schema: { type: 'string' },
      },
      {
        name: 'language',
        summary: 'Only peers whose last request gave this language.',
        schema: { type: 'string' },
      },
      {
        name: 'version',
        summary: 'Only peers whose last request gave this version, an MQVersion ordinal.',
        schema: { type: 'integer', minimum: 0 },
      },
      {
        name: 'cause',
        summary: 'Only connections that closed for this reason.',
        schema: { enum: CLOSE_CAUSES },
      },
    ],
    response: objectOf({
      open: { ...COUNT, description: 'All open connections' },
      accepted: { ...COUNT, description: 'Connections accepted since the start' },
      closed: { ...COUNT, description: 'Of these, the ones that closed' },
      closedBy: {
        ...objectOf(Object.fromEntries(CLOSE_CAUSES.map((cause) => [cause, COUNT]))),
        description: 'The same by cause',
      },
      matching: { ...COUNT, description: 'Connections that the parameters select, on all pages' },
      connections: { type: 'array', items: CONNECTION_SCHEMA },
    }),
    read: async ({ query, owner }) => {
      const state = choiceOf(query, 'state', STATES) ?? 'open'
      const sort: Sort = SORTS[choiceOf(query, 'sort', SORT_NAMES) ?? (state === 'closed' ? 'closed' : 'id')]
      const isReversed = choiceOf(query, 'order', ORDERS) === 'reverse'
      const limit = integerOf(query, 'limit', { min: 1, max: 4_096, otherwise: 1_024 })
      const offset = integerOf(query, 'offset', { min: 0, max: MAX_OFFSET, otherwise: 0 })
      const kind = choiceOf(query, 'kind', PEER_KINDS)
      const cause = choiceOf(query, 'cause', CLOSE_CAUSES)
      const address = query.get('address') ?? ''
      const language = query.get('language')
      const version = integerOf(query, 'version', { min: 0, max: 2 ** 31 - 1, otherwise: -1 })
      const id = integerOf(query, 'id', { min: 1, max: Number.MAX_SAFE_INTEGER, otherwise: 0 })
      const readMs = nowMs()
      const lists: Iterable<ListedConnection>[] = []
      if (state !== 'closed') lists.push(connections.open())
      if (state !== 'open') lists.push(connections.closed())
      const selected = firstOf(lists, {
        matches: (connection) =>
          (id === 0 || id === connection.id) &&
          (kind ?? connection.kind) === connection.kind &&
          (language ?? connection.language) === connection.language &&
          (version === -1 || version === connection.version) &&
          (cause === undefined || ('closedMs' in connection && connection.cause === cause)) &&
          beginsWith(connection.remoteAddress, address),
        rank: (connection) => sort.by(connection, readMs),
        isAscending: (sort.isAscending === true) !== isReversed,
        offset,
        limit,
        show: (connection) => ({
          ...shownConnection(connection, sources, readMs),
          asking: Object.is(connection, owner),
        }),
      })
      return {
        ...(await slicer.run(selected)),
        open: counters.connectionsAccepted - counters.connectionsClosed,
        accepted: counters.connectionsAccepted,
        closed: counters.connectionsClosed,
        closedBy: counters.connectionsClosedBy,
      }
    },
  }
}

interface Selection {
  readonly matches: (connection: ListedConnection) => boolean
  /** Of equal ones, the first in the list comes first. */
  readonly rank: (connection: ListedConnection) => number | string
  readonly isAscending: boolean
  readonly offset: number
  readonly limit: number
  readonly show: (connection: ListedConnection) => unknown
}

/** Connections that are gathered at least before they are sorted. */
const GATHERED = 1_024

interface Ranked {
  readonly connection: ListedConnection
  readonly rank: number | string
}

/** The first connections of a sort that would take too long as a whole. */
function* firstOf(
  lists: readonly Iterable<ListedConnection>[],
  { matches, rank, isAscending, offset, limit, show }: Selection,
): Steps<{ readonly matching: number; readonly connections: readonly unknown[] }> {
  let matching = 0
  let kept: Ranked[] = []
  let last: Ranked | undefined
  const max = offset + limit
  const compare = (a: Ranked, b: Ranked): number =>
    a.rank === b.rank ? 0 : a.rank < b.rank === isAscending ? -1 : 1
  for (const list of lists) {
    for (const connection of list) {
      yield
      if (!matches(connection)) continue
      matching++
      const ranked = { connection, rank: rank(connection) }
      if (last !== undefined && compare(ranked, last) >= 0) continue
      kept.push(ranked)
      if (kept.length < 2 * max + GATHERED) continue
      kept = (yield* sorted(kept, compare)).slice(0, max)
      last = kept[max - 1]
    }
  }
  kept = (yield* sorted(kept, compare)).slice(offset, max)
  const shown: unknown[] = []
  for (const { connection } of kept) {
    shown.push(show(connection))
    yield
  }
  return { matching, connections: shown }
}

/** Whether an address begins with a text. Sockets that serve both families show IPv4 addresses as `[::ffff:10.0.0.1]:1234`. */
function beginsWith(address: string, prefix: string): boolean {
  return address.startsWith(prefix) || (address.startsWith('[::ffff:') && address.startsWith(prefix, 8))
}

function idleMsOf(connection: ListedConnection, nowMs: number): number {
  const untilMs = 'closedMs' in connection ? connection.closedMs : nowMs
  // A connection that was read after the request for this view arrived.
  return Math.max(0, Math.round(untilMs - connection.lastActivityMs))
}

function shownConnection(connection: ListedConnection, sources: InspectSources, nowMs: number) {
  const { id, remoteAddress: address, kind, language, version, tls, proxied } = connection
  const { requests, bytesIn, bytesOut, openedMs } = connection
  const isClosed = 'closedMs' in connection
  return {
    ...{ id, address, state: isClosed ? 'closed' : connection.state, kind, language, version },
    versionName: version === null ? null : versionName(version),
    ...{ tls, proxied, requests, bytesIn, bytesOut },
    opened: dateOf(openedMs, sources),
    idleMs: idleMsOf(connection, nowMs),
    closed: isClosed ? dateOf(connection.closedMs, sources) : null,
    cause: isClosed ? connection.cause : null,
    code: isClosed ? connection.code : null,
    detail: isClosed ? connection.detail : null,
  }
}

/** `/api/v1/clients`: the open connections counted by the programs at their other ends. */
export function clientsView({ connections, slicer }: InspectSources): View {
  return {
    path: '/api/v1/clients',
    summary: 'Open connections by kind, language and version of their peers.',
    response: objectOf({
      connections: { ...COUNT, description: 'All open connections' },
      kinds: {
        type: 'array',
        items: objectOf({ kind: KIND, tls: { type: 'boolean' }, connections: COUNT }),
      },
      clients: {
        type: 'array',
        description: 'The most frequent first, at most 64',
        items: objectOf({
          kind: KIND,
          language: { type: 'string' },
          version: { type: 'integer', description: 'MQVersion ordinal; -1 for all negative ones' },
          versionName: { type: 'string', description: 'Such as `V5_5_0`' },
          connections: COUNT,
          hosts: {
            type: 'array',
            items: { type: 'string' },
            description: 'Some of the hosts, at most eight',
          },
        }),
      },
      others: { ...COUNT, description: 'Connections of programs beyond the first 64' },
    }),
    read: () => slicer.run(connections.census()),
  }
}
