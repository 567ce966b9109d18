/** A monotonic clock: it never goes back, whatever happens to the machine's date. */
export interface Clock {
  /** Milliseconds since the epoch at the start of the process, plus the time since then. */
  nowMs(): number
}

/** Runs tasks later. */
export interface Scheduler {
  /** Runs a task periodically, first after one period. @returns A function that ends it. */
  every(periodMs: number, task: () => void): () => void
  /** Runs a task once. @returns A function that cancels it. */
  after(delayMs: number, task: () => void): () => void
  /**
   * Runs a task in a later turn of the event loop, after sockets with pending data have been read.
   * @param minMs - Minimum delay. Default 0: one turn.
   */
  defer(task: () => void, minMs?: number): void
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
}

/** Node's timers. Periodic ones do not keep the process alive. */
export const systemScheduler: Scheduler = {
  every: (periodMs, task) => {
    const timer = setInterval(task, periodMs)
    timer.unref()
    return () => clearInterval(timer)
  },
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
  defer: (task, minMs = 0) => {
    if (minMs === 0) setImmediate(task)
    else setTimeout(task, minMs)
  },
}
