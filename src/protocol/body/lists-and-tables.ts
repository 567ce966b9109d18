import type { Steps } from '../../common/time-slicer.ts'
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
