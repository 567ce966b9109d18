import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { visible } from '../../../src/cli/output/visible.ts'
import { yaml } from '../../../src/cli/output/yaml.ts'

/** Strings that some reader takes for something else, or not at all, if they have no quotes. */
const AMBIGUOUS = [
  '',
  ' ',
  'y',
  'No',
  'ON',
  'null',
  '~',
  'true',
  '1',
  '0x1',
  '1e3',
  'E0',
  '1:30',
  '.5',
  '.inf',
  '-',
  '--- a',
  '# a',
]
const INDICATORS = [
  '%RETRY%a',
  '@a',
  '`a',
  '*a',
  '&a',
  '!a',
  '|',
  '>',
  '?',
  ':',
  'a: b',
  'a #b',
  '[a',
  '{a',
  '"a',
  "'a",
  'a,b',
  '=',
  '<<',
]

const key = fc
  .oneof(fc.string({ maxLength: 20 }), fc.constantFrom(...AMBIGUOUS, ...INDICATORS))
  .filter((name) => name !== '__proto__')
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      key,
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

describe('YAML', () => {
  test.each(['1.1', '1.2'] as const)('reads back as the same value, as YAML %s', (version) => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(parse(yaml(value), { version, uniqueKeys: true })).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  test.each([...AMBIGUOUS, ...INDICATORS])('has quotes around %j', (text) => {
    expect(yaml({ text })).toBe(`text: ${JSON.stringify(text)}\n`)
  })

  test.each(['TopicTest', 'broker-a', 'a/b.c_d@e', 'yesterday', 'x%RETRY%'])(
    'has no quotes around %s',
    (text) => {
      expect(yaml({ text })).toBe(`text: ${text}\n`)
    },
  )

  test('escapes what a terminal would obey, in the eight digits of YAML beyond the sixteen bits', () => {
    const text = yaml({ text: 'a\x1b\u202e\u{e0041}' })
    expect(text).toBe('text: "a\\u001b\\u202e\\U000e0041"\n')
    expect(parse(text)).toEqual({ text: 'a\x1b\u202e\u{e0041}' })
    expect(visible(text.trimEnd())).toBe(text.trimEnd())
  })

  test('is in block style, with a member without a value left out', () => {
    const value = { items: [{ topic: 'a', queues: [1, 2], empty: [], none: undefined }], errors: [], map: {} }
    expect(yaml(value)).toBe(
      'items:\n  - topic: a\n    queues:\n      - 1\n      - 2\n    empty: []\nerrors: []\nmap: {}\n',
    )
  })
})
