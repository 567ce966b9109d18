import type { Steps } from '../common/time-slicer.ts'
import type { RouteChanges } from './route-changes.ts'
import { NO_CHANNEL, type RouteTables } from './route-tables.ts'

/** What became of the brokers of a snapshot. */
export interface RestorationOutcome {
  readonly loaded: number
  /** Registered again, and still there. */
  readonly returned: number
  /** Known by their heartbeats alone. */
  readonly waiting: number
  /** Entries of topics that their brokers did not tell of again: the topics were deleted while this server did not run. */
  readonly staleQueues: number
}

/**
 * Ends the time of what came from a snapshot. Queues of a broker name that has registered all of its topics since, but not these,
 * go; what is left is like what was registered here.
 */
export function* endRestoration(
  tables: RouteTables,
  changes: RouteChanges,
): Steps<RestorationOutcome | undefined> {
  const { restored } = tables
  if (restored === undefined) return undefined
  let staleQueues = 0
  for (const [topic, queues] of tables.topicQueueTable) {
    for (const [brokerName, queueData] of [...queues]) {
      if (!restored.queueDatas.has(queueData) || !restored.toldNames.has(brokerName)) continue
      if (tables.removeQueueData(topic, brokerName)) staleQueues++
      changes.topic(topic)
    }
    yield
  }
  tables.restored = undefined
  let returned = 0
  let waiting = 0
  for (const key of restored.brokerKeys) {
    const live = tables.brokerLiveTable.get(key)
    if (live?.channelId === NO_CHANNEL) waiting++
    else if (live !== undefined) returned++
  }
  return { loaded: restored.brokerKeys.size, returned, waiting, staleQueues }
}
