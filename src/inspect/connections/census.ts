import type { Steps } from '../../common/time-slicer.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { ClosedConnection, OpenConnection, PeerKind } from '../../stats/connections.ts'

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
  /** Connections of programs beyond {@link MAX_CLIENTS}. */
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
  /** MQVersion ordinal. */
  readonly version: number
  readonly versionName: string
  connections: number
  /** The first hosts, without ports. */
  readonly hosts: string[]
}

/** Languages and versions that are told apart. Peers choose them. */
export const MAX_CLIENTS = 64
const MAX_HOSTS = 8
/** Connections of one program whose hosts are looked at. */
const MAX_HOST_SAMPLES = 256

/** Counts open connections. Those that have sent no request are no clients. */
export function* takeCensus(open: Iterable<OpenConnection>): Steps<Census> {
  const kinds = new Map<string, KindCount>()
  const clients = new Map<string, ClientCount>()
  let connections = 0
  for (const { kind, tls, language, version, remoteAddress } of open) {
    connections++
    const kindKey = `${kind} ${tls !== null}`
    const kindCount = kinds.get(kindKey) ?? { kind, tls: tls !== null, connections: 0 }
    kindCount.connections++
    kinds.set(kindKey, kindCount)
    if (language !== null && version !== null) {
      // By name: peers may send any number, and names are few.
      const name = versionName(version)
      const key = `${kind} ${language} ${name}`
      const count = clients.get(key) ?? {
        ...{ kind, language, version, versionName: name, connections: 0, hosts: [] },
      }
      clients.set(key, count)
      countClient(count, remoteAddress)
    }
    yield
  }
  const sorted = [...clients.values()].sort((a, b) => b.connections - a.connections)
  const others = sorted.slice(MAX_CLIENTS).reduce((sum, count) => sum + count.connections, 0)
  return { connections, kinds: [...kinds.values()], clients: sorted.slice(0, MAX_CLIENTS), others }
}

function countClient(count: ClientCount, remoteAddress: string): void {
  count.connections++
  if (count.hosts.length === MAX_HOSTS || count.connections > MAX_HOST_SAMPLES) return
  const host = remoteAddress.slice(0, remoteAddress.lastIndexOf(':'))
  if (!count.hosts.includes(host)) count.hosts.push(host)
}
