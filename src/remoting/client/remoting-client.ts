import { LimitError, type LimitName } from '../../common/limit-error.ts'
import { CommandDecoder } from '../../protocol/command-decoder.ts'
import { type ExtFields, type RemotingCommand, requestCommand } from '../../protocol/remoting-command.ts'
import { parseRemoteAddress } from '../address.ts'
import { RemotingClientError } from '../errors.ts'
import { OutgoingConnection, type OutgoingConnectionOptions } from './outgoing-connection.ts'

/** What a client needs to open connections, and how much it may hold. */
export interface RemotingClientOptions extends Omit<OutgoingConnectionOptions, 'commandDecoder' | 'onClose'> {
  /** A connection without traffic either way for this long is closed; infinity for never. */
  readonly maxIdleMs: number
  /** Max connections, including those being opened. */
  readonly maxConnections: number
  /** Max oneway commands that wait to be sent, on all connections together. */
  readonly maxOneways: number
  /** Max requests that wait for their responses, on all connections together. */
  readonly maxRequests: number
  /** Runs a task periodically; returns what ends it. */
  readonly every: (periodMs: number, task: () => void) => () => void
}

const IDLE_SWEEP_INTERVAL_MS = 1_000

/**
 * Sends commands to brokers and NameServers: one connection per address, opened when it is first needed and closed when idle.
 * @see NettyRemotingClient in apache/rocketmq
 */
export class RemotingClient {
  readonly #options: RemotingClientOptions
  readonly #commandDecoder = new CommandDecoder()
  /** In the order of their last use. */
  readonly #connections = new Map<string, OutgoingConnection>()
  #endSweeps: (() => void) | undefined
  #nextOpaque = 0
  #oneways = 0
  #requests = 0
  #closed = false

  constructor(options: RemotingClientOptions) {
    this.#options = options
  }

  /** Open connections, and those being opened. */
  get connections(): number {
    return this.#connections.size
  }

  /** Commands that wait to be sent, or for their responses. */
  get waiting(): number {
    return this.#oneways + this.#requests
  }

  /** Oneway commands that wait to be sent. */
  get waitingOneways(): number {
    return this.#oneways
  }

  /** Requests that wait for their responses. */
  get waitingRequests(): number {
    return this.#requests
  }

  /** A command with the next opaque of this process; counted from 0, as in Java. */
  createRequest(
    code: number,
    extFields: ExtFields,
    options?: { readonly oneway?: boolean; readonly version?: number },
  ): RemotingCommand {
    const opaque = this.#nextOpaque
    this.#nextOpaque = (opaque + 1) | 0
    return requestCommand(code, opaque, extFields, options)
  }

  /**
   * Sends a command that gets no response.
   * @param address - `host:port`
   * @throws {RemotingClientError} {LimitError} (rejects) unless the socket accepted all of it.
   */
  async invokeOneway(address: string, command: RemotingCommand): Promise<void> {
    if (this.#oneways >= this.#options.maxOneways) {
      throw this.#tooMany('clientOnewaySemaphoreValue', address, this.#oneways, 'waiting oneway commands')
    }
    this.#oneways++
    try {
      await this.#connectionTo(address).send(command)
    } finally {
      this.#oneways--
    }
  }

  /**
   * Sends a request and waits for the response, whatever its code.
   * @param address - `host:port`
   * @param timeoutMs - Includes the time to connect.
   * @throws {RemotingClientError} {LimitError} (rejects)
   */
  async invoke(address: string, command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    if (this.#requests >= this.#options.maxRequests) {
      throw this.#tooMany('clientAsyncSemaphoreValue', address, this.#requests, 'waiting requests')
    }
    this.#requests++
    try {
      return await this.#connectionTo(address).request(command, timeoutMs)
    } finally {
      this.#requests--
    }
  }

  /** Closes all connections at once. Commands in progress fail, and so do later ones. */
  close(): void {
    this.#closed = true
    for (const connection of [...this.#connections.values()]) connection.destroy()
  }

  #connectionTo(address: string): OutgoingConnection {
    if (this.#closed) throw new RemotingClientError('ERR_CLIENT_CLOSED', 'the client is closed')
    const connection = this.#connections.get(address) ?? this.#open(address)
    this.#connections.delete(address)
    this.#connections.set(address, connection)
    return connection
  }

  #open(address: string): OutgoingConnection {
    const remote = parseRemoteAddress(address)
    if (this.#connections.size >= this.#options.maxConnections) this.#closeOneNotBusy(address)
    this.#endSweeps ??= this.#options.every(IDLE_SWEEP_INTERVAL_MS, () => this.#closeIdle())
    return new OutgoingConnection(address, remote, {
      ...this.#options,
      commandDecoder: this.#commandDecoder,
      onClose: (connection) => this.#onClose(connection),
    })
  }

  /** Closes the least recently used connection that is not busy. @throws {LimitError} All are busy. */
  #closeOneNotBusy(address: string): void {
    for (const connection of this.#connections.values()) {
      if (connection.busy) continue
      connection.destroy()
      return
    }
    throw this.#tooMany('clientMaxConnections', address, this.#connections.size, 'all connections are busy')
  }

  #tooMany(limit: LimitName, address: string, count: number, what: string): LimitError {
    const error = LimitError.busy(limit, `${limit} (${count}) reached: ${what}`)
    this.#options.onRejected?.(error, address)
    return error
  }

  #onClose(connection: OutgoingConnection): void {
    if (this.#connections.get(connection.address) === connection) this.#connections.delete(connection.address)
    if (this.#connections.size > 0) return
    this.#endSweeps?.()
    this.#endSweeps = undefined
  }

  #closeIdle(): void {
    const idleSinceMs = this.#options.nowMs() - this.#options.maxIdleMs
    for (const connection of [...this.#connections.values()]) {
      if (connection.lastActivityMs <= idleSinceMs) connection.destroy()
    }
  }
}
