import { counted } from '../common/counted.ts'
import { LimitError } from '../common/limit-error.ts'
import { shareOf } from '../common/shares.ts'
import { sourceOf } from '../common/source-of.ts'
import type { Steps } from '../common/time-slicer.ts'
import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import type { Registration } from './registration.ts'
import { scopeOf } from './registration-parts.ts'
import type { RouteChanges } from './route-changes.ts'
import { brokerKey, type RouteTables } from './route-tables.ts'
import { removeEmptyGroups } from './unregister-brokers.ts'

/**
 * Limits of the tables. The brokers of one address, and the topics that they alone have, may be as many as are left for others, so
 * at most half; see {@link shareOf}. A broker that was registered before may exceed them.
 */
export interface TableLimits {
  /** Max brokers; also max broker names, and max names in all clusters together. */
  readonly maxBrokers: number
  /** Max topics. */
  readonly maxTopics: number
}

/** Looking for names without members takes some milliseconds. */
const CLEAN_UP_PERIOD_MS = 1_000

/** No limits at all. */
export const UNLIMITED: TableLimits = {
  maxBrokers: Number.POSITIVE_INFINITY,
  maxTopics: Number.POSITIVE_INFINITY,
}

/**
 * Checks that there is room for the broker of a registration. If not, names without members are removed, which rejected
 * registrations leave behind.
 * @throws {LimitError} There is still no room, or none for more brokers of this address; nothing of the registration has been applied.
 */
export function* checkBroker(
  tables: RouteTables,
  maxBrokers: number,
  registration: Registration,
  changes: RouteChanges,
): Steps<void> {
  if (topicsOfKnown(tables, registration) !== undefined) return
  if (!hasRoomForBroker(tables, maxBrokers, registration)) {
    if (registration.nowMs >= tables.lastCleanUpMs + CLEAN_UP_PERIOD_MS) {
      tables.lastCleanUpMs = registration.nowMs
      yield* removeEmptyGroups(tables, changes)
    }
    if (!hasRoomForBroker(tables, maxBrokers, registration))
      throw new LimitError('maxBrokers', `maxBrokers (${maxBrokers}) reached`)
  }
  checkShareOfBrokers(tables, maxBrokers, registration)
}

/** How many topics a broker that has left may bring back whatever the limits; undefined if it was not registered before. */
function topicsOfKnown(tables: RouteTables, registration: Registration): number | undefined {
  const { clusterName, brokerAddr, brokerName } = registration
  return tables.known.topicsOf(brokerKey(clusterName, brokerAddr), brokerName)
}

function checkShareOfBrokers(
  tables: RouteTables,
  maxBrokers: number,
  { clusterName, brokerAddr, owner }: Registration,
): void {
  const source = shareOf(owner)
  const { brokerLiveTable } = tables
  const free = maxBrokers - brokerLiveTable.size
  // Fewer than half cannot be more than are left.
  if (source === undefined || brokerLiveTable.size < free) return
  if (tables.live(clusterName, brokerAddr) !== undefined) return
  let own = 0
  for (const live of brokerLiveTable.values())
    if (live.owner === owner || sourceOf(live.owner) === source) own++
  if (own > 0 && own >= free)
    throw new LimitError(
      'maxBrokers',
      `share of maxBrokers (${maxBrokers}) reached: ${own} brokers are from ${source}, and ${free} more have room`,
    )
}

function hasRoomForBroker(tables: RouteTables, maxBrokers: number, registration: Registration): boolean {
  const { clusterName, brokerName, brokerAddr } = registration
  const { brokerAddrTable, brokerLiveTable, clusterAddrTable } = tables
  const isLive = tables.live(clusterName, brokerAddr) !== undefined
  const maxNames = leavingName(tables, registration) === undefined ? maxBrokers : maxBrokers + 1
  const isInCluster = clusterAddrTable.get(clusterName)?.has(brokerName) === true
  return (
    (isLive || brokerLiveTable.size < maxBrokers) &&
    (brokerAddrTable.size < maxNames || brokerAddrTable.has(brokerName)) &&
    (isInCluster || namesInClusters(tables) < maxNames)
  )
}

function namesInClusters({ clusterAddrTable }: RouteTables): number {
  let names = 0
  for (const brokerNames of clusterAddrTable.values()) names += brokerNames.size
  return names
}

/** The former name of a broker that registers under another one, if its group leaves with it; undefined if none does. */
function leavingName(
  tables: RouteTables,
  { clusterName, brokerName, brokerAddr }: Registration,
): string | undefined {
  const former = tables.live(clusterName, brokerAddr)?.brokerName
  if (former === undefined || former === brokerName) return undefined
  const members = [...(tables.brokerAddrTable.get(former)?.brokerAddrs.values() ?? [])]
  return members.length > 0 && members.every((addr) => addr === brokerAddr) ? former : undefined
}

