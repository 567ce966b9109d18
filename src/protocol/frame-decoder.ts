import { FrameError } from './errors.ts'

/** Bytes of the length word in front of every frame; it does not count itself. */
export const LENGTH_WORD_BYTES = 4

/** Bytes of the header word (serialize type and header length), the minimum of a frame. */
export const HEADER_WORD_BYTES = 4

const FRAME_LIMIT = 'com.rocketmq.remoting.frameMaxLength'

const NO_BYTES = Buffer.alloc(0)

/** Max bytes of spare buffers: one frame of the default limit. */
const MAX_SPARE_BYTES = 16 * 1024 * 1024
/** Smaller buffers are left to the garbage collector. */
const MIN_BUFFER_BYTES = 64 * 1024

/**
 * Spare buffers for large frames. Without them each registration of some megabytes takes fresh pages from the kernel and makes the
 * garbage collector run: rows `register-same`, `register-change` and `register-many` of the benchmark take several times the CPU.
 */
export class BufferPool {
  /** The one that has been spare longest first. */
  readonly #spare: Buffer[] = []
  #spareBytes = 0

  /**
   * A spare buffer with any content, of at least `minBytes` and at most `maxBytes`: the smallest that holds `wantedBytes`, or else the
   * largest; undefined without one.
   */
  acquire(minBytes: number, wantedBytes: number, maxBytes: number): Buffer | undefined {
    const fitting = this.#spare
      .filter(({ length }) => length >= minBytes && length <= maxBytes)
      .sort((one, other) => one.length - other.length)
    const best = fitting.find(({ length }) => length >= wantedBytes) ?? fitting.at(-1)
    if (best === undefined) return undefined
    this.#spare.splice(this.#spare.indexOf(best), 1)
    this.#spareBytes -= best.length
    return best
  }

  /** Takes a buffer back that nothing reads any more. If the pool exceeds its limit, those that have been spare longest are dropped. */
  release(buffer: Buffer): void {
    if (buffer.length < MIN_BUFFER_BYTES || buffer.length > MAX_SPARE_BYTES) return
    this.#spare.push(buffer)
    this.#spareBytes += buffer.length
    while (this.#spareBytes > MAX_SPARE_BYTES) this.#spareBytes -= this.#spare.shift()?.length ?? 0
  }
}

/**
 * The memory of an incomplete frame grows by this factor: a length that a peer announces costs memory only as its bytes come. A spare
 * buffer is there already, so it may have the frame's whole length at once.
 */
const GROWTH = 4

/** A spare buffer is at most this many times as long as the frame, whose length is what counts of it. */
const MAX_SPARE_FACTOR = 1.25

/**
 * Cuts a byte stream into frames.
 *
 * ```
 * length int32 | header word int32 | header | body        length = 4 + header + body
 * ```
 *
 * A frame within one chunk is a view of that chunk; any other is assembled in a buffer of the pool.
 *
 * @see NettyDecoder in apache/rocketmq, a LengthFieldBasedFrameDecoder(frameMaxLength, 0, 4, 0, 4)
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number
  readonly #pool: BufferPool | undefined
  /** The unread bytes, from `#offset` on. */
  #chunk: Buffer = NO_BYTES
  #offset = 0
  /** The first `#partialBytes` bytes are the beginning of an incomplete frame, from its length word on. */
  #partial: Buffer = NO_BYTES
  #partialBytes = 0
  /** The room for the frame in `#partial` if that was a spare buffer, whose pages are all in memory; else 0. */
  #roomBytes = 0
  /** Contains the frame that was found, if it was assembled. */
  #assembled: Buffer | undefined
  /** Contains the frame that {@link advance} found, from `from` to `to`, without its length word. */
  bytes: Buffer = NO_BYTES
  from = 0
  to = 0

  /**
   * @param maxFrameBytes - Max bytes of a frame with its length word; RocketMQ's default is 16,777,216.
   * @param pool - Shared by decoders. Without it a frame stays valid.
   */
  constructor(maxFrameBytes: number, pool?: BufferPool) {
    this.#maxFrameBytes = maxFrameBytes
    this.#pool = pool
  }

