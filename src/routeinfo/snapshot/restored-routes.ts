import type { Steps } from '../../common/time-slicer.ts'
import type { TopicQueues } from '../../protocol/body/topic-config.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import type { RegisterBrokerOutcome, RegisterBrokerResult, Registration } from '../registration.ts'
import { type BrokerIdentity, type RouteChanges, type RouteEvent, TopicTally } from '../route-changes.ts'
import { brokerKey, minBrokerId, type RouteTables, withWritePerm } from '../route-tables.ts'
import type { Unregistration } from '../unregister-brokers.ts'

/** A broker of the snapshot that has not registered again. */
export interface RestoredBroker {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  readonly heartbeatTimeoutMs: number
  readonly haServerAddr: string | null
  /** Who registered it; undefined if the file does not say. */
  readonly owner: string | undefined
  /** Removed after this time, in milliseconds on the clock of `nowMs`. */
  deadlineMs: number
}

/** A broker name of the snapshot. */
export class RestoredGroup {
  /** The members that have not registered again. */
  readonly members: Map<bigint, string>
  /** What clients see: these members and the live ones, as of the last transition. */
  shown: BrokerData
  /** Whether the member with the min broker id has not registered again, so that the restored queues win over the live ones. */
  leads = true
  /** What an operator did to the write permission of all its queues; `wipe` too when a group with acting master lost its master. */
  writePerm: 'wipe' | 'add' | undefined

  constructor(shown: BrokerData) {
    this.members = new Map(shown.brokerAddrs)
    this.shown = shown
  }

  /** Queues of the snapshot as clients see them. */
  queueData(queueData: QueueData): QueueData {
    return this.writePerm === undefined ? queueData : withWritePerm(queueData, this.writePerm)
  }
}

/** What became of the brokers of a snapshot when the grace period ended. */
export interface RestorationOutcome {
  readonly loaded: number
  /** Registered again, and still live. */
  readonly returned: number
  /** Kept by their heartbeats alone. */
  readonly waiting: number
  /** Queue entries whose brokers registered all their topics without them. */
  readonly staleQueues: number
}

/** A removal of a broker that may be a restored one. */
type Leaving = Pick<
  Unregistration,
  'clusterName' | 'brokerName' | 'brokerAddr' | 'reason' | 'peer' | 'by' | 'deadlineMs'
>

/**
 * The routes of a snapshot, beside the live tables: what lookups and lists show of each broker group that has not registered again.
 * Apart from heartbeats it changes under the write lock, in the last slice of a transition.
 */
export class RestoredRoutes {
  readonly clusters = new Map<string, Set<string>>()
  readonly groups = new Map<string, RestoredGroup>()
  /** Brokers that have not registered again, by {@link brokerKey}. */
  readonly brokers = new Map<string, RestoredBroker>()
  /** By {@link brokerKey}. */
  readonly filterServers = new Map<string, readonly string[]>()
  /** Shown while their group is in {@link groups}. */
  readonly topics = new Map<string, Map<string, QueueData>>()
  readonly mappings = new Map<string, ReadonlyMap<string, TopicQueueMappingInfo>>()
  #loadedKeys: readonly string[] = []
  #loadedTopics = 0
  /** Whether the grace period has ended. */
  isGraceOver = false

  /** Called when everything in the file has been added. */
  onLoaded(): void {
    this.#loadedKeys = [...this.brokers.keys()]
    this.#loadedTopics = this.topics.size
  }

