import { describe, expect, test } from 'vitest'
import { age, bytes, firstNames, shortTime } from '../../../src/cli/output/amounts.ts'

describe('an age', () => {
  test.each([
    [0, '0s'],
    [-5, '0s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_599_999, '59m'],
    [7_200_000, '2h'],
    [86_399_999, '23h'],
    [345_600_000, '4d'],
    [null, null],
  ])('of %s ms is %s', (milliseconds, text) => {
    expect(age(milliseconds)).toBe(text)
  })
})

test.each([
  ['2026-11-28T20:31:05.123Z', '20:31:05Z'],
  ['2026-11-27T23:59:59.999Z', '2026-11-27 23:59:59Z'],
  ['2026-11-29T00:00:00Z', '2026-11-29 00:00:00Z'],
])('the time %s is %s on 2026-11-28', (time, text) => {
  expect(shortTime(time, Date.UTC(2026, 10, 28, 23, 59))).toBe(text)
})

describe('bytes', () => {
  test.each([
    [0, '0B'],
    [1_023, '1023B'],
    [1_536, '1.5K'],
    [20_971_520, '20M'],
    [2 ** 50 * 3, '3072T'],
  ])('of %s are %s', (count, text) => {
    expect(bytes(count)).toBe(text)
  })
})

describe('the first of many names', () => {
  test('are followed by the number of the others', () => {
    expect(firstNames(['a', 'b', 'c'], { max: 2 })).toBe('a, b and 1 more')
    expect(firstNames(['a', 'b'], { total: 9, max: 2 })).toBe('a, b and 7 more')
    expect(firstNames(['a', 'b'])).toBe('a, b')
  })
})
