import type { JsonReader, Members } from '../json/json-reader.ts'

/** Permission bits of a topic's queues on a broker. @see PermName in apache/rocketmq */
export const Perm = { INHERIT: 1, WRITE: 2, READ: 4, PRIORITY: 8 } as const

/** What a permission allows: `rw`, `r`, `w` or nothing. */
export function accessOf(perm: number): 'rw' | 'r' | 'w' | '' {
  const isReadable = (perm & Perm.READ) !== 0
  if ((perm & Perm.WRITE) === 0) return isReadable ? 'r' : ''
  return isReadable ? 'rw' : 'w'
}

/**
 * What a broker says of one of its topics, as far as a NameServer looks at it: filter type, order flag and attributes are
 * skipped.
 * @see TopicConfig in apache/rocketmq
 */
export interface TopicConfig extends TopicQueues {
  readonly topicName: string | null
}

/** The queues of a topic on one broker. */
export interface TopicQueues {
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly perm: number
  readonly topicSysFlag: number
}

/** Whether two topics have equal queues. */
export function sameQueues(a: TopicQueues, b: TopicQueues): boolean {
  return (
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.perm === b.perm &&
    a.topicSysFlag === b.topicSysFlag
  )
}

const MEMBERS: Members<TopicConfig> = {
  topicName: (reader) => reader.readString(),
  readQueueNums: (reader) => reader.readInt() ?? 0,
  writeQueueNums: (reader) => reader.readInt() ?? 0,
  perm: (reader) => reader.readInt() ?? 0,
  topicSysFlag: (reader) => reader.readInt() ?? 0,
}

const DEFAULTS: TopicConfig = {
  topicName: null,
  readQueueNums: 16,
  writeQueueNums: 16,
  perm: Perm.READ | Perm.WRITE,
  topicSysFlag: 0,
}

/** Reads a topic configuration where one is the next value; null for a JSON null. @throws {JsonError} */
export function readTopicConfig(reader: JsonReader): TopicConfig | null {
  return reader.readObject(MEMBERS, DEFAULTS)
}
