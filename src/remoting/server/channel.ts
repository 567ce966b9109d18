import type { Socket } from 'node:net'
import type { LimitError } from '../../common/limit-error.ts'
import type { BufferPool } from '../../protocol/buffer-pool.ts'
import type { CommandDecoder } from '../../protocol/command-decoder.ts'
import { FrameError } from '../../protocol/errors.ts'
import { FrameDecoder } from '../../protocol/frame-decoder.ts'
import type { ChannelRef, RequestContext } from '../../protocol/processor.ts'
import {
  isOneway,
  isResponse,
  type RemotingCommand,
  type RemotingResponse,
} from '../../protocol/remoting-command.ts'
import type { Counters } from '../../stats/counters.ts'
import type {
  ConnectionMemoryLimit,
  LimitedConnection,
  RequestsInProgress,
} from './connection-memory-limit.ts'
import { type LargeFrameThrottle, LEAST_PAUSE_BYTES } from './large-frame-throttle.ts'
import type { RequestDispatcher } from './request-dispatcher.ts'
import type { ResponseBuffer } from './response-buffer.ts'
import type { SharedReadBuffer } from './shared-read-buffer.ts'

/** What every channel of a server shares. */
export interface ChannelOptions {
  readonly dispatcher: RequestDispatcher
  readonly nowMs: () => number
  readonly maxFrameBytes: number
  readonly commandDecoder: CommandDecoder
  /** Shared, since every channel empties it before its turn is over. */
  readonly answers: ResponseBuffer
  /** What sockets read into; undefined if each is to read into memory of its own. */
  readonly reads: SharedReadBuffer | undefined
  /** What large frames are put together in. */
  readonly assemblies: BufferPool
  readonly pace: LargeFrameThrottle
  readonly counters: Counters
  /** What is held of requests that are not whole, on all channels together. */
  readonly queuedRequests: ConnectionMemoryLimit
  readonly inProgress: RequestsInProgress
  /** What is held of answers, on all channels together. */
  readonly queuedAnswers: ConnectionMemoryLimit
  /** Told once why a channel is being closed by us, or that its socket failed. */
  readonly onFailure: (channel: ChannelRef, error: Error) => void
  /** Told once of an error that nobody expected; the channel is being closed, and the others go on. */
  readonly onDefect: (channel: ChannelRef, error: unknown) => void
}

/** What a channel takes over from the connection as it was accepted. */
export interface AcceptedConnection {
  readonly id: number
  /** `host:port` of the peer, which a proxy may stand before. */
  readonly remoteAddress: string
  /** Idle for this many milliseconds, it is closed. */
  readonly maxIdleMs: number
}

/** A large answer is handed to the socket in pieces of this size, so that its progress can be seen. */
const PIECE_BYTES = 256 * 1024

/**
 * One connection: bytes in, answers out, in the order of their requests.
 *
 * The answers to the frames of one read leave in one write. A request whose answer takes longer holds up those behind it on
 * this connection, and so does a peer that does not read its answers: nothing more is read from it until it does. So a peer
 * can make us keep one read, one request and the answers of one read at most.
 */
export class Channel implements ChannelRef, LimitedConnection {
  readonly id: number
  readonly remoteAddress: string
  /** Idle for this many milliseconds, it is closed; the limit in effect when the connection was accepted. */
  readonly maxIdleMs: number
  readonly #socket: Socket
  readonly #options: ChannelOptions
  readonly #decoder: FrameDecoder
  /** What is to be sent when the socket has taken what it was given. */
  #unsent: Buffer[] = []
  /** Whether the bytes of a read are other ones as soon as it has been worked on. */
  readonly #sharesReads: boolean
  /** A request is being worked on beyond its turn. */
  #held = false
  #congested = false
  /** Bytes of large frames taken since the last pause for others. */
  #largeBytes = 0
  /** Others come first for a while. */
  #paused = false
  #closing = false
  #closed = false
  /** Whether bytes of requests, and of answers, are accounted to this connection. */
  #holdsRequests = false
  #holdsAnswers = false
  /** Whether the socket has taken every write at once so far, as all do but encrypted ones and those of slow peers. */
  #takesAtOnce = true
  #lastActivityMs: number

