import { isDeepStrictEqual } from 'node:util'
import type { Steps } from '../common/time-slicer.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import { MASTER_ID, type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'
import type { Registration, RegistrationBaseline } from './registration.ts'
import { type RegistrationScope, type Removal, scopeOf } from './registration-parts.ts'
import type { RouteChanges } from './route-changes.ts'
import { minBrokerId, type RouteTables } from './route-tables.ts'

/**
 * What a registration's permissions are masked with. Only a master's topics count, or those of a group's smallest slave while
 * there is no master ("prime slave"), which serves reads only if it acts as one; null for any other member.
 */
export function permMaskOf(
  { brokerId, enableActingMaster }: Registration,
  brokerAddrs: ReadonlyMap<bigint, string>,
): number | null {
  if (brokerId === MASTER_ID) return ~0
  if (enableActingMaster === null || brokerId !== minBrokerId(brokerAddrs)) return null
  return enableActingMaster ? ~Perm.WRITE : ~0
}

/** How a member stands in its group. */
export interface Standing {
  /** Null if the topics do not count. */
  readonly permMask: number | null
  readonly scope: RegistrationScope
  readonly deleteMissingTopics: boolean
}

/** How a registration has left the topics of its broker name. */
export interface TopicsOutcome {
  /** Whether every topic is stored as the registration says; undefined if unknown: the table's keys differ from the topic names in it. */
  readonly exact: boolean | undefined
  /** Whether the topics that it does not name were removed. */
  readonly missingDeleted: boolean
}

/** Takes the topics of a registration, as far as they count, yielding after every topic. */
export function* registerTopics(
  tables: RouteTables,
  registration: Registration,
  { permMask, scope, deleteMissingTopics }: Standing,
  changes: RouteChanges,
): Steps<TopicsOutcome> {
  if (permMask === null) return { exact: true, missingDeleted: false }
  const { brokerName, dataVersion, since } = registration
  const { topicConfigTable, topicQueueMappingInfoMap } = registration
  // A baseline (`since`) holds only if there is nothing to remove.
  const removal =
    deleteMissingTopics && since === undefined ? tables.parts.removalBy(tables, registration, scope) : 'none'
  if (removal !== 'none') yield* removeMissing(tables, registration, removal, changes)
  const named = tables.parts.take(registration, scope, deleteMissingTopics)

  const { news } = scope
  const isOverridden = tables.overridden.has(brokerName)
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
    const known = news === 'all' ? undefined : tables.topicQueueTable.get(topic)?.get(brokerName)
    const stays =
      known !== undefined &&
      (news === 'nothing' || (isOverridden && tables.overridden.outlasts(topic, queueData, dataVersion)))
    if (stays) exact &&= sameQueueData(known, queueData)
    else {
      const change = tables.topicQueueTable.get(topic)?.has(brokerName) === true ? 'changed' : 'new'
      if (tables.putQueueData(topic, queueData)) changes.topic(topic, change)
      if (isOverridden) tables.overridden.drop(topic, brokerName)
    }
    named?.add(topic)
    yield
  }
  if (news !== 'nothing') {
    for (const [topic, info] of topicQueueMappingInfoMap) {
      const known = tables.topicQueueMappingInfoTable.get(topic)
      const bname = info.bname ?? 'null'
      if (!isDeepStrictEqual(known?.get(bname), info)) {
        tables.topicQueueMappingInfoTable.set(topic, new Map(known).set(bname, info))
        changes.topic(topic)
      }
      yield
    }
  }
  return { exact: keysAreNames ? exact : undefined, missingDeleted: removal === 'not named' }
}

function* removeMissing(
  tables: RouteTables,
  { brokerName, topicConfigTable }: Registration,
  removal: Exclude<Removal, 'none'>,
  changes: RouteChanges,
): Steps<void> {
  for (const topic of tables.topicQueueTable.keys()) {
    const isNamed = topicConfigTable.has(topic) || (removal !== 'not named' && removal.has(topic))
    if (!isNamed && tables.removeQueueData(topic, brokerName)) changes.topic(topic, 'deleted')
    yield
  }
}

/** Whether a registration that says the same as an earlier one would find every topic as it is to be. */
export function stillHolds(
  mark: RegistrationBaseline,
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
): boolean {
  const { brokerAddr, brokerName, brokerId } = registration
  const brokerAddrs = new Map(tables.brokerAddrTable.get(brokerName)?.brokerAddrs)
  const holderAddr = brokerAddrs.get(brokerId)
  for (const [id, addr] of brokerAddrs) if (addr === brokerAddr) brokerAddrs.delete(id)
  brokerAddrs.set(brokerId, brokerAddr)
  if (mark.permMask !== permMaskOf(registration, brokerAddrs)) return false
  if (mark.permMask === null) return true
  if (mark.queueState !== tables.queueState(brokerName)) return false
  if (deleteMissingTopics && (!mark.missingDeleted || tables.parts.has(brokerName))) return false
  const { news, isPart } = scopeOf(tables, registration, holderAddr)
  // Only all of its topics show what it has in common with the registration before it.
  if (isPart || news === 'differences') return false
  return mark.exact || news === 'nothing'
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
