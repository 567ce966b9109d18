import { quote } from './json/json-text.ts'
import { CURRENT_VERSION } from './mq-version.ts'

/** How a header is written: the top byte of the header word. @see SerializeType in apache/rocketmq */
export const SerializeType = { JSON: 0, ROCKETMQ: 1 } as const
export type SerializeType = (typeof SerializeType)[keyof typeof SerializeType]

/** Flag bit of a response. */
export const RESPONSE_FLAG = 1
/** Flag bit of a request without a response. */
export const ONEWAY_FLAG = 2

/** Names of the language byte; the index is the code on the wire. @see LanguageCode in apache/rocketmq */
const LANGUAGES = [
  'JAVA',
  'CPP',
  'DOTNET',
  'PYTHON',
  'DELPHI',
  'ERLANG',
  'RUBY',
  'OTHER',
  'HTTP',
  'GO',
  'PHP',
  'OMS',
  'RUST',
  'NODE_JS',
] as const

/** The implementation language that a peer names. No behaviour depends on it. */
export type LanguageCode = (typeof LANGUAGES)[number]

const LANGUAGE_BY_NAME: ReadonlyMap<string, LanguageCode> = new Map(LANGUAGES.map((name) => [name, name]))

/** The language of a code byte, or null for a code this release does not know. */
export function languageOfCode(code: number): LanguageCode | null {
  return LANGUAGES[code] ?? null
}

/** The language of a name, or null for a name this release does not know. */
export function languageOfName(name: string): LanguageCode | null {
  return LANGUAGE_BY_NAME.get(name) ?? null
}

/** The code byte of a language; null is written as JAVA. */
export function codeOfLanguage(language: LanguageCode | null): number {
  return language === null ? 0 : LANGUAGES.indexOf(language)
}

/** The "custom header" of a command: names to text. A null value means "absent". */
export type ExtFields = ReadonlyMap<string, string | null>

/**
 * One message of the remoting protocol, in either direction.
 * @see RemotingCommand in apache/rocketmq
 */
export interface RemotingCommand {
  /** Request code, or response code if the response flag is set. */
  readonly code: number
  /** Language of the sender; null if it names one that is unknown here. */
  readonly language: LanguageCode | null
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

/** The command of a response: our language and version, the request's opaque, the response flag alone. */
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

/** A request of ours without remark or body; `version` is the current one unless given. */
export function requestCommand(
  code: number,
  opaque: number,
  extFields: ExtFields,
  { oneway = false, version = CURRENT_VERSION as number } = {},
): RemotingCommand {
  const flag = oneway ? ONEWAY_FLAG : 0
  return { code, language: 'JAVA', version, opaque, flag, remark: null, extFields, body: null }
}
