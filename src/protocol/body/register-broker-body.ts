import { JsonError } from '../errors.ts'
import { FieldNames } from '../json/field-names.ts'
import { JsonReader } from '../json/json-reader.ts'
import { type DataVersion, EMPTY_DATA_VERSION, readDataVersion } from './data-version.ts'
import { readTopicConfig, type TopicConfig } from './topic-config.ts'
import { readTopicQueueMappingInfo, type TopicQueueMappingInfo } from './topic-queue-mapping-info.ts'
import { Boundaries, entryName, equalEntries, type TopicTableOffsets } from './topic-table-offsets.ts'

/**
 * What a broker registers beside its own identity.
 * @see RegisterBrokerBody and TopicConfigAndMappingSerializeWrapper in apache/rocketmq
 */
export interface RegisterBrokerBody {
  readonly dataVersion: DataVersion
  /** By the map's key; the name that counts is the one inside. */
  readonly topicConfigTable: ReadonlyMap<string, NamedTopicConfig>
  readonly topicQueueMappingInfoMap: ReadonlyMap<string, TopicQueueMappingInfo>
  /** Null leaves the broker's filter servers as they are, an empty list removes them. */
  readonly filterServerList: readonly string[] | null
}

/** A body and what reading the next one of the same broker can build on. */
export interface ReadRegisterBrokerBody {
  /** Its table has only the topics that are not as they were if it was read by what is known of an earlier one. */
  readonly body: RegisterBrokerBody
  readonly onlyChanges: boolean
  /** Absent if the table's keys are not the names inside, or the text has more than one table. */
  readonly places?: TopicTableOffsets | undefined
}

/** A topic configuration with a name: one without is refused before anything is touched. */
export type NamedTopicConfig = TopicConfig & { readonly topicName: string }

/** The registration of a broker that sent no body. */
export function emptyRegisterBrokerBody(filterServerList: readonly string[] | null): RegisterBrokerBody {
  return {
    dataVersion: EMPTY_DATA_VERSION,
    topicConfigTable: new Map(),
    topicQueueMappingInfoMap: new Map(),
    filterServerList,
  }
}

const BODY_FIELDS = new FieldNames('topicConfigSerializeWrapper', 'filterServerList')
const WRAPPER_FIELDS = new FieldNames('topicConfigTable', 'dataVersion', 'topicQueueMappingInfoMap')

/** Most filter servers of one broker; a list is read in one go. */
export const MOST_FILTER_SERVERS = 10_000

type Wrapper = Omit<RegisterBrokerBody, 'filterServerList'>
/** Reading that may be interrupted between any two steps. */
export type Steps<Result> = Generator<undefined, Result, undefined>

/**
 * Reads the JSON form of 3.0.11 and later, `{"filterServerList":[…],"topicConfigSerializeWrapper":{…}}`, and where the topics
 * stand in it, yielding after every topic. Explicit nulls in places where Java would register half a broker are refused.
 * @param known - Of an earlier body of the same broker. Topics that stand there as they do here are passed over, if the keys of
 *   both tables are the same and in the same order; otherwise everything is read.
 * @throws {JsonError}
 */
export function* readRegisterBrokerBody(
  bytes: Buffer,
  nowMs: number,
  known?: TopicTableOffsets,
): Steps<ReadRegisterBrokerBody> {
  const table = new TopicTableReader(bytes, known)
  const body = yield* readBody(bytes, nowMs, table)
  // Only now that its keys are known not to be the same. Rare: a topic has been created or deleted.
  if (!table.keysAreKnown) return yield* readRegisterBrokerBody(bytes, nowMs)
  return { body, onlyChanges: known !== undefined, places: table.places }
}

function* readBody(bytes: Buffer, nowMs: number, table: TopicTableReader): Steps<RegisterBrokerBody> {
  const reader = new JsonReader(bytes)
  let wrapper: Wrapper = emptyWrapper(nowMs)
  let filterServerList: readonly string[] | null = []
  // A member may come again and again; for the first of each nobody need wait.
  let members = 0
  if (!reader.enterObject()) throw new JsonError('the registration is null', 0)
  for (
    let field = reader.nextField(BODY_FIELDS);
    field !== undefined;
    field = reader.nextField(BODY_FIELDS)
  ) {
    if (field === 'filterServerList')
      filterServerList = withoutNulls(reader.readStringList(MOST_FILTER_SERVERS))
    else wrapper = yield* readWrapper(reader, nowMs, table)
    if (++members > BODY_FIELDS.count) yield
  }
  reader.expectEnd()
  return { ...wrapper, filterServerList }
}

/**
 * Reads the bare wrapper that brokers before 3.0.11 send.
 * @throws {JsonError}
 */
export function* decodeTopicConfigWrapper(body: Buffer, nowMs: number): Steps<RegisterBrokerBody> {
  const reader = new JsonReader(body)
  const wrapper = yield* readWrapper(reader, nowMs, new TopicTableReader(body))
  reader.expectEnd()
  return { ...wrapper, filterServerList: null }
}

