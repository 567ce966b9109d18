import type { Views } from '../inspect/api-types.ts'
import { steadyNowMs } from './clock.ts'
import { EventLog, type ServerEvent } from './event-log.ts'
import { inTab } from './storage.ts'

export type { ServerEvent }

/** What the page knows of a view. */
export interface Seen<T> {
  /** The last response; undefined before the first one. */
  readonly value: T | undefined
  /** Why the last read failed; undefined if it did not, or if all reads fail: the header says why those do. */
  readonly error: string | undefined
  /** Whether the server, or a proxy before it, rejects the view (403); `error` is its reason. */
  readonly isDenied: boolean
  /** Since the server last said that the value holds; undefined before the first response. */
  readonly ageMillis: number | undefined
  /** Whether the value is older than it should be, or the first response takes long. */
  readonly isStale: boolean
}

export interface WatchOptions {
  /** Values of the path's parameters, not encoded. */
  readonly path?: Readonly<Record<string, string>>
  /** Values that are undefined or empty are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Time after which the view is read again if no event concerns it. Default: 10 seconds. */
  readonly everyMillis?: number
  /** Whether an event may have changed the view. Default: any may have. */
  readonly concerns?: (event: ServerEvent) => boolean
  /** Whether the view has nothing but what the stream brings: it is only read when the stream has begun or ended. Default: false. */
  readonly isStreamed?: boolean
  /**
   * The view is read again when this is another value: that of a view which tells whether this one still exists. Otherwise an
   * event that ends it would have it read once more, and browsers log each 404.
   */
  readonly basis?: unknown
}

/** The state of the connection to the server. */
export type Connection =
  /** polling: reads succeed, the stream of events does not. */
  | { readonly state: 'connecting' | 'live' | 'polling' | 'token' | 'resting' }
  | { readonly state: 'lost'; readonly sinceMillis: number | undefined; readonly reason: string }

/** What the server said of a view, the last time that it did. */
interface LastResponse {
  readonly value?: unknown
  /** Its characters. */
  readonly size: number
  readonly etag?: string | undefined
  readonly error?: string | undefined
  readonly isDenied?: boolean
  /** When it came, or was confirmed; undefined without a value. */
  readonly receivedMs?: number | undefined
}

interface Reading {
  readonly address: string
  readonly createdMs: number
  options: WatchOptions
  last: LastResponse
  startedMs: number
  /** Reads that failed since the last that succeeded. */
  failures: number
  /** Whether something has made it old since its last read began. */
  isDirty: boolean
  timer: ReturnType<typeof setTimeout> | undefined
  /** Of the read under way. */
  abort: AbortController | undefined
}

const DEFAULT_EVERY_MS = 10_000
/** Events come in bursts; a view is read at most this often because of them. */
const MIN_PERIOD_MS = 1_000
const TIMEOUT_MS = 10_000
const MAX_BACKOFF_MS = 15_000
/** A server rejects what exceeds 16 views at once, those of other tabs and commands included. */
const MAX_AT_ONCE = 4
/** A first response that takes longer is late. */
const LATE_MS = 2_000
/** Characters of the views that are not shown any more, kept for the way back. */
const MAX_KEPT_SIZE = 16 * 1024 * 1024
/** Estimate of what a view takes besides its response, so that their number is limited, too. */
const OVERHEAD = 16 * 1024
const NOT_JSON = 'the response is not JSON; a proxy may want you to log in'
const TOKEN_KEY = 'mqnamesrv-token'

/** The time before the next try, longer with every failure, and never the same for all tabs. */
export function backoffMillis(failures: number): number {
  return Math.min(MAX_BACKOFF_MS, 500 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2)
}

/**
 * Reads views of the server, and reads them again when an event concerns them and from time to time, as long as they are shown.
 *
 * Rendering says what is shown: whatever `watch` is asked for between `beginRender` and `endRender`.
 */
