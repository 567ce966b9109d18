import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderShapes } from '../../../src/protocol/header/header-shape.ts'
import type { DecodedHeader } from '../../../src/protocol/header/json-header.ts'
import { decodeUsualJsonHeader } from '../../../src/protocol/header/usual-json-header.ts'
import { changed, changes, lenient, plain, usualHeader } from './header-cases.ts'

const lookup = (topic: string, opaque: number | string, version = 513): string =>
  `{"code":105,"extFields":{"topic":"${topic}"},"flag":0,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":${version}}`

/** Takes note of a header, if it is one that is read in the usual way. */
function note(shapes: HeaderShapes, text: string): void {
  const bytes = Buffer.from(text)
  const header = decodeUsualJsonHeader(bytes, 0, bytes.length)
  if (header !== undefined) shapes.note(header, bytes, 0, bytes.length)
}

function shapesOf(...texts: string[]): HeaderShapes {
  const shapes = new HeaderShapes()
  for (const text of texts) note(shapes, text)
  return shapes
}

/** Reads a header, which neighbours would complete if it were cut off. */
function read(shapes: HeaderShapes, header: Buffer): DecodedHeader | undefined {
  const among = Buffer.concat([
    Buffer.from('{'),
    header,
    Buffer.from('"},"flag":0,"opaque":1,"version":513}}'),
  ])
  const result = shapes.read(among, 1, 1 + header.length)
  expect(shapes.read(header, 0, header.length)).toEqual(result)
  return result
}

describe('a header whose shape is known', () => {
  test('is read with its own opaque and values', () => {
    const header = read(shapesOf(lookup('T', 7)), Buffer.from(lookup('another topic', 123_456)))
    expect(header).toEqual(lenient(Buffer.from(lookup('another topic', 123_456))))
    expect(header?.opaque).toBe(123_456)
    expect(header?.extFields).toEqual(new Map([['topic', 'another topic']]))
  })

  test('is read if its opaque is negative, as of a client that has asked more than two thousand million times', () => {
    const header = Buffer.from(lookup('T', -2_147_483_647))
    expect(read(shapesOf(lookup('T', -1)), header)).toEqual(lenient(header))
    expect(read(shapesOf(lookup('T', 7)), header)?.opaque).toBe(-2_147_483_647)
  })

  test('is found among others, whichever came last', () => {
    const versions = [395, 435, 493, 513]
    const shapes = shapesOf(...versions.map((version) => lookup('T', 1, version)))
    for (const version of [...versions, ...versions.toReversed()]) {
      expect(read(shapes, Buffer.from(lookup('U', 2, version)))?.version).toBe(version)
    }
  })

  test.each([
    '',
    '-',
    '-0',
    '-07',
    '07',
    '2147483648',
    '-2147483648',
    '21474836470',
    '1.5',
    '1e3',
    '"1"',
    'null',
  ])('is left to others if its opaque is %j', (opaque) => {
    expect(read(shapesOf(lookup('T', 7)), Buffer.from(lookup('T', opaque)))).toBeUndefined()
  })

  test.each(['\\n', '\u00e9', '\u0001'])('is left to others if a value has %j in it', (text) => {
    expect(read(shapesOf(lookup('T', 7)), Buffer.from(lookup(text, 1)))).toBeUndefined()
  })

  test('is left to others if it is cut off anywhere', () => {
    const shapes = shapesOf(lookup('T', 7))
    const whole = Buffer.from(lookup('T', 7))
    for (let end = 0; end < whole.length; end++) {
      expect(read(shapes, whole.subarray(0, end))).toBeUndefined()
    }
  })
})

test('a header with two opaques, two objects of ext fields, or a remark, makes no shape', () => {
  const opaques = '{"code":1,"flag":0,"language":"JAVA","opaque":1,"opaque":1,"version":1}'
  const twice =
    '{"code":1,"extFields":{"a":"1"},"extFields":{"b":"2"},"flag":0,"language":"JAVA","opaque":1,"version":1}'
  const remark = '{"code":1,"flag":0,"language":"JAVA","opaque":1,"remark":"why","version":1}'
  for (const text of [opaques, twice, remark]) expect(read(shapesOf(text), Buffer.from(text))).toBeUndefined()
})

test('a shape that comes again and again is learned in the end, however many have come once', () => {
  const shapes = shapesOf(...Array.from({ length: 1_000 }, (_, index) => lookup('T', 1, index)))
  const header = lookup('T', 1, 5_000)
  for (let times = 0; times < 256; times++) note(shapes, header)
  expect(read(shapes, Buffer.from(header))?.version).toBe(5_000)
})

describe('of whatever comes after a header of whatever shape, the same is read as by the lenient way, or nothing', () => {
  const agrees = (shapes: HeaderShapes, header: Buffer): boolean => {
    const result = read(shapes, header)
    if (result !== undefined) expect(result).toEqual(lenient(header))
    return result !== undefined
  }

  test('of the same header', () => {
    fc.assert(
      fc.property(usualHeader, (text) => void agrees(shapesOf(text), Buffer.from(text))),
      { numRuns: 10_000 },
    )
    const many = fc.sample(usualHeader, { numRuns: 500, seed: 1 })
    expect(many.filter((text) => agrees(shapesOf(text), Buffer.from(text))).length).toBeGreaterThan(25)
  })

  test('of one with other values', () => {
    const fields = fc.uniqueArray(plain, { minLength: 1, maxLength: 4 })
    const values = (names: string[]): fc.Arbitrary<string[]> =>
      fc.array(plain, { minLength: names.length, maxLength: names.length })
    const pair = fields.chain((names) => fc.tuple(fc.constant(names), values(names), values(names)))
    const written = (names: string[], texts: string[], opaque: number): string => {
      const entries = names.map((name, index) => `"${name}":"${texts[index]}"`)
      return `{"code":34,"extFields":{${entries}},"flag":2,"language":"GO","opaque":${opaque},"version":1}`
    }
    fc.assert(
      fc.property(pair, fc.nat(0x7fffffff), ([names, some, others], opaque) => {
        const header = Buffer.from(written(names, others, opaque))
        expect(agrees(shapesOf(written(names, some, 1)), header)).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test('of one in which some bytes were replaced, left out or doubled', () => {
    fc.assert(
      fc.property(usualHeader, changes, (text, list) => {
        const shapes = shapesOf(text)
        agrees(shapes, Buffer.from(changed(text, list)))
        agrees(shapes, Buffer.from(changed(text, list), 'latin1'))
      }),
      { numRuns: 20_000 },
    )
  })
})
