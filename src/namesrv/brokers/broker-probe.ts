import { cutText } from '../../common/log-throttle.ts'
import { reach } from '../../remoting/client/outgoing-connection.ts'
import { RemotingClientError } from '../../remoting/errors.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { type BrokerLiveInfo, brokerKey } from '../../routeinfo/route-tables.ts'
import { eventObject, nameOf } from '../logs/route-event-log.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { plainConnect } from '../outgoing-connect.ts'

/** A broker without heartbeats, and what the probe knows of it. */
interface Watched {
  readonly live: Readonly<BrokerLiveInfo>
  /** When the next probe is due. */
  dueMs: number
  isBeingProbed: boolean
  /** Why it cannot be reached; undefined unless it is suspect. */
  suspicion: string | undefined
}

/** How often the probe looks for brokers without heartbeats. */
const LOOK_MS = 1_000
/** Maximum number of concurrent probes. */
const MAX_PROBES = 16
/** A broker is probed again after this part of its heartbeat timeout. */
const AGAIN = 0.1
/** Socket errors of an unreachable broker. Any other, such as an unknown host name, is a problem of this machine. */
const UNREACHABLE: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT'])

/**
 * Suspicion before expiry: connects to brokers whose heartbeats stop, and marks those that are unreachable as suspect, until a
 * heartbeat arrives or a later probe reaches them.
 *
 * Suspicion alone changes no route. With `brokerProbeEvicts`, suspects are evicted, but only while at least half of all brokers
 * are well: if most are inactive, this server is more likely the one that is cut off.
 *
 * @see RIP-79 and apache/rocketmq #2728: a broker may be unreachable for a moment, so Java waits for the timeout.
 */
export class BrokerProbe {
  readonly #context: NamesrvContext
  readonly #routeInfo: RouteInfoManager
  readonly #reach: (address: string) => Promise<void>
  readonly #random: () => number
  readonly #watched = new Map<string, Watched>()
  #evictedUntilMs: number[] = []
  #probes = 0
  #endLooks: (() => void) | undefined

  /**
   * @param reachAddress - Resolves if the address `host:port` accepts a connection; otherwise rejects with the reason, in bounded time.
   * @param random - From 0 to 1: spreads the probes.
   */
  constructor(
    context: NamesrvContext,
    routeInfo: RouteInfoManager,
    reachAddress = reachWith(context),
    random = Math.random,
  ) {
    this.#context = context
    this.#routeInfo = routeInfo
    this.#reach = reachAddress
    this.#random = random
  }

  start(): void {
    this.#endLooks = this.#context.scheduler.every(LOOK_MS, () => this.#look())
  }

  stop(): void {
    this.#endLooks?.()
    this.forgetAll()
  }

  /** Also called after a pause of the process: earlier results, and probes under way, prove nothing any more. */
  forgetAll(): void {
    this.#watched.clear()
  }

  /** Why a broker without heartbeats cannot be reached; undefined unless it is suspect. */
  suspicionOf(clusterName: string, brokerAddr: string): string | undefined {
    return this.#watched.get(brokerKey(clusterName, brokerAddr))?.suspicion
  }