export class Store {
  readonly #changed: () => void
  readonly #readings = new Map<string, Reading>()
  readonly #shown = new Set<Reading>()
  /** Those whose time has come, first come, first read. */
  readonly #due = new Set<Reading>()
  #underWay = 0
  /** Those that failed since the server was last heard. */
  readonly #failing = new Set<Reading>()
  #lostReason: string | undefined
  /** What the stream has brought, and what views add that read events. */
  readonly log = new EventLog()
  #isStreaming = false
  #streamHeardMs = 0
  #isResting = false
  #needsToken = false
  #wasRejected = false
  #hasAnswered = false
  #clockOffsetMs = 0

  /** @param changed - Called when something is to be rendered. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  beginRender(): void {
    this.#shown.clear()
  }

  /** Views that were not asked for are not read any more; of these, the ones shown last are kept. */
  endRender(): void {
    let kept = 0
    for (const reading of [...this.#readings.values()].reverse()) {
      if (this.#shown.has(reading)) continue
      this.#rest(reading)
      kept += reading.last.size + OVERHEAD
      if (kept > MAX_KEPT_SIZE) this.#readings.delete(reading.address)
    }
  }

  /** A view, which is read if need be. Call it while rendering. */
  watch<Path extends keyof Views & string>(view: Path, options: WatchOptions = {}): Seen<Views[Path]> {
    const reading = this.#readingOf(addressOf(view, options), options)
    if (!this.#shown.has(reading)) {
      this.#shown.add(reading)
      if (reading.timer === undefined) this.#schedule(reading)
    }
    const { failures, createdMs, last } = reading
    const { value, error, isDenied = false } = last
    const receivedMs = this.#holdsSince(reading)
    const ageMillis = receivedMs === undefined ? undefined : steadyNowMs() - receivedMs
    const isLate =
      ageMillis === undefined
        ? steadyNowMs() - createdMs > LATE_MS
        : ageMillis > 2 * this.#everyOf(reading) + MIN_PERIOD_MS
    return {
      value: value as Views[Path] | undefined,
      error: value !== undefined && this.#lostReason !== undefined ? undefined : error,
      isDenied,
      ageMillis,
      // A failed read is tried again at once; the second failure in a row counts.
      isStale: isLate || failures > 1,
    }
  }

  get connection(): Connection {
    if (this.#needsToken) return { state: 'token' }
    if (this.#isResting) return { state: 'resting' }
    if (this.#lostReason !== undefined) {
      const shownMs = [...this.#shown].flatMap((reading) => this.#holdsSince(reading) ?? [])
      const sinceMillis = shownMs.length === 0 ? undefined : Math.min(...shownMs)
      return { state: 'lost', sinceMillis, reason: this.#lostReason }
    }
    return { state: this.#isStreaming ? 'live' : this.#hasAnswered ? 'polling' : 'connecting' }
  }

  /** Whether the token that was given is not the server's. */
  get wasRejected(): boolean {
    return this.#wasRejected
  }

  get hasToken(): boolean {
    return inTab.get(TOKEN_KEY) !== null
  }

  /** The time by the server's clock, in milliseconds since the epoch, to about a second. */
  get serverNowMs(): number {
    return steadyNowMs() + this.#clockOffsetMs
  }

  /** Keeps the token for this tab, and reads everything again with it. */
  setToken(token: string): void {
    inTab.set(TOKEN_KEY, token)
    this.#needsToken = false
    this.refresh()
    this.#changed()
  }

  /** Asks the server, with the token. A 401 for the lack of one makes the page ask for it. */
  async fetch(
    address: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const token = inTab.get(TOKEN_KEY)
    const response = await fetch(address, {
      headers: { ...headers, ...(token !== null && { Authorization: `Bearer ${token}` }) },
      cache: 'no-store',
      // A proxy in front of the server may know its users by cookie.
      credentials: 'same-origin',
      signal,
    })
    if (wantsToken(response) && token === inTab.get(TOKEN_KEY)) {
      this.#wasRejected = token !== null
      this.#needsToken = true
      this.#restAll()
      this.#changed()
    }
    return response
  }

  /** Whether nothing is to be asked at present. */
  get isPaused(): boolean {
    return this.#isResting || this.#needsToken
  }

  /** The tab is hidden, and rests, or is shown again. */
  setResting(isResting: boolean): void {
    if (this.#isResting === isResting) return
    this.#isResting = isResting
    if (isResting) this.#restAll()
    else this.refresh()
    this.#changed()
  }

  /** The stream of events is open, or closed. */
  setStreaming(isStreaming: boolean): void {
    if (this.#isStreaming === isStreaming) return
    this.#isStreaming = isStreaming
    // What happened between a read and the begin of the stream is in neither.
    if (isStreaming) this.#refresh(({ options, failures }) => options.isStreamed === true || failures > 0)
    // The stream ends when the server does, and resumes where it ended.
    else this.refresh()
    this.#changed()
  }

  /** The stream has brought something, if only a sign of life. */
  onStream(): void {
    this.#streamHeardMs = steadyNowMs()
    this.#onHeard()
  }

  /** An event has come: the views that it concerns are read again. */
  onEvent(event: ServerEvent): void {
    this.log.add(event)
    this.#changed()
    for (const reading of this.#readings.values())
      if (reading.options.concerns?.(event) ?? true) {
        reading.isDirty = true
        this.#schedule(reading)
      }
  }

  /** Reads all that is shown again, and the rest when it is shown again. */
  refresh(): void {
    this.#refresh(() => true)
  }

  #refresh(isMeant: (reading: Reading) => boolean): void {
    for (const reading of this.#readings.values()) if (isMeant(reading)) this.#hasten(reading)
  }

  /** Reads it again at once, if it is shown. */
  #hasten(reading: Reading): void {
    reading.isDirty = true
    reading.startedMs = Number.NEGATIVE_INFINITY
    this.#schedule(reading)
  }

  #readingOf(address: string, options: WatchOptions): Reading {
    const reading = this.#readings.get(address) ?? {
      address,
      createdMs: steadyNowMs(),
      options,
      last: { size: 0 },
      startedMs: Number.NEGATIVE_INFINITY,
      failures: 0,
      isDirty: true,
      timer: undefined,
      abort: undefined,
    }
    if (reading.options.basis !== options.basis) {
      reading.isDirty = true
      this.#schedule(reading)
    }
    reading.options = options
    // The one shown last is the last.
    this.#readings.delete(address)
    this.#readings.set(address, reading)
    return reading
  }

  #everyOf({ options }: Reading): number {
    return options.everyMillis ?? DEFAULT_EVERY_MS
  }

  /** When the server last said that the value holds. */
  #holdsSince({ last: { receivedMs }, options }: Reading): number | undefined {
    if (receivedMs === undefined || options.isStreamed !== true) return receivedMs
    return Math.max(receivedMs, this.#streamHeardMs)
  }

  /** Sets the time of the next read; none while one is due or under way, which sets it at its end. */
  #schedule(reading: Reading): void {
    clearTimeout(reading.timer)
    reading.timer = undefined
    if (this.#due.has(reading) || reading.abort !== undefined) return
    if (this.isPaused || !this.#shown.has(reading)) return
    const { failures, isDirty, startedMs, options } = reading
    if (options.isStreamed === true && this.#isStreaming && !isDirty && failures === 0) return
    const period = failures > 0 ? backoffMillis(failures) : isDirty ? MIN_PERIOD_MS : this.#everyOf(reading)
    const delay = Math.max(0, startedMs + period - performance.now())
    reading.timer = setTimeout(() => {
      reading.timer = undefined
      this.#due.add(reading)
      this.#readDue()
    }, delay)
  }

  #restAll(): void {
    for (const reading of this.#readings.values()) this.#rest(reading)
  }

  #rest(reading: Reading): void {
    clearTimeout(reading.timer)
    reading.timer = undefined
    this.#due.delete(reading)
    this.#failing.delete(reading)
    if (reading.abort === undefined) return
    reading.isDirty = true
    reading.abort.abort()
  }

  #readDue(): void {
    for (const reading of this.#due) {
      if (this.#underWay >= MAX_AT_ONCE) return
      this.#due.delete(reading)
      void this.#read(reading)
    }
  }

  /** Never rejects. */
  async #read(reading: Reading): Promise<void> {
    const abort = new AbortController()
    const timeout = setTimeout(() => abort.abort(), TIMEOUT_MS)
    reading.abort = abort
    reading.isDirty = false
    reading.startedMs = performance.now()
    this.#underWay++
    try {
      const { etag } = reading.last
      const known = etag === undefined ? {} : { 'If-None-Match': etag }
      await this.#take(reading, await this.fetch(reading.address, known, abort.signal))
    } catch (error) {
      // A view that is not shown any more has not failed.
      if (!this.isPaused && this.#shown.has(reading))
        this.#noteFailure(reading, error instanceof SyntaxError ? NOT_JSON : 'no answer')
    } finally {
      clearTimeout(timeout)
      this.#underWay--
      reading.abort = undefined
      this.#schedule(reading)
      this.#readDue()
      this.#changed()
    }
  }

  async #take(reading: Reading, response: Response): Promise<void> {
    this.#hasAnswered = true
    this.#noteClock(response)
    const { ok, status, headers } = response
    if (wantsToken(response)) return
    if (status >= 500 || status === 429) return this.#noteFailure(reading, await reasonOf(response))
    if (ok) {
      const text = await response.text()
      const etag = headers.get('etag') ?? undefined
      reading.last = { value: JSON.parse(text), size: text.length, etag, receivedMs: steadyNowMs() }
    } else if (status === 304) {
      const { value, size, etag } = reading.last
      reading.last = { value, size, etag, receivedMs: steadyNowMs() }
    } else {
      // There is no such topic any more, or the policy does not allow it.
      reading.last = { error: await reasonOf(response), isDenied: status === 403, size: 0 }
    }
    reading.failures = 0
    this.#onHeard()
  }

  /** The server is lost if what the header shows fails, and another view: the one that has not failed yet is read to find out. */
  #noteFailure(reading: Reading, error: string): void {
    reading.last = { ...reading.last, error }
    reading.failures++
    this.#failing.add(reading)
    const [first = reading, second = first] = this.#shown
    const other = this.#failing.has(first) ? second : first
    if (this.#failing.has(first) && (this.#failing.size > 1 || other === first)) this.#lostReason = error
    else if (other.abort === undefined) this.#hasten(other)
  }

  #onHeard(): void {
    this.#failing.clear()
    this.#lostReason = undefined
  }

  #noteClock({ headers }: Response): void {
    // Its date is cut to seconds, and half of one is what it is off by on average.
    const offsetMs = Date.parse(headers.get('date') ?? '') + 500 - steadyNowMs()
    if (!Number.isNaN(offsetMs) && Math.abs(offsetMs - this.#clockOffsetMs) > 1_500)
      this.#clockOffsetMs = offsetMs
  }
}

/** The address of a view, relative to the page, so that it holds behind any path of a proxy. */
export function addressOf(view: keyof Views & string, { path = {}, query = {} }: WatchOptions = {}): string {
  const filled = view
    .slice(1)
    .replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''))
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => (pair[1] ?? '') !== '')
  return pairs.length === 0 ? filled : `${filled}?${new URLSearchParams(pairs)}`
}

/** Whether the server wants a token; a proxy may want something else. */
function wantsToken({ status, headers }: Response): boolean {
  return status === 401 && /\bbearer\b/i.test(headers.get('www-authenticate') ?? '')
}

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    return JSON.parse(text).error.message
  } catch {
    return text.trim().slice(0, 300) || `status ${response.status}`
  }
}
