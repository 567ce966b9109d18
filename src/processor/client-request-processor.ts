import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import type { JsonDialect } from '../protocol/json/json-text.ts'
import type { Processor } from '../protocol/processor.ts'
import {
  type ExtFields,
  MQVersion,
  RemarkTemplate,
  type RemotingResponse,
} from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RouteVariant } from '../routeinfo/encoded-route-cache.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { ProcessorEvents } from './processor-events.ts'
import { booleanField, stringField } from './request-fields.ts'

/** Settings of route lookups, read at every use. */
export interface ClientRequestSettings {
  readonly orderMessageEnable: boolean
  readonly supportActingMaster: boolean
  /** Reject lookups for {@link waitSecondsForService} after the start, so that brokers can register first. */
  readonly needWaitForService: boolean
  readonly waitSecondsForService: number
}

/** What a route lookup needs. */
export interface ClientRequestOptions extends Pick<ProcessorEvents, 'onNoRoute'> {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly settings: ClientRequestSettings
  /** When the server started, on the clock of the requests. */
  readonly startedMs: number
}

/** To lookups within `waitSecondsForService`. */
export const NOT_READY: RemotingResponse = {
  code: ResponseCode.SYSTEM_ERROR,
  remark: 'name server not ready',
}
const NO_ROUTE = new RemarkTemplate(
  'No topic route info in name server for the topic: ',
  '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.',
)

/**
 * Serves GET_ROUTEINFO_BY_TOPIC: the brokers and queues of a topic.
 * @see ClientRequestProcessor#getRouteInfoByTopic in apache/rocketmq
 */
export class ClientRequestProcessor {
  readonly #options: ClientRequestOptions

  constructor(options: ClientRequestOptions) {
    this.#options = options
  }

  readonly processRequest: Processor = (request, context) => {
    const { extFields, version } = request
    const { routeInfo, kvConfig, settings, startedMs } = this.#options
    if (settings.needWaitForService && context.nowMs - startedMs < settings.waitSecondsForService * 1000)
      return NOT_READY
    const topic = stringField(extFields, 'topic')
    if (topic === null) return routeResponse('null', null)
    const { supportActingMaster, orderMessageEnable } = settings
    const orderTopicConf = orderMessageEnable
      ? kvConfig.getKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, topic)
      : null
    const zoneName = requestedZone(extFields)
    const strict = version >= MQVersion.V4_9_4 || booleanField(extFields, 'acceptStandardJsonOnly') === true
    const variant = routeVariant(strict ? 'standard' : 'legacy', supportActingMaster, orderTopicConf)
    const route =
      zoneName === null
        ? routeInfo.encodedRoute(topic, variant)
        : routeInfo.encodedRouteOfZone(topic, zoneName, variant)
    if (route === null) this.#options.onNoRoute(topic, request, context)
    return routeResponse(topic, route)
  }
}

/** Looks topics up at the NameServers of the product environment, whose topics a test cluster can use. */
export interface ProductRouteLookup {
  /**
   * The route of a topic there, in the JSON dialect of old clients; null if it has none there, or no NameServer responds within
   * `clusterTestTimeoutMillis`. Throws {@link LimitError} if `clusterTestMaxLookups` lookups are under way.
   */
  topicRoute(topic: string): Promise<Buffer | null>
}

/**
 * Serves GET_ROUTEINFO_BY_TOPIC in the cluster-test mode: a topic that is unknown here is looked up in the product environment.
 * As in 4.x; the mode of 5.x responds to every request as if it were this one.
 *
 * The requests behind such a lookup on the same connection wait for it.
 * @see ClusterTestRequestProcessor in apache/rocketmq
 */
export class ClusterTestRequestProcessor {
  readonly #options: ClientRequestOptions
  readonly #product: ProductRouteLookup

  constructor(options: ClientRequestOptions, product: ProductRouteLookup) {
    this.#options = options
    this.#product = product
  }

  readonly processRequest: Processor = (request, context) => {
    const { routeInfo, kvConfig, settings, onNoRoute } = this.#options
    const topic = stringField(request.extFields, 'topic')
    if (topic === null) return routeResponse('null', null)
    const orderTopicConf = kvConfig.getKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, topic)
    const route = routeInfo.encodedRoute(
      topic,
      routeVariant('legacy', settings.supportActingMaster, orderTopicConf),
    )
    if (route !== null) return routeResponse(topic, route)
    return this.#product.topicRoute(topic).then((productRoute) => {
      if (productRoute === null) onNoRoute(topic, request, context)
      return routeResponse(topic, productRoute)
    })
  }
}

/** Serves GET_ROUTEINFO_BY_TOPIC. @param product - Defined in the cluster-test mode. */
export function lookupProcessor(
  options: ClientRequestOptions,
  product: ProductRouteLookup | undefined,
): Processor {
  const processor =
    product === undefined
      ? new ClientRequestProcessor(options)
      : new ClusterTestRequestProcessor(options, product)
  return processor.processRequest
}

/** What Java's `StringUtils.isBlank` takes for blank: white space, but not the non-breaking spaces. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: four of them are white space to Java
const BLANK = /^[\t-\r\u001c-\u0020\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/

/** The zone to which a client wants its routes confined, or null. */
function requestedZone(extFields: ExtFields | null): string | null {
  if (booleanField(extFields, '__ZONE_MODE') !== true) return null
  const zoneName = stringField(extFields, '__ZONE_NAME')
  return zoneName === null || BLANK.test(zoneName) ? null : zoneName
}

const unordered = (dialect: JsonDialect, supportActingMaster: boolean): RouteVariant => ({
  dialect,
  supportActingMaster,
  orderTopicConf: null,
})

/** The variants of topics without an order configuration: the same four values for all lookups. */
const UNORDERED = {
  standard: { acting: unordered('standard', true), plain: unordered('standard', false) },
  legacy: { acting: unordered('legacy', true), plain: unordered('legacy', false) },
}

function routeVariant(
  dialect: JsonDialect,
  supportActingMaster: boolean,
  orderTopicConf: string | null,
): RouteVariant {
  if (orderTopicConf !== null) return { dialect, supportActingMaster, orderTopicConf }
  return supportActingMaster ? UNORDERED[dialect].acting : UNORDERED[dialect].plain
}

/** The response to a lookup; without a route the topic does not exist. */
function routeResponse(topic: string, route: Buffer | null): RemotingResponse {
  if (route !== null) return { code: ResponseCode.SUCCESS, body: route }
  return { code: ResponseCode.TOPIC_NOT_EXIST, remark: NO_ROUTE.with(topic) }
}
