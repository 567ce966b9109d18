import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changed, changes, compactHeader, compactReader, outcome } from './header-cases.ts'

/** Whether the compact reader read the header; if it did, it agreed with the lenient one. */
function reads(header: Buffer): boolean {
  // The bytes around it would complete a header that is cut off.
  const surrounded = Buffer.concat([Buffer.from('{'), header, Buffer.from('","version":513}}')])
  const read = compactReader.read(surrounded, 1, 1 + header.length)
  expect(compactReader.read(header, 0, header.length)).toEqual(read)
  if (read === undefined) return false
  expect(read).toEqual(outcome(header))
  return true
}

const lookup = (opaque: number | string): string =>
  `{"code":105,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":513}`

describe('the compact reader', () => {
  test('reads a header as Java writes it', () => {
    expect(reads(Buffer.from(lookup(1)))).toBe(true)
    const many = fc.sample(compactHeader, { numRuns: 500, seed: 1 })
    expect(many.filter((header) => reads(Buffer.from(header))).length).toBeGreaterThan(250)
  })

  test('reads a negative opaque, as of a client that has sent more than 2,147,483,647 requests', () => {
    expect(reads(Buffer.from(lookup(-2_147_483_647)))).toBe(true)
  })

  test('reads no header that is cut off', () => {
    const whole = Buffer.from(lookup(7))
    for (let end = 0; end < whole.length; end++) expect(reads(whole.subarray(0, end))).toBe(false)
  })

  test('reads a header in memory larger than it keeps, and the next one elsewhere', () => {
    const large = Buffer.alloc(1_000_000, lookup(1))
    const { length } = lookup(1)
    for (const bytes of [large, Buffer.from(lookup(1)), large]) {
      expect(compactReader.read(bytes, 0, length)).toEqual(outcome(bytes.subarray(0, length)))
    }
  })

  test.each([
    ['a number with a leading zero', '"opaque":07'],
    ['minus zero', '"opaque":-0'],
    ['a lone minus', '"opaque":-'],
    ['no number', '"opaque":'],
    ['a number beyond 32 bits', '"opaque":2147483648'],
    ['a number of eleven digits', '"opaque":21474836470'],
    ['a fraction', '"opaque":7.0'],
    ['an exponent', '"opaque":1e3'],
    ['a number in quotes', '"opaque":"7"'],
    ['a null number', '"opaque":null'],
    ['an escape', '"opaque":7,"remark":"a\\n"'],
    ['a control character', '"opaque":7,"remark":"\u0001"'],
    ['text that is not ASCII', '"opaque":7,"remark":"\u00e9"'],
    ['a null', '"opaque":7,"remark":null'],
    ['white space', '"opaque": 7'],
    ['a member of another name', '"opaque":7,"more":1'],
  ])('leaves %s to the lenient reader', (_, opaque) => {
    const header = `{"code":105,"flag":0,"language":"JAVA",${opaque},"version":513}`
    expect(reads(Buffer.from(header))).toBe(false)
  })

  test('reads a compact header as the lenient reader does, or not at all', () => {
    fc.assert(
      fc.property(compactHeader, (text) => void reads(Buffer.from(text))),
      { numRuns: 10_000 },
    )
  })

  test('reads one with bytes replaced, removed or inserted as the lenient reader does, or not at all', () => {
    fc.assert(
      fc.property(compactHeader, changes, (text, list) => {
        reads(Buffer.from(changed(text, list)))
        reads(Buffer.from(changed(text, list), 'latin1'))
      }),
      { numRuns: 20_000 },
    )
  })
})
