/**
 * The inflated content of a compressed registration; every length and count is an int32:
 *
 * ```
 * length DataVersion-JSON
 * topicCount ( length "topicName readQueueNums writeQueueNums perm topicFilterType[ attributes]" )*
 * length filter-server-list-JSON
 * mappingCount ( length TopicQueueMappingInfo-JSON )*        only from brokers of 5.0.0 and later
 * ```
 *
 * @see RegisterBrokerBody#decode in apache/rocketmq
 */
import type { Steps } from '../../common/time-slicer.ts'
import { JsonError } from '../errors.ts'
import { JsonReader } from '../json/json-reader.ts'
import { type DataVersion, decodeDataVersion } from './data-version.ts'
import { MAX_FILTER_SERVERS, type RegisterBrokerBody } from './register-broker-body.ts'
import { readTopicQueueMappingInfo, type TopicQueueMappingInfo } from './topic-queue-mapping-info.ts'
import { TopicTableBuilder } from './topic-table.ts'

/** First byte of a zlib stream with the usual 32 KiB window; JSON text never starts with it. */
export const ZLIB_FIRST_BYTE = 0x78

const SPACE = 0x20

/**
 * Reads an inflated registration, yielding after every topic.
 * @param withMappings - Whether the sender is of 5.0.0 or later and so ends in a mapping section.
 * @throws {JsonError} Also for a length that reaches beyond the bytes, or a topic line that cannot be read.
 */
export function* decodeInflatedRegisterBrokerBody(
  inflated: Buffer,
  withMappings: boolean,
  nowMs: number,
): Steps<RegisterBrokerBody> {
  const parts = new LengthPrefixedParts(inflated)
  const dataVersion: DataVersion | null = decodeDataVersion(parts.next(), nowMs)
  if (dataVersion === null) throw new JsonError('dataVersion is null', parts.offset)
  const topics = new TopicTableBuilder()
  for (let left = parts.count(); left > 0; left--) {
    addTopicLine(topics, parts.next(), parts.offset)
    yield
  }
  const filterServerList = decodeFilterServerList(parts.next())
  const topicQueueMappingInfoMap = new Map<string, TopicQueueMappingInfo>()
  for (let left = withMappings ? parts.count() : 0; left > 0; left--) {
    const info = readTopicQueueMappingInfo(new JsonReader(parts.next()))
    if (info?.topic == null) throw new JsonError('a mapping without a topic', parts.offset)
    topicQueueMappingInfoMap.set(info.topic, info)
    yield
  }
  const topicConfigTable = yield* topics.build()
  return { dataVersion, topicConfigTable, topicQueueMappingInfoMap, filterServerList }
}

class LengthPrefixedParts {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get offset(): number {
    return this.#at
  }

  count(): number {
    if (this.#at + 4 > this.#bytes.length) throw new JsonError('the registration is cut off', this.#at)
    const count = this.#bytes.readInt32BE(this.#at)
    this.#at += 4
    return count
  }

  next(): Buffer {
    const length = this.count()
    const from = this.#at
    if (length < 0 || from + length > this.#bytes.length) {
      throw new JsonError(`length ${length} reaches beyond the registration`, from)
    }
    this.#at = from + length
    return this.#bytes.subarray(from, this.#at)
  }
}

/**
 * Reads five fields, each followed by one space; the attributes behind them are not needed. Each is decoded by itself, so that a
 * topic's name does not keep its whole line in memory.
 */
function addTopicLine(topics: TopicTableBuilder, line: Buffer, offset: number): void {
  let at = 0
  const field = (): string => {
    const spaceAt = line.indexOf(SPACE, at)
    const end = spaceAt < 0 ? line.length : spaceAt
    const text = line.toString('utf8', at, end)
    at = Math.min(end + 1, line.length)
    return text
  }
  const int = (): number => {
    const text = field()
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || value !== (value | 0)) {
      throw new JsonError('a topic line with a number that is not an int32', offset)
    }
    return value
  }
  const topicName = field()
  const queues = { readQueueNums: int(), writeQueueNums: int(), perm: int(), topicSysFlag: 0 }
  const topicFilterType = field()
  if (topicFilterType !== 'SINGLE_TAG' && topicFilterType !== 'MULTI_TAG') {
    throw new JsonError('a topic line with fewer than five fields or an unknown filter type', offset)
  }
  topics.add(topicName, topicName, queues)
}

/** As in Java, a list that cannot be read counts as an empty one. */
function decodeFilterServerList(part: Buffer): readonly string[] {
  try {
    return new JsonReader(part).readStringList(MAX_FILTER_SERVERS) ?? []
  } catch (error) {
    if (error instanceof JsonError) return []
    throw error
  }
}
