import type { Steps } from '../../common/time-slicer.ts'
import { MQVersion } from '../../protocol/remoting-command.ts'
import { versionName } from '../../protocol/version-name.ts'
import {
  type ClosedConnection,
  type OpenConnection,
  PEER_KINDS,
  type PeerKind,
} from '../../stats/connections.ts'

/** The connections of the server. */
export interface ConnectionSource {
  /** In the order in which they were accepted. */
  readonly open: () => Iterable<OpenConnection>
  /** The last ones, the one that closed first at the head. */
  readonly closed: () => readonly ClosedConnection[]
  /** A step per open connection. */
  readonly census: () => Steps<Census>
}

/** Open connections by what their peers are. */
export interface Census {
  readonly connections: number
  /** Kinds that occur. */
  readonly kinds: readonly KindCount[]
  /** Programs that occur, the most frequent first. */
  readonly clients: readonly ClientCount[]
  /** Connections of programs beyond the 64 that are listed. */
  readonly others: number
}

export interface KindCount {
  readonly kind: PeerKind
  readonly tls: boolean
  connections: number
}

/** Connections of one language, version and kind. */
export interface ClientCount {
  readonly kind: PeerKind
  readonly language: string
  /** MQVersion ordinal; -1 for all negative ones. */
  readonly version: number
  readonly versionName: string
  connections: number
  /** The first hosts, without ports. */
  readonly hosts: string[]
}

/** Languages and versions that are told apart. Peers choose them. */
const MAX_CLIENTS = 64
const MAX_HOSTS = 8
/** Connections of one program whose hosts are looked at. */
const MAX_HOST_SAMPLES = 256

/** Counts open connections. Those that have sent no request are no clients. */
export function* takeCensus(open: Iterable<OpenConnection>): Steps<Census> {
  const kinds: KindCount[] = PEER_KINDS.flatMap((kind) =>
    [false, true].map((tls) => ({ kind, tls, connections: 0 })),
  )
  // Keys are numbers, and are not put together: fifty thousand texts would take most of the time.
  const byLanguage = new Map<string, Map<number, ClientCount>>()
  let connections = 0
  for (const { kind, tls, language, version, remoteAddress } of open) {
    connections++
    const kindNumber = PEER_KINDS.indexOf(kind)
    const kindCount = kinds[2 * kindNumber + (tls === null ? 0 : 1)] as KindCount
    kindCount.connections++
    if (language !== null && version !== null) {
      const ofLanguage = byLanguage.get(language) ?? new Map<number, ClientCount>()
      byLanguage.set(language, ofLanguage)
      // Peers may send any number; those without a name of their own are one version.
      const ordinal = Math.max(-1, Math.min(version, MQVersion.HIGHER_VERSION))
      const key = ordinal * PEER_KINDS.length + kindNumber
      const count = ofLanguage.get(key) ?? newCount(kind, language, ordinal)
      ofLanguage.set(key, count)
      countClient(count, remoteAddress)
    }
    yield
  }
  const clients = [...byLanguage.values()].flatMap((counts) => [...counts.values()])
  clients.sort((a, b) => b.connections - a.connections)
  const others = clients.slice(MAX_CLIENTS).reduce((sum, count) => sum + count.connections, 0)
  return {
    connections,
    kinds: kinds.filter((count) => count.connections > 0),
    clients: clients.slice(0, MAX_CLIENTS),
    others,
  }
}

function newCount(kind: PeerKind, language: string, version: number): ClientCount {
  return { kind, language, version, versionName: versionName(version), connections: 0, hosts: [] }
}

function countClient(count: ClientCount, remoteAddress: string): void {
  count.connections++
  if (count.hosts.length === MAX_HOSTS || count.connections > MAX_HOST_SAMPLES) return
  const host = remoteAddress.slice(0, remoteAddress.lastIndexOf(':'))
  if (!count.hosts.includes(host)) count.hosts.push(host)
}
