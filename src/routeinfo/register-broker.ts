import type { RegisterBrokerBody } from '../protocol/body/register-broker-body.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import {
  type BrokerData,
  MASTER_ID,
  type QueueData,
  sameQueueData,
} from '../protocol/body/topic-route-data.ts'
import type { RouteChanges } from './route-changes.ts'
import type { BrokerIdentity } from './route-effect.ts'
import {
  type BrokerLiveInfo,
  brokerKey,
  type ChannelId,
  minBrokerId,
  NO_CHANNEL,
  type RouteTables,
} from './route-tables.ts'
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
  /**
   * What an earlier registration of this broker left, if `topicConfigTable` has only those topics that are not as they were in
   * it. Its keys are to be the same, and it must have had no queue mappings.
   */
  readonly since?: TopicsMark
}

/**
 * How a registration left the topics of its broker name. As long as nobody else has changed them, a registration that says the
 * same has nothing to do.
 */
export interface TopicsMark {
  /** Size of its topic table. */
  readonly topics: number
  /** State of the broker name's queues when it was done, see {@link RouteTables.queueState}. */
  readonly queueState: number
  /** What its permissions were masked with; null if its topics did not count. */
  readonly permMask: number | null
  /** Whether every topic was stored as it said. If not, an equal data version kept other queues than its own. */
  readonly exact: boolean
  /** Whether topics that it did not have were removed. */
  readonly missingDeleted: boolean
}

/** What a slave is told of its master; null where nothing is known. @see RegisterBrokerResult in apache/rocketmq */
export interface RegisterBrokerResult {
  readonly haServerAddr: string | null
  readonly masterAddr: string | null
}

/** How a registration ended. */
export interface RegisterBrokerOutcome {
  /** Null if it is refused. */
  readonly result: RegisterBrokerResult | null
  /** For the next registration's `since`; absent where there is nothing to compare with. */
  readonly mark?: TopicsMark
}

const NO_MASTER: RegisterBrokerResult = { haServerAddr: null, masterAddr: null }

/**
 * Takes a registration into the tables, yielding after every topic.
 *
 * A member that is not in its group yet must not begin with exactly one topic, because that is an incremental registration that
 * came before the full one: it is refused. Of a member that is known from a snapshot it is taken, but does not make it registered.
 * @returns Undefined, with nothing touched, if the mark it builds on does not hold any more: it must come again as a whole.
 * @see RouteInfoManager#registerBroker in apache/rocketmq
 */