  #look(): void {
    const { clock, configuration } = this.#context
    const nowMs = clock.nowMs()
    const part = configuration.values.brokerProbeAfterPercent / 100
    const inactive = new Set<string>()
    for (const live of this.#routeInfo.scanNotActiveBroker(nowMs, part)) {
      const key = brokerKey(live.clusterName, live.brokerAddr)
      if (this.#watched.get(key)?.live.lastUpdateTimestampMs !== live.lastUpdateTimestampMs) this.#forget(key)
      inactive.add(key)
      if (this.#watched.has(key)) continue
      const dueMs = nowMs + this.#random() * AGAIN * live.heartbeatTimeoutMs
      this.#watched.set(key, { live, dueMs, isBeingProbed: false, suspicion: undefined })
    }
    for (const [key, watched] of this.#watched) {
      if (!inactive.has(key)) this.#forget(key)
      else if (watched.dueMs <= nowMs && !watched.isBeingProbed && this.#probes < MAX_PROBES)
        void this.#probe(key, watched)
    }
  }

  /** A heartbeat has arrived, or the broker has been removed. */
  #forget(key: string): void {
    const watched = this.#watched.get(key)
    if (watched === undefined) return
    this.#watched.delete(key)
    const { clusterName, brokerAddr } = watched.live
    const isRegistered = this.#routeInfo.registeredDataVersion(clusterName, brokerAddr) !== null
    if (watched.suspicion !== undefined && isRegistered) this.#clear(watched, 'heartbeat received')
  }

  async #probe(key: string, watched: Watched): Promise<void> {
    const { brokerAddr, heartbeatTimeoutMs } = watched.live
    watched.isBeingProbed = true
    this.#probes++
    const error = await this.#reach(brokerAddr).then(
      () => undefined,
      (why: Error) => why,
    )
    this.#probes--
    watched.isBeingProbed = false
    watched.dueMs = this.#context.clock.nowMs() + AGAIN * heartbeatTimeoutMs
    if (this.#watched.get(key) !== watched) return
    if (error !== undefined) this.#onFailure(key, watched, error)
    else if (watched.suspicion !== undefined) this.#clear(watched, 'reachable again')
  }

  #onFailure(key: string, watched: Watched, error: Error): void {
    const { clock, configuration, logger } = this.#context
    if (!meansUnreachable(error)) {
      logger.debug({ ...identity(watched), error: error.message }, 'broker probe failed')
      return
    }
    if (watched.suspicion === undefined) this.#suspect(watched, error)
    if (!configuration.values.brokerProbeEvicts || !this.#mostHaveHeartbeats()) return
    this.#watched.delete(key)
    this.#evictedUntilMs.push(clock.nowMs() + watched.live.heartbeatTimeoutMs)
    this.#routeInfo.evict([watched.live], 'unreachable')
  }

  /** Brokers that the probe evicted count until their timeout would have been over. */
  #mostHaveHeartbeats(): boolean {
    const nowMs = this.#context.clock.nowMs()
    this.#evictedUntilMs = this.#evictedUntilMs.filter((untilMs) => untilMs > nowMs)
    const evicted = this.#evictedUntilMs.length
    return 2 * (this.#watched.size + evicted) <= this.#routeInfo.tableSizes.brokerLiveTable + evicted
  }

  #suspect(watched: Watched, error: Error): void {
    const { clock, counters, events, throttle } = this.#context
    watched.suspicion = error.message
    const inactiveMs = Math.round(clock.nowMs() - watched.live.lastUpdateTimestampMs)
    counters.brokersSuspected++
    events.add('broker_suspected', nameOf(watched.live), error.message, eventObject(watched.live))
    const line = 'broker suspected: no heartbeat and unreachable'
    throttle.log('warn', line, { ...identity(watched), inactiveMs, error: error.message })
  }

  #clear(watched: Watched, reason: string): void {
    const { events, throttle } = this.#context
    watched.suspicion = undefined
    events.add('broker_suspicion_cleared', nameOf(watched.live), reason, eventObject(watched.live))
    throttle.log('info', 'broker no longer suspected', { ...identity(watched), reason })
  }
}

function reachWith({ configuration, scheduler }: NamesrvContext): (address: string) => Promise<void> {
  const connectTimeoutMs = configuration.values.brokerProbeTimeoutMillis
  const after = (delayMs: number, task: () => void) => scheduler.after(delayMs, task)
  // In plaintext also if brokers use TLS: nothing is sent.
  return (address) => reach(address, { connect: plainConnect, connectTimeoutMs, after })
}

function meansUnreachable(error: Error): boolean {
  if (!(error instanceof RemotingClientError) || error.code !== 'ERR_CONNECT') return false
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return cause === undefined || UNREACHABLE.has(cause.code)
}

function identity({ live: { clusterName, brokerName, brokerAddr, peer } }: Watched) {
  return {
    peer,
    clusterName: cutText(clusterName),
    brokerName: cutText(brokerName),
    brokerAddr: cutText(brokerAddr),
  }
}
