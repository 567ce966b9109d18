import type { Views } from '../inspect/api-types.ts'

type Status = Views['/api/v1/status']

/** What the server did between two reads of its totals. */
export interface RateSample {
  /** When the span ended, on the server's monotonic clock. */
  readonly atSeconds: number
  /** Length of the span. */
  readonly seconds: number
  /** Per second, as are the next two. */
  readonly lookups: number
  readonly lookupsWithoutRoute: number
  readonly registrations: number
  /** Milliseconds, at the end. */
  readonly eventLoopDelayMs: number
}

/** Samples are kept for this long. */
export const RATE_WINDOW_SECONDS = 600

let last: Status | undefined
let samples: RateSample[] = []

/** Adds what has happened since the status before; a server that has started again begins from zero. */
export function noteStatus(status: Status | undefined): void {
  if (status === undefined || status === last) return
  const before = last
  last = status
  if (before?.bootId !== status.bootId) {
    samples = []
    return
  }
  const atSeconds = status.uptimeSeconds
  const seconds = atSeconds - before.uptimeSeconds
  if (seconds <= 0) return
  const rateOf = (total: keyof Status['totals']) => (status.totals[total] - before.totals[total]) / seconds
  samples = samples.filter((sample) => sample.atSeconds > atSeconds - RATE_WINDOW_SECONDS)
  samples.push({
    atSeconds,
    seconds,
    lookups: rateOf('lookups'),
    lookupsWithoutRoute: rateOf('lookupsWithoutRoute'),
    registrations: rateOf('registrations'),
    eventLoopDelayMs: status.process.eventLoopDelayMs,
  })
}

/** The samples of the last ten minutes, as far as the page has been open, the oldest first. */
export function rateSamples(): readonly RateSample[] {
  return samples
}
