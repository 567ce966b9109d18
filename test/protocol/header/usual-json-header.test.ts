import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameError } from '../../../src/protocol/errors.ts'
import { decodeLenientHeader } from '../../../src/protocol/header/json-header.ts'
import { decodeUsualJsonHeader } from '../../../src/protocol/header/usual-json-header.ts'

function lenient(header: Buffer): unknown {
  try {
    return decodeLenientHeader(header)
  } catch (error) {
    if (error instanceof FrameError) return error.code
    throw error
  }
}

/** Whether the short way took the header; if it did, it read the same as the lenient way. */
function agrees(header: Buffer): boolean {
  // Neighbours that would complete a header that is cut off.
  const among = Buffer.concat([Buffer.from('{'), header, Buffer.from('","version":513}}')])
  const usual = decodeUsualJsonHeader(among, 1, 1 + header.length)
  expect(decodeUsualJsonHeader(header, 0, header.length)).toEqual(usual)
  if (usual === undefined) return false
  expect(usual).toEqual(lenient(header))
  return true
}

const plain = fc.string({ unit: fc.constantFrom(...'abcXYZ019_-%:,{}[]/. \u007f'), maxLength: 12 })
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
const usualHeader = fc
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

test('a header as Java writes it is read the short way', () => {
  const text =
    '{"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":1,"serializeTypeCurrentRPC":"JSON","version":513}'
  expect(agrees(Buffer.from(text))).toBe(true)
  const many = fc.sample(usualHeader, { numRuns: 500, seed: 1 })
  expect(many.filter((header) => agrees(Buffer.from(header))).length).toBeGreaterThan(250)
})

describe('the short way reads what the lenient way reads, or nothing', () => {
  test('of headers in the usual shape', () => {
    fc.assert(
      fc.property(usualHeader, (text) => void agrees(Buffer.from(text))),
      { numRuns: 10_000 },
    )
  })

  test('of such headers in which some bytes were replaced, left out or doubled', () => {
    const byte = fc.oneof(fc.constantFrom(...'"{}:,\\0-9.eE tn\u0001[]'), fc.constant('\u00e9'))
    const change = fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'insert'), byte)
    fc.assert(
      fc.property(usualHeader, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        let changed = text
        for (const [number, kind, character] of changes) {
          const at = number % (changed.length + 1)
          const from = kind === 'insert' ? at : at + 1
          changed = changed.slice(0, at) + (kind === 'remove' ? '' : character) + changed.slice(from)
        }
        agrees(Buffer.from(changed))
        agrees(Buffer.from(changed, 'latin1'))
      }),
      { numRuns: 20_000 },
    )
  })
})

test.each([
  ['a number with a leading zero', '"opaque":07'],
  ['minus zero', '"opaque":-0'],
  ['a number beyond 32 bits', '"opaque":2147483648'],
  ['a fraction', '"opaque":7.0'],
  ['a number in quotes', '"opaque":"7"'],
  ['an escape', '"opaque":7,"remark":"a\\n"'],
  ['text that is not ASCII', '"opaque":7,"remark":"\u00e9"'],
  ['a null', '"opaque":7,"remark":null'],
  ['white space', '"opaque": 7'],
  ['a member of another name', '"opaque":7,"more":1'],
])('%s is left to the general way', (_, opaque) => {
  const header = `{"code":105,"flag":0,"language":"JAVA",${opaque},"version":513}`
  expect(agrees(Buffer.from(header))).toBe(false)
})
