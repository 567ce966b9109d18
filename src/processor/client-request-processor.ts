import { type KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { booleanField, stringField } from '../protocol/ext-fields.ts'
import type { JsonDialect } from '../protocol/json/json-text.ts'
import { MQVersion } from '../protocol/mq-version.ts'
import type { Processor } from '../protocol/processor.ts'
import { RemarkTemplate } from '../protocol/remark.ts'
import type { ExtFields, RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RouteVariant } from '../routeinfo/encoded-route-cache.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { RequestObserver } from './request-observer.ts'

/** What a route lookup hangs on beside the tables; read at every use. */
export interface ClientRequestSettings {
  readonly orderMessageEnable: boolean
  readonly supportActingMaster: boolean
  /** Refuse lookups for a while after the start, until brokers have had time to register. */
  readonly needWaitForService: boolean
  readonly waitSecondsForService: number
}

const NOT_READY: RemotingResponse = { code: ResponseCode.SYSTEM_ERROR, remark: 'name server not ready' }
const NO_ROUTE = new RemarkTemplate(
  'No topic route info in name server for the topic: ',
  '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.',
)

/**
 * GET_ROUTEINFO_BY_TOPIC: where a topic lives.
 * @param startedMs - When the server started, on the same clock as the requests' `nowMs`.
 * @see ClientRequestProcessor#getRouteInfoByTopic in apache/rocketmq
 */
export function clientRequestProcessor(
  routeInfo: RouteInfoManager,
  kvConfig: KVConfigManager,
  settings: ClientRequestSettings,
  startedMs: number,
  onNoRoute?: RequestObserver['onNoRoute'],
): Processor {
  return ({ extFields, version }, context) => {
    if (settings.needWaitForService && context.nowMs - startedMs < settings.waitSecondsForService * 1000)
      return NOT_READY
    const topic = stringField(extFields, 'topic')
    if (topic === null) return routeAnswer('null', null)
    const { supportActingMaster, orderMessageEnable } = settings
    const orderTopicConf = orderMessageEnable
      ? kvConfig.getKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, topic)
      : null
    const zoneName = zoneOf(extFields)
    const strict = version >= MQVersion.V4_9_4 || booleanField(extFields, 'acceptStandardJsonOnly') === true
    const variant = routeVariant(strict ? 'standard' : 'legacy', supportActingMaster, orderTopicConf)
    const route =
      zoneName === null
        ? routeInfo.encodedRoute(topic, variant)
        : routeInfo.encodedRouteOfZone(topic, zoneName, variant)
    if (route === null) onNoRoute?.(topic, context)
    return routeAnswer(topic, route)
  }
}

/** What Java takes for blank: white space without the blanks that do not break a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: four of them are white space to Java
const BLANK = /^[\t-\r\u001c-\u0020\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/

/** The zone to which a client wants its routes confined, or null. */
function zoneOf(extFields: ExtFields | null): string | null {
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

/** The answer to a lookup of a topic; without a body there is no such topic. */
export function routeAnswer(topic: string, body: Buffer | null): RemotingResponse {
  if (body !== null) return { code: ResponseCode.SUCCESS, body }
  return { code: ResponseCode.TOPIC_NOT_EXIST, remark: NO_ROUTE.with(topic) }
}
