import { JsonError } from '../errors.ts'
import type { JsonReader, Members } from '../json/json-reader.ts'
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

const MEMBERS: Members<TopicQueueMappingInfo> = {
  topic: (reader) => reader.readString(),
  scope: (reader) => reader.readString(),
  totalQueues: (reader) => reader.readInt() ?? 0,
  bname: (reader) => reader.readString(),
  epoch: (reader) => reader.readLong() ?? 0n,
  dirty: (reader) => reader.readBoolean() ?? false,
  currIdMap: readIntMap,
}

const DEFAULTS: TopicQueueMappingInfo = {
  topic: null,
  scope: '__global__',
  totalQueues: 0,
  bname: null,
  epoch: 0n,
  dirty: false,
  currIdMap: new Map(),
}

/** Reads a mapping where one is the next value; null for a JSON null. @throws {JsonError} */
export function readTopicQueueMappingInfo(reader: JsonReader): TopicQueueMappingInfo | null {
  return reader.readObject(MEMBERS, DEFAULTS)
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
