import { FieldNames } from '../json/field-names.ts'
import type { JsonReader } from '../json/json-reader.ts'

/** Permission bits of a topic's queues on a broker. @see PermName in apache/rocketmq */
export const Perm = { INHERIT: 1, WRITE: 2, READ: 4, PRIORITY: 8 } as const

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

/** A topic configuration with a name; one without is rejected before anything is applied. */
export type NamedTopicConfig = TopicConfig & { readonly topicName: string }

const FIELDS = new FieldNames('topicName', 'readQueueNums', 'writeQueueNums', 'perm', 'topicSysFlag')

/** Reads a topic configuration where one is the next value; null for a JSON null. @throws {JsonError} */
export function readTopicConfig(reader: JsonReader): TopicConfig | null {
  if (!reader.enterObject()) return null
  let topicName: string | null = null
  let readQueueNums = 16
  let writeQueueNums = 16
  let perm: number = Perm.READ | Perm.WRITE
  let topicSysFlag = 0
  for (let field = reader.nextField(FIELDS); field !== undefined; field = reader.nextField(FIELDS)) {
    switch (field) {
      case 'topicName':
        topicName = reader.readString()
        break
      case 'readQueueNums':
        readQueueNums = reader.readInt() ?? 0
        break
      case 'writeQueueNums':
        writeQueueNums = reader.readInt() ?? 0
        break
      case 'perm':
        perm = reader.readInt() ?? 0
        break
      case 'topicSysFlag':
        topicSysFlag = reader.readInt() ?? 0
        break
      default:
        field satisfies never
    }
  }
  return { topicName, readQueueNums, writeQueueNums, perm, topicSysFlag }
}
