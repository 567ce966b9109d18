/**
 * The candidate that a mistyped name most likely means.
 *
 * @returns Undefined if none is near: more than a third of the letters, or more than four, would have to change. Letters that
 *   differ only in case count for nothing; of equally near candidates the first one is taken.
 */
export function nearestKey(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  const most = Math.min(4, Math.max(1, Math.floor(wanted.length / 3)))
  let nearest: string | undefined
  let least = most + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= least) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < least) {
      least = distance
      nearest = candidate
    }
  }
  return nearest
}

/** Letters to insert, remove, replace, or swap with their neighbour (each letter once), to make one text of the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        distance = Math.min(distance, at(beforeLast, column - 2) + 1)
      }
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] as number
}
