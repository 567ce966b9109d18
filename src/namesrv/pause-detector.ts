import type { Clock, Scheduler } from './time.ts'

/** How often the detector checks by itself. */
const CHECK_INTERVAL_MS = 1_000

/**
 * Runs tasks, and detects that the process was paused: stopped by a signal or by its virtual machine, or its event loop was blocked.
 *
 * A check that comes later than twice its interval reveals a pause. Every task is preceded by a check: after a pause, timers and
 * sockets are handled in any order, and none may compare times before {@link onPause} has extended them.
 *
 * A suspended machine stops its monotonic clock too, so there is nothing to detect.
 */
export class PauseDetector implements Scheduler {
  readonly #clock: Clock
  readonly #scheduler: Scheduler
  readonly #onPause: (pausedMs: number) => void
  /** Undefined while the detector is not running. */
  #lastCheckMs: number | undefined
  #pausedMs = 0
  #endChecks: (() => void) | undefined

  /** @param onPause - Called at the end of each pause with its length, less the interval in which the check was due. */
  constructor(clock: Clock, scheduler: Scheduler, onPause: (pausedMs: number) => void) {
    this.#clock = clock
    this.#scheduler = scheduler
    this.#onPause = onPause
  }

  start(): void {
    this.#lastCheckMs = this.#clock.nowMs()
    this.#endChecks = this.#scheduler.every(CHECK_INTERVAL_MS, () => this.#check())
  }

  stop(): void {
    this.#endChecks?.()
    this.#lastCheckMs = undefined
  }

  every(periodMs: number, task: () => void): () => void {
    return this.#scheduler.every(periodMs, () => {
      this.#check()
      task()
    })
  }

  /** A pause does not count: what the task times out may have arrived meanwhile and must be read first. */
  after(delayMs: number, task: () => void): () => void {
    this.#check()
    const dueMs = this.#clock.nowMs() + delayMs - this.#pausedMs
    let cancel = this.#scheduler.after(delayMs, () => {
      this.#check()
      const leftMs = dueMs + this.#pausedMs - this.#clock.nowMs()
      // Timers are exact to a millisecond.
      if (leftMs > 1) cancel = this.after(leftMs, task)
      else task()
    })
    return () => cancel()
  }

  defer(task: () => void, minMs?: number): void {
    this.#scheduler.defer(() => {
      this.#check()
      task()
    }, minMs)
  }

  #check(): void {
    if (this.#lastCheckMs === undefined) return
    const nowMs = this.#clock.nowMs()
    const pausedMs = nowMs - this.#lastCheckMs - CHECK_INTERVAL_MS
    this.#lastCheckMs = nowMs
    if (pausedMs <= CHECK_INTERVAL_MS) return
    this.#pausedMs += pausedMs
    this.#onPause(pausedMs)
  }
}
