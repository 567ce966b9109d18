import { readAnswer } from './answer.ts'
import type { Arrival } from './connection.ts'
import type { Player } from './play.ts'

/** Plays of one sequence that may end in a race of Java's. */
const MAX_PLAYS = 3

/** Java's server encodes some tables without its lock, and fails if a removal changes them meanwhile. */
export class JavaRace extends Error {
  override readonly name = 'JavaRace'
}

/** @throws {JavaRace} if a response of Java's shows that it has met a race; of ours, such a response is a difference. */
export function checkRace(side: Player, arrival: Arrival): void {
  if (side === 'ours' || !(arrival instanceof Buffer)) return
  const { code, remark } = readAnswer(arrival).fields
  if (code === 1 && `${remark}`.startsWith('java.util.ConcurrentModificationException'))
    throw new JavaRace(`${side} answered: ${remark}`)
}

/**
 * Plays again what has met a race of Java's.
 * @param play - Plays to a new Java server each time.
 * @throws {JavaRace} of the third play.
 */
export async function againAfterRace<T>(play: () => Promise<T>): Promise<T> {
  for (let plays = 1; ; plays++) {
    try {
      return await play()
    } catch (error) {
      if (!(error instanceof JavaRace) || plays === MAX_PLAYS) throw error
    }
  }
}
