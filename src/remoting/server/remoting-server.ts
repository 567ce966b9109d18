import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { CommandDecoder } from '../../protocol/command-decoder.ts'
import type { ChannelRef } from '../../protocol/processor.ts'
import type { SerializeType } from '../../protocol/remoting-command.ts'
import { Counters } from '../../stats/counters.ts'
import { formatAddress, peerAddress } from '../peer-address.ts'
import { Channel, type ChannelOptions } from './channel.ts'
import {
  ConnectionHandshake,
  type HandshakeContext,
  type HandshakeOptions,
  tooManyOfAddress,
} from './connection-handshake.ts'
import { ConnectionMemoryLimit, RequestsInProgress } from './connection-memory-limit.ts'
import { ConnectionsPerAddress } from './connections-per-address.ts'
import { closeGradually } from './gradual-close.ts'
import { HandshakeError } from './handshake-error.ts'
import { LargeFrameThrottle } from './large-frame-throttle.ts'
import { type RemotingLimits, UNLIMITED } from './remoting-limits.ts'
import type { RequestDispatcher } from './request-dispatcher.ts'
import { ResponseBuffer } from './response-buffer.ts'
import { SharedReadBuffer } from './shared-read-buffer.ts'

/** What a server needs to listen. */
export interface RemotingServerOptions {
  readonly dispatcher: RequestDispatcher
  /** Host name or address. */
  readonly bindAddress: string
  /** 0 takes any free port. */
  readonly listenPort: number
  /** Connections that the system has room for; those that come beyond are closed at once. Undefined if that is not known. */
  readonly mostConnections?: number | undefined
  /** Most bytes of a frame, its length word included. */
  readonly maxFrameBytes: number
  /** Most bytes of a request's header. */
  readonly maxHeaderBytes: number
  /** Milliseconds without traffic after which a connection is closed; read once per connection, when it is accepted. */
  readonly maxIdleMs: () => number
  /** How answers are written, whatever the request came in. */
  readonly serializeType: SerializeType
  /** Whether plain connections read into one buffer, where Node lets them. Default true. */
  readonly sharedReadBuffer?: boolean
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: () => number
  /** Runs a task periodically; returns what ends it. */
  readonly every: (periodMs: number, task: () => void) => () => void
  /** Runs a task in a later turn of the event loop, when others have had so many milliseconds. */
  readonly defer: (task: () => void, leastMs: number) => void
  /** What may stand before the first frame of a connection. */
  readonly preface: HandshakeOptions
  readonly events: RemotingServerEvents
  /** Default: none. */
  readonly limits?: RemotingLimits
  readonly counters?: Counters
}

/** What happens on the server's connections, for those who keep state by connection and for the log. */
export interface RemotingServerEvents {
  /** The connection is gone. */
  onChannelClose(channel: ChannelRef): void
  /** The peer's bytes could not be followed, or its socket failed. */
  onChannelFailure(channel: ChannelRef, error: Error): void
  /** Something nobody expected went wrong with what the peer sent; the connection is being closed. */
  onChannelDefect(channel: ChannelRef, error: unknown): void
  /** The connection is being closed because it was idle. */
  onChannelIdle(channel: Pick<ChannelRef, 'remoteAddress'>): void
  /** The connection is being closed before its first frame. The address is the peer's, `host:port`. */
  onConnectionRejected(remoteAddress: string, error: HandshakeError): void
  /** The connection was closed as it came, because the system has no room for more. */
  onConnectionDropped(remoteAddress: string, mostConnections: number): void
  /** The listening socket failed after it had been opened. */
  onServerFailure(error: Error): void
}

/** How many connections may wait to be accepted; Java's constant. */
const BACKLOG = 1024

/** How often idle connections are looked for. */
const IDLE_SWEEP_MS = 1_000

/**
 * The TCP side of the NameServer: accepts connections and gives each a {@link Channel}.
 * @see NettyRemotingServer in apache/rocketmq
 */
