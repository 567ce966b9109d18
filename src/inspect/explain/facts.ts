import type { Steps } from '../../common/time-slicer.ts'
import { Perm } from '../../protocol/body/topic-config.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import { remarkText } from '../../protocol/remoting-command.ts'
import type { LockOwner } from '../../routeinfo/read-write-lock.ts'
import { type BrokerLiveInfo, minBrokerId } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { AUTO_CREATE_TOPIC } from '../../routeinfo/table-queries.ts'
import { addressProblem, hostOf } from '../findings/announced-address.ts'
import { MAX_SIMILAR } from '../misses-view.ts'
import type { DifferenceKind } from '../peers-view.ts'
import { similarNames } from '../similar-names.ts'
import type { InspectSources } from '../sources.ts'
import { parsedRoute } from '../topic-views.ts'
import type { BrokerFacts, MemberFacts } from './broker-story.ts'
import { lossOf, type TopicLoss } from './topic-loss.ts'
import type { TopicCell, TopicFacts } from './topic-story.ts'
import { name } from './wording.ts'

/** A rejection that is older has been overcome: brokers register at least every minute. */
const RECENT_REJECTION_MS = 120_000

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
  const { routeInfo, routeIndex, history, misses, slicer, lookup, identity, nowMs } = sources
  const extFields = new Map([['topic', topic]])
  if (zone !== null) extFields.set('__ZONE_MODE', 'true').set('__ZONE_NAME', zone)
  const loss = lossOf(history, topic)
  const { answer, ...inTables } = await routeInfo.read(function* (view) {
    // The lookup sees what is read here. Only where the product environment is asked is it a promise, and then there are no cells.
    const answer = lookup({ version, extFields })
    const seen = brokersIn(answer instanceof Promise ? undefined : answer.body)
    const autoCreating = [...(view.queues(AUTO_CREATE_TOPIC)?.keys() ?? [])]
    const cells = yield* cellsOf(view, topic, seen, sources)
    const cluster = homeOf(view, loss, autoCreating)
    return { answer, cells, autoCreating, brokerGroups: [...view.groupsWithMembers()].length, cluster }
  }, owner)
  const response = await answer
  const { topics } = await routeIndex.get()
  return {
    topic,
    lookup: { code: response.code, remark: response.remark == null ? null : remarkText(response.remark) },
    zone,
    ...inTables,
    loss,
    registration: history.topicRegistration(topic),
    unnamedRemovals: history.unnamedRemovals(),
    lastDeparture: history.lastDeparture,
    rejections: history.rejections().filter(({ atMs }) => nowMs() - atMs < RECENT_REJECTION_MS),
    similar: inTables.cells.length > 0 ? [] : await slicer.run(similarNames(topic, topics, MAX_SIMILAR)),
    miss: misses.get(topic),
    ...peersOf(sources, 'topic_missing', (subject) => subject === topic),
    startedMs: identity.startedMs,
    clocks: sources,
  }
}

/** The cluster in which a topic without a route belongs: where it was, or where brokers would create it, or else the first one. */
function homeOf(
  view: RouteView,
  loss: TopicLoss | undefined,
  autoCreating: readonly string[],
): string | undefined {
  if (loss?.kind === 'deleted' && loss.clusterName !== undefined) return loss.clusterName
  const brokerName = loss?.kind === 'dropped' ? loss.brokerName : autoCreating[0]
  const [first] = view.groupsWithMembers()
  return (view.groupWithMembers(brokerName ?? '') ?? first)?.cluster
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
  { cluster, zoneName, brokerAddrs, enableActingMaster }: BrokerData,
  isVisible: boolean,
  { history }: InspectSources,
): TopicCell {
  const departures = history.departures(brokerName)
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
    isProvisional: view.isProvisional(topic, brokerName),
    hasMaster: brokerAddrs.has(MASTER_ID),
    enableActingMaster,
    registeredFrom: first?.peer,
    registeredMs: first?.registeredMs,
    registeredPerm: view.tables.overridden.registeredOf(topic, brokerName)?.perm ?? wipedByRequest,
    permissionChange: history.permissionChange(brokerName),
    masterLeft: departures.findLast(({ brokerId }) => brokerId === MASTER_ID),
    addressProblem: addressText(view, brokerName, [...brokerAddrs.values()]),
  }
}

