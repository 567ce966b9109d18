import type { BufferPool } from './buffer-pool.ts'
import { FrameError } from './errors.ts'

/** Bytes of the length word in front of every frame; it does not count itself. */
export const LENGTH_WORD_BYTES = 4

/** Bytes of the header word (serialize type and header length), the minimum of a frame. */
export const HEADER_WORD_BYTES = 4

const FRAME_LIMIT = 'com.rocketmq.remoting.frameMaxLength'

const NO_BYTES = Buffer.alloc(0)

/** The memory of an incomplete frame grows by this factor: a length that a peer announces costs memory only as its bytes come. */
const GROWTH = 4

/**
 * Cuts a byte stream into frames.
 *
 * ```
 * length int32 | header word int32 | header | body        length = 4 + header + body
 * ```
 *
 * {@link append} takes chunks, {@link next} returns whole frames without their length word. A frame within one chunk is a view
 * of that chunk; any other is assembled in a buffer of the pool, if there is one, which gets it back with the next call. The length is checked as
 * soon as its four bytes are there.
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
  /** Contains the frame that {@link next} returned. */
  #returned: Buffer | undefined

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
    return this.#partialBytes + this.#chunk.length - this.#offset
  }

  /** Bytes of the incomplete frame. */
  get partialBytes(): number {
    return this.#partialBytes
  }

  /** Takes the next bytes of the stream. They must not change until {@link next} returns undefined, or {@link detach} is called. */
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
    this.#returned = undefined
  }

  /**
   * The next frame without its length word, or undefined until more bytes come. It is valid until the next call.
   * @throws {FrameError} `ERR_FOREIGN_PROTOCOL`, `ERR_FRAME_TOO_LONG`, `ERR_FRAME_TOO_SHORT`: the stream cannot be read any further.
   */
  next(): Buffer | undefined {
    if (this.#returned !== undefined) {
      this.#pool?.release(this.#returned)
      this.#returned = undefined
    }
    if (this.#partialBytes > 0) return this.#completePartial()
    const from = this.#offset + LENGTH_WORD_BYTES
    if (from <= this.#chunk.length) {
      const end = from + this.#checkedLength(this.#chunk.readInt32BE(this.#offset))
      if (end <= this.#chunk.length) {
        this.#offset = end
        return this.#chunk.subarray(from, end)
      }
    }
    return this.#completePartial()
  }

  #completePartial(): Buffer | undefined {
    const hasLength = this.#partialBytes >= LENGTH_WORD_BYTES || this.#fillPartial(LENGTH_WORD_BYTES)
    if (!hasLength) return undefined
    const frameBytes = LENGTH_WORD_BYTES + this.#checkedLength(this.#partial.readInt32BE(0))
    if (!this.#fillPartial(frameBytes)) return undefined
    const frame = this.#partial.subarray(LENGTH_WORD_BYTES, frameBytes)
    this.#returned = this.#partial
    this.#partial = NO_BYTES
    this.#partialBytes = 0
    return frame
  }

  /** Moves unread bytes to the incomplete frame until it has this many. @returns False if there were too few. */
  #fillPartial(wantedBytes: number): boolean {
    const from = this.#offset
    const end = Math.min(this.#partialBytes + this.#chunk.length - from, wantedBytes)
    if (end > this.#partial.length) {
      const newBytes = Math.min(wantedBytes, GROWTH * end)
      const larger = this.#pool?.acquire(end, newBytes, GROWTH * end) ?? Buffer.allocUnsafeSlow(newBytes)
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
      throw new FrameError(
        'ERR_FRAME_TOO_LONG',
        length < 0
          ? `frame length ${length} is negative`
          : `frame of ${length + LENGTH_WORD_BYTES} bytes exceeds ${FRAME_LIMIT} (${this.#maxFrameBytes})`,
        { limit: FRAME_LIMIT },
      )
    }
    if (length < HEADER_WORD_BYTES) {
      throw new FrameError('ERR_FRAME_TOO_SHORT', `frame length ${length} has no room for the header word`)
    }
    return length
  }
}

const HTTP = 'HTTP request'
const REDIS = 'Redis client'

/** The first four bytes of protocols that reach the wrong port. Read as a frame length, each exceeds 256 MiB. */
const FIRST_BYTES: readonly (readonly [bytes: string, name: string])[] = [
  ...['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'OPTI', 'PATC', 'TRAC', 'CONN'].map(
    (text) => [text, HTTP] as const,
  ),
  ['PRI ', 'HTTP/2 (gRPC) request'],
  ['SSH-', 'SSH client'],
  ...['PING', 'AUTH', 'HELL'].map((text) => [text, REDIS] as const),
  ...Array.from({ length: 9 }, (_, index) => [`*${index + 1}\r\n`, REDIS] as const),
  ['AMQP', 'AMQP client'],
]

const NAME_OF: ReadonlyMap<number, string> = new Map(
  FIRST_BYTES.map(([bytes, name]) => [
    Buffer.from(bytes, 'latin1').readInt32BE(0),
    `${name} on the remoting port`,
  ]),
)

/**
 * Names the protocol that begins with these four bytes; undefined for any other.
 * @param word - The bytes as a big-endian int32, as a frame's length word is read.
 */
export function foreignProtocol(word: number): string | undefined {
  return NAME_OF.get(word)
}
