import type { Socket } from 'node:net'
import type { LimitError } from '../../common/limit-error.ts'
import type { CommandDecoder } from '../../protocol/command-decoder.ts'
import { FrameError } from '../../protocol/errors.ts'
import { type BufferPool, FrameDecoder } from '../../protocol/frame-decoder.ts'
import type { CertificateNames } from '../../protocol/identity.ts'
import type { ChannelRef, RequestContext } from '../../protocol/processor.ts'
import {
  isOneway,
  isResponse,
  type RemotingCommand,
  type RemotingResponse,
} from '../../protocol/remoting-command.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { CloseReason, TlsSession } from '../../stats/connections.ts'
import { afterReads, Connection, socketFailure } from './connection.ts'
import type { ConnectionMemoryLimit, LimitedConnection, RequestsInProgress } from './connection-limits.ts'
import { type LargeFrameThrottle, MIN_PAUSE_BYTES } from './large-frame-throttle.ts'
import { kindAfter } from './peer-kind.ts'
import type { RemotingServerOptions } from './remoting-server.ts'
import type { ResponseBuffer } from './response-buffer.ts'
import type { SharedReadBuffer } from './shared-read-buffer.ts'
import { clientCertificateOf, tlsSessionOf } from './tls-session.ts'

/** What all channels of a server share. */
export interface ChannelOptions
  extends Pick<
    RemotingServerOptions,
    'dispatcher' | 'nowMs' | 'defer' | 'maxFrameBytes' | 'counters' | 'durations' | 'events'
  > {
  readonly commandDecoder: CommandDecoder
  readonly responses: ResponseBuffer
  /** Undefined if each socket reads into memory of its own. */
  readonly reads: SharedReadBuffer | undefined
  /** For frames that come in several reads. */
  readonly buffers: BufferPool
  readonly throttle: LargeFrameThrottle
  /** Memory of incomplete and unread requests. */
  readonly queuedRequests: ConnectionMemoryLimit
  readonly inProgress: RequestsInProgress
  /** Memory of responses that were not sent yet. */
  readonly queuedResponses: ConnectionMemoryLimit
}

/** An incomplete frame of this size is large: its bytes are throttled. */
const LARGE_FRAME_BYTES = 64 * 1024

/** Reading pauses for one turn after this many bytes: a peer that sends without a pause would leave other connections no time. */
const MAX_BYTES_IN_TURN = 256 * 1024

/** More than the receive buffer of a socket takes: what comes after it has arrived after the connection was to be finished. */
const MAX_ARRIVED_BYTES = 8 * 1024 * 1024

/** A large response takes several writes of this size, so that a slow peer's progress can be seen. */
const MAX_WRITE_BYTES = 256 * 1024

/**
 * One connection: bytes in, responses out, in the order of their requests.
 *
 * The responses to the frames of one read leave in one write. While a request is in progress, or the peer does not read its
 * responses, nothing more is read from the peer. So a connection holds at most one read, one request and the responses of one
 * read.
 */
export class Channel extends Connection implements ChannelRef, LimitedConnection {
  readonly state = 'open'
  override readonly tls: TlsSession | null
  readonly isTls: boolean
  readonly certificate: CertificateNames | null
  readonly #options: ChannelOptions
  readonly #decoder: FrameDecoder
  /** What is written when the socket has drained. */
  #unsent: Buffer[] = []
  /** Whether the bytes of a read are overwritten by the next read, of any connection. */
  readonly #sharesReads: boolean
  /** Whether a request is in progress beyond the turn in which it came. */
  #busy = false
  #congested = false
  /** Bytes of large frames since the last pause. */
  #largeBytes = 0
  /** Bytes read since the last pause for a turn. */
  #bytesInTurn = 0
  /** Whether reading has paused for the other connections. */
  #paused = false
  /** Whether it closes as soon as the requests that have arrived have their responses. */
  #finishing = false
  /** The value of `bytesIn` from which on it no longer waits for what is unread. */
  #finishAtBytes = 0
  closed = false
  /** Whether the socket has passed on every write at once; those of TLS and of slow peers do not. */
  #writesAtOnce = true