export function* registerBroker(
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
  changes: RouteChanges,
): Sliced<RegisterBrokerOutcome | undefined> {
  const { clusterName, brokerAddr, brokerName, brokerId, dataVersion, since } = registration
  if (since !== undefined && !stillHolds(since, tables, registration, deleteMissingTopics)) return undefined
  if (addToCluster(tables, clusterName, brokerName)) changes.unseen()
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
    const holder = tables.registered(clusterName, previousAddr)
    if (holder !== undefined && holder.dataVersion.stateVersion > dataVersion.stateVersion) {
      putGroup(tables, known, group(), changes)
      const own = tables.live(clusterName, brokerAddr)
      // Java drops it whatever its name, and nothing is left then that would ever remove the other name.
      if (own?.brokerName === brokerName && !own.formerNames?.size) {
        const key = brokerKey(clusterName, brokerAddr)
        tables.removeLive(key)
        if (tables.filterServerTable.delete(key)) changes.everyTopic()
      }
      changes.effect({
        kind: 'registration ignored',
        broker: identity(registration),
        currentAddr: previousAddr,
      })
      return { result: NO_MASTER }
    }
  }
  const topics = since?.topics ?? registration.topicConfigTable.size
  const isNewcomer =
    previousAddr === undefined ||
    (previousAddr !== brokerAddr && tables.isProvisional(clusterName, previousAddr))
  if (isNewcomer && topics === 1) {
    putGroup(tables, known, group(), changes)
    return { result: null }
  }

  brokerAddrs.set(brokerId, brokerAddr)
  putGroup(tables, known, group(), changes)
  const first = known === undefined || previousAddr === undefined || previousAddr === ''
  const permMask = permMaskOf(registration, brokerAddrs)
  const standing: Standing = { permMask, first, deleteMissingTopics }
  const exact = yield* registerTopics(tables, registration, standing, changes)

  const before = tables.live(clusterName, brokerAddr)
  const isProvisional = before?.channelId === NO_CHANNEL
  const isKnownByName = before?.brokerName === brokerName || before?.formerNames?.has(brokerName) === true
  if (isProvisional && isKnownByName && topics === 1) {
    tables.touch(clusterName, brokerAddr, registration.nowMs)
    return { result: brokerId === MASTER_ID ? NO_MASTER : masterOf(tables, clusterName, brokerAddrs) }
  }
  if (permMask !== null) tables.restored?.toldNames.add(brokerName)
  noteDisplaced(tables, before, brokerName)
  const formerNames = formerNamesOf(tables, before, brokerName)
  const isNew = tables.setLive({
    clusterName,
    brokerAddr,
    brokerName,
    ...(formerNames && { formerNames }),
    // A heartbeat may have come while the registration was being read.
    lastUpdateTimestampMs: Math.max(
      registration.nowMs,
      tables.registered(clusterName, brokerAddr)?.lastUpdateTimestampMs ?? 0,
    ),
    heartbeatTimeoutMs: registration.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
    dataVersion,
    channelId: registration.channelId,
    haServerAddr: registration.haServerAddr,
    generation: registration.generation,
  })
  if (isNew) changes.unseen()
  setFilterServers(tables, registration, changes)
  if (first || before === undefined || isProvisional) {
    const { haServerAddr, channelId } = registration
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
  const result = brokerId === MASTER_ID ? NO_MASTER : masterOf(tables, clusterName, brokerAddrs)
  if (registration.topicQueueMappingInfoMap.size > 0 || exact === undefined) return { result }
  const queueState = tables.queueState(brokerName)
  const missingDeleted = deleteMissingTopics || since?.missingDeleted === true
  return { result, mark: { topics, queueState, permMask, exact, missingDeleted } }
}

/** A broker that was given another name is known by both until its address is lost. The set goes on from entry to entry. */
function formerNamesOf(
  tables: RouteTables,
  before: BrokerLiveInfo | undefined,
  brokerName: string,
): Set<string> | undefined {
  if (before === undefined || before.brokerName === brokerName) return before?.formerNames
  const names = new Set<string>()
  for (const name of [...(before.formerNames ?? []), before.brokerName]) {
    // Where another address has taken its place nothing is left of it.
    const addrs = tables.brokerAddrTable.get(name)?.brokerAddrs.values() ?? []
    if (name !== brokerName && [...addrs].includes(before.brokerAddr)) names.add(name)
  }
  return names
}

/**
 * A broker of another name has the address of one that only a snapshot knows: perhaps it is the same, with another name, and
 * perhaps the address was given to somebody else. If the name does not come back, it goes when the time of the snapshot is over.
 */
function noteDisplaced(tables: RouteTables, before: BrokerLiveInfo | undefined, brokerName: string): void {
  const { restored } = tables
  if (restored === undefined || before === undefined) return
  const { clusterName, brokerAddr } = before
  const key = brokerKey(clusterName, brokerAddr)
  restored.displaced.delete(`${key} ${brokerName}`)
  if (before.channelId !== NO_CHANNEL) return
  for (const name of [...(before.formerNames ?? []), before.brokerName]) {
    if (name === brokerName) continue
    restored.displaced.set(`${key} ${name}`, { clusterName, brokerAddr, brokerName: name })
  }
}

/** Whether a registration that says the same as an earlier one would find every topic as it is to be. */
function stillHolds(
  mark: TopicsMark,
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
): boolean {
  const { clusterName, brokerAddr, brokerName, brokerId, dataVersion } = registration
  const brokerAddrs = new Map(tables.brokerAddrTable.get(brokerName)?.brokerAddrs)
  const first = (brokerAddrs.get(brokerId) ?? '') === ''
  for (const [id, addr] of brokerAddrs) if (addr === brokerAddr) brokerAddrs.delete(id)
  brokerAddrs.set(brokerId, brokerAddr)
  if (mark.permMask !== permMaskOf(registration, brokerAddrs)) return false
  if (mark.permMask === null) return true
  if (mark.queueState !== tables.queueState(brokerName)) return false
  if (deleteMissingTopics && !mark.missingDeleted) return false
  return mark.exact || !(first || tables.isDataVersionChanged(clusterName, brokerAddr, dataVersion))
}

