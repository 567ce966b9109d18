import type { Steps } from '../../common/time-slicer.ts'
import { JsonError } from '../errors.ts'
import { JsonReader } from '../json/json-reader.ts'
import { type DataVersion, EMPTY_DATA_VERSION, readDataVersion } from './data-version.ts'
import { readTopicQueueMappingInfo, type TopicQueueMappingInfo } from './topic-queue-mapping-info.ts'
import { type KnownTopics, NO_TOPICS, readTopicTable, type TopicTable } from './topic-table.ts'

/**
 * What a broker registers beside its own identity.
 * @see RegisterBrokerBody and TopicConfigAndMappingSerializeWrapper in apache/rocketmq
 */
export interface RegisterBrokerBody {
  readonly dataVersion: DataVersion
  readonly topicConfigTable: TopicTable
  readonly topicQueueMappingInfoMap: ReadonlyMap<string, TopicQueueMappingInfo>
  /** Null leaves the broker's filter servers as they are, an empty list removes them. */
  readonly filterServerList: readonly string[] | null
}

/** The registration of a broker that sent no body. */
export function emptyRegisterBrokerBody(filterServerList: readonly string[] | null): RegisterBrokerBody {
  return {
    dataVersion: EMPTY_DATA_VERSION,
    topicConfigTable: NO_TOPICS,
    topicQueueMappingInfoMap: new Map(),
    filterServerList,
  }
}

const BODY_FIELDS = ['topicConfigSerializeWrapper', 'filterServerList'] as const
const WRAPPER_FIELDS = ['topicConfigTable', 'dataVersion', 'topicQueueMappingInfoMap'] as const

/** Maximum filter servers of one broker; a list is read in one step. */
export const MAX_FILTER_SERVERS = 10_000

type Wrapper = Omit<RegisterBrokerBody, 'filterServerList'>

/**
 * Reads the JSON form of 3.0.11 and later, `{"filterServerList":[…],"topicConfigSerializeWrapper":{…}}`. A null where Java would
 * register half a broker is rejected.
 * @param known - See {@link readTopicTable}.
 * @throws {JsonError}
 */
export function* readRegisterBrokerBody(
  bytes: Buffer,
  nowMs: number,
  known?: KnownTopics,
): Steps<RegisterBrokerBody> {
  const reader = new JsonReader(bytes)
  let wrapper: Wrapper = emptyWrapper(nowMs)
  let filterServerList: readonly string[] | null = []
  // A member may be repeated any number of times.
  let members = 0
  if (!reader.enterObject()) throw new JsonError('the registration is null', 0)
  for (
    let field = reader.nextField(BODY_FIELDS);
    field !== undefined;
    field = reader.nextField(BODY_FIELDS)
  ) {
    if (field === 'filterServerList') filterServerList = reader.readStringList(MAX_FILTER_SERVERS)
    else wrapper = yield* readWrapper(reader, bytes, nowMs, known)
    if (++members > BODY_FIELDS.length) yield
  }
  reader.expectEnd()
  return { ...wrapper, filterServerList }
}

/**
 * Reads the bare wrapper that brokers before 3.0.11 send.
 * @throws {JsonError}
 */
export function* decodeTopicConfigWrapper(
  bytes: Buffer,
  nowMs: number,
  known?: KnownTopics,
): Steps<RegisterBrokerBody> {
  const reader = new JsonReader(bytes)
  const wrapper = yield* readWrapper(reader, bytes, nowMs, known)
  reader.expectEnd()
  return { ...wrapper, filterServerList: null }
}

function emptyWrapper(nowMs: number): Wrapper {
  return {
    dataVersion: { counter: 0n, stateVersion: 0n, timestamp: BigInt(Math.trunc(nowMs)) },
    topicConfigTable: NO_TOPICS,
    topicQueueMappingInfoMap: new Map(),
  }
}

function* readWrapper(
  reader: JsonReader,
  bytes: Buffer,
  nowMs: number,
  known: KnownTopics | undefined,
): Steps<Wrapper> {
  let { dataVersion, topicConfigTable, topicQueueMappingInfoMap } = emptyWrapper(nowMs)
  let members = 0
  if (!reader.enterObject()) throw new JsonError('topicConfigSerializeWrapper is null', reader.offset)
  for (
    let field = reader.nextField(WRAPPER_FIELDS);
    field !== undefined;
    field = reader.nextField(WRAPPER_FIELDS)
  ) {
    if (field === 'topicConfigTable') topicConfigTable = yield* readTopicTable(reader, bytes, known)
    else if (field === 'topicQueueMappingInfoMap') topicQueueMappingInfoMap = yield* readMappings(reader)
    else {
      const version = readDataVersion(reader, nowMs)
      if (version === null) throw new JsonError('dataVersion is null', reader.offset)
      dataVersion = version
    }
    if (++members > WRAPPER_FIELDS.length) yield
  }
  return { dataVersion, topicConfigTable, topicQueueMappingInfoMap }
}

function* readMappings(reader: JsonReader): Steps<ReadonlyMap<string, TopicQueueMappingInfo>> {
  if (!reader.enterObject()) throw new JsonError('topicQueueMappingInfoMap is null', reader.offset)
  const mappings = new Map<string, TopicQueueMappingInfo>()
  for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
    const info = readTopicQueueMappingInfo(reader)
    if (info === null) throw new JsonError('an entry of topicQueueMappingInfoMap is null', reader.offset)
    mappings.set(name, info)
    yield
  }
  return mappings
}
