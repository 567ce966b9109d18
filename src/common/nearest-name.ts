/**
 * The candidate that a mistyped name most likely means; of equally near ones the first.
 *
 * @returns Undefined if none is near: more than a third of the characters, or more than four, would have to change.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase()
  let nearest: string | undefined
  let limit = Math.min(4, Math.max(1, Math.floor(wanted.length / 3))) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= limit) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance >= limit) continue
    limit = distance
    nearest = candidate
  }
  return nearest
}

/** Characters to insert, remove or replace to turn one text into the other. */
function editDistance(from: string, to: string): number {
  let distances = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const character of from) {
    let left = 0
    let diagonal = 0
    distances = distances.map((above, column) => {
      const replaced = diagonal + (to[column - 1] === character ? 0 : 1)
      left = column === 0 ? above + 1 : Math.min(above + 1, left + 1, replaced)
      diagonal = above
      return left
    })
  }
  return distances.at(-1) as number
}
