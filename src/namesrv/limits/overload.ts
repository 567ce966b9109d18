import { RequestCode } from '../../protocol/request-code.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Time between two checks of the load, in milliseconds. */
export const CHECK_INTERVAL_MS = 250
/** This many checks in a row must be late: a single one is a machine that was suspended, or a slow write of a file. */
const LATE_CHECKS = 3
/** An overload ends when this many checks in a row were calm. */
const CALM_CHECKS = 4
/** Shares of a limit above which an overload begins, and up to which it may end. */
const BEGINS_AT = 3 / 4
const ENDS_AT = 1 / 2

/** Requests that are rejected during an overload: large responses that no client needs in order to send or receive. */
const REJECTED_CODES = [
  RequestCode.GET_BROKER_CLUSTER_INFO,
  RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
  RequestCode.GET_TOPICS_BY_CLUSTER,
  RequestCode.GET_UNIT_TOPIC_LIST,
  RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
  RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
]

/** Something that has a limit. */
export interface LimitedQuantity {
  readonly name: string
  readonly max: number
  readonly current: () => number
}

/** What an overload is recognized by, and what follows from it. */
export interface OverloadOptions {
  /** A monotonic clock. */
  readonly nowMs: () => number
  /** Max delay of a check, in milliseconds; 0 for no limit. Read at every check. */
  readonly maxLagMs: () => number
  readonly quantities: readonly LimitedQuantity[]
  readonly onBegin: (reason: string) => void
  readonly onEnd: (lastedMs: number) => void
}

/**
 * Recognizes an overload: requests in progress, or waiting for the tables, come near their limit, or the event loop is late
 * several times in a row. Incomplete requests and unread responses do not count: a few peers could cause an overload with them.
 */
export class Overload {
  readonly #options: OverloadOptions
  #lastCheckMs: number
  #lateChecks = 0
  #calmChecks = 0
  #sinceMs: number | undefined

  constructor(options: OverloadOptions) {
    this.#options = options
    this.#lastCheckMs = options.nowMs()
  }

  /** Must be called every {@link CHECK_INTERVAL_MS}; a late call is a sign of an overload. */
  check(): void {
    const { nowMs, onBegin, onEnd } = this.#options
    const now = nowMs()
    const reason = this.#reason(now)
    if (this.#sinceMs === undefined) {
      if (reason === undefined) return
      this.#sinceMs = now
      this.#calmChecks = 0
      onBegin(reason)
      return
    }
    this.#calmChecks = reason === undefined ? this.#calmChecks + 1 : 0
    if (this.#calmChecks < CALM_CHECKS) return
    const lastedMs = now - this.#sinceMs
    this.#sinceMs = undefined
    onEnd(lastedMs)
  }

  /** Why this check is not calm; undefined if it is. */
  #reason(now: number): string | undefined {
    const { maxLagMs, quantities } = this.#options
    const lateMs = now - this.#lastCheckMs - CHECK_INTERVAL_MS
    this.#lastCheckMs = now
    const maxLateMs = maxLagMs()
    this.#lateChecks = maxLateMs > 0 && lateMs > maxLateMs ? this.#lateChecks + 1 : 0
    const overloaded = this.#sinceMs !== undefined
    if (this.#lateChecks >= (overloaded ? 1 : LATE_CHECKS)) return `event loop ${Math.round(lateMs)} ms late`
    for (const { name, max, current } of quantities) {
      if (current() > max * (overloaded ? ENDS_AT : BEGINS_AT)) return `${name}: ${current()} of ${max}`
    }
    return undefined
  }
}

/** What the overload of a server depends on. */
export interface OverloadSigns {
  /** Requests that wait for the route tables. */
  readonly waitingRequests: () => number
  readonly requestBytesInProgress: () => number
  /** Rejects requests of these codes as SYSTEM_BUSY from now on; with none, all are served again. */
  readonly shed: (codes: readonly number[]) => void
  /** A clock that includes pauses of the process. */
  readonly nowMs: () => number
}

/** The overload detection of a server, as it is configured: lists are rejected during an overload. */
export function createOverload(
  { configuration, counters, events, logger }: NamesrvContext,
  { waitingRequests, requestBytesInProgress, shed, nowMs }: OverloadSigns,
): Overload {
  const { values } = configuration
  return new Overload({
    nowMs,
    maxLagMs: () => values.overloadLagMillis,
    quantities: [
      {
        name: 'request bytes in progress',
        max: values.maxQueuedRequestBytes / 2,
        current: requestBytesInProgress,
      },
      { name: 'waiting requests', max: values.maxWaitingRequests, current: waitingRequests },
    ],
    onBegin: (reason) => {
      counters.overloads++
      events.add('overload began', '', reason)
      logger.warn({ reason }, 'overload began: lists of topics and brokers are rejected')
      shed(REJECTED_CODES)
    },
    onEnd: (lasted) => {
      const lastedMs = Math.round(lasted)
      events.add('overload ended', '', `after ${lastedMs} ms`)
      logger.warn({ lastedMs, requestsShed: counters.requestsShed }, 'overload ended')
      shed([])
    },
  })
}
