import type { Socket } from 'node:net'
import { LimitError } from '../../common/limit-error.ts'
import type { CommandDecoder } from '../../protocol/command-decoder.ts'
import { encodeCommand } from '../../protocol/command-encoder.ts'
import { FrameDecoder } from '../../protocol/frame-decoder.ts'
import { isResponse, type RemotingCommand, type SerializeType } from '../../protocol/remoting-command.ts'
import { parseRemoteAddress, type RemoteAddress } from '../address.ts'
import { RemotingClientError } from '../errors.ts'

/**
 * Opens a socket and calls `onReady` when it can be written to; `net.connect` and `tls.connect` have this shape. A failure is
 * the socket's `error` event.
 */
export type Connect = (address: RemoteAddress, onReady: () => void) => Socket

/** Called when a command to an address is not sent because of a limit of the client. */
export type OnCommandRejected = (error: LimitError, address: string) => void

/** What every connection of a client shares. */
export interface OutgoingConnectionOptions {
  readonly connect: Connect
  /** Max time to connect, in milliseconds. */
  readonly connectTimeoutMs: number
  /** Whether a connection is closed when a response on it times out. */
  readonly closeIfTimeout: boolean
  /** Max bytes that wait to be sent on one connection. */
  readonly maxQueuedBytes: number
  readonly maxFrameBytes: number
  readonly serializeType: SerializeType
  readonly commandDecoder: CommandDecoder
  readonly nowMs: () => number
  /** Runs a task once; returns what cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void
  readonly onRejected?: OnCommandRejected
  readonly onClose: (connection: OutgoingConnection) => void
}

/** Ends an operation that waits. */
type Reject = (error: RemotingClientError | LimitError) => void

/**
 * A connection that this server opens. Commands wait until it is established, up to a limit. When it closes, commands that were
 * not sent, or have no response yet, fail.
 */
export class OutgoingConnection {
  /** `host:port`, as given. */
  readonly address: string
  readonly #options: OutgoingConnectionOptions
  readonly #socket: Socket
  readonly #decoder: FrameDecoder
  readonly #cancelConnectTimeout: () => void
  /** The commands that wait to be sent, or for their responses. */
  readonly #waiting = new Set<Reject>()
  /** What to do when the connection is established. */
  readonly #onReady: (() => void)[] = []
  readonly #onResponse = new Map<number, (response: RemotingCommand) => void>()
  #queuedBytes = 0
  #ready = false
  #closed = false
  /** When bytes last went in or out. */
  lastActivityMs: number

