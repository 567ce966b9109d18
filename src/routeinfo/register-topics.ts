import { isDeepStrictEqual } from 'node:util'
import type { Steps } from '../common/time-slicer.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import { MASTER_ID, type QueueData } from '../protocol/body/topic-route-data.ts'
import { ChangedTopics, TopicList } from '../protocol/body/topic-table.ts'
import type { AppliedRegistration, Registration } from './registration.ts'
import type { RegistrationScope, Removal } from './registration-parts.ts'
import type { RouteChanges } from './route-changes.ts'
import { minBrokerId, type RouteTables } from './route-tables.ts'

/**
 * The mask for a registration's permissions; null if its topics do not count. They count for a master, and for the min broker id of
 * a group without master (the "prime slave"), which is not writable while it acts as one.
 */
export function permMaskOf(
  { brokerId, enableActingMaster }: Registration,
  brokerAddrs: ReadonlyMap<bigint, string>,
): number | null {
  if (brokerId === MASTER_ID) return ~0
  if (enableActingMaster === null || brokerId !== minBrokerId(brokerAddrs)) return null
  return enableActingMaster ? ~Perm.WRITE : ~0
}

/** How the topics of a registration are applied. */
export interface TopicRules {
  /** See {@link permMaskOf}. */
  readonly permMask: number | null
  readonly scope: RegistrationScope
  readonly deleteMissingTopics: boolean
}

/** The part of an {@link AppliedRegistration} that concerns its topics. */
export type StoredTopics = Pick<
  AppliedRegistration,
  'topicNames' | 'queueDatas' | 'permMask' | 'missingDeleted'
>

/**
 * Applies the topics of a registration, as far as they count, in steps of one topic. If the tables still have the topics that it
 * was compared with, only its changes are looked at.
 * @returns Undefined if the next registration cannot be compared with this one.
 */
export function* registerTopics(
  tables: RouteTables,
  registration: Registration,
  { permMask, scope, deleteMissingTopics }: TopicRules,
  changes: RouteChanges,
): Steps<StoredTopics | undefined> {
  const { brokerName, dataVersion, topicConfigTable, topicQueueMappingInfoMap } = registration
  const isCounted = permMask !== null
  const removal =
    isCounted && deleteMissingTopics ? tables.parts.removalBy(tables, registration, scope) : 'none'
  if (removal !== 'none') yield* removeMissing(tables, registration, removal, changes)
  const named = isCounted ? tables.parts.take(registration, scope, deleteMissingTopics) : undefined

  const { news } = scope
  const isOverridden = tables.overridden.has(brokerName)
  const hasKnown = named === undefined && !isOverridden && stillHas(tables, registration, permMask)
  const compared = topicConfigTable instanceof ChangedTopics && hasKnown ? topicConfigTable : undefined
  const topicNames: string[] = []
  const queueDatas = compared === undefined ? [] : [...(registration.previous?.queueDatas ?? [])]
  const share = queueDataSharing(brokerName)
  for (const [index, config] of compared?.changes ?? numbered(topicConfigTable.values())) {
    const { topicName: topic, readQueueNums, writeQueueNums, perm, topicSysFlag } = config
    const queueData = share(readQueueNums, writeQueueNums, perm & (permMask ?? ~0), topicSysFlag)
    const known =
      !isCounted || news === 'all' ? undefined : tables.topicQueueTable.get(topic)?.get(brokerName)
    const stays =
      known !== undefined &&
      (news === 'nothing' || (isOverridden && tables.overridden.outlasts(topic, queueData, dataVersion)))
    if (isCounted && !stays) {
      const change = tables.topicQueueTable.get(topic)?.has(brokerName) === true ? 'changed' : 'new'
      if (tables.putQueueData(topic, queueData)) changes.topic(topic, change)
      if (isOverridden) tables.overridden.drop(topic, brokerName)
    }
    if (compared === undefined) topicNames.push(topic)
    queueDatas[index] = stays ? known : queueData
    named?.add(topic)
    yield
  }
  if (isCounted && news !== 'nothing') {
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
  const isList = topicConfigTable instanceof TopicList || topicConfigTable instanceof ChangedTopics
  if (!isList || topicQueueMappingInfoMap.size > 0) return undefined
  const missingDeleted = !isCounted || removal === 'not named'
  return { topicNames: compared?.keys() ?? topicNames, queueDatas, permMask, missingDeleted }
}

/** Whether the topics that a registration was compared with are still as they were then. */
function stillHas(
  tables: RouteTables,
  { topicConfigTable, brokerName, previous }: Registration,
  permMask: number | null,
): boolean {
  if (!(topicConfigTable instanceof ChangedTopics) || topicConfigTable.known !== previous) return false
  return (
    previous.permMask === permMask &&
    (permMask === null || previous.queueState === tables.queueState(brokerName))
  )
}

function* numbered<Item>(items: Iterable<Item>): Generator<[number, Item], undefined, undefined> {
  let number = 0
  for (const item of items) yield [number++, item]
}

function* removeMissing(
  tables: RouteTables,
  { brokerName, topicConfigTable }: Registration,
  removal: Exclude<Removal, 'none'>,
  changes: RouteChanges,
): Steps<void> {
  const names = new Set<string>()
  for (const key of topicConfigTable.keys()) {
    names.add(key)
    yield
  }
  for (const topic of tables.topicQueueTable.keys()) {
    const isNamed = names.has(topic) || (removal !== 'not named' && removal.has(topic))
    if (!isNamed && tables.removeQueueData(topic, brokerName)) changes.topic(topic, 'deleted')
    yield
  }
}

/** Makes the queues of topics; most are configured alike, so equal ones of one registration are one object in memory. */
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
