import type { Steps } from '../../common/time-slicer.ts'
import type { TopicQueues } from '../../protocol/body/topic-config.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import type { RegisterBrokerOutcome, RegisterBrokerResult, Registration } from '../registration.ts'
import type { RouteChanges } from '../route-changes.ts'
import { type BrokerIdentity, type RouteEvent, TopicTally, type UnregisterReason } from '../route-event.ts'
import { brokerKey, minBrokerId, type RouteTables, withWritePerm } from '../route-tables.ts'
import { checkTopicLimit } from '../table-limits.ts'
import type { Unregistration } from '../unregister-brokers.ts'

/** A broker of the snapshot that has not registered again. A heartbeat replaces it. */
export interface RestoredBroker {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  readonly heartbeatTimeoutMs: number
  readonly haServerAddr: string | null
  /** Removed after this time, in milliseconds on the clock of `nowMs`. */
  readonly deadlineMs: number
}

/** What a snapshot file holds. */
export interface RestoredTables {
  readonly clusters: Map<string, Set<string>>
  readonly groups: Map<string, BrokerData>
  /** By {@link brokerKey}. */
  readonly brokers: Map<string, RestoredBroker>
  /** By {@link brokerKey}. */
  readonly filterServers: Map<string, readonly string[]>
  readonly topics: Map<string, Map<string, QueueData>>
  readonly mappings: Map<string, ReadonlyMap<string, TopicQueueMappingInfo>>
}

interface RestoredGroup {
  /** The members that have not registered again. */
  readonly members: Map<bigint, string>
  /** What clients see: these members and the live ones, as of the last transition. */
  shown: BrokerData
  /** Whether the member with the min broker id has not registered again, so that the restored queues win over the live ones. */
  leads: boolean
  /** What an operator did to the write permission of all its queues; `wipe` too when a group with acting master lost its master. */
  writePerm: 'wipe' | 'add' | undefined
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

/** What a transition of the tables works with. */
interface Transition {
  readonly tables: RouteTables
  readonly maxTopics: number
  readonly changes: RouteChanges
}

/** A restored broker to remove. */
export interface RestoredRemoval {
  readonly broker: RestoredBroker
  readonly reason: Extract<UnregisterReason, 'request' | 'not returned' | 'renamed'>
  readonly peer?: string | undefined
}

/**
 * The routes of a snapshot, beside the live tables: what lookups and lists show of each broker group that has not registered again.
 * The live tables know nothing of it. Apart from heartbeats it changes under the write lock, in the last slice of a transition.
 */
export class RestoredRoutes {
  readonly #clusters: Map<string, Set<string>>
  readonly #groups = new Map<string, RestoredGroup>()
  readonly #brokers: Map<string, RestoredBroker>
  readonly #filterServers: Map<string, readonly string[]>
  /** Shown while their group is in {@link #groups}. */
  readonly #topics: Map<string, Map<string, QueueData>>
  readonly #mappings: Map<string, ReadonlyMap<string, TopicQueueMappingInfo>>
  readonly #loadedKeys: readonly string[]
  readonly #loadedTopics: number
  #isGraceOver = false

  constructor({ clusters, groups, brokers, filterServers, topics, mappings }: RestoredTables) {
    this.#clusters = clusters
    this.#brokers = brokers
    this.#filterServers = filterServers
    this.#topics = topics
    this.#mappings = mappings
    this.#loadedKeys = [...brokers.keys()]
    this.#loadedTopics = topics.size
    for (const [name, shown] of groups) {
      const members = new Map(shown.brokerAddrs)
      this.#groups.set(name, { members, shown, leads: true, writePerm: undefined })
    }
  }

