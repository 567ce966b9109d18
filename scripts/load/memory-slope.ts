/** Memory over time, and how fast it grows. */
export interface MemorySample {
  readonly atMs: number
  readonly mib: number
}

const MS_PER_HOUR = 3_600_000

/** Slope of the straight line that fits best, in MiB an hour; the first third is left out, in which a process gets warm. */
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
