import { JsonError } from '../errors.ts'
import { FieldNames } from '../json/field-names.ts'
import type { JsonReader } from '../json/json-reader.ts'
import { type JsonDialect, longText, objectText, quote, sortedEntries } from '../json/json-text.ts'

/**
 * Where a static topic's logical queues live on one broker.
 * @see TopicQueueMappingInfo in apache/rocketmq
 */
export interface TopicQueueMappingInfo {
  readonly topic: string | null
  readonly scope: string | null
  readonly totalQueues: number
  readonly bname: string | null
  readonly epoch: bigint
  readonly dirty: boolean
  /** Logical queue id to physical queue id. */
  readonly currIdMap: ReadonlyMap<number, number> | null
}

const FIELDS = new FieldNames('topic', 'scope', 'totalQueues', 'bname', 'epoch', 'dirty', 'currIdMap')

/** Reads a mapping where one is the next value; null for a JSON null. @throws {JsonError} */
export function readTopicQueueMappingInfo(reader: JsonReader): TopicQueueMappingInfo | null {
  if (!reader.enterObject()) return null
  let topic: string | null = null
  let scope: string | null = '__global__'
  let totalQueues = 0
  let bname: string | null = null
  let epoch = 0n
  let dirty = false
  let currIdMap: ReadonlyMap<number, number> | null = new Map()
  for (let field = reader.nextField(FIELDS); field !== undefined; field = reader.nextField(FIELDS)) {
    switch (field) {
      case 'topic':
        topic = reader.readString()
        break
      case 'scope':
        scope = reader.readString()
        break
      case 'totalQueues':
        totalQueues = reader.readInt() ?? 0
        break
      case 'bname':
        bname = reader.readString()
        break
      case 'epoch':
        epoch = reader.readLong() ?? 0n
        break
      case 'dirty':
        dirty = reader.readBoolean() ?? false
        break
      case 'currIdMap':
        currIdMap = readIntMap(reader)
        break
      default:
        field satisfies never
    }
  }
  return { topic, scope, totalQueues, bname, epoch, dirty, currIdMap }
}

/** Maximum queues of a static topic on one broker; its mapping is read in one step. */
const MAX_MAPPED_QUEUES = 65_536

function readIntMap(reader: JsonReader): ReadonlyMap<number, number> | null {
  if (!reader.enterObject()) return null
  const map = new Map<number, number>()
  for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
    const key = Number(name)
    if (!/^-?\d+$/.test(name) || key !== (key | 0))
      throw new JsonError('expected an int32 key', reader.offset)
    map.set(key, reader.readInt() ?? 0)
    if (map.size > MAX_MAPPED_QUEUES) {
      throw new JsonError(`a mapping of more than ${MAX_MAPPED_QUEUES} queues`, reader.offset)
    }
  }
  return map
}

/** The JSON text of a mapping. */
export function topicQueueMappingInfoText(info: TopicQueueMappingInfo, dialect: JsonDialect): string {
  const members: string[] = []
  if (info.bname !== null) members.push(`"bname":${quote(info.bname)}`)
  if (info.currIdMap !== null) {
    const entries = sortedEntries(info.currIdMap).map(([id, queue]) => [id, `${queue}`] as const)
    members.push(`"currIdMap":${objectText(entries, dialect)}`)
  }
  members.push(`"dirty":${info.dirty}`, `"epoch":${longText(info.epoch, dialect)}`)
  if (info.scope !== null) members.push(`"scope":${quote(info.scope)}`)
  if (info.topic !== null) members.push(`"topic":${quote(info.topic)}`)
  members.push(`"totalQueues":${info.totalQueues}`)
  return `{${members.join(',')}}`
}
