/** A clock that never goes back, whatever happens to the machine's date. */
export interface Clock {
  /** Milliseconds since the epoch as they stood when the process started, counted on from there. */
  nowMs(): number
}

/** Runs tasks later. */
export interface Scheduler {
  /** Runs a task every so many milliseconds, first after one period. @returns What ends it. */
  every(periodMs: number, task: () => void): () => void
  /** Runs a task once. @returns What prevents it. */
  after(delayMs: number, task: () => void): () => void
  /**
   * Runs a task in a later turn of the event loop, after sockets that wait have been served.
   * @param leastMs - How long they are to have at least. Default 0: one turn.
   */
  defer(task: () => void, leastMs?: number): void
}
