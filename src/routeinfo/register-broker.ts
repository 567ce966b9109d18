import { type BrokerData, MASTER_ID } from '../protocol/body/topic-route-data.ts'
import { addToCluster, putGroup } from './broker-group.ts'
import { formerNamesOf, noteDisplaced } from './former-names.ts'
import { permMaskOf, registerTopics, type Standing, stillHolds } from './register-topics.ts'
import type { RegisterBrokerOutcome, RegisterBrokerResult, Registration } from './registration.ts'
import type { RouteChanges } from './route-changes.ts'
import type { BrokerIdentity } from './route-effect.ts'
import { type BrokerLiveInfo, brokerKey, minBrokerId, NO_CHANNEL, type RouteTables } from './route-tables.ts'
import type { Sliced } from './slicer.ts'

/** Heartbeat timeout of a broker that names none: 120 s. @see RouteInfoManager DEFAULT_BROKER_CHANNEL_EXPIRED_TIME */
const DEFAULT_HEARTBEAT_TIMEOUT_MS = 120_000

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
  const { clusterName, brokerAddr, brokerName, brokerId, since } = registration
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

  if (previousAddr !== undefined && isOutdated(tables, registration, previousAddr)) {
    putGroup(tables, known, group(), changes)
    ignore(tables, registration, previousAddr, changes)
    return { result: NO_MASTER }
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
    noteTopics(registration, changes)
    tables.touch(clusterName, brokerAddr, registration.nowMs)
    return { result: brokerId === MASTER_ID ? NO_MASTER : masterOf(tables, clusterName, brokerAddrs) }
  }
  if (permMask !== null) tables.restored?.toldNames.add(brokerName)
  noteDisplaced(tables, before, brokerName)
  if (putLive(tables, registration, before)) changes.unseen()
  setFilterServers(tables, registration, changes)
  if (first || before === undefined || isProvisional) {
    const { haServerAddr, channelId, peer } = registration
    changes.effect({
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

/** Whether another address has the id, and registered it with a later state of the group. */
function isOutdated(
  tables: RouteTables,
  { clusterName, brokerAddr, dataVersion }: Registration,
  holderAddr: string,
): boolean {
  if (holderAddr === brokerAddr) return false
  const holder = tables.registered(clusterName, holderAddr)
  return holder !== undefined && holder.dataVersion.stateVersion > dataVersion.stateVersion
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
  if (own?.brokerName === brokerName && !own.formerNames?.size) {
    const key = brokerKey(clusterName, brokerAddr)
    tables.removeLive(key)
    if (tables.filterServerTable.delete(key)) changes.everyTopic()
  }
  const { peer } = registration
  changes.effect({ kind: 'registration ignored', broker: identity(registration), currentAddr, peer })
}

/** @returns Whether more is new than the version and the times. */
function putLive(
  tables: RouteTables,
  registration: Registration,
  before: BrokerLiveInfo | undefined,
): boolean {
  const { clusterName, brokerAddr, brokerName } = registration
  const formerNames = formerNamesOf(tables, before, brokerName)
  return tables.setLive({
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
    dataVersion: registration.dataVersion,
    channelId: registration.channelId,
    peer: registration.peer,
    haServerAddr: registration.haServerAddr,
    generation: registration.generation,
  })
}

/** A broker that is known already: only what its registration changed is worth telling. */
function noteTopics(registration: Registration, changes: RouteChanges): void {
  const { tally: topicChanges } = changes
  if (topicChanges === undefined) return
  const { peer } = registration
  changes.effect({ kind: 'topics changed', broker: identity(registration), peer, topicChanges })
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
