import { Literal } from '../json/literal.ts'
import { type LanguageCode, languageNamed } from '../language-code.ts'
import type { ExtFields } from '../remoting-command.ts'
import type { DecodedHeader } from './json-header.ts'
import { extendHash, type StringInterner } from './string-interner.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** The members in Java's order, so that the next one is nearly always the first that is tried. */
const NAMES = [
  'code',
  'extFields',
  'flag',
  'language',
  'opaque',
  'remark',
  'serializeTypeCurrentRPC',
  'version',
]
const FIRST_MEMBERS: readonly Literal[] = NAMES.map((name) => new Literal(`{"${name}":`))
const LATER_MEMBERS: readonly Literal[] = NAMES.map((name) => new Literal(`,"${name}":`))

const CODE = 0
const EXT_FIELDS = 1
const FLAG = 2
const LANGUAGE = 3
const OPAQUE = 4
const REMARK = 5
const SERIALIZE_TYPE = 6
const VERSION = 7

/** Members that every known client writes. */
const REQUIRED = (1 << CODE) | (1 << FLAG) | (1 << LANGUAGE) | (1 << OPAQUE) | (1 << VERSION)

const JAVA = new Literal('"JAVA"')
const JSON_TYPE = new Literal('"JSON"')

const NO_BYTES = Buffer.alloc(0)

/** Larger memory is not referenced after a header in it has been read. */
const MAX_RETAINED_BYTES = 256 * 1024

/**
 * Reads compact JSON headers, the form every known client library writes: no white space, strings of ASCII without escapes, the
 * members known by name in any order, and the five that are never missing. It reads what the lenient reader reads, in a quarter
 * of the time, or nothing.
 */
export class CompactJsonHeaderReader {
  readonly #interner: StringInterner
  #bytes: Buffer = NO_BYTES
  /** All the memory that `#bytes` is a part of, from `#offset` on: the server's sockets share one read buffer. */
  #view: DataView = new DataView(NO_BYTES.buffer)
  #offset = 0
  #at = 0
  #to = 0
  /** Whether everything up to `#at` was compact; if not, values read since mean nothing. */
  #compact = true

  constructor(interner: StringInterner) {
    this.#interner = interner
  }

  /** The header, or undefined if it is not compact. */
  read(bytes: Buffer, from: number, to: number): DecodedHeader | undefined {
    if (this.#bytes !== bytes) this.#use(bytes)
    this.#at = from
    this.#to = to
    this.#compact = true
    const header = this.#header()
    if (this.#view.byteLength > MAX_RETAINED_BYTES) this.#use(NO_BYTES)
    return header
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes
    this.#offset = bytes.byteOffset
    if (this.#view.buffer !== bytes.buffer) this.#view = new DataView(bytes.buffer)
  }

  #header(): DecodedHeader | undefined {
    let code = 0
    let flag = 0
    let language: LanguageCode = 'JAVA'
    let version = 0
    let opaque = 0
    let remark: string | null = null
    let extFields: ExtFields | null = null
    let seen = 0
    let members = FIRST_MEMBERS
    let next = 0
    while (this.#compact) {
      const member = this.#member(members, next)
      switch (member) {
        case CODE:
          code = this.#int()
          break
        case EXT_FIELDS:
          extFields = this.#fields()
          break
        case FLAG:
          flag = this.#int()
          break
        case LANGUAGE:
          language = this.#skip(JAVA) ? 'JAVA' : languageNamed(this.#string())
          break
        case OPAQUE:
          opaque = this.#int()
          break
        case REMARK:
          remark = this.#string()
          break
        case SERIALIZE_TYPE:
          if (!this.#skip(JSON_TYPE)) return undefined
          break
        case VERSION:
          version = this.#int()
          break
        default:
          return this.#isLastBrace() && (seen & REQUIRED) === REQUIRED
            ? { code, flag, language, version, opaque, remark, extFields }
            : undefined
      }
      seen |= 1 << member
      next = member + 1
      members = LATER_MEMBERS
    }
    return undefined
  }

  #isLastBrace(): boolean {
    return this.#at === this.#to - 1 && this.#bytes[this.#at] === CLOSE_BRACE
  }

  /** Skips the name of the next member. @returns Its index; -1 if it is none of them. */
  #member(members: readonly Literal[], likely: number): number {
    for (let member = likely; member < members.length; member++) {
      if (this.#skip(members[member] as Literal)) return member
    }
    if (this.#isLastBrace()) return -1
    for (let member = 0; member < likely; member++) {
      if (this.#skip(members[member] as Literal)) return member
    }
    return -1
  }

  #skip(literal: Literal): boolean {
    const end = this.#at + literal.length
    if (end > this.#to || !literal.isAt(this.#view, this.#offset + this.#at)) return false
    this.#at = end
    return true
  }

  #expect(byte: number): void {
    if (this.#bytes[this.#at++] !== byte) this.#compact = false
  }

  #fields(): ExtFields {
    const fields = new Map<string, string>()
    this.#expect(OPEN_BRACE)
    if (this.#bytes[this.#at] === CLOSE_BRACE) {
      this.#at++
      return fields
    }
    for (;;) {
      const name = this.#string()
      this.#expect(COLON)
      fields.set(name, this.#string())
      if (!this.#compact || this.#bytes[this.#at] !== COMMA) break
      this.#at++
    }
    this.#expect(CLOSE_BRACE)
    return fields
  }

  #string(): string {
    this.#expect(QUOTE)
    const bytes = this.#bytes
    const from = this.#at
    let at = from
    let hash = 0
    // A string that is not closed within the header ends beyond it, where no brace is expected.
    for (let byte = bytes[at] as number; byte !== QUOTE; byte = bytes[++at] as number) {
      if (byte < 0x20 || !(byte < 0x80) || byte === BACKSLASH) {
        this.#compact = false
        return ''
      }
      hash = extendHash(hash, byte)
    }
    this.#at = at + 1
    return this.#interner.ascii(bytes, from, at, hash)
  }

  #int(): number {
    const bytes = this.#bytes
    const negative = bytes[this.#at] === MINUS
    const from = negative ? this.#at + 1 : this.#at
    let at = from
    let value = 0
    for (let digit = (bytes[at] as number) - DIGIT_0; digit >= 0 && digit <= 9 && at - from < 11; ) {
      value = value * 10 + digit
      digit = (bytes[++at] as number) - DIGIT_0
    }
    const digits = at - from
    const hasLeadingZero = bytes[from] === DIGIT_0 && (digits > 1 || negative)
    if (digits === 0 || hasLeadingZero || value > 0x7fffffff) this.#compact = false
    this.#at = at
    return negative ? -value : value
  }
}
