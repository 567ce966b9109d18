/** Max time for a condition, also on a busy machine; less than that of a test. */
const DEADLINE_MS = 50_000

/** Waits for a condition, giving sockets and timers their turns. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`)
    await new Promise(setImmediate)
  }
}
