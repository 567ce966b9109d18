import type { MaybePromise, Steps, TimeSlicer } from '../common/time-slicer.ts'
import type { DataVersion } from '../protocol/body/data-version.ts'
import { encodeClusterInfo } from '../protocol/body/lists-and-tables.ts'
import { encodeTopicRouteData, type QueueData } from '../protocol/body/topic-route-data.ts'
import { Counters } from '../stats/counters.ts'
import type { LockDurations } from '../stats/durations.ts'
import {
  applyRegistration,
  type Repetition,
  type RepetitionOutcome,
  repeatRegistration,
} from './apply-registration.ts'
import { BatchUnregistrationService } from './batch-unregistration-service.ts'
import { BrokerQueue } from './broker-queue.ts'
import { EncodedRouteCache, type RouteVariant } from './encoded-route-cache.ts'
import { KnownBrokers } from './known-brokers.ts'
import { LockedRouteTables } from './locked-route-tables.ts'
import { applyObserved, type ObservedRoutes } from './observed-routes.ts'
import { type LockOwner, ReadWriteLock } from './read-write-lock.ts'
import type { RecordDigest } from './record-digest.ts'
import type { AppliedRegistration, RegisterBrokerOutcome, Registration } from './registration.ts'
import { isProvenOwner, RegistrationGuard, type RegistrationGuardOptions } from './registration-guard.ts'
import type { ClosedReason, RouteEvent, UnregisterReason } from './route-changes.ts'
import { countDigest, type DigestPart } from './route-digest.ts'
import type { BrokerLiveInfo, ChannelId } from './route-tables.ts'
import type { RouteView } from './route-view.ts'
import type { RestorationOutcome, RestoredRoutes } from './snapshot/restored-routes.ts'
import { routeSnapshotText } from './snapshot/snapshot-text.ts'
import { checkTopic, type TableLimits, UNLIMITED } from './table-limits.ts'
import {
  type DataVersionComparison,
  type DataVersionQuery,
  queryDataVersion,
  type SystemTopicList,
  systemTopicList,
  topicsByCluster,
  topicsWhere,
} from './table-queries.ts'
import { deleteTopic, registerTopic, setWritePerm } from './topic-operations.ts'
import { filterByZoneName, pickupTopicRouteData } from './topic-route.ts'
import type { Unregistration } from './unregister-brokers.ts'

/** What the tables need from outside. */
export interface RouteInfoManagerOptions {
  readonly slicer: TimeSlicer
  /** For {@link RouteInfoManager.read} and the recount of the digest, which no request of a broker or client waits for. Default: `slicer`. */
  readonly viewSlicer?: TimeSlicer
  /** Called with each event of a transition, before the lock is released. */
  readonly onEvent: (event: RouteEvent) => void
  /** Called if a connection closed while its registration was carried out. Default: {@link RouteInfoManager.onChannelsDestroy}. */
  readonly onClosedMeanwhile?: (channelId: ChannelId) => void
  /** Max requests that wait for the lock. Default 10,000, as Java's request queue. */
  readonly maxWaiters?: number
  /** Max `UNREGISTER_BROKER` requests that wait. Default 3,000, as Java's queue for them. */
  readonly unRegisterBrokerQueueCapacity?: number
  /** Max bytes of encoded routes. Default 64 MiB: a hundred thousand routes of two brokers. */
  readonly maxEncodedRouteBytes?: number
  /** Default: none. */
  readonly limits?: TableLimits
  /** Default: off. */
  readonly guard?: RegistrationGuardOptions
  readonly counters?: Counters
  /** How long the lock is waited for and held is added to these, with this clock in milliseconds. Default: it is not kept. */
  readonly lockDurations?: LockDurations
  readonly nowMs?: () => number
}

/** A digest that no longer followed the tables: its parts, those that were counted, and the first brokers in which they differ. */
export interface DigestDrift {
  readonly followed: string
  readonly counted: string
  readonly brokers: readonly string[]
}

