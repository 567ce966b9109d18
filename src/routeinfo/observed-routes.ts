import { isDeepStrictEqual } from 'node:util'
import type { Steps } from '../common/time-slicer.ts'
import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData, QueueData } from '../protocol/body/topic-route-data.ts'
import { type RouteChanges, type TopicChange, TopicTally } from './route-changes.ts'
import type { RouteTables } from './route-tables.ts'

/** The route of a topic as another NameServer gave it to a lookup. */
export interface ObservedRoute {
  readonly queues: readonly QueueData[]
  /** Of static topics, by broker name. */
  readonly mappings: ReadonlyMap<string, TopicQueueMappingInfo>
}

/** What was read from another NameServer just now; absent members were not read. */
export interface ObservedRoutes {
  /** All groups that have members, by broker name. */
  readonly groups?: ReadonlyMap<string, BrokerData>
  /** The broker names of all clusters. */
  readonly clusters?: ReadonlyMap<string, readonly string[]>
  /** The names of all topics: any other one is removed. */
  readonly topics?: ReadonlySet<string>
  /** Routes by topic; undefined for a topic without one. */
  readonly routes?: ReadonlyMap<string, ObservedRoute | undefined>
}

/** Makes the tables those of another NameServer, as far as it was read. No broker is live in them: heartbeats are not seen. */
export function* applyObserved(
  tables: RouteTables,
  { groups, clusters, topics, routes }: ObservedRoutes,
  changes: RouteChanges,
): Steps<void> {
  if (groups !== undefined) yield* replaceGroups(tables, groups, changes)
  if (clusters !== undefined) replaceClusters(tables, clusters, changes)
  const tallies = new Tallies()
  for (const topic of topics === undefined ? [] : [...tables.topicQueueTable.keys()]) {
    if (topics?.has(topic) === false) replaceRoute(tables, topic, undefined, changes, tallies)
    yield
  }
  for (const [topic, route] of routes ?? []) {
    replaceRoute(tables, topic, route, changes, tallies)
    yield
  }
  for (const [brokerName, topicChanges] of tallies) {
    const { cluster = '', brokerAddrs } = tables.brokerAddrTable.get(brokerName) ?? {}
    const [brokerAddr = ''] = brokerAddrs?.values() ?? []
    const reason = brokerAddrs === undefined ? 'not listed' : 'dropped'
    const broker = { clusterName: cluster, brokerName, brokerAddr }
    changes.event({ kind: 'topics observed', broker, reason, topicChanges })
  }
}

/** The topics that have changed, by broker name. */
class Tallies extends Map<string, TopicTally> {
  add(brokerName: string, change: TopicChange, topic: string): void {
    const tally = this.get(brokerName) ?? new TopicTally()
    tally.add(change, topic)
    this.set(brokerName, tally)
  }
}

function* replaceGroups(
  tables: RouteTables,
  groups: ReadonlyMap<string, BrokerData>,
  changes: RouteChanges,
): Steps<void> {
  for (const [brokerName, known] of [...tables.brokerAddrTable]) {
    const group = groups.get(brokerName)
    reportMissing(known, group, changes)
    if (group === undefined) {
      tables.removeGroup(brokerName)
      changes.group(brokerName)
    }
    yield
  }
  for (const [brokerName, group] of groups) {
    reportListed(tables.brokerAddrTable.get(brokerName), group, changes)
    if (tables.putGroup(group)) changes.group(brokerName)
    yield
  }
}

function reportMissing(known: BrokerData, group: BrokerData | undefined, changes: RouteChanges): void {
  const addresses = new Set(group?.brokerAddrs.values())
  for (const [brokerId, brokerAddr] of known.brokerAddrs) {
    if (addresses.has(brokerAddr)) continue
    const broker = { clusterName: known.cluster, brokerName: known.brokerName, brokerId, brokerAddr }
    changes.event({ kind: 'broker unregistered', broker, reason: 'not listed' })
  }
}

function reportListed(known: BrokerData | undefined, group: BrokerData, changes: RouteChanges): void {
  for (const [brokerId, brokerAddr] of group.brokerAddrs) {
    if (known?.brokerAddrs.get(brokerId) === brokerAddr) continue
    const broker = { clusterName: group.cluster, brokerName: group.brokerName, brokerId, brokerAddr }
    changes.event({ kind: 'broker listed', broker })
  }
}

function replaceClusters(
  { clusterAddrTable }: RouteTables,
  clusters: ReadonlyMap<string, readonly string[]>,
  changes: RouteChanges,
): void {
  for (const cluster of [...clusterAddrTable.keys()]) {
    if (clusters.has(cluster)) continue
    clusterAddrTable.delete(cluster)
    changes.markDirty()
  }
  for (const [cluster, names] of clusters) {
    const known = clusterAddrTable.get(cluster)
    if (known?.size === names.length && names.every((name) => known.has(name))) continue
    clusterAddrTable.set(cluster, new Set(names))
    changes.markDirty()
  }
}

function replaceRoute(
  tables: RouteTables,
  topic: string,
  route: ObservedRoute | undefined,
  changes: RouteChanges,
  tallies: Tallies,
): void {
  // A copy: the table's own map is edited.
  const known = new Map(tables.topicQueueTable.get(topic))
  const queues = new Map(route?.queues.map((each) => [each.brokerName, each]))
  for (const name of known.keys()) {
    if (queues.has(name)) continue
    tables.removeQueueData(topic, name)
    tallies.add(name, 'deleted', topic)
    changes.topic(topic)
  }
  for (const [name, each] of queues) {
    if (!tables.putQueueData(topic, each)) continue
    tallies.add(name, known.has(name) ? 'changed' : 'new', topic)
    changes.topic(topic)
  }
  replaceMappings(tables, topic, queues, route?.mappings ?? new Map(), changes)
}

/** Mappings of brokers without queues of the topic are left out, as the tables are without them. */
function replaceMappings(
  tables: RouteTables,
  topic: string,
  queues: ReadonlyMap<string, QueueData>,
  mappings: ReadonlyMap<string, TopicQueueMappingInfo>,
  changes: RouteChanges,
): void {
  for (const name of queues.keys()) {
    const info = mappings.get(name)
    if (isDeepStrictEqual(tables.mapping(topic, name), info)) continue
    tables.setMapping(topic, name, info)
    changes.topic(topic)
  }
}