function addressText(view: RouteView, brokerName: string, addresses: readonly string[]): string | undefined {
  for (const address of addresses) {
    const { peer } = liveMember(view, brokerName, address) ?? {}
    const problem = peer && addressProblem(address, peer)
    if (problem === undefined || problem === '') continue
    return `Clients may report "connect to ${name(address)} failed": ${name(brokerName)} announces that address, which ${problem}; it registers from ${hostOf(peer ?? '')} (set brokerIP1 in its broker.conf).`
  }
  return undefined
}

function liveMember({ tables }: RouteView, brokerName: string, address: string): BrokerLiveInfo | undefined {
  return tables.liveAt(address).find((live) => live.brokerName === brokerName)
}

/** What is known of a broker name, or of the one that has this address. */
export async function brokerFacts(
  nameOrAddress: string,
  sources: InspectSources,
  owner: LockOwner,
): Promise<BrokerFacts> {
  const { routeInfo, routeIndex, history, slicer, identity, nowMs } = sources
  const index = await routeIndex.get()
  const { brokerName, departures, ...inTables } = await routeInfo.read(function* (view) {
    const [live] = view.tables.liveAt(nameOrAddress)
    const brokerName =
      view.groupWithMembers(nameOrAddress) === undefined && live !== undefined
        ? live.brokerName
        : nameOrAddress
    const group = view.groupWithMembers(brokerName)
    let [topics, writableTopics] = [0, 0]
    for (const [, queues] of group === undefined ? [] : view.topics()) {
      const queueData = queues.get(brokerName)
      if (queueData !== undefined) topics++
      if (queueData !== undefined && (queueData.perm & Perm.WRITE) !== 0) writableTopics++
      yield
    }
    const members = group === undefined ? [] : membersOf(view, group, sources)
    const departures = history.departures(brokerName)
    const [successor] = view.tables.liveAt(departures.at(-1)?.brokerAddr ?? '')
    return {
      brokerName,
      departures,
      successor: successor?.brokerName,
      members,
      topics,
      writableTopics,
      enableActingMaster: group?.enableActingMaster === true,
    }
  }, owner)
  const rejection = history.rejection(brokerName)
  const similar =
    inTables.members.length > 0
      ? []
      : await slicer.run(similarNames(brokerName, index.brokerNames, MAX_SIMILAR))
  return {
    brokerName,
    ...inTables,
    clusters: index.clustersOfBroker.get(brokerName) ?? [],
    permissionChange: history.permissionChange(brokerName),
    past: history.broker(brokerName),
    departures,
    rejection,
    isRejected: rejection !== undefined && nowMs() - rejection.atMs < RECENT_REJECTION_MS,
    similar,
    ...peersOf(sources, 'broker_missing', (subject) => isOfGroup(subject, brokerName)),
    startedMs: identity.startedMs,
    clocks: sources,
  }
}

/** By id, the master first. */
function membersOf(
  view: RouteView,
  group: BrokerData,
  { nowMs, suspicionOf }: InspectSources,
): MemberFacts[] {
  const restored = view.restored?.groups.get(group.brokerName)?.members
  const members = [...group.brokerAddrs].sort(([a], [b]) => (a < b ? -1 : 1))
  return members.map(([brokerId, brokerAddr]) => {
    const live = liveMember(view, group.brokerName, brokerAddr)
    const { peer } = live ?? {}
    return {
      brokerId,
      brokerAddr,
      peer,
      heartbeatAgeMs: live && Math.max(0, nowMs() - live.lastUpdateTimestampMs),
      heartbeatTimeoutMs: live?.heartbeatTimeoutMs,
      isProvisional: restored?.get(brokerId) === brokerAddr,
      suspicion: live && suspicionOf(live.clusterName, brokerAddr),
      addressProblem: peer === undefined ? undefined : addressProblem(brokerAddr, peer),
    }
  })
}
