import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { SecureContextOptions, Server as TlsServer } from 'node:tls'
import { nodeHttp } from '../common/node-modules.ts'
import { compressed } from './content-coding.ts'
import { type HttpProblem, problemOf, type RequestGuard } from './request-guard.ts'

/** A GET or a HEAD without a body. */
export interface HttpRequest {
  /** As sent, percent-encoded; begins with a slash. */
  readonly path: string
  readonly query: URLSearchParams
  /** The value of a header; the name is in lower case. */
  readonly header: (name: string) => string | undefined
  /** `host:port` of the client. */
  readonly peer: string
  /** Address and port of this server's end of the connection. */
  readonly local: { readonly address: string; readonly port: number }
  /** Whether the client has closed the connection. */
  readonly closed: boolean
}

/** A response whose body is known. */
export interface WholeResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string | Buffer
  /** Without quotes. A client that has this version already gets 304 instead. */
  readonly etag?: string | undefined
  /** Whether the same version has other forms. Default: false. */
  readonly isWeak?: boolean
  readonly headers?: OutgoingHttpHeaders
}

/** A response whose parts are written as they come. The connection closes at its end. */
export interface StreamedResponse {
  readonly contentType: string
  readonly headers?: OutgoingHttpHeaders
  /** Called once, after the header. */
  readonly stream: (sink: StreamSink) => void
}

/** Where the parts of a streamed response go. */
export interface StreamSink {
  /** Parts that are written after the end are dropped. */
  write(part: Buffer): void
  end(): void
  /** Closes the connection at once. */
  destroy(): void
  /** Bytes that the client has not read. */
  readonly queuedBytes: number
  /** The task runs once, when the connection has closed for any reason. */
  onClose(task: () => void): void
}

export type HttpResponse = WholeResponse | StreamedResponse

/** Gives the response to a request. */
export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

/** What the HTTP port needs. */
export interface HttpServerOptions {
  readonly bindAddress: string
  /** 0 takes any free port. */
  readonly listenPort: number
  /** Serves TLS with it; undefined serves plaintext. */
  readonly tls?: SecureContextOptions | undefined
  /** When more than half of them are open, those that have been idle longest are closed. */
  readonly maxConnections: number
  readonly guard: RequestGuard
  readonly handle: HttpHandler
  /** A request was rejected. */
  readonly onRejected: (peer: string, problem: HttpProblem) => void
  /** A request failed unexpectedly; the client gets 500. */
  readonly onFailure: (peer: string, path: string, error: unknown) => void
  /** A response was sent; the path is empty if what came was no request. */
  readonly onResponse: (path: string, status: number) => void
}

/** Max bytes of a request line with its headers. */
const MAX_HEADER_BYTES = 8 * 1024
/** Max time in which a request must arrive. */
const REQUEST_TIMEOUT_MS = 5_000
/** Max connections that wait to be accepted: few, so that a flood is accepted in parts, and requests are read between them. */
const BACKLOG = 128
/** Time after which a connection without a request is closed; scrapers come every 15 or 30 seconds. */
const KEEP_ALIVE_MS = 65_000
/** A client that reads nothing of a response for this long is disconnected. */
const WRITE_TIMEOUT_MS = 10_000
/** Max bytes of all responses that clients have not read; beyond it requests get 503. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024

const TEXT = 'text/plain; charset=utf-8'

/** No content of ours loads anything, is framed, or is kept by a cache; it may be compressed. */
const SECURITY_HEADERS: OutgoingHttpHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  Vary: 'Accept-Encoding',
  'X-Content-Type-Options': 'nosniff',
}

const PIPELINED: HttpProblem = {
  status: 400,
  reason: 'a request must wait for the response to the one before it on its connection',
}

/**
 * The HTTP port, for people and monitors. It is strict: a request that a proxy in front of it may read in another way gets 400
 * and its connection is closed.
 */
