import { JsonError } from '../errors.ts'

const QUOTE = 0x22
const APOSTROPHE = 0x27
const COMMA = 0x2c
const COLON = 0x3a
const SEMICOLON = 0x3b
const SLASH = 0x2f
const STAR = 0x2a
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LINE_FEED = 0x0a
const DIGIT_0 = 0x30

/** Deepest nesting of a skipped value; real bodies have six levels. */
const MAX_DEPTH = 512

const INT32_MIN = -0x80000000n
const INT32_MAX = 0x7fffffffn
const INT64_MIN = -0x8000000000000000n
const INT64_MAX = 0x7fffffffffffffffn

/** What a character stands for after a backslash; -1 if it begins an escape with hexadecimal digits, or none. */
const ESCAPED = new Int16Array(256).fill(-1)
for (const [index, byte] of Buffer.from('"\'/\\bfFnrtv01234567').entries())
  ESCAPED[byte] = '"\'/\\\b\f\f\n\r\t\v\0\x01\x02\x03\x04\x05\x06\x07'.charCodeAt(index)
/** By character code; NaN for one that is no digit. */
const HEX_DIGITS = Array.from({ length: 256 }, (_, byte) => Number.parseInt(String.fromCharCode(byte), 16))

/** 1 for each byte that ends a name or a literal without quotes. */
const DELIMITERS = new Uint8Array(256)
for (const byte of Buffer.from(',:;/"\'{}[] \b\t\n\v\f\r')) DELIMITERS[byte] = 1

const MAX_NUMBER_LENGTH = 64
const NUMBER = /^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/

/** How each known member of an object is read. */
export type Members<Type> = { readonly [Name in keyof Type]: (reader: JsonReader) => Type[Name] }

/**
 * Reads JSON text value by value from its bytes, so that a body of many megabytes is never held as a tree, can be read in slices,
 * and keeps 64-bit integers exact.
 *
 * It accepts what the Java NameServer accepts through fastjson: unquoted and single-quoted names, integer map keys without
 * quotes, comments, stray commas, numbers written as strings and the like. Every `read…` method converts one value as Java
 * converts it to a field of that type; `null` (also written `undefined` or `NaN`) comes back as null.
 *
 * All methods throw {@link JsonError} where the text cannot be read.
 */
export class JsonReader {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    // A byte order mark is allowed in front.
    this.#at = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  }

  /** Byte offset of the next unread byte. */
  get offset(): number {
    return this.#at
  }

  /** Continues at a later offset; between them must be whole members only. */
  skipTo(offset: number): void {
    this.#at = offset
  }

  /** Whether only white space and comments are left. */
  atEnd(): boolean {
    return this.#peek() === -1
  }

  /** @throws {JsonError} If anything but white space and comments is left. */
  expectEnd(): void {
    if (!this.atEnd()) throw this.#error('text after the value')
  }

