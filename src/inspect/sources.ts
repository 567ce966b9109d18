import type { MaybePromise, TimeSlicer } from '../common/time-slicer.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import type { TopicMisses } from '../stats/topic-misses.ts'
import type { Findings } from './findings/findings.ts'
import type { RouteHistory } from './history/route-history.ts'
import type { RouteIndexCache } from './route-index.ts'

/** Which server this is. */
export interface ServerIdentity {
  /** Version of the program. */
  readonly version: string
  /** Commit it was built from; null if unknown. */
  readonly commit: string | null
  /** Release of RocketMQ whose NameServer it behaves as. */
  readonly protocolVersion: string
  /** Name of the server in metrics and views. */
  readonly nodeId: string
  /** Different at each start; the ids of events begin with it. */
  readonly bootId: string
  /** When it started, on the clock of {@link InspectSources.nowMs}. */
  readonly startedMs: number
}

/** A condition for sending clients to this server. */
export interface HealthCheck {
  readonly name: string
  /** Why it does not hold; undefined if it does. */
  readonly problem: string | undefined
}

/** Whether clients may be sent to this server. */
export interface Health {
  /** Whether all checks hold. */
  readonly ready: boolean
  /** Whether routes of a snapshot are served that brokers have not confirmed. */
  readonly provisional: boolean
  checks(): readonly HealthCheck[]
}

/** A broker without heartbeats whose address takes no connection. */
export interface Suspect {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerAddr: string
  /** `host:port` of the peer that registered it. */
  readonly peer?: string | undefined
  /** Why it cannot be reached. */
  readonly error: string
}

/** The TLS certificate of this server. */
export interface ServerCertificate {
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly notAfterMs: number
}

/** What the views read. */
export interface InspectSources {
  readonly identity: ServerIdentity
  readonly health: Health
  readonly routeInfo: RouteInfoManager
  readonly routeIndex: RouteIndexCache
  /** The response that a client gets to this lookup (105). */
  readonly lookup: (request: Pick<RemotingCommand, 'version' | 'extFields'>) => MaybePromise<RemotingResponse>
  readonly kvConfig: KVConfigManager
  readonly counters: Counters
  readonly events: RecentEvents
  readonly history: RouteHistory
  readonly misses: TopicMisses
  readonly findings: Findings
  /** Brokers that send no heartbeats and were found unreachable; none without `brokerProbe`. */
  readonly suspects: () => readonly Suspect[]
  /** The server's certificate; undefined without one from a file. */
  readonly certificate: () => ServerCertificate | undefined
  readonly slicer: TimeSlicer
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number
  /** Milliseconds since the epoch, of the system clock. */
  readonly dateMs: () => number
}

/** A point in time as views show it: ISO 8601, UTC. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

/** The date of a moment on the monotonic clock. */
export function dateOf(
  momentMs: number,
  { nowMs, dateMs }: Pick<InspectSources, 'nowMs' | 'dateMs'>,
): string {
  return isoTime(dateMs() - (nowMs() - momentMs))
}