export class HttpServer {
  readonly #options: HttpServerOptions
  readonly #server: Server
  /** By the address of the peer; the longest idle first. */
  readonly #connections = new Map<string, HttpConnection>()
  /** The response under way on each connection. */
  readonly #current = new WeakMap<Socket, ServerResponse>()
  readonly #streams = new Set<ServerResponse>()
  #queuedBytes = 0

  constructor(options: HttpServerOptions) {
    this.#options = options
    const { tls, maxConnections } = options
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 1_000,
      // The guard checks it, and says what is wrong.
      requireHostHeader: false,
    }
    const server =
      tls === undefined
        ? nodeHttp().createServer(limits)
        : // Loaded only if needed: Node's TLS modules take 3 MB of memory.
          process
            .getBuiltinModule('node:https')
            .createServer({ ...limits, ...tls, handshakeTimeout: REQUEST_TIMEOUT_MS })
    server.maxConnections = maxConnections
    server.on('connection', (socket) => this.#onConnection(socket))
    server.on('request', (request, response) => this.#onRequest(request, response))
    // `Expect` announces a body, which the guard rejects.
    for (const event of ['checkContinue', 'checkExpectation'] as const)
      server.on(event, (request, response) => this.#onRequest(request, response))
    // Node hands the socket over without a response and without a listener for its errors.
    server.on('connect', (_, socket) => {
      socket.on('error', () => {})
      this.#reject(socket as Socket, { status: 400, reason: 'only GET and HEAD are served' })
    })
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const problem = problemOf(error)
      if (problem === undefined) socket.destroy()
      else this.#reject(socket as Socket, problem)
    })
    server.on('drop', (dropped = {}) => {
      options.onRejected(peerOf(dropped), {
        ...FULL,
        reason: `httpMaxConnections (${maxConnections}) reached`,
      })
    })
    this.#server = server
  }

