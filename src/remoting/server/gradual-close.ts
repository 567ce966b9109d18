/** A connection as far as it is to be closed. */
export interface ClosableChannel {
  /** When bytes last went in or out, in milliseconds. */
  readonly lastActivityMs: number
  /** Whether it is being closed, or is closed. */
  readonly closing: boolean
  /** Closes it when the request that is being worked on, if any, has been answered. */
  finish(): void
}

/** However many connections there are, the last one is closed this long after the first. */
const SPREAD_MS = 3_000

/** Time between two steps. */
const STEP_MS = 50

/** Few connections need no spreading: so many are closed in a step in any case, 1,000 in a second. */
const LEAST_PER_STEP = 50

/**
 * Closes connections a few at a time, so that ten thousand clients do not all look for another server in the same instant.
 * Those that have been idle longest go first: they are the least likely to have just sent something.
 *
 * @param connections - The connections that are open when it is called; no new ones are accepted meanwhile.
 * @param every - Runs a task periodically; returns what ends it.
 * @returns What ends it before all are closed.
 */
export function closeGradually(
  connections: () => Iterable<ClosableChannel>,
  every: (periodMs: number, task: () => void) => () => void,
): () => void {
  const perStep = Math.max(LEAST_PER_STEP, Math.ceil(([...connections()].length * STEP_MS) / SPREAD_MS))
  const step = (): void => {
    // Read again at each step: some have closed by themselves, some have sent something, some have become a channel.
    const open = [...connections()].filter(({ closing }) => !closing)
    open.sort((a, b) => b.lastActivityMs - a.lastActivityMs)
    for (const channel of open.splice(-perStep)) channel.finish()
    if (open.length === 0) end()
  }
  const end = every(STEP_MS, step)
  step()
  return end
}
