import type { LimitName } from '../common/limit-error.ts'
import type { ResponseCode } from './response-code.ts'

/**
 * Why bytes are not a valid frame. The rest of the stream cannot be read, so the connection is closed; the protocol has no
 * response for it.
 *
 * - `ERR_FOREIGN_PROTOCOL`: the length word is the beginning of another protocol, such as HTTP
 * - `ERR_FRAME_TOO_LONG`: the length word exceeds the frame limit, or is negative
 * - `ERR_FRAME_TOO_SHORT`: the length word leaves no room for the header word
 * - `ERR_HEADER_LENGTH`: the header is empty, or longer than its frame
 * - `ERR_HEADER_TOO_LONG`: the header exceeds maxHeaderBytes
 * - `ERR_SERIALIZE_TYPE`: neither JSON nor ROCKETMQ
 * - `ERR_HEADER`: the header is not valid in its serialize type
 */
export type FrameErrorCode =
  | 'ERR_FOREIGN_PROTOCOL'
  | 'ERR_FRAME_TOO_LONG'
  | 'ERR_FRAME_TOO_SHORT'
  | 'ERR_HEADER_LENGTH'
  | 'ERR_HEADER_TOO_LONG'
  | 'ERR_SERIALIZE_TYPE'
  | 'ERR_HEADER'

/** An invalid frame: the connection must be closed. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly code: FrameErrorCode
  /** The limit that the frame exceeds, if that is the reason. */
  readonly limit: LimitName | undefined

  constructor(
    code: FrameErrorCode,
    message: string,
    options?: ErrorOptions & { readonly limit?: LimitName },
  ) {
    super(message, options)
    this.code = code
    this.limit = options?.limit
  }
}

/** A request that is rejected with a response: the connection stays open, the tables stay as they were. */
export class RemotingCommandError extends Error {
  override readonly name = 'RemotingCommandError'
  /** Code of the response. */
  readonly code: ResponseCode

  /** @param remark - The response's remark, which is also the error's message; empty for none. */
  constructor(code: ResponseCode, remark: string, options?: ErrorOptions) {
    super(remark, options)
    this.code = code
  }
}

/** Text that even the lenient JSON reader cannot read. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly code = 'ERR_JSON'
  /** Byte offset in the text at which reading stopped. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`)
    this.offset = offset
  }
}
