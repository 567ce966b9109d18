/** Lets a kind of log line through a few times in a while, so that a peer cannot fill the disk with them. */
export class RateLimit {
  readonly #nowMs: () => number
  readonly #maxPerWindow: number
  readonly #windowMs: number
  #windowStartMs = Number.NEGATIVE_INFINITY
  #inWindow = 0
  #suppressed = 0

  /** Default: 10 in 10 seconds. */
  constructor(nowMs: () => number, { maxPerWindow = 10, windowMs = 10_000 } = {}) {
    this.#nowMs = nowMs
    this.#maxPerWindow = maxPerWindow
    this.#windowMs = windowMs
  }

  /** Begins a new window: the next task runs, and is told of nothing that was suppressed before. */
  reset(): void {
    this.#windowStartMs = Number.NEGATIVE_INFINITY
    this.#suppressed = 0
  }

  /** Does it, unless it was done too often lately. It is told how often it was left out since the last time. */
  run(task: (suppressed: number) => void): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#windowStartMs >= this.#windowMs) {
      this.#windowStartMs = nowMs
      this.#inWindow = 0
    }
    if (++this.#inWindow > this.#maxPerWindow) {
      this.#suppressed++
      return
    }
    const suppressed = this.#suppressed
    this.#suppressed = 0
    task(suppressed)
  }
}
