import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import { encodeClusterInfo } from '../protocol/body/lists-and-tables.ts'
import { encodeTopicRouteData, type QueueData } from '../protocol/body/topic-route-data.ts'
import { Counters } from '../stats/counters.ts'
import { type Arrival, ArrivalOrder } from './arrival-order.ts'
import { EncodedRouteCache, type RouteVariant } from './encoded-route-cache.ts'
import { endRestoration, type RestorationOutcome } from './end-restoration.ts'
import { LockError, type LockOwner, ReadWriteLock } from './read-write-lock.ts'
import { type RegisterBrokerOutcome, type Registration, registerBroker } from './register-broker.ts'
import { RouteChanges } from './route-changes.ts'
import type { RouteEffect, UnregisterReason } from './route-effect.ts'
import { type RouteSnapshot, takeRouteSnapshot } from './route-snapshot.ts'
import { type BrokerLiveInfo, brokerKey, type ChannelId, NO_CHANNEL, RouteTables } from './route-tables.ts'
import type { Eventually, Sliced, Slicer } from './slicer.ts'
import {
  checkTopicBound,
  checkTopicsOf,
  hasRoomForBroker,
  makeRoomForBroker,
  mayMeetTopicBound,
  type TableBounds,
} from './table-bounds.ts'
import { deleteTopic, registerTopic, setWritePerm, topicsWhere } from './topic-operations.ts'
import { pickupTopicRouteData } from './topic-route.ts'
import { type Unregistration, unregisterBrokers } from './unregister-brokers.ts'
import { filterByZoneName } from './zone-filter.ts'

/** What the tables need from outside. */
export interface RouteInfoManagerOptions {
  readonly slicer: Slicer
  /** Told of what a transition did, at its end and before anybody else gets the lock. */
  readonly onEffect: (effect: RouteEffect) => void
  /** Told of a connection that closed while its registration was carried out. Default: {@link RouteInfoManager.onChannelDestroy}. */
  readonly onClosedMeanwhile?: (channelId: ChannelId) => void
  /** Most requests that may wait for the lock. Default 10,000, as Java's request queue. */
  readonly maxWaiters?: number
  /** Most `UNREGISTER_BROKER` requests that may wait. Default 3,000, as Java's queue for them. */
  readonly unRegisterBrokerQueueCapacity?: number
  /** Most bytes of encoded routes kept. Default 64 MiB: a hundred thousand routes of two brokers. */
  readonly maxEncodedRouteBytes?: number
  /** Default: none. */
  readonly bounds?: TableBounds
  readonly counters?: Counters
}

const UNBOUNDED: TableBounds = {
  maxBrokers: Number.POSITIVE_INFINITY,
  maxTopics: Number.POSITIVE_INFINITY,
}

/**
 * Which brokers there are and where each topic lives.
 *
 * Every operation is atomic to every other: it runs under one read-write lock, long ones in slices. What ends within its turn
 * returns its result as it is; only what had to wait or was long returns a promise. Lookups of routes take no lock: while a long
 * write is at work, and until it commits, they show the state before it.
 *
 * Knows no socket, timer, clock or log. Methods that depend on time take `nowMs`, a clock that never goes back.
 *
 * @see RouteInfoManager in apache/rocketmq
 */
export class RouteInfoManager {
  #tables = new RouteTables()
  readonly #lock: ReadWriteLock
  readonly #cache: EncodedRouteCache
  readonly #onEffect: (effect: RouteEffect) => void
  readonly #onClosedMeanwhile: (channelId: ChannelId) => void
  readonly #unRegisterBrokerQueueCapacity: number
  readonly #bounds: TableBounds
  readonly #counters: Counters
  /** By broker name. */
  readonly #arrivals = new ArrivalOrder()
  /** How many registrations are on their way, by the key of their broker in the live table. */
  readonly #registering = new Map<string, number>()
  #unregistrations: Unregistration[] = []
  #generation = 0
  #revision = 0

