import type { NameServer } from '../../admin/name-server.ts'
import { optionalView } from '../../admin/optional-view.ts'
import { versionName } from '../../protocol/version-name.ts'

/** A condition for sending clients to a NameServer. */
export interface Check {
  readonly name: string
  /** Why it does not hold; null if it does. */
  readonly problem: string | null
}

/** What the view `/api/v1/status` of ours tells. */
export interface ServerStatus {
  readonly nodeId: string
  readonly version: string
  readonly nodeVersion: string
  readonly bootId: string
  readonly time: string
  readonly uptimeSeconds: number
  readonly ready: boolean
  readonly checks: readonly Check[]
  readonly provisional: boolean
  readonly findings: Readonly<Record<'critical' | 'warning' | 'info', number>>
  readonly tables: Readonly<
    Record<
      | 'topics'
      | 'provisionalTopics'
      | 'brokerGroups'
      | 'brokers'
      | 'provisionalBrokers'
      | 'clusters'
      | 'kvEntries',
      number
    >
  >
  readonly limits: readonly {
    readonly key: string
    readonly used: number | null
    readonly max: number | null
  }[]
  readonly totals: Readonly<
    Record<'requests' | 'lookups' | 'lookupsWithoutRoute' | 'registrations' | 'heartbeats', number>
  >
  readonly process: Readonly<Record<'cpuSeconds' | 'residentBytes' | 'eventLoopDelayMs', number>>
}

/** What every NameServer tells of its tables (106, 206), in the shape of the view. */
export interface ListedStatus {
  /** Release of RocketMQ whose protocol it speaks. */
  readonly versionName: string
  readonly tables: Readonly<Record<'topics' | 'brokerGroups' | 'brokers' | 'clusters', number>>
}

/** All of it from ours, otherwise what every NameServer tells. */
export type Status = ListedStatus &
  Partial<Omit<ServerStatus, 'tables'>> & { readonly tables: Partial<ServerStatus['tables']> }

/**
 * The status of a NameServer.
 * @param notes - Gets a line if there is no view.
 * @throws {CommandError} (rejects)
 */
export async function readStatus(server: NameServer, notes: Set<string>): Promise<Status> {
  const status = await optionalView<ServerStatus>(server, STATUS_PATH, 'uptime, requests, memory', notes)
  const release = { versionName: versionName(server.version ?? -1) }
  return status === undefined ? { ...release, tables: await listedTables(server) } : { ...release, ...status }
}

export const STATUS_PATH = '/api/v1/status'

async function listedTables(server: NameServer): Promise<ListedStatus['tables']> {
  const [groups, topics] = await Promise.all([server.brokerGroups(), server.topicNames()])
  const all = [...groups.values()]
  return {
    topics: topics.size,
    brokerGroups: all.length,
    brokers: all.reduce((sum, { brokerAddrs }) => sum + brokerAddrs.size, 0),
    clusters: new Set(all.map(({ cluster }) => cluster)).size,
  }
}
