import type { Steps } from '../common/time-slicer.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import type { RouteChanges } from './route-changes.ts'
import { TopicTally, type UnregisterReason } from './route-event.ts'
import { brokerKey, type ChannelId, minBrokerId, type RouteTables } from './route-tables.ts'

/** A broker that is to leave, and what whoever decided so had seen of it. */
export interface Unregistration {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  /** Null when the server itself decided: it goes by the address alone. */
  readonly brokerId: bigint | null
  readonly reason: UnregisterReason
  /** Arrival number of the decision: a registration with a later one is not touched. */
  readonly generation: number
  /** `host:port` of the peer that asked for it; absent when the server itself decided. */
  readonly peer?: string
  /** The connection that was lost: a broker bound to another one by now is not touched. */
  readonly channelId?: ChannelId
  /** The last sign of life that was too old: a broker heard from since is not touched. */
  readonly lastUpdateTimestampMs?: number
}

/**
 * Removes a batch of brokers, and then, in one walk over the topics, the routes that led to them.
 * @see RouteInfoManager#unRegisterBroker in apache/rocketmq
 */
export function* unregisterBrokers(
  tables: RouteTables,
  batch: readonly Unregistration[],
  changes: RouteChanges,
): Steps<void> {
  const removed = new Set<string>()
  const reduced = new Set<string>()
  /** What becomes of the topics of each broker name, for the effect of the last of its members that leaves. */
  const tallies = new Map<string, TopicTally>()
  /** The last member with the smallest id that left each group. */
  const offline = new Map<string, string>()
  const leave = (request: Unregistration): void => {
    const left = removeFromGroup(tables, request, changes)
    if (left.minIdLeft) offline.set(request.brokerName, request.brokerAddr)
    if (left.groupIsGone) removed.add(request.brokerName)
    else reduced.add(request.brokerName)
  }
  for (const request of batch) {
    const { clusterName, brokerAddr, brokerName, reason } = request
    const peer = request.peer ?? tables.live(clusterName, brokerAddr)?.peer
    if (isFenced(tables, request)) {
      changes.event({
        kind: 'removal fenced',
        broker: { clusterName, brokerName, brokerAddr },
        reason,
        peer,
      })
      continue
    }
    removeLive(tables, request, tallies, changes)
    if (reason !== 'request' && isLiveElsewhere(tables, request)) reduced.add(brokerName)
    else leave(request)
    yield
  }
  yield* cleanTopics(tables, removed, reduced, changes, tallies)
  for (const [brokerName, offlineBrokerAddr] of offline) {
    const group = tables.brokerAddrTable.get(brokerName)
    if (group === undefined) continue
    const { brokerAddrs, enableActingMaster } = group
    const fields = { brokerName, brokerAddrs, offlineBrokerAddr, haBrokerAddr: null, enableActingMaster }
    changes.event({ kind: 'min broker id changed', ...fields })
  }
}

/** Removes the entry of the live table; an address that is live under another name stays so. */
function removeLive(
  tables: RouteTables,
  { clusterName, brokerAddr, brokerName, reason, peer }: Unregistration,
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
    broker: { clusterName, brokerName, brokerAddr },
    reason,
    peer: peer ?? live.peer,
    topicChanges,
  })
  // Other brokers may share the connection and be well; Java closes it all the same.
  const wasSilent = reason === 'expired' || reason === 'unreachable'
  if (wasSilent && tables.liveOfChannel(live.channelId).length === 0) {
    changes.event({ kind: 'connection inactive', channelId: live.channelId })
  }
}

/** Whether the broker has shown itself again since its removal was decided. Java does not ask (#5374, #11043). */
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

/** Whether the same broker has registered under another cluster's name, so that its place in the group is not lost. */
function isLiveElsewhere(tables: RouteTables, { brokerName, brokerAddr }: Unregistration): boolean {
  for (const cluster of tables.clusterAddrTable.keys()) {
    if (tables.live(cluster, brokerAddr)?.brokerName === brokerName) return true
  }
  return false
}

const NOTHING_LEFT = { groupIsGone: false, minIdLeft: false }

/** @returns Whether the group is gone with this member, and whether it goes on with another smallest id. */
function removeFromGroup(
  tables: RouteTables,
  request: Unregistration,
  changes: RouteChanges,
): { readonly groupIsGone: boolean; readonly minIdLeft: boolean } {
  const { clusterName, brokerAddr, brokerName, brokerId } = request
  const group = tables.brokerAddrTable.get(brokerName)
  if (group === undefined) return NOTHING_LEFT
  const leavingId = brokerId ?? [...group.brokerAddrs].find(([, addr]) => addr === brokerAddr)?.[0]
  // A stale entry of the live table, whose place another address has taken: the group has nothing to do with it.
  if (leavingId === undefined) return NOTHING_LEFT
  const minIdLeaves = group.brokerAddrs.size > 0 && leavingId === minBrokerId(group.brokerAddrs)
  const brokerAddrs = new Map([...group.brokerAddrs].filter(([, addr]) => addr !== brokerAddr))
  if (brokerAddrs.size !== group.brokerAddrs.size) changes.group(brokerName)
  if (brokerAddrs.size > 0) {
    tables.brokerAddrTable.set(brokerName, { ...group, brokerAddrs })
    return { groupIsGone: false, minIdLeft: minIdLeaves }
  }
  tables.brokerAddrTable.delete(brokerName)
  changes.group(brokerName)
  const names = tables.clusterAddrTable.get(clusterName)
  names?.delete(brokerName)
  if (names?.size === 0) tables.clusterAddrTable.delete(clusterName)
  return { groupIsGone: true, minIdLeft: false }
}

/**
 * Removes groups without members, with their topics, and names of clusters that have no group. Java keeps both for ever: a refused
 * registration leaves them behind.
 */
export function* removeEmptyGroups(tables: RouteTables, changes: RouteChanges): Steps<void> {
  const removed = new Set<string>()
  for (const [name, { brokerAddrs }] of tables.brokerAddrTable) if (brokerAddrs.size === 0) removed.add(name)
  for (const name of removed) {
    tables.brokerAddrTable.delete(name)
    changes.group(name)
  }
  yield
  for (const [cluster, names] of tables.clusterAddrTable) {
    for (const name of names) if (!tables.brokerAddrTable.has(name)) names.delete(name)
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
    // Java looks at the smallest id, so a group with a negative one stays as it is though it has no master.
    return group?.enableActingMaster === true && (minBrokerId(group.brokerAddrs) ?? MASTER_ID) > MASTER_ID
  })
  if (removed.size === 0 && readOnly.length === 0) return
  for (const [topic, queues] of tables.topicQueueTable) {
    // Whose routes these were is told by the group that went.
    if (removed.size > 0) {
      for (const name of queues.keys()) if (removed.has(name)) tallies.get(name)?.add('deleted', topic)
      tables.removeQueueDatas(topic, removed)
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
  // What the master registered does not count any more: its slave registers its own.
  for (const name of readOnly) tables.overridden.forget(name)
}
