import { isDeepStrictEqual } from 'node:util'
import type { Steps } from '../common/time-slicer.ts'
import { Perm, type TopicQueues } from '../protocol/body/topic-config.ts'
import { MASTER_ID, type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'
import type { TopicTable } from '../protocol/body/topic-table.ts'
import type { AppliedRegistration, Registration } from './registration.ts'
import type { RegistrationGuard } from './registration-guard.ts'
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
  readonly guard: RegistrationGuard
}

/** The part of an {@link AppliedRegistration} that concerns its topics. */
export type StoredTopics = Pick<AppliedRegistration, 'permMask' | 'missingDeleted' | 'storedExactly'>

/** Topics that did not change and are looked at in one step. */
const UNCHANGED_PER_STEP = 64

/** Applies the topics of a registration, as far as they count, in steps of one topic. */
export function* registerTopics(
  tables: RouteTables,
  registration: Registration,
  { permMask, scope, deleteMissingTopics, guard }: TopicRules,
  changes: RouteChanges,
): Steps<StoredTopics> {
  if (permMask === null) return { permMask, missingDeleted: true, storedExactly: true }
  const { brokerName, dataVersion, topicConfigTable } = registration
  const removal = deleteMissingTopics ? tables.parts.removalBy(tables, registration, scope) : 'none'
  if (removal !== 'none') yield* removeMissing(tables, registration, removal, changes)
  const named = tables.parts.take(registration, scope, deleteMissingTopics)

  const { names } = topicConfigTable
  const isOverridden = tables.overridden.has(brokerName)
  const isComparable = named === undefined && !isOverridden
  const before = isComparable ? topicsInTables(tables, registration, permMask) : undefined
  const queueDataOf = queueDataSharing(brokerName, permMask)
  let storedExactly = true
  for (let index = 0; index < names.length; index++) {
    if (index % UNCHANGED_PER_STEP === UNCHANGED_PER_STEP - 1) yield
    const topic = names[index] as string
    const queues = topicConfigTable.queues[index] as TopicQueues
    if (before?.queues[index] === queues && before.names[index] === topic) continue
    const queueData = queueDataOf(queues)
    const known = tables.topicQueueTable.get(topic)?.get(brokerName)
    const stays =
      known !== undefined &&
      (scope.news === 'nothing' ||
        (scope.news === 'differences' &&
          isOverridden &&
          tables.overridden.outlasts(topic, queueData, dataVersion)))
    if (stays) storedExactly &&= sameQueueData(known, queueData)
    else {
      if (tables.putQueueData(topic, queueData)) changes.topic(topic, known === undefined ? 'new' : 'changed')
      if (isOverridden) tables.overridden.drop(topic, brokerName)
    }
    named?.add(topic)
    yield
  }
  yield* putMappings(tables, registration, scope, guard, changes)
  return { permMask, missingDeleted: removal === 'not named', storedExactly }
}

/** The topics of the previous registration, if the tables are as it left them. */
function topicsInTables(
  tables: RouteTables,
  { brokerName, previous, topicConfigTable: { keys, names } }: Registration,
  permMask: number,
): TopicTable | undefined {
  // Where keys are not names, a name may come twice.
  const isComparable = keys === names && previous?.permMask === permMask && previous.storedExactly
  return isComparable && previous.queueState === tables.queueState(brokerName) ? previous.topics : undefined
}

/** Stores mappings of the broker's own queues under its own name, as Java's brokers send them; they are removed with the queues. */
function* putMappings(
  tables: RouteTables,
  registration: Registration,
  { news }: RegistrationScope,
  guard: RegistrationGuard,
  changes: RouteChanges,
): Steps<void> {
  const { brokerName, topicQueueMappingInfoMap } = registration
  for (const [topic, info] of topicQueueMappingInfoMap) {
    const known = tables.mapping(topic, brokerName)
    const isOwn = info.bname === brokerName && tables.topicQueueTable.get(topic)?.has(brokerName) === true
    const isNew = known === undefined || (news !== 'nothing' && !isDeepStrictEqual(known, info))
    if (isOwn && isNew && guard.allowsMapping(topic, registration)) {
      tables.setMapping(topic, brokerName, info)
      changes.topic(topic)
    }
    yield
  }
}

function* removeMissing(
  tables: RouteTables,
  { brokerName, topicConfigTable }: Registration,
  removal: Exclude<Removal, 'none'>,
  changes: RouteChanges,
): Steps<void> {
  const names = new Set<string>()
  for (const key of topicConfigTable.keys) {
    names.add(key)
    yield
  }
  for (const topic of tables.topicQueueTable.keys()) {
    const isNamed = names.has(topic) || (removal !== 'not named' && removal.has(topic))
    if (!isNamed && tables.removeQueueData(topic, brokerName)) changes.topic(topic, 'deleted')
    yield
  }
}

/** Makes the queues of topics; those of one object of the registration are one object, too. */
function queueDataSharing(brokerName: string, permMask: number): (queues: TopicQueues) => QueueData {
  const shared = new Map<TopicQueues, QueueData>()
  return (queues) => {
    const { readQueueNums, writeQueueNums, perm, topicSysFlag } = queues
    const queueData = shared.get(queues) ?? {
      brokerName,
      readQueueNums,
      writeQueueNums,
      perm: perm & permMask,
      topicSysFlag,
    }
    shared.set(queues, queueData)
    return queueData
  }
}
