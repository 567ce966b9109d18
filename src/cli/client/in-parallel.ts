import type { NameServer } from '../../admin/name-server.ts'
import type { CommandContext } from '../run-command.ts'

/** What takes longer is shown on a terminal. */
const QUIET_MS = 1_000
/** Items between two lines of progress. */
const STEP = 16

/** How items are worked on. */
export interface InParallel extends Pick<CommandContext, 'progress'> {
  readonly server: NameServer
  /** Max items under way at a time. */
  readonly limit: number
  /** What is done, in the line of progress: `12 of 400 routes`. */
  readonly what: string
}

/**
 * Works on many items of a NameServer. What takes long shows how far it is. No item is begun after one has failed.
 * @returns A result for each item, in their order.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  { server, limit, what, progress }: InParallel,
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const startMs = performance.now()
  const results: Result[] = []
  let [next, done] = [0, 0]
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await task(items[index] as Item)
      done++
      if (done % STEP === 0 && performance.now() - startMs > QUIET_MS)
        progress(`${server.address}: ${done} of ${items.length} ${what}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: limit }, work))
  } finally {
    next = items.length
    progress('')
  }
  return results
}
