/** How often it is looked. */
export const LOOK_MS = 250
/** So many looks in a row must be late: one alone is a machine that was suspended, or a file that was slow to write. */
const LATE_LOOKS = 3
/** So many looks in a row must find nothing before it counts as over. */
const CALM_LOOKS = 4
/** Shares of a bound above which it begins, and below which it may end. */
const BEGINS_AT = 3 / 4
const ENDS_AT = 1 / 2

/** Something that has a bound, and how much of it there is. */
export interface BoundedQuantity {
  readonly name: string
  readonly max: number
  readonly of: () => number
}

/** What an overload is told by. */
export interface OverloadOptions {
  readonly nowMs: () => number
  /** How late a look may be, in milliseconds; 0 for as late as it likes. Read at every look. */
  readonly maxLagMs: () => number
  readonly quantities: readonly BoundedQuantity[]
  /** It begins, for this reason. */
  readonly onBegin: (why: string) => void
  /** It is over, after so many milliseconds. */
  readonly onEnd: (lastedMs: number) => void
}

/**
 * Tells when there is more to do than can be done: when what is being worked on, or waits for it, comes near a bound, or when the
 * event loop takes long to come round, several times in a row. What peers have not finished sending, or do not read, says nothing
 * of that: a few of them could stop all lookups with it. Looks by itself; who works asks nothing.
 */
export class Overload {
  readonly #options: OverloadOptions
  #lastLookMs: number
  #lateLooks = 0
  #calmLooks = 0
  #sinceMs: number | undefined

  constructor(options: OverloadOptions) {
    this.#options = options
    this.#lastLookMs = options.nowMs()
  }

  /** To be called every {@link LOOK_MS}, as well as the event loop can. */
  look(): void {
    const { nowMs, onBegin, onEnd } = this.#options
    const now = nowMs()
    const sign = this.#sign(now)
    if (this.#sinceMs === undefined) {
      if (sign === undefined) return
      this.#sinceMs = now
      this.#calmLooks = 0
      onBegin(sign)
      return
    }
    this.#calmLooks = sign === undefined ? this.#calmLooks + 1 : 0
    if (this.#calmLooks < CALM_LOOKS) return
    const lastedMs = now - this.#sinceMs
    this.#sinceMs = undefined
    onEnd(lastedMs)
  }

  /** What speaks for an overload; undefined if nothing does. */
  #sign(now: number): string | undefined {
    const { maxLagMs, quantities } = this.#options
    const lateMs = now - this.#lastLookMs - LOOK_MS
    this.#lastLookMs = now
    const allowedMs = maxLagMs()
    this.#lateLooks = allowedMs > 0 && lateMs > allowedMs ? this.#lateLooks + 1 : 0
    const under = this.#sinceMs !== undefined
    if (this.#lateLooks >= (under ? 1 : LATE_LOOKS)) return `the event loop is ${Math.round(lateMs)} ms late`
    for (const { name, max, of } of quantities) {
      if (of() > max * (under ? ENDS_AT : BEGINS_AT)) return `${name} stands at ${of()} of ${max}`
    }
    return undefined
  }
}
