import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeUsualJsonHeader } from '../../../src/protocol/header/usual-json-header.ts'
import { changed, changes, lenient, usualHeader } from './header-cases.ts'

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
    fc.assert(
      fc.property(usualHeader, changes, (text, list) => {
        agrees(Buffer.from(changed(text, list)))
        agrees(Buffer.from(changed(text, list), 'latin1'))
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