export class RemotingServer {
  readonly #options: RemotingServerOptions
  readonly #channelOptions: ChannelOptions
  readonly #prefaceContext: HandshakeContext
  readonly #server: Server
  /** By id, in the order in which they were accepted; a preface until the first frame, then a channel in its place. */
  readonly #connections = new Map<number, ConnectionHandshake | Channel>()
  readonly #counters: Counters
  readonly #perAddress: ConnectionsPerAddress
  readonly #inProgress: RequestsInProgress
  /** Under which address a connection is counted. */
  readonly #countedAs = new WeakMap<ConnectionHandshake, string>()
  #lastConnectionId = 0
  #lastOpaque = 0
  #endSweeps: (() => void) | undefined
  /** Those who wait until connections are gone. */
  readonly #waiting = new Set<{ readonly condition: () => boolean; readonly resolve: () => void }>()

  constructor(options: RemotingServerOptions) {
    this.#options = options
    const counters = options.counters ?? new Counters()
    const limits = options.limits ?? UNLIMITED
    this.#counters = counters
    this.#perAddress = new ConnectionsPerAddress(limits.maxConnectionsPerAddress)
    this.#inProgress = new RequestsInProgress(limits.maxQueuedRequestBytes / 2, counters)
    this.#channelOptions = {
      dispatcher: options.dispatcher,
      nowMs: options.nowMs,
      maxFrameBytes: options.maxFrameBytes,
      commandDecoder: new CommandDecoder({
        nextOpaque: () => {
          this.#lastOpaque = (this.#lastOpaque + 1) | 0
          return this.#lastOpaque
        },
        maxHeaderBytes: options.maxHeaderBytes,
      }),
      responses: new ResponseBuffer(options.serializeType),
      reads: options.sharedReadBuffer === false ? undefined : new SharedReadBuffer(),
      throttle: new LargeFrameThrottle(options),
      counters,
      // Halves, so that peers that do not finish what they send take no room from those that do.
      queuedRequests: new ConnectionMemoryLimit(
        'maxQueuedRequestBytes',
        limits.maxQueuedRequestBytes / 2,
        counters,
      ),
      inProgress: this.#inProgress,
      queuedResponses: new ConnectionMemoryLimit(
        'maxQueuedAnswerBytes',
        limits.maxQueuedAnswerBytes,
        counters,
      ),
      onFailure: (channel, error) => options.events.onChannelFailure(channel, error),
      onDefect: (channel, error) => options.events.onChannelDefect(channel, error),
    }
    this.#prefaceContext = {
      ...options.preface,
      nowMs: options.nowMs,
      maxIdleMs: options.maxIdleMs,
      admit: (preface, host) => this.#admit(preface, host),
      onOpen: (preface, socket, firstBytes) => this.#open(preface, socket, firstBytes),
      onRejected: ({ remoteAddress }, error) => options.events.onConnectionRejected(remoteAddress, error),
    }
    this.#server = createServer({ noDelay: true, keepAlive: false }, (socket) => this.#accept(socket))
    this.#limitConnections(limits.maxConnections, options.mostConnections ?? Number.POSITIVE_INFINITY)
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size
  }

  /** Bytes of request bodies that are in progress. */
  get requestBytesInProgress(): number {
    return this.#inProgress.bytes
  }

  /**
   * Listens.
   * @returns Address and port that are really bound.
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
    this.#endSweeps = every(IDLE_SWEEP_MS, () => this.#closeIdle())
    const { address, port } = this.#server.address() as AddressInfo
    return { address, port }
  }

  /** Called after a pause of the process, in which nothing could be read: it does not count as idle time. */
  extendIdleTimes(pausedMs: number): void {
    const nowMs = this.#options.nowMs()
    for (const connection of this.#connections.values()) connection.extendIdleTime(pausedMs, nowMs)
  }

  /** Closes a connection after what is written to it has been sent; does nothing if it is gone. */
  closeChannel(id: number): void {
    this.#connections.get(id)?.closeGently()
  }

  /**
   * Tells connected clients that understand it to go away, goes on serving every connection, and resolves when the last of those
   * connections has closed, also of those that have sent nothing yet. Clients that connect meanwhile are served.
   * @param patience - Resolves when connections that are still open are not to be waited for any longer.
   */
  async drain(patience: Promise<void>): Promise<void> {
    const last = this.#lastConnectionId
    this.#options.dispatcher.goAway(last)
    await Promise.race([this.#until(() => !this.#hasConnectionUpTo(last)), patience])
  }

  /**
   * Stops accepting, closes all connections, where there are many over three seconds, each when the request that is being
   * worked on has been answered, and resolves when the last one is gone. Until then those that are open are served.
   * @param patience - Resolves when connections that are still open are to be closed the hard way.
   */
  async stop(patience: Promise<void>): Promise<void> {
    this.#endSweeps?.()
    if (this.#server.listening) this.#server.close()
    const allClosed = this.#until(() => this.connections === 0)
    const endClosing = closeGradually(() => this.#connections.values(), this.#options.every)
    await Promise.race([allClosed, patience])
    endClosing()
    for (const connection of this.#connections.values()) connection.destroy()
    if (this.connections > 0) await allClosed
  }

  /** Resolves as soon as a condition holds that closed connections bring about. */
  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (condition()) resolve()
      else this.#waiting.add({ condition, resolve })
    })
  }

  /** They are in the order of their ids. */
  #hasConnectionUpTo(id: number): boolean {
    const [first] = this.#connections.keys()
    return first !== undefined && first <= id
  }

  /** Node closes what is beyond, before there is anything of ours. */
  #limitConnections(allowed: number, possible: number): void {
    const most = Math.min(allowed, possible)
    if (Number.isFinite(most)) this.#server.maxConnections = most
    this.#server.on('drop', ({ remoteAddress = 'unknown', remotePort = 0 } = {}) => {
      const peer = formatAddress(remoteAddress, remotePort)
      if (possible < allowed) {
        this.#options.events.onConnectionDropped(peer, possible)
        return
      }
      const message = `maxConnections (${allowed}) reached`
      const error = new HandshakeError('ERR_TOO_MANY_CONNECTIONS', message, { limit: 'maxConnections' })
      this.#options.events.onConnectionRejected(peer, error)
    })
  }

  #accept(socket: Socket): void {
    const host = socket.remoteAddress ?? 'unknown'
    const { proxyTrustedNetworks } = this.#options.preface
    // A proxy has connections of many; each is counted as that of its client as soon as its header says whose it is.
    const counted = !(proxyTrustedNetworks.areNamed && proxyTrustedNetworks.has(host))
    if (counted && !this.#perAddress.add(host)) {
      this.#options.events.onConnectionRejected(peerAddress(socket), tooManyOfAddress(host))
      socket.destroy()
      return
    }
    this.#counters.connectionsAccepted++
    const preface = new ConnectionHandshake(++this.#lastConnectionId, socket, this.#prefaceContext)
    if (counted) this.#countedAs.set(preface, host)
    this.#connections.set(preface.id, preface)
    socket.on('close', () => {
      this.#counters.connectionsClosed++
      this.#stopCounting(preface)
      if (this.#connections.get(preface.id) !== preface) return
      this.#connections.delete(preface.id)
      this.#onGone()
    })
  }

  /** From now on a connection counts as one of that address. */
  #admit(preface: ConnectionHandshake, host: string): boolean {
    this.#stopCounting(preface)
    if (!this.#perAddress.add(host)) return false
    this.#countedAs.set(preface, host)
    return true
  }

  #stopCounting(preface: ConnectionHandshake): void {
    const host = this.#countedAs.get(preface)
    if (host !== undefined) this.#perAddress.remove(host)
    this.#countedAs.delete(preface)
  }

  #open(preface: ConnectionHandshake, socket: Socket, firstBytes: Buffer | undefined): void {
    const channel = new Channel(socket, this.#channelOptions, preface)
    this.#connections.set(channel.id, channel)
    socket.on('close', () => {
      this.#connections.delete(channel.id)
      this.#options.events.onChannelClose(channel)
      this.#onGone()
    })
    if (firstBytes !== undefined) channel.receive(firstBytes)
  }

  #onGone(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.condition()) continue
      this.#waiting.delete(waiter)
      waiter.resolve()
    }
  }

  #closeIdle(): void {
    const nowMs = this.#options.nowMs()
    for (const connection of this.#connections.values()) {
      if (nowMs - connection.lastActivityMs >= connection.maxIdleMs) {
        this.#options.events.onChannelIdle(connection)
        connection.destroy()
      } else if (connection instanceof ConnectionHandshake) connection.closeIfLate()
    }
  }
}