  /** Bytes held: of an incomplete frame, and unread. */
  get bufferedBytes(): number {
    return Math.max(this.#partialBytes, this.#roomBytes) + this.#chunk.length - this.#offset
  }

  /** Bytes of the incomplete frame. */
  get partialBytes(): number {
    return this.#partialBytes
  }

  /** Whether the frame that was found is a part of the chunk. */
  get foundInChunk(): boolean {
    return this.#assembled === undefined
  }

  /** Takes the next bytes of the stream. They must not change until no frame is left, or {@link detach} is called. */
  append(chunk: Buffer): void {
    const isRead = this.#offset === this.#chunk.length
    this.#chunk = isRead ? chunk : Buffer.concat([this.#chunk.subarray(this.#offset), chunk])
    this.#offset = 0
  }

  /** Copies the unread bytes, so that the chunk may change. */
  detach(): void {
    if (this.#offset < this.#chunk.length) this.#chunk = Buffer.from(this.#chunk.subarray(this.#offset))
    else this.#chunk = NO_BYTES
    this.#offset = 0
  }

  /** Drops everything; no more bytes will come. A frame that is still being processed stays as it is. */
  release(): void {
    this.#chunk = NO_BYTES
    this.#offset = 0
    this.#partial = NO_BYTES
    this.#partialBytes = 0
    this.#roomBytes = 0
    this.#assembled = undefined
    this.bytes = NO_BYTES
  }

  /**
   * The next frame without its length word, or undefined until more bytes come. It is valid until the next call.
   * @throws {FrameError} as {@link advance}
   */
  next(): Buffer | undefined {
    return this.advance() ? this.bytes.subarray(this.from, this.to) : undefined
  }

  /**
   * Goes to the next frame, which is valid until the next call. A view of each, as {@link next} gives, would take a twentieth of the
   * time of a lookup.
   * @returns False until more bytes come.
   * @throws {FrameError} `ERR_FOREIGN_PROTOCOL`, `ERR_FRAME_TOO_LONG`, `ERR_FRAME_TOO_SHORT`: the stream cannot be read any further.
   */
  advance(): boolean {
    if (this.#assembled !== undefined) {
      this.#pool?.release(this.#assembled)
      this.#assembled = undefined
    }
    if (this.#partialBytes > 0) return this.#completePartial()
    const from = this.#offset + LENGTH_WORD_BYTES
    if (from <= this.#chunk.length) {
      const to = from + this.#checkedLength(this.#chunk.readInt32BE(this.#offset))
      if (to <= this.#chunk.length) {
        this.#offset = to
        this.bytes = this.#chunk
        this.from = from
        this.to = to
        return true
      }
    }
    return this.#completePartial()
  }

  #completePartial(): boolean {
    this.bytes = NO_BYTES
    const hasLength = this.#partialBytes >= LENGTH_WORD_BYTES || this.#fillPartial(LENGTH_WORD_BYTES)
    if (!hasLength) return false
    const frameBytes = LENGTH_WORD_BYTES + this.#checkedLength(this.#partial.readInt32BE(0))
    if (!this.#fillPartial(frameBytes)) return false
    this.#assembled = this.#partial
    this.bytes = this.#partial
    this.from = LENGTH_WORD_BYTES
    this.to = frameBytes
    this.#partial = NO_BYTES
    this.#partialBytes = 0
    this.#roomBytes = 0
    return true
  }

  /** Moves unread bytes to the incomplete frame until it has this many. @returns False if there were too few. */
  #fillPartial(wantedBytes: number): boolean {
    const from = this.#offset
    const end = Math.min(this.#partialBytes + this.#chunk.length - from, wantedBytes)
    if (end > this.#partial.length) {
      // The first few bytes of a frame do not take a large spare buffer away from others.
      const maxSpareBytes = end < MIN_BUFFER_BYTES ? GROWTH * end : MAX_SPARE_FACTOR * wantedBytes
      const spare = this.#pool?.acquire(end, wantedBytes, maxSpareBytes)
      const larger = spare ?? Buffer.allocUnsafeSlow(Math.min(wantedBytes, GROWTH * end))
      this.#roomBytes = Math.min(spare?.length ?? 0, wantedBytes)
      this.#partial.copy(larger, 0, 0, this.#partialBytes)
      this.#pool?.release(this.#partial)
      this.#partial = larger
    }
    this.#chunk.copy(this.#partial, this.#partialBytes, from, from + end - this.#partialBytes)
    this.#offset = from + end - this.#partialBytes
    this.#partialBytes = end
    if (this.#offset === this.#chunk.length) this.detach()
    return end === wantedBytes
  }

  #checkedLength(length: number): number {
    if (length < 0 || length + LENGTH_WORD_BYTES > this.#maxFrameBytes) {
      const foreign = foreignProtocol(length)
      if (foreign !== undefined) throw new FrameError('ERR_FOREIGN_PROTOCOL', foreign)
      const tooLong = `frame of ${length + LENGTH_WORD_BYTES} bytes exceeds ${FRAME_LIMIT} (${this.#maxFrameBytes})`
      const why = length < 0 ? `frame length ${length} is negative` : tooLong
      throw new FrameError('ERR_FRAME_TOO_LONG', why, { limit: FRAME_LIMIT })
    }
    if (length < HEADER_WORD_BYTES) {
      throw new FrameError('ERR_FRAME_TOO_SHORT', `frame length ${length} has no room for the header word`)
    }
    return length
  }
}

/** The first four bytes of protocols that reach the wrong port. Read as a frame length, each exceeds 256 MiB. */
const FOREIGN_PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  'HTTP request': ['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'OPTI', 'PATC', 'TRAC', 'CONN'],
  'HTTP/2 (gRPC) request': ['PRI '],
  'SSH client': ['SSH-'],
  'Redis client': ['PING', 'AUTH', 'HELL', ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((count) => `*${count}\r\n`)],
  'AMQP client': ['AMQP'],
}

const NAME_BY_WORD: ReadonlyMap<number, string> = new Map(
  Object.entries(FOREIGN_PROTOCOLS).flatMap(([name, beginnings]) =>
    beginnings.map((bytes) => [Buffer.from(bytes).readInt32BE(0), `${name} on the remoting port`]),
  ),
)

/**
 * Names the protocol that begins with these four bytes; undefined for any other.
 * @param word - The bytes as a big-endian int32, as a frame's length word is read.
 */
export function foreignProtocol(word: number): string | undefined {
  return NAME_BY_WORD.get(word)
}
