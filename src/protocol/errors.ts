import type { LimitName } from '../stats/counters.ts'
import { ResponseCode } from './response-code.ts'

/**
 * Why bytes cannot be a frame. The stream cannot be followed any further, so the connection is closed; the protocol has no
 * error answer for it.
 *
 * - `ERR_FOREIGN_PROTOCOL`: the length word is the beginning of another protocol, such as HTTP
 * - `ERR_FRAME_TOO_LONG`: the length word announces more than the frame limit, or is negative
 * - `ERR_FRAME_TOO_SHORT`: the length word leaves no room for the header word
 * - `ERR_HEADER_LENGTH`: the header is empty, or longer than its frame
 * - `ERR_HEADER_TOO_LONG`: the header is longer than this server reads
 * - `ERR_SERIALIZE_TYPE`: neither JSON nor ROCKETMQ
 * - `ERR_HEADER`: the header's own bytes are not what its type says
 */
export type FrameErrorCode =
  | 'ERR_FOREIGN_PROTOCOL'
  | 'ERR_FRAME_TOO_LONG'
  | 'ERR_FRAME_TOO_SHORT'
  | 'ERR_HEADER_LENGTH'
  | 'ERR_HEADER_TOO_LONG'
  | 'ERR_SERIALIZE_TYPE'
  | 'ERR_HEADER'

/** Bytes that are not a frame: close the channel. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
  readonly code: FrameErrorCode

  constructor(code: FrameErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A request that is refused with an answer: the channel stays open, the tables stay as they were. */
export class RemotingCommandError extends Error {
  override readonly name = 'RemotingCommandError'
  /** Response code of the answer. */
  readonly code: ResponseCode

  /** @param remark - The answer's remark, which is also the error's message; none if it is empty. */
  constructor(code: ResponseCode, remark: string, options?: ErrorOptions) {
    super(remark, options)
    this.code = code
  }
}

/** What Java answers when its queue of requests is full. */
export const OVERLOAD_REMARK = '[OVERLOAD]system busy, start flow control for a while'

/** A request that would go beyond a bound: it is refused with an answer that says so, and has changed nothing. */
export class LimitError extends RemotingCommandError {
  readonly bound: LimitName
  /** What the log is told. */
  readonly detail: string

  constructor(
    bound: LimitName,
    detail: string,
    code: ResponseCode = ResponseCode.SYSTEM_ERROR,
    remark = detail,
  ) {
    super(code, remark)
    this.bound = bound
    this.detail = detail
  }

  /** For a bound on what may go on at a time: the same request may be taken a moment later. */
  static busy(bound: LimitName, detail: string): LimitError {
    return new LimitError(bound, detail, ResponseCode.SYSTEM_BUSY, OVERLOAD_REMARK)
  }
}

/** Text that even the lenient JSON reader cannot take. */
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
