import type { Logger } from 'pino'
import { cutName, cutText } from '../../common/log-text.ts'
import type { RateLimit } from '../../common/rate-limit.ts'
import { RemotingClientError } from '../../remoting/client/remoting-client-error.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { type BrokerLiveInfo, brokerKey } from '../../routeinfo/route-tables.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'
import { nameOf } from '../logs/route-event-log.ts'

/** What probing needs. */
export interface BrokerProbeOptions {
  readonly routeInfo: Pick<
    RouteInfoManager,
    'scanNotActiveBroker' | 'registeredDataVersion' | 'evict' | 'brokers'
  >
  /** Resolves if the address `host:port` takes a connection; rejects, in bounded time, with the reason if it does not. */
  readonly reach: (address: string) => Promise<void>
  /** Part of its heartbeat timeout for which a broker must have been silent, in percent. */
  readonly afterPercent: number
  /** Whether suspects leave the routes. */
  readonly evicts: boolean
  readonly nowMs: () => number
  /** Runs a task periodically; returns what ends it. */
  readonly every: (periodMs: number, task: () => void) => () => void
  /** From 0 to 1, so that not all are probed at the same moment. */
  readonly random: () => number
  readonly logger: Logger
  readonly limit: RateLimit
  readonly counters: Counters
  readonly events: RecentEvents
}

/** A broker that is silent, and what is known of it beside that. */
interface Watched {
  readonly live: Readonly<BrokerLiveInfo>
  /** When it is to be probed next. */
  dueMs: number
  isBeingProbed: boolean
  isSuspect: boolean
}

/** How often silent brokers are looked for. */
const LOOK_MS = 1_000
/** Most probes at a time. */
const MOST_PROBES = 16
/** A silent broker is probed again after this part of its heartbeat timeout. */
const AGAIN = 0.1
/** What says that nobody listens or answers there. Anything else, such as a name without address, is our own trouble. */
const NOBODY_THERE: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ETIMEDOUT',
])

/**
 * Suspicion before expiry: a broker whose heartbeats stop is probed by a connection to its address, and what cannot be reached
 * is marked suspect. A suspect that is heard from, or that can be reached again, is none any more.
 *
 * Suspicion alone changes no route. Where suspects are to leave the routes, they do so only while half of all brokers are well:
 * if most are silent, it is rather we who are cut off.
 *
 * @see RIP-79 and apache/rocketmq #2728: a broker may be out of reach for a moment, so Java waits for the timeout.
 */
export class BrokerProbe {
  readonly #options: BrokerProbeOptions
  readonly #watched = new Map<string, Watched>()
  #evictedUntilMs: number[] = []
  #probes = 0
  #endLooks: (() => void) | undefined

  constructor(options: BrokerProbeOptions) {
    this.#options = options
  }

