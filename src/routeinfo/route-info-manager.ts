import type { MaybePromise, TimeSlicer } from '../common/time-slicer.ts'
import type { DataVersion } from '../protocol/body/data-version.ts'
import { encodeClusterInfo } from '../protocol/body/lists-and-tables.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import { Counters } from '../stats/counters.ts'
import { applyRegistration, type Repetition, repeatRegistration } from './apply-registration.ts'
import { BatchUnregistrationService } from './batch-unregistration-service.ts'
import { BrokerQueue, type QueuePosition } from './broker-queue.ts'
import { BrokerRemovals } from './broker-removals.ts'
import { EncodedRouteCache, type RouteVariant } from './encoded-route-cache.ts'
import { EncodedRoutes } from './encoded-routes.ts'
import { endRestoration, type RestorationOutcome } from './end-restoration.ts'
import { LockedRouteTables } from './locked-route-tables.ts'
import { type DataVersionAnswer, type DataVersionQuery, queryDataVersion } from './query-data-version.ts'
import { LockError, type LockOwner, ReadWriteLock } from './read-write-lock.ts'
import type { AppliedRegistration, RegisterBrokerOutcome, Registration } from './registration.ts'
import type { RouteEvent, UnregisterReason } from './route-event.ts'
import { type RouteSnapshot, takeRouteSnapshot } from './route-snapshot.ts'
import { type BrokerLiveInfo, type ChannelId, NO_CHANNEL, type RouteTables } from './route-tables.ts'
import { checkTopicLimit, type TableLimits, UNLIMITED } from './table-limits.ts'
import { type SystemTopicList, systemTopicList, topicsByCluster, topicsWhere } from './topic-lists.ts'
import { deleteTopic, registerTopic, setWritePerm } from './topic-operations.ts'
import type { Unregistration } from './unregister-brokers.ts'

/** What the tables need from outside. */
export interface RouteInfoManagerOptions {
  readonly slicer: TimeSlicer
  /** Told of what a transition did, at its end and before anybody else gets the lock. */
  readonly onEffect: (effect: RouteEvent) => void
  /** Told of a connection that closed while its registration was carried out. Default: {@link RouteInfoManager.onChannelDestroy}. */
  readonly onClosedMeanwhile?: (channelId: ChannelId) => void
  /** Most requests that may wait for the lock. Default 10,000, as Java's request queue. */
  readonly maxWaiters?: number
  /** Most `UNREGISTER_BROKER` requests that may wait. Default 3,000, as Java's queue for them. */
  readonly unRegisterBrokerQueueCapacity?: number
  /** Most bytes of encoded routes kept. Default 64 MiB: a hundred thousand routes of two brokers. */
  readonly maxEncodedRouteBytes?: number
  /** Default: none. */
  readonly limits?: TableLimits
  readonly counters?: Counters
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
  readonly #routes: LockedRouteTables
  readonly #encodedRoutes: EncodedRoutes
  readonly #queue = new BrokerQueue()
  readonly #unregistrations: BatchUnregistrationService
  readonly #removals: BrokerRemovals
  readonly #onClosedMeanwhile: (channelId: ChannelId) => void
  readonly #limits: TableLimits

  constructor(options: RouteInfoManagerOptions) {
    const lock = new ReadWriteLock(options.slicer, options.maxWaiters ?? 10_000)
    const cache = new EncodedRouteCache(options.maxEncodedRouteBytes ?? 64 * 1024 * 1024)
    const capacity = options.unRegisterBrokerQueueCapacity ?? 3_000
    this.#routes = new LockedRouteTables(lock, cache, options.onEffect)
    this.#encodedRoutes = new EncodedRoutes(this.#routes, cache, options.counters ?? new Counters())
    this.#unregistrations = new BatchUnregistrationService(this.#routes, capacity)
    this.#removals = new BrokerRemovals(this.#routes, this.#queue, this.#unregistrations)
    this.#onClosedMeanwhile = options.onClosedMeanwhile ?? ((channelId) => this.onChannelDestroy(channelId))
    this.#limits = options.limits ?? UNLIMITED
  }

  /** The arrival number of what happens now: a registration, or the decision to remove a broker. */
  nextGeneration(): number {
    return this.#queue.nextGeneration()
  }

  /** Orders a broker's request to leave behind the requests for its name that came before. */
  acquire(brokerName: string): QueuePosition {
    return this.#queue.acquire(brokerName)
  }

  /** The same for a registration: until it is released, its broker is not evicted as inactive. */
  acquireToRegister(broker: Pick<Registration, 'clusterName' | 'brokerName' | 'brokerAddr'>): QueuePosition {
    return this.#queue.acquire(broker.brokerName, broker)
  }

  /** Registrations that are being read. */
  get registering(): number {
    return this.#queue.registering
  }

