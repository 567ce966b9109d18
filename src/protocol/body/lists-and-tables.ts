import type { Steps } from '../../common/time-slicer.ts'
import { JsonError } from '../errors.ts'
import { JsonReader } from '../json/json-reader.ts'
import { objectText, quote, sortedEntries, TextChunks } from '../json/json-text.ts'
import { type BrokerData, brokerAddrsText, brokerDataText } from './topic-route-data.ts'

/** Broker groups by name, and broker names by cluster. @see ClusterInfo in apache/rocketmq */
export interface ClusterInfo {
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>
  readonly clusterAddrTable: ReadonlyMap<string, ReadonlySet<string>>
}

/** Encodes the body of GET_BROKER_CLUSTER_INFO, yielding after every group and every broker name. */
export function* encodeClusterInfo(info: ClusterInfo): Steps<Buffer> {
  const text = new TextChunks()
  let separator = '{"brokerAddrTable":{'
  for (const [name, data] of info.brokerAddrTable) {
    text.add(`${separator}${quote(name)}:${brokerDataText(data, 'legacy')}`)
    separator = ','
    yield
  }
  if (info.brokerAddrTable.size === 0) text.add(separator)
  separator = '},"clusterAddrTable":{'
  for (const [name, brokers] of info.clusterAddrTable) {
    text.add(`${separator}${quote(name)}:`)
    yield* addStringList(text, brokers)
    separator = ','
  }
  if (info.clusterAddrTable.size === 0) text.add(separator)
  text.add('}}')
  return text.toBuffer()
}

/** Encodes the body of every topic list, yielding after every name. @see TopicList in apache/rocketmq */
export function* encodeTopicList(topics: Iterable<string>, brokerAddr: string | null = null): Steps<Buffer> {
  const text = new TextChunks()
  text.add(brokerAddr === null ? '{' : `{"brokerAddr":${quote(brokerAddr)},`)
  text.add('"topicList":')
  yield* addStringList(text, topics)
  text.add('}')
  return text.toBuffer()
}

/** Adds `["a","b"]`. */
function* addStringList(text: TextChunks, list: Iterable<string>): Steps<void> {
  let separator = ''
  text.add('[')
  for (const element of list) {
    text.add(separator + quote(element))
    separator = ','
    yield
  }
  text.add(']')
}

/** Encodes the body of GET_KVLIST_BY_NAMESPACE and of a registration's response; null values are left out. @see KVTable */
export function encodeKVTable(table: ReadonlyMap<string, string | null>): Buffer {
  const entries: [string, string][] = []
  for (const [key, value] of sortedEntries(table)) if (value !== null) entries.push([key, quote(value)])
  return Buffer.from(`{"table":${objectText(entries, 'legacy')}}`)
}

/**
 * Encodes the body of GET_BROKER_MEMBER_GROUP; cluster and name are those of the request.
 * @see GetBrokerMemberGroupResponseBody in apache/rocketmq
 */
export function encodeBrokerMemberGroup(
  cluster: string | null,
  brokerName: string | null,
  brokerAddrs: ReadonlyMap<bigint, string>,
): Buffer {
  let group = `"brokerAddrs":${brokerAddrsText(brokerAddrs, 'legacy')}`
  if (brokerName !== null) group += `,"brokerName":${quote(brokerName)}`
  if (cluster !== null) group += `,"cluster":${quote(cluster)}`
  return Buffer.from(`{"brokerMemberGroup":{${group}}}`)
}

/** A group as another NameServer shows it. Null members are missing in its response: 4.x has no zones and acting masters. */
export interface ListedGroup {
  readonly cluster: string | null
  readonly brokerAddrs: ReadonlyMap<bigint, string>
  readonly zoneName: string | null
  readonly enableActingMaster: boolean | null
}

/** A listed group as the tables have it; what is missing in it has Java's defaults. */
export function brokerDataOf(brokerName: string, group: ListedGroup): BrokerData {
  const { cluster, brokerAddrs, zoneName, enableActingMaster } = group
  return {
    brokerName,
    cluster: cluster ?? '',
    brokerAddrs,
    zoneName,
    enableActingMaster: enableActingMaster ?? false,
  }
}

