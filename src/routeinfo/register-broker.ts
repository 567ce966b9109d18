import type { RegisterBrokerBody } from '../protocol/body/register-broker-body.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteChanges } from './route-changes.ts'
import type { BrokerIdentity } from './route-effect.ts'
import { brokerKey, type ChannelId, minBrokerId, type RouteTables } from './route-tables.ts'
import type { Sliced } from './slicer.ts'

/** Heartbeat timeout of a broker that names none: 120 s. @see RouteInfoManager DEFAULT_BROKER_CHANNEL_EXPIRED_TIME */
export const DEFAULT_HEARTBEAT_TIMEOUT_MS = 120_000

/** One registration, checked: the strings are there and the id is a number. */
export interface Registration extends BrokerIdentity, RegisterBrokerBody {
  readonly haServerAddr: string | null
  readonly zoneName: string | null
  readonly heartbeatTimeoutMs: number | null
  /** Null for a broker that knows nothing of acting masters (4.x). */
  readonly enableActingMaster: boolean | null
  readonly channelId: ChannelId
  /** Arrival number of the request, see BrokerLiveInfo. */
  readonly generation: number
  readonly nowMs: number
}

/** What a slave is told of its master; null where nothing is known. @see RegisterBrokerResult in apache/rocketmq */
export interface RegisterBrokerResult {
  readonly haServerAddr: string | null
  readonly masterAddr: string | null
}

const NO_MASTER: RegisterBrokerResult = { haServerAddr: null, masterAddr: null }

/**
 * Takes a registration into the tables, yielding after every topic.
 *
 * @returns Null if the registration is refused: a member that is not in its group yet must not begin with exactly one topic,
 * because that is an incremental registration that came before the full one.
 * @see RouteInfoManager#registerBroker in apache/rocketmq
 */
export function* registerBroker(
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
  changes: RouteChanges,
): Sliced<RegisterBrokerResult | null> {
  const { clusterName, brokerAddr, brokerName, brokerId, dataVersion } = registration
  addToCluster(tables, clusterName, brokerName)
  const known = tables.brokerAddrTable.get(brokerName)
  const brokerAddrs = new Map(known?.brokerAddrs)
  // Zero for an empty group: the first member never counts as a change of the smallest id.
  const previousMinId = minBrokerId(brokerAddrs) ?? MASTER_ID
  // A broker that changed its role keeps its address: one address has one id.
  for (const [id, addr] of brokerAddrs) if (addr === brokerAddr && id !== brokerId) brokerAddrs.delete(id)
  const group = (): BrokerData => ({
    cluster: known?.cluster ?? clusterName,
    brokerName,
    brokerAddrs,
    zoneName: registration.zoneName,
    enableActingMaster: registration.enableActingMaster === true,
  })
  const previousAddr = brokerAddrs.get(brokerId)

  if (previousAddr !== undefined && previousAddr !== brokerAddr) {
    const holder = tables.live(clusterName, previousAddr)
    if (holder !== undefined && holder.dataVersion.stateVersion > dataVersion.stateVersion) {
      putGroup(tables, known, group(), changes)
      tables.removeLive(brokerKey(clusterName, brokerAddr))
      changes.effect({
        kind: 'registration ignored',
        broker: identity(registration),
        currentAddr: previousAddr,
      })
      return NO_MASTER
    }
  }
  if (previousAddr === undefined && registration.topicConfigTable.size === 1) {
    putGroup(tables, known, group(), changes)
    return null
  }

  brokerAddrs.set(brokerId, brokerAddr)
  putGroup(tables, known, group(), changes)
  const first = known === undefined || previousAddr === undefined || previousAddr === ''
  yield* registerTopics(tables, registration, { brokerAddrs, first, deleteMissingTopics }, changes)

  tables.setLive({
    clusterName,
    brokerAddr,
    brokerName,
    lastUpdateTimestampMs: registration.nowMs,
    heartbeatTimeoutMs: registration.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
    dataVersion,
    channelId: registration.channelId,
    haServerAddr: registration.haServerAddr,
    generation: registration.generation,
  })
  setFilterServers(tables, registration, changes)
  if (first) {
    const { haServerAddr, channelId } = registration
    const topics = registration.topicConfigTable.size
    changes.effect({
      kind: 'broker registered',
      broker: identity(registration),
      haServerAddr,
      topics,
      channelId,
    })
  }
  if (brokerId < previousMinId) {
    changes.effect({
      kind: 'min broker id changed',
      brokerName,
      brokerAddrs: new Map(brokerAddrs),
      offlineBrokerAddr: null,
      haBrokerAddr: registration.haServerAddr,
      enableActingMaster: registration.enableActingMaster === true,
    })
  }
  return brokerId === MASTER_ID ? NO_MASTER : masterOf(tables, clusterName, brokerAddrs)
}

function identity({ clusterName, brokerName, brokerId, brokerAddr }: BrokerIdentity): BrokerIdentity {
  return { clusterName, brokerName, brokerId, brokerAddr }
}

