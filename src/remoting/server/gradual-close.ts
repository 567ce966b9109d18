/** A connection that can be closed gradually. */
export interface ClosableChannel {
  /** When bytes last went in or out, in milliseconds. */
  readonly lastActivityMs: number
  readonly closing: boolean
  /** Closes it when its request in progress, if any, has its response. */
  finish(): void
}

/** Time from the first connection to the last, however many there are. */
const SPREAD_MS = 3_000

const STEP_MS = 50

/** Connections closed in a step, 1,000 in a second, if there are few. */
const MIN_PER_STEP = 50

/**
 * Closes connections a few at a time, so that thousands of clients do not all connect to another server in the same instant.
 * Those that have been idle longest come first: they are the least likely to have just sent a request.
 *
 * @param connections - The open connections; no new ones are accepted meanwhile.
 * @param every - Runs a task periodically; returns what ends it.
 * @returns What ends it before all are closed.
 */
export function closeGradually(
  connections: () => Iterable<ClosableChannel>,
  every: (periodMs: number, task: () => void) => () => void,
): () => void {
  const perStep = Math.max(MIN_PER_STEP, Math.ceil(([...connections()].length * STEP_MS) / SPREAD_MS))
  const step = (): void => {
    // Read at each step: meanwhile some have closed, some were active, and some have become a channel.
    const open = [...connections()].filter(({ closing }) => !closing)
    open.sort((a, b) => b.lastActivityMs - a.lastActivityMs)
    for (const channel of open.splice(-perStep)) channel.finish()
    if (open.length === 0) end()
  }
  const end = every(STEP_MS, step)
  step()
  return end
}
