import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { visible, visibleJson, visibleStrings } from '../../../src/cli/output/visible.ts'

/** Characters that terminals obey, hide, or show as others. */
const HOSTILE = [
  ['a carriage return', 'a\rb', 'a\\u000db'],
  ['a line feed', 'a\nb', 'a\\u000ab'],
  ['an escape sequence', '\x1b[2Jx', '\\u001b[2Jx'],
  ['the one-byte form of one', '\x9b2J', '\\u009b2J'],
  ['an override of the direction', 'a\u202ecod', 'a\\u202ecod'],
  ['an isolate', '\u2066a\u2069', '\\u2066a\\u2069'],
  ['a character of no width', 'a\u200bb', 'a\\u200bb'],
  ['a byte order mark', '\ufeffa', '\\ufeffa'],
  ['a line separator', 'a\u2028b', 'a\\u2028b'],
  ['a lone surrogate', 'a\ud800', 'a\\ud800'],
  ['a tag', 'a\u{e0041}', 'a\\udb40\\udc41'],
  ['a filler that looks like nothing', 'a\u3164', 'a\\u3164'],
  ['a variation selector', 'a\ufe0f', 'a\\ufe0f'],
  ['a space that is none of ASCII', 'a\u00a0b\u3000', 'a\\u00a0b\\u3000'],
] as const

describe('a name from a stranger', () => {
  test.each(HOSTILE)('with %s shows it as an escape', (_, name, shown) => {
    expect(visible(name)).toBe(shown)
  })

  test.each(['TopicTest', '%RETRY%group-1', '订单', 'a b', 'é', '📦'])(
    'of printable characters is shown as it is: %s',
    (name) => {
      expect(visible(name)).toBe(name)
    },
  )

  test('is made visible anywhere in a value, in names of members too', () => {
    expect(visibleStrings({ 'a\x1b': ['b\u202e', 1, null, { c: true }] })).toEqual({
      'a\\u001b': ['b\\u202e', 1, null, { c: true }],
    })
  })
})

const anyText = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE.map(([, name]) => name))),
})
const anyValue = fc.jsonValue({ depthSize: 'small', stringUnit: 'binary' })

describe('visible JSON', () => {
  test.each([0, 2])('reads back as the same value with an indentation of %i', (indent) => {
    fc.assert(
      fc.property(fc.oneof(anyText, anyValue), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value))
        expect(JSON.parse(visibleJson(value, indent))).toEqual(plain)
      }),
    )
  })

  test('has only printable characters', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const text = visibleJson({ value })
        expect(visible(text)).toBe(text)
      }),
    )
  })
})
