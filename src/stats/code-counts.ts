/** Greatest code that is counted for itself. The greatest of the protocol's that occur here is 1500, GO_AWAY. */
const MOST_CODE = 1_535

/** How often each code came up. A fixed table: peers can make up codes, and counting them must not cost memory. */
export class CodeCounts {
  readonly #counts = new Float64Array(MOST_CODE + 1)
  #others = 0

  add(code: number): void {
    if (code >= 0 && code <= MOST_CODE) this.#counts[code] = (this.#counts[code] as number) + 1
    else this.#others++
  }

  /** Counts a code that is not to be told apart. */
  addOther(): void {
    this.#others++
  }

  /** How often a code was counted for itself. */
  get(code: number): number {
    return this.#counts[code] ?? 0
  }

  /** All that were not counted for themselves. */
  get others(): number {
    return this.#others
  }

  get total(): number {
    return this.#counts.reduce((sum, count) => sum + count, this.#others)
  }

  /** Codes that came up, each with its count. */
  entries(): [code: number, count: number][] {
    return [...this.#counts.entries()].filter(([, count]) => count > 0)
  }
}
