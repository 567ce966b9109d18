import { Perm } from '../protocol/body/topic-config.ts'
import {
  type BrokerData,
  MASTER_ID,
  type QueueData,
  type TopicRouteData,
} from '../protocol/body/topic-route-data.ts'
import { brokerKey, lacksMaster, minBrokerId, type RouteTables } from './route-tables.ts'
import { SYNC_BROKER_MEMBER_PREFIX } from './system-topics.ts'

/**
 * A topic's route as of the last transition that is over, or null if there is none.
 * @param supportActingMaster - Whether a group without master shows its smallest slave as one.
 * @see RouteInfoManager#pickupTopicRouteData in apache/rocketmq
 */
export function pickupTopicRouteData(
  tables: RouteTables,
  topic: string,
  supportActingMaster: boolean,
): Omit<TopicRouteData, 'orderTopicConf'> | null {
  const queues = tables.topicQueueTable.committed(topic)
  if (queues === undefined) return null
  const groups: BrokerData[] = []
  for (const name of queues.keys()) {
    const group = tables.brokerAddrTable.committed(name)
    if (group !== undefined) groups.push(group)
  }
  if (groups.length === 0) return null
  const acting = supportActingMaster && !topic.startsWith(SYNC_BROKER_MEMBER_PREFIX)
  return {
    queueDatas: [...queues.values()],
    brokerDatas: acting
      ? groups.map((group) => withActingMaster(group, queues.get(group.brokerName)))
      : groups,
    filterServerTable: filterServersOf(tables, groups),
    topicQueueMappingByBroker: tables.topicQueueMappingInfoTable.committed(topic) ?? null,
  }
}

/** The smallest slave of a group without master moves to id 0, unless the group's queues are still writable. */
function withActingMaster(group: BrokerData, queueData: QueueData | undefined): BrokerData {
  if (!group.enableActingMaster || !lacksMaster(group.brokerAddrs)) return group
  if (queueData === undefined || (queueData.perm & Perm.WRITE) !== 0) return group
  const actingId = minBrokerId(group.brokerAddrs)
  const brokerAddrs = new Map(
    [...group.brokerAddrs].map(([id, addr]) => [id === actingId ? MASTER_ID : id, addr]),
  )
  return { ...group, brokerAddrs }
}

function filterServersOf(tables: RouteTables, groups: readonly BrokerData[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  if (tables.filterServerTable.isEmpty) return found
  for (const { cluster, brokerAddrs } of groups) {
    for (const addr of brokerAddrs.values()) {
      const servers = tables.filterServerTable.committed(brokerKey(cluster, addr))
      if (servers !== undefined) found.set(addr, servers)
    }
  }
  return found
}
