import type { Steps } from '../../common/time-slicer.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import { remarkText } from '../../protocol/remoting-command.ts'
import type { LockOwner } from '../../routeinfo/read-write-lock.ts'
import { type BrokerLiveInfo, minBrokerId } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { AUTO_CREATE_TOPIC } from '../../routeinfo/table-queries.ts'
import type { DifferenceKind } from '../compare/differences.ts'
import { addressProblem } from '../findings/announced-address.ts'
import { canActAsMaster, isMember } from '../findings/broker-rules.ts'
import { isOverridden } from '../findings/topic-rules.ts'
import type { Departure, RouteHistory } from '../history/route-history.ts'
import { MAX_SIMILAR, similarNames } from '../similar-names.ts'
import type { InspectSources } from '../sources.ts'
import { parsedRoute } from '../topic-views.ts'
import type { AnnouncedAddress, BrokerFacts, MemberFacts } from './broker-story.ts'
import { isRejected } from './registration-rejections.ts'
import { hasRegisteredAll, homeOf, lossOf } from './topic-loss.ts'
import type { TopicCell, TopicFacts, TopicsOfDeparted } from './topic-story.ts'

/** A client, as far as its route depends on it. */
export interface AskingClient {
  readonly version: number
  readonly zone: string | null
}

/** What is known of a topic, and what a client sees of it. */
export async function topicFacts(
  topic: string,
  { version, zone }: AskingClient,
  sources: InspectSources,
  owner: LockOwner,
): Promise<TopicFacts> {
  const { routeInfo, routeIndex, history, misses, slicer, lookup, identity } = sources
  const extFields = new Map([['topic', topic]])
  if (zone !== null) extFields.set('__ZONE_MODE', 'true').set('__ZONE_NAME', zone)
  const { answer, masterless, ...inTables } = await routeInfo.read(function* (view) {
    // The lookup sees what is read here. Only where the product environment is asked is it a promise, and then there are no cells.
    const answer = lookup({ version, extFields })
    const seen = brokersIn(answer instanceof Promise ? undefined : answer.body)
    const autoCreating = [...(view.queues(AUTO_CREATE_TOPIC)?.keys() ?? [])]
    const cells = yield* cellsOf(view, topic, seen, sources)
    const loss = lossOf(topic, history, view)
    const cluster = homeOf(view, loss, autoCreating)
    const unnamedRemovals = history.unnamedRemovals()
    const awayWithUnnamed = unnamedRemovals.findLast(
      (removal): removal is TopicsOfDeparted =>
        removal.cause !== 'dropped' && view.groupWithMembers(removal.brokerName) === undefined,
    )
    const creators = autoCreating.filter((brokerName) => isCreating(view, brokerName))
    const rejections = history.rejections().filter((each) => isRejected(each, view, sources))
    const groups = [...view.groupsWithMembers()]
    const masterless = groups.filter(({ brokerAddrs }) => !brokerAddrs.has(MASTER_ID))
    const brokerGroups = groups.length
    const inTables = { cells, autoCreating: creators, brokerGroups, masterless, cluster, loss, rejections }
    return { answer, ...inTables, unnamedRemovals, awayWithUnnamed }
  }, owner)
  const response = await answer
  const { topics, topicsOfBroker } = await routeIndex.get()
  return {
    topic,
    lookup: { code: response.code, remark: response.remark == null ? null : remarkText(response.remark) },
    zone,
    ...inTables,
    slavesOnly: masterless
      .map(({ brokerName }) => brokerName)
      .filter((brokerName) => (topicsOfBroker.get(brokerName) ?? 0) === 0),
    registration: history.topicRegistration(topic),
    lastDeparture: history.lastDeparture,
    similar: inTables.cells.length > 0 ? [] : await slicer.run(similarNames(topic, topics, MAX_SIMILAR)),
    miss: misses.get(topic),
    ...peersOf(sources, 'topic_missing', (subject) => subject === topic),
    startedMs: identity.startedMs,
    waitSeconds: Number(sources.configuration().find(({ key }) => key === 'waitSecondsForService')?.value),
    clocks: sources,
  }
}

/** Whether a broker creates topics on their first use: its TBW102 is writable. */
function isCreating(view: RouteView, brokerName: string): boolean {
  const perm = view.queues(AUTO_CREATE_TOPIC)?.get(brokerName)?.perm ?? 0
  return (perm & Perm.WRITE) !== 0
}

