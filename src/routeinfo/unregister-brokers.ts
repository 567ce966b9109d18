import type { Steps } from '../common/time-slicer.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import type { Origin } from '../protocol/processor.ts'
import { type RouteChanges, TopicTally, type UnregisterReason } from './route-changes.ts'
import {
  type BrokerLiveInfo,
  brokerKey,
  type ChannelId,
  minBrokerId,
  type RouteTables,
} from './route-tables.ts'

/** A broker to remove, and the state in which it was when that was decided: {@link isFenced}. */
export interface Unregistration {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  /** Null when the server itself decided: then the address alone counts. */
  readonly brokerId: bigint | null
  readonly reason: UnregisterReason
  /** Arrival number of the decision: a broker that registered later stays. */
  readonly generation: number
  /** `host:port` of the peer that asked for it; absent when the server itself decided. */
  readonly peer?: string | undefined
  /** The request that asked for it; undefined: the server itself. */
  readonly by?: Origin | undefined
  /** The connection that closed: a broker that registered over another one since stays. */
  readonly channelId?: ChannelId | undefined
  /** The time of its last heartbeat: a broker with a later one stays. */
  readonly lastUpdateTimestampMs?: number
  /** Of a restored broker that has not returned: one with a later deadline has sent a heartbeat and stays. */
  readonly deadlineMs?: number
}

/**
 * Removes a batch of brokers, and then, in one pass over the topics, their queues.
 * @see RouteInfoManager#unRegisterBroker in apache/rocketmq
 */
export function* unregisterBrokers(
  tables: RouteTables,
  batch: readonly Unregistration[],
  changes: RouteChanges,
): Steps<void> {
  changes.removals = batch
  const removed = new Set<string>()
  const reduced = new Set<string>()
  /** What becomes of the topics of each broker name, for the event of the last member that leaves. */
  const tallies = new Map<string, TopicTally>()
  const left: BrokerLiveInfo[] = []
  /** The last member with the min broker id that left each group. */
  const offline = new Map<string, string>()
  for (const request of batch) {
    const { clusterName, brokerAddr, brokerName, reason } = request
    // Concerns the restored routes alone.
    if (reason === 'not returned') continue
    const peer = request.peer ?? tables.live(clusterName, brokerAddr)?.peer
    if (isFenced(tables, request)) {
      const broker = { clusterName, brokerName, brokerAddr }
      changes.event({ kind: 'removal fenced', broker, reason, peer, by: request.by })
      continue
    }
    const live = tables.live(clusterName, brokerAddr)
    if (live?.brokerName === brokerName && reason !== 'renamed') left.push(live)
    removeLive(tables, request, tallies, changes)
    const stays = reason !== 'request' && isLiveElsewhere(tables, request)
    const lost = stays ? 'nothing' : removeFromGroup(tables, request, changes)
    if (lost === 'min broker id') offline.set(brokerName, brokerAddr)
    if (lost === 'group') removed.add(brokerName)
    else reduced.add(brokerName)
    yield
  }
  yield* cleanTopics(tables, removed, reduced, changes, tallies)
  for (const live of left) {
    // The last registration of a broker may have been an incremental one.
    const topics = Math.max(live.topics, tallies.get(live.brokerName)?.counts.deleted ?? 0)
    tables.known.add(brokerKey(live.clusterName, live.brokerAddr), live, topics, live.lastUpdateTimestampMs)
  }
  for (const [brokerName, offlineBrokerAddr] of offline) {
    const group = tables.brokerAddrTable.get(brokerName)
    if (group === undefined) continue
    const { brokerAddrs, enableActingMaster } = group
    const fields = { brokerName, brokerAddrs, offlineBrokerAddr, haBrokerAddr: null, enableActingMaster }
    changes.event({ kind: 'min broker id changed', ...fields })
  }
}

/** Removes the entry of the live table, unless the address is live under another name. */
function removeLive(
  tables: RouteTables,
  { clusterName, brokerAddr, brokerName, brokerId, reason, peer, by }: Unregistration,
  tallies: Map<string, TopicTally>,
  changes: RouteChanges,
): void {
  const key = brokerKey(clusterName, brokerAddr)
  const live = tables.brokerLiveTable.get(key)
  if (live !== undefined && live.brokerName !== brokerName) return
  tables.removeLive(key)
  if (tables.filterServerTable.delete(key)) changes.invalidateAll()
  if (live === undefined) return
  const topicChanges = new TopicTally()
  tallies.set(brokerName, topicChanges)
  changes.event({
    kind: 'broker unregistered',
    broker: {
      clusterName,
      brokerName,
      brokerId: brokerId ?? idOf(tables, brokerName, brokerAddr),
      brokerAddr,
    },
    reason,
    peer: peer ?? live.peer,
    by,
    topicChanges,
  })
  // Java closes the connection even if other brokers on it are active.
  const wasInactive = reason === 'expired' || reason === 'unreachable'
  if (wasInactive && tables.liveOfChannel(live.channelId).length === 0) {
    changes.event({ kind: 'connection inactive', channelId: live.channelId })
  }
}

