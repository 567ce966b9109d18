import type { Policy } from '../access/policy.ts'
import type { RateExcess } from '../access/rates.ts'
import { isoTime } from '../common/iso-time.ts'
import type { LimitName } from '../common/limit-error.ts'
import type { MaybePromise, TimeSlicer } from '../common/time-slicer.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import type { Durations } from '../stats/durations.ts'
import type { RecentDenials } from '../stats/recent-denials.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import type { TopicMisses } from '../stats/topic-misses.ts'
import type { ConnectionSource } from './connections/census.ts'
import type { Findings } from './findings/findings.ts'
import type { RegistrationDisputes } from './history/registration-disputes.ts'
import type { RouteHistory } from './history/route-history.ts'
import type { ProcessState } from './metrics/process-metrics.ts'
import type { PeerState } from './peers-view.ts'
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

/** A limit and how much of it is in use. */
export interface LimitUse {
  readonly limit: LimitName
  /** Infinity if it is off. */
  readonly max: number
  /** Undefined for limits on a single request or address. */
  readonly used: number | undefined
}

/** A key of the configuration. */
export interface ShownKey {
  readonly key: string
  /** Null if it has none; asterisks in place of a secret. */
  readonly value: string | number | boolean | null
  /** In words if it depends on the machine or on other keys. */
  readonly default: string | number | boolean | null
  /** Where the value comes from: a layer, and the place in words. */
  readonly source: { readonly layer: string; readonly place: string }
  /** When the value is read: at every use, by each new connection, at the start, or never. */
  readonly effect: 'live' | 'connection' | 'start' | 'none'
  readonly unit: string | null
  /** Whether request 318 can change it. */
  readonly updatable: boolean
  readonly meaning: string
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

/** A TLS certificate of this server, or of the authorities that sign those of its clients. */
export interface WatchedCertificate {
  readonly use: 'server' | 'client_ca'
  readonly path: string
  /** When the first one in the file expires, in milliseconds since the epoch. */
  readonly notAfterMs: number
}

/** The access policy in effect. */
export interface AccessState {
  readonly policy: Policy
  /** `accessFile`; undefined without one. */
  readonly file: string | undefined
  /** Why the file as it is on the disk is not in effect; empty if it is. */
  readonly problems: readonly string[]
  /** When the policy in effect was read, in milliseconds since the epoch. */
  readonly loadedMs: number
  /** Attempts to read the file again. */
  readonly reloads: { readonly ok: number; readonly failed: number }
}

/** Why the audit log cannot be written. */
export interface AuditProblem {
  readonly path: string
  readonly error: string
  /** When it began, on the clock of {@link InspectSources.nowMs}. */
  readonly sinceMs: number
}

/** Another NameServer that is polled, and how far what is shown of it is up to date. Times are on {@link InspectSources.nowMs}. */
export interface ObservedState {
  /** `host:port` */
  readonly namesrv: string
  /** Its release, such as `V5_3_1`, by its last response. */
  readonly version: string | undefined
  /** When its brokers were last read; undefined before the first time. */
  readonly readMs: number | undefined
  /** Topics that it lists; undefined if it has not listed any yet, or does not list them. */
  readonly topics: number | undefined
  /** Topics whose routes have been read. */
  readonly routes: number
  /** Neither a route nor the list of topics was read before then; undefined until all have been read once. */
  readonly routesReadMs: number | undefined
  /** Why it is not up to date, or how far it is known; undefined if there is nothing to say. */
  readonly reason: string | undefined
  /** Since when it does not respond, or rejects what it is asked; undefined if it can be read. */
  readonly unreachableMs: number | undefined
}

/** What the views read. */
export interface InspectSources {
  /** The NameServer that the views show, and the others of the same process. Undefined: they show this server. */
  readonly observed?: { readonly state: ObservedState; readonly all: readonly ObservedState[] } | undefined
  readonly identity: ServerIdentity
  readonly health: Health
  readonly routeInfo: RouteInfoManager
  readonly routeIndex: RouteIndexCache
  /** The response that a client gets to this lookup (105). */
  readonly lookup: (request: Pick<RemotingCommand, 'version' | 'extFields'>) => MaybePromise<RemotingResponse>
  readonly kvConfig: KVConfigManager
  readonly counters: Counters
  readonly denials: RecentDenials
  readonly durations: Durations
  readonly limits: () => readonly LimitUse[]
  /** Milliseconds since the file of the route snapshot was last up to date; undefined if it never was. */
  readonly snapshotAgeMs: () => number | undefined
  readonly events: RecentEvents
  /** The keys of the configuration with their values, secrets hidden. */
  readonly configuration: () => readonly ShownKey[]
  readonly process: () => Promise<ProcessState>
  readonly connections: ConnectionSource
  readonly history: RouteHistory
  readonly disputes: Pick<RegistrationDisputes, 'list'>
  readonly misses: TopicMisses
  readonly findings: Findings
  /** Why a broker without heartbeats cannot be reached (`brokerProbe`); undefined unless it was found unreachable. */
  readonly suspicionOf: (clusterName: string, brokerAddr: string) => string | undefined
  /** Those in effect that come from files. */
  readonly certificates: () => readonly WatchedCertificate[]
  readonly access: () => AccessState
  /** Undefined if it can be written, or is off. */
  readonly auditProblem: () => AuditProblem | undefined
  /** The rates of addresses and identities that were exceeded. */
  readonly rates: () => readonly RateExcess[]
  readonly slicer: TimeSlicer
  /** The NameServers that this one compares itself with. */
  readonly peers: { list(): readonly PeerState[] }
  /** The configuration by which NameServers may answer the same request differently. */
  readonly comparableConfig: () => ReadonlyMap<string, string>
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number
  /** Milliseconds since the epoch, of the system clock. */
  readonly dateMs: () => number
}

/** The date of a moment on the monotonic clock. */
export function dateOf(
  momentMs: number,
  { nowMs, dateMs }: Pick<InspectSources, 'nowMs' | 'dateMs'>,
): string {
  return isoTime(dateMs() - (nowMs() - momentMs))
}