/**
 * What a registration's permissions are masked with. Only a master's topics count, or those of a group's smallest slave while
 * there is no master ("prime slave"), which serves reads only if it acts as one; null for any other member.
 */
function permMaskOf(
  { brokerId, enableActingMaster }: Registration,
  brokerAddrs: ReadonlyMap<bigint, string>,
): number | null {
  if (brokerId === MASTER_ID) return ~0
  if (enableActingMaster === null || brokerId !== minBrokerId(brokerAddrs)) return null
  return enableActingMaster ? ~Perm.WRITE : ~0
}

function identity({ clusterName, brokerName, brokerId, brokerAddr }: BrokerIdentity): BrokerIdentity {
  return { clusterName, brokerName, brokerId, brokerAddr }
}

/** @returns Whether it was not there. */
function addToCluster(tables: RouteTables, clusterName: string, brokerName: string): boolean {
  const names = tables.clusterAddrTable.get(clusterName)
  if (names?.has(brokerName) === true) return false
  if (names === undefined) tables.clusterAddrTable.set(clusterName, new Set([brokerName]))
  else names.add(brokerName)
  return true
}

function putGroup(
  tables: RouteTables,
  known: BrokerData | undefined,
  group: BrokerData,
  changes: RouteChanges,
): void {
  if (known !== undefined && sameGroup(known, group)) return
  tables.brokerAddrTable.set(group.brokerName, group)
  changes.group(group.brokerName)
}

function sameGroup(a: BrokerData, b: BrokerData): boolean {
  if (a.zoneName !== b.zoneName || a.enableActingMaster !== b.enableActingMaster) return false
  if (a.brokerAddrs.size !== b.brokerAddrs.size) return false
  for (const [id, addr] of a.brokerAddrs) if (b.brokerAddrs.get(id) !== addr) return false
  return true
}

interface Standing {
  /** Null if the topics do not count. */
  readonly permMask: number | null
  /** Whether this member was not in its group before. */
  readonly first: boolean
  readonly deleteMissingTopics: boolean
}

/**
 * @returns Whether every topic is stored as the registration says; undefined if that is not to be told, because the table's keys
 * are not the names inside.
 */
function* registerTopics(
  tables: RouteTables,
  registration: Registration,
  { permMask, first, deleteMissingTopics }: Standing,
  changes: RouteChanges,
): Sliced<boolean | undefined> {
  if (permMask === null) return true
  const { clusterName, brokerAddr, brokerName, dataVersion, since } = registration
  const { topicConfigTable, topicQueueMappingInfoMap } = registration
  // With a mark there is none to delete, or it would not hold.
  if (deleteMissingTopics && topicQueueMappingInfoMap.size === 0 && since === undefined) {
    for (const topic of tables.topicQueueTable.keys()) {
      if (!topicConfigTable.has(topic) && tables.removeQueueData(topic, brokerName)) changes.topic(topic)
      yield
    }
  }

  const everything = first || tables.isDataVersionChanged(clusterName, brokerAddr, dataVersion)
  let exact = since?.exact ?? true
  let keysAreNames = true
  const share = queueDataSharing(brokerName)
  for (const [key, config] of topicConfigTable) {
    const topic = config.topicName
    keysAreNames &&= key === topic
    const queueData = share(
      config.readQueueNums,
      config.writeQueueNums,
      config.perm & permMask,
      config.topicSysFlag,
    )
    const known = everything ? undefined : tables.toldQueueData(topic, brokerName)
    if (known !== undefined) exact &&= sameQueueData(known, queueData)
    else if (tables.putQueueData(topic, queueData)) changes.topic(topic)
    yield
  }
  if (!everything) return keysAreNames ? exact : undefined
  for (const [topic, info] of topicQueueMappingInfoMap) {
    const byBroker = new Map(tables.topicQueueMappingInfoTable.get(topic)).set(info.bname ?? 'null', info)
    tables.topicQueueMappingInfoTable.set(topic, byBroker)
    changes.topic(topic)
    yield
  }
  return keysAreNames ? exact : undefined
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
