import type { Steps } from '../common/time-slicer.ts'
import { type BrokerData, MASTER_ID } from '../protocol/body/topic-route-data.ts'
import { addToCluster, putGroup } from './broker-group.ts'
import { permMaskOf, registerTopics, type Standing, stillHolds } from './register-topics.ts'
import type { RegisterBrokerOutcome, RegisterBrokerResult, Registration } from './registration.ts'
import { isComplete, type RegistrationScope, scopeOf } from './registration-parts.ts'
import type { RouteChanges } from './route-changes.ts'
import type { BrokerIdentity } from './route-event.ts'
import { brokerKey, minBrokerId, type RouteTables } from './route-tables.ts'
import { unregisterBrokers } from './unregister-brokers.ts'

/** Heartbeat timeout of a broker that names none: 120 s. @see RouteInfoManager DEFAULT_BROKER_CHANNEL_EXPIRED_TIME */
const DEFAULT_HEARTBEAT_TIMEOUT_MS = 120_000

const NO_MASTER: RegisterBrokerResult = { haServerAddr: null, masterAddr: null }

/**
 * Takes a registration into the tables, yielding after every topic.
 *
 * A member that is not in its group yet must not begin with exactly one topic, because that is an incremental registration that
 * came before the full one: it is refused.
 *
 * An address has one name in a cluster, the one that came last: where Java keeps the former one too, the address leaves its group.
 * @returns Undefined, with nothing touched, if the mark it builds on does not hold any more: it must come again as a whole.
 * @see RouteInfoManager#registerBroker in apache/rocketmq
 */