function addToCluster(tables: RouteTables, clusterName: string, brokerName: string): void {
  const names = tables.clusterAddrTable.get(clusterName)
  if (names === undefined) tables.clusterAddrTable.set(clusterName, new Set([brokerName]))
  else names.add(brokerName)
}

function putGroup(
  tables: RouteTables,
  known: BrokerData | undefined,
  group: BrokerData,
  changes: RouteChanges,
): void {
  if (known !== undefined && sameGroup(known, group)) return
  tables.brokerAddrTable.set(group.brokerName, group)
  changes.everyTopic()
}

function sameGroup(a: BrokerData, b: BrokerData): boolean {
  if (a.zoneName !== b.zoneName || a.enableActingMaster !== b.enableActingMaster) return false
  if (a.brokerAddrs.size !== b.brokerAddrs.size) return false
  for (const [id, addr] of a.brokerAddrs) if (b.brokerAddrs.get(id) !== addr) return false
  return true
}

interface Standing {
  readonly brokerAddrs: ReadonlyMap<bigint, string>
  /** Whether this member was not in its group before. */
  readonly first: boolean
  readonly deleteMissingTopics: boolean
}

/** Only a master's topics count, or those of a group's smallest slave while there is no master ("prime slave"). */
function* registerTopics(
  tables: RouteTables,
  registration: Registration,
  { brokerAddrs, first, deleteMissingTopics }: Standing,
  changes: RouteChanges,
): Sliced<void> {
  const { clusterName, brokerAddr, brokerName, brokerId, dataVersion } = registration
  const isMaster = brokerId === MASTER_ID
  const isPrimeSlave =
    !isMaster && registration.enableActingMaster !== null && brokerId === minBrokerId(brokerAddrs)
  if (!isMaster && !isPrimeSlave) return

  const { topicConfigTable, topicQueueMappingInfoMap } = registration
  if (deleteMissingTopics && topicQueueMappingInfoMap.size === 0) {
    for (const topic of tables.topicQueueTable.keys()) {
      if (!topicConfigTable.has(topic) && tables.removeQueueData(topic, brokerName)) changes.topic(topic)
      yield
    }
  }

  const everything = first || tables.isDataVersionChanged(clusterName, brokerAddr, dataVersion)
  // A slave that stands in for its master serves reads only.
  const permMask = isPrimeSlave && registration.enableActingMaster === true ? ~Perm.WRITE : ~0
  const share = queueDataSharing(brokerName)
  for (const config of topicConfigTable.values()) {
    const topic = config.topicName
    if (everything || tables.topicQueueTable.get(topic)?.has(brokerName) !== true) {
      const queueData = share(
        config.readQueueNums,
        config.writeQueueNums,
        config.perm & permMask,
        config.topicSysFlag,
      )
      if (tables.putQueueData(topic, queueData)) changes.topic(topic)
    }
    yield
  }
  if (!everything) return
  for (const [topic, info] of topicQueueMappingInfoMap) {
    const byBroker = tables.topicQueueMappingInfoTable.get(topic) ?? new Map<string, TopicQueueMappingInfo>()
    tables.topicQueueMappingInfoTable.set(topic, byBroker.set(info.bname ?? 'null', info))
    changes.topic(topic)
    yield
  }
}

/** Most topics of a broker are configured alike: equal entries of one registration are one value in memory. */
function queueDataSharing(
  brokerName: string,
): (read: number, write: number, perm: number, flag: number) => QueueData {
  const shared = new Map<string, QueueData>()
  let last: QueueData | undefined
  return (readQueueNums, writeQueueNums, perm, topicSysFlag) => {
    if (
      last?.readQueueNums === readQueueNums &&
      last.writeQueueNums === writeQueueNums &&
      last.perm === perm &&
      last.topicSysFlag === topicSysFlag
    ) {
      return last
    }
    const key = `${readQueueNums} ${writeQueueNums} ${perm} ${topicSysFlag}`
    last = shared.get(key) ?? { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag }
    shared.set(key, last)
    return last
  }
}

function setFilterServers(tables: RouteTables, registration: Registration, changes: RouteChanges): void {
  const list = registration.filterServerList
  if (list === null) return
  const key = brokerKey(registration.clusterName, registration.brokerAddr)
  const known = tables.filterServerTable.get(key)
  if (list.length === 0) tables.filterServerTable.delete(key)
  else tables.filterServerTable.set(key, list)
  if (list.join('\n') !== (known ?? []).join('\n')) changes.everyTopic()
}

function masterOf(
  tables: RouteTables,
  clusterName: string,
  brokerAddrs: ReadonlyMap<bigint, string>,
): RegisterBrokerResult {
  const masterAddr = brokerAddrs.get(MASTER_ID)
  if (masterAddr === undefined) return NO_MASTER
  const master = tables.live(clusterName, masterAddr)
  return master === undefined ? NO_MASTER : { masterAddr, haServerAddr: master.haServerAddr }
}
