import { JsonError } from '../errors.ts'
import { FieldNames } from '../json/field-names.ts'
import { JsonReader } from '../json/json-reader.ts'
import { type DataVersion, EMPTY_DATA_VERSION, readDataVersion } from './data-version.ts'
import { readTopicConfig, type TopicConfig } from './topic-config.ts'
import { readTopicQueueMappingInfo, type TopicQueueMappingInfo } from './topic-queue-mapping-info.ts'

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

type Wrapper = Omit<RegisterBrokerBody, 'filterServerList'>
/** Reading that may be interrupted between any two steps. */
export type Sliced<Result> = Generator<undefined, Result, undefined>

/**
 * Reads the JSON form of 3.0.11 and later, `{"filterServerList":[…],"topicConfigSerializeWrapper":{…}}`, yielding after every
 * topic. Explicit nulls in places where Java would register half a broker are refused.
 * @throws {JsonError}
 */
export function* decodeRegisterBrokerBody(body: Buffer, nowMs: number): Sliced<RegisterBrokerBody> {
  const reader = new JsonReader(body)
  let wrapper: Wrapper = emptyWrapper(nowMs)
  let filterServerList: readonly string[] | null = []
  if (!reader.enterObject()) throw new JsonError('the registration is null', 0)
  for (
    let field = reader.nextField(BODY_FIELDS);
    field !== undefined;
    field = reader.nextField(BODY_FIELDS)
  ) {
    if (field === 'filterServerList') filterServerList = withoutNulls(reader.readStringList())
    else wrapper = yield* readWrapper(reader, nowMs)
  }
  reader.expectEnd()
  return { ...wrapper, filterServerList }
}

/**
 * Reads the bare wrapper that brokers before 3.0.11 send.
 * @throws {JsonError}
 */
export function* decodeTopicConfigWrapper(body: Buffer, nowMs: number): Sliced<RegisterBrokerBody> {
  const reader = new JsonReader(body)
  const wrapper = yield* readWrapper(reader, nowMs)
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

function* readWrapper(reader: JsonReader, nowMs: number): Sliced<Wrapper> {
  let { dataVersion, topicConfigTable, topicQueueMappingInfoMap } = emptyWrapper(nowMs)
  if (!reader.enterObject()) throw new JsonError('topicConfigSerializeWrapper is null', reader.offset)
  for (
    let field = reader.nextField(WRAPPER_FIELDS);
    field !== undefined;
    field = reader.nextField(WRAPPER_FIELDS)
  ) {
    switch (field) {
      case 'topicConfigTable':
        topicConfigTable = yield* readTable(reader, field, readNamedTopicConfig)
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
  }
  return { dataVersion, topicConfigTable, topicQueueMappingInfoMap }
}

function* readTable<Value>(
  reader: JsonReader,
  table: string,
  readValue: (reader: JsonReader) => Value | null,
): Sliced<ReadonlyMap<string, Value>> {
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
  if (config === null) return null
  return { ...config, topicName: required(config.topicName, 'topicName', reader) }
}

function required<Value>(value: Value | null, what: string, reader: JsonReader): Value {
  if (value === null) throw new JsonError(`${what} is null`, reader.offset)
  return value
}

function withoutNulls(list: (string | null)[] | null): string[] | null {
  return list === null ? null : list.filter((address) => address !== null)
}