  /** Topics that were added to the restored ones since: they count towards `maxTopics`, those of the snapshot do not. */
  get addedTopics(): number {
    return Math.max(0, this.#topics.size - this.#loadedTopics)
  }

  /** Topics in the snapshot. */
  get topicCount(): number {
    return this.#topics.size
  }

  /** Brokers that have not registered again. */
  get brokers(): ReadonlyMap<string, RestoredBroker> {
    return this.#brokers
  }

  has(brokerName: string): boolean {
    return this.#groups.has(brokerName)
  }

  group(brokerName: string, live: BrokerData | undefined): BrokerData | undefined {
    return this.#groups.get(brokerName)?.shown ?? live
  }

  queues(
    topic: string,
    live: ReadonlyMap<string, QueueData> | undefined,
  ): ReadonlyMap<string, QueueData> | undefined {
    const restored = this.#topics.get(topic)
    if (restored === undefined) return live
    const shown = new Map<string, QueueData>()
    for (const [name, queueData] of restored) {
      const group = this.#groups.get(name)
      if (group === undefined) continue
      const liveQueues = group.leads ? undefined : live?.get(name)
      shown.set(name, liveQueues ?? shownQueues(queueData, group))
    }
    for (const [name, queueData] of live ?? []) if (!shown.has(name)) shown.set(name, queueData)
    return shown.size === 0 ? undefined : shown
  }

  filterServers(key: string, live: readonly string[] | undefined): readonly string[] | undefined {
    return this.#brokers.has(key) ? this.#filterServers.get(key) : live
  }

  mappings(
    topic: string,
    live: ReadonlyMap<string, TopicQueueMappingInfo> | undefined,
  ): ReadonlyMap<string, TopicQueueMappingInfo> | undefined {
    const restored = this.#mappings.get(topic)
    return restored === undefined || live === undefined ? (restored ?? live) : new Map([...restored, ...live])
  }

  /** Static topics of the snapshot. */
  get mappedTopics(): Iterable<string> {
    return this.#mappings.keys()
  }

  *topics(
    live: ReadonlyMap<string, ReadonlyMap<string, QueueData>>,
  ): Generator<[string, ReadonlyMap<string, QueueData>], void, undefined> {
    for (const topic of this.#topics.keys()) {
      const queues = this.queues(topic, live.get(topic))
      if (queues !== undefined) yield [topic, queues]
    }
    for (const entry of live) if (!this.#topics.has(entry[0])) yield entry
  }

  groups(live: ReadonlyMap<string, BrokerData>): ReadonlyMap<string, BrokerData> {
    const groups = new Map<string, BrokerData>()
    for (const [name, { shown }] of this.#groups) groups.set(name, shown)
    for (const [name, group] of live) if (!groups.has(name)) groups.set(name, group)
    return groups
  }

  clusters(live: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, ReadonlySet<string>> {
    const clusters = new Map<string, ReadonlySet<string>>(this.#clusters)
    for (const [cluster, names] of live)
      clusters.set(cluster, new Set([...(clusters.get(cluster) ?? []), ...names]))
    return clusters
  }

  /** A heartbeat: from now on the broker's own timeout counts. */
  touch(clusterName: string, brokerAddr: string, nowMs: number): void {
    const key = brokerKey(clusterName, brokerAddr)
    const broker = this.#brokers.get(key)
    if (broker !== undefined)
      this.#brokers.set(key, { ...broker, deadlineMs: nowMs + broker.heartbeatTimeoutMs })
  }

  /** After a pause of the process, in which no heartbeat could be read: it does not count against a deadline. */
  extendTimeouts(pausedMs: number): void {
    for (const [key, broker] of this.#brokers)
      this.#brokers.set(key, { ...broker, deadlineMs: broker.deadlineMs + pausedMs })
  }

  /** Brokers past their deadline. */
  expired(nowMs: number): RestoredBroker[] {
    return [...this.#brokers.values()].filter(({ deadlineMs }) => deadlineMs < nowMs)
  }

  /** The removals of restored brokers that requests to leave ask for. */
  removalsFor(requests: readonly Unregistration[]): RestoredRemoval[] {
    return requests.flatMap((request): RestoredRemoval[] => {
      const broker = this.#brokers.get(keyOf(request))
      const { brokerName, reason, peer } = request
      return reason === 'request' && broker?.brokerName === brokerName ? [{ broker, reason, peer }] : []
    })
  }

  /** Removes a topic's queues on a broker name. */
  removeQueues(topic: string, brokerName: string): void {
    const queues = this.#topics.get(topic)
    if (queues?.delete(brokerName) === true && queues.size === 0) this.#topics.delete(topic)
  }

  putQueues(topic: string, queueData: QueueData): void {
    const queues = this.#topics.get(topic)
    if (queues === undefined) this.#topics.set(topic, new Map([[queueData.brokerName, queueData]]))
    else queues.set(queueData.brokerName, queueData)
  }

  setWritePerm(brokerName: string, operation: 'wipe' | 'add'): void {
    const group = this.#groups.get(brokerName)
    if (group !== undefined) group.writePerm = operation
  }

  /**
   * A registration into the live tables; its outcome takes into account what is restored of its group.
   * @throws {LimitError} `maxTopics`, of an increment that adds a topic to a restored broker
   */
  *completing(
    registration: Registration,
    work: Steps<RegisterBrokerOutcome>,
    transition: Transition,
  ): Steps<RegisterBrokerOutcome> {
    const outcome = yield* work
    const { result } = outcome
    const isFinal =
      result === null ? !this.#takeIncrement(registration, transition) : result.masterAddr !== null
    return isFinal ? outcome : { ...outcome, result: this.#masterOf(registration) }
  }

  #masterOf({ clusterName, brokerName, brokerId }: Registration): RegisterBrokerResult {
    const masterAddr = this.#groups.get(brokerName)?.members.get(MASTER_ID) ?? ''
    const master = this.#brokers.get(brokerKey(clusterName, masterAddr))
    if (master === undefined || brokerId === MASTER_ID) return { masterAddr: null, haServerAddr: null }
    return { masterAddr, haServerAddr: master.haServerAddr }
  }

  /** The live tables reject an increment of a broker that they do not know; here its other topics are known. */
  #takeIncrement(registration: Registration, { tables, maxTopics, changes }: Transition): boolean {
    const { clusterName, brokerName, brokerId, brokerAddr, nowMs, peer, topicConfigTable } = registration
    if (this.#groups.get(brokerName)?.members.get(brokerId) !== brokerAddr) return false
    this.touch(clusterName, brokerAddr, nowMs)
    if (brokerId !== MASTER_ID) return true
    for (const [index, topicName] of topicConfigTable.names.entries()) {
      if (!this.#topics.has(topicName)) checkTopicLimit(tables, maxTopics, topicName, this.addedTopics)
      const isKnown = this.#topics.get(topicName)?.has(brokerName) === true
      this.putQueues(topicName, { brokerName, ...(topicConfigTable.queues[index] as TopicQueues) })
      changes.topic(topicName, isKnown ? 'changed' : 'new')
    }
    const broker = { clusterName, brokerName, brokerId, brokerAddr }
    changes.event({ kind: 'topics changed', broker, peer, topicChanges: changes.tally })
    return true
  }

  /** Removes brokers that have not sent a heartbeat since. In the same slice {@link follow} must come next. */
  *remove(tables: RouteTables, removals: readonly RestoredRemoval[], changes: RouteChanges): Steps<void> {
    if (removals.length === 0) return
    const tallies = yield* this.#topicsOf(new Set(removals.map(({ broker }) => broker.brokerName)), tables)
    const due = removals.filter(({ broker, reason }) => {
      const key = keyOf(broker)
      const current = this.#brokers.get(key)
      // A heartbeat replaces the object.
      const isDue = reason === 'not returned' ? current === broker : current?.brokerName === broker.brokerName
      return isDue && this.#brokers.delete(key)
    })
    for (const { broker } of due) {
      this.#removeMembers(broker.brokerName, (_, addr) => addr === broker.brokerAddr)
      changes.group(broker.brokerName)
    }
    const events = due.map(({ broker: { clusterName, brokerName, brokerAddr }, reason, peer }) => {
      const isLast =
        this.#groups.get(brokerName)?.members.size === 0 &&
        (tables.brokerAddrTable.get(brokerName)?.brokerAddrs.size ?? 0) === 0
      const topicChanges = (isLast ? tallies.get(brokerName) : undefined) ?? new TopicTally()
      tallies.delete(brokerName)
      const broker = { clusterName, brokerName, brokerAddr }
      return { kind: 'broker unregistered', broker, reason, peer, topicChanges } as const
    })
    changes.replaceEvents([...events, ...changes.events])
  }

  #removeMembers(brokerName: string, isLeaving: (id: bigint, addr: string) => boolean): void {
    const members = this.#groups.get(brokerName)?.members
    for (const [id, addr] of members ?? []) if (isLeaving(id, addr)) members?.delete(id)
  }

  /** The restored topics of each broker name that the live tables do not have. */
  *#topicsOf(brokerNames: ReadonlySet<string>, tables: RouteTables): Steps<Map<string, TopicTally>> {
    const tallies = new Map([...brokerNames].map((name) => [name, new TopicTally()]))
    for (const [topic, queues] of this.#topics) {
      const live = tables.topicQueueTable.get(topic)
      for (const name of queues.keys()) if (live?.has(name) !== true) tallies.get(name)?.add('deleted', topic)
      yield
    }
    return tallies
  }

  /** Follows a transition of the live tables, at its end: brokers that registered are no longer restored. */
  *follow(tables: RouteTables, changes: RouteChanges): Steps<void> {
    const registered = changes.events.flatMap((event) =>
      event.kind === 'broker registered' ? [event.broker] : [],
    )
    const renamed = registered.flatMap((broker): RestoredRemoval[] => {
      const known = this.#brokers.get(keyOf(broker))
      return known === undefined || known.brokerName === broker.brokerName
        ? []
        : [{ broker: known, reason: 'renamed' }]
    })
    yield* this.remove(tables, renamed, changes)
    for (const broker of registered) {
      this.#brokers.delete(keyOf(broker))
      const { brokerName, brokerId, brokerAddr } = broker
      this.#removeMembers(brokerName, (id, addr) => id === brokerId || addr === brokerAddr)
      changes.group(brokerName)
    }
    const reduced = new Set<string>()
    for (const event of changes.events)
      if (event.kind === 'broker unregistered') reduced.add(event.broker.brokerName)
    // The live tables compared their own members only.
    const isPartial = (event: RouteEvent) =>
      event.kind === 'min broker id changed' && this.#groups.has(event.brokerName)
    changes.replaceEvents(changes.events.filter((event) => !isPartial(event)))
    for (const name of changes.groups) this.#refresh(name, reduced.has(name), tables, changes)
  }

  #refresh(brokerName: string, isReduced: boolean, tables: RouteTables, changes: RouteChanges): void {
    const group = this.#groups.get(brokerName)
    if (group === undefined) return
    const before = group.shown
    const live = tables.brokerAddrTable.get(brokerName)
    const brokerAddrs = new Map([...group.members, ...(live?.brokerAddrs ?? [])])
    if (brokerAddrs.size === 0 && before.brokerAddrs.size > 0) {
      this.#drop(brokerName)
      return
    }
    group.shown = { ...(live ?? before), brokerAddrs }
    const minId = minBrokerId(brokerAddrs) ?? MASTER_ID
    group.leads = group.members.has(minId)
    const minIdBefore = minBrokerId(before.brokerAddrs) ?? MASTER_ID
    const { enableActingMaster } = group.shown
    const change = { kind: 'min broker id changed', brokerName, brokerAddrs, enableActingMaster } as const
    if (minId < minIdBefore) {
      const addr = brokerAddrs.get(minId)
      const haBrokerAddr =
        tables.membersOf(brokerName).find(({ brokerAddr }) => brokerAddr === addr)?.haServerAddr ?? null
      changes.event({ ...change, offlineBrokerAddr: null, haBrokerAddr })
    } else if (isReduced && minId > minIdBefore) {
      if (enableActingMaster && minId > MASTER_ID) group.writePerm = 'wipe'
      const offlineBrokerAddr = before.brokerAddrs.get(minIdBefore) ?? null
      changes.event({ ...change, offlineBrokerAddr, haBrokerAddr: null })
    }
  }

  #drop(brokerName: string): void {
    this.#groups.delete(brokerName)
    for (const [cluster, names] of this.#clusters) {
      names.delete(brokerName)
      if (names.size === 0) this.#clusters.delete(cluster)
    }
  }

  /** Whether there is something to {@link settle}. */
  get isUnsettled(): boolean {
    if (!this.#isGraceOver) return false
    if (this.#brokers.size === 0) return true
    for (const { members } of this.#groups.values()) if (members.size === 0) return true
    return false
  }

  /**
   * Drops the groups without restored members, when the grace period has ended. Topics that their brokers did not register were
   * deleted while the server was down; those of a group in which no member has registered all its topics become live instead.
   */
  *settle(tables: RouteTables, changes: RouteChanges): Steps<RestorationOutcome> {
    this.#isGraceOver = true
    const isLast = this.#brokers.size === 0
    const names = new Set(
      [...this.#groups].filter(([, { members }]) => isLast || members.size === 0).map(([name]) => name),
    )
    const complete = new Set([...names].filter((name) => hasAllTopics(tables, name)))
    let staleQueues = 0
    for (const [topic, queues] of this.#topics) {
      for (const [name, queueData] of queues) {
        if (!names.has(name) || tables.topicQueueTable.get(topic)?.has(name) === true) continue
        if (complete.has(name)) staleQueues++
        else if (tables.membersOf(name).length > 0) this.#makeLive(topic, queueData, tables)
        changes.topic(topic)
      }
      yield
    }
    for (const topic of this.#mappings.keys()) changes.topic(topic)
    for (const name of names) this.#drop(name)
    changes.markDirty()
    const returned = this.#loadedKeys.filter((key) => tables.brokerLiveTable.has(key)).length
    return { loaded: this.#loadedKeys.length, returned, waiting: this.#brokers.size, staleQueues }
  }

  #makeLive(topic: string, queueData: QueueData, tables: RouteTables): void {
    tables.putQueueData(topic, shownQueues(queueData, this.#groups.get(queueData.brokerName)))
    const mappings = this.mappings(topic, tables.topicQueueMappingInfoTable.get(topic))
    if (mappings !== undefined) tables.topicQueueMappingInfoTable.set(topic, mappings)
  }
}

function keyOf({ clusterName, brokerAddr }: Pick<BrokerIdentity, 'clusterName' | 'brokerAddr'>): string {
  return brokerKey(clusterName, brokerAddr)
}

function shownQueues(queueData: QueueData, group: RestoredGroup | undefined): QueueData {
  return group?.writePerm === undefined ? queueData : withWritePerm(queueData, group.writePerm)
}

/** Whether a member whose topics count has registered all of them. */
function hasAllTopics(tables: RouteTables, brokerName: string): boolean {
  const masterAddr = tables.brokerAddrTable.get(brokerName)?.brokerAddrs.get(MASTER_ID)
  const hasTopics = tables.queueState(brokerName) > 0
  return tables
    .membersOf(brokerName)
    .some(({ isComplete, brokerAddr }) => isComplete && (hasTopics || brokerAddr === masterAddr))
}
