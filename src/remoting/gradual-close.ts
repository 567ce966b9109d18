/** A connection as far as it is to be closed. */
export interface ClosableChannel {
  /** When bytes last went in or out, in milliseconds. */
  readonly lastActivityMs: number
  readonly closed: boolean
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
 * Those that have been silent for the longest time go first: they are the least likely to have just sent something.
 *
 * @param every - Runs a task periodically; returns what ends it.
 * @returns What ends it before all are closed.
 */
export function closeGradually(
  channels: Iterable<ClosableChannel>,
  every: (periodMs: number, task: () => void) => () => void,
): () => void {
  let open = [...channels]
  const perStep = Math.max(LEAST_PER_STEP, Math.ceil((open.length * STEP_MS) / SPREAD_MS))
  const step = (): void => {
    // Looked at anew each time: some have gone by themselves, and some have spoken.
    open = open.filter(({ closed }) => !closed).sort((a, b) => b.lastActivityMs - a.lastActivityMs)
    for (const channel of open.splice(-perStep)) channel.finish()
    if (open.length === 0) end()
  }
  const end = every(STEP_MS, step)
  step()
  return end
}
