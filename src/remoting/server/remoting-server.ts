import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { CommandDecoder } from '../../protocol/command-decoder.ts'
import { BufferPool } from '../../protocol/frame-decoder.ts'
import type { ChannelRef } from '../../protocol/processor.ts'
import type { SerializeType } from '../../protocol/remoting-command.ts'
import {
  type CloseCause,
  type ClosedConnection,
  ClosedConnections,
  type OpenConnection,
} from '../../stats/connections.ts'
import { Counters } from '../../stats/counters.ts'
import { RequestDurations } from '../../stats/durations.ts'
import { formatAddress, peerAddress, plainHost } from '../address.ts'
import { HandshakeError } from '../errors.ts'
import { Channel, type ChannelOptions } from './channel.ts'
import { afterReads, type Connection, closedFor, closeGradually } from './connection.ts'
import { ConnectionHandshake, type HandshakeContext, type HandshakeOptions } from './connection-handshake.ts'
import {
  ConnectionMemoryLimit,
  type ConnectionRates,
  ConnectionsPerAddress,
  checkRate,
  RequestsInProgress,
} from './connection-limits.ts'
import { LargeFrameThrottle } from './large-frame-throttle.ts'
import type { RequestDispatcher } from './request-dispatcher.ts'
import { ResponseBuffer } from './response-buffer.ts'
import { SharedReadBuffer } from './shared-read-buffer.ts'

/** Limits of all connections of a server together; infinity for none. */
export interface RemotingLimits {
  /** Max open connections. */
  readonly maxConnections: number
  /** Max open connections of one address. */
  readonly maxConnectionsPerAddress: number
  /** Max bytes of requests: one half for incomplete ones, the other for those in progress. */
  readonly maxQueuedRequestBytes: number
  /** Max bytes of responses that peers have not read. */
  readonly maxQueuedAnswerBytes: number
}

export interface RemotingServerOptions {
  readonly dispatcher: RequestDispatcher
  /** Host name or address. */
  readonly bindAddress: string
  /** 0 for any free port. */
  readonly listenPort: number
  /** Max connections that the open-file limit leaves room for; undefined if unknown. */
  readonly maxConnectionsByOpenFiles?: number | undefined
  /** Max bytes of a frame, with its length word. */
  readonly maxFrameBytes: number
  /** Max bytes of a request's header. */
  readonly maxHeaderBytes: number
  /** A connection is closed when it was idle for this many milliseconds; read when it is accepted. */
  readonly maxIdleMs: () => number
  /** Of all responses, whatever that of the request. */
  readonly serializeType: SerializeType
  /** Whether plaintext connections read into one buffer. */
  readonly sharedReadBuffer: boolean
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number
  /** Runs a task periodically; returns what ends it. */
  readonly every: (periodMs: number, task: () => void) => () => void
  /** Runs a task in a later turn of the event loop, after at least this many milliseconds. */
  readonly defer: (task: () => void, minMs: number) => void
  readonly handshake: HandshakeOptions
  readonly events: RemotingServerEvents
  readonly limits: RemotingLimits
  /** Default: none. */
  readonly rates?: ConnectionRates
  readonly counters: Counters
  readonly durations: RequestDurations
}

/** Called when something happens to a connection. */
export interface RemotingServerEvents {
  /** The connection has closed. */
  onChannelClose(channel: ChannelRef): void
  /** The connection is being closed because of an invalid frame or a limit, or its socket failed. */
  onChannelFailure(channel: ChannelRef, error: Error): void
  /** The connection is being closed because of an unexpected error. */
  onChannelInternalError(channel: ChannelRef, error: unknown): void
  /** The connection is being closed because it was idle. */
  onChannelIdle(channel: Pick<ChannelRef, 'remoteAddress'>): void
  /** The connection is being closed before its first frame. */
  onConnectionRejected(remoteAddress: string, error: HandshakeError, host?: string): void
  /** The connection was closed at once, because the open-file limit leaves no room for it. */
  onConnectionDropped(remoteAddress: string, possibleConnections: number): void
  /** The listening socket failed after the start. */
  onServerFailure(error: Error): void
}

/** Max connections that wait to be accepted; Java's constant. */
const BACKLOG = 1024

const IDLE_SWEEP_INTERVAL_MS = 1_000

