import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { JsonError } from '../../../src/protocol/errors.ts'
import { JsonReader } from '../../../src/protocol/json/json-reader.ts'

const reader = (text: string): JsonReader => new JsonReader(Buffer.from(text))

/** One value that is the whole text. */
function whole<Value>(text: string, read: (reader: JsonReader) => Value): Value {
  const from = reader(text)
  const value = read(from)
  from.expectEnd()
  return value
}
const long = (text: string) => whole(text, (from) => from.readLong())
const int = (text: string) => whole(text, (from) => from.readInt())
const boolean = (text: string) => whole(text, (from) => from.readBoolean())
const string = (text: string) => whole(text, (from) => from.readString())
const skip = (text: string) => whole(text, (from) => from.skipValue())

describe('a long', () => {
  test.each([
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['"9007199254740993"', 9007199254740993n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['"-9223372036854775808"', -9223372036854775808n],
    ['+9007199254740993', 9007199254740993n],
    ['999999999999999', 999999999999999n],
    ['9999999999999999', 9999999999999999n],
    ['01', 1n],
    ['-0', 0n],
    ['4.7', 4n],
    ['-4.7', -4n],
    ['4e0', 4n],
    ['1.7e12', 1700000000000n],
    ['"4.7"', 4n],
    ['"1e3"', 1000n],
    ['true', 1n],
    ['false', 0n],
  ])('of %s is %d', (text, value) => {
    expect(long(text)).toBe(value)
  })

  test.each(['null', '""', '"null"'])('of %s is null, which a primitive field reads as 0', (text) => {
    expect(long(text)).toBeNull()
    expect(int(text)).toBeNull()
  })

  test.each([
    '9223372036854775808',
    '-9223372036854775809',
    '"9223372036854775808"',
    '" 3"',
    '"x"',
    '0x3',
    '{}',
    '[]',
    'x',
    '1-1',
    '',
    '--1',
    '"1e"',
    '1e',
    '.',
    '-',
    '+',
    '1_0',
    '"99999999999999999999999"',
    `1${'0'.repeat(5000)}`,
  ])('of %j is rejected', (text) => {
    expect(() => long(text)).toThrow(JsonError)
  })

  test('is exact for every int64, bare or quoted', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(long(`${value}`)).toBe(value)
        expect(long(`"${value}"`)).toBe(value)
      }),
    )
  })
})

describe('an int', () => {
  test('has 32 bits', () => {
    expect(int('2147483647')).toBe(2147483647)
    expect(int('-2147483648')).toBe(-2147483648)
    for (const text of ['2147483648', '-2147483649', '"2147483648"'])
      expect(() => int(text)).toThrow(JsonError)
  })
})

describe('a boolean', () => {
  test.each([
    ['true', true],
    ['1', true],
    ['"true"', true],
    ['"TRUE"', true],
    ['false', false],
    ['0', false],
    ['"false"', false],
    ['null', null],
    ['""', null],
    ['"null"', null],
  ])('of %s is %s', (text, value) => {
    expect(boolean(text)).toBe(value)
  })

  test.each(['"x"', '{}', '[]'])('of %s is rejected', (text) => {
    expect(() => boolean(text)).toThrow(JsonError)
  })
})

describe('a string', () => {
  test.each([
    ['"a"', 'a'],
    ["'a'", 'a'],
    ['null', null],
    ['123', '123'],
    ['1.50', '1.50'],
    ['true', 'true'],
    ['{"a":1}', '{"a":1}'],
    ['["x",1]', '["x",1]'],
    [String.raw`"\\"`, '\\'],
    [String.raw`"\\\""`, '\\"'],
    [String.raw`"a\u00e9\n\uD83D\uDE00z"`, 'aé\n😀z'],
    ['"é中😀"', 'é中😀'],
  ])('of %s is %j', (text, value) => {
    expect(string(text)).toBe(value)
  })

  test.each(['"', '"a', '\'a"', '"a\\', '"a\\"', '"\\Q"', '"\\u12"', '"\\x4"', 'a', 'nul', ''])(
    'of %s is rejected',
    (text) => {
      expect(() => string(text)).toThrow(JsonError)
    },
  )

  test('is read as JSON.parse reads it, from any JSON writer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(string(JSON.stringify(text))).toBe(text)
      }),
    )
  })
})