  /**
   * Enters an object, to be followed by {@link nextName} until that gives undefined.
   * @returns False if the value is null, which is then consumed.
   */
  enterObject(): boolean {
    if (this.#peek() !== OPEN_BRACE) return this.#consumeNull('an object')
    this.#at++
    return true
  }

  /** The next member's name, with the reader before its value; undefined at the end of the object. */
  nextName(): string | undefined {
    let byte = this.#peek()
    while (byte === COMMA || byte === SEMICOLON) {
      this.#at++
      byte = this.#peek()
    }
    if (byte === CLOSE_BRACE) {
      this.#at++
      return undefined
    }
    const name = byte === QUOTE || byte === APOSTROPHE ? this.#string(byte) : this.#bareWord('a member name')
    if (this.#peek() !== COLON) throw this.#error('expected a colon')
    this.#at++
    return name
  }

  /** The next member with one of these names, matched exactly as by 5.5.0, with the reader before its value; others are skipped. */
  nextField<Field extends string>(fields: readonly Field[]): Field | undefined {
    for (let name = this.nextName(); name !== undefined; name = this.nextName()) {
      for (const field of fields) if (field === name) return field
      this.skipValue()
    }
    return undefined
  }

  /** An object; a missing member has its default, an unknown one is skipped. */
  readObject<Type extends object>(members: Members<Type>, defaults: Type): Type | null {
    if (!this.enterObject()) return null
    const object = { ...defaults }
    const names = Object.keys(members) as (keyof Type & string)[]
    for (let name = this.nextField(names); name !== undefined; name = this.nextField(names))
      object[name] = members[name](this)
    return object
  }

  /** The offset of the closing quote of a string of ASCII without escapes; -1 for any other. */
  #plainStringEnd(from: number, quote: number): number {
    const bytes = this.#bytes
    let at = from
    for (let byte = bytes[at] as number; byte !== quote; byte = bytes[++at] as number) {
      // At the end of the bytes, too.
      if (!(byte < 0x80) || byte === BACKSLASH) return -1
    }
    return at
  }

  /**
   * Enters an array, to be followed by {@link nextElement} before each element until that gives false.
   * @returns False if the value is null, which is then consumed.
   */
  enterArray(): boolean {
    if (this.#peek() !== OPEN_BRACKET) return this.#consumeNull('an array')
    this.#at++
    return true
  }

  /** Whether another element follows; when none does, the array is over. */
  nextElement(): boolean {
    let byte = this.#peek()
    while (byte === COMMA) {
      this.#at++
      byte = this.#peek()
    }
    if (byte !== CLOSE_BRACKET) return true
    this.#at++
    return false
  }

  /** Text; a number, boolean, object or array gives its JSON text. */
  readString(): string | null {
    const byte = this.#peek()
    if (byte === QUOTE || byte === APOSTROPHE) return this.#string(byte)
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      const from = this.#at
      this.skipValue()
      return this.#bytes.toString('utf8', from, this.#at)
    }
    const word = this.#bareWord('a value')
    if (isNull(word)) return null
    if (word !== 'true' && word !== 'false' && !NUMBER.test(word)) throw this.#error('expected a string')
    return word
  }

  /** An int32; fractions are cut off, text is parsed, true is 1. @throws {JsonError} Also if it does not fit. */
  readInt(): number | null {
    const compact = this.#compactInt()
    if (compact >= 0) return compact
    const value = this.#integer()
    if (value === null) return null
    if (value < INT32_MIN || value > INT32_MAX) throw this.#error('number does not fit 32 bits')
    return Number(value)
  }

  /** A number of up to nine digits before a comma or brace; -1 for anything else, with nothing consumed. */
  #compactInt(): number {
    const bytes = this.#bytes
    let value = 0
    let at = this.#at
    let digit = (bytes[at] as number) - DIGIT_0
    while (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digit = (bytes[++at] as number) - DIGIT_0
    }
    const digits = at - this.#at
    if (digits === 0 || digits > 9 || (bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACE)) return -1
    this.#at = at
    return value
  }

  /** An int64; fractions are cut off, text is parsed, true is 1. @throws {JsonError} Also if it does not fit. */
  readLong(): bigint | null {
    const value = this.#integer()
    if (value !== null && (value < INT64_MIN || value > INT64_MAX)) {
      throw this.#error('number does not fit 64 bits')
    }
    return value
  }

  /** A boolean; the number 1 and the text "true" are true. */
  readBoolean(): boolean | null {
    const text = this.readString()
    switch (text?.toLowerCase()) {
      case undefined:
      case '':
      case 'null':
        return null
      case 'true':
      case '1':
        return true
      case 'false':
      case '0':
        return false
      default:
        throw this.#error('expected a boolean')
    }
  }

  /** A list of strings, without the nulls in it. @throws {JsonError} Also if there are more than `max` elements. */
  readStringList(max: number): string[] | null {
    if (!this.enterArray()) return null
    const list: (string | null)[] = []
    while (this.nextElement()) {
      if (list.length === max) throw this.#error(`a list of more than ${max} strings`)
      list.push(this.readString())
    }
    return list.filter((element) => element !== null)
  }

