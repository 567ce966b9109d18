/**
 * Header of serialize type 0, a JSON object:
 *
 * ```
 * {"code":int,"extFields":{name:text,…},"flag":int,"language":name,"opaque":int,"remark":text,
 *  "serializeTypeCurrentRPC":"JSON","version":int}
 * ```
 *
 * Java writes the members in this order and leaves out `extFields` and `remark` when null; when reading, any may be missing.
 *
 * @see RemotingSerializable#fromJson and RemotingCommand#headerEncode in apache/rocketmq
 */
import { isUtf8 } from 'node:buffer'
import { FrameError } from '../errors.ts'
import { JsonReader } from '../json/json-reader.ts'
import { objectText, quote } from '../json/json-text.ts'
import { type LanguageCode, languageNamed } from '../language-code.ts'
import type { ExtFields, RemotingCommand } from '../remoting-command.ts'

/** A command without its body. */
export type DecodedHeader = Omit<RemotingCommand, 'body'>

const HEADER_FIELDS = ['code', 'flag', 'version', 'opaque', 'language', 'remark', 'extFields'] as const

/**
 * Reads any JSON header that Java's JSON library accepts. This reader is the reference for the compact one.
 * @throws {FrameError} `ERR_HEADER`
 */
export function decodeJsonHeader(header: Buffer): DecodedHeader {
  try {
    return readHeader(header)
  } catch (cause) {
    throw new FrameError('ERR_HEADER', `JSON header is not readable: ${(cause as Error).message}`, { cause })
  }
}

function readHeader(header: Buffer): DecodedHeader {
  if (!isUtf8(header)) throw new Error('the bytes are not UTF-8')
  const reader = new JsonReader(header)
  let code = 0
  let flag = 0
  let language: LanguageCode = 'JAVA'
  let version = 0
  let opaque = 0
  let remark: string | null = null
  let extFields: ExtFields | null = null
  if (!reader.enterObject()) throw new Error('the header is null')
  for (
    let field = reader.nextField(HEADER_FIELDS);
    field !== undefined;
    field = reader.nextField(HEADER_FIELDS)
  ) {
    switch (field) {
      case 'code':
        code = reader.readInt() ?? 0
        break
      case 'flag':
        flag = reader.readInt() ?? 0
        break
      case 'version':
        version = reader.readInt() ?? 0
        break
      case 'opaque':
        opaque = reader.readInt() ?? 0
        break
      case 'language':
        language = languageNamed(reader.readString())
        break
      case 'remark':
        remark = reader.readString()
        break
      case 'extFields':
        extFields = readExtFields(reader)
        break
      default:
        field satisfies never
    }
  }
  reader.expectEnd()
  return { code, flag, language, version, opaque, remark, extFields }
}

function readExtFields(reader: JsonReader): ExtFields | null {
  if (!reader.enterObject()) return null
  const fields = new Map<string, string | null>()
  for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
    fields.set(name, reader.readString())
  }
  return fields
}

/** The JSON text of a header, members in Java's order. */
export function jsonHeaderText(command: RemotingCommand): string {
  const { code, extFields, flag, language, opaque, remark, version } = command
  let text = `{"code":${code}`
  if (extFields !== null) text += `,"extFields":${extFieldsText(extFields)}`
  text += `,"flag":${flag},"language":"${language}","opaque":${opaque}`
  if (remark !== null) text += `,"remark":${quote(remark)}`
  return `${text},"serializeTypeCurrentRPC":"JSON","version":${version}}`
}

function extFieldsText(fields: ExtFields): string {
  const entries: [string, string][] = []
  for (const [name, value] of fields) if (value !== null) entries.push([name, quote(value)])
  return objectText(entries, 'legacy')
}
