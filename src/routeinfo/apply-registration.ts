import type { Steps } from '../common/time-slicer.ts'
import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import { permMaskOf, registerTopics, type StoredTopics } from './register-topics.ts'
import type {
  AppliedRegistration,
  RegisterBrokerOutcome,
  RegisterBrokerResult,
  Registration,
} from './registration.ts'
import { type Claimant, isOwner, RegistrationGuard } from './registration-guard.ts'
import { isComplete, type RegistrationScope, scopeOf } from './registration-parts.ts'
import type { BrokerIdentity, RouteChanges } from './route-changes.ts'
import { brokerKey, minBrokerId, type RouteTables } from './route-tables.ts'
import { RouteView } from './route-view.ts'
import { checkBroker, checkTopics, type TableLimits } from './table-limits.ts'
import { unregisterBrokers } from './unregister-brokers.ts'

/** Heartbeat timeout of a broker that names none: 120 s. @see RouteInfoManager DEFAULT_BROKER_CHANNEL_EXPIRED_TIME */
export const DEFAULT_HEARTBEAT_TIMEOUT_MS = 120_000

const NO_MASTER: RegisterBrokerResult = { haServerAddr: null, masterAddr: null }

/**
 * Applies a registration to the tables, in steps of one topic; or rejects it as a whole if there is no room for it.
 *
 * A member that is not in its group yet must not begin with exactly one topic, because that is an incremental registration that
 * came before the full one: it is rejected.
 *
 * An address has one name in a cluster, the last one: where Java keeps the former one too, the address leaves its group.
 * @see RouteInfoManager#registerBroker in apache/rocketmq
 * @throws {LimitError} `maxBrokers`, `maxTopics`
 */