/**
 * Which brokers there are and where each topic lives. Every operation but a lookup is atomic: it runs under one read-write lock, long
 * ones in slices, and returns a promise only if it had to wait or was long. `nowMs` is on a clock that never goes back.
 * @see RouteInfoManager in apache/rocketmq
 */
export class RouteInfoManager {
  /** The order in which requests that concern one broker name take effect. */
  readonly queue = new BrokerQueue()
  /** Checks what requests may do to brokers of others. Registrations are checked when they are applied, all others by their processors. */
  readonly guard: RegistrationGuard
  readonly #routes: LockedRouteTables
  readonly #cache: EncodedRouteCache
  readonly #viewSlicer: TimeSlicer
  readonly #counters: Counters
  readonly #removals: BatchUnregistrationService
  readonly #onClosedMeanwhile: (channelId: ChannelId) => void
  readonly #limits: TableLimits
  /** Max brokers' own requests to leave that wait. */
  readonly unRegisterBrokerQueueCapacity: number

  constructor(options: RouteInfoManagerOptions) {
    const lock = new ReadWriteLock(options.maxWaiters ?? 10_000, options.lockDurations, options.nowMs)
    const capacity = options.unRegisterBrokerQueueCapacity ?? 3_000
    this.unRegisterBrokerQueueCapacity = capacity
    this.#cache = new EncodedRouteCache(options.maxEncodedRouteBytes ?? 64 * 1024 * 1024)
    this.#viewSlicer = options.viewSlicer ?? options.slicer
    this.#counters = options.counters ?? new Counters()
    this.#routes = new LockedRouteTables(lock, options.slicer, this.#cache, options.onEvent)
    this.#removals = new BatchUnregistrationService(this.#routes, this.queue, capacity)
    this.#onClosedMeanwhile =
      options.onClosedMeanwhile ?? ((channelId) => this.onChannelsDestroy([channelId]))
    this.#limits = options.limits ?? UNLIMITED
    this.#routes.tables.known = new KnownBrokers(this.#limits)
    this.guard = new RegistrationGuard(this.#routes.view, options.guard)
  }

  /** Requests that wait for the lock. */
  get waiting(): number {
    return this.#routes.lock.waiting
  }

  /** A topic that brokers have registered; undefined while the table is empty. */
  get anyTopic(): string | undefined {
    return this.#routes.tables.topicQueueTable.keys().next().value
  }

  /** Entries of each table. */
  get tableSizes() {
    const { tables, view } = this.#routes
    return {
      topicQueueTable: tables.topicQueueTable.size,
      brokerAddrTable: tables.brokerAddrTable.size,
      clusterAddrTable: tables.clusterAddrTable.size,
      brokerLiveTable: tables.brokerLiveTable.size,
      filterServerTable: tables.filterServerTable.size,
      topicQueueMappingInfoTable: tables.topicQueueMappingInfoTable.size,
      /** Brokers of the snapshot that have not registered again. */
      provisional: view.restored?.brokers.size ?? 0,
    }
  }

  /** @see applyRegistration @throws {LockError} {LimitError} {RemotingCommandError} (or rejects) */
  registerBroker(
    registration: Registration,
    deleteMissingTopics: boolean,
    owner: LockOwner,
  ): MaybePromise<RegisterBrokerOutcome> {
    const [limits, guard] = [this.#limits, this.guard]
    const checkTopic = (topic: string): void => this.#checkTopic(topic)
    const registered = this.#routes.transition(function* ({ tables, restored }, changes) {
      const outcome = yield* applyRegistration(
        tables,
        limits,
        registration,
        deleteMissingTopics,
        changes,
        guard,
      )
      return restored?.outcomeOf(registration, outcome, changes, checkTopic) ?? outcome
    }, owner)
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
  ): MaybePromise<RepetitionOutcome | undefined> {
    const { lock, tables, view } = this.#routes
    // Restored routes may change the result of a registration, so it is applied in full while there are any.
    const repeat = () =>
      view.restored === undefined
        ? repeatRegistration(tables, applied, repetition, deleteMissingTopics)
        : undefined
    return lock.write(repeat, owner)
  }

