import { LimitError } from '../../common/limit-error.ts'
import type { Counters } from '../../stats/counters.ts'

/** A connection whose memory is limited. */
export interface LimitedConnection {
  /** Closes the connection at once and releases its memory. */
  evict(error: LimitError): void
}

/** The option that sets the limit, the gauge that shows the usage, and what the memory holds. */
const KINDS = {
  maxQueuedRequestBytes: { gauge: 'queuedRequestBytes', what: 'incomplete request' },
  maxQueuedAnswerBytes: { gauge: 'queuedAnswerBytes', what: 'unread responses' },
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
  /** Sum of the squares of what each holds. Divided by the total, it is the holding weighted by size: small holders are spared. */
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
      const usage = `${this.#totalBytes} of ${this.#maxBytes} bytes in use (${this.#limit})`
      this.#held.delete(connection)
      this.#add(0, bytes)
      const { what } = KINDS[this.#limit]
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
    const hasRoom =
      bodyBytes <= SMALL_BODY_BYTES || this.#bytes + bodyBytes <= this.#maxBytes || this.#bytes === 0
    if (hasRoom) return undefined
    const usage = `${this.#bytes} of ${this.#maxBytes} bytes in progress (maxQueuedRequestBytes)`
    return LimitError.busy('maxQueuedRequestBytes', `request body of ${bodyBytes} bytes; ${usage}`)
  }

  acquire(bodyBytes: number): void {
    this.#bytes += bodyBytes
    this.#counters.workingRequestBytes = this.#bytes
  }

  release(bodyBytes: number): void {
    this.acquire(-bodyBytes)
  }
}

/** Counts the connections of each address, up to a limit. */
export class ConnectionsPerAddress {
  readonly #max: number
  readonly #counts = new Map<string, number>()

  /** @param max - Infinity counts nothing. */
  constructor(max: number) {
    this.#max = max
  }

  /** Counts a connection. @returns False, with nothing counted, if the address has reached the limit. */
  add(host: string): boolean {
    if (this.#max === Number.POSITIVE_INFINITY) return true
    const address = unmapped(host)
    const count = this.#counts.get(address) ?? 0
    if (count >= this.#max) return false
    this.#counts.set(address, count + 1)
    return true
  }

  /** Forgets a connection that was counted. */
  remove(host: string): void {
    const address = unmapped(host)
    const count = this.#counts.get(address) ?? 0
    if (count > 1) this.#counts.set(address, count - 1)
    else this.#counts.delete(address)
  }

  /** Addresses with a connection. */
  get size(): number {
    return this.#counts.size
  }
}

/** A dual-stack socket shows an IPv4 address in IPv6 notation, a PROXY header in IPv4 notation. */
function unmapped(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.)/i, '')
}
