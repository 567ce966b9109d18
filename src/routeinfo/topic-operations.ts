import type { Steps } from '../common/time-slicer.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteChanges } from './route-changes.ts'
import { withWritePerm } from './route-tables.ts'
import type { RouteView } from './route-view.ts'

/**
 * @returns Broker names that had queues of the topic.
 * @see RouteInfoManager#deleteTopic in apache/rocketmq
 */
export function deleteTopic(
  view: RouteView,
  topic: string,
  clusterName: string | null,
  changes: RouteChanges,
): number {
  const { tables, restored } = view
  const queues = view.queues(topic)
  if (queues === undefined) return 0
  const isEverywhere = clusterName === null || clusterName === ''
  const names = [...(isEverywhere ? queues.keys() : (view.clusters().get(clusterName) ?? []))]
  const deleted = names.filter((name) => queues.has(name))
  for (const name of deleted) {
    tables.removeQueueData(topic, name)
    restored?.removeQueues(topic, name)
    changes.topic(topic)
  }
  return deleted.length
}

/**
 * Stores queue entries of a single topic in order, up to the first one of an unknown broker. For an unknown topic it is all or
 * nothing.
 * @returns Broker names whose queues changed.
 * @see RouteInfoManager#registerTopic in apache/rocketmq
 */
export function registerTopic(
  view: RouteView,
  topic: string,
  queueDatas: readonly QueueData[],
  changes: RouteChanges,
): number {
  const { tables, restored } = view
  const unknownAt = queueDatas.findIndex(({ brokerName }) => view.group(brokerName) === undefined)
  if (unknownAt >= 0 && view.queues(topic) === undefined) return 0
  let brokers = 0
  for (const queueData of unknownAt < 0 ? queueDatas : queueDatas.slice(0, unknownAt)) {
    const { brokerName } = queueData
    const isRestored = restored?.groups.has(brokerName) === true
    if (isRestored) restored?.putQueues(topic, queueData)
    const isLive = tables.brokerAddrTable.has(brokerName)
    const isChanged = isLive && tables.overrideQueueData(topic, queueData, tables.dataVersionsOf(brokerName))
    if (!isRestored && !isChanged) continue
    brokers++
    changes.topic(topic)
  }
  return brokers
}

/**
 * Wipes or adds the write permission of all queues of a broker.
 * @returns Topics that have queues on that broker, changed or not.
 * @see RouteInfoManager#operateWritePermOfBroker in apache/rocketmq
 */
export function* setWritePerm(
  view: RouteView,
  brokerName: string,
  operation: 'wipe' | 'add',
  changes: RouteChanges,
): Steps<number> {
  const { tables, restored } = view
  let count = 0
  const versions = tables.dataVersionsOf(brokerName)
  for (const [topic, shown] of view.topics()) {
    if (shown.has(brokerName)) {
      count++
      const queueData = tables.topicQueueTable.get(topic)?.get(brokerName)
      const isChanged =
        queueData !== undefined &&
        tables.overrideQueueData(topic, withWritePerm(queueData, operation), versions)
      if (isChanged || restored?.groups.has(brokerName) === true) changes.topic(topic)
    }
    yield
  }
  const group = restored?.groups.get(brokerName)
  if (group !== undefined) group.writePerm = operation
  return count
}
