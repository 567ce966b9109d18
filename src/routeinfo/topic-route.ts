import { Perm } from '../protocol/body/topic-config.ts'
import {
  type BrokerData,
  MASTER_ID,
  type QueueData,
  type TopicRouteData,
} from '../protocol/body/topic-route-data.ts'
import { brokerKey, minBrokerId } from './route-tables.ts'
import type { RouteView } from './route-view.ts'

/** Pseudo topics by which slaves look up their group; they see it as it is. @see TopicValidator#SYNC_BROKER_MEMBER_PREFIX */
const SYNC_BROKER_MEMBER_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_'

/**
 * A topic's route as of the last finished transition, or null if there is none.
 * @param supportActingMaster - Whether a group without master shows the slave with the min broker id as master.
 * @see RouteInfoManager#pickupTopicRouteData in apache/rocketmq
 */
export function pickupTopicRouteData(
  view: RouteView,
  topic: string,
  supportActingMaster: boolean,
): Omit<TopicRouteData, 'orderTopicConf'> | null {
  const queues = view.queues(topic)
  if (queues === undefined) return null
  const groups: BrokerData[] = []
  for (const name of queues.keys()) {
    const group = view.group(name)
    if (group !== undefined) groups.push(group)
  }
  if (groups.length === 0) return null
  const acting = supportActingMaster && !topic.startsWith(SYNC_BROKER_MEMBER_PREFIX)
  return {
    queueDatas: [...queues.values()],
    brokerDatas: acting
      ? groups.map((group) => withActingMaster(group, queues.get(group.brokerName)))
      : groups,
    filterServerTable: filterServersOf(view, groups),
    topicQueueMappingByBroker: view.mappings(topic) ?? null,
  }
}

/** In a group without master the slave with the min broker id moves to id 0, unless the group's queues are still writable. */
function withActingMaster(group: BrokerData, queueData: QueueData | undefined): BrokerData {
  if (!group.enableActingMaster || group.brokerAddrs.has(MASTER_ID)) return group
  if (queueData === undefined || (queueData.perm & Perm.WRITE) !== 0) return group
  const actingId = minBrokerId(group.brokerAddrs)
  const brokerAddrs = new Map(
    [...group.brokerAddrs].map(([id, addr]) => [id === actingId ? MASTER_ID : id, addr]),
  )
  return { ...group, brokerAddrs }
}

function filterServersOf(view: RouteView, groups: readonly BrokerData[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  if (view.hasNoFilterServers) return found
  for (const { cluster, brokerAddrs } of groups) {
    for (const addr of brokerAddrs.values()) {
      const servers = view.filterServers(brokerKey(cluster, addr))
      if (servers !== undefined) found.set(addr, servers)
    }
  }
  return found
}

/**
 * A route as the clients of one zone see it: without groups whose master is in another zone, their queues and filter servers.
 * Groups without master stay, so that clients can read from their slaves.
 *
 * @param route - With acting masters: they count as masters.
 * @see ZoneRouteRPCHook#filterByZoneName in apache/rocketmq
 */
export function filterByZoneName<Route extends Omit<TopicRouteData, 'orderTopicConf'>>(
  route: Route,
  zoneName: string,
): Route {
  const removed = route.brokerDatas.filter(
    (group) => group.brokerAddrs.has(MASTER_ID) && !equalsIgnoreCase(group.zoneName, zoneName),
  )
  if (removed.length === 0) return route
  const names = new Set(removed.map(({ brokerName }) => brokerName))
  const filterServerTable = new Map(route.filterServerTable)
  for (const { brokerAddrs } of removed)
    for (const addr of brokerAddrs.values()) filterServerTable.delete(addr)
  return {
    ...route,
    queueDatas: route.queueDatas.filter(({ brokerName }) => !names.has(brokerName)),
    brokerDatas: route.brokerDatas.filter(({ brokerName }) => !names.has(brokerName)),
    filterServerTable,
  }
}

/** Compares character by character, as Java does: one whose upper case is several characters is compared as it is. */
function equalsIgnoreCase(a: string | null, b: string): boolean {
  if (a === null) return false
  if (a === b) return true
  const [left, right] = [[...a], [...b]]
  return (
    left.length === right.length && left.every((char, index) => folded(char) === folded(`${right[index]}`))
  )
}

function folded(char: string): string {
  const upper = char.toUpperCase()
  const lower = ([...upper].length === 1 ? upper : char).toLowerCase()
  return [...lower][0] ?? char
}
