import { toEnd } from '../../common/time-slicer.ts'
import { type Impact, impactOf } from '../../inspect/impact.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import type { CommandContext } from '../run-command.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from './kv.ts'
import type { NameServer } from './name-server.ts'
import { eachRoute } from './routes.ts'

/** Names in each list of an impact; the total counts all. */
export const MAX_IMPACT_NAMES = 10_000

/**
 * What clients would lose if a broker group stopped, from the routes of all topics, which every NameServer has.
 * @throws {CommandError} (rejects)
 */
export async function impactFromRoutes(
  server: NameServer,
  brokerName: string,
  context: Pick<CommandContext, 'progress'>,
): Promise<Impact> {
  const topics = new Map<string, ReadonlyMap<string, QueueData>>()
  const mappings = new Map<string, ReadonlyMap<string, unknown>>()
  const groups = await server.brokerGroups()
  const orderConfigs = await server.kvTable(NAMESPACE_ORDER_TOPIC_CONFIG)
  await eachRoute(server, context, (topic, { queueDatas, topicQueueMappingByBroker }) => {
    const named = queueDatas.map((queues) => ({ ...queues, brokerName: queues.brokerName ?? '' }))
    // Only topics with queues on the group can be lost with it.
    if (!named.some((queues) => queues.brokerName === brokerName)) return
    topics.set(topic, new Map(named.map((queues) => [queues.brokerName, queues])))
    if (topicQueueMappingByBroker.size > 0) mappings.set(topic, topicQueueMappingByBroker)
  })
  const routes = {
    group: (name: string) => groups.get(name),
    topics: () => topics,
    mappings: (topic: string) => mappings.get(topic),
  }
  const stopping = { brokerName, address: null, limit: MAX_IMPACT_NAMES }
  return toEnd(impactOf(routes, orderConfigs ?? new Map(), stopping))
}
