import { Perm } from '../protocol/body/topic-config.ts'
import { MASTER_ID, type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'
import type { Registration, TopicsMark } from './registration.ts'
import type { RouteChanges } from './route-changes.ts'
import { minBrokerId, type RouteTables } from './route-tables.ts'
import type { Sliced } from './slicer.ts'

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
  /** Whether this member was not in its group before. */
  readonly first: boolean
  readonly deleteMissingTopics: boolean
}

/**
 * Takes the topics of a registration, as far as they count, yielding after every topic.
 * @returns Whether every topic is stored as the registration says; undefined if that is not to be told, because the table's keys
 * are not the names inside.
 */
export function* registerTopics(
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
      if (!topicConfigTable.has(topic) && tables.removeQueueData(topic, brokerName))
        changes.topic(topic, 'deleted')
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
    else {
      const change = tables.topicQueueTable.get(topic)?.has(brokerName) === true ? 'changed' : 'new'
      if (tables.putQueueData(topic, queueData)) changes.topic(topic, change)
    }
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

/** Whether a registration that says the same as an earlier one would find every topic as it is to be. */
export function stillHolds(
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
