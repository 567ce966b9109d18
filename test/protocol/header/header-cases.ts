import fc from 'fast-check'
import { FrameError } from '../../../src/protocol/errors.ts'
import { CompactJsonHeaderReader } from '../../../src/protocol/header/compact-json-header.ts'
import { type DecodedHeader, decodeJsonHeader } from '../../../src/protocol/header/json-header.ts'
import { StringInterner } from '../../../src/protocol/header/string-interner.ts'

export const compactReader = new CompactJsonHeaderReader(new StringInterner())

/** Decodes a header as the server does: by the compact reader, or else by the lenient one. */
export function decodeHeader(header: Buffer): DecodedHeader {
  return compactReader.read(header, 0, header.length) ?? decodeJsonHeader(header)
}

/** The header by a reader, by default the lenient one, which is the reference; or the code of its error. */
export function outcome(header: Buffer, decode = decodeJsonHeader): unknown {
  try {
    return decode(header)
  } catch (error) {
    if (error instanceof FrameError) return error.code
    throw error
  }
}

export const plain = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-%:,{}[]/. \u007f'), maxLength: 12 })
const name = fc.oneof(
  fc.constantFrom(
    'topic',
    'acceptStandardJsonOnly',
    'brokerName',
    'brokerAddr',
    'clusterName',
    '__proto__',
    '7',
  ),
  plain,
)
const int = fc.oneof(fc.integer(), fc.nat(2_000), fc.constantFrom(0, -1, 2_147_483_647, -2_147_483_648))
const fields = fc
  .array(fc.tuple(name, plain), { maxLength: 5 })
  .map((entries) => `{${entries.map(([key, value]) => `"${key}":"${value}"`)}}`)

/** Compact headers, their members in Java's order or any other, some of them twice. */
export const compactHeader = fc
  .record({
    code: int.map(String),
    extFields: fc.option(fields),
    flag: int.map(String),
    language: fc.constantFrom('"JAVA"', '"GO"', '"CPP"', '"unknown"', '""'),
    opaque: int.map(String),
    remark: fc.option(plain.map((text) => `"${text}"`)),
    serializeTypeCurrentRPC: fc.constantFrom('"JSON"', '"JSON"', null),
    version: int.map(String),
  })
  .chain((members) => {
    const written = Object.entries(members).flatMap(([key, value]) =>
      value === null ? [] : `"${key}":${value}`,
    )
    return fc.oneof(
      fc.constant(written),
      fc.shuffledSubarray(written, { minLength: written.length }),
      fc.shuffledSubarray([...written, ...written], { minLength: 4 }),
    )
  })
  .map((written) => `{${written}}`)

const byte = fc.oneof(fc.constantFrom(...'"{}:,\\0-9.eE tn\u0001[]'), fc.constant('\u00e9'))
const change = fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'insert'), byte)

/** Up to three bytes to be replaced, removed or inserted. */
export const changes = fc.array(change, { minLength: 1, maxLength: 3 })

/** A text with such changes. */
export function changed(text: string, list: readonly (readonly [number, string, string])[]): string {
  let result = text
  for (const [number, kind, character] of list) {
    const at = number % (result.length + 1)
    const from = kind === 'insert' ? at : at + 1
    result = result.slice(0, at) + (kind === 'remove' ? '' : character) + result.slice(from)
  }
  return result
}
