import { objectText, quote, sortedEntries, stringListText } from '../json/json-text.ts'
import { type BrokerData, brokerAddrsText, brokerDataText } from './topic-route-data.ts'

/** Names to the groups they stand for, and clusters to the names in them. @see ClusterInfo in apache/rocketmq */
export interface ClusterInfo {
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>
  readonly clusterAddrTable: ReadonlyMap<string, ReadonlySet<string>>
}

/** The body of GET_BROKER_CLUSTER_INFO. */
export function encodeClusterInfo(info: ClusterInfo): Buffer {
  const brokers = [...info.brokerAddrTable].map(
    ([name, data]) => [name, brokerDataText(data, 'legacy')] as const,
  )
  const clusters = [...info.clusterAddrTable].map(
    ([name, brokers]) => [name, stringListText(brokers)] as const,
  )
  return Buffer.from(
    `{"brokerAddrTable":${objectText(brokers, 'legacy')},"clusterAddrTable":${objectText(clusters, 'legacy')}}`,
  )
}

/** The body of every request that asks for topic names. @see TopicList in apache/rocketmq */
export function encodeTopicList(topics: Iterable<string>, brokerAddr: string | null = null): Buffer {
  const addr = brokerAddr === null ? '' : `"brokerAddr":${quote(brokerAddr)},`
  return Buffer.from(`{${addr}"topicList":${stringListText(topics)}}`)
}

/** The body of GET_KVLIST_BY_NAMESPACE and of a registration's answer; null values are left out. @see KVTable */
export function encodeKVTable(table: ReadonlyMap<string, string | null>): Buffer {
  const entries: [string, string][] = []
  for (const [key, value] of sortedEntries(table)) if (value !== null) entries.push([key, quote(value)])
  return Buffer.from(`{"table":${objectText(entries, 'legacy')}}`)
}

/**
 * The body of GET_BROKER_MEMBER_GROUP; cluster and name echo the request.
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