export function* applyRegistration(
  tables: RouteTables,
  { maxBrokers, maxTopics }: TableLimits,
  registration: Registration,
  deleteMissingTopics: boolean,
  changes: RouteChanges,
  guard: RegistrationGuard = new RegistrationGuard(new RouteView(tables)),
): Steps<RegisterBrokerOutcome> {
  const isDisputed = yield* guard.checkRegistration(registration)
  yield* checkBroker(tables, maxBrokers, registration, changes)
  yield* checkTopics(tables, maxTopics, registration, deleteMissingTopics)
  const { clusterName, brokerAddr, brokerName, brokerId, haServerAddr, generation, peer, by } = registration
  const before = tables.live(clusterName, brokerAddr)
  const isRenamed = before !== undefined && before.brokerName !== brokerName
  // Registrations of different names may overtake each other while they are read.
  if (isRenamed && before.generation > generation) return { result: NO_MASTER }
  if (tables.addToCluster(clusterName, brokerName)) changes.markDirty()
  const known = tables.brokerAddrTable.get(brokerName)
  const brokerAddrs = new Map(known?.brokerAddrs)
  // Zero for an empty group: its first member does not change the min broker id.
  const previousMinId = minBrokerId(brokerAddrs) ?? MASTER_ID
  // One address has one id: a broker that changes its role keeps its address.
  for (const [id, addr] of brokerAddrs) if (addr === brokerAddr && id !== brokerId) brokerAddrs.delete(id)
  const previousAddr = brokerAddrs.get(brokerId)
  const topics = registration.topicConfigTable.keys.length
  const holderAddr = isOutdated(tables, registration, previousAddr) ? previousAddr : undefined
  const isEarlyIncrement = previousAddr === undefined && topics === 1
  const isAccepted = holderAddr === undefined && !isEarlyIncrement
  const group = { ...guard.groupOf(registration, known, isAccepted), brokerAddrs }

  if (holderAddr !== undefined) {
    if (tables.putGroup(group)) changes.group(brokerName)
    ignore(tables, registration, holderAddr, changes)
    return { result: NO_MASTER }
  }
  if (isEarlyIncrement) {
    if (tables.putGroup(group)) changes.group(brokerName)
    return { result: null }
  }

  // The group of the former name loses its topics if this was its last member.
  if (isRenamed) {
    const leaving = {
      clusterName,
      brokerAddr,
      brokerName: before.brokerName,
      brokerId: null,
      generation,
      peer,
      by,
    }
    yield* unregisterBrokers(tables, [{ ...leaving, reason: 'renamed' }], changes)
  }
  brokerAddrs.set(brokerId, brokerAddr)
  const isGroupChanged = tables.putGroup(group)
  if (isGroupChanged) changes.group(brokerName)
  const permMask = permMaskOf(registration, brokerAddrs)
  const scope = yield* scopeOf(tables, registration, previousAddr)
  const rules = { permMask, scope, deleteMissingTopics, guard }
  const wasOverridden = tables.overridden.has(brokerName)
  const stored = yield* registerTopics(tables, registration, rules, changes)

  if (wasOverridden && !tables.overridden.has(brokerName))
    changes.event({ kind: 'override ended', broker: identity(registration), peer, by })

  // If it was not a member, its earlier topics may have been removed from the tables.
  const complete = isComplete(registration, scope, previousAddr === brokerAddr ? before : undefined)
  const isLiveChanged = putLive(tables, registration, complete)
  if (isLiveChanged) changes.markDirty()
  const isIncrement = scope.news === 'all' && !scope.namesOwnTopic && !tables.parts.has(brokerName)
  if (permMask !== null && isIncrement)
    tables.overridden.moveTo(brokerName, tables.dataVersionsOf(brokerName))
  setFilterServers(tables, registration, changes)
  if (previousAddr !== brokerAddr || before === undefined || isRenamed) {
    const { channelId } = registration
    const broker = identity(registration)
    const topicChanges = changes.tally
    changes.event({
      kind: 'broker registered',
      broker,
      haServerAddr,
      topics,
      channelId,
      peer,
      by,
      topicChanges,
    })
  } else {
    const broker = identity(registration)
    const { zoneName, enableActingMaster } = group
    if (isGroupChanged || isLiveChanged)
      changes.event({ kind: 'broker changed', broker, haServerAddr, peer, by, zoneName, enableActingMaster })
    if (changes.tally !== undefined)
      changes.event({ kind: 'topics changed', broker, peer, by, topicChanges: changes.tally })
  }
  if (brokerId < previousMinId) {
    changes.event({
      kind: 'min broker id changed',
      brokerName,
      brokerAddrs: new Map(brokerAddrs),
      offlineBrokerAddr: null,
      haBrokerAddr: haServerAddr,
      enableActingMaster: group.enableActingMaster,
    })
  }
  const result = brokerId === MASTER_ID ? NO_MASTER : masterOf(tables, clusterName, brokerAddrs)
  const applied = isDisputed ? undefined : appliedRegistration(tables, registration, scope, stored)
  return { result, applied }
}

/** What is new in a registration that repeats the previous one. */
export type Repetition = Claimant & Pick<Registration, 'generation' | 'nowMs'>
export type RepetitionOutcome = RegisterBrokerOutcome & { readonly applied: AppliedRegistration }

/**
 * Applies a registration that repeats, in its header and its body, one that was applied before. If the tables are as that one
 * left them, only the times and the connection of its broker change.
 * @returns Undefined, with nothing changed, if they are not: the registration must be read and applied.
 */
