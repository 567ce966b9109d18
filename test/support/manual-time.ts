import type { Clock, Scheduler } from '../../src/namesrv/time.ts'

interface Timer {
  dueMs: number
  readonly periodMs: number | undefined
  readonly task: () => void
}

/** Time that passes only when a test says so. Sockets are real, so deferred tasks take real turns of the event loop. */
export class ManualTime implements Clock, Scheduler {
  readonly #timers = new Set<Timer>()
  #nowMs = 1_700_000_000_000

  nowMs(): number {
    return this.#nowMs
  }

  every(periodMs: number, task: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + periodMs, periodMs, task })
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + delayMs, periodMs: undefined, task })
  }

  /** The longest delay of a deferred task. */
  mostDeferredMs = 0

  defer(task: () => void, leastMs = 0): void {
    this.mostDeferredMs = Math.max(this.mostDeferredMs, leastMs)
    setImmediate(task)
  }

  /** Timers that have not ended. */
  get timers(): number {
    return this.#timers.size
  }

  /** Lets time pass; timers run in order, each at its own moment. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let timer = this.#firstDue(endMs); timer !== undefined; timer = this.#firstDue(endMs)) {
      this.#nowMs = timer.dueMs
      if (timer.periodMs === undefined) this.#timers.delete(timer)
      else timer.dueMs += timer.periodMs
      timer.task()
    }
    this.#nowMs = endMs
  }

  /**
   * Time passes while nothing runs, as in a process that is stopped. Then each timer that is due runs once, late, before data that
   * arrived at a socket is read.
   */
  pause(ms: number): void {
    this.#nowMs += ms
    const late = [...this.#timers].filter(({ dueMs }) => dueMs <= this.#nowMs)
    for (const timer of late.sort((a, b) => a.dueMs - b.dueMs)) {
      if (timer.periodMs === undefined) this.#timers.delete(timer)
      else timer.dueMs = this.#nowMs + timer.periodMs
      timer.task()
    }
  }

  /** Time passes while work blocks the event loop: no timer runs. */
  holdUp(ms: number): void {
    this.#nowMs += ms
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  #firstDue(endMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer
    }
    return first
  }
}
