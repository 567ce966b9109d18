import { CommandError } from './command-error.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
/** The longest that a timer takes. */
const MAX_DURATION_MS = 2 ** 31 - 1

/** A duration with its unit: `500ms`, `3s`, `1.5m`. @throws {CommandError} `usage` */
export function durationMs(text: string, option: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const milliseconds = Math.round(Number(digits) * (UNITS[unit] ?? Number.NaN))
  if (milliseconds >= 1 && milliseconds <= MAX_DURATION_MS) return milliseconds
  throw new CommandError(
    'usage',
    `${option} ${JSON.stringify(text)} is not a duration such as 500ms, 3s or 1m`,
  )
}
