import type { Steps } from '../common/time-slicer.ts'
import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import type { BrokerLiveInfo, RouteTables } from './route-tables.ts'
import type { RouteView } from './route-view.ts'

/** Topics whose queues satisfy a condition, walked in slices. */
export function* topicsWhere(
  view: RouteView,
  condition: (queues: ReadonlyMap<string, QueueData>) => boolean,
): Steps<string[]> {
  const topics: string[] = []
  for (const [topic, queues] of view.topics()) {
    if (condition(queues)) topics.push(topic)
    yield
  }
  return topics
}

/** Topics with queues on any broker name of a cluster, walked in slices. @see RouteInfoManager#getTopicsByCluster in apache/rocketmq */
export function topicsByCluster(view: RouteView, clusterName: string): Steps<string[]> {
  const names = [...(view.clusters().get(clusterName) ?? [])]
  return topicsWhere(view, (queues) => names.some((name) => queues.has(name)))
}

/** The response to GET_SYSTEM_TOPIC_LIST_FROM_NS. */
export interface SystemTopicList {
  /** Distinct names of all clusters, brokers, and system topics with queues. */
  readonly topics: readonly string[]
  /** Of any broker; null if there is none. */
  readonly brokerAddr: string | null
}

/**
 * Admin clients add the system topics of the broker at `brokerAddr`. Java lists only those, so topics of other brokers are missing
 * (apache/rocketmq #9329).
 * @see RouteInfoManager#getSystemTopicList in apache/rocketmq
 */
export function* systemTopicList(view: RouteView): Steps<SystemTopicList> {
  const topics = new Set([...view.clusters()].flatMap(([cluster, names]) => [cluster, ...names]))
  for (const [topic] of view.topics()) {
    if (isSystemTopic(topic)) topics.add(topic)
    yield
  }
  const [brokerAddr = null] = [...view.groups().values()].flatMap(({ brokerAddrs }) => [
    ...brokerAddrs.values(),
  ])
  return { topics: [...topics], brokerAddr }
}

/**
 * Brokers that create topics on their first use (`autoCreateTopicEnable`) have it, and producers look it up for a topic that has no
 * route. @see TopicValidator#AUTO_CREATE_TOPIC_KEY_TOPIC in apache/rocketmq
 */
export const AUTO_CREATE_TOPIC = 'TBW102'

/** Prefix of topics that brokers create for themselves. @see TopicValidator#SYSTEM_TOPIC_PREFIX in apache/rocketmq */
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_'

/** System topics without the prefix. @see TopicValidator in apache/rocketmq */
const NAMED_SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  'BenchmarkTest',
  'CHECKPOINT_TOPIC',
  'OFFSET_MOVED_EVENT',
  'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'SCHEDULE_TOPIC_XXXX',
  'SELF_TEST_TOPIC',
  AUTO_CREATE_TOPIC,
  'TRANS_CHECK_MAX_TIME_TOPIC',
])

/** Whether brokers create the topic for themselves. @see TopicValidator#isSystemTopic in apache/rocketmq */
export function isSystemTopic(topic: string): boolean {
  return topic.startsWith(SYSTEM_TOPIC_PREFIX) || NAMED_SYSTEM_TOPICS.has(topic)
}

/** How a broker's data version compares with the one it registered with. */
export interface DataVersionComparison {
  /** Whether the broker must register again. */
  readonly changed: boolean
  /** The version it registered with; null if it is not live. */
  readonly registered: DataVersion | null
}

/** The broker that asks. A name or id that is null, missing or invalid in the request, is not compared. */
export interface DataVersionQuery {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string | null
  readonly brokerId: bigint | null
}

/**
 * Compares a broker's data version with the one it registered. A broker that registers only if that has changed must also do so
 * while it has sent increments only, and while it is not a member of its group.
 */
export function queryDataVersion(
  tables: RouteTables,
  broker: DataVersionQuery,
  version: DataVersion | null,
): DataVersionComparison {
  const live = tables.live(broker.clusterName, broker.brokerAddr)
  if (live === undefined) return { changed: true, registered: null }
  const changed =
    !live.isComplete || !isInGroup(tables, broker, live) || !sameDataVersion(live.dataVersion, version)
  return { changed, registered: live.dataVersion }
}

/**
 * Whether the broker is a member of its group under the name and id of its query. A live broker may not be: another address may
 * have taken its id, and it may have returned with another id or name.
 */
function isInGroup(
  { brokerAddrTable }: RouteTables,
  { brokerName, brokerId, brokerAddr }: DataVersionQuery,
  live: BrokerLiveInfo,
): boolean {
  const addrs = brokerAddrTable.get(brokerName ?? live.brokerName)?.brokerAddrs ?? new Map<bigint, string>()
  return brokerId === null ? [...addrs.values()].includes(brokerAddr) : addrs.get(brokerId) === brokerAddr
}
