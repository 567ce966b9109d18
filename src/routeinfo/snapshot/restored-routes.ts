import type { Steps } from '../../common/time-slicer.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import { type BrokerData, MASTER_ID, type QueueData } from '../../protocol/body/topic-route-data.ts'
import type { RegisterBrokerOutcome, Registration } from '../registration.ts'
import type { RouteChanges } from '../route-changes.ts'
import { type BrokerIdentity, type RouteEvent, TopicTally, type UnregisterReason } from '../route-event.ts'
import { brokerKey, minBrokerId, type RouteTables, withWritePerm } from '../route-tables.ts'
import type { Unregistration } from '../unregister-brokers.ts'

/** A broker of the snapshot that has not registered again. Replaced by each heartbeat. */
export interface RestoredBroker {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  readonly heartbeatTimeoutMs: number
  readonly haServerAddr: string | null
  /** It is removed after this time. */
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
  /** Whether the member with the min broker id has not registered again, so that its queues are the ones that count. */
  leads: boolean
  /** Whether an operator has wiped or added the write permission, or the group has lost its master. */
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

/** A restored broker to remove. */
export interface RestoredRemoval {
  readonly broker: RestoredBroker
  readonly reason: Extract<UnregisterReason, 'request' | 'not returned' | 'renamed'>
  readonly peer?: string | undefined
}

/**
 * Routes of a snapshot beside the live tables: what lookups and lists show of each broker group until its brokers have
 * registered again. The live tables know nothing of it. Changed under the write lock only, in the last slice of a transition.
 */
export class RestoredRoutes {
  readonly #clusters: Map<string, Set<string>>
  readonly #groups = new Map<string, RestoredGroup>()
  readonly #brokers: Map<string, RestoredBroker>
  readonly #filterServers: Map<string, readonly string[]>
  /** Queues count as long as their group is in {@link #groups}. */
  readonly #topics: Map<string, Map<string, QueueData>>
  readonly #mappings: Map<string, ReadonlyMap<string, TopicQueueMappingInfo>>
  readonly #loadedKeys: readonly string[]
  #isGraceOver = false

