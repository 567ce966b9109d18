import { CodedError } from '../common/coded-error.ts'
import type { LimitError } from '../common/limit-error.ts'
import type { RequestContext } from './processor.ts'
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
export class FrameError extends CodedError<FrameErrorCode> {}

/**
 * A request that is rejected with a response: the connection stays open, the tables stay as they were. The message is the
 * response's remark; empty for none.
 */
export class RemotingCommandError extends CodedError<ResponseCode> {}

/** A request of a proven sender that a limit rejects. */
export class IdentifiedLimitError extends Error {
  readonly error: LimitError
  /** With the identity. */
  readonly context: RequestContext

  constructor(error: LimitError, context: RequestContext) {
    super(error.message, { cause: error })
    this.error = error
    this.context = context
  }
}

/** Text that even the lenient JSON reader cannot read. */
export class JsonError extends CodedError<'ERR_JSON'> {
  /** Byte offset in the text at which reading stopped. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super('ERR_JSON', `${message} at byte ${offset}`)
    this.offset = offset
  }
}
