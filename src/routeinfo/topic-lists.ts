import type { Steps } from '../common/time-slicer.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteTables } from './route-tables.ts'
import { isSystemTopic } from './system-topics.ts'

/** Topics whose queues satisfy a condition, walked in slices. */
export function* topicsWhere(
  tables: RouteTables,
  condition: (queues: ReadonlyMap<string, QueueData>) => boolean,
): Steps<string[]> {
  const topics: string[] = []
  for (const [topic, queues] of tables.topicQueueTable) {
    if (condition(queues)) topics.push(topic)
    yield
  }
  return topics
}

/** Topics with queues on any broker name of a cluster, walked in slices. @see RouteInfoManager#getTopicsByCluster in apache/rocketmq */
export function topicsByCluster(tables: RouteTables, clusterName: string): Steps<string[]> {
  const names = [...(tables.clusterAddrTable.get(clusterName) ?? [])]
  return topicsWhere(tables, (queues) => names.some((name) => queues.has(name)))
}

/** The response to GET_SYSTEM_TOPIC_LIST_FROM_NS. */
export interface SystemTopicList {
  /** Names of all clusters and brokers, and of all system topics that have queues, each once. */
  readonly topics: readonly string[]
  /** Of some broker; null if there is none. */
  readonly brokerAddr: string | null
}

/**
 * Admin clients add what the one broker at `brokerAddr` says. Java leaves the system topics to it, and so those of the other brokers
 * are missing (apache/rocketmq #9329).
 * @see RouteInfoManager#getSystemTopicList in apache/rocketmq
 */
export function* systemTopicList(tables: RouteTables): Steps<SystemTopicList> {
  const topics = new Set([...tables.clusterAddrTable].flatMap(([cluster, names]) => [cluster, ...names]))
  for (const topic of tables.topicQueueTable.keys()) {
    if (isSystemTopic(topic)) topics.add(topic)
    yield
  }
  return { topics: [...topics], brokerAddr: someAddress(tables) }
}

function someAddress({ brokerAddrTable }: RouteTables): string | null {
  for (const { brokerAddrs } of brokerAddrTable.values()) {
    for (const brokerAddr of brokerAddrs.values()) return brokerAddr
  }
  return null
}