/**
 * Checks that there is room for the topics of a registration, before anything is changed. They are counted only if there might be
 * none, were all of them new.
 * @throws {LimitError} For a live broker it counts as a heartbeat, so that the broker keeps the topics it has.
 */
export function* checkTopics(
  tables: RouteTables,
  maxTopics: number,
  registration: Registration,
  deleteMissingTopics: boolean,
): Steps<void> {
  const { topicQueueTable } = tables
  const { clusterName, brokerAddr, nowMs, topicConfigTable } = registration
  const source = shareOf(registration.owner)
  const max = source === undefined ? maxTopics : maxTopics / 2
  const mayExceed = topicQueueTable.size + topicConfigTable.keys.length > max
  if (!mayExceed || (yield* bringsBackTopics(tables, registration))) return
  const topics = yield* topicsWith(tables, registration, deleteMissingTopics)
  // A table that exceeds the limit already may stay as it is, but not grow.
  if (topics > Math.max(maxTopics, topicQueueTable.size)) {
    tables.touch(clusterName, brokerAddr, nowMs)
    throw tooManyTopics(maxTopics, topics)
  }
  const added = topics - topicQueueTable.size
  if (source === undefined || added <= 0) return
  const own = added + (yield* topicsOnlyOf(tables, source))
  if (own <= maxTopics - topics) return
  tables.touch(clusterName, brokerAddr, nowMs)
  throw new LimitError(
    'maxTopics',
    `share of maxTopics (${maxTopics}) exceeded: ${counted(own, 'topic')} would be only on brokers from ${source}, and ${maxTopics - topics} more would have room`,
  )
}

/** Whether a broker that was registered before would have no more topics than it had. */
function* bringsBackTopics(tables: RouteTables, registration: Registration): Steps<boolean> {
  const { brokerName, topicConfigTable } = registration
  const max = topicsOfKnown(tables, registration)
  if (max === undefined || topicConfigTable.names.length > max) return false
  const names = new Set(topicConfigTable.names)
  let topics = names.size
  for (const [topic, queues] of tables.topicQueueTable) {
    if (queues.has(brokerName) && !names.has(topic)) topics++
    yield
  }
  return topics <= max
}

/** How many topics are only on brokers of a source. */
function* topicsOnlyOf(tables: RouteTables, source: string): Steps<number> {
  const names = new Set<string>()
  for (const { owner, brokerName } of tables.brokerLiveTable.values())
    if (sourceOf(owner) === source) names.add(brokerName)
  let topics = 0
  for (const queues of tables.topicQueueTable.values()) {
    let isOnly = true
    for (const name of queues.keys()) isOnly &&= names.has(name)
    if (isOnly) topics++
    yield
  }
  return topics
}

function* topicsWith(
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
): Steps<number> {
  const { brokerName, brokerAddr, brokerId, enableActingMaster, topicConfigTable } = registration
  const { topicQueueTable } = tables
  // The topics of a 4.x slave never count; those of a 5.x slave may, if its group has no master.
  if (brokerId !== MASTER_ID && enableActingMaster === null) return topicQueueTable.size
  let topics = yield* sizeWith(topicQueueTable, topicConfigTable.names)
  const scope = yield* scopeOf(tables, registration, brokerAddr)
  const removesMissing =
    deleteMissingTopics && tables.parts.removalBy(tables, registration, scope) === 'not named'
  const leaving = [leavingName(tables, registration), removesMissing ? brokerName : undefined]
  const names = leaving.filter((name) => name !== undefined)
  if (names.length === 0) return topics
  const keys = new Set<string>()
  for (const key of topicConfigTable.keys) {
    keys.add(key)
    yield
  }
  for (const [topic, queues] of topicQueueTable) {
    const isLeft = queues.size === 1 && names.some((name) => queues.has(name))
    if (isLeft && !keys.has(topic)) topics--
    yield
  }
  return topics
}

/** The size of a table if these names were added. */
function* sizeWith(table: ReadonlyMap<string, unknown>, names: Iterable<string>): Steps<number> {
  let { size } = table
  for (const name of names) {
    if (!table.has(name)) size++
    yield
  }
  return size
}

/** Checks that there is room for a topic. @param others - Topics that count, but are not live. @throws {LimitError} */
export function checkTopic(
  { topicQueueTable }: RouteTables,
  maxTopics: number,
  topic: string,
  others = 0,
): void {
  if (topicQueueTable.size + others >= maxTopics && !topicQueueTable.has(topic))
    throw tooManyTopics(maxTopics, maxTopics + 1)
}

function tooManyTopics(maxTopics: number, topics: number): LimitError {
  return new LimitError('maxTopics', `maxTopics (${maxTopics}) exceeded: there would be ${topics} topics`)
}
