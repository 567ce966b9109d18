import type { Steps } from '../common/time-slicer.ts'
import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import { LimitError } from '../protocol/errors.ts'
import type { Registration } from './registration.ts'
import { scopeOf } from './registration-parts.ts'
import type { RouteChanges } from './route-changes.ts'
import { NO_CHANNEL, type RouteTables } from './route-tables.ts'
import { removeEmptyGroups } from './unregister-brokers.ts'

/** How much the tables take. */
export interface TableLimits {
  /** Most brokers; also most broker names, and most names in all clusters together. */
  readonly maxBrokers: number
  /** Most topics; also most static topics. */
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
  // One that is known from a snapshot alone may be the very one that comes, from another address.
  const live = (): number => brokerLiveTable.size - tables.liveOfChannel(NO_CHANNEL).length
  return (
    (isLive || brokerLiveTable.size < maxBrokers || live() < maxBrokers) &&
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
 * Drops what registrations that were refused have left behind, names without members, and looks again.
 * @throws {LimitError} There is no room, and nothing of the registration has been applied.
 */
export function* makeRoomForBroker(
  tables: RouteTables,
  maxBrokers: number,
  registration: Registration,
  changes: RouteChanges,
): Steps<void> {
  yield* removeEmptyGroups(tables, changes)
  if (hasRoomForBroker(tables, maxBrokers, registration)) return
  throw new LimitError('maxBrokers', `there are as many brokers as maxBrokers allows, ${maxBrokers}`)
}

/** Whether the topics of a registration must be counted by {@link checkTopicsOf}: if all were new, there would be too many. */
export function mayMeetTopicBound(
  { topicQueueTable, topicQueueMappingInfoTable }: RouteTables,
  maxTopics: number,
  { topicConfigTable, topicQueueMappingInfoMap }: Registration,
): boolean {
  return (
    topicQueueTable.size + topicConfigTable.size > maxTopics ||
    topicQueueMappingInfoTable.size + topicQueueMappingInfoMap.size > maxTopics
  )
}

/**
 * Looks whether there is room for the topics of a registration, before anything is touched.
 *
 * A broker that is known and brings too many is refused, but has been heard from: it keeps the topics that it has, rather than to
 * lose them all with its next timeout.
 * @throws {LimitError}
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
  // What is there already may go beyond: from a snapshot, when the bound was another one. It does not grow.
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
  for (const { topicName } of topicConfigTable.values()) {
    if (!topicQueueTable.has(topicName)) topics++
    yield
  }
  const scope = scopeOf(tables, registration, registration.brokerAddr)
  const removesMissing =
    deleteMissingTopics && tables.parts.removalBy(tables, registration, scope) === 'not named'
  const leaving = [leavingName(tables, registration), removesMissing ? brokerName : undefined]
  const names = leaving.filter((name) => name !== undefined)
  if (names.length === 0) return topics
  const keys = new Set<string>()
  for (const key of topicConfigTable.keys()) {
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

/** Removes the mappings of static topics that no broker has any more. Java keeps them for ever; no route shows them. */
function* removeUnusedMappings({ topicQueueTable, topicQueueMappingInfoTable }: RouteTables): Steps<void> {
  for (const topic of topicQueueMappingInfoTable.keys()) {
    if (!topicQueueTable.has(topic)) topicQueueMappingInfoTable.delete(topic)
    yield
  }
}

/** Looks whether there is room for a topic. @throws {LimitError} */
export function checkTopicLimit({ topicQueueTable }: RouteTables, maxTopics: number, topic: string): void {
  if (topicQueueTable.size >= maxTopics && !topicQueueTable.has(topic)) throw tooManyTopics(maxTopics)
}

/** A slave of 4.x never brings any; whether one of 5.x does, hangs on who else is there. */
function topicsMayCount({ brokerId, enableActingMaster }: Registration): boolean {
  return brokerId === MASTER_ID || enableActingMaster !== null
}

function tooManyTopics(maxTopics: number, topics = maxTopics + 1): LimitError {
  return new LimitError('maxTopics', `there would be ${topics} topics, and maxTopics allows ${maxTopics}`)
}

function namesInClusters({ clusterAddrTable }: RouteTables): number {
  let names = 0
  for (const brokerNames of clusterAddrTable.values()) names += brokerNames.size
  return names
}
