import { isoTime } from '../common/iso-time.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RemotingClient } from '../remoting/client/remoting-client.ts'
import type { RemotingServer } from '../remoting/server/remoting-server.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { CodeCounts, type Counters, RequestResults } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import type { NamesrvContext } from './namesrv-context.ts'

/** All events would make a line of hundreds of kilobytes. */
const MAX_EVENTS = 50

/**
 * The state of a server as plain values, for a log line. Contains no value of the configuration.
 * @param server - Undefined if it has not started yet, as is `kvConfig`.
 */
export function stateDump(
  { counters, events }: NamesrvContext,
  routeInfo: RouteInfoManager,
  client: RemotingClient,
  server: RemotingServer | undefined,
  kvConfig: KVConfigManager | undefined,
): Record<string, unknown> {
  return {
    connections: server?.connections ?? 0,
    outgoingConnections: client.connections,
    lockWaiters: routeInfo.waiting,
    registering: routeInfo.queue.registering,
    tables: { ...routeInfo.tableSizes, kvEntries: kvConfig?.entries ?? 0, kvBytes: kvConfig?.bytes ?? 0 },
    counters: plainCounters(counters),
    events: dumpedEvents(events),
  }
}

/** The last events as plain values, for a log line. */
export function dumpedEvents(events: RecentEvents): object[] {
  return events
    .list()
    .slice(-MAX_EVENTS)
    .map(({ timeMs, kind, subject, text }) => ({ time: isoTime(timeMs), kind, subject, text }))
}

/** Leaves out zeros, which most counters of a healthy server are. */
function plainCounters(counters: Counters): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(counters)) {
    // Too many numbers for a line; `requests` and `outcomes` are its sums.
    if (value instanceof RequestResults) continue
    const shown = value instanceof CodeCounts ? codeCounts(value) : withoutZeros(value)
    if (shown !== undefined) plain[name] = shown
  }
  return plain
}

function codeCounts(counts: CodeCounts): Record<string, number> | undefined {
  return withoutZeros({ ...Object.fromEntries(counts.entries()), others: counts.others })
}

function withoutZeros<Value>(value: Value): Value | undefined {
  if (value === 0) return undefined
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, count]) => count !== 0)
  return kept.length === 0 ? undefined : (Object.fromEntries(kept) as Value)
}
