import { quote } from './json/json-text.ts'
import type { LanguageCode } from './language-code.ts'

/** How a header is written: the top byte of the header word. @see SerializeType in apache/rocketmq */
export const SerializeType = { JSON: 0, ROCKETMQ: 1 } as const
export type SerializeType = (typeof SerializeType)[keyof typeof SerializeType]

/** Flag bit of a response. */
export const RESPONSE_FLAG = 1
/** Flag bit of a request without a response. */
export const ONEWAY_FLAG = 2

/**
 * The `version` of a command is the ordinal of a constant in Java's enum MQVersion. Named here are the ordinals that change what
 * a NameServer does, and our own.
 * @see MQVersion in apache/rocketmq
 */
export const MQVersion = {
  /** Since then a registration body is a RegisterBrokerBody; before, a bare TopicConfigSerializeWrapper. */
  V3_0_11: 37,
  /** Since then clients read routes in strict JSON. */
  V4_9_4: 401,
  /** Since then a compressed registration ends in a topic queue mapping section. */
  V5_0_0: 413,
  /** Later clients understand GO_AWAY. */
  V5_3_1: 475,
  V5_5_0: 513,
  /** The last constant; every larger number counts as this one. */
  HIGHER_VERSION: 612,
} as const

/** The version in our commands: this NameServer behaves as 5.5.0 does. */
export const CURRENT_VERSION = MQVersion.V5_5_0

/** The "custom header" of a command: names to text. A null value means "absent". */
export type ExtFields = ReadonlyMap<string, string | null>

/**
 * One message of the remoting protocol, in either direction.
 * @see RemotingCommand in apache/rocketmq
 */
export interface RemotingCommand {
  /** Request code, or response code if the response flag is set. */
  readonly code: number
  /** Of the sender; no behaviour depends on it. */
  readonly language: LanguageCode
  /** MQVersion ordinal of the sender. */
  readonly version: number
  /** Correlation id, int32, chosen by the requester. */
  readonly opaque: number
  /** Bit set: {@link RESPONSE_FLAG}, {@link ONEWAY_FLAG}; other bits have no meaning here. */
  readonly flag: number
  readonly remark: string | null
  readonly extFields: ExtFields | null
  /** Null when the frame ends with its header: the wire cannot tell that from an empty body. */
  readonly body: Buffer | null
}

/** What a processor returns. The dispatcher adds opaque and flag. */
export interface RemotingResponse {
  readonly code: number
  readonly remark?: string | Remark | null
  /** Present, even if empty, exactly where Java's response has a typed header. */
  readonly extFields?: ExtFields | null
  readonly body?: Buffer | null
}

/** A remark that is put together in the frame of its response: a template around one word. */
export interface Remark {
  readonly template: RemarkTemplate
  readonly word: string
}

/** Remarks that differ in one word. Encoded in advance, they cost a response no more than a body does. */
export class RemarkTemplate {
  readonly before: string
  readonly after: string
  /** Both as they stand in a JSON string. */
  readonly encodedBefore: Buffer
  readonly encodedAfter: Buffer

  /** Neither text may contain half a surrogate pair. */
  constructor(before: string, after: string) {
    this.before = before
    this.after = after
    this.encodedBefore = Buffer.from(quote(before).slice(1, -1))
    this.encodedAfter = Buffer.from(quote(after).slice(1, -1))
  }

  /** The remark with this word. */
  with(word: string): Remark {
    return { template: this, word }
  }
}

/** The text of a remark. */
export function remarkText(remark: string | Remark): string {
  if (typeof remark === 'string') return remark
  const { template, word } = remark
  return `${template.before}${word}${template.after}`
}

/** Whether the command is a response. */
export function isResponse(command: RemotingCommand): boolean {
  return (command.flag & RESPONSE_FLAG) !== 0
}

/** Whether the request must get no response. */
export function isOneway(command: RemotingCommand): boolean {
  return (command.flag & ONEWAY_FLAG) !== 0
}

/** In our commands: this NameServer behaves as Java's does. */
const OWN_LANGUAGE = 'JAVA'

/** The command of a response: our language and version, the request's opaque, the response flag alone. */
export function responseCommand(response: RemotingResponse, opaque: number): RemotingCommand {
  return {
    code: response.code,
    language: OWN_LANGUAGE,
    version: CURRENT_VERSION,
    opaque,
    flag: RESPONSE_FLAG,
    remark: response.remark == null ? null : remarkText(response.remark),
    extFields: response.extFields ?? null,
    body: response.body ?? null,
  }
}

/** A request of ours without remark or body; `version` is the current one unless given. */
export function requestCommand(
  code: number,
  opaque: number,
  extFields: ExtFields,
  { oneway = false, version = CURRENT_VERSION as number } = {},
): RemotingCommand {
  const flag = oneway ? ONEWAY_FLAG : 0
  return { code, language: OWN_LANGUAGE, version, opaque, flag, remark: null, extFields, body: null }
}