  /** Topics that were added to the restored ones since: they count towards `maxTopics`, those of the snapshot do not. */
  get addedTopics(): number {
    return Math.max(0, this.topics.size - this.#loadedTopics)
  }

  /** Whether a topic has restored queues on a broker name, which lookups see although the live tables have none. */
  hasQueues(topic: string, brokerName: string): boolean {
    return this.groups.has(brokerName) && this.topics.get(topic)?.has(brokerName) === true
  }

  /** A heartbeat: from now on the broker's own timeout counts. */
  touch(clusterName: string, brokerAddr: string, nowMs: number): void {
    const broker = this.brokers.get(brokerKey(clusterName, brokerAddr))
    if (broker !== undefined) broker.deadlineMs = nowMs + broker.heartbeatTimeoutMs
  }

  /** After a pause of the process, in which no heartbeat could be read: it does not count against a deadline. */
  extendTimeouts(pausedMs: number): void {
    for (const broker of this.brokers.values()) broker.deadlineMs += pausedMs
  }

  /** Brokers past their deadline. */
  expired(nowMs: number): RestoredBroker[] {
    return [...this.brokers.values()].filter(({ deadlineMs }) => deadlineMs < nowMs)
  }

  /** The restored brokers with that address: one for each cluster. */
  brokersAt(brokerAddr: string): RestoredBroker[] {
    const clusters = [...this.clusters.keys()]
    return clusters.flatMap((name) => this.brokers.get(brokerKey(name, brokerAddr)) ?? [])
  }

  /** Removes a topic's queues on a broker name. */
  removeQueues(topic: string, brokerName: string): void {
    const queues = this.topics.get(topic)
    if (queues?.delete(brokerName) === true && queues.size === 0) this.topics.delete(topic)
  }

  /** Stores a topic's queues on a broker name. */
  putQueues(topic: string, queueData: QueueData): void {
    const queues = this.topics.get(topic)
    if (queues === undefined) this.topics.set(topic, new Map([[queueData.brokerName, queueData]]))
    else queues.set(queueData.brokerName, queueData)
  }

  /**
   * The outcome of a registration, after it was applied to the live tables, with what is restored of its group.
   * @param checkTopic - Throws if there is no room for one more topic.
   */
  outcomeOf(
    registration: Registration,
    outcome: RegisterBrokerOutcome,
    changes: RouteChanges,
    checkTopic: (topic: string) => void,
  ): RegisterBrokerOutcome {
    const { result } = outcome
    if (result === null && !this.#takeIncrement(registration, changes, checkTopic)) return outcome
    return typeof result?.masterAddr === 'string'
      ? outcome
      : { ...outcome, result: this.#masterOf(registration) }
  }

  #masterOf({ clusterName, brokerName, brokerId }: Registration): RegisterBrokerResult {
    const masterAddr = this.groups.get(brokerName)?.members.get(MASTER_ID) ?? ''
    const master = this.brokers.get(brokerKey(clusterName, masterAddr))
    if (master === undefined || brokerId === MASTER_ID) return { masterAddr: null, haServerAddr: null }
    return { masterAddr, haServerAddr: master.haServerAddr }
  }

  /** The live tables reject an increment of a broker that they do not know; here its other topics are known. */
  #takeIncrement(
    { clusterName, brokerName, brokerId, brokerAddr, nowMs, peer, by, topicConfigTable }: Registration,
    changes: RouteChanges,
    checkTopic: (topic: string) => void,
  ): boolean {
    if (this.groups.get(brokerName)?.members.get(brokerId) !== brokerAddr) return false
    this.touch(clusterName, brokerAddr, nowMs)
    if (brokerId !== MASTER_ID) return true
    for (const [index, topicName] of topicConfigTable.names.entries()) {
      if (!this.topics.has(topicName)) checkTopic(topicName)
      changes.topic(topicName, this.hasQueues(topicName, brokerName) ? 'changed' : 'new')
      this.putQueues(topicName, { brokerName, ...(topicConfigTable.queues[index] as TopicQueues) })
    }
    const broker = { clusterName, brokerName, brokerId, brokerAddr }
    changes.event({ kind: 'topics changed', broker, peer, by, topicChanges: changes.tally })
    return true
  }

  /** Follows a transition of the live tables, at its end: brokers that registered or left are no longer restored. */
  *follow(tables: RouteTables, changes: RouteChanges): Steps<void> {
    const registered = changes.events.find((event) => event.kind === 'broker registered')?.broker
    const known = registered && this.brokers.get(keyOf(registered))
    const renamed = known && registered ? this.#formerNames(known, registered.brokerName) : []
    const leaving: readonly Leaving[] = renamed.length > 0 ? renamed : changes.removals
    const tallies = yield* this.#topicsOf(leaving)
    // From here on in one slice, since lookups see these changes at once.
    const left: RouteEvent[] = []
    for (const each of leaving) {
      const brokerId = this.#idOf(each)
      if (this.#leave(each, changes)) left.push(unregistered(each, brokerId))
    }
    if (registered !== undefined) this.#return(registered, changes)
    // The live tables compared their own members only.
    const live = changes.events.filter(
      (event) => event.kind !== 'min broker id changed' || !this.groups.has(event.brokerName),
    )
    changes.events = [...left, ...live]
    const removed = new Set([...changes.groups].filter((name) => this.#refresh(name, tables, changes)))
    for (const event of changes.events)
      if (event.kind === 'broker unregistered' && removed.delete(event.broker.brokerName))
        event.topicChanges?.addDeleted(tallies.get(event.broker.brokerName))
  }

  /** A broker that returns leaves its other names: Java, from which a snapshot may be, keeps the group of a former name. */
  #formerNames(known: RestoredBroker, presentName: string): Leaving[] {
    const { brokerName: knownName, brokerAddr, clusterName } = known
    const names = new Set([knownName])
    for (const [name, { members, shown }] of this.groups)
      if (shown.cluster === clusterName && [...members.values()].includes(brokerAddr)) names.add(name)
    names.delete(presentName)
    return [...names].map((brokerName) => ({ ...known, brokerName, reason: 'renamed' }))
  }

  /** The restored topics of each broker name that a member leaves. */
  *#topicsOf(leaving: readonly Leaving[]): Steps<Map<string, TopicTally>> {
    const tallies = new Map<string, TopicTally>()
    for (const { brokerName } of leaving)
      if (this.groups.has(brokerName)) tallies.set(brokerName, new TopicTally())
    if (tallies.size === 0) return tallies
    for (const [topic, queues] of this.topics) {
      for (const name of queues.keys()) tallies.get(name)?.add('deleted', topic)
      yield
    }
    return tallies
  }

  #idOf({ brokerName, brokerAddr }: Leaving): bigint | undefined {
    const { members } = this.groups.get(brokerName) ?? { members: [] }
    return [...members].find(([, addr]) => addr === brokerAddr)?.[0]
  }

  /** @returns Whether a restored broker has left. */
  #leave(request: Leaving, changes: RouteChanges): boolean {
    const { brokerName, brokerAddr, reason, deadlineMs } = request
    const broker = this.brokers.get(keyOf(request))
    if (reason === 'not returned' && broker?.deadlineMs !== deadlineMs) return false
    const hasLeft = broker?.brokerName === brokerName || reason === 'renamed'
    if (hasLeft) {
      this.brokers.delete(keyOf(request))
      changes.group(brokerName)
    }
    // As in the live tables, a request to leave removes the address whatever its cluster.
    if (reason === 'request' || (hasLeft && !this.#isRestoredElsewhere(request)))
      this.#removeMembers(brokerName, (_, addr) => addr === brokerAddr, changes)
    return hasLeft
  }

  /** Whether the same broker is restored under another cluster name, and so remains a member of its group. */
  #isRestoredElsewhere({ brokerName, brokerAddr }: Leaving): boolean {
    const clusters = [...this.clusters.keys()]
    return clusters.some((name) => this.brokers.get(brokerKey(name, brokerAddr))?.brokerName === brokerName)
  }

  /** A registered broker takes the place of restored ones. */
  #return(broker: BrokerIdentity, changes: RouteChanges): void {
    const { brokerName, brokerId, brokerAddr } = broker
    this.brokers.delete(keyOf(broker))
    changes.group(brokerName)
    this.#removeMembers(brokerName, (id, addr) => id === brokerId || addr === brokerAddr, changes)
  }

