const COUNT = new Intl.NumberFormat('en')
const RATE = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** A number with separators of thousands. */
export function count(value: number): string {
  return COUNT.format(value)
}

/** A number and its noun: `1 topic`, `2 topics`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`
}

/** The same with a capital letter at the beginning. */
export function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** A rate with three digits; a dash if it is not known yet. */
export function rate(perSecond: number | undefined): string {
  return perSecond === undefined ? '–' : `${RATE.format(perSecond)}/s`
}

const KIB = 1024

/** Bytes in the unit that suits. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let scaled = value
  for (; scaled >= KIB && unit < units.length - 1; unit++) scaled /= KIB
  return `${RATE.format(scaled)} ${units[unit]}`
}

/** A span of time in its largest two units: `3 d 4 h`, `12 s`. */
export function duration(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60)
    return minutes < 10 && seconds % 60 > 0 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 > 0 ? `${hours} h ${minutes % 60} min` : `${hours} h`
  const days = Math.floor(hours / 24)
  return hours % 24 > 0 ? `${days} d ${hours % 24} h` : `${days} d`
}

/** `12:03:10` on the same day, otherwise with the date; in the time zone of the browser. */
export function clockTime(date: Date, now: Date): string {
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
  if (date.toDateString() === now.toDateString()) return time
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${time}`
}

/** The time zone of the browser: `Europe/Berlin, UTC+01:00`. */
export function timeZone(): string {
  const format = new Intl.DateTimeFormat('en', { timeZoneName: 'longOffset' })
  const offset = format.formatToParts().find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const { timeZone: zone } = format.resolvedOptions()
  const zones = [zone, offset.replace('GMT', 'UTC').replace(/[+-]00:00$/, '')]
  return [...new Set(zones)].join(', ')
}

function twoDigits(value: number): string {
  return `${value}`.padStart(2, '0')
}
