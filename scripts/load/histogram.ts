/** Durations, kept to within two percent however many there are. */
const GROWTH = 1.02
const LEAST_MS = 0.01

export class Histogram {
  readonly #counts: number[] = []
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  get max(): number {
    return this.#max
  }

  add(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.ceil(Math.log(ms / LEAST_MS) / Math.log(GROWTH))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    if (ms > this.#max) this.#max = ms
  }

  /** What this share of the durations does not exceed, ms. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.#count)
    for (const [bucket, count = 0] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.min(this.#max, LEAST_MS * GROWTH ** bucket)
    }
    return this.#max
  }
}