/** Addresses of peers that have what is missing here, and of those that miss what is here. */
function peersOf(
  { peers }: InspectSources,
  kind: DifferenceKind,
  isSubject: (subject: string) => boolean,
): Pick<TopicFacts, 'peersWith' | 'peersWithout'> {
  const peersThat = (miss: 'here' | 'there'): string[] =>
    peers
      .list()
      .filter(({ differences }) =>
        differences.some((each) => each.kind === kind && isSubject(each.subject) && each[miss] === null),
      )
      .map(({ address }) => address)
  return { peersWith: peersThat('here'), peersWithout: peersThat('there') }
}

/** Whether a difference is about a broker name, or about a member of it: `name:id`. */
function isOfGroup(subject: string, brokerName: string): boolean {
  return subject === brokerName || (subject.startsWith(`${brokerName}:`) && /:-?\d+$/.test(subject))
}

/** Broker names in the body of a route. */
function brokersIn(body: Buffer | null | undefined): ReadonlySet<string> {
  const route =
    body == null ? null : (parsedRoute(body.toString()) as { readonly brokerDatas?: unknown } | null)
  const groups = Array.isArray(route?.brokerDatas) ? route.brokerDatas : []
  return new Set(groups.map((group: { readonly brokerName?: unknown }) => `${group.brokerName}`))
}

function* cellsOf(
  view: RouteView,
  topic: string,
  seen: ReadonlySet<string>,
  sources: InspectSources,
): Steps<TopicCell[]> {
  const cells: TopicCell[] = []
  for (const [brokerName, queueData] of view.queues(topic) ?? []) {
    const group = view.group(brokerName)
    if (group !== undefined) cells.push(cellOf(view, topic, queueData, group, seen.has(brokerName), sources))
    yield
  }
  return cells
}

function cellOf(
  view: RouteView,
  topic: string,
  { brokerName, perm, readQueueNums, writeQueueNums }: QueueData,
  group: BrokerData,
  isVisible: boolean,
  sources: InspectSources,
): TopicCell {
  const { history } = sources
  const { cluster, zoneName, brokerAddrs } = group
  const isProvisional = view.isProvisional(topic, brokerName)
  const first = liveMember(view, brokerName, brokerAddrs.get(minBrokerId(brokerAddrs) ?? MASTER_ID) ?? '')
  const wipedByRequest =
    view.restored?.groups.get(brokerName)?.writePerm === 'wipe' ? perm | Perm.WRITE : undefined
  return {
    brokerName,
    cluster,
    zone: zoneName,
    perm,
    readQueues: readQueueNums,
    writeQueues: writeQueueNums,
    isVisible,
    isProvisional,
    isDropped: isProvisional && hasRegisteredAll(view, brokerName),
    masterAddr: brokerAddrs.get(MASTER_ID),
    slavesActAsMaster: canActAsMaster(group, sources),
    registeredFrom: first?.peer,
    registeredMs: first?.registeredMs,
    registeredPerm: view.tables.overridden.registeredOf(topic, brokerName)?.perm ?? wipedByRequest,
    permissionChange: history.permissionChange(brokerName),
    masterLoss: history.masterLoss(brokerName),
    addresses: [...brokerAddrs.values()].flatMap((address) => announcedBy(view, brokerName, address) ?? []),
  }
}

/** What is wrong with the address that a member announces. */
function announcedBy(view: RouteView, brokerName: string, brokerAddr: string): AnnouncedAddress | undefined {
  const { peer } = liveMember(view, brokerName, brokerAddr) ?? {}
  const problem = peer && addressProblem(brokerAddr, peer)
  return problem ? { brokerAddr, peer, problem } : undefined
}

function liveMember({ tables }: RouteView, brokerName: string, address: string): BrokerLiveInfo | undefined {
  return tables.liveAt(address).find((live) => live.brokerName === brokerName)
}

/** The name of the broker that has an address, or had it last; the text itself if it is no address of a broker. */
function brokerNameOf(nameOrAddress: string, view: RouteView, history: RouteHistory): string {
  if (view.groupWithMembers(nameOrAddress) !== undefined) return nameOrAddress
  const [live] = view.tables.liveAt(nameOrAddress)
  if (live !== undefined) return live.brokerName
  for (const { brokerName, brokerAddr } of view.restored?.brokers.values() ?? [])
    if (brokerAddr === nameOrAddress) return brokerName
  return history.brokerNameAt(nameOrAddress) ?? nameOrAddress
}

