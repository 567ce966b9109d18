const GROWTH = 1.02
const MIN_MS = 0.01

/** Durations, to within two percent, in constant memory. */
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
    const bucket = ms <= MIN_MS ? 0 : Math.ceil(Math.log(ms / MIN_MS) / Math.log(GROWTH))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count++
    if (ms > this.#max) this.#max = ms
  }

  /** The duration that this share of them does not exceed, ms. */
  quantile(share: number): number {
    let left = Math.ceil(share * this.#count)
    for (const [bucket, count = 0] of this.#counts.entries()) {
      left -= count
      if (left <= 0) return Math.min(this.#max, MIN_MS * GROWTH ** bucket)
    }
    return this.#max
  }
}

/** Memory of the server at one moment. */
export interface MemorySample {
  readonly atMs: number
  readonly mib: number
}

const MS_PER_HOUR = 3_600_000

/** Growth of the memory in MiB per hour, by linear regression without the first third, while the process warms up. */
export function slopeMibPerHour(samples: readonly MemorySample[]): number {
  const warm = samples.slice(Math.floor(samples.length / 3))
  if (warm.length < 2) return 0
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const meanMs = mean(warm.map(({ atMs }) => atMs))
  const meanMib = mean(warm.map(({ mib }) => mib))
  let [above, below] = [0, 0]
  for (const { atMs, mib } of warm) {
    above += (atMs - meanMs) * (mib - meanMib)
    below += (atMs - meanMs) ** 2
  }
  return below === 0 ? 0 : (above / below) * MS_PER_HOUR
}