  /** @param accepted - The connection as it was until now; over TLS its socket was another one. */
  constructor(socket: Socket, options: ChannelOptions, accepted: Connection) {
    super(accepted.id, socket, accepted, accepted.maxIdleMs, options.nowMs())
    this.tls = tlsSessionOf(socket)
    this.isTls = this.tls !== null
    this.certificate = clientCertificateOf(socket)
    this.#options = options
    this.#decoder = new FrameDecoder(options.maxFrameBytes, options.buffers)
    this.#sharesReads = options.reads?.attach(socket, (bytes) => this.receive(bytes)) === true
    if (!this.#sharesReads) socket.on('data', (chunk: Buffer) => this.receive(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error) => {
      this.closeReason ??= socketFailure(error)
      options.events.onChannelFailure(this, error)
    })
    socket.on('close', () => {
      this.closed = true
      // The tables may refer to this channel for longer.
      this.#decoder.release()
      this.#unsent = []
      options.queuedRequests.report(this, 0, false)
      options.queuedResponses.report(this, 0, false)
    })
  }

  override closeGently(reason: CloseReason): void {
    this.beginClosing(reason)
    this.#end()
  }

  /** A Java client of 4.x would wait three seconds for the response to a request that was read and dropped. */
  override finish(reason: CloseReason): void {
    this.beginClosing(reason)
    this.#finishing = true
    this.#finishAtBytes = this.bytesIn + MAX_ARRIVED_BYTES
    this.#endIfServed()
  }

  protected override beginClosing(reason: CloseReason): void {
    super.beginClosing(reason)
    this.#finishing = false
  }

  /** Called directly after sockets were read, so that no request is read after the last response. */
  #endIfServed(): void {
    if (!this.#finishing || this.#busy || this.#congested) return
    if (this.#paused && this.bytesIn < this.#finishAtBytes) return
    this.#finishing = false
    this.#end()
  }

  evict(error: LimitError): void {
    this.destroy({ cause: 'limit', code: error.limit, detail: error.message })
    this.#options.events.onChannelFailure(this, error)
  }

  /** Takes bytes from the peer. With a shared read buffer they may change as soon as this returns. */
  receive(chunk: Buffer): void {
    if (this.#ignoresRequests) return
    const { nowMs, throttle, counters } = this.#options
    const decoder = this.#decoder
    const wasLarge = decoder.partialBytes >= LARGE_FRAME_BYTES
    this.lastActivityMs = nowMs()
    this.bytesIn += chunk.length
    counters.bytesIn += chunk.length
    decoder.append(chunk)
    this.#work()
    if (this.#sharesReads) decoder.detach()
    if (wasLarge || decoder.partialBytes >= LARGE_FRAME_BYTES) this.#pauseForOthers(chunk.length)
    else if (decoder.bufferedBytes === 0) throttle.servedOther(this.lastActivityMs)
    this.#bytesInTurn += chunk.length
    if (this.#bytesInTurn >= MAX_BYTES_IN_TURN) this.#endTurn()
  }

  get #ignoresRequests(): boolean {
    return this.closing && !this.#finishing
  }

  #pauseForOthers(bytes: number): void {
    const { throttle } = this.#options
    this.#largeBytes = throttle.servesOthers ? this.#largeBytes + bytes : 0
    if (this.#paused || this.#largeBytes < MIN_PAUSE_BYTES) return
    this.#pauseUntil((resume) => throttle.wait(this.#largeBytes, resume))
    this.#largeBytes = 0
  }

  #endTurn(): void {
    this.#bytesInTurn = 0
    if (!this.#paused) this.#pauseUntil((resume) => this.#options.defer(resume, 0))
  }

  #pauseUntil(wait: (resume: () => void) => void): void {
    this.#paused = true
    this.socket.pause()
    wait(() => {
      this.#paused = false
      if (!this.closed) this.#work()
    })
  }

  #onDrain(): void {
    this.lastActivityMs = this.#options.nowMs()
    this.#congested = false
    this.#options.queuedResponses.report(this, 0, true)
    this.#send()
    this.#work()
  }

  /** Handles frames until there are no more or one has to be waited for, and sends the responses. */
  #work(): void {
    const { commandDecoder } = this.#options
    const decoder = this.#decoder
    const context: RequestContext = { channel: this, nowMs: this.lastActivityMs }
    let frames = 0
    try {
      while (!this.#busy && !this.#congested && !this.#ignoresRequests) {
        if (!decoder.advance()) break
        frames++
        // The body is valid until the response, and the shared read buffer until this function returns.
        const copyBody = this.#sharesReads && decoder.foundInChunk
        this.#handle(commandDecoder.decode(decoder.bytes, copyBody, decoder.from, decoder.to), context)
      }
    } catch (error) {
      this.#options.counters.framesIn += frames
      if (!(error instanceof FrameError)) {
        this.#onInternalError(error)
        return
      }
      this.#flush()
      this.#options.events.onChannelFailure(this, error)
      this.closeGently({ cause: 'invalid_frame', code: error.code, detail: error.message })
      return
    }
    this.#flush()
    if (this.#busy || this.#congested || this.#paused) this.socket.pause()
    else if (this.socket.isPaused()) this.socket.resume()
    this.#options.counters.framesIn += frames
    this.#reportMemory(frames > 0)
    if (this.#finishing) afterReads(this.#options.defer, () => this.#endIfServed())
  }

  #reportMemory(madeProgress: boolean): void {
    if (this.closed) return
    const { queuedRequests, queuedResponses } = this.#options
    queuedRequests.report(this, this.#decoder.bufferedBytes, madeProgress)
    if (!this.#congested) return
    const unsent = this.#unsent.reduce((sum, { length }) => sum + length, this.socket.writableLength)
    queuedResponses.report(this, unsent, false)
  }

  #handle(request: RemotingCommand, context: RequestContext): void {
    // This server sends no requests over these connections, so a response is dropped, as in Java.
    if (isResponse(request)) return
    this.#note(request)
    const { dispatcher, inProgress, durations } = this.#options
    const isTimed = durations.isTimed(request.code)
    const error = request.body === null ? undefined : inProgress.check(request.body.length)
    const response =
      error === undefined ? dispatcher.dispatch(request, context) : dispatcher.reject(error, request, context)
    const arrivedMs = isTimed ? context.nowMs : undefined
    if (response instanceof Promise) this.#await(request, response, arrivedMs)
    else this.#queue(request, response, arrivedMs)
  }

  /** Each lookup passes here: fields are written, nothing is allocated. */
  #note({ code, language, version }: RemotingCommand): void {
    this.requests++
    this.language = language
    this.version = version
    if (code === RequestCode.GET_ROUTEINFO_BY_TOPIC && this.kind !== 'unknown') return
    this.kind = kindAfter(this.kind, code)
  }

  #await(request: RemotingCommand, response: Promise<RemotingResponse>, arrivedMs: number | undefined): void {
    const { inProgress } = this.#options
    const bytes = request.body?.length ?? 0
    this.#busy = true
    inProgress.add(bytes)
    void response.then((settled) => {
      this.#busy = false
      inProgress.add(-bytes)
      this.lastActivityMs = this.#options.nowMs()
      try {
        this.#queue(request, settled, arrivedMs)
      } catch (error) {
        this.#onInternalError(error)
      }
      this.#work()
      if (this.#ignoresRequests) this.#end()
    })
  }

  /** Drops the responses of this turn: the last one may be incomplete. */
  #onInternalError(error: unknown): void {
    this.#options.responses.clear()
    this.#options.events.onChannelInternalError(this, error)
    this.destroy({ cause: 'internal_error', code: null, detail: `${error}` })
  }

  /** @param arrivedMs - When the request arrived, if it is timed. */
  #queue(request: RemotingCommand, response: RemotingResponse, arrivedMs: number | undefined): void {
    const { counters, durations, nowMs } = this.#options
    const { code } = response
    counters.outcomes.add(code)
    counters.results.add(code === ResponseCode.REQUEST_CODE_NOT_SUPPORTED ? undefined : request.code, code)
    this.#put(request, response)
    if (arrivedMs === undefined) return
    const result = isOneway(request) ? 'oneway' : this.closed ? 'write_channel_failed' : 'success'
    durations.add(request.code, code, result, nowMs() - arrivedMs)
  }

  #put(request: RemotingCommand, response: RemotingResponse): void {
    const { responses, counters } = this.#options
    if (isOneway(request) || this.closed) {
      counters.withoutResponse++
      return
    }
    if (responses.add(response, request.opaque)) return
    this.#flush()
    if (responses.add(response, request.opaque)) return
    const frame = responses.encode(response, request.opaque)
    for (let from = 0; from < frame.length; from += MAX_WRITE_BYTES) {
      this.#unsent.push(frame.subarray(from, from + MAX_WRITE_BYTES))
    }
    this.#send()
  }

  #flush(): void {
    const { responses } = this.#options
    if (responses.isEmpty) return
    if (this.#congested || !this.#writesAtOnce) {
      this.#unsent.push(Buffer.from(responses.bytes))
      responses.clear()
      this.#send()
      return
    }
    this.#write(responses.bytes)
    this.#writesAtOnce = this.socket.writableLength === 0
    responses.clear(!this.#writesAtOnce)
  }

  /** One write after the other: Node would join them, and a peer that reads a large response slowly would look idle. */
  #send(): void {
    while (!this.#congested) {
      const bytes = this.#unsent.shift()
      if (bytes === undefined) return
      this.#write(bytes)
    }
  }

  #write(bytes: Buffer): void {
    if (this.socket.destroyed || this.socket.writableEnded) return
    this.bytesOut += bytes.length
    this.#options.counters.bytesOut += bytes.length
    if (!this.socket.write(bytes)) this.#congested = true
  }

  /** Closes when everything has been sent. */
  #end(): void {
    for (const bytes of this.#unsent) this.#write(bytes)
    this.#unsent = []
    this.socket.destroySoon()
  }
}
