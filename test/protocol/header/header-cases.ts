import fc from 'fast-check'
import { FrameError } from '../../../src/protocol/errors.ts'
import { decodeLenientHeader } from '../../../src/protocol/header/json-header.ts'

/** What the lenient reader, the reference, makes of a header: what it says, or the code of the error. */
export function lenient(header: Buffer): unknown {
  try {
    return decodeLenientHeader(header)
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

/** Headers as Java writes them, their members in Java's order or any other. */
export const usualHeader = fc
  .record({
    code: int.map(String),
    extFields: fc.option(fields),
    flag: int.map(String),
    language: fc.constantFrom('"JAVA"', '"GO"', '"CPP"', '"nobody"', '""'),
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

/** A few bytes that are to be replaced, left out or added. */
export const changes = fc.array(change, { minLength: 1, maxLength: 3 })

/** A text with such changes made to it. */
export function changed(text: string, list: readonly (readonly [number, string, string])[]): string {
  let result = text
  for (const [number, kind, character] of list) {
    const at = number % (result.length + 1)
    const from = kind === 'insert' ? at : at + 1
    result = result.slice(0, at) + (kind === 'remove' ? '' : character) + result.slice(from)
  }
  return result
}
