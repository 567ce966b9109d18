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
    const restored = this.restored?.topics.get(topic)
    if (restored === undefined) return live
    const shown = new Map<string, QueueData>()
    for (const [name, queueData] of restored) {
      const group = this.restored?.groups.get(name)
      if (group === undefined) continue
      const liveQueues = group.leads ? undefined : live?.get(name)
      shown.set(name, liveQueues ?? group.queueData(queueData))
    }
    for (const [name, queueData] of live ?? []) if (!shown.has(name)) shown.set(name, queueData)
    return shown.size === 0 ? undefined : shown
  }

  /** Whether the queues that clients see are restored ones. */
  isProvisional(topic: string, brokerName: string): boolean {
    if (this.restored?.hasQueues(topic, brokerName) !== true) return false
    const isLive = this.tables.topicQueueTable.snapshotGet(topic)?.has(brokerName) === true
    return !isLive || this.restored.groups.get(brokerName)?.leads === true
  }

  group(brokerName: string): BrokerData | undefined {
    const group = this.restored?.groups.get(brokerName)
    return group === undefined ? this.tables.brokerAddrTable.snapshotGet(brokerName) : group.shown
  }

  /** A group that has members. A rejected registration may leave one without; only 106 shows that, as in Java. */
  groupWithMembers(brokerName: string): BrokerData | undefined {
    const group = this.group(brokerName)
    return group === undefined || group.brokerAddrs.size === 0 ? undefined : group
  }

  /** @param key - See {@link brokerKey}. */
  filterServers(key: string): readonly string[] | undefined {
    if (this.restored?.brokers.has(key) === true) return this.restored.filterServers.get(key)
    return this.tables.filterServerTable.snapshotGet(key)
  }

  /** True if there are no filter servers; during a transition it may be false nevertheless. */
  get hasNoFilterServers(): boolean {
    return this.restored === undefined && this.tables.filterServerTable.isEmpty
  }

  mappings(topic: string): ReadonlyMap<string, TopicQueueMappingInfo> | undefined {
    const live = this.tables.topicQueueMappingInfoTable.snapshotGet(topic)
    const restored = this.restored?.mappings.get(topic)
    if (restored === undefined) return live
    const shown = [...restored].filter(([name]) => this.restored?.hasQueues(topic, name))
    return shown.length === 0 ? live : new Map([...shown, ...(live ?? [])])
  }

  /** All topics with their queues, for a holder of the lock. */
  topics(): Iterable<[string, ReadonlyMap<string, QueueData>]> {
    return this.restored === undefined ? this.tables.topicQueueTable : this.#allTopics(this.restored)
  }

  *#allTopics({
    topics,
  }: RestoredRoutes): Generator<[string, ReadonlyMap<string, QueueData>], void, undefined> {
    for (const topic of topics.keys()) {
      const queues = this.queues(topic)
      if (queues !== undefined) yield [topic, queues]
    }
    for (const entry of this.tables.topicQueueTable) if (!topics.has(entry[0])) yield entry
  }

  /** All groups by broker name, for a holder of the lock. */
  groups(): ReadonlyMap<string, BrokerData> {
    const { brokerAddrTable } = this.tables
    if (this.restored === undefined) return brokerAddrTable
    const groups = new Map<string, BrokerData>()
    for (const [name, { shown }] of this.restored.groups) groups.set(name, shown)
    for (const [name, group] of brokerAddrTable) if (!groups.has(name)) groups.set(name, group)
    return groups
  }

  /** All groups that have members, for a holder of the lock. */
  *groupsWithMembers(): Generator<BrokerData, void, undefined> {
    for (const group of this.groups().values()) if (group.brokerAddrs.size > 0) yield group
  }

  /** The broker names of each cluster, for a holder of the lock. */
  clusters(): ReadonlyMap<string, ReadonlySet<string>> {
    const { clusterAddrTable } = this.tables
    if (this.restored === undefined) return clusterAddrTable
    const clusters = new Map<string, ReadonlySet<string>>(this.restored.clusters)
    for (const [cluster, names] of clusterAddrTable)
      clusters.set(cluster, new Set([...(clusters.get(cluster) ?? []), ...names]))
    return clusters
  }
}
