import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  longText,
  objectText,
  quote,
  sortedEntries,
  stringListText,
  TextChunks,
} from '../../../src/protocol/json/json-text.ts'

describe('a quoted string', () => {
  test.each([
    ['"', '"\\""'],
    ['\\', '"\\\\"'],
    ['\b\t\n\f\r', '"\\b\\t\\n\\f\\r"'],
    ['\u0000\u0001\u0007', '"\\u0000\\u0001\\u0007"'],
    ['\u000b\u000e\u001a\u001f', '"\\u000b\\u000e\\u001a\\u001f"'],
    [
      'a"\\\n\t\u0001\u001f\u007f\u0085\u2028/<>\'é中😀',
      '"a\\"\\\\\\n\\t\\u0001\\u001f\u007f\u0085\u2028/<>\'é中😀"',
    ],
    ['', '""'],
  ])('of %j is %s', (text, quoted) => {
    expect(quote(text)).toBe(quoted)
  })

  test('escapes only the quotation mark, the backslash and U+0000 to U+001F, of all UTF-16 units', () => {
    const escaped: number[] = []
    for (let unit = 0; unit <= 0xffff; unit++) {
      if (unit >= 0xd800 && unit <= 0xdfff) continue
      const text = String.fromCharCode(unit)
      if (quote(text) !== `"${text}"`) escaped.push(unit)
    }
    expect(escaped).toEqual([...Array(0x20).keys(), 0x22, 0x5c])
  })

  test('has a question mark for each surrogate without its other half', () => {
    for (const lone of ['\ud800', '\udbff', '\udc00', '\udfff']) {
      expect(quote(`a${lone}b`)).toBe('"a?b"')
      expect(quote(lone)).toBe('"?"')
      expect(quote(`😀${lone}`)).toBe('"😀?"')
    }
    expect(quote('\ude00\ud83d')).toBe('"??"')
    expect(quote('\ud83d\ud83d\ude00\n')).toBe('"?😀\\n"')
  })

  test('is standard JSON for the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(quote(text))).toBe(text)
      }),
    )
  })
})

describe('a long', () => {
  test('of any size is exact in the legacy dialect', () => {
    for (const value of [0n, -1n, 9007199254740993n, 9223372036854775807n, -9223372036854775808n]) {
      expect(longText(value, 'legacy')).toBe(value.toString())
    }
  })

  test.each([
    [9007199254740991n, '9007199254740991'],
    [-9007199254740991n, '-9007199254740991'],
    [9007199254740992n, '"9007199254740992"'],
    [-9007199254740992n, '"-9007199254740992"'],
    [9223372036854775807n, '"9223372036854775807"'],
    [1700000000000n, '1700000000000'],
  ])('of %d is %s in the standard dialect', (value, text) => {
    expect(longText(value, 'standard')).toBe(text)
  })
})

describe('an object', () => {
  const entries = [
    [0n, '"a"'],
    [-2n, '"b"'],
    [9007199254740993n, '"c"'],
  ] as const

  test('has integer keys without quotes in the legacy dialect', () => {
    expect(objectText(entries, 'legacy')).toBe('{0:"a",-2:"b",9007199254740993:"c"}')
  })

  test('has integer keys in quotes in the standard dialect', () => {
    expect(objectText(entries, 'standard')).toBe('{"0":"a","-2":"b","9007199254740993":"c"}')
  })

  test('has string keys in quotes in both, escaped as values are', () => {
    for (const dialect of ['legacy', 'standard'] as const) {
      expect(objectText([['5', '1'] as const, ['a"\u001f', '2'] as const], dialect)).toBe(
        '{"5":1,"a\\"\\u001f":2}',
      )
    }
  })

  test('without members is a pair of braces', () => {
    expect(objectText([], 'legacy')).toBe('{}')
  })
})

test('a list of strings keeps its nulls', () => {
  expect(stringListText(['a"', null, ''])).toBe('["a\\"",null,""]')
  expect(stringListText([])).toBe('[]')
})

test('entries are sorted by value if their keys are numbers, by UTF-16 unit if they are strings', () => {
  const numbers = new Map([10n, 9n, -2n, 100n, 0n].map((key) => [key, 0]))
  expect(sortedEntries(numbers).map(([key]) => key)).toEqual([-2n, 0n, 9n, 10n, 100n])
  const names = ['z', '9', '\ue000', 'é', 'b', '10', 'aa', 'a', '_', 'Z', 'B', '中', '😀']
  const sorted = sortedEntries(new Map(names.map((key) => [key, 0])))
  expect(sorted.map(([key]) => key)).toEqual([
    '10',
    '9',
    'B',
    'Z',
    '_',
    'a',
    'aa',
    'b',
    'z',
    'é',
    '中',
    '😀',
    '\ue000',
  ])
})

describe('a text in pieces', () => {
  test('is the same as in one, however long', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.nat(9_000).map((length) => '中'.repeat(length)),
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const chunks = new TextChunks()
        for (const each of pieces) chunks.add(each)
        expect(chunks.toBuffer().equals(Buffer.from(pieces.join('')))).toBe(true)
      }),
    )
  })

  test('is empty if there are none', () => {
    expect(new TextChunks().toBuffer()).toHaveLength(0)
  })
})
