import type { Logger } from 'pino'
import { RateLimit } from './rate-limit.ts'

/** What the throttle needs. */
export interface LogThrottleOptions {
  readonly logger: Logger
  readonly nowMs: () => number
  /** Runs a task once, later; returns what cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
}

/** A flood is over when no line was suppressed for this long. */
const QUIET_MS = 10_000

/** Lines of one kind that are being suppressed. */
interface Flood {
  readonly level: LineLevel
  readonly beganMs: number
  endedMs: number
  suppressed: number
  cancelTimer: () => void
}

/** Level of a line, and of the line that sums up a flood of it. */
export type LineLevel = 'info' | 'warn' | 'error'

/**
 * The one throttle of all log lines that a peer can cause. Each kind of line has its own {@link RateLimit}; when a flood of it is
 * over, one line says how many were suppressed.
 */
export class LogThrottle {
  readonly #options: LogThrottleOptions
  readonly #limits = new Map<string, RateLimit>()
  readonly #floods = new Map<string, Flood>()

  constructor(options: LogThrottleOptions) {
    this.#options = options
  }

  /** @param line - The fixed phrase of the line, never a peer's text: each one is kept. */
  limit(level: LineLevel, line: string): RateLimit {
    let limit = this.#limits.get(line)
    if (limit === undefined) {
      const onSuppressed = (nowMs: number): void => this.#onSuppressed(level, line, nowMs)
      limit = new RateLimit(this.#options.nowMs, { onSuppressed })
      this.#limits.set(line, limit)
    }
    return limit
  }

  /** Sums up the floods that are not over: the server stops. */
  end(): void {
    for (const [line, flood] of this.#floods) {
      flood.cancelTimer()
      this.#sumUp(line, flood)
    }
  }

  #onSuppressed(level: LineLevel, line: string, nowMs: number): void {
    let flood = this.#floods.get(line)
    if (flood === undefined) {
      flood = { level, beganMs: nowMs, endedMs: nowMs, suppressed: 0, cancelTimer: () => {} }
      this.#floods.set(line, flood)
      this.#wait(line, flood, QUIET_MS)
    }
    flood.suppressed++
    flood.endedMs = nowMs
  }

  #wait(line: string, flood: Flood, delayMs: number): void {
    const { after, nowMs } = this.#options
    flood.cancelTimer = after(delayMs, () => {
      const leftMs = flood.endedMs + QUIET_MS - nowMs()
      if (leftMs > 0) this.#wait(line, flood, leftMs)
      else this.#sumUp(line, flood)
    })
  }

  #sumUp(line: string, { level, beganMs, endedMs, suppressed }: Flood): void {
    this.#floods.delete(line)
    const lastedMs = Math.round(endedMs - beganMs)
    this.#options.logger[level]({ line, suppressed, lastedMs }, 'log lines suppressed')
  }
}