  /** @throws (rejects) The socket's error if the port cannot be bound. */
  start(): Promise<{ readonly address: string; readonly port: number }> {
    const { bindAddress, listenPort } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: bindAddress, port: listenPort, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#options.onFailure('', '', error))
        const { address, port } = this.#server.address() as AddressInfo
        resolve({ address, port })
      })
    })
  }

  /** Serves new connections with another certificate. */
  setTls(options: SecureContextOptions): void {
    ;(this.#server as Server & TlsServer).setSecureContext(options)
  }

  /** Stops listening, ends the streams, and waits for the responses under way; call {@link cut} if that takes too long. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      for (const response of this.#streams) response.end()
      // To Node, a connection without a first request is not idle.
      for (const { socket, isBusy, isNew } of this.#connections.values())
        if (!isBusy && !isNew) socket.destroy()
    })
  }

  /** Closes every connection at once. */
  cut(): void {
    this.#server.closeAllConnections()
  }

  #onConnection(socket: Socket): void {
    if (socket.remoteAddress === undefined) {
      // The peer has reset the connection already: no response can reach it.
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    const connection: HttpConnection = { socket, isBusy: false, isNew: true }
    this.#connections.set(peer, connection)
    socket.once('close', () => {
      if (this.#connections.get(peer) === connection) this.#connections.delete(peer)
    })
    // By then, the request of a client that sends one at once has been read.
    setImmediate(() =>
      setImmediate(() => {
        connection.isNew = false
        if (this.#server.listening) this.#closeIdle()
        else if (!connection.isBusy) socket.destroy()
      }),
    )
  }

  /** Connections on which nothing happens must not keep others out. */
  #closeIdle(): void {
    const { maxConnections, onRejected } = this.#options
    let excess = this.#connections.size - Math.ceil(maxConnections / 2)
    for (const [peer, { socket, isBusy, isNew }] of this.#connections) {
      if (excess <= 0) return
      if (isBusy || isNew) continue
      excess--
      this.#connections.delete(peer)
      onRejected(peer, {
        ...FULL,
        reason: `idle while httpMaxConnections (${maxConnections}) is half used`,
      })
      socket.destroy()
    }
  }

  /** Whether a request of a connection is under way. The end of one makes it the connection that has been idle for least time. */
  #setBusy(peer: string, isBusy: boolean): void {
    const connection = this.#connections.get(peer)
    if (connection === undefined) return
    connection.isBusy = isBusy
    this.#connections.delete(peer)
    this.#connections.set(peer, connection)
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    if (this.#current.has(socket)) {
      this.#reject(socket, PIPELINED)
      return
    }
    const peer = peerOf(socket)
    this.#current.set(socket, response)
    this.#setBusy(peer, true)
    response.once('close', () => {
      this.#current.delete(socket)
      this.#setBusy(peer, false)
      // Node would keep it open for another request.
      if (!this.#server.listening) socket.destroySoon()
    })
    // By then, a request in the same bytes has been rejected, and the connection with it.
    setImmediate(() => {
      if (!socket.destroyed && socket.writable) void this.#serve(request, response)
    })
  }

  /** Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { guard, handle, onRejected, onFailure } = this.#options
    const peer = peerOf(request.socket)
    const problem = guard.problemWith(request) ?? this.#busyProblem(request)
    if (problem !== undefined) {
      onRejected(peer, problem)
      const { status, reason, headers } = problem
      this.#write(request, response, {
        ...textResponse(status, reason),
        headers: { ...headers, Connection: 'close' },
      })
      return
    }
    try {
      const result = await handle(requestOf(request))
      if ('stream' in result) this.#stream(request, response, result)
      else this.#write(request, response, await this.#compressed(request, result))
    } catch (error) {
      onFailure(peer, pathOf(request), error)
      if (response.headersSent) request.socket.destroy()
      else this.#write(request, response, textResponse(500, 'internal error; see the log of the server'))
    }
  }

  /** Open paths are served in any case: a busy server is alive. */
  #busyProblem(request: IncomingMessage): HttpProblem | undefined {
    const { guard, maxConnections } = this.#options
    if (guard.isOpen(pathOf(request))) return undefined
    if (this.#queuedBytes > MAX_QUEUED_BYTES) return TOO_MANY_BYTES
    const { remoteAddress } = request.socket
    let busy = 0
    for (const { socket, isBusy } of this.#connections.values())
      if (isBusy && socket.remoteAddress === remoteAddress) busy++
    if (busy <= Math.ceil(maxConnections / 2)) return undefined
    return {
      ...FULL,
      reason: `one address has half of httpMaxConnections (${maxConnections}) in use`,
      headers: RETRY_LATER,
    }
  }

  /** Compresses a body if the client accepts that. Until that is done, it counts as one that the client has not read. */
  async #compressed(request: IncomingMessage, whole: WholeResponse): Promise<WholeResponse> {
    const bytes = Buffer.byteLength(whole.body)
    if (this.#queuedBytes + bytes > MAX_QUEUED_BYTES) return whole
    this.#queuedBytes += bytes
    try {
      return await compressed(whole, request.headers['accept-encoding'])
    } finally {
      this.#queuedBytes -= bytes
    }
  }

  #write(request: IncomingMessage, response: ServerResponse, whole: WholeResponse): void {
    if (isGone(request, response)) return
    const { contentType, etag, isWeak = false, headers } = whole
    const tag = etag === undefined ? undefined : `"${etag}"`
    const isKnown = tag !== undefined && (request.headers['if-none-match'] ?? '').includes(tag)
    const status = isKnown ? 304 : whole.status
    const body = typeof whole.body === 'string' ? Buffer.from(whole.body) : whole.body
    const withBody = !isKnown && request.method !== 'HEAD'
    // One response may exceed the limit, or it could never be sent.
    const isTooMuch = this.#queuedBytes > 0 && this.#queuedBytes + body.length > MAX_QUEUED_BYTES
    if (withBody && status === 200 && isTooMuch && !this.#options.guard.isOpen(pathOf(request))) {
      const { reason } = TOO_MANY_BYTES
      this.#options.onRejected(peerOf(request.socket), TOO_MANY_BYTES)
      this.#write(request, response, { ...textResponse(503, reason), headers: RETRY_LATER })
      return
    }
    response.writeHead(status, {
      ...SECURITY_HEADERS,
      ...(tag !== undefined && { ETag: isWeak ? `W/${tag}` : tag, 'Cache-Control': 'no-cache' }),
      ...(!isKnown && { 'Content-Type': contentType, 'Content-Length': body.length }),
      ...headers,
      // An upgrade is ignored, but Node reads no further request behind it.
      ...(request.headers.upgrade !== undefined && { Connection: 'close' }),
    })
    if (withBody) this.#count(response, body.length)
    response.end(withBody ? body : undefined)
    this.#options.onResponse(pathOf(request), status)
  }

  /** Counts a body until the client has read it, and closes the connection of a client that reads nothing. */
  #count(response: ServerResponse, bytes: number): void {
    this.#queuedBytes += bytes
    response.once('close', () => {
      this.#queuedBytes -= bytes
    })
    limitWriteTime(response)
  }

  #stream(
    request: IncomingMessage,
    response: ServerResponse,
    { contentType, headers, stream }: StreamedResponse,
  ): void {
    if (isGone(request, response)) return
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'Content-Type': contentType,
      ...headers,
      Connection: 'close',
    })
    this.#options.onResponse(pathOf(request), 200)
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    response.flushHeaders()
    this.#streams.add(response)
    response.once('close', () => this.#streams.delete(response))
    stream({
      write: (part) => {
        if (!response.writableEnded) response.write(part)
      },
      end: () => {
        response.end()
        limitWriteTime(response)
      },
      destroy: () => request.socket.destroy(),
      get queuedBytes() {
        return response.writableLength
      },
      onClose: (task) => void response.once('close', task),
    })
  }

  /** Closes a connection whose request cannot get a response through Node's server. */
  #reject(socket: Socket, problem: HttpProblem): void {
    this.#options.onRejected(peerOf(socket), problem)
    const { status, reason } = problem
    if (socket.writable && this.#current.get(socket)?.headersSent !== true) {
      const body = `${reason}\n`
      const head = `HTTP/1.1 ${status} ${nodeHttp().STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: ${TEXT}\r\n`
      this.#options.onResponse('', status)
      socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    }
    socket.destroySoon()
  }
}