function emptyWrapper(nowMs: number): Wrapper {
  return {
    dataVersion: { counter: 0n, stateVersion: 0n, timestamp: BigInt(Math.trunc(nowMs)) },
    topicConfigTable: new Map(),
    topicQueueMappingInfoMap: new Map(),
  }
}

function* readWrapper(reader: JsonReader, nowMs: number, table: TopicTableReader): Steps<Wrapper> {
  let { dataVersion, topicConfigTable, topicQueueMappingInfoMap } = emptyWrapper(nowMs)
  let members = 0
  if (!reader.enterObject()) throw new JsonError('topicConfigSerializeWrapper is null', reader.offset)
  for (
    let field = reader.nextField(WRAPPER_FIELDS);
    field !== undefined;
    field = reader.nextField(WRAPPER_FIELDS)
  ) {
    switch (field) {
      case 'topicConfigTable':
        topicConfigTable = yield* table.read(reader)
        break
      case 'dataVersion':
        dataVersion = required(readDataVersion(reader, nowMs), field, reader)
        break
      case 'topicQueueMappingInfoMap':
        topicQueueMappingInfoMap = yield* readTable(reader, field, readTopicQueueMappingInfo)
        break
      default:
        field satisfies never
    }
    if (++members > WRAPPER_FIELDS.count) yield
  }
  return { dataVersion, topicConfigTable, topicQueueMappingInfoMap }
}

/** Reads the topic table, notes where its entries stand, and passes over those that stand where they did. */
class TopicTableReader {
  readonly #bytes: Buffer
  readonly #known: TopicTableOffsets | undefined
  #boundaries: Uint32Array | undefined
  #tables = 0
  #keysAreNames = true
  #keysDiffer = false

  constructor(bytes: Buffer, known?: TopicTableOffsets) {
    this.#bytes = bytes
    this.#known = known
  }

  /** False if topics were passed over, or would have been, whose table had other keys. */
  get keysAreKnown(): boolean {
    return this.#known === undefined || (this.#tables === 1 && this.#keysAreNames && !this.#keysDiffer)
  }

  get places(): TopicTableOffsets | undefined {
    if (this.#boundaries === undefined || this.#tables !== 1 || !this.#keysAreNames) return undefined
    return { bytes: this.#bytes, boundaries: this.#boundaries }
  }

  *read(reader: JsonReader): Steps<ReadonlyMap<string, NamedTopicConfig>> {
    if (!reader.enterObject()) throw new JsonError('topicConfigTable is null', reader.offset)
    this.#tables++
    // Of several tables none is passed over: everything will be read again.
    let known = this.#tables === 1 ? this.#known : undefined
    const knownEntries = known === undefined ? 0 : known.boundaries.length - 1
    const boundaries = new Boundaries(known)
    const map = new Map<string, NamedTopicConfig>()
    for (let entry = 0; ; entry++) {
      if (known !== undefined) entry += passOverEqual(known, entry, this.#bytes, reader, boundaries)
      boundaries.push(reader.offset)
      const name = reader.nextName()
      if (known !== undefined && name !== (entry < knownEntries ? entryName(known, entry) : undefined)) {
        this.#keysDiffer = true
        known = undefined
      }
      if (name === undefined) break
      const config = required(readNamedTopicConfig(reader), 'an entry of topicConfigTable', reader)
      if (config.topicName !== name) this.#keysAreNames = false
      map.set(name, config)
      yield
    }
    if (this.#known === undefined && map.size !== boundaries.length - 1) this.#keysAreNames = false
    this.#boundaries = boundaries.all()
    return map
  }
}

/** @returns How many entries were passed over. */
function passOverEqual(
  known: TopicTableOffsets,
  entry: number,
  bytes: Buffer,
  reader: JsonReader,
  boundaries: Boundaries,
): number {
  if (entry >= known.boundaries.length - 1) return 0
  const equal = equalEntries(known, entry, bytes, reader.offset)
  const moved = reader.offset - (known.boundaries[entry] as number)
  boundaries.pushMoved(known.boundaries.subarray(entry, entry + equal), moved)
  reader.skipTo((known.boundaries[entry + equal] as number) + moved)
  return equal
}

function* readTable<Value>(
  reader: JsonReader,
  table: string,
  readValue: (reader: JsonReader) => Value | null,
): Steps<ReadonlyMap<string, Value>> {
  if (!reader.enterObject()) throw new JsonError(`${table} is null`, reader.offset)
  const map = new Map<string, Value>()
  for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
    map.set(name, required(readValue(reader), `an entry of ${table}`, reader))
    yield
  }
  return map
}

function readNamedTopicConfig(reader: JsonReader): NamedTopicConfig | null {
  const config = readTopicConfig(reader)
  if (config !== null) required(config.topicName, 'topicName', reader)
  return config as NamedTopicConfig | null
}

function required<Value>(value: Value | null, what: string, reader: JsonReader): Value {
  if (value === null) throw new JsonError(`${what} is null`, reader.offset)
  return value
}

function withoutNulls(list: (string | null)[] | null): string[] | null {
  return list === null ? null : list.filter((address) => address !== null)
}
