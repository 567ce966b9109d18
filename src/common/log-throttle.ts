import type { NamesrvLogger } from './logger.ts'

/** Level of a throttled line, and of the line that sums up a flood of it. */
export type LineLevel = 'info' | 'warn' | 'error'

/** Fields of a throttled line. Some of them select the budget that it counts against. */
export interface LineFields {
  /** `host:port`. Each host has a budget of its own: a flood by one of them hides no line about another. */
  readonly peer?: string | undefined
  /** In place of the peer for brokers that have no connection here. */
  readonly brokerAddr?: string | null | undefined
  /** Each limit has a budget of its own. */
  readonly limit?: string | undefined
  readonly [field: string]: unknown
}

/** What the throttle needs. */
export interface LogThrottleOptions {
  readonly logger: NamesrvLogger
  readonly nowMs: () => number
  /** Runs a task once, later; returns what cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
}

/** Lines that are written in a window: about one host, and about all of them, which also limits the memory for hosts. */
const MAX_LINES_PER_HOST = 10
const MAX_LINES = 100
const WINDOW_MS = 10_000
/** Longer than any `[IPv6]:port`. A broker announces any text as its address; one that is no address must not be kept. */
const MAX_ADDRESS_CHARACTERS = 64
/** Max characters of a text, which may come from a peer. */
const MAX_TEXT_CHARACTERS = 300
/** Max characters of the field `error`, a text of our own or of the system: advice about a file in a deep folder must fit. */
const MAX_ERROR_CHARACTERS = 1_000

/** Lines that are being suppressed. */
interface Flood {
  readonly beganMs: number
  endedMs: number
  suppressed: number
  cancelTimer: () => void
}

/** The lines of one kind, and what has been written of them. */
class Kind {
  readonly name: string
  readonly level: LineLevel
  /** Since the last line that was written. */
  suppressed = 0
  flood: Flood | undefined
  #windowStartMs = Number.NEGATIVE_INFINITY
  #written = 0
  readonly #writtenOfHost = new Map<string, number>()

  constructor(name: string, level: LineLevel) {
    this.name = name
    this.level = level
  }

  /** Takes a line from the budget. The port of an address does not count, since each connection has another. */
  take(nowMs: number, address: string): boolean {
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs
      this.#written = 0
      this.#writtenOfHost.clear()
    }
    const host = address.length > MAX_ADDRESS_CHARACTERS ? '' : address.slice(0, address.lastIndexOf(':'))
    const writtenOfHost = this.#writtenOfHost.get(host) ?? 0
    if (writtenOfHost >= MAX_LINES_PER_HOST || this.#written >= MAX_LINES) return false
    this.#written++
    this.#writtenOfHost.set(host, writtenOfHost + 1)
    return true
  }
}

/**
 * Writes each kind of log line that a peer can cause a limited number of times in a window, so that no peer can fill the disk.
 * When a flood is over, one line says how many lines were suppressed.
 */
export class LogThrottle {
  readonly #options: LogThrottleOptions
  readonly #kinds = new Map<string, Kind>()

  constructor(options: LogThrottleOptions) {
    this.#options = options
  }

  /**
   * Writes a line, its long texts cut, unless its budget is used up.
   * @param line - A fixed phrase, never a peer's text: each one is kept.
   * @returns Whether it was written.
   */
  log(level: LineLevel, line: string, fields: LineFields): boolean {
    const name = fields.limit === undefined ? line : `${line} (${fields.limit})`
    const kind = this.#kinds.get(name) ?? new Kind(name, level)
    this.#kinds.set(name, kind)
    const nowMs = this.#options.nowMs()
    if (!kind.take(nowMs, fields.peer ?? fields.brokerAddr ?? '')) {
      this.#suppress(kind, nowMs)
      return false
    }
    const suppressed = kind.suppressed || undefined
    kind.suppressed = 0
    const cut = Object.fromEntries(
      Object.entries(fields).map(([field, value]) => [
        field,
        cutValue(value, field === 'error' ? MAX_ERROR_CHARACTERS : MAX_TEXT_CHARACTERS),
      ]),
    )
    this.#options.logger[level]({ ...cut, suppressed }, line)
    return true
  }

  /** Sums up the floods that are not over: the server stops. */
  end(): void {
    for (const kind of this.#kinds.values()) {
      kind.flood?.cancelTimer()
      if (kind.flood !== undefined) this.#sumUp(kind, kind.flood)
    }
  }

  #suppress(kind: Kind, nowMs: number): void {
    kind.suppressed++
    if (kind.flood === undefined) {
      kind.flood = { beganMs: nowMs, endedMs: nowMs, suppressed: 0, cancelTimer: () => {} }
      this.#awaitEnd(kind, kind.flood, WINDOW_MS)
    }
    kind.flood.suppressed++
    kind.flood.endedMs = nowMs
  }

  /** A flood is over when no line was suppressed for a window. */
  #awaitEnd(kind: Kind, flood: Flood, delayMs: number): void {
    const { after, nowMs } = this.#options
    flood.cancelTimer = after(delayMs, () => {
      const leftMs = flood.endedMs + WINDOW_MS - nowMs()
      if (leftMs > 0) this.#awaitEnd(kind, flood, leftMs)
      else this.#sumUp(kind, flood)
    })
  }

  #sumUp(kind: Kind, { beganMs, endedMs, suppressed }: Flood): void {
    kind.flood = undefined
    const lastedMs = Math.round(endedMs - beganMs)
    this.#options.logger[kind.level]({ line: kind.name, suppressed, lastedMs }, 'log lines suppressed')
  }
}

function cutValue(value: unknown, maxCharacters: number): unknown {
  if (typeof value === 'string') return cutText(value, maxCharacters)
  return Array.isArray(value) ? value.map((item) => cutValue(item, maxCharacters)) : value
}

/** A text from a peer as a log line shows it: its head, and its length if it was cut. */
export function cutText(text: string, maxCharacters = MAX_TEXT_CHARACTERS): string {
  if (text.length <= maxCharacters) return text
  return `${text.slice(0, maxCharacters)}… (${text.length} characters)`
}