  /** Requests that wait for the lock. */
  get waiting(): number {
    return this.#routes.waiting
  }

  /** Brokers that are live. */
  get brokers(): number {
    return this.#routes.tables.brokerLiveTable.size
  }

  /** Topics that have queues. */
  get topics(): number {
    return this.#routes.tables.topicQueueTable.size
  }

  /** Entries of each table. */
  get tableSizes(): Readonly<Record<string, number>> {
    const { tables } = this.#routes
    return {
      topicQueueTable: tables.topicQueueTable.size,
      brokerAddrTable: tables.brokerAddrTable.size,
      clusterAddrTable: tables.clusterAddrTable.size,
      brokerLiveTable: tables.brokerLiveTable.size,
      filterServerTable: tables.filterServerTable.size,
      topicQueueMappingInfoTable: tables.topicQueueMappingInfoTable.size,
      provisional: this.provisional,
    }
  }

  /** @see applyRegistration @throws {LockError} {LimitError} (or rejects) */
  registerBroker(
    registration: Registration,
    deleteMissingTopics: boolean,
    owner: LockOwner,
  ): MaybePromise<RegisterBrokerOutcome> {
    checkOpen(owner)
    const registered = this.#routes.transition(
      (tables, changes) =>
        applyRegistration(tables, this.#limits, registration, deleteMissingTopics, changes),
      owner,
    )
    if (!(registered instanceof Promise)) return registered
    // The connection may have closed between two slices, when its broker was not in the live table yet.
    return registered.then((outcome) => {
      if (owner.closed) this.#onClosedMeanwhile(registration.channelId)
      return outcome
    })
  }

