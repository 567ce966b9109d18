import type { LanguageCode } from './language-code.ts'
import { CURRENT_VERSION } from './mq-version.ts'
import { type Remark, remarkText } from './remark.ts'

/** How a header is written: the top byte of the header word. @see SerializeType in apache/rocketmq */
export const SerializeType = { JSON: 0, ROCKETMQ: 1 } as const
export type SerializeType = (typeof SerializeType)[keyof typeof SerializeType]

/** Flag bit of a response. */
export const RESPONSE_FLAG = 1
/** Flag bit of a request that wants no answer. */
export const ONEWAY_FLAG = 2

/** A request's or response's "custom header": names to text. A null value stands for "absent". */
export type ExtFields = ReadonlyMap<string, string | null>

/**
 * One message of the remoting protocol, either direction.
 * @see RemotingCommand in apache/rocketmq
 */
export interface RemotingCommand {
  /** Request code, or response code if the response flag is set. */
  readonly code: number
  /** What the sender says it is written in; null if it names something unknown. */
  readonly language: LanguageCode | null
  /** MQVersion ordinal of the sender. */
  readonly version: number
  /** Correlation id, int32, chosen by the requester. */
  readonly opaque: number
  /** Bit set: {@link RESPONSE_FLAG}, {@link ONEWAY_FLAG}; other bits have no meaning here. */
  readonly flag: number
  readonly remark: string | null
  readonly extFields: ExtFields | null
  /** Null when the frame has no bytes after its header: the wire cannot tell that from an empty body. */
  readonly body: Buffer | null
}

/** What a processor answers. The dispatcher adds opaque and flag. */
export interface RemotingResponse {
  readonly code: number
  readonly remark?: string | Remark | null
  /** Present, even if empty, exactly where the Java answer has a typed header. */
  readonly extFields?: ExtFields | null
  readonly body?: Buffer | null
}

/** Whether the command answers a request. */
export function isResponse(command: RemotingCommand): boolean {
  return (command.flag & RESPONSE_FLAG) !== 0
}

/** Whether the request must not be answered. */
export function isOneway(command: RemotingCommand): boolean {
  return (command.flag & ONEWAY_FLAG) !== 0
}

/** The command that carries a response: our language and version, the request's opaque, the response flag alone. */
export function responseCommand(response: RemotingResponse, opaque: number): RemotingCommand {
  return {
    code: response.code,
    language: 'JAVA',
    version: CURRENT_VERSION,
    opaque,
    flag: RESPONSE_FLAG,
    remark: response.remark == null ? null : remarkText(response.remark),
    extFields: response.extFields ?? null,
    body: response.body ?? null,
  }
}

/** A request of ours, of the current version and without remark or body. */
export function requestCommand(
  code: number,
  opaque: number,
  extFields: ExtFields,
  { oneway = false, version = CURRENT_VERSION as number } = {},
): RemotingCommand {
  const flag = oneway ? ONEWAY_FLAG : 0
  return { code, language: 'JAVA', version, opaque, flag, remark: null, extFields, body: null }
}
