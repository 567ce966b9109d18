import { encodeCommand, maxResponseBytes, writeResponse } from '../../protocol/command-encoder.ts'
import {
  type RemotingResponse,
  responseCommand,
  type SerializeType,
} from '../../protocol/remoting-command.ts'

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

  /** Adds a response. @returns False if there is no room for it. */
  add(response: RemotingResponse, opaque: number): boolean {
    const bytes = maxResponseBytes(response, this.#serializeType)
    if (bytes !== undefined) {
      if (this.#filled + bytes > ROOM_BYTES) return false
      this.#filled = writeResponse(this.#room, this.#filled, response, opaque)
      return true
    }
    const frame = this.encode(response, opaque)
    if (this.#filled + frame.length > ROOM_BYTES) return false
    this.#room.set(frame, this.#filled)
    this.#filled += frame.length
    return true
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