export function* applyRegistration(
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
  changes: RouteChanges,
): Steps<RegisterBrokerOutcome | undefined> {
  const { clusterName, brokerAddr, brokerName, brokerId, since } = registration
  if (since !== undefined && !stillHolds(since, tables, registration, deleteMissingTopics)) return undefined
  const before = tables.live(clusterName, brokerAddr)
  const isRenamed = before !== undefined && before.brokerName !== brokerName
  // Registrations of different names may overtake each other while they are read.
  if (isRenamed && before.generation > registration.generation) return { result: NO_MASTER }
  if (addToCluster(tables, clusterName, brokerName)) changes.markDirty()
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

  if (previousAddr !== undefined && isOutdated(tables, registration, previousAddr)) {
    putGroup(tables, known, group(), changes)
    ignore(tables, registration, previousAddr, changes)
    return { result: NO_MASTER }
  }
  const topics = since?.topics ?? registration.topicConfigTable.size
  if (previousAddr === undefined && topics === 1) {
    putGroup(tables, known, group(), changes)
    return { result: null }
  }

  if (isRenamed) yield* leaveFormerName(tables, registration, before.brokerName, changes)
  brokerAddrs.set(brokerId, brokerAddr)
  putGroup(tables, known, group(), changes)
  const permMask = permMaskOf(registration, brokerAddrs)
  const scope = scopeOf(tables, registration, previousAddr)
  const standing: Standing = { permMask, scope, deleteMissingTopics }
  const { exact, missingDeleted } = yield* registerTopics(tables, registration, standing, changes)

  // Without its place in the group, what it registered before may not be in the tables any more.
  const complete = isComplete(registration, scope, previousAddr === brokerAddr ? before : undefined)
  if (putLive(tables, registration, scope, complete)) changes.markDirty()
  const isIncrement = scope.news === 'all' && !scope.namesOwnTopic && !tables.parts.has(brokerName)
  if (permMask !== null && isIncrement)
    tables.overridden.moveTo(brokerName, tables.dataVersionsOf(brokerName))
  setFilterServers(tables, registration, changes)
  if (previousAddr !== brokerAddr || before === undefined || isRenamed) {
    const { haServerAddr, channelId, peer } = registration
    changes.event({
      kind: 'broker registered',
      broker: identity(registration),
      haServerAddr,
      topics,
      channelId,
      peer,
      topicChanges: changes.tally,
    })
  } else noteTopics(registration, changes)
  if (brokerId < previousMinId) {
    changes.event({
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
  const { firstTopic, namesOwnTopic } = scope
  const contents = { topics, firstTopic, namesOwnTopic }
  const deleted = missingDeleted || since?.missingDeleted === true
  return { result, mark: { ...contents, queueState, permMask, exact, missingDeleted: deleted } }
}

/** Whether another address has the id, and registered it with a later state of the group. */
function isOutdated(
  tables: RouteTables,
  { clusterName, brokerAddr, dataVersion }: Registration,
  holderAddr: string,
): boolean {
  if (holderAddr === brokerAddr) return false
  const holder = tables.live(clusterName, holderAddr)
  return holder !== undefined && holder.dataVersion.stateVersion > dataVersion.stateVersion
}

/** The address leaves the group of the name that it had, and that group's topics go if it was the last member. */
function leaveFormerName(
  tables: RouteTables,
  { clusterName, brokerAddr, generation }: Registration,
  brokerName: string,
  changes: RouteChanges,
): Steps<void> {
  const leaving = {
    clusterName,
    brokerAddr,
    brokerName,
    brokerId: null,
    reason: 'renamed',
    generation,
  } as const
  return unregisterBrokers(tables, [leaving], changes)
}

/** The id stays with the address that has it, and the broker that came is not live. */
function ignore(
  tables: RouteTables,
  registration: Registration,
  currentAddr: string,
  changes: RouteChanges,
): void {
  const { clusterName, brokerName, brokerAddr } = registration
  const own = tables.live(clusterName, brokerAddr)
  // Java drops it whatever its name, and nothing is left then that would ever remove the other name.
  if (own?.brokerName === brokerName) {
    const key = brokerKey(clusterName, brokerAddr)
    tables.removeLive(key)
    if (tables.filterServerTable.delete(key)) changes.invalidateAll()
  }
  const { peer } = registration
  changes.event({ kind: 'registration ignored', broker: identity(registration), currentAddr, peer })
}

/** @returns Whether more is new than the version and the times. */
function putLive(
  tables: RouteTables,
  registration: Registration,
  { topics, firstTopic }: RegistrationScope,
  complete: boolean,
): boolean {
  const { clusterName, brokerAddr, brokerName } = registration
  return tables.setLive({
    clusterName,
    brokerAddr,
    brokerName,
    // A heartbeat may have come while the registration was being read.
    lastUpdateTimestampMs: Math.max(
      registration.nowMs,
      tables.lastPauseEndMs,
      tables.live(clusterName, brokerAddr)?.lastUpdateTimestampMs ?? 0,
    ),
    heartbeatTimeoutMs: registration.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
    dataVersion: registration.dataVersion,
    channelId: registration.channelId,
    peer: registration.peer,
    haServerAddr: registration.haServerAddr,
    topics,
    firstTopic,
    isComplete: complete,
    generation: registration.generation,
  })
}

/** Of a broker that is registered already, only the topics that changed make an effect. */
function noteTopics(registration: Registration, changes: RouteChanges): void {
  const { tally: topicChanges } = changes
  if (topicChanges === undefined) return
  const { peer } = registration
  changes.event({ kind: 'topics changed', broker: identity(registration), peer, topicChanges })
}

function identity({ clusterName, brokerName, brokerId, brokerAddr }: BrokerIdentity): BrokerIdentity {
  return { clusterName, brokerName, brokerId, brokerAddr }
}

function setFilterServers(tables: RouteTables, registration: Registration, changes: RouteChanges): void {
  const list = registration.filterServerList
  if (list === null) return
  const key = brokerKey(registration.clusterName, registration.brokerAddr)
  const known = tables.filterServerTable.get(key)
  if (list.length === 0) tables.filterServerTable.delete(key)
  else tables.filterServerTable.set(key, list)
  if (list.join('\n') !== (known ?? []).join('\n')) changes.invalidateAll()
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
