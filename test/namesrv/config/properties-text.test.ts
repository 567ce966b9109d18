import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJavaProperties } from '../../../src/namesrv/config/java-properties.ts'
import { propertiesText } from '../../../src/namesrv/config/properties-text.ts'

describe('the text of a properties file', () => {
  test('is what Java stores where nothing needs an escape', () => {
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
    ['  two blanks', 'k=\\  two blanks\n'],
    ['a\nlistenPort=1', 'k=a\\nlistenPort=1\n'],
    ['\t\r\f', 'k=\\t\\r\\f\n'],
    ['é中\u0001', 'k=\\u00e9\\u4e2d\\u0001\n'],
    ['😀', 'k=\\ud83d\\ude00\n'],
  ])('%j is written so that it comes back', (value, text) => {
    expect(propertiesText([['k', value]])).toBe(text)
  })

  test('reads back as the same pairs, whatever is in them', () => {
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
