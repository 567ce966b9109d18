import { LimitError } from '../common/limit-error.ts'
import type { TimeSlicer } from '../common/time-slicer.ts'
import type { Processor } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { Counters } from '../stats/counters.ts'
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
  ClientRequestProcessor,
  ClusterTestRequestProcessor,
  type ProductRouteLookup,
} from './client-request-processor.ts'
import { handleRegisterBroker } from './handle-register-broker.ts'
import { deleteKVConfig, getKVConfig, getKVListByNamespace, putKVConfig } from './kv-config.ts'
import { getNamesrvConfig, type NamesrvConfiguration, updateNamesrvConfig } from './namesrv-config.ts'
import type { RegistrationCache } from './registration-cache.ts'
import { type RegistrationLimits, RegistrationsInFlight } from './registrations-in-flight.ts'
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
export interface ProcessorOptions extends Omit<ClientRequestOptions, 'observer'>, RegistrationLimits {
  readonly slicer: TimeSlicer
  readonly settings: ClientRequestOptions['settings'] &
    TopicListSettings & {
      readonly returnOrderTopicConfigToBroker: boolean
      readonly deleteTopicWithBrokerRegistration: boolean
    }
  readonly configuration: NamesrvConfiguration
  /** A longer body is rejected, where a body is read in one go. */
  readonly maxRequestBodyBytes: number
  /** Where unknown topics are looked up in the cluster-test mode; undefined if it is off. */
  readonly product?: ProductRouteLookup | undefined
  /** The last registration of each broker. */
  readonly registrations: RegistrationCache
  readonly counters?: Counters
  /** Default: ignores everything. */
  readonly observer?: RequestObserver
}

/** The processor of each request code. A code without one does not compile. */
export type ProcessorTable = Readonly<Record<RequestCode, Processor>>

/** The processors of all request codes. */
export function createProcessors(options: ProcessorOptions): ProcessorTable {
  const { observer = NO_OBSERVER, product } = options
  const route =
    product === undefined
      ? new ClientRequestProcessor({ ...options, observer })
      : new ClusterTestRequestProcessor({ ...options, observer }, product)
  return {
    ...new DefaultRequestProcessor(options).processors,
    [RequestCode.GET_ROUTEINFO_BY_TOPIC]: route.processRequest,
  }
}

/**
 * Serves every request but GET_ROUTEINFO_BY_TOPIC, by one function per request code.
 * @see DefaultRequestProcessor#processRequest in apache/rocketmq
 */
export class DefaultRequestProcessor {
  readonly processors: Omit<ProcessorTable, typeof RequestCode.GET_ROUTEINFO_BY_TOPIC>

  constructor(options: ProcessorOptions) {
    const { routeInfo, kvConfig, configuration, maxRequestBodyBytes } = options
    const { counters = new Counters(), observer = NO_OBSERVER } = options
    const inFlight = new RegistrationsInFlight(options, counters)
    this.processors = {
      [RequestCode.PUT_KV_CONFIG]: putKVConfig(kvConfig, observer),
      [RequestCode.GET_KV_CONFIG]: getKVConfig(kvConfig),
      [RequestCode.DELETE_KV_CONFIG]: deleteKVConfig(kvConfig, observer),
      [RequestCode.REGISTER_BROKER]: handleRegisterBroker({ ...options, inFlight, counters, observer }),
      [RequestCode.UNREGISTER_BROKER]: unregisterBroker(routeInfo),
      [RequestCode.GET_BROKER_CLUSTER_INFO]: getBrokerClusterInfo(routeInfo),
      [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'wipe', observer),
      [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: getAllTopicList(options),
      [RequestCode.DELETE_TOPIC_IN_NAMESRV]: deleteTopicInNamesrv(routeInfo, observer),
      [RequestCode.REGISTER_TOPIC_IN_NAMESRV]: limitBody(
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
      [RequestCode.QUERY_DATA_VERSION]: limitBody(maxRequestBodyBytes, queryDataVersion(routeInfo)),
      [RequestCode.ADD_WRITE_PERM_OF_BROKER]: setWritePermOfBroker(routeInfo, 'add', observer),
      [RequestCode.GET_BROKER_MEMBER_GROUP]: getBrokerMemberGroup(routeInfo),
      [RequestCode.BROKER_HEARTBEAT]: brokerHeartbeat(routeInfo),
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
