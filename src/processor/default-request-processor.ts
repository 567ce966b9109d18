import type { TimeSlicer } from '../common/time-slicer.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { Processor } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { Counters } from '../stats/counters.ts'
import {
  brokerHeartbeat,
  getBrokerClusterInfo,
  getBrokerMemberGroup,
  queryDataVersion,
  setWritePermOfBroker,
  unregisterBroker,
} from './brokers.ts'
import { type ClientRequestSettings, clientRequestProcessor } from './client-request-processor.ts'
import { clusterTestRequestProcessor, type ProductEnvironment } from './cluster-test-request-processor.ts'
import { handleRegisterBroker } from './handle-register-broker.ts'
import { deleteKVConfig, getKVConfig, getKVListByNamespace, putKVConfig } from './kv-config.ts'
import { getNamesrvConfig, type NamesrvConfiguration, updateNamesrvConfig } from './namesrv-config.ts'
import type { RegistrationCache } from './registration-cache.ts'
import { type RegistrationLimits, RegistrationsInFlight } from './registrations-in-flight.ts'
import { boundedBody } from './request-fields.ts'
import { NO_OBSERVER, type RequestObserver } from './request-observer.ts'
import {
  deleteTopicInNamesrv,
  getAllTopicList,
  getSystemTopicList,
  getTopicsByCluster,
  getTopicsByFlag,
  registerTopicInNamesrv,
  type TopicListSettings,
  unitFlags,
} from './topics.ts'

/** What the processors work on. `settings` are read at every use, so they may change while the server runs. */
export interface ProcessorOptions extends RegistrationLimits {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly slicer: TimeSlicer
  readonly settings: ClientRequestSettings &
    TopicListSettings & {
      readonly returnOrderTopicConfigToBroker: boolean
      readonly deleteTopicWithBrokerRegistration: boolean
    }
  readonly configuration: NamesrvConfiguration
  /** When the server started, on the clock of the requests. */
  readonly startedMs: number
  /** Most bytes of a body that is read in one go. */
  readonly maxRequestBodyBytes: number
  /** Where topics that are unknown here are asked for, in the cluster-test mode. */
  readonly product?: ProductEnvironment | undefined
  /** The last registration of each broker. */
  readonly registrations: RegistrationCache
  readonly counters?: Counters
  /** Default: tells nothing. */
  readonly observer?: RequestObserver
}

/**
 * The processor of each request code. A code without one does not compile.
 * @see DefaultRequestProcessor#processRequest in apache/rocketmq
 */
export function createProcessors(options: ProcessorOptions): Record<RequestCode, Processor> {
  const { routeInfo, kvConfig, settings, configuration, startedMs, product, maxRequestBodyBytes } = options
  const { counters = new Counters(), observer = NO_OBSERVER } = options
  const inFlight = new RegistrationsInFlight(options, counters)
  return {
    [RequestCode.PUT_KV_CONFIG]: putKVConfig(kvConfig, observer),
    [RequestCode.GET_KV_CONFIG]: getKVConfig(kvConfig),
    [RequestCode.DELETE_KV_CONFIG]: deleteKVConfig(kvConfig, observer),
    [RequestCode.REGISTER_BROKER]: handleRegisterBroker({ ...options, inFlight, counters, observer }),
    [RequestCode.UNREGISTER_BROKER]: unregisterBroker(routeInfo),
    [RequestCode.GET_ROUTEINFO_BY_TOPIC]:
      product === undefined
        ? clientRequestProcessor(routeInfo, kvConfig, settings, startedMs, observer.onNoRoute)
        : clusterTestRequestProcessor(routeInfo, kvConfig, settings, product, observer.onNoRoute),
    [RequestCode.GET_BROKER_CLUSTER_INFO]: getBrokerClusterInfo(routeInfo),
    [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'wipe', observer),
    [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: getAllTopicList(options),
    [RequestCode.DELETE_TOPIC_IN_NAMESRV]: deleteTopicInNamesrv(routeInfo, observer),
    [RequestCode.REGISTER_TOPIC_IN_NAMESRV]: boundedBody(
      maxRequestBodyBytes,
      registerTopicInNamesrv(routeInfo, observer),
    ),
    [RequestCode.GET_KVLIST_BY_NAMESPACE]: getKVListByNamespace(kvConfig),
    [RequestCode.GET_TOPICS_BY_CLUSTER]: getTopicsByCluster(options),
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: getSystemTopicList(options),
    [RequestCode.GET_UNIT_TOPIC_LIST]: getTopicsByFlag(options, unitFlags.unit),
    [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST]: getTopicsByFlag(options, unitFlags.unitSub),
    [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST]: getTopicsByFlag(options, unitFlags.unitSubUnUnit),
    [RequestCode.UPDATE_NAMESRV_CONFIG]: updateNamesrvConfig(configuration),
    [RequestCode.GET_NAMESRV_CONFIG]: getNamesrvConfig(configuration),
    [RequestCode.QUERY_DATA_VERSION]: boundedBody(maxRequestBodyBytes, queryDataVersion(routeInfo)),
    [RequestCode.ADD_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'add', observer),
    [RequestCode.GET_BROKER_MEMBER_GROUP]: getBrokerMemberGroup(routeInfo),
    [RequestCode.BROKER_HEARTBEAT]: brokerHeartbeat(routeInfo),
  }
}