  /** How many brokers are suspect. */
  get suspects(): number {
    let suspects = 0
    for (const { isSuspect } of this.#watched.values()) if (isSuspect) suspects++
    return suspects
  }

  start(): void {
    this.#endLooks = this.#options.every(LOOK_MS, () => this.#look())
  }

  stop(): void {
    this.#endLooks?.()
    this.#watched.clear()
  }

  /** Called after a pause of the process: what was found before it, and probes under way, say nothing any more. */
  forgetAll(): void {
    this.#watched.clear()
  }

  #look(): void {
    const { routeInfo, afterPercent, nowMs, random } = this.#options
    const now = nowMs()
    const silent = new Set<string>()
    for (const live of routeInfo.scanNotActiveBroker(now, afterPercent / 100)) {
      const key = brokerKey(live.clusterName, live.brokerAddr)
      if (this.#watched.get(key)?.live.lastUpdateTimestampMs !== live.lastUpdateTimestampMs) this.#forget(key)
      silent.add(key)
      if (this.#watched.has(key)) continue
      const dueMs = now + random() * AGAIN * live.heartbeatTimeoutMs
      this.#watched.set(key, { live, dueMs, isBeingProbed: false, isSuspect: false })
    }
    for (const [key, watched] of this.#watched) {
      if (!silent.has(key)) this.#forget(key)
      else if (watched.dueMs <= now && !watched.isBeingProbed && this.#probes < MOST_PROBES)
        void this.#probe(key, watched)
    }
  }

  /** It has been heard from, or it is gone. */
  #forget(key: string): void {
    const watched = this.#watched.get(key)
    if (watched === undefined) return
    this.#watched.delete(key)
    const { clusterName, brokerAddr } = watched.live
    const isGone = this.#options.routeInfo.registeredDataVersion(clusterName, brokerAddr) === null
    if (watched.isSuspect && !isGone) this.#clear(watched, 'it is heard from')
  }

  async #probe(key: string, watched: Watched): Promise<void> {
    const { reach, nowMs } = this.#options
    const { brokerAddr, heartbeatTimeoutMs } = watched.live
    watched.isBeingProbed = true
    this.#probes++
    const error = await reach(brokerAddr).then(
      () => undefined,
      (why: Error) => why,
    )
    this.#probes--
    watched.isBeingProbed = false
    watched.dueMs = nowMs() + AGAIN * heartbeatTimeoutMs
    if (this.#watched.get(key) !== watched) return
    if (error !== undefined) this.#onFailure(key, watched, error)
    else if (watched.isSuspect) this.#clear(watched, 'it can be reached')
  }

  #onFailure(key: string, watched: Watched, error: Error): void {
    const { evicts, logger, routeInfo } = this.#options
    if (!saysThatNobodyIsThere(error)) {
      logger.debug({ ...identity(watched), error: error.message }, 'a silent broker could not be probed')
      return
    }
    if (!watched.isSuspect) this.#suspect(watched, error)
    if (!evicts || !this.#mostAreWell()) return
    this.#watched.delete(key)
    this.#evictedUntilMs.push(this.#options.nowMs() + watched.live.heartbeatTimeoutMs)
    routeInfo.evict([watched.live], 'unreachable')
  }

  /** Those that were evicted count for as long as they would have been there without us. */
  #mostAreWell(): boolean {
    const nowMs = this.#options.nowMs()
    this.#evictedUntilMs = this.#evictedUntilMs.filter((untilMs) => untilMs > nowMs)
    const evicted = this.#evictedUntilMs.length
    return 2 * (this.#watched.size + evicted) <= this.#options.routeInfo.brokers + evicted
  }

  #suspect(watched: Watched, error: Error): void {
    const { logger, limit, nowMs, counters, events } = this.#options
    watched.isSuspect = true
    const silentMs = Math.round(nowMs() - watched.live.lastUpdateTimestampMs)
    counters.brokersSuspected++
    events.add('broker suspected', nameOf(watched.live), error.message)
    limit.run((suppressed) => {
      const fields = { ...identity(watched), silentMs, error: cutText(error.message), suppressed }
      logger.warn(fields, 'broker is suspect: it is silent and cannot be reached')
    }, watched.live.peer)
  }

  #clear(watched: Watched, why: string): void {
    const { logger, limit, events } = this.#options
    watched.isSuspect = false
    events.add('suspicion cleared', nameOf(watched.live), why)
    limit.run(
      (suppressed) =>
        logger.info({ ...identity(watched), suppressed }, `broker is not suspect any more: ${why}`),
      watched.live.peer,
    )
  }
}

function saysThatNobodyIsThere(error: Error): boolean {
  if (!(error instanceof RemotingClientError) || error.code !== 'ERR_CONNECT') return false
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return cause === undefined || NOBODY_THERE.has(cause.code)
}

function identity({ live: { clusterName, brokerName, brokerAddr, peer } }: Watched) {
  return {
    peer,
    clusterName: cutName(clusterName),
    brokerName: cutName(brokerName),
    brokerAddr: cutName(brokerAddr),
  }
}