/** What is known of a broker name, or of the one that has this address. */
export async function brokerFacts(
  nameOrAddress: string,
  sources: InspectSources,
  owner: LockOwner,
): Promise<BrokerFacts> {
  const { routeInfo, routeIndex, history, slicer, identity } = sources
  const { brokerNames } = await routeIndex.get()
  const { brokerName, ...inTables } = await routeInfo.read(function* (view) {
    const brokerName = brokerNameOf(nameOrAddress, view, history)
    const group = view.groupWithMembers(brokerName)
    let [topics, writableTopics] = [0, 0]
    for (const [, queues] of group === undefined ? [] : view.topics()) {
      const queueData = queues.get(brokerName)
      if (queueData !== undefined) topics++
      if (queueData !== undefined && (queueData.perm & Perm.WRITE) !== 0) writableTopics++
      yield
    }
    const ofName: BrokerLiveInfo[] = []
    for (const live of view.tables.brokerLiveTable.values()) {
      if (live.brokerName === brokerName) ofName.push(live)
      yield
    }
    const clusters = clustersOf(ofName)
    const rejection = history.rejection(brokerName)
    return {
      brokerName,
      clusters: clusters.length > 1 || group === undefined ? clusters : [group.cluster],
      outside: clusters.length > 1 ? [] : ofName.filter((live) => !isMember(live, group)),
      successor: successorOf(view, history.departures(brokerName).at(-1), history),
      members: group === undefined ? [] : membersOf(view, group, sources),
      topics,
      writableTopics,
      isOverridden: isOverridden(view, brokerName),
      slavesActAsMaster: group !== undefined && canActAsMaster(group, sources),
      rejection,
      isRejected: rejection !== undefined && isRejected(rejection, view, sources),
    }
  }, owner)
  const similar =
    inTables.members.length > 0 ? [] : await slicer.run(similarNames(brokerName, brokerNames, MAX_SIMILAR))
  return {
    brokerName,
    ...inTables,
    permissionChange: history.permissionChange(brokerName),
    departures: history.departures(brokerName),
    masterLoss: history.masterLoss(brokerName),
    similar,
    ...peersOf(sources, 'broker_missing', (subject) => isOfGroup(subject, brokerName)),
    startedMs: identity.startedMs,
    isObserved: sources.observed !== undefined,
    clocks: sources,
  }
}

/** The clusters of brokers at different addresses: one address in two clusters is a broker that has moved to the last one. */
function clustersOf(brokers: readonly BrokerLiveInfo[]): string[] {
  const clusterOf = new Map<string, BrokerLiveInfo>()
  for (const live of brokers)
    if ((clusterOf.get(live.brokerAddr)?.registeredMs ?? 0) <= live.registeredMs)
      clusterOf.set(live.brokerAddr, live)
  return [...new Set([...clusterOf.values()].map(({ clusterName }) => clusterName))]
}

/** The broker name that is registered at the address of a broker that left. It is the same broker if it has the same topics. */
function successorOf(
  view: RouteView,
  last: Departure | undefined,
  history: RouteHistory,
): BrokerFacts['successor'] {
  const [live] = view.tables.liveAt(last?.brokerAddr ?? '')
  if (last === undefined || live === undefined || live.brokerName === last.brokerName) return undefined
  const { brokerName } = live
  const former = history.removalFrom(last.brokerName)?.names ?? []
  const common = former.filter((topic) => view.queues(topic)?.has(brokerName) === true)
  return { brokerName, isSame: former.length > 0 && common.length >= MIN_COMMON * former.length }
}

/** The part of its topics that a broker has under its new name, too. */
const MIN_COMMON = 0.9

/** By id, the master first. */
function membersOf(
  view: RouteView,
  group: BrokerData,
  { history, nowMs, suspicionOf }: InspectSources,
): MemberFacts[] {
  const restored = view.restored?.groups.get(group.brokerName)?.members
  const members = [...group.brokerAddrs].sort(([a], [b]) => (a < b ? -1 : 1))
  return members.map(([brokerId, brokerAddr]) => {
    const live = liveMember(view, group.brokerName, brokerAddr)
    return {
      brokerId,
      brokerAddr,
      peer: live?.peer,
      registeredTopics: live?.topics,
      sinceMs: history.memberSince(group.brokerName, brokerAddr),
      heartbeatAgeMs: live && Math.max(0, nowMs() - live.lastUpdateTimestampMs),
      heartbeatTimeoutMs: live?.heartbeatTimeoutMs,
      isProvisional: restored?.get(brokerId) === brokerAddr,
      suspicion: live && suspicionOf(live.clusterName, brokerAddr),
      announced: announcedBy(view, group.brokerName, brokerAddr),
    }
  })
}