/** Max duration of accepting what waits when the server stops: peers that keep connecting do not delay it for longer. */
const MAX_ACCEPTING_MS = 500

/**
 * The TCP side of the NameServer: accepts connections and gives each a {@link Channel}.
 * @see NettyRemotingServer in apache/rocketmq
 */
export class RemotingServer {
  readonly #options: RemotingServerOptions
  readonly #channelOptions: ChannelOptions
  readonly #handshakeContext: HandshakeContext
  readonly #server: Server
  /** By id, in the order in which they were accepted; first as a handshake, then as a channel. */
  readonly #connections = new Map<number, Connection>()
  readonly #closed = new ClosedConnections()
  readonly #perAddress: ConnectionsPerAddress
  readonly #inProgress: RequestsInProgress
  #lastConnectionId = 0
  /** The dispatchers of connections that this server opens to itself, by the port that each is opened from. */
  readonly #toSelf = new Map<number, RequestDispatcher>()
  #endSweeps: (() => void) | undefined
  /** Called when the next connection has closed. */
  readonly #waiting: (() => void)[] = []

  constructor(options: RemotingServerOptions) {
    this.#options = options
    const { counters, limits } = options
    // Halves, so that incomplete requests take no room from those in progress.
    const halfBytes = limits.maxQueuedRequestBytes / 2
    this.#perAddress = new ConnectionsPerAddress(limits.maxConnectionsPerAddress)
    this.#inProgress = new RequestsInProgress(halfBytes, counters)
    this.#channelOptions = {
      ...options,
      commandDecoder: new CommandDecoder(options.maxHeaderBytes),
      responses: new ResponseBuffer(options.serializeType),
      reads: options.sharedReadBuffer ? new SharedReadBuffer() : undefined,
      buffers: new BufferPool(),
      throttle: new LargeFrameThrottle(options),
      queuedRequests: new ConnectionMemoryLimit('maxQueuedRequestBytes', halfBytes, counters),
      inProgress: this.#inProgress,
      queuedResponses: new ConnectionMemoryLimit(
        'maxQueuedAnswerBytes',
        limits.maxQueuedAnswerBytes,
        counters,
      ),
    }
    this.#handshakeContext = {
      ...options.handshake,
      nowMs: options.nowMs,
      maxIdleMs: options.maxIdleMs,
      perAddress: this.#perAddress,
      rates: options.rates,
      onOpen: (handshake, socket, firstBytes) => this.#open(handshake, socket, firstBytes),
      onRejected: ({ remoteAddress, host }, error) =>
        options.events.onConnectionRejected(remoteAddress, error, host),
    }
    this.#server = createServer({ noDelay: true, keepAlive: false }, (socket) => this.#accept(socket))
    this.#limitConnections(
      limits.maxConnections,
      options.maxConnectionsByOpenFiles ?? Number.POSITIVE_INFINITY,
    )
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size
  }

  /** What is known of each open connection, in the order in which they were accepted. */
  openConnections(): Iterable<OpenConnection> {
    return this.#connections.values()
  }

  /** The connections that closed last. */
  closedConnections(): readonly ClosedConnection[] {
    return this.#closed.list()
  }

  /** Bytes of request bodies that are in progress. */
  get requestBytesInProgress(): number {
    return this.#inProgress.bytes
  }

  /**
   * Listens.
   * @returns The address and port that are bound.
   * @throws The socket's error, e.g. `EADDRINUSE`.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const { bindAddress, listenPort, every, events } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: bindAddress, port: listenPort, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => events.onServerFailure(error))
        resolve()
      })
    })
    this.#endSweeps = every(IDLE_SWEEP_INTERVAL_MS, () => this.#closeIdle())
    const { address, port } = this.#server.address() as AddressInfo
    return { address, port }
  }

  /** Called after a pause of the process, in which nothing could be read: it does not count as idle time. */
  extendIdleTimes(pausedMs: number): void {
    const nowMs = this.#options.nowMs()
    for (const connection of this.#connections.values()) connection.extendIdleTime(pausedMs, nowMs)
  }

  /** Closes the connection of a broker that has expired when everything written to it has been sent. */
  closeChannel(id: number): void {
    this.#connections.get(id)?.closeGently(closedFor('broker_expired'))
  }

  /**
   * Closes a connection that an operator named: at once, because its peer may not read what is still to be sent. The connection
   * that asks for it gets its response first.
   * @param address - `host:port` of its peer, so that a wrong id closes no other connection.
   * @returns Whether there is such a connection.
   */
  closeNamed(id: number, address: string, sender: ChannelRef): boolean {
    const connection = this.#connections.get(id)
    if (connection === undefined || connection.closing || connection.remoteAddress !== address) return false
    const reason = closedFor('closed_by_operator')
    if (id === sender.id) connection.finish(reason)
    else connection.destroy(reason)
    return true
  }

  /**
   * Sends GO_AWAY to connected clients that understand it, serves all others, also those that connect later, and resolves when
   * all connections that were open have closed.
   * @param timeout - Resolves when the wait ends at the latest.
   */
  async drain(timeout: Promise<void>): Promise<void> {
    const last = this.#lastConnectionId
    this.#options.dispatcher.goAway(last)
    // The connections are in the order of their ids.
    const firstId = (): number => this.#connections.keys().next().value ?? Number.POSITIVE_INFINITY
    await Promise.race([this.#until(() => firstId() > last), timeout])
  }

  /**
   * Stops accepting and closes all connections gradually, each when the requests that have arrived have their responses; resolves
   * when the last one has closed. Open connections are served until then.
   * @param timeout - Resolves when connections that are still open are to be destroyed.
   */
  async stop(timeout: Promise<void>): Promise<void> {
    const { defer, every } = this.#options
    this.#endSweeps?.()
    await this.#acceptWaiting()
    if (this.#server.listening) this.#server.close()
    const allClosed = this.#until(() => this.connections === 0)
    const endClosing = closeGradually(
      () => this.#connections.values(),
      (periodMs, task) => every(periodMs, () => afterReads(defer, task)),
    )
    await Promise.race([allClosed, timeout])
    endClosing()
    for (const connection of this.#connections.values()) connection.destroy(closedFor('shutdown'))
    if (this.connections > 0) await allClosed
  }

  /** The kernel resets connections that wait to be accepted when the server closes, and those with unread requests. */
  async #acceptWaiting(): Promise<void> {
    const { defer, nowMs } = this.#options
    const endMs = nowMs() + MAX_ACCEPTING_MS
    // One is accepted in a turn of the event loop, and its first request is read in the next one.
    let accepted: number
    do {
      accepted = this.#lastConnectionId
      await new Promise<void>((resolve) => afterReads(defer, resolve))
    } while (accepted !== this.#lastConnectionId && nowMs() < endMs)
  }

  /**
   * Opens a connection to this server. It is accepted beside all limits, in plaintext whatever `tls.server.mode` is, and neither it
   * nor its requests are counted, shown, or closed by a shutdown.
   * @param dispatcher - Serves its requests, and counts them.
   */
  connectToSelf(dispatcher: RequestDispatcher, onReady: () => void): Socket {
    const { address, port } = this.#server.address() as AddressInfo
    const host = address === '::' ? '::1' : address === '0.0.0.0' ? '127.0.0.1' : address
    const socket = connect({ host, port, noDelay: true }, onReady)
    // By then the socket has a port, and it has not been accepted yet.
    process.nextTick(() => {
      const { localPort } = socket
      if (localPort === undefined) return
      this.#toSelf.set(localPort, dispatcher)
      socket.once('close', () => this.#toSelf.delete(localPort))
    })
    return socket
  }

  #acceptFromSelf(socket: Socket, dispatcher: RequestDispatcher): void {
    const events: RemotingServerEvents = {
      onChannelClose: () => {},
      onChannelFailure: () => {},
      onChannelInternalError: () => {},
      onChannelIdle: () => {},
      onConnectionRejected: () => {},
      onConnectionDropped: () => {},
      onServerFailure: () => {},
    }
    const durations = new RequestDurations({ codes: [], sampledCode: 0 })
    const options = { ...this.#channelOptions, dispatcher, events, durations, counters: new Counters() }
    // Nothing but frames comes from here, so there is nothing to decide first.
    const context: HandshakeContext = {
      ...this.#handshakeContext,
      tlsMode: 'permissive',
      onOpen: (handshake, opened, firstBytes) => {
        const channel = new Channel(opened, options, handshake)
        if (firstBytes !== undefined) channel.receive(firstBytes)
      },
      onRejected: () => {},
    }
    // Not in the table of connections, so any id will do that its dispatcher sends no GO_AWAY.
    new ConnectionHandshake(1, socket, context)
  }

  /** Resolves when a condition holds that closing connections bring about. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Node closes further connections itself. */
  #limitConnections(allowed: number, possible: number): void {
    // One more, for the connection of this server to itself.
    this.#server.maxConnections = Math.min(allowed, possible) + 1
    this.#server.on('drop', ({ remoteAddress = 'unknown', remotePort = 0 } = {}) => {
      if (!this.#toSelf.has(remotePort)) this.#onTooMany(formatAddress(remoteAddress, remotePort))
    })
  }

  #onTooMany(peer: string): void {
    const { limits, maxConnectionsByOpenFiles: possible = Number.POSITIVE_INFINITY, events } = this.#options
    const { maxConnections: allowed } = limits
    if (possible < allowed) {
      events.onConnectionDropped(peer, possible)
      return
    }
    const message = `maxConnections (${allowed}) reached`
    const error = new HandshakeError('ERR_TOO_MANY_CONNECTIONS', message, { limit: 'maxConnections' })
    events.onConnectionRejected(peer, error)
  }

  #accept(socket: Socket): void {
    const ownDispatcher = this.#toSelf.get(socket.remotePort ?? 0)
    if (ownDispatcher !== undefined && socket.remoteAddress === socket.localAddress) {
      this.#acceptFromSelf(socket, ownDispatcher)
      return
    }
    const { counters, events, handshake: handshakeOptions, nowMs, rates } = this.#options
    const host = socket.remoteAddress
    if (host === undefined) {
      // The peer has reset the connection already, as health checks of haproxy do: no response can reach it.
      counters.connectionsAccepted++
      this.#countClosed('socket_error')
      socket.destroy()
      return
    }
    if (this.connections >= this.#server.maxConnections - 1) {
      this.#onTooMany(peerAddress(socket))
      socket.destroy()
      return
    }
    const { proxyTrustedNetworks: proxies } = handshakeOptions
    // A connection of a trusted proxy counts for its client, as soon as the PROXY header names it.
    const isProxy = proxies.restricted && proxies.has(host)
    try {
      if (!isProxy) {
        const peer = { host: plainHost(host), remoteAddress: peerAddress(socket) }
        checkRate(rates, 'connections', peer, nowMs())
        this.#perAddress.count(socket, host)
      }
    } catch (error) {
      events.onConnectionRejected(peerAddress(socket), error as HandshakeError)
      socket.destroy()
      return
    }
    counters.connectionsAccepted++
    const handshake = new ConnectionHandshake(++this.#lastConnectionId, socket, this.#handshakeContext)
    this.#connections.set(handshake.id, handshake)
    socket.on('close', () => {
      this.#perAddress.release(socket)
      if (this.#connections.get(handshake.id) === handshake) this.#remove(handshake)
    })
  }

  #open(handshake: ConnectionHandshake, socket: Socket, firstBytes: Buffer | undefined): void {
    const channel = new Channel(socket, this.#channelOptions, handshake)
    this.#connections.set(channel.id, channel)
    socket.on('close', () => {
      this.#remove(channel)
      this.#options.events.onChannelClose(channel)
    })
    if (firstBytes !== undefined) channel.receive(firstBytes)
  }

  #remove(connection: Connection): void {
    const reason = connection.closeReason ?? closedFor('peer_closed')
    this.#connections.delete(connection.id)
    this.#closed.add(connection, reason, this.#options.nowMs())
    this.#countClosed(reason.cause)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  #countClosed(cause: CloseCause): void {
    const { counters } = this.#options
    counters.connectionsClosed++
    counters.connectionsClosedBy[cause]++
  }

  #closeIdle(): void {
    const nowMs = this.#options.nowMs()
    for (const connection of this.#connections.values()) {
      if (nowMs - connection.lastActivityMs >= connection.maxIdleMs) {
        this.#options.events.onChannelIdle(connection)
        connection.destroy(closedFor('idle'))
      } else if (connection instanceof ConnectionHandshake) connection.closeIfLate()
    }
  }
}
