import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { Processor } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Slicer } from '../routeinfo/slicer.ts'
import {
  brokerHeartbeat,
  getBrokerClusterInfo,
  getBrokerMemberGroup,
  queryDataVersion,
  setWritePermOfBroker,
  unregisterBroker,
} from './brokers.ts'
import { type ClientRequestSettings, clientRequestProcessor } from './client-request-processor.ts'
import { deleteKVConfig, getKVConfig, getKVListByNamespace, putKVConfig } from './kv-config.ts'
import { registerBroker } from './register-broker.ts'
import type { RegistrationMemory } from './registration-memory.ts'
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
export interface ProcessorOptions {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly slicer: Slicer
  readonly settings: ClientRequestSettings &
    TopicListSettings & {
      readonly returnOrderTopicConfigToBroker: boolean
      readonly deleteTopicWithBrokerRegistration: boolean
    }
  /** When the server started, on the clock of the requests. */
  readonly startedMs: number
  /** Most bytes a compressed registration may inflate to. */
  readonly maxInflatedBytes: number
  /** What is kept of the last registration of each broker. */
  readonly memory: RegistrationMemory
}

/**
 * The processor of each request code. A code without one does not compile.
 * @see DefaultRequestProcessor#processRequest in apache/rocketmq
 */
export function createProcessors(options: ProcessorOptions): Record<RequestCode, Processor> {
  const { routeInfo, kvConfig, settings, startedMs } = options
  return {
    [RequestCode.PUT_KV_CONFIG]: putKVConfig(kvConfig),
    [RequestCode.GET_KV_CONFIG]: getKVConfig(kvConfig),
    [RequestCode.DELETE_KV_CONFIG]: deleteKVConfig(kvConfig),
    [RequestCode.REGISTER_BROKER]: registerBroker(options),
    [RequestCode.UNREGISTER_BROKER]: unregisterBroker(routeInfo),
    [RequestCode.GET_ROUTEINFO_BY_TOPIC]: clientRequestProcessor(routeInfo, kvConfig, settings, startedMs),
    [RequestCode.GET_BROKER_CLUSTER_INFO]: getBrokerClusterInfo(routeInfo),
    [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'wipe'),
    [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: getAllTopicList(routeInfo, settings),
    [RequestCode.DELETE_TOPIC_IN_NAMESRV]: deleteTopicInNamesrv(routeInfo),
    [RequestCode.REGISTER_TOPIC_IN_NAMESRV]: registerTopicInNamesrv(routeInfo),
    [RequestCode.GET_KVLIST_BY_NAMESPACE]: getKVListByNamespace(kvConfig),
    [RequestCode.GET_TOPICS_BY_CLUSTER]: getTopicsByCluster(routeInfo, settings),
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: getSystemTopicList(routeInfo),
    [RequestCode.GET_UNIT_TOPIC_LIST]: getTopicsByFlag(routeInfo, settings, unitFlags.unit),
    [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST]: getTopicsByFlag(routeInfo, settings, unitFlags.unitSub),
    [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST]: getTopicsByFlag(
      routeInfo,
      settings,
      unitFlags.unitSubUnUnit,
    ),
    [RequestCode.QUERY_DATA_VERSION]: queryDataVersion(routeInfo),
    [RequestCode.ADD_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'add'),
    [RequestCode.GET_BROKER_MEMBER_GROUP]: getBrokerMemberGroup(routeInfo),
    [RequestCode.BROKER_HEARTBEAT]: brokerHeartbeat(routeInfo),
  }
}