  /** Skips one value of any kind, up to 512 levels deep. */
  skipValue(): void {
    let depth = 0
    do {
      const byte = this.#peek()
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#at++
        if (++depth > MAX_DEPTH) throw this.#error('nested too deep')
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (depth-- === 0) throw this.#error('expected a value')
        this.#at++
      } else if (byte === QUOTE || byte === APOSTROPHE) {
        this.#skipString(byte)
      } else if (depth > 0 && (byte === COMMA || byte === COLON || byte === SEMICOLON)) {
        this.#at++
      } else {
        this.#bareWord('a value')
      }
    } while (depth > 0)
  }

  #error(message: string): JsonError {
    return new JsonError(message, this.#at)
  }

  /** The next byte that is neither white space nor comment, not consumed; -1 at the end. */
  #peek(): number {
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) return -1
      if (byte === SLASH) this.#skipComment()
      else if (byte > 0x20 || !isSpace(byte)) return byte
      else this.#at++
    }
  }

  #skipComment(): void {
    const kind = this.#bytes[this.#at + 1]
    if (kind !== SLASH && kind !== STAR) throw this.#error('unexpected slash')
    const end =
      kind === SLASH ? this.#bytes.indexOf(LINE_FEED, this.#at + 2) : this.#bytes.indexOf('*/', this.#at + 2)
    if (end < 0 && kind === STAR) throw this.#error('comment without an end')
    this.#at = end < 0 ? this.#bytes.length : kind === SLASH ? end + 1 : end + 2
  }

  #consumeNull(wanted: string): false {
    const byte = this.#peek()
    // Java reads the empty string as a null object or list.
    if ((byte === QUOTE || byte === APOSTROPHE) && this.#bytes[this.#at + 1] === byte) {
      this.#at += 2
      return false
    }
    const from = this.#at
    if (isNull(this.#bareWord(wanted))) return false
    this.#at = from
    throw this.#error(`expected ${wanted}`)
  }

  /** A name or literal without quotes: everything up to the next delimiter. */
  #bareWord(wanted: string): string {
    this.#peek()
    const from = this.#at
    while (this.#at < this.#bytes.length && DELIMITERS[this.#bytes[this.#at] as number] === 0) this.#at++
    if (this.#at === from) throw this.#error(`expected ${wanted}`)
    return this.#bytes.toString('utf8', from, this.#at)
  }

  #integer(): bigint | null {
    const byte = this.#peek()
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) throw this.#error('expected a number')
    const quoted = byte === QUOTE || byte === APOSTROPHE
    const text = this.readString()
    if (text === null || (quoted && (text === '' || text === 'null'))) return null
    if (text === 'true') return 1n
    if (text === 'false') return 0n
    if (/^[+-]?\d{1,15}$/.test(text)) return BigInt(Number(text))
    // To convert millions of digits would block the event loop.
    if (text.length > MAX_NUMBER_LENGTH) throw this.#error('number out of range')
    if (/^[+-]?\d+$/.test(text)) return BigInt(text.startsWith('+') ? text.slice(1) : text)
    if (!NUMBER.test(text)) throw this.#error('expected a number')
    const number = Number(text)
    if (!Number.isFinite(number)) throw this.#error('number out of range')
    return BigInt(Math.trunc(number))
  }

  #skipString(quote: number): void {
    const bytes = this.#bytes
    let at = this.#at + 1
    for (let byte = bytes[at]; byte !== quote; byte = bytes[++at]) {
      if (byte === undefined) throw this.#error('string without an end')
      if (byte === BACKSLASH) at++
    }
    this.#at = at + 1
  }

  #string(quote: number): string {
    const from = this.#at + 1
    const plainEnd = this.#plainStringEnd(from, quote)
    if (plainEnd >= 0) {
      this.#at = plainEnd + 1
      return this.#bytes.toString('latin1', from, plainEnd)
    }
    this.#skipString(quote)
    return this.#unescape(from, this.#at - 1)
  }

  /** In one pass over UTF-16 units: a string for each escape would block the event loop for seconds, in the longest body. */
  #unescape(from: number, to: number): string {
    const raw = this.#bytes.toString('utf8', from, to)
    const units = new Uint16Array(raw.length)
    let length = 0
    for (let at = 0; at < raw.length; at++) {
      let unit = raw.charCodeAt(at)
      if (unit === BACKSLASH) {
        const kind = raw.charCodeAt(++at)
        unit = ESCAPED[kind] ?? -1
        if (unit < 0) {
          const digits = kind === 0x75 ? 4 : kind === 0x78 ? 2 : 0
          unit = hexValue(raw, at + 1, digits)
          if (Number.isNaN(unit))
            throw new JsonError('unknown escape', from + Buffer.byteLength(raw.slice(0, at - 1)))
          at += digits
        }
      }
      units[length++] = unit
    }
    return Buffer.from(units.buffer, 0, 2 * length).toString('utf16le')
  }
}

/** NaN without digits, or if they are no hexadecimal digits. */
function hexValue(text: string, from: number, digits: number): number {
  let value = digits === 0 ? Number.NaN : 0
  for (let at = from; at < from + digits; at++)
    value = value * 16 + (HEX_DIGITS[text.charCodeAt(at)] ?? Number.NaN)
  return value
}

function isNull(word: string): boolean {
  return word === 'null' || word === 'undefined' || word === 'NaN'
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x08 && byte <= 0x0d)
}
