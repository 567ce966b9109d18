import { encodeCommand, maxResponseBytes, writeResponse } from '../../protocol/command-encoder.ts'
import {
  type RemotingResponse,
  responseCommand,
  type SerializeType,
} from '../../protocol/remoting-command.ts'

/** Room for the answers to one read; larger answers are not copied into it. */
const ROOM_BYTES = 64 * 1024

/**
 * Where the answers to one read are written side by side, to leave in one write.
 *
 * One buffer serves all channels of a server: each fills and empties it within its turn. Its memory is used again as soon as a
 * socket has taken everything at once, as it nearly always does; if not, the socket keeps that memory and the next answers get
 * new.
 */
export class ResponseBuffer {
  readonly #serializeType: SerializeType
  #room: Buffer = Buffer.allocUnsafeSlow(ROOM_BYTES)
  #filled = 0

  constructor(serializeType: SerializeType) {
    this.#serializeType = serializeType
  }

  /** Bytes that wait to be taken. */
  get filled(): number {
    return this.#filled
  }

  /** Adds an answer. @returns False if there is no room for it, which there may be when what is here has been taken. */
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

  /** The frame of an answer that is too large to be added. */
  encode(response: RemotingResponse, opaque: number): Buffer {
    return encodeCommand(responseCommand(response, opaque), this.#serializeType)
  }

  /** The answers, for a socket that is likely to take them at once: to be followed by {@link reuse} or {@link giveAway}. */
  peek(): Buffer {
    return this.#room.subarray(0, this.#filled)
  }

  /** The answers in memory of their own; nothing is left here. */
  take(): Buffer {
    const copy = Buffer.from(this.peek())
    this.#filled = 0
    return copy
  }

  /** Says that nobody looks at the bytes of {@link peek} any more. */
  reuse(): void {
    this.#filled = 0
  }

  /** Leaves the bytes of {@link peek} to whoever has them. */
  giveAway(): void {
    this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.#filled = 0
  }
}
