import { LimitError } from '../common/limit-error.ts'
import type { Processor } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import {
  brokerHeartbeat,
  getBrokerClusterInfo,
  getBrokerMemberGroup,
  queryDataVersion,
  setWritePermOfBroker,
  unregisterBroker,
} from './brokers.ts'
import {
  type ClientRequestOptions,
  type ClientRequestSettings,
  lookupProcessor,
  type ProductRouteLookup,
} from './client-request-processor.ts'
import { type ClosableConnections, closeConnection } from './close-connection.ts'
import { handleRegisterBroker, type RegisterBrokerOptions } from './handle-register-broker.ts'
import { type Inspection, inspect } from './inspect.ts'
import {
  deleteKVConfig,
  getKVConfig,
  getKVListByNamespace,
  type KVChangeOptions,
  putKVConfig,
} from './kv-config.ts'
import { getNamesrvConfig, type NamesrvConfiguration, updateNamesrvConfig } from './namesrv-config.ts'
import { type RegistrationLimits, RegistrationsInFlight } from './registrations-in-flight.ts'
import {
  deleteTopicInNamesrv,
  getAllTopicList,
  getSystemTopicList,
  getTopicsByCluster,
  getTopicsByFlag,
  registerTopicInNamesrv,
  type TopicListSettings,
  type TopicLists,
  unitFlags,
} from './topics.ts'

/** What the processors work on. */
export interface ProcessorOptions
  extends ClientRequestOptions,
    KVChangeOptions,
    TopicLists,
    Omit<RegisterBrokerOptions, 'inFlight'> {
  readonly settings: ProcessorSettings
  readonly configuration: NamesrvConfiguration
  readonly inspection: Inspection
  readonly connections: ClosableConnections
  /** Where unknown topics are looked up in the cluster-test mode; undefined if it is off. */
  readonly product: ProductRouteLookup | undefined
}

/** Read at every use, so they may change while the server runs; limits are read once. */
export type ProcessorSettings = ClientRequestSettings &
  KVChangeOptions['settings'] &
  TopicListSettings &
  RegisterBrokerOptions['settings'] &
  RegistrationLimits & {
    /** A longer body is rejected, where a body is read in one go. */
    readonly maxRequestBodyBytes: number
  }

/** The processor of each request code. A code without one does not compile. */
export type ProcessorTable = Readonly<Record<RequestCode, Processor>>

/**
 * The processors of all request codes, one function each.
 * @see DefaultRequestProcessor#processRequest in apache/rocketmq
 */
export class DefaultRequestProcessor {
  readonly processors: ProcessorTable

  constructor(options: ProcessorOptions) {
    const { routeInfo, kvConfig, configuration, inspection, connections, settings, counters, product } =
      options
    const { maxRequestBodyBytes } = settings
    const inFlight = new RegistrationsInFlight(settings, counters)
    this.processors = {
      [RequestCode.PUT_KV_CONFIG]: putKVConfig(options),
      [RequestCode.GET_KV_CONFIG]: getKVConfig(kvConfig),
      [RequestCode.DELETE_KV_CONFIG]: deleteKVConfig(options),
      [RequestCode.REGISTER_BROKER]: handleRegisterBroker({ ...options, inFlight }),
      [RequestCode.UNREGISTER_BROKER]: unregisterBroker(routeInfo),
      [RequestCode.GET_ROUTEINFO_BY_TOPIC]: lookupProcessor(options, product),
      [RequestCode.GET_BROKER_CLUSTER_INFO]: getBrokerClusterInfo(routeInfo),
      [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'wipe', options),
      [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: getAllTopicList(options),
      [RequestCode.DELETE_TOPIC_IN_NAMESRV]: deleteTopicInNamesrv(routeInfo, options),
      [RequestCode.REGISTER_TOPIC_IN_NAMESRV]: limitBody(
        maxRequestBodyBytes,
        registerTopicInNamesrv(routeInfo, options),
      ),
      [RequestCode.GET_KVLIST_BY_NAMESPACE]: getKVListByNamespace(kvConfig),
      [RequestCode.GET_TOPICS_BY_CLUSTER]: getTopicsByCluster(options),
      [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: getSystemTopicList(options),
      [RequestCode.GET_UNIT_TOPIC_LIST]: getTopicsByFlag(options, unitFlags.unit),
      [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST]: getTopicsByFlag(options, unitFlags.unitSub),
      [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST]: getTopicsByFlag(options, unitFlags.unitSubUnUnit),
      [RequestCode.UPDATE_NAMESRV_CONFIG]: updateNamesrvConfig(configuration),
      [RequestCode.GET_NAMESRV_CONFIG]: getNamesrvConfig(configuration),
      [RequestCode.QUERY_DATA_VERSION]: limitBody(maxRequestBodyBytes, queryDataVersion(routeInfo)),
      [RequestCode.ADD_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'add', options),
      [RequestCode.GET_BROKER_MEMBER_GROUP]: getBrokerMemberGroup(routeInfo),
      [RequestCode.BROKER_HEARTBEAT]: brokerHeartbeat(routeInfo),
      [RequestCode.INSPECT]: inspect(inspection),
      [RequestCode.CLOSE_CONNECTION]: closeConnection(connections, options),
    }
  }
}

/** Rejects a long body, which would block the event loop while it is read. */
function limitBody(maxBytes: number, processor: Processor): Processor {
  return (request, context) => {
    const bytes = request.body?.length ?? 0
    if (bytes <= maxBytes) return processor(request, context)
    const detail = `request body of ${bytes} bytes exceeds maxRequestBodyBytes (${maxBytes})`
    throw new LimitError('maxRequestBodyBytes', detail)
  }
}