  /** @see repeatRegistration @throws {LockError} (or rejects) */
  repeatRegistration(
    applied: AppliedRegistration,
    repetition: Repetition,
    deleteMissingTopics: boolean,
    owner: LockOwner,
  ): MaybePromise<Required<RegisterBrokerOutcome> | undefined> {
    checkOpen(owner)
    return this.#routes.shortTransition(
      (tables) => repeatRegistration(tables, applied, repetition, deleteMissingTopics),
      owner,
    )
  }

  /**
   * Queues a broker's own request to leave. It is applied at once unless somebody holds the lock, and then in one batch with
   * what else has come by then.
   * @returns False if too many wait already.
   */
  submitUnRegisterBrokerRequest(request: Unregistration): boolean {
    return this.#unregistrations.submit(request)
  }

  /** Removes all brokers whose last registration came over a connection that is gone. */
  onChannelDestroy(channelId: ChannelId): void {
    this.onChannelsDestroy([channelId])
  }

  /** The same for several connections, in one batch. */
  onChannelsDestroy(channelIds: readonly ChannelId[]): void {
    this.#removals.onChannelsDestroy(channelIds)
  }

  /** Brokers silent for longer than their own heartbeat timeout, or than a part of it; the comparison is strict. */
  scanNotActiveBroker(nowMs: number, part = 1): Readonly<BrokerLiveInfo>[] {
    return this.#removals.scanNotActiveBroker(nowMs, part)
  }

  /** Removes brokers that were found silent, unless they are heard from before it comes to that. */
  evict(
    silent: readonly Readonly<BrokerLiveInfo>[],
    reason: Extract<UnregisterReason, 'expired' | 'unreachable'> = 'expired',
  ): void {
    this.#removals.evict(silent, reason)
  }

  /**
   * BROKER_HEARTBEAT: an unknown broker is ignored. Waits for nobody: what is decided after it came must know of it, and a removal
   * may overtake what waits for the lock.
   */
  touch(clusterName: string, brokerAddr: string, nowMs: number): void {
    this.#routes.tables.touch(clusterName, brokerAddr, nowMs)
  }

  /** The version a broker registered with, as of now; null if it is not live. */
  registeredDataVersion(clusterName: string, brokerAddr: string): DataVersion | null {
    return this.#routes.tables.registered(clusterName, brokerAddr)?.dataVersion ?? null
  }

  /** QUERY_DATA_VERSION: refreshes the broker in any case, compares, and tells the version it registered with. */
  queryDataVersion(
    broker: DataVersionQuery,
    version: DataVersion | null,
    nowMs: number,
    owner: LockOwner,
  ): MaybePromise<DataVersionAnswer> {
    this.touch(broker.clusterName, broker.brokerAddr, nowMs)
    return this.#routes.read((tables) => queryDataVersion(tables, broker, version), owner)
  }

  /**
   * The encoded route of a topic, or null if it has none. Never waits: while a transition is under way, it is the route from
   * before it. The same buffer is given to everybody: it must not be changed.
   */
  encodedRoute(topic: string, variant: RouteVariant): Buffer | null {
    return this.#encodedRoutes.ofTopic(topic, variant)
  }

  /**
   * The encoded route of a topic for the clients of a zone, or null if it has none. In the legacy dialect, whatever the client
   * takes; encoded anew for each lookup, which waits for nobody.
   * @see ZoneRouteRPCHook in apache/rocketmq
   */
  encodedRouteOfZone(topic: string, zoneName: string, variant: Omit<RouteVariant, 'dialect'>): Buffer | null {
    return this.#encodedRoutes.ofZone(topic, zoneName, variant)
  }

  /** GET_BROKER_CLUSTER_INFO: the encoded body. */
  encodedClusterInfo(owner: LockOwner): MaybePromise<Buffer> {
    return this.#routes.readInSlices(encodeClusterInfo, owner)
  }

  /** GET_BROKER_MEMBER_GROUP: the addresses of a broker name, empty if it is unknown. */
  getBrokerMemberGroup(brokerName: string, owner: LockOwner): MaybePromise<ReadonlyMap<bigint, string>> {
    return this.#routes.read(
      ({ brokerAddrTable }) => brokerAddrTable.get(brokerName)?.brokerAddrs ?? new Map(),
      owner,
    )
  }

  /** All topics, or those whose queues satisfy a condition. */
  getTopicList(
    owner: LockOwner,
    condition: (queues: ReadonlyMap<string, QueueData>) => boolean = () => true,
  ): MaybePromise<string[]> {
    return this.#routes.readInSlices((tables) => topicsWhere(tables, condition), owner)
  }

  /** Topics with queues on any broker name of a cluster. */
  getTopicsByCluster(clusterName: string, owner: LockOwner): MaybePromise<string[]> {
    return this.#routes.readInSlices((tables) => topicsByCluster(tables, clusterName), owner)
  }

  /** Names of all clusters, brokers and system topics, each once, and the address of some broker. */
  getSystemTopicList(owner: LockOwner): MaybePromise<SystemTopicList> {
    return this.#routes.readInSlices(systemTopicList, owner)
  }

  /** DELETE_TOPIC_IN_NAMESRV. @returns Broker names that had queues of the topic. */
  deleteTopic(topic: string, clusterName: string | null, owner: LockOwner): MaybePromise<number> {
    return this.#routes.shortTransition(
      (tables, changes) => deleteTopic(tables, topic, clusterName, changes),
      owner,
    )
  }

  /** REGISTER_TOPIC_IN_NAMESRV. @returns Broker names whose queues changed. @throws {LimitError} (or rejects) */
  registerTopic(topic: string, queueDatas: readonly QueueData[], owner: LockOwner): MaybePromise<number> {
    return this.#routes.shortTransition((tables, changes) => {
      checkTopicLimit(tables, this.#limits.maxTopics, topic)
      return registerTopic(tables, topic, queueDatas, changes)
    }, owner)
  }

  /** WIPE_WRITE_PERM_OF_BROKER and ADD_WRITE_PERM_OF_BROKER. @returns Topics with queues on that broker. */
  setWritePerm(brokerName: string, operation: 'wipe' | 'add', owner: LockOwner): MaybePromise<number> {
    return this.#routes.transition(
      (tables, changes) => setWritePerm(tables, brokerName, operation, changes),
      owner,
    )
  }

  /** A number that is another one whenever more than a sign of life has come: equal numbers, equal snapshots. */
  get revision(): number {
    return this.#routes.revision
  }

  /** Whether there is something from a snapshot whose time is not over. */
  get isRestored(): boolean {
    return this.#routes.tables.restored !== undefined
  }

  /** Brokers that are known from a snapshot alone. */
  get provisional(): number {
    return this.#routes.tables.liveOfChannel(NO_CHANNEL).length
  }

  /**
   * The tables as they are between two transitions. It takes a moment whatever their size, and nobody waits for its use; who
   * takes it calls its `release` when it has been used.
   */
  snapshot(nowMs: number): MaybePromise<RouteSnapshot> {
    return this.#routes.read((tables) => takeRouteSnapshot(tables, this.revision, nowMs))
  }

  /** Begins with the tables of a snapshot, before anybody asks. */
  restore(tables: RouteTables): void {
    this.#routes.replace(tables)
  }

  /**
   * The time of the brokers of a snapshot is over: those that have given no sign of life leave, in one batch, and then the topics
   * of those that are back but did not tell of them again. @returns Undefined if nothing was restored.
   */
  endRestoration(nowMs: number): MaybePromise<RestorationOutcome | undefined> {
    this.evict(this.scanNotActiveBroker(nowMs).filter(({ channelId }) => channelId === NO_CHANNEL))
    return this.#routes.transition(endRestoration)
  }
}

function checkOpen(owner: LockOwner): void {
  if (owner.closed)
    throw new LockError('ERR_LOCK_ABANDONED', 'the connection closed before its registration was applied')
}
