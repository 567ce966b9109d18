/** Max time for a condition; far more than any needs. */
const DEADLINE_MS = 10_000

/** Waits for a condition, giving sockets and timers their turns. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`)
    await new Promise(setImmediate)
  }
}
