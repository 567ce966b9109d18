/**
 * A point in time in ISO 8601, UTC, as `Date.prototype.toISOString` writes it. That one also asks ICU for the name of the local time
 * zone, which nothing here shows, and whose tables take 1 MB of memory.
 * @param epochMs - Milliseconds since the epoch.
 * @throws {RangeError} if it is beyond what a `Date` can hold.
 */
export function isoTime(epochMs: number): string {
  const date = new Date(epochMs)
  const year = date.getUTCFullYear()
  // Other years have a sign and more digits.
  if (!(year >= 1000 && year <= 9999)) return date.toISOString()
  const day = `${year}-${digits(date.getUTCMonth() + 1)}-${digits(date.getUTCDate())}`
  const time = `${digits(date.getUTCHours())}:${digits(date.getUTCMinutes())}:${digits(date.getUTCSeconds())}`
  return `${day}T${time}.${digits(date.getUTCMilliseconds(), 3)}Z`
}

function digits(value: number, count = 2): string {
  return String(value).padStart(count, '0')
}
