import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { stringField } from '../protocol/ext-fields.ts'
import type { Processor } from '../protocol/processor.ts'
import type { RemotingResponse } from '../protocol/remoting-command.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { type ClientRequestSettings, routeAnswer } from './client-request-processor.ts'
import type { RequestObserver } from './request-observer.ts'

/** Looks topics up at the NameServers of the product environment, whose topics a test cluster can use. */
export interface ProductRouteLookup {
  /**
   * The route of a topic there, in the JSON dialect of old clients; null if it has none there, or no NameServer responds within
   * `clusterTestTimeoutMillis`. Throws {@link LimitError} if `clusterTestMaxLookups` lookups are under way.
   */
  topicRoute(topic: string): Promise<Buffer | null>
}

/**
 * GET_ROUTEINFO_BY_TOPIC in the cluster-test mode: a topic that is unknown here may be known in the product environment. As in
 * 4.x; the mode of 5.x answers every request as if it were this one.
 *
 * Whoever asks for such a topic waits for the product environment, and so do the requests behind it on the same connection.
 * @see ClusterTestRequestProcessor in apache/rocketmq
 */
export function clusterTestRequestProcessor(
  routeInfo: RouteInfoManager,
  kvConfig: KVConfigManager,
  settings: Pick<ClientRequestSettings, 'supportActingMaster'>,
  product: ProductRouteLookup,
  onNoRoute?: RequestObserver['onNoRoute'],
): Processor {
  return ({ extFields }, context) => {
    const topic = stringField(extFields, 'topic')
    if (topic === null) return routeAnswer('null', null)
    const elsewhere = async (): Promise<RemotingResponse> => {
      const route = await product.topicRoute(topic)
      if (route === null) onNoRoute?.(topic, context)
      return routeAnswer(topic, route)
    }
    const variant = {
      dialect: 'legacy',
      supportActingMaster: settings.supportActingMaster,
      orderTopicConf: kvConfig.getKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, topic),
    } as const
    const route = routeInfo.encodedRoute(topic, variant)
    return route === null ? elsewhere() : routeAnswer(topic, route)
  }
}
