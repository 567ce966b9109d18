import type { LimitName } from '../common/limit-error.ts'
import type { TimeSlicer } from '../common/time-slicer.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import type { LockDurations, RequestDurations } from '../stats/durations.ts'
import type { RecentEvents } from '../stats/recent-events.ts'

/** Which server this is. */
export interface ServerIdentity {
  /** Version of the program. */
  readonly version: string
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

/** What the views read. */
export interface InspectSources {
  readonly identity: ServerIdentity
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly counters: Counters
  readonly durations: { readonly requests: RequestDurations; readonly lock: LockDurations }
  readonly limits: () => readonly LimitUse[]
  /** Milliseconds since the file of the route snapshot was last up to date; undefined if it never was. */
  readonly snapshotAgeMs: () => number | undefined
  /** HTTP responses by path and status, with a space between them. */
  readonly httpRequests: ReadonlyMap<string, number>
  readonly events: RecentEvents
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
