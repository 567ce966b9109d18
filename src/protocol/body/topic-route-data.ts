import { type Steps, toEnd } from '../../common/time-slicer.ts'
import { JsonReader, type Members } from '../json/json-reader.ts'
import { type JsonDialect, objectText, quote, sortedEntries, stringListText } from '../json/json-text.ts'
import { sameQueues, type TopicQueues } from './topic-config.ts'
import { type TopicQueueMappingInfo, topicQueueMappingInfoText } from './topic-queue-mapping-info.ts'

/** Id of a group's master. */
export const MASTER_ID = 0n

/** A topic's queues on one broker name. @see QueueData in apache/rocketmq */
export interface QueueData extends TopicQueues {
  readonly brokerName: string
}

/** A group of brokers that share a name: one master, id 0, and its slaves. @see BrokerData in apache/rocketmq */
export interface BrokerData {
  readonly cluster: string
  readonly brokerName: string
  /** Broker id, a Java long, to `host:port`. */
  readonly brokerAddrs: ReadonlyMap<bigint, string>
  readonly zoneName: string | null
  readonly enableActingMaster: boolean
}

/** The body of the response to a route lookup. @see TopicRouteData in apache/rocketmq */
export interface TopicRouteData {
  readonly orderTopicConf: string | null
  readonly queueDatas: readonly QueueData[]
  readonly brokerDatas: readonly BrokerData[]
  /** Broker address to the addresses of its filter servers. */
  readonly filterServerTable: ReadonlyMap<string, readonly string[]>
  readonly topicQueueMappingByBroker: ReadonlyMap<string, TopicQueueMappingInfo> | null
}

/** Whether two queue entries are equal. */
export function sameQueueData(a: QueueData, b: QueueData): boolean {
  return a.brokerName === b.brokerName && sameQueues(a, b)
}

/** `{0:"address",…}`, ascending by id. */
export function brokerAddrsText(addrs: ReadonlyMap<bigint, string>, dialect: JsonDialect): string {
  return objectText(
    sortedEntries(addrs).map(([id, addr]) => [id, quote(addr)] as const),
    dialect,
  )
}

/** The JSON text of a group. */
export function brokerDataText(data: BrokerData, dialect: JsonDialect): string {
  const zone = data.zoneName === null ? '' : `,"zoneName":${quote(data.zoneName)}`
  return (
    `{"brokerAddrs":${brokerAddrsText(data.brokerAddrs, dialect)},"brokerName":${quote(data.brokerName)},` +
    `"cluster":${quote(data.cluster)},"enableActingMaster":${data.enableActingMaster}${zone}}`
  )
}

function queueDataText(data: QueueData): string {
  return (
    `{"brokerName":${quote(data.brokerName)},"perm":${data.perm},"readQueueNums":${data.readQueueNums},` +
    `"topicSysFlag":${data.topicSysFlag},"writeQueueNums":${data.writeQueueNums}}`
  )
}

/** Encodes a route. */
export function encodeTopicRouteData(route: TopicRouteData, dialect: JsonDialect): Buffer {
  const filterServers = sortedEntries(route.filterServerTable).map(
    ([addr, servers]) => [addr, stringListText(servers)] as const,
  )
  let text = `{"brokerDatas":[${route.brokerDatas.map((data) => brokerDataText(data, dialect)).join(',')}]`
  text += `,"filterServerTable":${objectText(filterServers, dialect)}`
  if (route.orderTopicConf !== null) text += `,"orderTopicConf":${quote(route.orderTopicConf)}`
  text += `,"queueDatas":[${route.queueDatas.map(queueDataText).join(',')}]`
  if (route.topicQueueMappingByBroker !== null) {
    const mappings = sortedEntries(route.topicQueueMappingByBroker).map(
      ([name, info]) => [name, topicQueueMappingInfoText(info, dialect)] as const,
    )
    text += `,"topicQueueMappingByBroker":${objectText(mappings, dialect)}`
  }
  return Buffer.from(`${text}}`)
}

/** Queues as an operator's tool names them. */
export type NamedQueues = Omit<QueueData, 'brokerName'> & { readonly brokerName: string | null }

export const QUEUE_MEMBERS: Members<NamedQueues> = {
  brokerName: (reader) => reader.readString(),
  perm: (reader) => reader.readInt() ?? 0,
  readQueueNums: (reader) => reader.readInt() ?? 0,
  topicSysFlag: (reader) => reader.readInt() ?? 0,
  writeQueueNums: (reader) => reader.readInt() ?? 0,
}

export const NO_QUEUES: NamedQueues = {
  brokerName: null,
  perm: 0,
  readQueueNums: 0,
  topicSysFlag: 0,
  writeQueueNums: 0,
}

/**
 * Decodes the queue entries of a TopicRouteData body, the only part that REGISTER_TOPIC_IN_NAMESRV uses.
 * @throws {JsonError}
 */
export function decodeQueueDatas(body: Buffer): readonly NamedQueues[] {
  return toEnd(decodeQueueDatasInSteps(body))
}

/** The same with a step per entry. @throws {JsonError} */
export function* decodeQueueDatasInSteps(body: Buffer): Steps<readonly NamedQueues[]> {
  const reader = new JsonReader(body)
  let queueDatas: NamedQueues[] = []
  if (!reader.enterObject()) return queueDatas
  while (reader.nextField(['queueDatas']) !== undefined) {
    // Of a repeated member the last one counts.
    queueDatas = []
    if (!reader.enterArray()) continue
    while (reader.nextElement()) {
      const queues = reader.readObject(QUEUE_MEMBERS, NO_QUEUES)
      if (queues !== null) queueDatas.push(queues)
      yield
    }
  }
  reader.expectEnd()
  return queueDatas
}
