/** The hint at the end of a message about an unknown name; empty if no candidate is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestKey(name, candidates)
  return nearest === undefined ? '' : `; did you mean ${nearest}?`
}

/**
 * The candidate that a mistyped name most likely means.
 *
 * @returns Undefined if none is near: more than a third of the characters, or more than four, would have to change. Case does
 *   not count; of equally near candidates the first one is returned.
 */
export function nearestKey(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  let nearest: string | undefined
  let limit = Math.min(4, Math.max(1, Math.floor(wanted.length / 3))) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= limit) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < limit) {
      limit = distance
      nearest = candidate
    }
  }
  return nearest
}

/** Characters to insert, remove, replace, or swap with their neighbour (each once) to turn one text into the other. */
function editDistance(from: string, to: string): number {
  const at = (distances: readonly number[], column: number): number => distances[column] as number
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let line = 1; line <= from.length; line++) {
    const current = [line]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[line - 1] === to[column - 1]
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      )
      if (line > 1 && column > 1 && from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1]) {
        distance = Math.min(distance, at(beforeLast, column - 2) + 1)
      }
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return at(last, to.length)
}