  #removeMembers(
    brokerName: string,
    isLeaving: (id: bigint, addr: string) => boolean,
    changes: RouteChanges,
  ): void {
    const members = this.groups.get(brokerName)?.members
    for (const [id, addr] of members ?? [])
      if (isLeaving(id, addr) && members?.delete(id) === true) changes.group(brokerName)
  }

  /**
   * Updates what clients see of a group; an event says if its min broker id changed.
   * @returns Whether the group was removed with its last member.
   */
  #refresh(brokerName: string, tables: RouteTables, changes: RouteChanges): boolean {
    const group = this.groups.get(brokerName)
    if (group === undefined) return false
    const before = group.shown.brokerAddrs
    const live = tables.brokerAddrTable.get(brokerName)
    const brokerAddrs = new Map([...group.members, ...(live?.brokerAddrs ?? [])])
    if (brokerAddrs.size === 0 && before.size > 0) {
      this.#drop(brokerName)
      return true
    }
    group.shown = { ...(live ?? group.shown), brokerAddrs }
    const minIdBefore = minBrokerId(before) ?? MASTER_ID
    const minId = minBrokerId(brokerAddrs) ?? MASTER_ID
    group.leads = group.members.has(minId)
    const addrs = [...brokerAddrs.values()]
    const offlineBrokerAddr = before.get(minIdBefore)
    const { enableActingMaster } = group.shown
    const change = { kind: 'min broker id changed', brokerName, brokerAddrs, enableActingMaster } as const
    if (minId < minIdBefore) {
      const minAddr = brokerAddrs.get(minId)
      const master = tables.membersOf(brokerName).find(({ brokerAddr }) => brokerAddr === minAddr)
      changes.event({ ...change, offlineBrokerAddr: null, haBrokerAddr: master?.haServerAddr ?? null })
    } else if (minId > minIdBefore && offlineBrokerAddr !== undefined && !addrs.includes(offlineBrokerAddr)) {
      // It has left: one that takes another id is no event in the live tables either.
      if (enableActingMaster && minId > MASTER_ID) group.writePerm = 'wipe'
      changes.event({ ...change, offlineBrokerAddr, haBrokerAddr: null })
    }
    return false
  }

  #drop(brokerName: string): void {
    this.groups.delete(brokerName)
    for (const [cluster, names] of this.clusters) {
      names.delete(brokerName)
      if (names.size === 0) this.clusters.delete(cluster)
    }
  }

  /**
   * Drops the groups without restored members, when the grace period has ended. Topics that their brokers did not register were
   * deleted while the server was down; those of a group in which no member has registered all its topics become live instead.
   */
  *settle(tables: RouteTables, changes: RouteChanges): Steps<RestorationOutcome> {
    this.isGraceOver = true
    const isLast = this.brokers.size === 0
    const settled = [...this.groups].filter(([, { members }]) => isLast || members.size === 0)
    const names = new Set(settled.map(([name]) => name))
    const staleQueues = isLast || names.size > 0 ? yield* this.#settleTopics(names, tables, changes) : 0
    for (const name of names) this.#drop(name)
    const returned = this.#loadedKeys.filter((key) => tables.brokerLiveTable.has(key)).length
    return { loaded: this.#loadedKeys.length, returned, waiting: this.brokers.size, staleQueues }
  }

  /** @returns Queue entries that were not registered again. */
  *#settleTopics(names: ReadonlySet<string>, tables: RouteTables, changes: RouteChanges): Steps<number> {
    const complete = new Set([...names].filter((name) => hasAllTopics(tables, name)))
    const dropped = new Map<string, TopicTally>()
    let staleQueues = 0
    for (const [topic, queues] of this.topics) {
      for (const [name, queueData] of queues) {
        if (!names.has(name) || tables.topicQueueTable.get(topic)?.has(name) === true) continue
        if (complete.has(name)) {
          staleQueues++
          const tally = dropped.get(name) ?? new TopicTally()
          tally.add('deleted', topic)
          dropped.set(name, tally)
        } else if (tables.membersOf(name).length > 0) this.#makeLive(topic, queueData, tables)
        changes.topic(topic)
      }
      yield
    }
    for (const topic of this.mappings.keys()) changes.topic(topic)
    for (const [brokerName, topicChanges] of dropped) {
      const { brokerAddrs = new Map<bigint, string>() } = tables.brokerAddrTable.get(brokerName) ?? {}
      const brokerId = minBrokerId(brokerAddrs) ?? MASTER_ID
      const [live] = tables.liveAt(brokerAddrs.get(brokerId) ?? '')
      if (live === undefined) continue
      const { clusterName, brokerAddr, peer } = live
      const broker = { clusterName, brokerName, brokerAddr, brokerId }
      changes.event({ kind: 'topics changed', broker, peer, topicChanges })
    }
    changes.markDirty()
    return staleQueues
  }

  #makeLive(topic: string, queueData: QueueData, tables: RouteTables): void {
    tables.putQueueData(topic, this.groups.get(queueData.brokerName)?.queueData(queueData) ?? queueData)
    const mapping = this.mappings.get(topic)?.get(queueData.brokerName)
    if (mapping !== undefined) tables.setMapping(topic, queueData.brokerName, mapping)
  }
}

function keyOf({ clusterName, brokerAddr }: Pick<BrokerIdentity, 'clusterName' | 'brokerAddr'>): string {
  return brokerKey(clusterName, brokerAddr)
}

function unregistered(
  { clusterName, brokerName, brokerAddr, reason, peer, by }: Leaving,
  brokerId: bigint | undefined,
): RouteEvent {
  const broker = { clusterName, brokerName, brokerId, brokerAddr }
  return { kind: 'broker unregistered', broker, reason, peer, by, topicChanges: new TopicTally() }
}

/** Whether a member whose topics count has registered all of them. */
function hasAllTopics(tables: RouteTables, brokerName: string): boolean {
  const masterAddr = tables.brokerAddrTable.get(brokerName)?.brokerAddrs.get(MASTER_ID)
  const hasTopics = tables.queueState(brokerName) > 0
  return tables
    .membersOf(brokerName)
    .some(({ isComplete, brokerAddr }) => isComplete && (hasTopics || brokerAddr === masterAddr))
}
