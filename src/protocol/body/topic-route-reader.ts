import { toEnd } from '../../common/time-slicer.ts'
import { JsonReader, type Members } from '../json/json-reader.ts'
import { type ListedGroup, readBrokerAddrs } from './lists-and-tables.ts'
import { readTopicQueueMappingInfo, type TopicQueueMappingInfo } from './topic-queue-mapping-info.ts'
import { type NamedQueues, NO_QUEUES, QUEUE_MEMBERS } from './topic-route-data.ts'

/** A broker group in the route of another NameServer. */
export interface RouteGroup extends ListedGroup {
  readonly brokerName: string | null
}

/** The route of a topic as another NameServer, ours or Java's of any release, gives it to clients. @see TopicRouteData in apache/rocketmq */
export interface ListedRoute {
  readonly brokerDatas: readonly RouteGroup[]
  readonly queueDatas: readonly NamedQueues[]
  readonly orderTopicConf: string | null
  /** Broker address to the addresses of its filter servers. */
  readonly filterServerTable: ReadonlyMap<string, readonly string[]>
  /** By broker name; empty unless the topic is static. */
  readonly topicQueueMappingByBroker: ReadonlyMap<string, TopicQueueMappingInfo>
}

const GROUP_MEMBERS: Members<RouteGroup> = {
  brokerName: (reader) => reader.readString(),
  cluster: (reader) => reader.readString(),
  brokerAddrs: (reader) => toEnd(readBrokerAddrs(reader)),
  zoneName: (reader) => reader.readString(),
  enableActingMaster: (reader) => reader.readBoolean(),
}

const NO_GROUP: RouteGroup = {
  brokerName: null,
  cluster: null,
  brokerAddrs: new Map(),
  zoneName: null,
  enableActingMaster: null,
}

/** Far more than a broker has. */
const MAX_FILTER_SERVERS = 1_024

const ROUTE_MEMBERS: Members<ListedRoute> = {
  brokerDatas: (reader) => readList(reader, () => reader.readObject(GROUP_MEMBERS, NO_GROUP)),
  queueDatas: (reader) => readList(reader, () => reader.readObject(QUEUE_MEMBERS, NO_QUEUES)),
  orderTopicConf: (reader) => reader.readString(),
  filterServerTable: (reader) => readTable(reader, () => reader.readStringList(MAX_FILTER_SERVERS)),
  topicQueueMappingByBroker: (reader) => readTable(reader, () => readTopicQueueMappingInfo(reader)),
}

const NO_ROUTE: ListedRoute = {
  brokerDatas: [],
  queueDatas: [],
  orderTopicConf: null,
  filterServerTable: new Map(),
  topicQueueMappingByBroker: new Map(),
}

/** Decodes the response to a route lookup, in standard JSON or with the unquoted keys of 4.x. @throws {JsonError} */
export function decodeTopicRouteData(body: Buffer): ListedRoute {
  const reader = new JsonReader(body)
  const route = reader.readObject(ROUTE_MEMBERS, NO_ROUTE) ?? NO_ROUTE
  reader.expectEnd()
  return route
}

function readList<Element>(reader: JsonReader, read: () => Element | null): Element[] {
  const list: Element[] = []
  if (!reader.enterArray()) return list
  while (reader.nextElement()) {
    const element = read()
    if (element !== null) list.push(element)
  }
  return list
}

function readTable<Value>(reader: JsonReader, read: () => Value | null): Map<string, Value> {
  const table = new Map<string, Value>()
  if (!reader.enterObject()) return table
  for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
    const value = read()
    if (value !== null) table.set(name, value)
  }
  return table
}
