import { HEADER_WORD_BYTES, LENGTH_WORD_BYTES } from './frame-decoder.ts'
import { jsonHeaderText } from './header/json-header.ts'
import { encodeRocketMQHeader } from './header/rocketmq-header.ts'
import { quote } from './json/json-text.ts'
import {
  type ExtFields,
  type Remark,
  type RemotingCommand,
  type RemotingResponse,
  remarkText,
  responseCommand,
  SerializeType,
} from './remoting-command.ts'

const PREFIX_BYTES = LENGTH_WORD_BYTES + HEADER_WORD_BYTES

const NO_BYTES = Buffer.alloc(0)

/** Writes a command as one frame, length word included. */
export function encodeCommand(command: RemotingCommand, serializeType: SerializeType): Buffer {
  const isJson = serializeType === SerializeType.JSON
  const header = isJson ? Buffer.from(jsonHeaderText(command)) : encodeRocketMQHeader(command)
  const body = command.body ?? NO_BYTES
  const words = Buffer.allocUnsafe(PREFIX_BYTES)
  words.writeInt32BE(HEADER_WORD_BYTES + header.length + body.length, 0)
  words.writeInt32BE((serializeType << 24) | header.length, LENGTH_WORD_BYTES)
  return Buffer.concat([words, header, body])
}

/** Max bytes of opaque, names and tail in a response frame with a JSON header. */
const MAX_FIXED_BYTES = 160

/** A UTF-16 unit takes up to three bytes of UTF-8, and an escape takes six. */
const MAX_BYTES_PER_UNIT = 6

/** By response code: room for length and header word, then the header up to its opaque. */
type Heads = Map<number, Buffer>

const plainHeads: Heads = new Map()

/** Of ext fields that many responses share, the heads are encoded once. */
const headsByExtFields = new WeakMap<ExtFields, Heads>()

function headOf(code: number, extFields: ExtFields | null): Buffer {
  let heads = extFields === null ? plainHeads : headsByExtFields.get(extFields)
  if (heads === undefined) {
    heads = new Map()
    headsByExtFields.set(extFields as ExtFields, heads)
  }
  let head = heads.get(code)
  if (head === undefined) {
    const text = jsonHeaderText(responseCommand({ code, extFields }, 0))
    // The last occurrence: an ext field may have the same name.
    const opaqueAt = text.lastIndexOf(OPAQUE_NAME) + OPAQUE_NAME.length
    head = Buffer.from(' '.repeat(PREFIX_BYTES) + text.slice(0, opaqueAt))
    heads.set(code, head)
  }
  return head
}

const OPAQUE_NAME = '"opaque":'

/** The header of a response after opaque and remark. */
const TAIL = Buffer.from(jsonHeaderText(responseCommand({ code: 0 }, 0)).replace(/^.*"opaque":0/, ''))

/**
 * Writes a response as one frame with a JSON header, the same bytes as {@link encodeCommand}.
 * @returns The offset of its end; -1, with nothing written, if there may not be enough room.
 */
export function writeResponse(
  target: Buffer,
  from: number,
  response: RemotingResponse,
  opaque: number,
): number {
  const { code, extFields = null, remark = null, body = null } = response
  const head = headOf(code, extFields)
  const remarkBytes = remark === null ? 0 : remarkLength(remark) * MAX_BYTES_PER_UNIT
  const maxBytes = head.length + MAX_FIXED_BYTES + remarkBytes + (body === null ? 0 : body.length)
  if (from + maxBytes > target.length) return -1
  target.set(head, from)
  let at = writeInt(target, from + head.length, opaque)
  if (remark !== null) at = writeRemark(target, at, remark)
  target.set(TAIL, at)
  at += TAIL.length
  const headerBytes = at - from - PREFIX_BYTES
  if (body !== null) {
    target.set(body, at)
    at += body.length
  }
  target.writeInt32BE(at - from - LENGTH_WORD_BYTES, from)
  target.writeInt32BE((SerializeType.JSON << 24) | headerBytes, from + LENGTH_WORD_BYTES)
  return at
}

const REMARK_NAME = Buffer.from(',"remark":"')

function remarkLength(remark: string | Remark): number {
  if (typeof remark === 'string') return remark.length
  const { before, after } = remark.template
  return before.length + remark.word.length + after.length
}

/** @returns The offset of the end of the member. */
function writeRemark(target: Buffer, from: number, remark: string | Remark): number {
  target.set(REMARK_NAME, from)
  const at = from + REMARK_NAME.length
  const end = typeof remark === 'string' ? writePlain(target, at, remark) : writeTemplate(target, at, remark)
  if (end < 0) return from + target.write(`,"remark":${quote(remarkText(remark))}`, from)
  target[end] = QUOTE
  return end + 1
}

/** @returns The offset of its end; -1 if the word is not plain. */
function writeTemplate(target: Buffer, from: number, { template, word }: Remark): number {
  target.set(template.encodedBefore, from)
  const at = writePlain(target, from + template.encodedBefore.length, word)
  if (at < 0) return -1
  target.set(template.encodedAfter, at)
  return at + template.encodedAfter.length
}

/** Writes printable ASCII without escapes. @returns The offset of its end; -1 if the text is not that. */
function writePlain(target: Buffer, from: number, text: string): number {
  let at = from
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return -1
    target[at++] = unit
  }
  return at
}

/** Writes the decimal digits of an int32. @returns The offset of their end. */
function writeInt(target: Buffer, from: number, value: number): number {
  let at = from
  if (value < 0) target[at++] = MINUS
  let rest = Math.abs(value)
  let end = at + 1
  for (let power = 10; power <= rest; power *= 10) end++
  at = end
  do {
    const quotient = Math.floor(rest / 10)
    target[--at] = DIGIT_0 + rest - 10 * quotient
    rest = quotient
  } while (rest > 0)
  return end
}

const QUOTE = 0x22
const MINUS = 0x2d
const DIGIT_0 = 0x30
const BACKSLASH = 0x5c
