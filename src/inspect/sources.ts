import type { TimeSlicer } from '../common/time-slicer.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import type { PeerState } from './peers-view.ts'

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

/** What the views read. */
export interface InspectSources {
  readonly identity: ServerIdentity
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly counters: Counters
  readonly events: RecentEvents
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
