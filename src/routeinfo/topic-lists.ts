import type { QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteTables } from './route-tables.ts'
import type { Sliced } from './slicer.ts'

/** Topics whose queues satisfy a condition, walked in slices. */
export function* topicsWhere(
  tables: RouteTables,
  condition: (queues: ReadonlyMap<string, QueueData>) => boolean,
): Sliced<string[]> {
  const topics: string[] = []
  for (const [topic, queues] of tables.topicQueueTable) {
    if (condition(queues)) topics.push(topic)
    yield
  }
  return topics
}

/** Topics with queues on any broker name of a cluster, walked in slices. @see RouteInfoManager#getTopicsByCluster in apache/rocketmq */
export function topicsByCluster(tables: RouteTables, clusterName: string): Sliced<string[]> {
  const names = [...(tables.clusterAddrTable.get(clusterName) ?? [])]
  return topicsWhere(tables, (queues) => names.some((name) => queues.has(name)))
}

/** What is told of topics that the system needs. */
export interface SystemTopicList {
  /** Names of all clusters and brokers, each once. */
  readonly topics: readonly string[]
  /** Of some broker; null if there is none. */
  readonly brokerAddr: string | null
}

/** @see RouteInfoManager#getSystemTopicList in apache/rocketmq */
export function systemTopicList({ clusterAddrTable, brokerAddrTable }: RouteTables): SystemTopicList {
  const topics = [...new Set([...clusterAddrTable].flatMap(([cluster, names]) => [cluster, ...names]))]
  for (const { brokerAddrs } of brokerAddrTable.values()) {
    for (const brokerAddr of brokerAddrs.values()) return { topics, brokerAddr }
  }
  return { topics, brokerAddr: null }
}
