import { MASTER_ID } from '../protocol/body/topic-route-data.ts'
import { BoundError } from '../protocol/errors.ts'
import type { Registration } from './register-broker.ts'
import { brokerKey, type RouteTables } from './route-tables.ts'
import type { Sliced } from './slicer.ts'

/** How much the tables take. */
export interface TableBounds {
  /** Most brokers; also most broker names, and most names in all clusters together. */
  readonly maxBrokers: number
  /** Most topics; also most static topics. */
  readonly maxTopics: number
}

/** Looks whether there is room for the broker of a registration, before anything is touched. @throws {BoundError} */
export function checkBrokerBound(
  tables: RouteTables,
  maxBrokers: number,
  { clusterName, brokerName, brokerAddr }: Registration,
): void {
  const { brokerAddrTable, brokerLiveTable, clusterAddrTable } = tables
  if (
    (brokerLiveTable.size >= maxBrokers && !brokerLiveTable.has(brokerKey(clusterName, brokerAddr))) ||
    (brokerAddrTable.size >= maxBrokers && !brokerAddrTable.has(brokerName)) ||
    (clusterAddrTable.get(clusterName)?.has(brokerName) !== true && namesInClusters(tables) >= maxBrokers)
  ) {
    throw new BoundError('maxBrokers', `there are as many brokers as maxBrokers allows, ${maxBrokers}`)
  }
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
 * @throws {BoundError}
 */
export function* checkTopicsOf(
  tables: RouteTables,
  maxTopics: number,
  registration: Registration,
  deleteMissingTopics: boolean,
): Sliced<void> {
  const { clusterName, brokerAddr, nowMs } = registration
  const topics = yield* topicsWith(tables, registration, deleteMissingTopics)
  const mapped = yield* mappedTopicsWith(tables, registration)
  if (topics <= maxTopics && mapped <= maxTopics) return
  tables.touch(clusterName, brokerAddr, nowMs)
  throw tooManyTopics(maxTopics, Math.max(topics, mapped))
}

function* topicsWith(
  { topicQueueTable }: RouteTables,
  registration: Registration,
  deleteMissingTopics: boolean,
): Sliced<number> {
  const { brokerName, topicConfigTable, topicQueueMappingInfoMap } = registration
  let topics = topicQueueTable.size
  if (!topicsMayCount(registration)) return topics
  for (const { topicName } of topicConfigTable.values()) {
    if (!topicQueueTable.has(topicName)) topics++
    yield
  }
  if (!deleteMissingTopics || topicQueueMappingInfoMap.size > 0) return topics
  for (const [topic, queues] of topicQueueTable) {
    if (queues.size === 1 && queues.has(brokerName) && !topicConfigTable.has(topic)) topics--
    yield
  }
  return topics
}

function* mappedTopicsWith(
  { topicQueueMappingInfoTable }: RouteTables,
  { topicQueueMappingInfoMap }: Registration,
): Sliced<number> {
  let topics = topicQueueMappingInfoTable.size
  for (const topic of topicQueueMappingInfoMap.keys()) {
    if (!topicQueueMappingInfoTable.has(topic)) topics++
    yield
  }
  return topics
}

/** Looks whether there is room for a topic. @throws {BoundError} */
export function checkTopicBound({ topicQueueTable }: RouteTables, maxTopics: number, topic: string): void {
  if (topicQueueTable.size >= maxTopics && !topicQueueTable.has(topic)) throw tooManyTopics(maxTopics)
}

/** A slave of 4.x never brings any; whether one of 5.x does, hangs on who else is there. */
function topicsMayCount({ brokerId, enableActingMaster }: Registration): boolean {
  return brokerId === MASTER_ID || enableActingMaster !== null
}

function tooManyTopics(maxTopics: number, topics = maxTopics + 1): BoundError {
  return new BoundError('maxTopics', `there would be ${topics} topics, and maxTopics allows ${maxTopics}`)
}

function namesInClusters({ clusterAddrTable }: RouteTables): number {
  let names = 0
  for (const brokerNames of clusterAddrTable.values()) names += brokerNames.size
  return names
}