/** Whether the broker has registered or sent a heartbeat since its removal was decided. Java does not check (#5374, #11043). */
function isFenced(tables: RouteTables, request: Unregistration): boolean {
  const live = tables.live(request.clusterName, request.brokerAddr)
  if (live === undefined) return request.reason !== 'request'
  if (live.generation > request.generation) return true
  if (request.channelId !== undefined && live.channelId !== request.channelId) return true
  return (
    request.lastUpdateTimestampMs !== undefined &&
    live.lastUpdateTimestampMs !== request.lastUpdateTimestampMs
  )
}

/** Whether the same broker is live under another cluster name, and so remains a member of its group. */
function isLiveElsewhere(tables: RouteTables, { brokerName, brokerAddr }: Unregistration): boolean {
  for (const cluster of tables.clusterAddrTable.keys()) {
    if (tables.live(cluster, brokerAddr)?.brokerName === brokerName) return true
  }
  return false
}

/** The id of a member; undefined if another address has taken it. */
function idOf(tables: RouteTables, brokerName: string, brokerAddr: string): bigint | undefined {
  const { brokerAddrs } = tables.brokerAddrTable.get(brokerName) ?? { brokerAddrs: [] }
  return [...brokerAddrs].find(([, addr]) => addr === brokerAddr)?.[0]
}

/** @returns What the group lost with the member: `group` if it was the last one. */
function removeFromGroup(
  tables: RouteTables,
  { clusterName, brokerAddr, brokerName, brokerId }: Unregistration,
  changes: RouteChanges,
): 'group' | 'min broker id' | 'nothing' {
  const group = tables.brokerAddrTable.get(brokerName)
  if (group === undefined) return 'nothing'
  const leavingId = brokerId ?? idOf(tables, brokerName, brokerAddr)
  // Another address has taken its id.
  if (leavingId === undefined) return 'nothing'
  const minIdLeaves = leavingId === minBrokerId(group.brokerAddrs)
  const brokerAddrs = new Map([...group.brokerAddrs].filter(([, addr]) => addr !== brokerAddr))
  if (brokerAddrs.size > 0) {
    // Java notifies the members although no member has the address.
    if (brokerAddrs.size === group.brokerAddrs.size) return 'nothing'
    changes.group(brokerName)
    tables.putGroup({ ...group, brokerAddrs })
    return minIdLeaves ? 'min broker id' : 'nothing'
  }
  tables.removeGroup(brokerName)
  changes.group(brokerName)
  const names = tables.clusterAddrTable.get(clusterName)
  names?.delete(brokerName)
  if (names?.size === 0) tables.clusterAddrTable.delete(clusterName)
  return 'group'
}

/**
 * Removes groups without members, with their topics, and broker names from clusters in which no broker of that name is live. Rejected
 * registrations leave both behind; Java keeps them for ever.
 */
export function* removeEmptyGroups(tables: RouteTables, changes: RouteChanges): Steps<void> {
  const removed = new Set<string>()
  for (const [name, { brokerAddrs }] of tables.brokerAddrTable) if (brokerAddrs.size === 0) removed.add(name)
  for (const name of removed) {
    tables.removeGroup(name)
    changes.group(name)
  }
  yield
  for (const [cluster, names] of tables.clusterAddrTable) {
    for (const name of names) {
      const members = tables.membersOf(name)
      const isIn = members.some((live) => live.clusterName === cluster && live.brokerName === name)
      if (!isIn) names.delete(name)
      yield
    }
    if (names.size === 0) tables.clusterAddrTable.delete(cluster)
  }
  changes.markDirty()
  yield* cleanTopics(tables, removed, new Set(), changes)
}

/** @see RouteInfoManager#cleanTopicByUnRegisterRequests in apache/rocketmq */
function* cleanTopics(
  tables: RouteTables,
  removed: ReadonlySet<string>,
  reduced: ReadonlySet<string>,
  changes: RouteChanges,
  tallies: ReadonlyMap<string, TopicTally> = new Map(),
): Steps<void> {
  const readOnly = [...reduced].filter((name) => {
    const group = tables.brokerAddrTable.get(name)
    // As in Java, a negative min broker id counts as a master.
    return group?.enableActingMaster === true && (minBrokerId(group.brokerAddrs) ?? MASTER_ID) > MASTER_ID
  })
  if (removed.size === 0 && readOnly.length === 0) return
  for (const [topic, queues] of tables.topicQueueTable) {
    // No changes.topic(): the change of the group invalidates these routes.
    for (const name of queues.keys()) {
      if (!removed.has(name)) continue
      if (!changes.isRestored(topic, name)) tallies.get(name)?.add('deleted', topic)
      tables.removeQueueData(topic, name)
    }
    for (const name of readOnly) {
      const queueData = queues.get(name)
      if (queueData === undefined || (queueData.perm & Perm.WRITE) === 0) continue
      tables.putQueueData(topic, { ...queueData, perm: queueData.perm & ~Perm.WRITE })
      changes.topic(topic)
      tallies.get(name)?.add('changed', topic)
    }
    yield
  }
  for (const name of removed) tables.forgetQueueChanges(name)
  // From now on the slave's own registration counts.
  for (const name of readOnly) tables.overridden.forget(name)
}
