import { BufferPool } from './buffer-pool.ts'
import { FrameError } from './errors.ts'
import { foreignProtocol } from './foreign-protocol.ts'

/** Bytes of the length word in front of every frame; it does not count itself. */
export const LENGTH_WORD_BYTES = 4

/** Bytes of the header word (serialize type and header length), the least a frame can hold. */
export const HEADER_WORD_BYTES = 4

const FRAME_LIMIT = 'com.rocketmq.remoting.frameMaxLength'

const NO_BYTES = Buffer.alloc(0)

/** Chunks below this size are put together; it is what one read brings at most. */
const SMALL_CHUNK_BYTES = 64 * 1024

/** From so many bytes on a frame that is not whole is put together as it comes. */
const LARGE_BYTES = 64 * 1024
/** Room for a large frame to begin with; what is not written to takes no memory yet. */
const LEAST_ASSEMBLY_BYTES = 1024 * 1024
/** How much more room is made than is needed at the moment. */
const GROWTH = 4

/**
 * Cuts a byte stream into frames.
 *
 * ```
 * length int32 | header word int32 | header | body        length = 4 + header + body
 * ```
 *
 * Chunks go in by {@link append}, whole frames without their length word come out of {@link next}. A frame that came in one
 * chunk is a view of that chunk; one that came in pieces is put together once, when its last byte is there. The length is
 * checked as soon as its four bytes are known, before anything is kept for the frame.
 *
 * @see NettyDecoder in apache/rocketmq, a LengthFieldBasedFrameDecoder(frameMaxLength, 0, 4, 0, 4)
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number
  readonly #buffers: BufferPool
  /** Chunks not yet consumed, in order; the first one from `#offset` on. */
  #chunks: Buffer[] = []
  #offset = 0
  #bufferedBytes = 0
  /** Length of the frame being waited for, or -1 while its length word is incomplete. */
  #frameBytes = -1
  /** Where a large frame is put together as it comes; it holds `#assembledBytes` of it, and grows. */
  #assembly: Buffer | undefined
  #assembledBytes = 0
  #bytes: Buffer = NO_BYTES
  #ownsFrame = false
  #frameMemory: Buffer | undefined
  #from = 0
  #to = 0

  /**
   * @param maxFrameBytes - Most bytes of a frame with its length word; RocketMQ's default is 16,777,216.
   * @param buffers - Memory for large frames. What {@link frameMemory} then says may be given back to it.
   */
  constructor(maxFrameBytes: number, buffers = new BufferPool()) {
    this.#maxFrameBytes = maxFrameBytes
    this.#buffers = buffers
  }

  /** Bytes held for frames that are not whole yet, or not taken. */
  get bufferedBytes(): number {
    const assembly = this.#assembly
    if (assembly === undefined) return this.#bufferedBytes
    // Fresh memory is there as far as it has been written to, used memory as a whole.
    return this.#bufferedBytes + (this.#buffers.isUsed(assembly) ? assembly.length : this.#assembledBytes)
  }

  /** Whether a large frame is being put together as it comes. */
  get assembling(): boolean {
    return this.#assembly !== undefined
  }

  /** Lets go of everything that is held: no more bytes will come. */
  release(): void {
    if (this.#assembly !== undefined) this.#buffers.giveBack(this.#assembly)
    this.#assembly = undefined
    this.#assembledBytes = 0
    this.#chunks = []
    this.#offset = 0
    this.#bufferedBytes = 0
    this.#bytes = NO_BYTES
  }

  /** Takes the next bytes of the stream. The chunk must not change afterwards, or not after {@link keepUnread}. */
  append(chunk: Buffer): void {
    if (chunk.length === 0) return
    const rest = this.#assembly === undefined ? chunk : this.#assemble(chunk)
    if (rest.length === 0) return
    this.#chunks.push(rest)
    this.#bufferedBytes += rest.length
  }

  /** Copies what has not been taken of the chunk that was appended last, so that its memory may be used again. */
  keepUnread(): void {
    this.#bytes = NO_BYTES
    const last = this.#chunks.length - 1
    const chunk = this.#chunks[last]
    if (chunk === undefined) return
    const from = last === 0 ? this.#offset : 0
    this.#chunks[last] = Buffer.from(from === 0 ? chunk : chunk.subarray(from))
    if (last === 0) this.#offset = 0
  }

  /**
   * The next whole frame without its length word, or undefined until more bytes come.
   * @throws {FrameError} As {@link advance}.
   */
  next(): Buffer | undefined {
    return this.advance() ? this.#bytes.subarray(this.#from, this.#to) : undefined
  }

  /**
   * Goes on to the next whole frame, which is then at {@link from} to {@link to} of {@link bytes} until the next call: as
   * {@link next}, but without a value per frame.
   * @returns False until more bytes come.
   * @throws {FrameError} `ERR_FOREIGN_PROTOCOL`, `ERR_FRAME_TOO_LONG`, `ERR_FRAME_TOO_SHORT`: the stream is lost, do not call again.
   */
  advance(): boolean {
    this.#frameMemory = undefined
    if (this.#frameBytes < 0) {
      if (this.#bufferedBytes < LENGTH_WORD_BYTES) {
        this.#letGoOfConsumedBytes()
        return false
      }
      const first = this.#chunks[0] as Buffer
      const length =
        first.length - this.#offset >= LENGTH_WORD_BYTES
          ? first.readInt32BE(this.#offset)
          : this.#peek(LENGTH_WORD_BYTES).readInt32BE(0)
      this.#checkLength(length)
      this.#skip(LENGTH_WORD_BYTES)
      this.#frameBytes = length
    }
    if (this.#assembly !== undefined) return this.#takeAssembled()
    if (this.#bufferedBytes < this.#frameBytes) {
      this.#letGoOfConsumedBytes()
      if (this.#bufferedBytes >= LARGE_BYTES) this.#beginAssembly()
      return false
    }
    this.#take(this.#frameBytes)
    this.#frameBytes = -1
    return true
  }

  /** Holds the frame that was gone on to; the next bytes behind it may be those of another one. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Whether that frame was put together from several chunks, in memory of its own. */
  get ownsFrame(): boolean {
    return this.#ownsFrame
  }

  /** What that frame was put together in, if it was large. */
  get frameMemory(): Buffer | undefined {
    return this.#frameMemory
  }

  /** Where that frame begins: at its header word. */
  get from(): number {
    return this.#from
  }

  /** Where it ends. */
  get to(): number {
    return this.#to
  }

  /** From here on the bytes of this frame go straight to their place, instead of into chunks that are put together at its end. */
  #beginAssembly(): void {
    const chunks = this.#chunks
    const offset = this.#offset
    this.#chunks = []
    this.#offset = 0
    this.#bufferedBytes = 0
    this.#assembly = NO_BYTES
    for (const [index, chunk] of chunks.entries())
      this.#assemble(index === 0 ? chunk.subarray(offset) : chunk)
  }

  /** @returns What is beyond the frame. */
  #assemble(chunk: Buffer): Buffer {
    const wanted = Math.min(chunk.length, this.#frameBytes - this.#assembledBytes)
    const end = this.#assembledBytes + wanted
    let assembly = this.#assembly ?? NO_BYTES
    if (end > assembly.length) {
      // Not all at once: what a peer announces costs memory only as it comes.
      const room = Math.min(this.#frameBytes, Math.max(LEAST_ASSEMBLY_BYTES, GROWTH * end))
      const larger = this.#buffers.take(room, this.#frameBytes)
      assembly.copy(larger, 0, 0, this.#assembledBytes)
      this.#buffers.giveBack(assembly)
      assembly = larger
    }
    chunk.copy(assembly, this.#assembledBytes, 0, wanted)
    this.#assembly = assembly
    this.#assembledBytes = end
    return chunk.subarray(wanted)
  }

  #takeAssembled(): boolean {
    this.#bytes = NO_BYTES
    if (this.#assembledBytes < this.#frameBytes) return false
    this.#bytes = this.#assembly ?? NO_BYTES
    this.#frameMemory = this.#assembly
    this.#ownsFrame = true
    this.#from = 0
    this.#to = this.#frameBytes
    this.#assembly = undefined
    this.#assembledBytes = 0
    this.#frameBytes = -1
    return true
  }

  #checkLength(length: number): void {
    if (length < 0 || length + LENGTH_WORD_BYTES > this.#maxFrameBytes) {
      const foreign = foreignProtocol(length)
      if (foreign !== undefined) throw new FrameError('ERR_FOREIGN_PROTOCOL', foreign)
      throw new FrameError(
        'ERR_FRAME_TOO_LONG',
        `frame length ${length} is not between 0 and ${this.#maxFrameBytes - LENGTH_WORD_BYTES} (${FRAME_LIMIT})`,
        { limit: FRAME_LIMIT },
      )
    }
    if (length < HEADER_WORD_BYTES) {
      throw new FrameError('ERR_FRAME_TOO_SHORT', `frame length ${length} has no room for the header word`)
    }
  }

  /** A copy of the next bytes, which may lie in several chunks. */
  #peek(bytes: number): Buffer {
    const copy = Buffer.allocUnsafe(bytes)
    let filled = 0
    let from = this.#offset
    for (const chunk of this.#chunks) {
      filled += chunk.copy(copy, filled, from, Math.min(chunk.length, from + bytes - filled))
      if (filled === bytes) break
      from = 0
    }
    return copy
  }

  #skip(bytes: number): void {
    this.#bufferedBytes -= bytes
    this.#offset += bytes
    if (this.#bufferedBytes === 0) {
      this.#chunks.length = 0
      this.#offset = 0
      return
    }
    let consumed = 0
    for (let first = this.#chunks[0]; first !== undefined && this.#offset >= first.length; ) {
      this.#offset -= first.length
      consumed++
      first = this.#chunks[consumed]
    }
    if (consumed > 0) this.#chunks.splice(0, consumed)
  }

  #take(bytes: number): void {
    const first = this.#chunks[0]
    if (first !== undefined && first.length - this.#offset >= bytes) {
      this.#bytes = first
      this.#ownsFrame = false
      this.#from = this.#offset
    } else {
      this.#bytes = this.#peek(bytes)
      this.#ownsFrame = true
      this.#from = 0
    }
    this.#to = this.#from + bytes
    this.#skip(bytes)
  }

  /** A few bytes of the next frame must not keep a whole socket buffer alive while its connection is quiet. */
  #letGoOfConsumedBytes(): void {
    this.#bytes = NO_BYTES
    const first = this.#chunks[0]
    if (this.#chunks.length > 1) this.#mergeSmallChunks()
    if (first === undefined || this.#chunks.length > 1 || this.#offset < first.length / 2) return
    this.#chunks[0] = Buffer.from(first.subarray(this.#offset))
    this.#offset = 0
  }

  /**
   * A peer that sends its bytes one by one must not cost an object for each. Neighbours of about the same size become one, so
   * that there are few chunks, and no byte is copied often.
   */
  #mergeSmallChunks(): void {
    for (;;) {
      const last = this.#chunks.at(-1)
      const before = this.#chunks.at(-2)
      if (last === undefined || before === undefined) return
      if (last.length >= SMALL_CHUNK_BYTES || before.length > 2 * last.length) return
      const isFirst = this.#chunks.length === 2
      const merged = Buffer.concat([isFirst ? before.subarray(this.#offset) : before, last])
      if (isFirst) this.#offset = 0
      this.#chunks.splice(-2, 2, merged)
    }
  }
}
