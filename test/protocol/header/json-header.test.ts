import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeJsonHeader, jsonHeaderText } from '../../../src/protocol/header/json-header.ts'
import { LANGUAGE_CODES } from '../../../src/protocol/language-code.ts'
import type { RemotingCommand } from '../../../src/protocol/remoting-command.ts'
import { decodeHeader, outcome } from './header-cases.ts'

const name = fc.oneof(
  fc.constantFrom('topic', 'key', '__proto__', 'constructor', '0', '17'),
  fc.string({ maxLength: 6 }),
)
const text = fc.string({ unit: 'binary', maxLength: 12 })

/** A member's text: mostly what peers write, sometimes any JSON. */
function member(usual: fc.Arbitrary<string>): fc.Arbitrary<string | null> {
  return fc.option(
    fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: fc.json({ maxDepth: 1 }) }),
    { freq: 15 },
  )
}

const int = member(
  fc.oneof(fc.integer().map(String), fc.constantFrom('0', '-0', '1e2', '7.0', '7.5', '2147483648', '"7"')),
)
const string = member(
  fc.oneof(
    fc.constantFrom('"JAVA"', '"GO"', '"java"', '"\\u004aAVA"'),
    text.map((value) => JSON.stringify(value)),
  ),
)
const fields = member(
  fc
    .array(fc.tuple(name, fc.oneof({ weight: 9, arbitrary: text }, fc.constantFrom(null, 5, true))), {
      maxLength: 4,
    })
    .map(
      (entries) =>
        `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
    ),
)
const header = fc
  .tuple(
    fc.record({
      code: int,
      flag: int,
      opaque: int,
      version: int,
      language: string,
      remark: string,
      extFields: fields,
      other: fc.constant(null),
    }),
    fc.constantFrom('', ' ', '\n\t'),
    fc.boolean(),
    fc.constantFrom('', '', '', '', 'x', ',', '}', '/**/'),
  )
  .map(([members, space, backwards, tail]) => {
    const written = Object.entries(members).flatMap(([key, value]) =>
      value === null ? [] : `"${key}"${space}:${value}`,
    )
    if (backwards) written.reverse()
    return Buffer.from(`{${written.join(`,${space}`)}}${space}${tail}`)
  })

describe('the server', () => {
  test('decodes every header as the lenient reader does', () => {
    fc.assert(
      fc.property(header, (bytes) => {
        expect(outcome(bytes, decodeHeader)).toEqual(outcome(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  test('decodes a header with changed bytes as the lenient reader does', () => {
    const usual = Buffer.from(
      '{"code":105,"extFields":{"topic":"T\u00e9st","a":"\\u0001"},"flag":0,"language":"JAVA","opaque":7,' +
        '"remark":"\ud83d\ude00","serializeTypeCurrentRPC":"JSON","version":513}',
    )
    const change = fc.tuple(fc.nat(usual.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const bytes = Buffer.from(usual)
        for (const [at, byte] of changes) bytes[at] = byte
        expect(outcome(bytes, decodeHeader)).toEqual(outcome(bytes))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a JSON header', () => {
  const command: RemotingCommand = {
    code: 22,
    language: 'JAVA',
    version: 513,
    opaque: -7,
    flag: 1,
    remark: null,
    extFields: null,
    body: null,
  }

  test('has its members in the order of Java, without ext fields and remark if there are none', () => {
    expect(jsonHeaderText(command)).toBe(
      '{"code":22,"flag":1,"language":"JAVA","opaque":-7,"serializeTypeCurrentRPC":"JSON","version":513}',
    )
  })

  test('has empty ext fields and an empty remark if they are empty', () => {
    expect(jsonHeaderText({ ...command, extFields: new Map(), remark: '' })).toBe(
      '{"code":22,"extFields":{},"flag":1,"language":"JAVA","opaque":-7,"remark":"","serializeTypeCurrentRPC":"JSON","version":513}',
    )
  })

  test('leaves out ext fields that are null, and escapes names and values', () => {
    const extFields = new Map([
      ['a"', 'b\n'],
      ['gone', null],
      ['中', '\u007f/'],
    ])
    expect(jsonHeaderText({ ...command, extFields })).toContain('"extFields":{"a\\"":"b\\n","中":"\u007f/"},')
  })

  test.each([
    ['{"code":1}', 'JAVA'],
    ['{"code":105,"flag":0,"language":"GO","opaque":1,"version":317}', 'GO'],
    ['{"code":105,"flag":0,"language":"NODE_JS","opaque":1,"version":317}', 'NODE_JS'],
    ['{"code":105,"flag":0,"language":"go","opaque":1,"version":317}', 'OTHER'],
    ['{"code":105, "language":null}', 'OTHER'],
    ['{"code":105, "language":"Lisp"}', 'OTHER'],
  ])('%s is of language %s', (text, language) => {
    expect(decodeHeader(Buffer.from(text)).language).toBe(language)
  })

  test('is decoded as it was', () => {
    const commands = fc.record({
      code: fc.integer(),
      language: fc.constantFrom(...LANGUAGE_CODES),
      version: fc.integer(),
      opaque: fc.integer(),
      flag: fc.integer(),
      remark: fc.option(text),
      extFields: fc.option(fc.array(fc.tuple(name, text)).map((entries) => new Map(entries))),
    })
    fc.assert(
      fc.property(commands, (sent) => {
        const bytes = Buffer.from(jsonHeaderText({ ...sent, body: null }))
        expect(decodeHeader(bytes)).toEqual(sent)
        expect(decodeJsonHeader(bytes)).toEqual(sent)
      }),
      { numRuns: 1000 },
    )
  })
})
