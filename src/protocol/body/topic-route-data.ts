import { FieldNames } from '../json/field-names.ts'
import { JsonReader } from '../json/json-reader.ts'
import { type JsonDialect, objectText, quote, sortedEntries, stringListText } from '../json/json-text.ts'
import { type TopicQueueMappingInfo, topicQueueMappingInfoText } from './topic-queue-mapping-info.ts'

/** Id of a group's master. */
export const MASTER_ID = 0n

/** A topic's queues on one broker name. @see QueueData in apache/rocketmq */
export interface QueueData {
  readonly brokerName: string
  readonly readQueueNums: number
  readonly writeQueueNums: number
  readonly perm: number
  readonly topicSysFlag: number
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
  return (
    a.brokerName === b.brokerName &&
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.perm === b.perm &&
    a.topicSysFlag === b.topicSysFlag
  )
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

const ROUTE_FIELDS = new FieldNames('queueDatas')
const QUEUE_FIELDS = new FieldNames('brokerName', 'perm', 'readQueueNums', 'topicSysFlag', 'writeQueueNums')

/**
 * Decodes the queue entries of a TopicRouteData body, the only part that REGISTER_TOPIC_IN_NAMESRV uses.
 * @throws {JsonError}
 */
export function decodeQueueDatas(
  body: Buffer,
): (Omit<QueueData, 'brokerName'> & { brokerName: string | null })[] {
  const reader = new JsonReader(body)
  const queueDatas: ReturnType<typeof decodeQueueDatas> = []
  if (!reader.enterObject()) return queueDatas
  while (reader.nextField(ROUTE_FIELDS) !== undefined) {
    queueDatas.length = 0
    if (!reader.enterArray()) continue
    while (reader.nextElement()) {
      const queueData = readQueueData(reader)
      if (queueData !== null) queueDatas.push(queueData)
    }
  }
  reader.expectEnd()
  return queueDatas
}

function readQueueData(reader: JsonReader): ReturnType<typeof decodeQueueDatas>[number] | null {
  if (!reader.enterObject()) return null
  let brokerName: string | null = null
  const numbers = { perm: 0, readQueueNums: 0, topicSysFlag: 0, writeQueueNums: 0 }
  for (
    let field = reader.nextField(QUEUE_FIELDS);
    field !== undefined;
    field = reader.nextField(QUEUE_FIELDS)
  ) {
    if (field === 'brokerName') brokerName = reader.readString()
    else numbers[field] = reader.readInt() ?? 0
  }
  return { brokerName, ...numbers }
}
