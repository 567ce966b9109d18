import { AdminError } from '../../admin/admin-error.ts'
import type { NameServer, RouteClient } from '../../admin/name-server.ts'
import { toEnd } from '../../common/time-slicer.ts'
import type { TopicCell, TopicFacts } from '../../inspect/explain/topic-story.ts'
import { MAX_SIMILAR, similarNames } from '../../inspect/similar-names.ts'
import type { ListedGroup } from '../../protocol/body/lists-and-tables.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { ListedRoute } from '../../protocol/body/topic-route-reader.ts'
import { ResponseCode } from '../../protocol/response-code.ts'

/** The topic whose brokers create topics on their first use. @see TopicValidator#AUTO_CREATE_TOPIC_KEY_TOPIC */
const AUTO_CREATE_TOPIC = 'TBW102'

/**
 * What the routes of a NameServer tell of a topic, for one that has no view of it: nothing of its past.
 * @param others - Asked whether they have a route.
 * @throws {CommandError} (rejects)
 */
export async function factsFromRoutes(
  server: NameServer,
  topic: string,
  client: RouteClient,
  others: readonly NameServer[],
): Promise<TopicFacts> {
  const seen = await server.route(topic, client)
  const [route, groups, creating, elsewhere] = await Promise.all([
    client.zone === undefined ? seen : server.route(topic),
    server.brokerGroups(),
    server.route(AUTO_CREATE_TOPIC),
    Promise.all(others.map(async (other) => ({ address: other.address, has: await hasRoute(other, topic) }))),
  ])
  const isFound = hasQueues(route)
  const autoCreating = (creating?.queueDatas ?? []).filter(({ perm }) => (perm & Perm.WRITE) !== 0)
  const those = (has: boolean): string[] =>
    elsewhere.filter((other) => other.has === has).map(({ address }) => address)
  return {
    topic,
    lookup: { code: isFound ? ResponseCode.SUCCESS : ResponseCode.TOPIC_NOT_EXIST, remark: null },
    zone: client.zone ?? null,
    cells: isFound ? cellsOf(route, new Set(seen?.brokerDatas.map(({ brokerName }) => brokerName))) : [],
    brokerGroups: groups.size,
    cluster: clusterFor(autoCreating[0]?.brokerName, groups),
    autoCreating: autoCreating.map(({ brokerName }) => brokerName ?? ''),
    slavesOnly: [],
    loss: undefined,
    registration: undefined,
    unnamedRemovals: [],
    awayWithUnnamed: undefined,
    lastDeparture: undefined,
    rejections: [],
    similar: isFound ? [] : toEnd(similarNames(topic, await listedTopics(server), MAX_SIMILAR)),
    miss: undefined,
    peersWith: isFound ? [] : those(true),
    peersWithout: isFound ? those(false) : [],
    startedMs: 0,
    waitSeconds: 0,
    clocks: { nowMs: () => 0, dateMs: () => 0 },
  }
}

/** Where a topic would be created: the cluster of a broker, or else the only one. */
function clusterFor(
  brokerName: string | null | undefined,
  groups: ReadonlyMap<string, ListedGroup>,
): string | undefined {
  const known = groups.get(brokerName ?? '')?.cluster
  const [only, ...others] = new Set([...groups.values()].map(({ cluster }) => cluster))
  return known ?? (others.length === 0 ? (only ?? undefined) : undefined)
}

/** All topics; none if the NameServer does not list them (`enableAllTopicList`). */
async function listedTopics(server: NameServer): Promise<ReadonlySet<string>> {
  try {
    return await server.topicNames()
  } catch (error) {
    if (error instanceof AdminError && (error.code === 'denied' || error.code === 'failed')) return new Set()
    throw error
  }
}

/** Undefined if it does not respond. */
async function hasRoute(server: NameServer, topic: string): Promise<boolean | undefined> {
  try {
    return hasQueues(await server.route(topic))
  } catch {
    return undefined
  }
}

/** For clients a route without queues does not exist. */
function hasQueues(route: ListedRoute | undefined): route is ListedRoute {
  return route !== undefined && route.queueDatas.length > 0
}

function cellsOf(route: ListedRoute, visible: ReadonlySet<string | null>): TopicCell[] {
  const groups = new Map(route.brokerDatas.map((group) => [group.brokerName, group]))
  return route.queueDatas.map(({ brokerName, perm, readQueueNums, writeQueueNums }) => {
    const { cluster, zoneName, brokerAddrs, enableActingMaster } = groups.get(brokerName) ?? {}
    return {
      brokerName: brokerName ?? '',
      cluster: cluster ?? '',
      zone: zoneName ?? null,
      perm,
      readQueues: readQueueNums,
      writeQueues: writeQueueNums,
      isVisible: visible.has(brokerName),
      isProvisional: false,
      isDropped: false,
      masterAddr: brokerAddrs?.get(MASTER_ID),
      slavesActAsMaster: enableActingMaster === true,
      registeredFrom: undefined,
      registeredMs: undefined,
      registeredPerm: undefined,
      permissionChange: undefined,
      masterLoss: undefined,
      addresses: [],
    }
  })
}
