/** Unusual headers as NameServer 5.5.0 was observed to read them, where ours does the same. */
import { describe, expect, test } from 'vitest'
import { FrameError } from '../../../src/protocol/errors.ts'
import type { DecodedHeader } from '../../../src/protocol/header/json-header.ts'
import { decodeHeader } from './header-cases.ts'

const read = (text: string): DecodedHeader => decodeHeader(Buffer.from(text))
const withKey = (key: string): string => `{"code":101,"extFields":{"namespace":"n","key":${key}},"opaque":7}`
const keyOf = (text: string) => read(text).extFields?.get('key')

function expectRejected(text: string | Buffer): void {
  expect(() => decodeHeader(Buffer.from(text))).toThrow(FrameError)
}

test.each([
  ['single-quoted names', `{'code':101,'extFields':{'namespace':"n",'key':"k"},'opaque':7}`],
  ['single-quoted values', `{"code":101,"extFields":{"namespace":'n',"key":'k'},"opaque":7}`],
  ['a comment after the brace', '{/* c */"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  ['a comment after a comma', '{"code":101,/* c */"extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  ['a comment in front', '/* c */{"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  ['a comment behind', '{"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}/* c */'],
  ['a comment in ext fields', '{"code":101,"extFields":{/* c */"namespace":"n","key":"k"},"opaque":7}'],
  ['a line comment', '{"code":101,// c\n"extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  ['a line comment behind', '{"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}// c'],
  ['a comma after the last member', '{"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7,}'],
  ['a comma after the last ext field', '{"code":101,"extFields":{"namespace":"n","key":"k",},"opaque":7}'],
  ['no comma between members', '{"code":101 "extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  ['no comma between ext fields', '{"code":101,"extFields":{"namespace":"n" "key":"k"},"opaque":7}'],
  [
    'white space everywhere',
    ' { "code" : 101 , "extFields" : { "namespace" : "n" , "key" : "k" } , "opaque" : 7 } ',
  ],
  [
    'form feed and backspace as white space',
    '{\f"code":101,\b"extFields":{"namespace":"n","key":"k"},"opaque":7}',
  ],
  ['an escape in a member name', '{"c\\u006fde":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  ['an escape in an ext field name', '{"code":101,"extFields":{"namespace":"n","k\\u0065y":"k"},"opaque":7}'],
  [
    'unknown members',
    '{"zz":{"a":[1,{"b":null}]},"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}',
  ],
  ['a type hint', '{"@type":"x","code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}'],
  [
    'other spellings of names beside',
    '{"Code":5,"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7,"OPAQUE":8}',
  ],
  [
    'a name twice, of which the last counts',
    '{"code":5,"code":101,"extFields":{"namespace":"n","key":"k"},"opaque":7}',
  ],
])('a header with %s is read', (_name, text) => {
  const header = read(text)
  expect(header).toMatchObject({ code: 101, opaque: 7, flag: 0, version: 0, remark: null })
  expect(header.extFields).toEqual(
    new Map([
      ['namespace', 'n'],
      ['key', 'k'],
    ]),
  )
})

test.each([
  ['"101"', 101],
  ["'101'", 101],
  ['"101.0"', 101],
  ['"+101"', 101],
  ['"1e2"', 100],
  ['"true"', 1],
  ['""', 0],
  ['"null"', 0],
  ['null', 0],
  ['true', 1],
  ['false', 0],
  ['101.0', 101],
  ['101.9', 101],
  ['101.', 101],
  ['1.01e2', 101],
  ['1.01E2', 101],
  ['0101', 101],
  ['065', 65],
  ['+101', 101],
  ['-101', -101],
  ['2147483647', 2147483647],
  ['-2147483648', -2147483648],
])('a code of %s is %d', (text, code) => {
  expect(read(`{"code":${text},"opaque":7}`).code).toBe(code)
  expect(read(`{"opaque":${text},"code":7}`).opaque).toBe(code)
})

test.each([
  '" 101 "',
  '"abc"',
  '" "',
  '"0x65"',
  '"2147483648"',
  '2147483648',
  '-2147483649',
  '4294967397',
  '99999999999999999999999',
  '0x65',
  '101l',
  '101f',
  '101d',
  '1_01',
  '- 101',
  '1-1',
  '101 101',
  'Infinity',
  '-Infinity',
  'new Date(1)',
  '[]',
  'JAVA',
])('a code of %s is rejected', (text) => {
  expectRejected(`{"code":${text},"opaque":7}`)
})

test.each(['{}', '{"opaque":null}'])('the opaque of %s is 0', (text) => {
  expect(read(text).opaque).toBe(0)
})

test.each(['"java"', '"XYZ"', '""', 'null', '"9999"'])('a language of %s is no error', (text) => {
  expect(read(`{"code":101,"language":${text}}`).code).toBe(101)
})

describe('a string', () => {
  test.each([
    ['"a\nb"', 'a\nb'],
    ['"a\u0001b"', 'a\u0001b'],
    ['"a\0b"', 'a\0b'],
    ["'a\"b'", 'a"b'],
    ['"a\'b"', "a'b"],
    [String.raw`"a\x41b"`, 'aAb'],
    [String.raw`"a\x4b"`, 'aK'],
    [String.raw`"a\vb"`, 'a\vb'],
    [String.raw`"a\0b"`, 'a\0b'],
    [String.raw`"a\7b"`, 'a\u0007b'],
    [String.raw`"a\12b"`, 'a\u00012b'],
    [String.raw`"a\0041b"`, 'a\u0000041b'],
    [String.raw`"a\'b"`, "a'b"],
    [String.raw`"a\"b"`, 'a"b'],
    [String.raw`"a\\b"`, 'a\\b'],
    [String.raw`"a\/b"`, 'a/b'],
    [String.raw`"a\b\f\n\r\tb"`, 'a\b\f\n\r\tb'],
    [String.raw`"a\u0041b"`, 'aAb'],
    [String.raw`"a\uD83D\uDE00b"`, 'a😀b'],
    [String.raw`"a\u00e9\u00E9b"`, 'aééb'],
    ['"é中😀"', 'é中😀'],
  ])('written as %j is %j', (text, value) => {
    expect(keyOf(withKey(text))).toBe(value)
  })

  test.each(['8', '9', 'Q', 'a', 'u12', 'U0041', 'X41', '-', '*', '$', 's', 'e', 'z', 'N'])(
    'with the unknown escape \\%s is rejected',
    (letter) => {
      expectRejected(withKey(`"a\\${letter}b"`))
    },
  )
})

describe('an ext field', () => {
  test.each([
    ['5', '5'],
    ['-5', '-5'],
    ['1.50', '1.50'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['true', 'true'],
    ['false', 'false'],
    ['""', ''],
    ['{"a":1}', '{"a":1}'],
    ['[1,2]', '[1,2]'],
    ['{}', '{}'],
    ['[]', '[]'],
  ])('of %s is the text %j', (value, text) => {
    expect(keyOf(withKey(value))).toBe(text)
  })

  test('of null is null, also if it comes after a value of the same name', () => {
    expect(keyOf(withKey('null'))).toBeNull()
    expect(keyOf('{"extFields":{"key":"k","key":null}}')).toBeNull()
    expect(keyOf('{"extFields":{"key":null,"key":"k"}}')).toBe('k')
  })

  test('of bare words is rejected', () => {
    for (const word of ['k', '0x12', 'Infinity', 'nul']) expectRejected(withKey(word))
  })
})

test.each(['null', '""'])('ext fields of %s are none', (text) => {
  expect(read(`{"extFields":${text}}`).extFields).toBeNull()
})

test.each(['"x"', '" "', '5', 'true', '[]', '[1]', '["a","b"]'])('ext fields of %s are rejected', (text) => {
  expectRejected(`{"extFields":${text},"opaque":7}`)
})

test.each([
  '',
  ' ',
  'null',
  '[]',
  '[{}]',
  '5',
  '"x"',
  '""',
  'true',
  '{',
  '{"code":101',
  '{"code":101,"opaque":7',
  '{"code":',
  '{"code"}',
  '{"code"=101}',
  '{"code":101}x',
  '{"code":101}}',
  '{"code":101}{}',
  '{}\ufeff',
  '{"code":101,# c\n"opaque":7}',
  '{"language":JAVA}',
  '{\u0001"code":101}',
  '{\u001f"code":101}',
  '{/* c "code":101}',
  '{}/',
  '{}/*',
])('the header %j is rejected', (text) => {
  expectRejected(text)
})

test('bytes that are not UTF-8 are rejected, also in an otherwise compact header', () => {
  const compact = '{"code":101,"extFields":{"key":"a!b"},"flag":0,"language":"JAVA","opaque":7,"version":513}'
  expect(keyOf(compact)).toBe('a!b')
  for (const byte of [0x80, 0xbf, 0xf8, 0xff]) {
    const bytes = Buffer.from(compact)
    bytes[compact.indexOf('!')] = byte
    expectRejected(bytes)
  }
  expectRejected(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]))
  expectRejected(Buffer.from(compact, 'utf16le'))
})

test('a replacement character that was sent as such is kept', () => {
  expect(
    keyOf('{"code":1,"extFields":{"key":"\ufffd"},"flag":0,"language":"JAVA","opaque":7,"version":1}'),
  ).toBe('\ufffd')
})
