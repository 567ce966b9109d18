import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** How long the condition may take, ms; default 30,000. */
  readonly timeoutMs?: number
  /** Time between two looks, ms; default 50. */
  readonly everyMs?: number
}

/**
 * Looks again and again until `probe` gives something other than `undefined` or `false`, and returns that.
 * A probe that throws counts as "not yet"; the last error becomes the cause of the failure.
 *
 * @param what - Completes "timed out waiting until ...".
 * @throws {Error} after `timeoutMs`.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 30_000, everyMs = 50 }: UntilOptions = {},
): Promise<T> {
  const endMs = performance.now() + timeoutMs
  let cause: unknown
  for (;;) {
    try {
      const found = await probe()
      if (found !== undefined && found !== false) return found
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() >= endMs) {
      throw new Error(`timed out after ${timeoutMs} ms waiting until ${what}`, { cause })
    }
    await delay(everyMs)
  }
}
