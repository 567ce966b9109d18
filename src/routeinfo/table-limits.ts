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

/** Whether there is room for the broker of a registration. */
export function hasRoomForBroker(
  tables: RouteTables,
  maxBrokers: number,
  registration: Registration,
): boolean {
  const { clusterName, brokerName, brokerAddr } = registration
  const { brokerAddrTable, brokerLiveTable, clusterAddrTable } = tables
  const isLive = tables.live(clusterName, brokerAddr) !== undefined
  const maxNames = leavingName(tables, registration) === undefined ? maxBrokers : maxBrokers + 1
  return (
    (isLive || brokerLiveTable.size < maxBrokers) &&
    (brokerAddrTable.size < maxNames || brokerAddrTable.has(brokerName)) &&
    (clusterAddrTable.get(clusterName)?.has(brokerName) === true || namesInClusters(tables) < maxNames)
  )
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
 * Removes names without members, which rejected registrations leave behind, and checks again.
 * @throws {LimitError} There is still no room; nothing of the registration has been applied.
 */
export function* makeRoomForBroker(
  tables: RouteTables,
  maxBrokers: number,
  registration: Registration,
  changes: RouteChanges,
): Steps<void> {
  yield* removeEmptyGroups(tables, changes)
  if (hasRoomForBroker(tables, maxBrokers, registration)) return
  throw new LimitError('maxBrokers', `maxBrokers (${maxBrokers}) reached`)
}

/** Whether {@link checkTopicsOf} must count: the topics of a registration, if all were new, would exceed the limit. */
export function mayExceedTopicLimit(
  { topicQueueTable, topicQueueMappingInfoTable }: RouteTables,
  maxTopics: number,
  { topicConfigTable, topicQueueMappingInfoMap }: Registration,
): boolean {
  return (
    topicQueueTable.size + topicConfigTable.keys.length > maxTopics ||
    topicQueueMappingInfoTable.size + topicQueueMappingInfoMap.size > maxTopics
  )
}

/**
 * Checks that there is room for the topics of a registration, before anything is changed.
 * @throws {LimitError} For a live broker it counts as a heartbeat, so that the broker keeps the topics it has.
 */
export function* checkTopicsOf(
  tables: RouteTables,
  maxTopics: number,
  registration: Registration,
  deleteMissingTopics: boolean,
): Steps<void> {
  const { clusterName, brokerAddr, nowMs } = registration
  const topics = yield* topicsWith(tables, registration, deleteMissingTopics)
  let mapped = yield* mappedTopicsWith(tables, registration)
  if (mapped > maxTopics) {
    yield* removeUnusedMappings(tables)
    mapped = yield* mappedTopicsWith(tables, registration)
  }
  // Tables that exceed the limit already may stay as they are, but not grow.
  const { topicQueueTable, topicQueueMappingInfoTable } = tables
  if (
    topics <= Math.max(maxTopics, topicQueueTable.size) &&
    mapped <= Math.max(maxTopics, topicQueueMappingInfoTable.size)
  ) {
    return
  }
  tables.touch(clusterName, brokerAddr, nowMs)
  throw tooManyTopics(maxTopics, Math.max(topics, mapped))
}

function* topicsWith(
  tables: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
): Steps<number> {
  const { brokerName, topicConfigTable } = registration
  const { topicQueueTable } = tables
  let topics = topicQueueTable.size
  if (!topicsMayCount(registration)) return topics
  for (const topicName of topicConfigTable.names) {
    if (!topicQueueTable.has(topicName)) topics++
    yield
  }
  const scope = yield* scopeOf(tables, registration, registration.brokerAddr)
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

function* mappedTopicsWith(
  { topicQueueMappingInfoTable }: RouteTables,
  { topicQueueMappingInfoMap }: Registration,
): Steps<number> {
  let topics = topicQueueMappingInfoTable.size
  for (const topic of topicQueueMappingInfoMap.keys()) {
    if (!topicQueueMappingInfoTable.has(topic)) topics++
    yield
  }
  return topics
}

/** Removes the mappings of static topics that no broker has. Java keeps them for ever; no route shows them. */
function* removeUnusedMappings({ topicQueueTable, topicQueueMappingInfoTable }: RouteTables): Steps<void> {
  for (const topic of topicQueueMappingInfoTable.keys()) {
    if (!topicQueueTable.has(topic)) topicQueueMappingInfoTable.delete(topic)
    yield
  }
}

/** Checks that there is room for a topic. @param others - Topics that count, but are not live. @throws {LimitError} */
export function checkTopicLimit(
  { topicQueueTable }: RouteTables,
  maxTopics: number,
  topic: string,
  others = 0,
): void {
  if (topicQueueTable.size + others >= maxTopics && !topicQueueTable.has(topic))
    throw tooManyTopics(maxTopics)
}

/** The topics of a 4.x slave never count; those of a 5.x slave may, if its group has no master. */
function topicsMayCount({ brokerId, enableActingMaster }: Registration): boolean {
  return brokerId === MASTER_ID || enableActingMaster !== null
}

function tooManyTopics(maxTopics: number, topics = maxTopics + 1): LimitError {
  return new LimitError('maxTopics', `maxTopics (${maxTopics}) exceeded: there would be ${topics} topics`)
}

function namesInClusters({ clusterAddrTable }: RouteTables): number {
  let names = 0
  for (const brokerNames of clusterAddrTable.values()) names += brokerNames.size
  return names
}