  constructor(options: RouteInfoManagerOptions) {
    this.#lock = new ReadWriteLock(options.slicer, options.maxWaiters ?? 10_000)
    this.#cache = new EncodedRouteCache(options.maxEncodedRouteBytes ?? 64 * 1024 * 1024)
    this.#onEffect = options.onEffect
    this.#onClosedMeanwhile = options.onClosedMeanwhile ?? ((channelId) => this.onChannelDestroy(channelId))
    this.#bounds = options.bounds ?? UNBOUNDED
    this.#counters = options.counters ?? new Counters()
    this.#unRegisterBrokerQueueCapacity = options.unRegisterBrokerQueueCapacity ?? 3_000
  }

  /** The arrival number of what happens now: a registration, or the decision to remove a broker. */
  nextGeneration(): number {
    return ++this.#generation
  }

  /** What a broker's registration, or its own request to leave, must wait for: whatever concerns its name and came before. */
  arrive(brokerName: string): Arrival {
    return this.#arrivals.arrive(brokerName)
  }

  /** The same for a registration: until it leaves its place, its broker is not taken for silent. */
  arriveToRegister(broker: Pick<Registration, 'clusterName' | 'brokerName' | 'brokerAddr'>): Arrival {
    const { turn, leave } = this.arrive(broker.brokerName)
    const key = brokerKey(broker.clusterName, broker.brokerAddr)
    this.#registering.set(key, (this.#registering.get(key) ?? 0) + 1)
    return {
      turn,
      leave: () => {
        const others = (this.#registering.get(key) ?? 1) - 1
        if (others > 0) this.#registering.set(key, others)
        else this.#registering.delete(key)
        leave()
      },
    }
  }

  /** Registrations that are being read. */
  get registering(): number {
    return this.#registering.size
  }

  /** Requests that wait for the lock. */
  get waiting(): number {
    return this.#lock.waiting
  }

  /** Brokers that are live. */
  get brokers(): number {
    return this.#tables.brokerLiveTable.size
  }

  /** Topics that have queues. */
  get topics(): number {
    return this.#tables.topicQueueTable.size
  }

  /** @see registerBroker, also for what undefined means. @throws {LockError} {BoundError} (or rejects) */
  registerBroker(
    registration: Registration,
    deleteMissingTopics: boolean,
    owner: LockOwner,
  ): Eventually<RegisterBrokerOutcome | undefined> {
    if (owner.closed)
      throw new LockError('ERR_LOCK_ABANDONED', 'the connection closed before its registration was read')
    const registered = this.#transition(
      (changes) => this.#register(registration, deleteMissingTopics, changes),
      owner,
    )
    if (!(registered instanceof Promise)) return registered
    // The connection may have closed between two slices, when its broker was not in the live table yet.
    return registered.then((outcome) => {
      if (owner.closed) this.#onClosedMeanwhile(registration.channelId)
      return outcome
    })
  }