  constructor({ clusters, groups, brokers, filterServers, topics, mappings }: RestoredTables) {
    this.#clusters = clusters
    this.#brokers = brokers
    this.#filterServers = filterServers
    this.#topics = topics
    this.#mappings = mappings
    this.#loadedKeys = [...brokers.keys()]
    for (const [name, shown] of groups) {
      const members = new Map(shown.brokerAddrs)
      this.#groups.set(name, { members, shown, leads: true, writePerm: undefined })
    }
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

  /** Names of the topics that have a mapping in the snapshot. */
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

  /** Brokers past their deadline. */
  expired(nowMs: number): RestoredBroker[] {
    return [...this.#brokers.values()].filter(({ deadlineMs }) => deadlineMs < nowMs)
  }

  /** The restored brokers among those that ask to leave. */
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

  /** The outcome of a registration that the live tables have applied or rejected, completed with what is restored of its group. */
  completed(
    registration: Registration,
    outcome: RegisterBrokerOutcome | undefined,
    changes: RouteChanges,
  ): RegisterBrokerOutcome | undefined {
    if (outcome === undefined || outcome.result?.masterAddr != null) return outcome
    if (outcome.result === null && !this.#takeIncrement(registration, changes)) return outcome
    const { clusterName, brokerName, brokerId } = registration
    const masterAddr = this.#groups.get(brokerName)?.members.get(MASTER_ID)
    const master =
      masterAddr === undefined ? undefined : this.#brokers.get(brokerKey(clusterName, masterAddr))
    if (masterAddr === undefined || master === undefined || brokerId === MASTER_ID)
      return { ...outcome, result: { masterAddr: null, haServerAddr: null } }
    return { ...outcome, result: { masterAddr, haServerAddr: master.haServerAddr } }
  }

  /** The live tables reject an increment of a broker that they do not know; here its other topics are known. */
  #takeIncrement(registration: Registration, changes: RouteChanges): boolean {
    const { clusterName, brokerName, brokerId, brokerAddr, nowMs, peer, topicConfigTable } = registration
    if (this.#groups.get(brokerName)?.members.get(brokerId) !== brokerAddr) return false
    this.touch(clusterName, brokerAddr, nowMs)
    if (brokerId !== MASTER_ID) return true
    for (const {
      topicName,
      readQueueNums,
      writeQueueNums,
      perm,
      topicSysFlag,
    } of topicConfigTable.values()) {
      const isKnown = this.#topics.get(topicName)?.has(brokerName) === true
      this.putQueues(topicName, { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag })
      changes.topic(topicName, isKnown ? 'changed' : 'new')
    }
    const broker = { clusterName, brokerName, brokerId, brokerAddr }
    changes.event({ kind: 'topics changed', broker, peer, topicChanges: changes.tally })
    return true
  }

  /** Removes brokers, unless they have sent a heartbeat since. {@link follow} must come next, in the same slice. */
  *remove(tables: RouteTables, removals: readonly RestoredRemoval[], changes: RouteChanges): Steps<void> {
    if (removals.length === 0) return
    const tallies = yield* this.#topicsOf(new Set(removals.map(({ broker }) => broker.brokerName)), tables)
    const due = removals.filter(({ broker }) => {
      const key = keyOf(broker)
      return this.#brokers.get(key) === broker && this.#brokers.delete(key)
    })
    for (const { broker } of due) {
      const members = this.#groups.get(broker.brokerName)?.members
      for (const [id, addr] of members ?? []) if (addr === broker.brokerAddr) members?.delete(id)
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

  *#topicsOf(brokerNames: ReadonlySet<string>, tables: RouteTables): Steps<Map<string, TopicTally>> {
    const tallies = new Map([...brokerNames].map((name) => [name, new TopicTally()]))
    for (const [topic, queues] of this.#topics) {
      const live = tables.topicQueueTable.get(topic)
      for (const name of queues.keys()) if (live?.has(name) !== true) tallies.get(name)?.add('deleted', topic)
      yield
    }
    return tallies
  }

  /** Brings what is shown up to date with what a transition did to the live tables. */
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
      const members = this.#groups.get(broker.brokerName)?.members
      for (const [id, addr] of members ?? [])
        if (id === broker.brokerId || addr === broker.brokerAddr) members?.delete(id)
    }
    const reduced = new Set<string>()
    for (const event of changes.events)
      if (event.kind === 'broker unregistered') reduced.add(event.broker.brokerName)
    // The live tables saw only their part of the group.
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
    for (const { members } of this.#groups.values()) if (members.size === 0) return true
    return false
  }

  /**
   * From the end of the grace period on: groups without restored members are left to the live tables. Topics that their brokers did
   * not register again were deleted while the server was down, unless no member has registered all its topics yet: then they become
   * live.
   */
  *settle(tables: RouteTables, changes: RouteChanges): Steps<RestorationOutcome> {
    this.#isGraceOver = true
    const names = new Set(
      [...this.#groups].filter(([, { members }]) => members.size === 0).map(([name]) => name),
    )
    const complete = new Set([...names].filter((name) => hasAllTopics(tables, name)))
    let staleQueues = 0
    for (const [topic, queues] of this.#topics) {
      for (const [name, queueData] of queues) {
        if (!names.has(name) || tables.topicQueueTable.get(topic)?.has(name) === true) continue
        if (complete.has(name)) staleQueues++
        else if (tables.membersOf(name).length > 0)
          tables.putQueueData(topic, shownQueues(queueData, this.#groups.get(name)))
        changes.topic(topic)
      }
      yield
    }
    for (const name of names) this.#drop(name)
    changes.markDirty()
    const returned = this.#loadedKeys.filter((key) => tables.brokerLiveTable.has(key)).length
    return { loaded: this.#loadedKeys.length, returned, waiting: this.#brokers.size, staleQueues }
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
