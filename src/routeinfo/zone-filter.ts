import { MASTER_ID, type TopicRouteData } from '../protocol/body/topic-route-data.ts'

/**
 * A route as the clients of one zone see it: without groups whose master is in another zone, their queues and their filter
 * servers. A group without master stays wherever it is, so that its slaves can be read from.
 *
 * @param route - With acting masters in place: they count as masters.
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

/** Character by character, as Java compares; a character whose other case is several characters is its own. */
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
