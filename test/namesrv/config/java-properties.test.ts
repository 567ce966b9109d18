import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../src/namesrv/config/config-error.ts'
import { parseJavaProperties, propertiesText } from '../../../src/namesrv/config/java-properties.ts'

/** Recorded by fixtures/JavaCases.java. */
const javaCases = readFileSync(new URL('./fixtures/java-properties.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { file: string; pairs: [string, string][] | null })

function read(file: string): [string, string][] {
  return [...parseJavaProperties(Buffer.from(file, 'latin1')).values()].map(({ key, value }) => [key, value])
}

describe('parseJavaProperties', () => {
  test('reads every recorded file as java.util.Properties does', () => {
    expect(javaCases).toHaveLength(400)
    for (const { file, pairs } of javaCases) {
      if (pairs === null) {
        expect(() => read(file), JSON.stringify(file)).toThrow(ConfigError)
      } else {
        expect(new Map(read(file)), JSON.stringify(file)).toEqual(new Map(pairs))
      }
    }
  })

  test.each([
    [
      'the three separators',
      'a=1\nb:2\nc 3\n',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    ],
    ['spaces around a separator, and a second separator in the value', ' a \t= = 1\n', [['a', '= 1']]],
    ['white space at the end of a value', 'a= 1 \t\n', [['a', '1 \t']]],
    ['comments of both kinds, which no backslash continues', '# a=1\\\n ! b=2\nc=3', [['c', '3']]],
    ['a continued line without the spaces before its next part', 'a=1,\\\n   2,\\\r\n\t3', [['a', '1,2,3']]],
    [
      'an even number of backslashes as the end of a line',
      'a=1\\\\\nb=2',
      [
        ['a', '1\\'],
        ['b', '2'],
      ],
    ],
    ['escapes, where an unknown one is the character itself', 'a\\ b=\\t\\u4e2d\\q\\=', [['a b', '\t中q=']]],
    ['bytes as ISO-8859-1, so that UTF-8 is garbled', 'a=\xe4\xb8\xad', [['a', 'ä¸\xad']]],
    [
      'the last of equal keys',
      'a=1\nb=2\na=3',
      [
        ['a', '3'],
        ['b', '2'],
      ],
    ],
    [
      'names that mean something to JavaScript',
      '__proto__=1\nconstructor=2',
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
    ['a lone backslash before a comment', '\\\n# a=1\nb=2', [['b', '2']]],
  ])('reads %s', (_, file, pairs) => {
    expect(read(file)).toEqual(pairs)
  })

  test('returns the line on which a pair begins', () => {
    const pairs = parseJavaProperties(Buffer.from('# first\n\na=1,\\\n  2\r\nb=3\ra=4'))
    expect([...pairs.values()].map(({ key, line }) => [key, line])).toEqual([
      ['a', 6],
      ['b', 5],
    ])
  })

  test('reads a long line of backslashes at once', () => {
    expect(read(`a=${'\\'.repeat(65_535)}b`)).toEqual([['a', `${'\\'.repeat(32_767)}b`]])
  })

  test('names the file and the line of a malformed escape', () => {
    const bytes = Buffer.from('# \\u is nothing in a comment\na=1\nb=2,\\\n  \\u12G4\n')
    expect(() => parseJavaProperties(bytes, 'ns.conf')).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_SYNTAX',
        message: 'ns.conf:3: malformed \\uXXXX escape (it needs four hex digits)',
      }),
    )
  })

  test('reads a long file of lone backslashes in linear time', () => {
    expect(parseJavaProperties(Buffer.from('\\\n'.repeat(200_000))).size).toBe(1)
  })
})

describe('propertiesText', () => {
  test('writes what Java stores where nothing needs an escape', () => {
    expect(
      propertiesText([
        ['bindAddress', '127.0.0.1'],
        ['configBlackList', 'a;b'],
        ['foo.unknown', 'x = y: z # ! '],
        ['none', ''],
      ]),
    ).toBe('bindAddress=127.0.0.1\nconfigBlackList=a;b\nfoo.unknown=x = y: z # ! \nnone=\n')
  })

  test.each([
    ['C:\\dir', 'k=C:\\\\dir\n'],
    ['  two spaces', 'k=\\  two spaces\n'],
    ['a\nlistenPort=1', 'k=a\\nlistenPort=1\n'],
    ['\t\r\f', 'k=\\t\\r\\f\n'],
    ['é中\u0001', 'k=\\u00e9\\u4e2d\\u0001\n'],
    ['😀', 'k=\\ud83d\\ude00\n'],
  ])('escapes %j', (value, text) => {
    expect(propertiesText([['k', value]])).toBe(text)
  })

  test('writes what reads back as the same pairs, whatever is in them', () => {
    const string = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'a\\ \t\n\r\f=:#!u0é') }),
    )
    fc.assert(
      fc.property(fc.dictionary(string, string), (pairs) => {
        const given = new Map(Object.entries(pairs))
        const text = propertiesText(given)
        const read = parseJavaProperties(Buffer.from(text, 'latin1'))
        expect(new Map([...read.values()].map(({ key, value }) => [key, value]))).toEqual(given)
      }),
    )
  })
})
