const DAY_MS = 86_400_000
const UNITS = [
  ['d', DAY_MS],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A duration in a table, in its largest unit: `12s`, `3m`, `2h`, `4d`; null for one that is unknown. */
export function age(milliseconds: number | null): string | null {
  if (milliseconds === null) return null
  const [unit, size] = UNITS.find(([, size]) => milliseconds >= size) ?? ['s', 1_000]
  return `${Math.floor(Math.max(0, milliseconds) / size)}${unit}`
}

/**
 * An ISO time in a narrow table: `20:31:05Z`, with the date unless it is today's.
 * @param nowMs - Since the epoch.
 */
export function shortTime(time: string, nowMs: number): string {
  const isToday = Math.floor(Date.parse(time) / DAY_MS) === Math.floor(nowMs / DAY_MS)
  const clock = `${time.slice(11, 19)}Z`
  return isToday ? clock : `${time.slice(0, 10)} ${clock}`
}

const BYTE_UNITS = ['B', 'K', 'M', 'G', 'T'] as const

/** Bytes in a table, in units of 1,024: `512B`, `1.5K`, `20M`. */
export function bytes(count: number): string {
  let [value, at] = [count, 0]
  while (value >= 1_024 && at < BYTE_UNITS.length - 1) [value, at] = [value / 1_024, at + 1]
  return `${at > 0 && value < 10 ? value.toFixed(1) : Math.floor(value)}${BYTE_UNITS[at]}`
}

/** The first of many names in a sentence: `a, b and 12 more`. */
export function firstNames(names: readonly string[], { total = names.length, max = 10 } = {}): string {
  const shown = names.slice(0, max).join(', ')
  return total > max ? `${shown} and ${total - max} more` : shown
}
