import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../../admin/kv.ts'
import type { NameServer } from '../../admin/name-server.ts'
import { toEnd } from '../../common/time-slicer.ts'
import { type Impact, impactOf } from '../../inspect/impact.ts'
import type { CommandContext } from '../run-command.ts'
import { routeTables } from './routes.ts'

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
  const groups = await server.brokerGroups()
  const orderConfigs = await server.kvTable(NAMESPACE_ORDER_TOPIC_CONFIG)
  // Only topics with queues on the group can be lost with it.
  const { topics, mappings } = await routeTables(server, context, brokerName)
  const routes = {
    group: (name: string) => groups.get(name),
    topics: () => topics,
    mappings: (topic: string) => mappings.get(topic),
    // Routes do not say.
    isProvisional: () => false,
  }
  const stopping = { brokerName, address: null, limit: MAX_IMPACT_NAMES }
  return toEnd(impactOf(routes, orderConfigs ?? new Map(), stopping))
}
