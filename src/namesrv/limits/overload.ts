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

/** What an overload is recognized by, and what is done about it. */
export interface OverloadOptions {
  /** Requests that wait for the route tables. */
  readonly waitingRequests: () => number
  readonly requestBytesInProgress: () => number
  /** Rejects requests of these codes as SYSTEM_BUSY from now on; with none, all are served again. */
  readonly shed: (codes: readonly number[]) => void
}

/**
 * Recognizes an overload, and rejects lists while it lasts: requests in progress, or waiting for the tables, come near their limit,
 * or the event loop is late several times in a row. Incomplete requests and unread responses do not count: a few peers could cause
 * an overload with them.
 */
export class Overload {
  readonly #context: NamesrvContext
  readonly #options: OverloadOptions
  #lastCheckMs: number
  #lateChecks = 0
  #calmChecks = 0
  /** The overload that lasts: its beginning, and the requests that had been rejected in earlier ones. */
  #current: { readonly sinceMs: number; readonly shedBefore: number } | undefined

  constructor(context: NamesrvContext, options: OverloadOptions) {
    this.#context = context
    this.#options = options
    this.#lastCheckMs = context.clock.nowMs()
  }

  /** Must be called every {@link CHECK_INTERVAL_MS}; a late call is a sign of an overload. */
  check(): void {
    const nowMs = this.#context.clock.nowMs()
    const reason = this.#reason(nowMs)
    if (this.#current === undefined) {
      if (reason !== undefined) this.#begin(nowMs, reason)
      return
    }
    this.#calmChecks = reason === undefined ? this.#calmChecks + 1 : 0
    if (this.#calmChecks >= CALM_CHECKS) this.#end(nowMs, this.#current)
  }

  #begin(nowMs: number, reason: string): void {
    const { counters, events, logger } = this.#context
    this.#current = { sinceMs: nowMs, shedBefore: counters.requestsShed }
    this.#calmChecks = 0
    counters.overloads++
    events.add('overload_began', '', reason)
    logger.warn({ reason }, 'overload began: lists of topics and brokers are rejected')
    this.#options.shed(REJECTED_CODES)
  }

  #end(
    nowMs: number,
    { sinceMs, shedBefore }: { readonly sinceMs: number; readonly shedBefore: number },
  ): void {
    const { counters, events, logger } = this.#context
    const lastedMs = Math.round(nowMs - sinceMs)
    this.#current = undefined
    events.add('overload_ended', '', `after ${lastedMs} ms`)
    logger.info({ lastedMs, requestsShed: counters.requestsShed - shedBefore }, 'overload ended')
    this.#options.shed([])
  }

  /** Why this check is not calm; undefined if it is. */
  #reason(nowMs: number): string | undefined {
    const { overloadLagMillis, maxQueuedRequestBytes, maxWaitingRequests } =
      this.#context.configuration.values
    const lateMs = nowMs - this.#lastCheckMs - CHECK_INTERVAL_MS
    this.#lastCheckMs = nowMs
    this.#lateChecks = overloadLagMillis > 0 && lateMs > overloadLagMillis ? this.#lateChecks + 1 : 0
    const [share, lateChecks] = this.#current === undefined ? [BEGINS_AT, LATE_CHECKS] : [ENDS_AT, 1]
    if (this.#lateChecks >= lateChecks) return `event loop ${Math.round(lateMs)} ms late`
    const bytes = this.#options.requestBytesInProgress()
    const maxBytes = maxQueuedRequestBytes / 2
    if (bytes > share * maxBytes) return `request bytes in progress: ${bytes} of ${maxBytes}`
    const waiting = this.#options.waitingRequests()
    if (waiting > share * maxWaitingRequests) return `waiting requests: ${waiting} of ${maxWaitingRequests}`
    return undefined
  }
}
