import { AdminError } from '../../admin/admin-error.ts'
import { configurationOf } from '../../admin/configuration.ts'
import type { ClusterInfo, NameServer } from '../../admin/name-server.ts'
import { COMPARABLE_KEYS } from '../../inspect/compare/differences.ts'
import type { ObservedState } from '../../inspect/sources.ts'
import { KVConfigManager, NAMESPACE_ORDER_TOPIC_CONFIG } from '../../kvconfig/kv-config-manager.ts'
import { logRouteEvent } from '../../namesrv/logs/route-event-log.ts'
import type { NamesrvContext } from '../../namesrv/namesrv-context.ts'
import { brokerDataOf } from '../../protocol/body/lists-and-tables.ts'
import type { ListedRoute } from '../../protocol/body/topic-route-reader.ts'
import { versionName } from '../../protocol/version-name.ts'
import type { ObservedRoute } from '../../routeinfo/observed-routes.ts'
import type { RouteEvent } from '../../routeinfo/route-changes.ts'
import { bucketOf, countBuckets } from '../../routeinfo/route-digest.ts'
import { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { failureAt } from '../client/ask-all.ts'
import { exitCodeFor } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'

/** How much a NameServer is asked. */
export interface Polling {
  /** Milliseconds between two reads of its brokers (106). */
  readonly intervalMs: number
  /** Milliseconds after which a route is read again (105). */
  readonly routesMs: number
  /** Max lookups (105) a second. */
  readonly maxLookups: number
}

/** What a NameServer is compared by, beside the tables. */
export interface ObservedLists {
  readonly groups: ClusterInfo['groups']
  /** Undefined if it does not list them, or has not yet. */
  readonly topics: ReadonlySet<string> | undefined
  /** Topics whose routes have been read. */
  readonly read: Pick<ReadonlyMap<string, unknown>, 'has'>
  readonly config: ReadonlyMap<string, string>
}

/** How often there is something to do; lookups are spread over these. */
const TICK_MS = 1_000
/** How often topics (206) and order configuration (219) are read. */
const LISTS_MS = 60_000
/** How often settings (319) are read: where they are not shown to this machine, each attempt is logged as rejected. */
const SETTINGS_MS = 600_000
/** Lookups that wait for their responses at a time. */
const MAX_WAITING = 32
/** Topics whose routes are read as fast as is allowed: the page soon has all of a small cluster. */
const SMALL_CLUSTER = 250
/**
 * Of `maxLookups`, in the first minute with more topics, and twice as much in each further one, up to the second share until all
 * routes have been read: a JVM that has just started compiles, in bursts that must not add up.
 */
const FIRST_SHARE = 0.08
const FIRST_ROUND_SHARE = 0.4
/** A NameServer that does not respond is asked again after at most this long. */
const MAX_BACKOFF_MS = 60_000
/** One that does not give its digest to this machine is asked for it again after this long. */
const DIGEST_PAUSE_MS = 600_000

/** The member of `/api/v1/digest` that is used. */
interface Digest {
  readonly provisional: boolean
  readonly parts: { readonly routes: string; readonly groups: string; readonly static: string }
  readonly buckets: readonly string[] | null
}

/** One round over all topics, in the order in which the NameServer lists them. */
interface Walk {
  readonly topics: readonly string[]
  readonly startedMs: number
  next: number
}

/**
 * Another NameServer, ours or Java's, whose brokers, topics and routes are read from time to time into tables of this process. It
 * is only asked what any client may ask, and never more than {@link Polling} says.
 */
export class ObservedNameServer {
  readonly address: string
  readonly routeInfo: RouteInfoManager
  /** The entries of `ORDER_TOPIC_CONFIG`. */
  readonly kvConfig = new KVConfigManager(new Map(), async (_, onStored) => onStored(), UNLIMITED)
  readonly #context: NamesrvContext
  readonly #server: NameServer
  readonly #polling: Polling
  #groups: ClusterInfo['groups'] = new Map()
  #topics: ReadonlySet<string> | undefined
  /** When each route was read. */
  readonly #read = new Map<string, number>()
  #config: ReadonlyMap<string, string> = new Map()
  /** Topics to be read before others: new ones, and those that differ from another NameServer. */
  readonly #urgent = new Set<string>()
  #walk: Walk | undefined
  #readMs: number | undefined
  /** When the route that has not been read for the longest time was read; undefined until all have been read once. */
  #oldestMs: number | undefined
  /** When the digest last said that all is as it was read. */
  #agreedMs = Number.NEGATIVE_INFINITY
  #unreachableMs: number | undefined
  /** Since when it responds. */
  #respondingMs: number | undefined
  #failures = 0
  /** Why the last poll failed. */
  #error: string | undefined
  /** Why topics are not listed. */
  #limitation: string | undefined
  #groupsDueMs = 0
  #listsDueMs = 0
  #listedMs = Number.NEGATIVE_INFINITY
  #settingsDueMs = 0
  #settingsMs = Number.NEGATIVE_INFINITY
  #digestDueMs = 0
  /** Digest of the routes whose differing topics are to be read, or have been. */
  #followedDigest = ''
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(context: NamesrvContext, server: NameServer, polling: Polling) {
    const { slicer, viewSlicer, configuration } = context
    this.address = server.address
    this.#context = context
    this.#server = server
    this.#polling = polling
    this.routeInfo = new RouteInfoManager({
      slicer,
      viewSlicer,
      onEvent: (event) => this.#onRouteEvent(event),
      maxEncodedRouteBytes: configuration.values.encodedRouteMaxBytes,
    })
  }

  get state(): ObservedState {
    const { version } = this.#server
    return {
      namesrv: this.address,
      version: version === undefined ? undefined : versionName(version),
      readMs: this.#readMs,
      topics: this.#topics?.size,
      routes: this.#read.size,
      routesReadMs: this.#oldestMs && Math.max(this.#oldestMs, this.#agreedMs),
      reason: this.#error ?? this.#limitation ?? this.#progress,
      unreachableMs: this.#unreachableMs,
    }
  }

  get lists(): ObservedLists {
    return { groups: this.#groups, topics: this.#topics, read: this.#read, config: this.#config }
  }

  /** Begins to poll, at once. */
  start(): void {
    void this.#poll()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    this.#server.close()
  }

  /** Reads a route soon: it differs from that of another NameServer, which may be newer. */
  readAgain(topic: string): void {
    if (this.#read.has(topic)) this.#urgent.add(topic)
  }

  /** Reads the lists soon, for the same reason. */
  listAgain(): void {
    this.#listsDueMs = Math.min(this.#listsDueMs, this.#listedMs + this.#polling.intervalMs)
  }

  /** Reads the settings soon, for the same reason. */
  readSettingsAgain(): void {
    this.#settingsDueMs = Math.min(this.#settingsDueMs, this.#settingsMs + this.#polling.intervalMs)
  }

  get #nowMs(): number {
    return this.#context.clock.nowMs()
  }

  get #progress(): string | undefined {
    if (this.#readMs === undefined) return 'not read yet'
    const left = (this.#topics?.size ?? 0) - this.#read.size
    return left > 0 ? `routes of ${left} of ${this.#topics?.size} topics not read yet` : undefined
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    try {
      await this.#readDue()
      this.#onSuccess()
    } catch (error) {
      if (this.#isStopped) return
      this.#onError(error)
    }
    if (this.#isStopped) return
    const delayMs = Math.min(MAX_BACKOFF_MS, TICK_MS * 2 ** this.#failures)
    this.#cancel = this.#context.scheduler.after(delayMs, () => void this.#poll())
  }

  async #readDue(): Promise<void> {
    const nowMs = this.#nowMs
    const areListsDue = nowMs >= this.#listsDueMs
    // Brokers first: topics that disappear with one have not been dropped by it.
    if (nowMs >= this.#groupsDueMs || areListsDue) {
      const isSame = await this.#agreesByDigest()
      if (!isSame) await this.#readGroups()
      this.#readMs = nowMs
      this.#groupsDueMs = nowMs + this.#polling.intervalMs
      if (isSame) this.#agreedMs = nowMs
    }
    if (areListsDue || this.#nowMs >= this.#listsDueMs) {
      this.#listedMs = nowMs
      this.#limitation = await rejectionOf(this.#readTopics())
      await rejectionOf(this.#readOrder())
      this.#listsDueMs = nowMs + LISTS_MS
    }
    if (nowMs >= this.#settingsDueMs) {
      await rejectionOf(this.#readSettings())
      this.#settingsMs = nowMs
      this.#settingsDueMs = nowMs + SETTINGS_MS
    }
    await this.#readRoutes()
  }

  #onSuccess(): void {
    const { events, logger } = this.#context
    this.#failures = 0
    this.#error = undefined
    this.#respondingMs ??= this.#nowMs
    if (this.#unreachableMs === undefined) return
    const unreachableMs = Math.round(this.#nowMs - this.#unreachableMs)
    this.#unreachableMs = undefined
    events.add('nameserver_reachable', this.address, `after ${Math.round(unreachableMs / 1_000)} s`)
    logger.info({ unreachableMs }, 'NameServer can be read again')
  }

  #onError(error: unknown): void {
    try {
      this.#onFailure(failureAt(this.address, error))
    } catch (defect) {
      this.#failures++
      this.#context.logger.error(defect as Error, 'poll failed')
    }
  }

  #onFailure(error: AdminError): void {
    const { events, logger } = this.#context
    this.#failures++
    this.#error = error.message
    // What is not read cannot be up to date, so nothing is left for later.
    this.#groupsDueMs = 0
    if (this.#unreachableMs !== undefined) return
    // It may have been restarted.
    this.#respondingMs = undefined
    this.#unreachableMs = this.#nowMs
    events.add('nameserver_unreachable', this.address, error.message)
    logger.warn({ error: error.message }, 'NameServer cannot be read')
  }

  /** Whether the tables have all that the NameServer has, as the digest of one of ours tells with one small response. */
  async #agreesByDigest(): Promise<boolean> {
    if (this.#nowMs < this.#digestDueMs) return false
    const digest = await this.#digest('')
    if (digest === undefined) {
      this.#digestDueMs = this.#nowMs + DIGEST_PAUSE_MS
      return false
    }
    const { routes, groups } = this.routeInfo.digest
    const { parts, provisional } = digest
    if (provisional) return false
    if (parts.routes !== routes.hex && parts.routes !== this.#followedDigest) {
      this.#followedDigest = parts.routes
      await this.#markDiffering()
    }
    return parts.routes === routes.hex && parts.groups === groups.hex && this.#oldestMs !== undefined
  }

  /** Undefined if it has none, or does not give it to this machine. */
  #digest(query: string): Promise<Digest | undefined> {
    return this.#server.viewIfAny<Digest>(`/api/v1/digest${query}`)
  }

  /** Topics in the buckets of the digest that differ come first. */
  async #markDiffering(): Promise<void> {
    const { buckets } = (await this.#digest('?buckets=true')) ?? {}
    const own = await this.routeInfo.read(({ tables }) => countBuckets(tables))
    const differing = new Set([...own.keys()].filter((bucket) => own[bucket]?.hex !== buckets?.[bucket]))
    for (const topic of this.#read.keys()) if (differing.has(bucketOf(topic))) this.#urgent.add(topic)
    this.listAgain()
  }

  async #readGroups(): Promise<void> {
    const { groups, clusters } = await this.#server.clusterInfo()
    const known = new Map([...groups].map(([name, group]) => [name, brokerDataOf(name, group)]))
    await this.routeInfo.observe({ groups: known, clusters })
    // A broker has topics, and one that has left had some.
    const isChanged =
      groups.size !== this.#groups.size || [...groups.keys()].some((name) => !this.#groups.has(name))
    if (isChanged) this.listAgain()
    this.#groups = groups
  }

  async #readTopics(): Promise<void> {
    const topics = await this.#server.topicNames()
    await this.routeInfo.observe({ topics })
    const isFirst = this.#topics === undefined
    this.#topics = topics
    for (const topic of this.#read.keys()) if (!topics.has(topic)) this.#read.delete(topic)
    for (const topic of this.#urgent) if (!topics.has(topic)) this.#urgent.delete(topic)
    if (isFirst) this.#beginWalk()
    // The first round will reach these anyway.
    const ahead = new Set(this.#isInFirstRound ? this.#walk?.topics.slice(this.#walk.next) : [])
    for (const topic of topics) if (!this.#read.has(topic) && !ahead.has(topic)) this.#urgent.add(topic)
  }

  async #readOrder(): Promise<void> {
    const order = (await this.#server.kvTable(NAMESPACE_ORDER_TOPIC_CONFIG)) ?? new Map<string, string>()
    const known = this.kvConfig.getKVListByNamespace(NAMESPACE_ORDER_TOPIC_CONFIG) ?? new Map()
    for (const [key, value] of order)
      if (known.get(key) !== value) await this.kvConfig.putKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, key, value)
    for (const key of known.keys())
      if (!order.has(key)) await this.kvConfig.deleteKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, key)
  }

  async #readSettings(): Promise<void> {
    const { keys } = await configurationOf(this.#server)
    const values = new Map(keys.map(({ key, value }) => [key, `${value}`]))
    this.#config = new Map(
      COMPARABLE_KEYS.flatMap((key) => (values.has(key) ? [[key, values.get(key) as string]] : [])),
    )
  }

  #beginWalk(): void {
    this.#walk = { topics: [...(this.#topics ?? [])], startedMs: this.#nowMs, next: 0 }
  }

  /** Reads the routes of this tick: urgent ones, and the number that keeps the walk to its time. */
  async #readRoutes(): Promise<void> {
    const { routesMs } = this.#polling
    const maxLookups = this.#maxLookups
    const nowMs = this.#nowMs
    const { startedMs = 0 } = this.#walk ?? {}
    // While the digest says that all routes are as they were read, none is read again.
    if (this.#isWalked && this.#nowMs >= Math.max(startedMs, this.#agreedMs) + routesMs) this.#beginWalk()
    // Routes that differ for long must not keep all others from being read.
    const reserved = this.#walkedNow(Math.ceil(maxLookups / 2)).length
    const urgent = [...this.#urgent].slice(0, maxLookups - reserved)
    const walked = this.#walkedNow(maxLookups - urgent.length)
    const topics = [...new Set([...urgent, ...walked])]
    const routes = new Map<string, ObservedRoute | undefined>()
    for (let from = 0; from < topics.length; from += MAX_WAITING) {
      const chunk = topics.slice(from, from + MAX_WAITING)
      const found = await Promise.all(chunk.map((topic) => this.#server.route(topic)))
      for (const [index, topic] of chunk.entries()) routes.set(topic, observedRoute(found[index]))
    }
    if (topics.length > 0) await this.routeInfo.observe({ routes })
    for (const topic of topics) this.#read.set(topic, nowMs)
    for (const topic of urgent) this.#urgent.delete(topic)
    if (this.#walk !== undefined) this.#walk.next += walked.length
    if (!this.#isInFirstRound || this.#isWalked) this.#oldestMs = this.#oldest()
  }

  /** Of this tick. */
  get #maxLookups(): number {
    const { maxLookups } = this.#polling
    if ((this.#topics?.size ?? 0) <= SMALL_CLUSTER) return maxLookups
    const minutes = Math.floor((this.#nowMs - (this.#respondingMs ?? this.#nowMs)) / 60_000)
    const share = this.#isInFirstRound ? FIRST_ROUND_SHARE : 1
    return Math.ceil(maxLookups * Math.min(share, FIRST_SHARE * 2 ** minutes))
  }

  #oldest(): number {
    let oldestMs = this.#listedMs
    for (const readMs of this.#read.values()) oldestMs = Math.min(oldestMs, readMs)
    return oldestMs
  }

  /** Whether not all routes have been read yet. */
  get #isInFirstRound(): boolean {
    return this.#oldestMs === undefined
  }

  get #isWalked(): boolean {
    return this.#walk !== undefined && this.#walk.next >= this.#walk.topics.length
  }

  /** The first walk is as fast as allowed, each later one spread over the time after which routes are read again. */
  #walkedNow(max: number): readonly string[] {
    if (this.#walk === undefined) return []
    const { topics, next } = this.#walk
    const even = Math.ceil((topics.length * TICK_MS) / this.#polling.routesMs)
    return topics.slice(next, next + Math.max(0, Math.min(max, this.#isInFirstRound ? max : even)))
  }

  /** What the first reads find is not new. */
  #onRouteEvent(event: RouteEvent): void {
    const isFirst = event.kind === 'topics observed' ? this.#isInFirstRound : this.#readMs === undefined
    if (isFirst) return
    this.#context.history.onRouteEvent(event)
    logRouteEvent(event, this.#context)
  }
}

/** There is nothing to limit: what is kept is what the NameServer keeps. */
const UNLIMITED = {
  maxKVEntries: Number.POSITIVE_INFINITY,
  maxKVBytes: Number.POSITIVE_INFINITY,
  maxWaitingChanges: Number.POSITIVE_INFINITY,
}

/** Why a NameServer has responded, but does not do what it was asked; undefined if it does. */
async function rejectionOf(asked: Promise<void>): Promise<string | undefined> {
  try {
    await asked
    return undefined
  } catch (error) {
    if (!(error instanceof AdminError) || exitCodeFor(error) === ExitCode.UNREACHABLE) throw error
    return error.message
  }
}

function observedRoute(route: ListedRoute | undefined): ObservedRoute | undefined {
  if (route === undefined) return undefined
  const { queueDatas, topicQueueMappingByBroker: mappings } = route
  const queues = queueDatas.map((each) => ({ ...each, brokerName: each.brokerName ?? '' }))
  return { queues, mappings }
}
