/** Prefix of topics that brokers make for themselves. @see TopicValidator#SYSTEM_TOPIC_PREFIX in apache/rocketmq */
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_'

/** Pseudo topics by which slaves look up their group; they see it as it is. @see TopicValidator#SYNC_BROKER_MEMBER_PREFIX */
export const SYNC_BROKER_MEMBER_PREFIX = `${SYSTEM_TOPIC_PREFIX}SYNC_BROKER_MEMBER_`

/** Those without the prefix. @see TopicValidator in apache/rocketmq */
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
  'TBW102',
  'TRANS_CHECK_MAX_TIME_TOPIC',
])

/** Whether a topic is the system's and not a user's. @see TopicValidator#isSystemTopic in apache/rocketmq */
export function isSystemTopic(topic: string): boolean {
  return topic.startsWith(SYSTEM_TOPIC_PREFIX) || NAMED_SYSTEM_TOPICS.has(topic)
}
