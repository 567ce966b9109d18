import { encodeCommand, writeResponse } from '../../protocol/command-encoder.ts'
import { type RemotingResponse, responseCommand, SerializeType } from '../../protocol/remoting-command.ts'

/** Room for the responses to one read; larger responses are not copied into it. */
const ROOM_BYTES = 64 * 1024

/**
 * Collects the responses to one read, to send them in one write.
 *
 * One buffer serves all channels of a server: each fills and empties it within its turn. Its memory is reused when the socket has
 * passed on everything at once, as it nearly always does; otherwise the socket keeps it, and the buffer gets new memory.
 */
export class ResponseBuffer {
  readonly #serializeType: SerializeType
  #room: Buffer = Buffer.allocUnsafeSlow(ROOM_BYTES)
  #filled = 0

  constructor(serializeType: SerializeType) {
    this.#serializeType = serializeType
  }

  /** Bytes of the responses that are there. */
  get filled(): number {
    return this.#filled
  }

  /** Adds a response. @returns False if there may not be enough room for it. */
  add(response: RemotingResponse, opaque: number): boolean {
    const isJson = this.#serializeType === SerializeType.JSON
    const end = isJson
      ? writeResponse(this.#room, this.#filled, response, opaque)
      : this.#copy(this.encode(response, opaque))
    if (end < 0) return false
    this.#filled = end
    return true
  }

  #copy(frame: Buffer): number {
    const end = this.#filled + frame.length
    if (end > ROOM_BYTES) return -1
    this.#room.set(frame, this.#filled)
    return end
  }

  /** The frame of a response that is too large to be added. */
  encode(response: RemotingResponse, opaque: number): Buffer {
    return encodeCommand(responseCommand(response, opaque), this.#serializeType)
  }

  /** The responses. Must be followed by {@link reuse} or {@link giveAway}. */
  peek(): Buffer {
    return this.#room.subarray(0, this.#filled)
  }

  /** The responses in memory of their own; the buffer is empty then. */
  take(): Buffer {
    const copy = Buffer.from(this.peek())
    this.#filled = 0
    return copy
  }

  /** Reuses the memory of {@link peek}: its bytes have been sent. */
  reuse(): void {
    this.#filled = 0
  }

  /** Leaves the memory of {@link peek} to the socket. */
  giveAway(): void {
    this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.#filled = 0
  }
}
