/** Takes one of so many possibilities, by its number from 0. */
export type Choose = (possibilities: number) => number

/**
 * Does something once for every way in which it can choose; it must do the same whenever it is told to choose the same.
 * @returns How many ways there are.
 */
export async function everyWay(walk: (choose: Choose) => Promise<void>): Promise<number> {
  const path: { taken: number; readonly of: number }[] = []
  for (let ways = 1; ; ways++) {
    let depth = 0
    await walk((possibilities) => {
      if (possibilities === 1) return 0
      path[depth] ??= { taken: 0, of: possibilities }
      return path[depth++]?.taken ?? 0
    })
    while (path.length > 0 && isLast(path.at(-1))) path.pop()
    const last = path.at(-1)
    if (last === undefined) return ways
    last.taken++
  }
}

function isLast(fork: { readonly taken: number; readonly of: number } | undefined): boolean {
  return fork !== undefined && fork.taken + 1 === fork.of
}