  /** Refused as a whole, or carried out. Nearly always nothing must be counted first. */
  #register(
    registration: Registration,
    deleteMissingTopics: boolean,
    changes: RouteChanges,
  ): Sliced<RegisterBrokerOutcome | undefined> {
    const tables = this.#tables
    const { maxBrokers, maxTopics } = this.#bounds
    const register = (): Sliced<RegisterBrokerOutcome | undefined> => {
      const work = (): Sliced<RegisterBrokerOutcome | undefined> =>
        registerBroker(tables, registration, deleteMissingTopics, changes)
      if (!mayMeetTopicBound(tables, maxTopics, registration)) return work()
      return afterCheck(checkTopicsOf(tables, maxTopics, registration, deleteMissingTopics), work)
    }
    if (hasRoomForBroker(tables, maxBrokers, registration)) return register()
    return afterCheck(makeRoomForBroker(tables, maxBrokers, registration, changes), register)
  }

  /**
   * Queues a broker's own request to leave. It is applied at once unless somebody holds the lock, and then in one batch with
   * what else has come by then.
   * @returns False if too many wait already.
   * @see BatchUnregistrationService in apache/rocketmq
   */
  submitUnRegisterBrokerRequest(request: Unregistration): boolean {
    if (this.#unregistrations.length >= this.#unRegisterBrokerQueueCapacity) return false
    this.#submit([request])
    return true
  }

  /** Removes all brokers whose last registration came over a connection that is gone. */
  onChannelDestroy(channelId: ChannelId): void {
    this.onChannelsDestroy([channelId])
  }

  /** The same for several connections, in one batch. */
  onChannelsDestroy(channelIds: readonly ChannelId[]): void {
    const generation = this.nextGeneration()
    const batch: Unregistration[] = []
    for (const channelId of channelIds) {
      for (const live of this.#tables.liveOfChannel(channelId)) {
        const removal = { ...removalOf(live), reason: 'connection lost', generation, channelId } as const
        if (this.#isRegistering(live)) void this.#submitInTurn(removal)
        else batch.push(removal)
      }
    }
    this.#submit(batch)
  }

  /** A broker that is registering over another connection already stays in the routes, unless nothing comes of that. */
  async #submitInTurn(removal: Unregistration): Promise<void> {
    const { turn, leave } = this.arrive(removal.brokerName)
    await turn
    this.#submit([removal])
    leave()
  }

  #isRegistering({ clusterName, brokerAddr }: BrokerLiveInfo): boolean {
    return this.#registering.has(brokerKey(clusterName, brokerAddr))
  }

  /**
   * Brokers silent for longer than their own heartbeat timeout, or than a part of it; the comparison is strict.
   * @see RouteInfoManager#scanNotActiveBroker
   */
  scanNotActiveBroker(nowMs: number, part = 1): Readonly<BrokerLiveInfo>[] {
    const silent: Readonly<BrokerLiveInfo>[] = []
    for (const live of this.#tables.brokerLiveTable.values()) {
      const isSilent = live.lastUpdateTimestampMs + part * live.heartbeatTimeoutMs < nowMs
      if (isSilent) silent.push({ ...live })
    }
    return silent
  }

  /**
   * Removes brokers that were found silent, unless they are heard from before it comes to that. One whose registration has come
   * and is being read is heard from.
   */
  evict(
    silent: readonly Readonly<BrokerLiveInfo>[],
    reason: Extract<UnregisterReason, 'expired' | 'unreachable'> = 'expired',
  ): void {
    const generation = this.nextGeneration()
    const stillSilent = silent.filter((live) => !this.#isRegistering(live))
    this.#submit(
      stillSilent.map((live) => ({
        ...removalOf(live),
        reason: live.channelId === NO_CHANNEL ? 'not returned' : reason,
        generation,
        lastUpdateTimestampMs: live.lastUpdateTimestampMs,
      })),
    )
  }

  /**
   * BROKER_HEARTBEAT: an unknown broker is ignored. Waits for nobody: what is decided after it came must know of it, and a removal
   * may overtake what waits for the lock.
   */
  touch(clusterName: string, brokerAddr: string, nowMs: number): void {
    this.#tables.touch(clusterName, brokerAddr, nowMs)
  }

  /** The version a broker registered with, as of now; null if it is not live. */
  registeredDataVersion(clusterName: string, brokerAddr: string): DataVersion | null {
    return this.#tables.registered(clusterName, brokerAddr)?.dataVersion ?? null
  }

  /**
   * QUERY_DATA_VERSION: refreshes the broker in any case, compares, and tells the version it registered with. A broker that skips
   * its registration as long as nothing has changed does not skip it while what a snapshot says of its topics is in doubt.
   */
  queryDataVersion(
    clusterName: string,
    brokerAddr: string,
    version: DataVersion | null,
    nowMs: number,
    owner: LockOwner,
  ): Eventually<{ readonly changed: boolean; readonly registered: DataVersion | null }> {
    this.touch(clusterName, brokerAddr, nowMs)
    return this.#lock.read(() => {
      const live = this.#tables.registered(clusterName, brokerAddr)
      if (live === undefined) return { changed: true, registered: null }
      const isInDoubt = this.#tables.restored?.brokerNames.has(live.brokerName) === true
      const changed = isInDoubt || !sameDataVersion(live.dataVersion, version)
      return { changed, registered: live.dataVersion }
    }, owner)
  }

  /**
   * The encoded route of a topic, or null if it has none. Never waits: while a transition is under way, it is the route from
   * before it. The same buffer is given to everybody: it must not be changed.
   */
  encodedRoute(topic: string, variant: RouteVariant): Buffer | null {
    const kept = this.#cache.get(topic, variant)
    if (kept === undefined) return this.#encodeRoute(topic, variant)
    this.#counters.routeCacheHits++
    return kept
  }

  #encodeRoute(topic: string, variant: RouteVariant): Buffer | null {
    this.#counters.routeCacheMisses++
    const route = pickupTopicRouteData(this.#tables, topic, variant.supportActingMaster)
    if (route === null) return null
    const body = encodeTopicRouteData({ ...route, orderTopicConf: variant.orderTopicConf }, variant.dialect)
    const brokerNames = route.queueDatas.map(({ brokerName }) => brokerName)
    this.#cache.set(topic, variant, body, brokerNames)
    return body
  }

  /**
   * The encoded route of a topic for the clients of a zone, or null if it has none. In the legacy dialect, whatever the client
   * takes; encoded anew for each lookup, which waits for nobody.
   * @see ZoneRouteRPCHook in apache/rocketmq
   */
  encodedRouteOfZone(
    topic: string,
    zoneName: string,
    { supportActingMaster, orderTopicConf }: Omit<RouteVariant, 'dialect'>,
  ): Buffer | null {
    const route = pickupTopicRouteData(this.#tables, topic, supportActingMaster)
    if (route === null) return null
    return encodeTopicRouteData({ ...filterByZoneName(route, zoneName), orderTopicConf }, 'legacy')
  }

  /** GET_BROKER_CLUSTER_INFO: the encoded body. */
  encodedClusterInfo(owner: LockOwner): Eventually<Buffer> {
    return this.#lock.readInSlices(() => encodeClusterInfo(this.#tables), owner)
  }

  /** GET_BROKER_MEMBER_GROUP: the addresses of a broker name, empty if it is unknown. */
  getBrokerMemberGroup(brokerName: string, owner: LockOwner): Eventually<ReadonlyMap<bigint, string>> {
    return this.#lock.read(
      () => this.#tables.brokerAddrTable.get(brokerName)?.brokerAddrs ?? new Map(),
      owner,
    )
  }

  /** All topics, or those whose queues satisfy a condition. */
  getTopicList(
    owner: LockOwner,
    condition: (queues: ReadonlyMap<string, QueueData>) => boolean = () => true,
  ): Eventually<string[]> {
    return this.#lock.readInSlices(() => topicsWhere(this.#tables, condition), owner)
  }

  /** Topics with queues on any broker name of a cluster. */
  getTopicsByCluster(clusterName: string, owner: LockOwner): Eventually<string[]> {
    return this.#lock.readInSlices(() => {
      const names = [...(this.#tables.clusterAddrTable.get(clusterName) ?? [])]
      return topicsWhere(this.#tables, (queues) => names.some((name) => queues.has(name)))
    }, owner)
  }

  /** Names of all clusters and brokers, each once, and the address of some broker. @see RouteInfoManager#getSystemTopicList */
  getSystemTopicList(
    owner: LockOwner,
  ): Eventually<{ readonly topics: readonly string[]; readonly brokerAddr: string | null }> {
    return this.#lock.read(() => {
      const { clusterAddrTable } = this.#tables
      const topics = [...new Set([...clusterAddrTable].flatMap(([cluster, names]) => [cluster, ...names]))]
      for (const { brokerAddrs } of this.#tables.brokerAddrTable.values()) {
        for (const brokerAddr of brokerAddrs.values()) return { topics, brokerAddr }
      }
      return { topics, brokerAddr: null }
    }, owner)
  }

  /** DELETE_TOPIC_IN_NAMESRV. */
  deleteTopic(topic: string, clusterName: string | null, owner: LockOwner): Eventually<void> {
    return this.#shortTransition((changes) => deleteTopic(this.#tables, topic, clusterName, changes), owner)
  }

  /** REGISTER_TOPIC_IN_NAMESRV. @throws {BoundError} (or rejects) */
  registerTopic(topic: string, queueDatas: readonly QueueData[], owner: LockOwner): Eventually<void> {
    return this.#shortTransition((changes) => {
      checkTopicBound(this.#tables, this.#bounds.maxTopics, topic)
      registerTopic(this.#tables, topic, queueDatas, changes)
    }, owner)
  }

  /** WIPE_WRITE_PERM_OF_BROKER and ADD_WRITE_PERM_OF_BROKER. @returns Topics with queues on that broker. */
  setWritePerm(brokerName: string, operation: 'wipe' | 'add', owner: LockOwner): Eventually<number> {
    return this.#transition((changes) => setWritePerm(this.#tables, brokerName, operation, changes), owner)
  }

  /** A number that is another one whenever more than a sign of life has come: equal numbers, equal snapshots. */
  get revision(): number {
    return this.#revision
  }

  /** Whether there is something from a snapshot whose time is not over. */
  get isRestored(): boolean {
    return this.#tables.restored !== undefined
  }

  /** Brokers that are known from a snapshot alone. */
  get provisional(): number {
    return this.#tables.liveOfChannel(NO_CHANNEL).length
  }

  /**
   * The tables as they are between two transitions. It takes a moment whatever their size, and nobody waits for its use; who
   * takes it calls its `release` when it has been used.
   */
  snapshot(nowMs: number): Eventually<RouteSnapshot> {
    return this.#lock.read(() => takeRouteSnapshot(this.#tables, this.#revision, nowMs))
  }

  /** Begins with the tables of a snapshot, before anybody asks. */
  restore(tables: RouteTables): void {
    this.#tables = tables
  }

  /**
   * The time of the brokers of a snapshot is over: those that have given no sign of life leave, in one batch, and then the topics
   * of those that are back but did not tell of them again. @returns Undefined if nothing was restored.
   */
  endRestoration(nowMs: number): Eventually<RestorationOutcome | undefined> {
    this.evict(this.scanNotActiveBroker(nowMs).filter(({ channelId }) => channelId === NO_CHANNEL))
    return this.#transition((changes) => endRestoration(this.#tables, changes))
  }

  #submit(requests: Unregistration[]): void {
    if (requests.length === 0) return
    const workerIsWaiting = this.#unregistrations.length > 0
    // One by one: a connection may carry more brokers than a call may have arguments.
    for (const request of requests) this.#unregistrations.push(request)
    if (workerIsWaiting) return
    const done = this.#transition((changes) => {
      const batch = this.#unregistrations
      this.#unregistrations = []
      return unregisterBrokers(this.#tables, batch, changes)
    })
    // Removals have no owner, so the lock refuses none of them; what else is thrown is a bug and must be seen.
    if (done instanceof Promise) void done
  }

  #transition<Result>(
    work: (changes: RouteChanges) => Sliced<Result>,
    owner?: LockOwner,
  ): Eventually<Result> {
    return this.#lock.writeInSlices(() => this.#committing(work), owner)
  }

  *#committing<Result>(work: (changes: RouteChanges) => Sliced<Result>): Sliced<Result> {
    const changes = new RouteChanges()
    this.#tables.begin()
    try {
      return yield* work(changes)
    } finally {
      this.#tables.commit()
      this.#commit(changes)
    }
  }

  #shortTransition(work: (changes: RouteChanges) => void, owner: LockOwner): Eventually<void> {
    return this.#lock.write(() => {
      const changes = new RouteChanges()
      try {
        work(changes)
      } finally {
        this.#commit(changes)
      }
    }, owner)
  }

  #commit(changes: RouteChanges): void {
    if (changes.any) this.#revision++
    this.#cache.drop(changes.topics, changes.groups)
    for (const effect of changes.effects) this.#onEffect(effect)
  }
}

function removalOf({ clusterName, brokerAddr, brokerName }: BrokerLiveInfo): {
  clusterName: string
  brokerAddr: string
  brokerName: string
  brokerId: null
} {
  return { clusterName, brokerAddr, brokerName, brokerId: null }
}

function* afterCheck<Result>(check: Sliced<void>, then: () => Sliced<Result>): Sliced<Result> {
  yield* check
  return yield* then()
}