  /** @throws What `connect` throws. */
  constructor(address: string, remote: RemoteAddress, options: OutgoingConnectionOptions) {
    this.address = address
    this.#options = options
    this.#decoder = new FrameDecoder(options.maxFrameBytes)
    this.lastActivityMs = options.nowMs()
    this.#socket = options.connect(remote, () => {
      if (this.#closed) return
      this.#cancelConnectTimeout()
      this.#ready = true
      for (const write of this.#onReady.splice(0)) write()
    })
    this.#cancelConnectTimeout = options.after(options.connectTimeoutMs, () => {
      this.#fail('ERR_CONNECT', `no connection to ${address} within ${options.connectTimeoutMs} ms`)
    })
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    this.#socket.on('error', (cause) => {
      if (this.#ready)
        this.#fail('ERR_CONNECTION_LOST', `connection to ${address} failed: ${cause.message}`, cause)
      else this.#fail('ERR_CONNECT', `no connection to ${address}: ${cause.message}`, cause)
    })
    this.#socket.on('close', () => this.#fail('ERR_CONNECTION_LOST', `${address} closed the connection`))
  }

  /** Whether a command waits to be sent, or for its response. */
  get busy(): boolean {
    return this.#waiting.size > 0
  }

  /** Sends a command. @throws {RemotingClientError} {LimitError} (rejects) unless the socket accepted all of it. */
  async send(command: RemotingCommand): Promise<void> {
    await this.#wait<void>((resolve) => this.#write(command, resolve))
  }

  /** Sends a request and waits for its response. @throws {RemotingClientError} {LimitError} (rejects) */
  async request(command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    const { after, closeIfTimeout } = this.#options
    const { opaque } = command
    let cancel = (): void => {}
    try {
      return await this.#wait<RemotingCommand>((resolve, reject) => {
        this.#onResponse.set(opaque, resolve)
        cancel = after(timeoutMs, () => {
          const message = `no response from ${this.address} within ${timeoutMs} ms`
          reject(new RemotingClientError('ERR_TIMEOUT', message))
          if (closeIfTimeout) this.#fail('ERR_CONNECTION_LOST', message)
        })
        this.#write(command)
      })
    } finally {
      cancel()
      this.#onResponse.delete(opaque)
    }
  }

  /** Closes at once; commands in progress fail. */
  destroy(): void {
    this.#fail('ERR_CLIENT_CLOSED', `the connection to ${this.address} was closed`)
  }

  /** Waits for what `start` begins; fails when the connection closes. */
  async #wait<Result>(start: (resolve: (result: Result) => void, reject: Reject) => void): Promise<Result> {
    let end: Reject = () => {}
    try {
      return await new Promise<Result>((resolve, reject) => {
        end = reject
        this.#waiting.add(end)
        start(resolve, reject)
      })
    } finally {
      this.#waiting.delete(end)
    }
  }

  /** @throws {RemotingClientError} {LimitError} */
  #write(command: RemotingCommand, onWritten = (): void => {}): void {
    const { serializeType, maxQueuedBytes, nowMs, onRejected } = this.#options
    const frame = encodeCommand(command, serializeType)
    const bytes = frame.length
    if (this.#closed) throw new RemotingClientError('ERR_CONNECTION_LOST', `${this.address} is not connected`)
    if (this.#queuedBytes + bytes > maxQueuedBytes) {
      const detail = `${bytes} bytes more for ${this.address} exceed clientMaxQueuedBytes (${maxQueuedBytes})`
      const error = LimitError.busy('clientMaxQueuedBytes', detail)
      onRejected?.(error, this.address)
      throw error
    }
    this.#queuedBytes += bytes
    const write = (): void => {
      this.lastActivityMs = nowMs()
      this.#cork()
      // On an error the socket's event fails all commands.
      this.#socket.write(frame, (error) => {
        if (error != null) return
        this.#queuedBytes -= bytes
        this.lastActivityMs = nowMs()
        onWritten()
      })
    }
    if (this.#ready) write()
    else this.#onReady.push(write)
  }

  /** Commands of one turn of the event loop leave in one write. */
  #cork(): void {
    if (this.#socket.writableCorked > 0) return
    this.#socket.cork()
    process.nextTick(() => this.#socket.uncork())
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return
    this.lastActivityMs = this.#options.nowMs()
    try {
      this.#decoder.append(chunk)
      for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) {
        const command = this.#options.commandDecoder.decode(frame)
        // Requests of the peer are ignored.
        if (isResponse(command)) this.#onResponse.get(command.opaque)?.(command)
      }
    } catch (cause) {
      this.#fail(
        'ERR_CONNECTION_LOST',
        `invalid frame from ${this.address}: ${(cause as Error).message}`,
        cause,
      )
    }
  }

  #fail(code: RemotingClientError['code'], message: string, cause?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelConnectTimeout()
    this.#socket.destroy()
    const error = new RemotingClientError(code, message, { cause })
    for (const reject of this.#waiting) reject(error)
    this.#options.onClose(this)
  }
}

/**
 * Opens a connection to an address and closes it at once, without sending anything.
 * @param address - `host:port`
 * @throws {RemotingClientError} (rejects) `ERR_CONNECT`, with the socket's error as the cause, or no cause after the timeout;
 * `ERR_ADDRESS`.
 */
export async function reach(
  address: string,
  {
    connect,
    connectTimeoutMs,
    after,
  }: Pick<OutgoingConnectionOptions, 'connect' | 'connectTimeoutMs' | 'after'>,
): Promise<void> {
  const remote = parseRemoteAddress(address)
  let end = (): void => {}
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string, cause?: Error): void =>
        reject(new RemotingClientError('ERR_CONNECT', `no connection to ${address}${reason}`, { cause }))
      const socket = connect(remote, resolve)
      socket.on('error', (cause) => fail(`: ${cause.message}`, cause))
      const cancelTimeout = after(connectTimeoutMs, () => fail(` within ${connectTimeoutMs} ms`))
      end = () => {
        cancelTimeout()
        socket.destroy()
      }
    })
  } finally {
    end()
  }
}
