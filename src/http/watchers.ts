import { eventNumber, type ShownEvent, shownEvent, WATCH } from '../inspect/events-view.ts'
import { ViewError } from '../inspect/view-error.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvent, RecentEvents } from '../stats/recent-events.ts'
import { eventText, HEARTBEAT } from './event-stream.ts'
import type { HttpRequest, HttpResponse, StreamSink } from './http-server.ts'
import { type HttpRoute, jsonError } from './routes.ts'

export interface WatchersOptions {
  readonly events: RecentEvents
  readonly bootId: string
  readonly counters: Counters
  /** Whether clients must have the bearer token. Then they share the places without a limit of one address, which may be that of a proxy. */
  readonly needsToken: () => boolean
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number
  /** Runs a task periodically; returns what ends it. */
  readonly every: (periodMs: number, task: () => void) => () => void
}

const MAX_WATCHERS = 64
/** Without a token. */
const MAX_WATCHERS_PER_ADDRESS = 8
/** Events are written at most this long after they happened, all of that time together. */
const PERIOD_MS = 100
const HEARTBEAT_MS = 15_000
/** A watcher gets no more events while this many bytes wait to be read… */
const MAX_UNREAD_BYTES = 256 * 1024
/** …and is dropped if it reads none of them for this long. */
const STALL_MS = 5_000
/** Then it has to connect again: load balancers forget connections, and tabs are forgotten. */
const LIFETIME_MS = 3_600_000
const RETRY_MS = 2_000

interface Watcher {
  readonly host: string
  readonly sink: StreamSink
  /** Number of the last event that was written. */
  last: number
  readonly endsMs: number
  lastWriteMs: number
  /** Unread bytes at the last look, and since when they are too many and have not become fewer. */
  unreadBytes: number
  stalledSinceMs: number
}

/** `/api/v1/watch`: events as they happen, as server-sent events. */
export class Watchers {
  readonly #options: WatchersOptions
  readonly #watchers = new Set<Watcher>()
  /** The text of each event, shared by all watchers. */
  readonly #texts = new WeakMap<RecentEvent, Buffer>()
  #endTicks: (() => void) | undefined

  constructor(options: WatchersOptions) {
    this.#options = options
  }

