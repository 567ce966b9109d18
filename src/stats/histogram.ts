/** How many values were at most each of a few bounds: a histogram of Prometheus. */
export class Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[]
  /** Values of each bucket: above the bound before and at most its own; the last one is for all beyond the last bound. */
  readonly counts: Float64Array
  count = 0
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.count++
    this.sum += value
  }
}