  /**
   * A broker's own request to leave, applied at once if the lock is free, otherwise in one batch with others.
   * @param source - Whose share of those that wait it uses; undefined if it has none.
   * @returns False if too many wait already.
   */
  submitUnRegisterBrokerRequest(request: Unregistration, source?: string): boolean {
    return this.#removals.submit(request, source)
  }

  /** Removes all brokers whose last registration came over one of these connections, which have closed. */
  onChannelsDestroy(channelIds: readonly ChannelId[], reason?: ClosedReason): void {
    this.#removals.onChannelsDestroy(channelIds, reason)
  }

  /** Called after a pause of the process, in which no heartbeat could be read: it does not count as time without one. */
  extendTimeouts(pausedMs: number, nowMs: number): void {
    this.#routes.tables.extendTimeouts(pausedMs, nowMs)
    this.#routes.view.restored?.extendTimeouts(pausedMs)
  }

  /**
   * Brokers without heartbeat for longer than their own timeout, or than a fraction of it; the comparison is strict.
   * @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq
   */
  scanNotActiveBroker(nowMs: number, fraction = 1): Readonly<BrokerLiveInfo>[] {
    const inactive: Readonly<BrokerLiveInfo>[] = []
    for (const live of this.#routes.tables.brokerLiveTable.values())
      if (live.lastUpdateTimestampMs + fraction * live.heartbeatTimeoutMs < nowMs) inactive.push({ ...live })
    return inactive
  }

  /** Removes inactive brokers, unless a heartbeat or a registration of theirs comes first. */
  evict(
    inactive: readonly Readonly<BrokerLiveInfo>[],
    reason: Extract<UnregisterReason, 'expired' | 'unreachable'> = 'expired',
  ): void {
    this.#removals.evict(inactive, reason)
  }

  /** BROKER_HEARTBEAT: an unknown broker is ignored. Takes no lock, so that no removal that waits for it overtakes the heartbeat. */
  touch(clusterName: string, brokerAddr: string, nowMs: number): void {
    this.#routes.tables.touch(clusterName, brokerAddr, nowMs)
    this.#routes.view.restored?.touch(clusterName, brokerAddr, nowMs)
  }

  /** The version a broker registered with, as of now; null if it is not live. */
  registeredDataVersion(clusterName: string, brokerAddr: string): DataVersion | null {
    return this.#routes.tables.live(clusterName, brokerAddr)?.dataVersion ?? null
  }

  /** Whether the live brokers at an address were registered by accounts or certificates. */
  isProven(brokerAddr: string): boolean {
    const live = this.#routes.tables.liveAt(brokerAddr)
    return live.length > 0 && live.every(({ owner }) => isProvenOwner(owner))
  }

  /** QUERY_DATA_VERSION: counts as a heartbeat, and compares the version with the one the broker registered with. */
  queryDataVersion(
    broker: DataVersionQuery,
    version: DataVersion | null,
    nowMs: number,
    owner: LockOwner,
  ): MaybePromise<DataVersionComparison> {
    this.touch(broker.clusterName, broker.brokerAddr, nowMs)
    const { lock, tables } = this.#routes
    return lock.read(() => queryDataVersion(tables, broker, version), owner)
  }

  /**
   * The encoded route of a topic, or null if it has none. Never waits: during a transition it is the route before it. Callers share
   * the buffer and must not change it.
   */
  encodedRoute(topic: string, variant: RouteVariant): Buffer | null {
    const cached = this.#cache.get(topic, variant)
    if (cached !== undefined) {
      this.#counters.routeCacheHits++
      return cached
    }
    this.#counters.routeCacheMisses++
    const route = pickupTopicRouteData(this.#routes.view, topic, variant.supportActingMaster)
    if (route === null) return null
    const body = encodeTopicRouteData({ ...route, orderTopicConf: variant.orderTopicConf }, variant.dialect)
    const brokerNames = route.queueDatas.map(({ brokerName }) => brokerName)
    this.#cache.set(topic, variant, body, brokerNames)
    return body
  }

  /**
   * The encoded route of a topic for the clients of a zone, or null if it has none. Always in the legacy dialect, and not cached.
   * @see ZoneRouteRPCHook in apache/rocketmq
   */
  encodedRouteOfZone(
    topic: string,
    zoneName: string,
    { supportActingMaster, orderTopicConf }: Omit<RouteVariant, 'dialect'>,
  ): Buffer | null {
    const route = pickupTopicRouteData(this.#routes.view, topic, supportActingMaster)
    if (route === null) return null
    return encodeTopicRouteData({ ...filterByZoneName(route, zoneName), orderTopicConf }, 'legacy')
  }

  /** Whether a lookup of the topic finds a route at present. */
  hasRoute(topic: string): boolean {
    return pickupTopicRouteData(this.#routes.view, topic, false) !== null
  }

  /** The queues of a topic by broker name, as lookups see them; undefined if there are none. Never waits. */
  queues(topic: string): ReadonlyMap<string, QueueData> | undefined {
    return this.#routes.view.queues(topic)
  }

  /** Reads the routes as clients see them, in slices, while nothing changes them. @throws {LockError} {LimitError} (or rejects) */
  read<Result>(work: (view: RouteView) => Steps<Result>, owner?: LockOwner): MaybePromise<Result> {
    return this.#routes.read(work, owner, this.#viewSlicer)
  }

  /** Takes over what was read from another NameServer, in tables that no broker registers in. */
  observe(observed: ObservedRoutes): MaybePromise<void> {
    return this.#routes.transition(({ tables }, changes) => applyObserved(tables, observed, changes))
  }

  /** GET_BROKER_CLUSTER_INFO: the encoded body. */
  encodedClusterInfo(owner: LockOwner): MaybePromise<Buffer> {
    return this.#routes.read(
      (view) => encodeClusterInfo({ brokerAddrTable: view.groups(), clusterAddrTable: view.clusters() }),
      owner,
    )
  }

  /** GET_BROKER_MEMBER_GROUP: the addresses of a broker name, empty if it is unknown. */
  getBrokerMemberGroup(brokerName: string, owner: LockOwner): MaybePromise<ReadonlyMap<bigint, string>> {
    const { lock, view } = this.#routes
    return lock.read(() => view.group(brokerName)?.brokerAddrs ?? new Map(), owner)
  }

  /** All topics, or those whose queues satisfy a condition. */
  getTopicList(
    owner: LockOwner,
    condition: (queues: ReadonlyMap<string, QueueData>) => boolean = () => true,
  ): MaybePromise<string[]> {
    return this.#routes.read((view) => topicsWhere(view, condition), owner)
  }

  /** Topics with queues on any broker name of a cluster. */
  getTopicsByCluster(clusterName: string, owner: LockOwner): MaybePromise<string[]> {
    return this.#routes.read((view) => topicsByCluster(view, clusterName), owner)
  }

  /** Names of all clusters, brokers and system topics, each once, and the address of some broker. */
  getSystemTopicList(owner: LockOwner): MaybePromise<SystemTopicList> {
    return this.#routes.read(systemTopicList, owner)
  }

  /** DELETE_TOPIC_IN_NAMESRV. @returns Broker names that had queues of the topic. */
  deleteTopic(topic: string, clusterName: string | null, owner: LockOwner): MaybePromise<number> {
    return this.#routes.shortTransition(
      (view, changes) => deleteTopic(view, topic, clusterName, changes),
      owner,
    )
  }

  /** REGISTER_TOPIC_IN_NAMESRV. @returns Broker names whose queues changed. @throws {LimitError} (or rejects) */
  registerTopic(topic: string, queueDatas: readonly QueueData[], owner: LockOwner): MaybePromise<number> {
    return this.#routes.shortTransition((view, changes) => {
      this.#checkTopic(topic)
      return registerTopic(view, topic, queueDatas, changes)
    }, owner)
  }

