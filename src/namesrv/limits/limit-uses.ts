import { LIMIT_KEYS, type LimitName } from '../../common/limit-error.ts'
import type { LimitUse } from '../../inspect/sources.ts'
import type { KVConfigManager } from '../../kvconfig/kv-config-manager.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import type { RemotingServer } from '../../remoting/server/remoting-server.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import type { ClusterTestMode } from '../cluster-test/cluster-test-mode.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import type { DescriptorShares } from './file-descriptors.ts'

/** The parts of a server that its limits apply to. */
export interface LimitedParts {
  readonly routeInfo: RouteInfoManager
  readonly kvConfig: KVConfigManager
  readonly client: RemotingClient
  /** Undefined until it has started. */
  readonly server: RemotingServer | undefined
  /** Undefined unless it is on. */
  readonly clusterTest: ClusterTestMode | undefined
  /** Undefined if the open-file limit is unknown. */
  readonly descriptors: DescriptorShares | undefined
}

/** Every limit with its value in effect, and how much of it is in use. */
export function limitUses({ configuration, counters }: NamesrvContext, parts: LimitedParts): LimitUse[] {
  const { values } = configuration
  const { routeInfo, kvConfig, client, server, clusterTest, descriptors } = parts
  const { brokerLiveTable, topicQueueTable } = routeInfo.tableSizes
  const used: Partial<Record<LimitName, number>> = {
    maxConnections: server?.connections ?? 0,
    maxQueuedRequestBytes: counters.queuedRequestBytes + counters.requestBytesInProgress,
    maxQueuedAnswerBytes: counters.queuedResponseBytes,
    maxRegistrationsInFlight: counters.registrationsInFlight,
    maxWaitingRequests: routeInfo.waiting,
    unRegisterBrokerQueueCapacity: routeInfo.waitingUnregistrations,
    maxBrokers: brokerLiveTable,
    maxTopics: topicQueueTable,
    maxKVEntries: kvConfig.entries,
    maxKVBytes: kvConfig.bytes,
    maxWaitingChanges: kvConfig.waitingChanges,
    clusterTestMaxLookups: clusterTest?.lookups ?? 0,
    clientMaxConnections: client.connections,
    clientOnewaySemaphoreValue: client.waitingOneways,
    clientAsyncSemaphoreValue: client.waitingRequests,
  }
  const max: Partial<Record<LimitName, number>> = {
    // The open-file limit may leave fewer.
    maxConnections: Math.min(values.maxConnections, descriptors?.accepted ?? Number.POSITIVE_INFINITY),
    maxConnectionsPerAddress: values.maxConnectionsPerAddress || Number.POSITIVE_INFINITY,
    clientMaxConnections: descriptors?.own ?? values.clientMaxConnections,
  }
  return LIMIT_KEYS.map((limit) => ({ limit, max: max[limit] ?? values[limit], used: used[limit] }))
}