describe('an object', () => {
  function names(text: string): string[] | null {
    return whole(text, (from) => {
      if (!from.enterObject()) return null
      const list: string[] = []
      for (let name = from.nextName(); name !== undefined; name = from.nextName()) {
        list.push(name)
        from.skipValue()
      }
      return list
    })
  }

  test('may have integer keys without quotes, as Java writes them', () => {
    expect(names('{0:"a",-3 :\'x\', 9007199254740993 : {1:[2]}}')).toEqual(['0', '-3', '9007199254740993'])
  })

  test('may have a comma after the last member, no comma between two, and comments', () => {
    expect(names('{/* a */"a":1,// b\n"b":2 "c":{},}')).toEqual(['a', 'b', 'c'])
  })

  test.each(['null', '""', "''"])('of %s is null', (text) => {
    expect(names(text)).toBeNull()
  })

  test.each([
    '',
    '[]',
    '5',
    '"x"',
    '" "',
    'true',
    '{',
    '{"a"}',
    '{"a":}',
    '{"a"=1}',
    '{"a":1',
    '{:1}',
    '{"a":1]',
    '{}}',
    '{} x',
  ])('of %j is rejected', (text) => {
    expect(() => names(text)).toThrow(JsonError)
  })

  test('gives the fields asked for by exact name and skips the others', () => {
    const from = reader(
      '{"x":{"counter":[1,"}"]},"Counter":1,"counter":2,"state_version":"\\"","stateVersion":3}',
    )
    const fields = ['counter', 'stateVersion']
    expect(from.enterObject()).toBe(true)
    expect([from.nextField(fields), from.readInt()]).toEqual(['counter', 2])
    expect([from.nextField(fields), from.readInt()]).toEqual(['stateVersion', 3])
    expect(from.nextField(fields)).toBeUndefined()
    expect(from.atEnd()).toBe(true)
  })
})

describe('a list of strings', () => {
  const list = (text: string) => whole(text, (from) => from.readStringList(100))

  test('is rejected at the first element over the limit', () => {
    expect(list(`[${Array(100).fill('"a"').join()}]`)).toHaveLength(100)
    expect(() => list(`[${Array(101).fill('"a"').join()}]`)).toThrow('a list of more than 100 strings')
  })

  test('leaves out nulls and gives numbers and booleans as text', () => {
    expect(list('["a",1,null,true]')).toEqual(['a', '1', 'true'])
    expect(list('[]')).toEqual([])
    expect(list('["a",]')).toEqual(['a'])
    expect(list('["a" "b"]')).toEqual(['a', 'b'])
    expect(list('null')).toBeNull()
    expect(list('""')).toBeNull()
  })

  test.each(['[', '["a"', '["a",', '["a"}', '5', '{}', '["a"]]'])('of %s is rejected', (text) => {
    expect(() => list(text)).toThrow(JsonError)
  })
})

describe('nesting', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

  test('is skipped up to 512 levels and rejected beyond', () => {
    expect(() => skip(nested(512))).not.toThrow()
    expect(() => skip(nested(513))).toThrow(JsonError)
    expect(() => skip('{"a":'.repeat(513))).toThrow(JsonError)
  })

  test('of a million levels is rejected as quickly', () => {
    expect(() => skip(nested(1_000_000))).toThrow(JsonError)
    expect(() => string(nested(1_000_000))).toThrow(JsonError)
  })
})

test('a text of many escapes is read without making a text of each, which would block for seconds', () => {
  const toText = vi.spyOn(Buffer.prototype, 'toString')
  expect(string(`"${'\\u4e2d\\n\\x42é'.repeat(10_000)}"`)).toBe('中\nBé'.repeat(10_000))
  expect(toText.mock.calls.length).toBeLessThan(5)
})

describe('any value', () => {
  test('of a JSON writer is skipped to its last byte', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => skip(text)).not.toThrow()
      }),
    )
  })

  test('that is cut off anywhere is rejected', () => {
    const cutShort = fc
      .oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), fc.string())
      .map((value) => JSON.stringify(value))
      .chain((text) => fc.nat(text.length - 1).map((length) => text.slice(0, length)))
    fc.assert(
      fc.property(cutShort, (text) => {
        expect(() => skip(text)).toThrow(JsonError)
      }),
    )
  })

  test('is rejected with the offset at which reading stopped', () => {
    try {
      skip('["é", ')
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_JSON', offset: 7 })
      return
    }
    throw new Error('accepted')
  })
})
