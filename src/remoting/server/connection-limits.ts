import type { Socket } from 'node:net'
import { LimitError } from '../../common/limit-error.ts'
import type { ChannelRef } from '../../protocol/processor.ts'
import type { Counters } from '../../stats/counters.ts'
import { HandshakeError } from '../errors.ts'

/** A connection whose memory is limited. */
export interface LimitedConnection {
  /** Closes the connection at once and releases its memory. */
  evict(error: LimitError): void
}

/** The key that sets the limit, the gauge that shows the usage, what the memory holds, and the limit as errors state it. */
const KINDS = {
  maxQueuedRequestBytes: {
    gauge: 'queuedRequestBytes',
    what: 'incomplete request',
    limitText: 'half of maxQueuedRequestBytes',
  },
  maxQueuedAnswerBytes: {
    gauge: 'queuedResponseBytes',
    what: 'unread responses',
    limitText: 'maxQueuedAnswerBytes',
  },
} as const

/**
 * Limits the memory of one kind that all connections of a server hold together. When the limit is exceeded, the connection that
 * has gone longest without progress is closed, then the next, until usage fits. Connections that hold little are spared: closing
 * a broker whose heartbeat is half received would cost its routes, and free nothing.
 */
export class ConnectionMemoryLimit {
  readonly #limit: keyof typeof KINDS
  readonly #maxBytes: number
  readonly #counters: Counters
  /** Bytes by connection; the one that has gone longest without progress is the first. */
  readonly #held = new Map<LimitedConnection, number>()
  #totalBytes = 0
  /** Divided by the total it is the mean weighted by size, which many small holders do not lower. */
  #sumOfSquares = 0

  constructor(limit: keyof typeof KINDS, maxBytes: number, counters: Counters) {
    this.#limit = limit
    this.#maxBytes = maxBytes
    this.#counters = counters
  }

  /**
   * Sets what a connection holds, and evicts connections while all hold too much.
   * @param bytes - 0 for nothing.
   * @param madeProgress - Whether it has finished a request, or taken a response, since the last report.
   */
  report(connection: LimitedConnection, bytes: number, madeProgress: boolean): void {
    const before = this.#held.get(connection) ?? 0
    if (bytes === 0 && before === 0) return
    if (madeProgress || bytes === 0) this.#held.delete(connection)
    if (bytes > 0) this.#held.set(connection, bytes)
    this.#add(bytes, before)
    while (this.#totalBytes > this.#maxBytes && this.#evictOne()) {}
  }

  #add(bytes: number, before: number): void {
    this.#totalBytes += bytes - before
    this.#sumOfSquares += bytes * bytes - before * before
    this.#counters[KINDS[this.#limit].gauge] = this.#totalBytes
  }

  /** @returns False if no connection holds anything. */
  #evictOne(): boolean {
    const sparedBytes = this.#sumOfSquares / this.#totalBytes / 2
    for (const [connection, bytes] of this.#held) {
      if (bytes < sparedBytes) continue
      const { what, limitText } = KINDS[this.#limit]
      const usage = `${this.#totalBytes} of ${this.#maxBytes} bytes in use (${limitText})`
      this.#held.delete(connection)
      this.#add(0, bytes)
      connection.evict(LimitError.busy(this.#limit, `closed: ${what} of ${bytes} bytes; ${usage}`))
      return true
    }
    return false
  }
}

/** A request of this size is always accepted, however much is in progress. */
const SMALL_BODY_BYTES = 16 * 1024

/** Limits the bodies of requests that are in progress beyond the turn in which they came, on all connections of a server. */
export class RequestsInProgress {
  readonly #maxBytes: number
  readonly #counters: Counters
  #bytes = 0

  constructor(maxBytes: number, counters: Counters) {
    this.#maxBytes = maxBytes
    this.#counters = counters
  }

  /** Bytes in progress. */
  get bytes(): number {
    return this.#bytes
  }

  /** The reason to reject a body of this size; undefined if there is room. A single request has room, whatever its size. */
  check(bodyBytes: number): LimitError | undefined {
    const wantedBytes = this.#bytes + bodyBytes
    if (bodyBytes <= SMALL_BODY_BYTES || wantedBytes <= this.#maxBytes || this.#bytes === 0) return undefined
    const usage = `${this.#bytes} of ${this.#maxBytes} bytes in progress (half of maxQueuedRequestBytes)`
    return LimitError.busy('maxQueuedRequestBytes', `request body of ${bodyBytes} bytes; ${usage}`)
  }

  /** A body is in progress; negative bytes if it no longer is. */
  add(bodyBytes: number): void {
    this.#bytes += bodyBytes
    this.#counters.requestBytesInProgress = this.#bytes
  }
}

/** Limits how often addresses connect, before anything is done for a connection. */
export interface ConnectionRates {
  /**
   * Counts a connection, or a TLS handshake, of an address.
   * @param peer - `host` is an IP address, IPv4 not in IPv6 notation.
   * @returns The reason to reject it, or undefined.
   */
  excess(
    kind: 'connections' | 'handshakes',
    peer: Pick<ChannelRef, 'host' | 'remoteAddress'>,
    nowMs: number,
  ): LimitError | undefined
}

/** Counts a connection, or a TLS handshake. @throws {HandshakeError} It exceeds the rate. */
export function checkRate(
  rates: ConnectionRates | undefined,
  ...connection: Parameters<ConnectionRates['excess']>
): void {
  const error = rates?.excess(...connection)
  if (error !== undefined)
    throw new HandshakeError('ERR_RATE_EXCEEDED', error.message, { limit: error.limit })
}

/** Counts the connections of each address, up to a limit. */
export class ConnectionsPerAddress {
  readonly #max: number
  readonly #counts = new Map<string, number>()
  readonly #addresses = new WeakMap<Socket, string>()

  constructor(max: number) {
    this.#max = max
  }

  /** Counts a connection for this address, and for no other. @throws {HandshakeError} The limit is reached; it counts for none. */
  count(socket: Socket, host: string): void {
    this.release(socket)
    // A dual-stack socket shows an IPv4 address in IPv6 notation, a PROXY header in IPv4 notation.
    const address = host.replace(/^::ffff:(?=\d+\.)/i, '')
    const count = this.#counts.get(address) ?? 0
    if (count >= this.#max) {
      const message = `maxConnectionsPerAddress (${this.#max}) reached for ${address}`
      throw new HandshakeError('ERR_TOO_MANY_OF_ADDRESS', message, { limit: 'maxConnectionsPerAddress' })
    }
    this.#counts.set(address, count + 1)
    this.#addresses.set(socket, address)
  }

  /** Called when a connection has closed. */
  release(socket: Socket): void {
    const address = this.#addresses.get(socket)
    if (address === undefined) return
    this.#addresses.delete(socket)
    const count = (this.#counts.get(address) ?? 0) - 1
    if (count > 0) this.#counts.set(address, count)
    else this.#counts.delete(address)
  }

  /** Addresses with a connection. */
  get size(): number {
    return this.#counts.size
  }
}