export function repeatRegistration(
  tables: RouteTables,
  applied: AppliedRegistration,
  repetition: Repetition,
  deleteMissingTopics: boolean,
): RepetitionOutcome | undefined {
  const { live, group, queueState, missingDeleted } = applied
  const { owner, channelId, peer, generation, nowMs } = repetition
  const { clusterName, brokerAddr, brokerName } = live
  const changesNothing =
    tables.live(clusterName, brokerAddr) === live &&
    // Anyone can repeat the bytes of another's registration.
    isOwner(live, repetition) &&
    tables.brokerAddrTable.get(brokerName) === group &&
    tables.queueState(brokerName) === queueState &&
    // Parts are counted in rounds.
    !tables.parts.has(brokerName) &&
    (missingDeleted || !deleteMissingTopics)
  if (!changesNothing) return undefined
  const lastUpdateTimestampMs = Math.max(nowMs, tables.lastPauseEndMs, live.lastUpdateTimestampMs)
  // Increments are not repeated, see `isComplete`.
  const repeated = {
    ...live,
    owner,
    channelId,
    peer,
    generation,
    lastUpdateTimestampMs,
    registeredMs: nowMs,
    isComplete: true,
  }
  tables.setLive(repeated)
  const isMaster = group.brokerAddrs.get(MASTER_ID) === brokerAddr
  const result = isMaster ? NO_MASTER : masterOf(tables, clusterName, group.brokerAddrs)
  return { result, applied: { ...applied, live: repeated } }
}

/** Undefined if the next registration cannot be compared with this one. */
function appliedRegistration(
  tables: RouteTables,
  { clusterName, brokerAddr, brokerName, topicConfigTable: topics, topicQueueMappingInfoMap }: Registration,
  { namesOwnTopic }: RegistrationScope,
  stored: StoredTopics,
): AppliedRegistration | undefined {
  const live = tables.live(clusterName, brokerAddr)
  const group = tables.brokerAddrTable.get(brokerName)
  const isComparable = topics.keys === topics.names && topicQueueMappingInfoMap.size === 0
  if (!isComparable || live === undefined || group === undefined) return undefined
  return { ...stored, topics, namesOwnTopic, live, group, queueState: tables.queueState(brokerName) }
}

/** Whether another address has the id, and registered it with a newer stateVersion. */
function isOutdated(
  tables: RouteTables,
  { clusterName, brokerAddr, dataVersion }: Registration,
  holderAddr: string | undefined,
): boolean {
  if (holderAddr === undefined || holderAddr === brokerAddr) return false
  const holder = tables.live(clusterName, holderAddr)
  return holder !== undefined && holder.dataVersion.stateVersion > dataVersion.stateVersion
}

/** Leaves the id to the address that has it; the registering broker is not live. */
function ignore(
  tables: RouteTables,
  registration: Registration,
  currentAddr: string,
  changes: RouteChanges,
): void {
  const { clusterName, brokerName, brokerAddr } = registration
  const own = tables.live(clusterName, brokerAddr)
  // Java removes it whatever its name; then nothing would ever remove the other name.
  if (own?.brokerName === brokerName) {
    const key = brokerKey(clusterName, brokerAddr)
    tables.removeLive(key)
    if (tables.filterServerTable.delete(key)) changes.invalidateAll()
  }
  const { peer, by } = registration
  changes.event({ kind: 'registration ignored', broker: identity(registration), currentAddr, peer, by })
}

/** @returns Whether more than the data version and the times has changed. */
function putLive(tables: RouteTables, registration: Registration, complete: boolean): boolean {
  const { clusterName, brokerAddr, brokerName, dataVersion, haServerAddr } = registration
  const { owner, channelId, peer, version, language, generation, nowMs } = registration
  // A heartbeat may have arrived while the registration was being read.
  const lastHeartbeatMs = tables.live(clusterName, brokerAddr)?.lastUpdateTimestampMs ?? 0
  return tables.setLive({
    clusterName,
    brokerAddr,
    brokerName,
    lastUpdateTimestampMs: Math.max(nowMs, tables.lastPauseEndMs, lastHeartbeatMs),
    registeredMs: nowMs,
    version,
    language,
    heartbeatTimeoutMs: registration.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
    dataVersion,
    channelId,
    peer,
    owner,
    haServerAddr,
    topics: registration.topicConfigTable.keys.length,
    firstTopic: registration.topicConfigTable.keys[0],
    isComplete: complete,
    generation,
  })
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
