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

  get isEmpty(): boolean {
    return this.#filled === 0
  }

  /** The responses that were added; valid until the next one is added after {@link clear}. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#filled)
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

  /** Empties the buffer. @param keepBytes - Whether {@link bytes} stay valid. */
  clear(keepBytes = false): void {
    if (keepBytes) this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES)
    this.#filled = 0
  }
}
