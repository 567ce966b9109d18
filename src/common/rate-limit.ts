/** Longer than any `[IPv6]:port`. */
const MAX_ADDRESS_CHARACTERS = 64

/** How many runs a {@link RateLimit} allows. */
export interface RateLimitOptions {
  /** Max runs of one peer in a window. Default 10. */
  readonly maxPerWindow?: number
  /** Max runs of all peers in a window. Default 100. It limits the memory for peers, too. */
  readonly maxOfAllPeers?: number
  /** Default 10 seconds. */
  readonly windowMs?: number
  /** Called for each run that is suppressed. */
  readonly onSuppressed?: (nowMs: number) => void
}

/**
 * Lets a kind of log line through a limited number of times in a window, so that a peer cannot fill the disk. Each peer has a
 * budget of its own: a flood by one of them hides no line about another.
 */
export class RateLimit {
  readonly #nowMs: () => number
  readonly #maxPerWindow: number
  readonly #maxOfAllPeers: number
  readonly #windowMs: number
  readonly #onSuppressed: ((nowMs: number) => void) | undefined
  #windowStartMs = Number.NEGATIVE_INFINITY
  #runs = 0
  /** Runs in this window by the host of the peer. */
  readonly #runsOfHost = new Map<string, number>()
  #suppressed = 0

  constructor(
    nowMs: () => number,
    { maxPerWindow = 10, maxOfAllPeers = 100, windowMs = 10_000, onSuppressed }: RateLimitOptions = {},
  ) {
    this.#nowMs = nowMs
    this.#maxPerWindow = maxPerWindow
    this.#maxOfAllPeers = maxOfAllPeers
    this.#windowMs = windowMs
    this.#onSuppressed = onSuppressed
  }

  /** Begins a new window: the next task runs, and the count of suppressed runs is reset. */
  reset(): void {
    this.#windowStartMs = Number.NEGATIVE_INFINITY
    this.#suppressed = 0
  }

  /**
   * Runs the task unless its budget is used up.
   * @param task - Gets the number of runs suppressed since the last one; undefined for none, so that a log line has no such field.
   * @param peer - `host:port` of the peer that caused it. Its port does not count, since each connection has another.
   */
  run(task: (suppressed: number | undefined) => void, peer = ''): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#windowStartMs >= this.#windowMs) {
      this.#windowStartMs = nowMs
      this.#runs = 0
      this.#runsOfHost.clear()
    }
    // A broker announces any text as its address; one that is no address must not be kept.
    const host = peer.length > MAX_ADDRESS_CHARACTERS ? '' : peer.slice(0, peer.lastIndexOf(':'))
    const runsOfHost = this.#runsOfHost.get(host) ?? 0
    if (runsOfHost >= this.#maxPerWindow || this.#runs >= this.#maxOfAllPeers) {
      this.#suppressed++
      this.#onSuppressed?.(nowMs)
      return
    }
    this.#runs++
    this.#runsOfHost.set(host, runsOfHost + 1)
    const suppressed = this.#suppressed === 0 ? undefined : this.#suppressed
    this.#suppressed = 0
    task(suppressed)
  }
}
