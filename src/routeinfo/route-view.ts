import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData, QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteTables } from './route-tables.ts'
import type { RestoredRoutes } from './snapshot/restored-routes.ts'

/**
 * The routes as clients see them: the live tables as of the last transition that is over, and beside them, until the grace period
 * ends, what is restored from the snapshot.
 */
export class RouteView {
  readonly tables: RouteTables
  restored: RestoredRoutes | undefined

  constructor(tables: RouteTables) {
    this.tables = tables
  }

  queues(topic: string): ReadonlyMap<string, QueueData> | undefined {
    const live = this.tables.topicQueueTable.snapshotGet(topic)
    return this.restored === undefined ? live : this.restored.queues(topic, live)
  }

  group(brokerName: string): BrokerData | undefined {
    const live = this.tables.brokerAddrTable.snapshotGet(brokerName)
    return this.restored === undefined ? live : this.restored.group(brokerName, live)
  }

  /** @param key - See {@link brokerKey}. */
  filterServers(key: string): readonly string[] | undefined {
    const live = this.tables.filterServerTable.snapshotGet(key)
    return this.restored === undefined ? live : this.restored.filterServers(key, live)
  }

  /** True if there are no filter servers; during a transition it may be false nevertheless. */
  get hasNoFilterServers(): boolean {
    return this.restored === undefined && this.tables.filterServerTable.isEmpty
  }

  mappings(topic: string): ReadonlyMap<string, TopicQueueMappingInfo> | undefined {
    const live = this.tables.topicQueueMappingInfoTable.snapshotGet(topic)
    return this.restored === undefined ? live : this.restored.mappings(topic, live)
  }

  /** All topics with their queues, for a holder of the lock. */
  topics(): Iterable<[string, ReadonlyMap<string, QueueData>]> {
    const { topicQueueTable } = this.tables
    return this.restored === undefined ? topicQueueTable : this.restored.topics(topicQueueTable)
  }

  /** All groups by broker name, for a holder of the lock. */
  groups(): ReadonlyMap<string, BrokerData> {
    const { brokerAddrTable } = this.tables
    return this.restored === undefined ? brokerAddrTable : this.restored.groups(brokerAddrTable)
  }

  /** The broker names of each cluster, for a holder of the lock. */
  clusters(): ReadonlyMap<string, ReadonlySet<string>> {
    const { clusterAddrTable } = this.tables
    return this.restored === undefined ? clusterAddrTable : this.restored.clusters(clusterAddrTable)
  }
}
