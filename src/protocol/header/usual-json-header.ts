import { languageOfName } from '../language-code.ts'
import type { ExtFields } from '../remoting-command.ts'
import type { DecodedHeader } from './json-header.ts'
import { asciiString, hashWith } from './string-interner.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** The members in Java's order, each with its colon, so that the next one is nearly always the first that is tried. */
const MEMBERS: readonly Uint8Array[] = [
  'code',
  'extFields',
  'flag',
  'language',
  'opaque',
  'remark',
  'serializeTypeCurrentRPC',
  'version',
].map((name) => Buffer.from(`"${name}":`))

const CODE = 0
const EXT_FIELDS = 1
const FLAG = 2
const LANGUAGE = 3
const OPAQUE = 4
const REMARK = 5
const SERIALIZE_TYPE = 6
const VERSION = 7

/** A header without one of these is not usual. */
const REQUIRED = (1 << CODE) | (1 << FLAG) | (1 << LANGUAGE) | (1 << OPAQUE) | (1 << VERSION)

const NO_BYTES = Buffer.alloc(0)
const JAVA = Buffer.from('"JAVA"')
const JSON_TYPE = Buffer.from('"JSON"')

/**
 * Reads JSON headers as every known client library writes them, straight from the bytes: no white space, plain ASCII strings
 * without escapes, the five members that are never missing. Everything else is left to the general way.
 */
class UsualHeaderReader {
  #bytes: Buffer = NO_BYTES
  #at = 0
  #to = 0
  /** Set when something unusual was met; what is read afterwards means nothing. */
  #unusual = false

  read(bytes: Buffer, from: number, to: number): DecodedHeader | undefined {
    this.#bytes = bytes
    this.#at = from
    this.#to = to
    this.#unusual = false
    let code = 0
    let flag = 0
    let version = 0
    let opaque = 0
    let language: DecodedHeader['language'] = null
    let remark: string | null = null
    let extFields: ExtFields | null = null
    let seen = 0
    this.#expect(OPEN_BRACE)
    let next = 0
    do {
      const member = this.#member(next)
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
          language = this.#skip(JAVA) ? 'JAVA' : languageOfName(this.#string())
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
          return undefined
      }
      seen |= 1 << member
      next = member + 1
    } while (this.#another())
    // A header that is cut off was read beyond its end, into the body or the next frame.
    if (this.#unusual || this.#at !== to || (seen & REQUIRED) !== REQUIRED) return undefined
    return { code, flag, version, opaque, language, remark, extFields }
  }

  /** Memory of a large frame must not be held until the next header comes. */
  letGo(): void {
    this.#bytes = NO_BYTES
  }

  /** The member that comes, looked for from the one that most likely does; -1 if it is none of them. */
  #member(likely: number): number {
    for (let member = likely; member < MEMBERS.length; member++) {
      if (this.#skip(MEMBERS[member] as Uint8Array)) return member
    }
    for (let member = 0; member < likely; member++) {
      if (this.#skip(MEMBERS[member] as Uint8Array)) return member
    }
    return -1
  }

  /** Passes over these bytes if they come. */
  #skip(expected: Uint8Array): boolean {
    const bytes = this.#bytes
    const from = this.#at
    for (let at = 0; at < expected.length; at++) if (bytes[from + at] !== expected[at]) return false
    this.#at = from + expected.length
    return true
  }

  #expect(byte: number): void {
    if (this.#bytes[this.#at++] !== byte) this.#unusual = true
  }

  /** Whether a comma follows, and with it another member; if not, the object ends here. */
  #another(): boolean {
    if (this.#unusual) return false
    if (this.#bytes[this.#at] === COMMA) {
      this.#at++
      return true
    }
    this.#expect(CLOSE_BRACE)
    return false
  }

  #name(): string {
    const name = this.#string()
    this.#expect(COLON)
    return name
  }

  #fields(): ExtFields {
    const fields = new Map<string, string>()
    this.#expect(OPEN_BRACE)
    if (this.#bytes[this.#at] === CLOSE_BRACE) {
      this.#at++
      return fields
    }
    do {
      const name = this.#name()
      fields.set(name, this.#string())
    } while (this.#another())
    return fields
  }

  #string(): string {
    const bytes = this.#bytes
    const to = this.#to
    this.#expect(QUOTE)
    const from = this.#at
    let at = from
    let hash = 0
    let byte = bytes[at] as number
    while (byte !== QUOTE) {
      if (at >= to || byte < 0x20 || byte >= 0x80 || byte === BACKSLASH) {
        this.#unusual = true
        return ''
      }
      hash = hashWith(hash, byte)
      byte = bytes[++at] as number
    }
    this.#at = at + 1
    return asciiString(bytes, from, at, hash)
  }

  #int(): number {
    const bytes = this.#bytes
    const negative = bytes[this.#at] === MINUS
    if (negative) this.#at++
    const from = this.#at
    let value = 0
    let digit = (bytes[this.#at] as number) - DIGIT_0
    while (digit >= 0 && digit <= 9 && this.#at - from < 11) {
      value = value * 10 + digit
      digit = (bytes[++this.#at] as number) - DIGIT_0
    }
    const digits = this.#at - from
    const leadingZero = bytes[from] === DIGIT_0 && (digits > 1 || negative)
    if (digits === 0 || leadingZero || value > 0x7fffffff) this.#unusual = true
    return negative ? -value : value
  }
}

const reader = new UsualHeaderReader()

/** What a header says if it is written in the usual way, undefined if it is not: then it must be read by the general way. */
export function decodeUsualJsonHeader(bytes: Buffer, from: number, to: number): DecodedHeader | undefined {
  const header = reader.read(bytes, from, to)
  reader.letGo()
  return header
}
