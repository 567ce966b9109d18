import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData, QueueData } from '../protocol/body/topic-route-data.ts'
import { NO_CHANNEL, type RouteTables } from './route-tables.ts'

/** What a snapshot keeps of a live broker. Its data version is none of it: a broker that returns tells everything anew. */
export interface SnapshotBroker {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  readonly heartbeatTimeoutMs: number
  readonly haServerAddr: string | null
  /**
   * How long the broker may still take to return, if it is known from an earlier snapshot alone; else null. So one that is dead
   * does not live on from restart to restart.
   */
  readonly graceLeftMs: number | null
}

/** The tables as they were at one moment between two transitions. */
export interface RouteSnapshot {
  /** @see RouteInfoManager.revision */
  readonly revision: number
  readonly clusters: readonly (readonly [cluster: string, brokerNames: readonly string[]])[]
  readonly groups: readonly BrokerData[]
  readonly brokers: readonly SnapshotBroker[]
  readonly filterServers: readonly (readonly [brokerKey: string, servers: readonly string[]])[]
  readonly topics: readonly string[]
  /** Of each topic, in the same order. */
  readonly queues: readonly ReadonlyMap<string, QueueData>[]
  readonly mappedTopics: readonly string[]
  readonly mappings: readonly ReadonlyMap<string, TopicQueueMappingInfo>[]
  /** Says that it will not be looked at any more, so that the tables need not spare it. */
  release(): void
}

/**
 * Copies keys and references, nothing else: a millisecond or two for 100,000 topics. Values are replaced and not edited by whoever
 * changes them; for those that are, `freeze` sees to it until the snapshot is released.
 */
export function takeRouteSnapshot(tables: RouteTables, revision: number, nowMs: number): RouteSnapshot {
  tables.freeze()
  return {
    revision,
    clusters: [...tables.clusterAddrTable].map(([cluster, names]) => [cluster, [...names]] as const),
    groups: [...tables.brokerAddrTable.values()],
    brokers: [...tables.brokerLiveTable.values()].map((live) => ({
      clusterName: live.clusterName,
      brokerAddr: live.brokerAddr,
      brokerName: live.brokerName,
      heartbeatTimeoutMs: live.heartbeatTimeoutMs,
      haServerAddr: live.haServerAddr,
      graceLeftMs:
        live.channelId === NO_CHANNEL
          ? Math.max(0, Math.ceil(live.lastUpdateTimestampMs + live.heartbeatTimeoutMs - nowMs))
          : null,
    })),
    filterServers: [...tables.filterServerTable],
    topics: [...tables.topicQueueTable.keys()],
    queues: [...tables.topicQueueTable.values()],
    mappedTopics: [...tables.topicQueueMappingInfoTable.keys()],
    mappings: [...tables.topicQueueMappingInfoTable.values()],
    release: () => tables.thaw(),
  }
}