  #checkTopic(topic: string): void {
    const { tables, view } = this.#routes
    checkTopic(tables, this.#limits.maxTopics, topic, view.restored?.addedTopics)
  }

  /** WIPE_WRITE_PERM_OF_BROKER and ADD_WRITE_PERM_OF_BROKER. @returns Topics with queues on that broker. */
  setWritePerm(brokerName: string, operation: 'wipe' | 'add', owner: LockOwner): MaybePromise<number> {
    return this.#routes.transition(
      (view, changes) => setWritePerm(view, brokerName, operation, changes),
      owner,
    )
  }

  /** Grows with every change other than a heartbeat: equal revisions, equal snapshots. */
  get revision(): number {
    return this.#routes.revision
  }

  /** Bytes of encoded routes that are kept. */
  get encodedRouteBytes(): number {
    return this.#cache.bytes
  }

  /** Brokers' own requests to leave that wait. */
  get waitingUnregistrations(): number {
    return this.#removals.waitingRequests
  }

  /** Digests of the live tables, as of the last finished transition. */
  get digest(): Readonly<Record<DigestPart, RecordDigest>> {
    return this.#routes.tables.digest.committed
  }

  /** When the digest of the live tables last changed, on the clock of the slicer; undefined if it never has. */
  get digestChangedMs(): number | undefined {
    return this.#routes.digestChangedMs
  }

  /**
   * Counts the digest of the live tables, in slices under the read lock, and takes the result if it differs from the one that
   * followed each change: that one is wrong then.
   * @returns The three parts of both, in hexadecimal; undefined if they and those of every broker are equal.
   */
  recountDigest(): MaybePromise<DigestDrift | undefined> {
    return this.read(function* ({ tables }) {
      const counted = yield* countDigest(tables)
      const { digest } = tables
      if (digest.equals(counted)) return undefined
      tables.digest = counted
      const brokers = digest.brokersUnlike(counted).slice(0, 10)
      return { followed: digest.text, counted: counted.text, brokers }
    })
  }

  /** Whether routes of a snapshot are shown. */
  get isRestored(): boolean {
    return this.#routes.view.restored !== undefined
  }

  /** Begins a snapshot of the routes that lookups and lists show; its text is that of {@link routeSnapshotText}. */
  snapshot(nowMs: number): MaybePromise<{ revision: number; text: Generator<string, void, undefined> }> {
    const { lock, view } = this.#routes
    return lock.read(() => ({ revision: this.revision, text: routeSnapshotText(view, nowMs) }))
  }

  /** Shows the routes of a snapshot until their brokers register or the grace period ends. */
  restore(restored: RestoredRoutes): void {
    const { tables, view } = this.#routes
    view.restored = restored
    const topics = new Map<string, number>()
    for (const queues of restored.topics.values())
      for (const name of queues.keys()) topics.set(name, (topics.get(name) ?? 0) + 1)
    for (const [key, { brokerName, deadlineMs }] of restored.brokers)
      tables.known.add(key, { brokerName, owner: 'route snapshot' }, topics.get(brokerName) ?? 0, deadlineMs)
  }

  /** Removes the restored brokers whose time is over, and after the grace period those groups whose members have all returned. */
  evictRestored(nowMs: number): void {
    const { restored } = this.#routes.view
    this.#removals.evict(restored?.expired(nowMs) ?? [], 'not returned')
    if (restored?.isGraceOver === true) void this.#settleRestored()
  }

  /** The grace period has ended. @returns Undefined if nothing was restored. */
  endRestoration(nowMs: number): MaybePromise<RestorationOutcome | undefined> {
    this.evictRestored(nowMs)
    return this.#settleRestored()
  }

  #settleRestored(): MaybePromise<RestorationOutcome | undefined> {
    return this.#routes.transition(function* (view, changes) {
      if (view.restored === undefined) return undefined
      const outcome = yield* view.restored.settle(view.tables, changes)
      if (outcome.waiting === 0) view.restored = undefined
      return outcome
    })
  }
}
