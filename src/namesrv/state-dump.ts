import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { RemotingClient } from '../remoting/client/remoting-client.ts'
import type { RemotingServer } from '../remoting/server/remoting-server.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import { CodeCounts } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'

/** The parts of a server that a state dump shows; undefined if not started yet. */
export interface StateParts {
  readonly routeInfo: RouteInfoManager
  readonly counters: Counters
  readonly events: RecentEvents
  readonly client: RemotingClient
  readonly server: RemotingServer | undefined
  readonly kvConfig: KVConfigManager | undefined
}

/** All events would make a line of hundreds of kilobytes. */
const MAX_EVENTS = 50

/** The state of a server as plain values, for a log line. Contains no value of the configuration. */
export function stateDump(parts: StateParts): Record<string, unknown> {
  const { routeInfo, counters, events, client, server, kvConfig } = parts
  return {
    connections: server?.connections ?? 0,
    outgoingConnections: client.connections,
    lockWaiters: routeInfo.waiting,
    registering: routeInfo.queue.registering,
    tables: { ...routeInfo.tableSizes, kvEntries: kvConfig?.entries ?? 0, kvBytes: kvConfig?.bytes ?? 0 },
    counters: plainCounters(counters),
    events: events
      .list()
      .slice(-MAX_EVENTS)
      .map(({ timeMs, kind, who, text }) => ({ time: new Date(timeMs).toISOString(), kind, who, text })),
  }
}

/** Leaves out zeros, which most counters of a healthy server are. */
function plainCounters(counters: Counters): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(counters)) {
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
