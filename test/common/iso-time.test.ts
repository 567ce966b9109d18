import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isoTime } from '../../src/common/iso-time.ts'

describe('isoTime', () => {
  it('writes each moment as toISOString does', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(isoTime(date.getTime())).toBe(date.toISOString())
      }),
    )
  })

  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [1_234_567_890_123.9, '2009-02-13T23:31:30.123Z'],
    [Date.UTC(2024, 1, 29, 23, 59, 59, 7), '2024-02-29T23:59:59.007Z'],
    [Date.UTC(1000, 0), '1000-01-01T00:00:00.000Z'],
    [Date.UTC(9999, 11, 31), '9999-12-31T00:00:00.000Z'],
    [Date.UTC(10_000, 0), '+010000-01-01T00:00:00.000Z'],
    [-62_198_755_200_000, '-000001-01-01T00:00:00.000Z'],
  ])('writes %d as %s', (epochMs, text) => {
    expect(isoTime(epochMs)).toBe(text)
  })

  it('rejects what is no moment', () => {
    expect(() => isoTime(Number.NaN)).toThrow(RangeError)
  })
})