function* readGroup(reader: JsonReader): Steps<ListedGroup> {
  let group: ListedGroup = {
    cluster: null,
    brokerAddrs: new Map(),
    zoneName: null,
    enableActingMaster: null,
  }
  if (!reader.enterObject()) return group
  const names = ['cluster', 'brokerAddrs', 'zoneName', 'enableActingMaster'] as const
  for (let name = reader.nextField(names); name !== undefined; name = reader.nextField(names)) {
    if (name === 'brokerAddrs') group = { ...group, brokerAddrs: yield* readBrokerAddrs(reader) }
    else if (name === 'enableActingMaster') group = { ...group, enableActingMaster: reader.readBoolean() }
    else group = { ...group, [name]: reader.readString() }
  }
  return group
}

/** Reads broker ids with their addresses. @throws {JsonError} */
export function* readBrokerAddrs(reader: JsonReader): Steps<ReadonlyMap<bigint, string>> {
  const addrs = new Map<bigint, string>()
  if (!reader.enterObject()) return addrs
  for (let id = reader.nextName(); id !== undefined; id = reader.nextName()) {
    if (!/^-?\d{1,19}$/.test(id)) throw new JsonError('expected a broker id', reader.offset)
    addrs.set(BigInt(id), reader.readString() ?? '')
    yield
  }
  return addrs
}

/** Decodes the groups, by broker name, of the response to GET_BROKER_CLUSTER_INFO. @throws {JsonError} */
export function* decodeGroups(body: Buffer): Steps<Map<string, ListedGroup>> {
  const groups = new Map<string, ListedGroup>()
  const reader = new JsonReader(body)
  if (!reader.enterObject()) return groups
  while (reader.nextField(['brokerAddrTable']) !== undefined) {
    if (!reader.enterObject()) continue
    for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
      groups.set(name, yield* readGroup(reader))
      yield
    }
  }
  reader.expectEnd()
  return groups
}

/** Far more than a cluster has. */
const MAX_BROKER_NAMES = 65_536

/** Decodes the broker names, by cluster, of the response to GET_BROKER_CLUSTER_INFO. @throws {JsonError} */
export function* decodeClusters(body: Buffer): Steps<Map<string, readonly string[]>> {
  const clusters = new Map<string, readonly string[]>()
  const reader = new JsonReader(body)
  if (!reader.enterObject()) return clusters
  while (reader.nextField(['clusterAddrTable']) !== undefined) {
    if (!reader.enterObject()) continue
    for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
      clusters.set(name, reader.readStringList(MAX_BROKER_NAMES) ?? [])
      yield
    }
  }
  reader.expectEnd()
  return clusters
}

/** Decodes a topic list. @throws {JsonError} */
export function* decodeTopicList(body: Buffer): Steps<Set<string>> {
  const topics = new Set<string>()
  const reader = new JsonReader(body)
  if (!reader.enterObject()) return topics
  while (reader.nextField(['topicList']) !== undefined) {
    if (!reader.enterArray()) continue
    while (reader.nextElement()) {
      const topic = reader.readString()
      if (topic !== null) topics.add(topic)
      yield
    }
  }
  reader.expectEnd()
  return topics
}

/** Decodes the response to GET_KVLIST_BY_NAMESPACE, without null values. @throws {JsonError} */
export function* decodeKVTable(body: Buffer): Steps<Map<string, string>> {
  const table = new Map<string, string>()
  const reader = new JsonReader(body)
  if (!reader.enterObject()) return table
  while (reader.nextField(['table']) !== undefined) {
    if (!reader.enterObject()) continue
    for (let key = reader.nextName(); key !== undefined; key = reader.nextName()) {
      const value = reader.readString()
      if (value !== null) table.set(key, value)
      yield
    }
  }
  reader.expectEnd()
  return table
}