interface HttpConnection {
  readonly socket: Socket
  /** Whether it has a request without a whole response. */
  isBusy: boolean
  /** Whether its first request may have arrived and has not been read. */
  isNew: boolean
}

const RETRY_LATER = { 'Retry-After': '5' }

const FULL = { status: 503, rule: 'httpMaxConnections' } as const

const TOO_MANY_BYTES: HttpProblem = {
  status: 503,
  reason: `the responses that clients have not read exceed ${MAX_QUEUED_BYTES} bytes`,
  headers: RETRY_LATER,
}

/** Whether nothing can be sent any more: the client has closed the connection, or a later request of it was rejected. */
function isGone({ socket }: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || !socket.writable
}

/** Closes the connection of a client that reads nothing of a response. */
function limitWriteTime(response: ServerResponse): void {
  response.setTimeout(WRITE_TIMEOUT_MS, () => response.socket?.destroy())
}

/** A response of one line of text. */
export function textResponse(status: number, text: string): WholeResponse {
  return { status, contentType: TEXT, body: `${text}\n` }
}

function requestOf(request: IncomingMessage): HttpRequest {
  const { socket, url = '/', headers } = request
  const at = url.indexOf('?')
  return {
    path: pathOf(request),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    header: (name) => {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    peer: peerOf(socket),
    local: { address: socket.localAddress ?? '', port: socket.localPort ?? 0 },
    get closed() {
      return socket.destroyed
    },
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const at = url.indexOf('?')
  return at < 0 ? url : url.slice(0, at)
}

function peerOf({ remoteAddress = 'unknown', remotePort = 0 }: Partial<Socket>): string {
  return `${remoteAddress}:${remotePort}`
}
