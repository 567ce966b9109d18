/**
 * Header of serialize type 0, a JSON object:
 *
 * ```
 * {"code":int,"extFields":{name:text,…},"flag":int,"language":name,"opaque":int,"remark":text,
 *  "serializeTypeCurrentRPC":"JSON","version":int}
 * ```
 *
 * Java writes the members in this order, leaves out `extFields` and `remark` when null, and takes any of them as missing.
 *
 * @see RemotingSerializable#fromJson and RemotingCommand#headerEncode in apache/rocketmq
 */
import { FrameError } from '../errors.ts'
import { FieldNames } from '../json/field-names.ts'
import { JsonReader } from '../json/json-reader.ts'
import { objectText, quote } from '../json/json-text.ts'
import { languageOfName } from '../language-code.ts'
import type { ExtFields, RemotingCommand } from '../remoting-command.ts'
import { HeaderShapes } from './header-shape.ts'
import { decodeUsualJsonHeader } from './usual-json-header.ts'

/** What a header says; `opaque` is undefined if it is missing. */
export type DecodedHeader = Omit<RemotingCommand, 'body' | 'opaque'> & { readonly opaque: number | undefined }

const shapes = new HeaderShapes()

/**
 * Reads a JSON header, by default all the bytes. What every known peer writes takes the shortest way, any other standard JSON
 * a short one; what is left is read by the lenient reader, whose result is the
 * reference for all of them, but for members that come twice: there the last counts, whatever the others are.
 * @throws {FrameError} `ERR_HEADER`
 */
export function decodeJsonHeader(bytes: Buffer, from = 0, to = bytes.length): DecodedHeader {
  const known = shapes.read(bytes, from, to)
  if (known !== undefined) return known
  const usual = decodeUsualJsonHeader(bytes, from, to)
  if (usual !== undefined) {
    shapes.note(usual, bytes, from, to)
    return usual
  }
  const header = bytes.subarray(from, to)
  return decodePlainHeader(header) ?? decodeLenientHeader(header)
}

interface PlainHeader {
  code: unknown
  flag: unknown
  version: unknown
  opaque: unknown
  language: unknown
  remark: unknown
  extFields: unknown
}

/** A header with the usual members, of the usual types; undefined for any other. */
function decodePlainHeader(header: Buffer): DecodedHeader | undefined {
  const text = header.toString('utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  let members = 0
  for (const name in parsed) {
    if (!PLAIN_NAMES.has(name)) return undefined
    members++
  }
  const { code, flag, version, opaque, language, remark, extFields } = parsed as PlainHeader
  if (!isInt32(code) || !isInt32(flag) || !isInt32(version) || !isInt32(opaque)) return undefined
  if (typeof language !== 'string') return undefined
  // A replacement character may come from bytes that are no UTF-8, which the lenient way refuses.
  if (members > 8 || text.includes('\ufffd')) return undefined
  if (remark !== undefined && typeof remark !== 'string') return undefined
  const fields = plainExtFields(extFields)
  if (fields === undefined) return undefined
  return {
    code,
    flag,
    version,
    opaque,
    language: languageOfName(language),
    remark: remark ?? null,
    extFields: fields,
  }
}

const PLAIN_NAMES = new Set([
  'code',
  'extFields',
  'flag',
  'language',
  'opaque',
  'remark',
  'serializeTypeCurrentRPC',
  'version',
])

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value
}

function plainExtFields(value: unknown): ExtFields | null | undefined {
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const fields = new Map<string, string>()
  for (const name in value) {
    const text: unknown = (value as Record<string, unknown>)[name]
    if (typeof text !== 'string') return undefined
    fields.set(name, text)
  }
  return fields
}

const HEADER_FIELDS = new FieldNames('code', 'flag', 'version', 'opaque', 'language', 'remark', 'extFields')

/**
 * The general way, and the reference: anything that Java's JSON library takes.
 * @throws {FrameError} `ERR_HEADER`
 */
export function decodeLenientHeader(header: Buffer): DecodedHeader {
  try {
    return readHeader(header)
  } catch (cause) {
    throw new FrameError('ERR_HEADER', `JSON header is not readable: ${(cause as Error).message}`, { cause })
  }
}

function readHeader(header: Buffer): DecodedHeader {
  new TextDecoder('utf-8', { fatal: true }).decode(header)
  const reader = new JsonReader(header)
  let code = 0
  let flag = 0
  let version = 0
  let opaque: number | undefined
  let language: DecodedHeader['language'] = 'JAVA'
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
        language = languageOfName(reader.readString() ?? '')
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
  return { code, flag, version, opaque, language, remark, extFields }
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
  text += `,"flag":${flag},"language":"${language ?? 'JAVA'}","opaque":${opaque}`
  if (remark !== null) text += `,"remark":${quote(remark)}`
  return `${text},"serializeTypeCurrentRPC":"JSON","version":${version}}`
}

function extFieldsText(fields: ExtFields): string {
  const entries: [string, string][] = []
  for (const [name, value] of fields) if (value !== null) entries.push([name, quote(value)])
  return objectText(entries, 'legacy')
}
