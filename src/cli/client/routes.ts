import type { NameServer } from '../../admin/name-server.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import type { ListedRoute } from '../../protocol/body/topic-route-reader.ts'
import type { CommandContext } from '../run-command.ts'
import { inParallel } from './in-parallel.ts'

/** Lookups under way at a time. */
const MAX_LOOKUPS = 128

/**
 * Looks up the route of every topic of a NameServer, many at a time.
 * @param use - Gets each route once, in no certain order. Topics without a route, because they were deleted meanwhile, are left out.
 * @throws {CommandError} (rejects)
 */
export async function eachRoute(
  server: NameServer,
  { progress }: Pick<CommandContext, 'progress'>,
  use: (topic: string, route: ListedRoute) => void,
): Promise<void> {
  const topics = [...(await server.topicNames())]
  await inParallel(topics, { server, limit: MAX_LOOKUPS, what: 'routes', progress }, async (topic) => {
    const route = await server.route(topic)
    if (route !== undefined) use(topic, route)
  })
}

/** Routes by topic, and in each by broker name. */
export interface RouteTables {
  readonly topics: ReadonlyMap<string, ReadonlyMap<string, QueueData>>
  /** Of static topics. */
  readonly mappings: ReadonlyMap<string, ReadonlyMap<string, TopicQueueMappingInfo>>
}

/**
 * The routes of all topics of a NameServer.
 * @param brokerName - Only topics with queues on this broker group. Default: all.
 * @throws {CommandError} (rejects)
 */
export async function routeTables(
  server: NameServer,
  context: Pick<CommandContext, 'progress'>,
  brokerName?: string,
): Promise<RouteTables> {
  const topics = new Map<string, ReadonlyMap<string, QueueData>>()
  const mappings = new Map<string, ReadonlyMap<string, TopicQueueMappingInfo>>()
  await eachRoute(server, context, (topic, { queueDatas, topicQueueMappingByBroker }) => {
    const named = queueDatas.map((queues) => ({ ...queues, brokerName: queues.brokerName ?? '' }))
    const queuesByBroker = new Map(named.map((queues) => [queues.brokerName, queues]))
    if (brokerName !== undefined && !queuesByBroker.has(brokerName)) return
    topics.set(topic, queuesByBroker)
    if (topicQueueMappingByBroker.size > 0) mappings.set(topic, topicQueueMappingByBroker)
  })
  return { topics, mappings }
}