  get route(): HttpRoute {
    return { path: WATCH.path, handle: (request) => this.#handle(request) }
  }

  /** Ends all streams, each with the event `bye`. */
  stop(): void {
    for (const watcher of this.#watchers) this.#end(watcher, 'the server is shutting down')
  }

  #handle(request: HttpRequest): HttpResponse {
    const { query, header, peer } = request
    const unknown = [...query.keys()].find((name) => name !== 'since')
    if (unknown !== undefined)
      return jsonError(
        400,
        'ERR_BAD_REQUEST',
        `unknown query parameter ${JSON.stringify(unknown.slice(0, 100))}`,
      )
    const host = peer.slice(0, peer.lastIndexOf(':'))
    const ofHost = [...this.#watchers].filter((watcher) => watcher.host === host).length
    const maxOfHost = this.#options.needsToken() ? MAX_WATCHERS : MAX_WATCHERS_PER_ADDRESS
    if (this.#watchers.size >= MAX_WATCHERS || ofHost >= maxOfHost)
      return jsonError(
        429,
        'ERR_LIMIT',
        `at most ${MAX_WATCHERS} watchers, and without httpTokenFile ${MAX_WATCHERS_PER_ADDRESS} of one address`,
      )
    // A browser that connects again repeats the query, too, so the header is the later one.
    const since = header('last-event-id') || query.get('since')
    try {
      const after = since === null ? undefined : this.#resumable(since)
      return {
        contentType: 'text/event-stream; charset=utf-8',
        headers: { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' },
        stream: (sink) => this.#start(host, sink, after),
      }
    } catch (error) {
      if (error instanceof ViewError) return jsonError(400, error.code, error.message)
      throw error
    }
  }

  /** The number of the event to resume after, or why that cannot be done. @throws {ViewError} It is no event id. */
  #resumable(since: string): number | 'restarted' | 'overwritten' {
    const { events, bootId } = this.#options
    const number = eventNumber(since, bootId)
    if (number === undefined || number > events.added) return 'restarted'
    const next = events.after(number)[0]?.number ?? number + 1
    return next === number + 1 ? number : 'overwritten'
  }

  #start(host: string, sink: StreamSink, after: number | string | undefined): void {
    const { events, bootId, counters, nowMs, every } = this.#options
    const { added } = events
    const watcher: Watcher = {
      host,
      sink,
      last: typeof after === 'number' ? after : added,
      endsMs: nowMs() + LIFETIME_MS,
      lastWriteMs: nowMs(),
      unreadBytes: 0,
      stalledSinceMs: nowMs(),
    }
    const id = `${bootId}-${watcher.last}`
    // The id lets a watcher resume that has got no event yet.
    sink.write(Buffer.from(`retry: ${RETRY_MS}\nid: ${id}\n\n`))
    if (typeof after === 'string') {
      const data = JSON.stringify({ reason: after, events: '/api/v1/events' })
      sink.write(Buffer.from(eventText({ id, event: 'reset', data })))
    }
    this.#watchers.add(watcher)
    counters.watchers = this.#watchers.size
    sink.onClose(() => this.#remove(watcher))
    this.#write(watcher)
    this.#endTicks ??= every(PERIOD_MS, () => this.#tick())
  }

  #tick(): void {
    for (const watcher of this.#watchers) {
      if (this.#options.nowMs() >= watcher.endsMs) this.#end(watcher, 'the stream ends after an hour')
      else this.#write(watcher)
    }
  }

  /** Writes the events that a watcher has not got, while it has room for them. */
  #write(watcher: Watcher): void {
    const { events, counters } = this.#options
    const { sink } = watcher
    const nowMs = this.#options.nowMs()
    const isWaitedFor = sink.queuedBytes > MAX_UNREAD_BYTES && sink.queuedBytes >= watcher.unreadBytes
    if (!isWaitedFor) watcher.stalledSinceMs = nowMs
    const pending = watcher.last === events.added ? [] : events.after(watcher.last)
    const isLost = pending[0] !== undefined && pending[0].number !== watcher.last + 1
    const isStalled = nowMs - watcher.stalledSinceMs >= STALL_MS
    if (isLost || isStalled) {
      counters.watchersDropped++
      this.#remove(watcher)
      sink.destroy()
      return
    }
    for (const event of pending) {
      if (sink.queuedBytes > MAX_UNREAD_BYTES) break
      sink.write(this.#textOf(event))
      watcher.last = event.number
      watcher.lastWriteMs = nowMs
    }
    if (nowMs - watcher.lastWriteMs >= HEARTBEAT_MS && sink.queuedBytes <= MAX_UNREAD_BYTES) {
      sink.write(Buffer.from(HEARTBEAT))
      watcher.lastWriteMs = nowMs
    }
    watcher.unreadBytes = sink.queuedBytes
  }

  #textOf(event: RecentEvent): Buffer {
    let text = this.#texts.get(event)
    if (text === undefined) {
      const shown: ShownEvent = shownEvent(event, this.#options.bootId)
      text = Buffer.from(eventText({ id: shown.id, event: '', data: JSON.stringify(shown) }))
      this.#texts.set(event, text)
    }
    return text
  }

  #end(watcher: Watcher, reason: string): void {
    this.#write(watcher)
    watcher.sink.write(Buffer.from(eventText({ id: '', event: 'bye', data: JSON.stringify({ reason }) })))
    watcher.sink.end()
    this.#remove(watcher)
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    this.#options.counters.watchers = this.#watchers.size
    if (this.#watchers.size > 0) return
    this.#endTicks?.()
    this.#endTicks = undefined
  }
}
