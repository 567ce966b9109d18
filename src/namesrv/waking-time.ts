import type { Clock, Scheduler } from './time.ts'

/** How often it is noted that the event loop turns. */
const TICK_MS = 1_000
/** A tick may be late by this much: a busy machine, a long collection of garbage. */
const TOLERANCE_MS = 1_000

/**
 * The time during which the process could hear anybody: while it stood still, stopped by a signal, by its virtual machine or by
 * work that held up the event loop, no time passes. So nobody is taken for silent because we did not listen, and whoever was
 * silent before has as much time left as he had.
 *
 * A machine that is suspended stops the system's clock as well; that is nothing to see here.
 */
export class WakingTime implements Clock, Scheduler {
  readonly #clock: Clock
  readonly #scheduler: Scheduler
  readonly #onStandstill: (ms: number) => void
  /** When the loop turned last, on the clock below; undefined before the start. */
  #lastTickMs: number | undefined
  #lastReadMs = Number.NEGATIVE_INFINITY
  #stoodStillMs = 0
  #endTicks: (() => void) | undefined

  /** @param onStandstill - Told of each standstill at its end, before anybody reads the time. */
  constructor(clock: Clock, scheduler: Scheduler, onStandstill: (ms: number) => void) {
    this.#clock = clock
    this.#scheduler = scheduler
    this.#onStandstill = onStandstill
  }

  /** Begins to watch; until then no time is lost. */
  start(): void {
    this.#lastTickMs = this.#clock.nowMs()
    this.#endTicks = this.#scheduler.every(TICK_MS, () => this.#tick())
  }

  stop(): void {
    this.#endTicks?.()
    this.#lastTickMs = undefined
  }

  /**
   * Whoever asks first after a standstill notices it: timers run before sockets are read, in any order. While somebody asks, the
   * process does not stand still, and what has been told is not taken back.
   */
  nowMs(): number {
    const nowMs = this.#clock.nowMs()
    if (this.#lastTickMs !== undefined) {
      const lostMs = nowMs - Math.max(this.#lastTickMs + TICK_MS, this.#lastReadMs)
      if (lostMs > TOLERANCE_MS) {
        this.#lastTickMs = nowMs
        this.#stoodStillMs += lostMs
        this.#onStandstill(lostMs)
      }
    }
    this.#lastReadMs = nowMs
    return nowMs - this.#stoodStillMs
  }

  every(periodMs: number, task: () => void): () => void {
    return this.#scheduler.every(periodMs, task)
  }

  /** After so much time awake: what is waited for may have come during a standstill and must be read first. */
  after(delayMs: number, task: () => void): () => void {
    const dueMs = this.nowMs() + delayMs
    let cancel = (): void => {}
    const wait = (ms: number): void => {
      cancel = this.#scheduler.after(ms, () => {
        const leftMs = dueMs - this.nowMs()
        // Timers are exact to a millisecond.
        if (leftMs > 1) wait(leftMs)
        else task()
      })
    }
    wait(delayMs)
    return () => cancel()
  }

  defer(task: () => void, leastMs?: number): void {
    this.#scheduler.defer(task, leastMs)
  }

  #tick(): void {
    this.nowMs()
    if (this.#lastTickMs !== undefined) this.#lastTickMs = this.#clock.nowMs()
  }
}