  constructor(socket: Socket, options: ChannelOptions, accepted: AcceptedConnection) {
    this.id = accepted.id
    this.#socket = socket
    this.#options = options
    this.#decoder = new FrameDecoder(options.maxFrameBytes, options.assemblies)
    this.#lastActivityMs = options.nowMs()
    this.remoteAddress = accepted.remoteAddress
    this.maxIdleMs = accepted.maxIdleMs
    this.#sharesReads = options.reads?.attach(socket, (bytes) => this.receive(bytes)) === true
    if (!this.#sharesReads) socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error) => options.onFailure(this, error))
    socket.on('close', () => {
      this.#closed = true
      // Somebody may still know this connection.
      this.#decoder.release()
      this.#unsent = []
      options.queuedRequests.report(this, 0, false)
      options.queuedAnswers.report(this, 0, false)
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Whether nothing more is taken from the peer. */
  get closing(): boolean {
    return this.#closing
  }

  /** When bytes last went in or out. */
  get lastActivityMs(): number {
    return this.#lastActivityMs
  }

  /** Called after a pause of the process. */
  extendIdleTime(pausedMs: number, nowMs: number): void {
    this.#lastActivityMs = Math.min(nowMs, this.#lastActivityMs + pausedMs)
  }

  /** Sends what is written and closes; nothing more is taken from the peer. */
  closeGently(): void {
    this.#closing = true
    this.#end()
  }

  /** Takes nothing more from the peer, and closes when the request that is being worked on has been answered. */
  finish(): void {
    this.#closing = true
    if (!this.#held) this.#end()
  }

  /** Closes at once. */
  destroy(): void {
    this.#closing = true
    this.#socket.destroy()
  }

  evict(error: LimitError): void {
    this.destroy()
    this.#options.onFailure(this, error)
  }

  /** Takes bytes from the peer. With a shared read buffer they are looked at no more when this returns. */
  receive(chunk: Buffer): void {
    if (this.#closing) return
    const { nowMs, pace, counters } = this.#options
    const decoder = this.#decoder
    const large = decoder.assembling
    this.#lastActivityMs = nowMs()
    counters.bytesIn += chunk.length
    decoder.append(chunk)
    this.#work()
    if (this.#sharesReads) decoder.keepUnread()
    if (large || decoder.assembling) this.#pauseForOthers(chunk.length)
    else if (decoder.bufferedBytes === 0) pace.servedOther(this.#lastActivityMs)
  }

  #pauseForOthers(bytes: number): void {
    const { pace } = this.#options
    this.#largeBytes = pace.servesOthers ? this.#largeBytes + bytes : 0
    if (this.#paused || this.#largeBytes < LEAST_PAUSE_BYTES) return
    pace.wait(this.#largeBytes, () => this.#onOthersServed())
    this.#paused = true
    this.#largeBytes = 0
    this.#socket.pause()
  }

  #onOthersServed(): void {
    this.#paused = false
    if (!this.#closed) this.#work()
  }

  #onDrain(): void {
    this.#lastActivityMs = this.#options.nowMs()
    this.#congested = false
    this.#holdsAnswers = false
    this.#options.queuedAnswers.report(this, 0, true)
    this.#send()
    this.#work()
  }

  /** Answers frames until there are no more, or until one must be waited for; then sends what came of it. */
  #work(): void {
    const context: RequestContext = { channel: this, nowMs: this.#lastActivityMs }
    const decoder = this.#decoder
    let frames = 0
    try {
      while (!this.#held && !this.#congested && !this.#closing && decoder.advance()) {
        frames++
        this.#answer(this.#decode(), context)
      }
    } catch (error) {
      this.#options.counters.framesIn += frames
      if (!(error instanceof FrameError)) {
        this.#onDefect(error)
        return
      }
      this.#flush()
      this.#options.onFailure(this, error)
      this.closeGently()
      return
    }
    this.#flush()
    if (this.#held || this.#congested || this.#paused) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
    this.#options.counters.framesIn += frames
    this.#account(frames > 0)
  }

  /** Says what is held for this connection: for most, at the end of each turn, nothing. */
  #account(gotOn: boolean): void {
    if (this.#closed) return
    const unread = this.#decoder.bufferedBytes
    if (unread > 0 || this.#holdsRequests) {
      this.#holdsRequests = unread > 0
      this.#options.queuedRequests.report(this, unread, gotOn)
    }
    if (this.#congested || this.#holdsAnswers) {
      const unsent = this.#unsent.reduce((sum, piece) => sum + piece.length, this.#socket.writableLength)
      this.#holdsAnswers = unsent > 0
      this.#options.queuedAnswers.report(this, unsent, false)
    }
  }

  #decode(): RemotingCommand {
    const decoder = this.#decoder
    const request = this.#options.commandDecoder.decode(decoder.bytes, decoder.from, decoder.to)
    // Who answers later still looks at the body then.
    if (request.body === null || !this.#sharesReads || decoder.ownsFrame) return request
    return { ...request, body: Buffer.from(request.body) }
  }

  #answer(request: RemotingCommand, context: RequestContext): void {
    // We ask nothing over these connections, so an answer has no question: it is dropped, as in Java.
    if (isResponse(request)) return
    const { frameMemory } = this.#decoder
    const response = this.#dispatch(request, context)
    if (response instanceof Promise) {
      this.#await(request, response, frameMemory)
    } else {
      this.#queue(request, response)
      if (frameMemory !== undefined) this.#options.assemblies.giveBack(frameMemory)
    }
  }

  #dispatch(request: RemotingCommand, context: RequestContext): RemotingResponse | Promise<RemotingResponse> {
    const { dispatcher, inProgress } = this.#options
    const error = request.body === null ? undefined : inProgress.check(request.body.length)
    if (error !== undefined) return dispatcher.reject(error, request, context)
    return dispatcher.dispatch(request, context)
  }

  #await(
    request: RemotingCommand,
    response: Promise<RemotingResponse>,
    frameMemory: Buffer | undefined,
  ): void {
    const { inProgress } = this.#options
    const bytes = request.body?.length ?? 0
    this.#held = true
    inProgress.acquire(bytes)
    void response.then((settled) => {
      this.#held = false
      inProgress.release(bytes)
      if (frameMemory !== undefined) this.#options.assemblies.giveBack(frameMemory)
      this.#lastActivityMs = this.#options.nowMs()
      try {
        this.#queue(request, settled)
      } catch (error) {
        this.#onDefect(error)
      }
      this.#work()
      if (this.#closing) this.#end()
    })
  }

  /** What was written in this turn is dropped with the channel: it may be half an answer. */
  #onDefect(error: unknown): void {
    this.#options.answers.reuse()
    this.#options.onDefect(this, error)
    this.destroy()
  }

  #queue(request: RemotingCommand, response: RemotingResponse): void {
    const { answers, counters } = this.#options
    counters.outcomes.add(response.code)
    if (isOneway(request) || this.#closed) {
      counters.unanswered++
      return
    }
    if (answers.add(response, request.opaque)) return
    this.#flush()
    if (answers.add(response, request.opaque)) return
    const frame = answers.encode(response, request.opaque)
    for (let from = 0; from < frame.length; from += PIECE_BYTES) {
      this.#unsent.push(frame.subarray(from, from + PIECE_BYTES))
    }
    this.#send()
  }

  #flush(): void {
    const { answers } = this.#options
    if (answers.filled === 0) return
    if (this.#congested || !this.#takesAtOnce) {
      this.#unsent.push(answers.take())
      this.#send()
      return
    }
    this.#write(answers.peek())
    this.#takesAtOnce = this.#socket.writableLength === 0
    if (this.#takesAtOnce) answers.reuse()
    else answers.giveAway()
  }

  /**
   * One piece after the other has gone: a socket that is given several sends them as one, and a peer that reads a large answer
   * slowly would look idle until the last byte.
   */
  #send(): void {
    while (!this.#congested) {
      const piece = this.#unsent.shift()
      if (piece === undefined) return
      this.#write(piece)
    }
  }

  #write(piece: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.#options.counters.bytesOut += piece.length
    if (!this.#socket.write(piece)) this.#congested = true
  }

  /** Closes when everything has been sent. */
  #end(): void {
    for (const piece of this.#unsent) this.#write(piece)
    this.#unsent = []
    this.#socket.destroySoon()
  }
}
