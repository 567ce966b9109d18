import { LimitError } from '../common/limit-error.ts'
import type { Steps } from '../common/time-slicer.ts'
import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import type { Registration } from './registration.ts'
import { scopeOf } from './registration-parts.ts'
import type { RouteChanges } from './route-changes.ts'
import type { RouteTables } from './route-tables.ts'
import { removeEmptyGroups } from './unregister-brokers.ts'

/** Limits of the tables. */
export interface TableLimits {
  /** Max brokers; also max broker names, and max names in all clusters together. */
  readonly maxBrokers: number
  /** Max topics; also max static topics. */
  readonly maxTopics: number
}

/** No limits at all. */
export const UNLIMITED: TableLimits = {
  maxBrokers: Number.POSITIVE_INFINITY,
  maxTopics: Number.POSITIVE_INFINITY,
}

/**
 * Checks that there is room for the broker of a registration. If not, names without members are removed, which rejected
 * registrations leave behind.
 * @throws {LimitError} There is still no room; nothing of the registration has been applied.
 */
export function* checkBroker(
  tables: RouteTables,
  maxBrokers: number,
  registration: Registration,
  changes: RouteChanges,
): Steps<void> {
  if (hasRoomForBroker(tables, maxBrokers, registration)) return
  yield* removeEmptyGroups(tables, changes)
  if (hasRoomForBroker(tables, maxBrokers, registration)) return
  throw new LimitError('maxBrokers', `maxBrokers (${maxBrokers}) reached`)
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
  const { topicQueueTable, topicQueueMappingInfoTable } = tables
  const { clusterName, brokerAddr, nowMs, topicConfigTable, topicQueueMappingInfoMap } = registration
  const mayExceed =
    topicQueueTable.size + topicConfigTable.keys.length > maxTopics ||
    topicQueueMappingInfoTable.size + topicQueueMappingInfoMap.size > maxTopics
  if (!mayExceed) return
  const topics = yield* topicsWith(tables, registration, deleteMissingTopics)
  let mapped = yield* sizeWith(topicQueueMappingInfoTable, topicQueueMappingInfoMap.keys())
  if (mapped > maxTopics) {
    yield* removeUnusedMappings(tables)
    mapped = yield* sizeWith(topicQueueMappingInfoTable, topicQueueMappingInfoMap.keys())
  }
  // Tables that exceed the limit already may stay as they are, but not grow.
  if (
    topics > Math.max(maxTopics, topicQueueTable.size) ||
    mapped > Math.max(maxTopics, topicQueueMappingInfoTable.size)
  ) {
    tables.touch(clusterName, brokerAddr, nowMs)
    throw tooManyTopics(maxTopics, Math.max(topics, mapped))
  }
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

/** Removes the mappings of static topics that no broker has. Java keeps them for ever; no route shows them. */
function* removeUnusedMappings(tables: RouteTables): Steps<void> {
  for (const topic of tables.topicQueueMappingInfoTable.keys()) {
    if (!tables.topicQueueTable.has(topic)) tables.setMappings(topic, undefined)
    yield
  }
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
