import type { Views } from '../inspect/api-types.ts'
import { EventLog, type ServerEvent } from './event-log.ts'
import { inTab } from './storage.ts'

export type { ServerEvent }

/** What the page knows of a view. */
export interface Seen<T> {
  /** The last response; undefined before the first one. */
  readonly value: T | undefined
  /** Why the last read failed; undefined if it did not. */
  readonly error: string | undefined
  /** Since the server last said that the value holds; undefined before the first response. */
  readonly ageMillis: number | undefined
  /** Whether the value is older than it should be. */
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
}

/** The state of the connection to the server. */
export type Connection =
  /** polling: reads succeed, the stream of events does not. */
  | { readonly state: 'connecting' | 'live' | 'polling' | 'token' | 'resting' }
  | { readonly state: 'lost'; readonly sinceMillis: number | undefined; readonly reason: string }

interface Reading {
  readonly address: string
  options: WatchOptions
  value: unknown
  etag: string | undefined
  error: string | undefined
  receivedMs: number | undefined
  startedMs: number
  /** Reads that failed since the last that succeeded. */
  failures: number
  isReading: boolean
  /** Whether an event has made it old while it was read. */
  isDirty: boolean
  timer: ReturnType<typeof setTimeout> | undefined
  abort: AbortController | undefined
}

