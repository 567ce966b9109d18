import type { Steps } from '../common/time-slicer.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteChanges } from './route-changes.ts'
import type { RouteTables } from './route-tables.ts'

/**
 * @returns Broker names that had queues of the topic.
 * @see RouteInfoManager#deleteTopic in apache/rocketmq
 */
export function deleteTopic(
  tables: RouteTables,
  topic: string,
  clusterName: string | null,
  changes: RouteChanges,
): number {
  if (clusterName === null || clusterName === '') {
    const brokers = tables.topicQueueTable.get(topic)?.size ?? 0
    if (tables.removeTopic(topic)) changes.topic(topic)
    return brokers
  }
  let brokers = 0
  for (const name of tables.clusterAddrTable.get(clusterName) ?? []) {
    if (!tables.removeQueueData(topic, name)) continue
    brokers++
    changes.topic(topic)
  }
  return brokers
}

/**
 * Takes queue entries of a single topic in order, up to the first one of an unknown broker. For an unknown topic it is all or
 * nothing.
 * @returns Broker names whose queues changed.
 * @see RouteInfoManager#registerTopic in apache/rocketmq
 */
export function registerTopic(
  tables: RouteTables,
  topic: string,
  queueDatas: readonly QueueData[],
  changes: RouteChanges,
): number {
  const unknownAt = queueDatas.findIndex(({ brokerName }) => !tables.brokerAddrTable.has(brokerName))
  if (unknownAt >= 0 && !tables.topicQueueTable.has(topic)) return 0
  let brokers = 0
  for (const queueData of unknownAt < 0 ? queueDatas : queueDatas.slice(0, unknownAt)) {
    const versions = tables.dataVersionsOf(queueData.brokerName)
    if (!tables.overrideQueueData(topic, queueData, versions)) continue
    brokers++
    changes.topic(topic)
  }
  return brokers
}

/**
 * Gives all queues of a broker another permission.
 * @returns Topics that have queues on that broker, changed or not.
 * @see RouteInfoManager#operateWritePermOfBroker in apache/rocketmq
 */
export function* setWritePerm(
  tables: RouteTables,
  brokerName: string,
  operation: 'wipe' | 'add',
  changes: RouteChanges,
): Steps<number> {
  let count = 0
  const versions = tables.dataVersionsOf(brokerName)
  for (const [topic, queues] of tables.topicQueueTable) {
    const queueData = queues.get(brokerName)
    if (queueData !== undefined) {
      count++
      const perm = operation === 'wipe' ? queueData.perm & ~Perm.WRITE : Perm.READ | Perm.WRITE
      if (tables.overrideQueueData(topic, { ...queueData, perm }, versions)) changes.topic(topic)
    }
    yield
  }
  return count
}