const DEFAULT_EVERY_MS = 10_000
/** Events come in bursts; a view is read at most this often because of them. */
const MIN_PERIOD_MS = 1_000
const TIMEOUT_MS = 10_000
const MAX_BACKOFF_MS = 15_000
/** Views that are not shown any more, kept for the way back. */
const MAX_KEPT = 8
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
  /** What the stream has brought, and what views add that read events. */
  readonly log = new EventLog()
  #isStreaming = false
  #streamHeardMs = 0
  #isResting = false
  #needsToken = false
  #wasRejected = false
  #lastAnswerMs: number | undefined
  #clockOffsetMs = 0

  /** @param changed - Called when something is to be rendered. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  beginRender(): void {
    this.#shown.clear()
  }

  /** Views that were not asked for are not read any more. */
  endRender(): void {
    let kept = 0
    for (const reading of [...this.#readings.values()].reverse()) {
      if (this.#shown.has(reading)) continue
      this.#rest(reading)
      if (++kept > MAX_KEPT) this.#readings.delete(reading.address)
    }
  }

  /** A view, which is read if need be. Call it while rendering. */
  watch<Path extends keyof Views & string>(view: Path, options: WatchOptions = {}): Seen<Views[Path]> {
    const reading = this.#readingOf(addressOf(view, options), options)
    if (!this.#shown.has(reading)) {
      this.#shown.add(reading)
      if (reading.timer === undefined && !reading.isReading) this.#schedule(reading)
    }
    const { value, error } = reading
    const receivedMs = this.#holdsSince(reading)
    const ageMillis = receivedMs === undefined ? undefined : Date.now() - receivedMs
    return {
      value: value as Views[Path] | undefined,
      error,
      ageMillis,
      isStale: ageMillis !== undefined && ageMillis > 2 * this.#everyOf(reading) + MIN_PERIOD_MS,
    }
  }

  get connection(): Connection {
    if (this.#needsToken) return { state: 'token' }
    if (this.#isResting) return { state: 'resting' }
    const failed = [...this.#shown].find(({ failures }) => failures > 0)
    const shownMs = [...this.#shown].flatMap((reading) => this.#holdsSince(reading) ?? [])
    const sinceMillis = shownMs.length === 0 ? undefined : Math.min(...shownMs)
    if (failed !== undefined) return { state: 'lost', sinceMillis, reason: failed.error ?? '' }
    if (this.#lastAnswerMs === undefined) return { state: 'connecting' }
    return { state: this.#isStreaming ? 'live' : 'polling' }
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
    return Date.now() + this.#clockOffsetMs
  }

  /** Keeps the token for this tab, and reads everything again with it. */
  setToken(token: string): void {
    inTab.set(TOKEN_KEY, token)
    this.#needsToken = false
    this.refresh()
    this.#changed()
  }

  /** Asks the server, with the token. A 401 makes the page ask for one. */
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
    if (response.status === 401 && token === inTab.get(TOKEN_KEY)) {
      this.#wasRejected = token !== null
      this.#needsToken = true
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
    if (isResting) for (const reading of this.#readings.values()) this.#rest(reading)
    else this.refresh()
    this.#changed()
  }

  /** The stream of events is open, or closed. */
  setStreaming(isStreaming: boolean): void {
    if (this.#isStreaming === isStreaming) return
    this.#isStreaming = isStreaming
    // What happened between a read and the begin of the stream is in neither.
    if (isStreaming) this.#refresh(({ options }) => options.isStreamed === true)
    // The stream ends when the server does, and resumes where it ended.
    if (!isStreaming || [...this.#shown].some(({ failures }) => failures > 0)) this.refresh()
    this.#changed()
  }

  /** The stream has brought something, if only a sign of life. */
  onStream(): void {
    this.#streamHeardMs = Date.now()
  }

  /** An event has come: the views that it concerns are read again. */
  onEvent(event: ServerEvent): void {
    this.log.add(event)
    this.#changed()
    for (const reading of this.#shown)
      if (reading.options.concerns?.(event) ?? true) {
        reading.isDirty = true
        if (!reading.isReading) this.#schedule(reading)
      }
  }

  /** Reads all that is shown again. */
  refresh(): void {
    this.#refresh(() => true)
  }

  #refresh(isMeant: (reading: Reading) => boolean): void {
    for (const reading of [...this.#shown].filter(isMeant)) {
      reading.isDirty = true
      reading.startedMs = Number.NEGATIVE_INFINITY
      if (!reading.isReading) this.#schedule(reading)
    }
  }

  #readingOf(address: string, options: WatchOptions): Reading {
    const known = this.#readings.get(address)
    if (known !== undefined) {
      known.options = options
      return known
    }
    const reading: Reading = {
      address,
      options,
      value: undefined,
      etag: undefined,
      error: undefined,
      receivedMs: undefined,
      startedMs: Number.NEGATIVE_INFINITY,
      failures: 0,
      isReading: false,
      isDirty: true,
      timer: undefined,
      abort: undefined,
    }
    this.#readings.set(address, reading)
    return reading
  }

  #everyOf({ options }: Reading): number {
    return options.everyMillis ?? DEFAULT_EVERY_MS
  }

  /** When the server last said that the value holds. */
  #holdsSince({ receivedMs, options }: Reading): number | undefined {
    if (receivedMs === undefined || options.isStreamed !== true) return receivedMs
    return Math.max(receivedMs, this.#streamHeardMs)
  }

  /** Sets the time of the next read. */
  #schedule(reading: Reading): void {
    clearTimeout(reading.timer)
    reading.timer = undefined
    if (this.isPaused || !this.#shown.has(reading)) return
    const { failures, isDirty, startedMs, options } = reading
    if (options.isStreamed === true && this.#isStreaming && !isDirty && failures === 0) return
    const period = failures > 0 ? backoffMillis(failures) : isDirty ? MIN_PERIOD_MS : this.#everyOf(reading)
    const delay = Math.max(0, startedMs + period - performance.now())
    reading.timer = setTimeout(() => {
      reading.timer = undefined
      void this.#read(reading)
    }, delay)
  }

  #rest(reading: Reading): void {
    clearTimeout(reading.timer)
    reading.timer = undefined
    reading.isDirty = true
    reading.abort?.abort()
  }

  /** Never rejects. */
  async #read(reading: Reading): Promise<void> {
    const abort = new AbortController()
    const timeout = setTimeout(() => abort.abort(), TIMEOUT_MS)
    Object.assign(reading, { abort, isReading: true, isDirty: false, startedMs: performance.now() })
    try {
      const { address, etag } = reading
      const response = await this.fetch(
        address,
        etag === undefined ? {} : { 'If-None-Match': etag },
        abort.signal,
      )
      this.#noteAnswer(response)
      if (response.ok) {
        const value: unknown = await response.json()
        Object.assign(reading, {
          value,
          etag: response.headers.get('etag') ?? undefined,
        })
      }
      if (response.ok || response.status === 304)
        Object.assign(reading, { error: undefined, receivedMs: Date.now(), failures: 0 })
      // An answer: there is no such topic any more, or no such version of a client.
      else if (response.status !== 401 && response.status < 500)
        Object.assign(reading, {
          error: await reasonOf(response),
          value: undefined,
          etag: undefined,
          failures: 0,
        })
      else if (response.status >= 500) this.#noteFailure(reading, await reasonOf(response))
    } catch {
      // A view that is not shown any more has not failed.
      if (!this.isPaused && this.#shown.has(reading)) this.#noteFailure(reading, 'no answer')
    } finally {
      clearTimeout(timeout)
      reading.isReading = false
      reading.abort = undefined
      this.#schedule(reading)
      this.#changed()
    }
  }

  #noteFailure(reading: Reading, error: string): void {
    reading.error = error
    reading.failures++
  }

  #noteAnswer(response: Response): void {
    this.#lastAnswerMs = Date.now()
    const dateMs = Date.parse(response.headers.get('date') ?? '')
    // Its date is cut to seconds, and half of one is what it is off by on average.
    const offsetMs = dateMs + 500 - this.#lastAnswerMs
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

async function reasonOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    return JSON.parse(text).error.message
  } catch {
    return text.trim().slice(0, 300) || `status ${response.status}`
  }
}
