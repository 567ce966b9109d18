import { describe, expect, test } from 'vitest'
import {
  dataVersionText,
  decodeDataVersion,
  sameDataVersion,
} from '../../../src/protocol/body/data-version.ts'
import { JsonError } from '../../../src/protocol/errors.ts'

const NOW_MS = 1_700_000_000_123
const decode = (text: string) => decodeDataVersion(Buffer.from(text), NOW_MS)

describe('a data version', () => {
  test.each([
    ['{"counter":3,"stateVersion":2,"timestamp":1}', 3n, 2n, 1n],
    ['{}', 0n, 0n, BigInt(NOW_MS)],
    [
      '{"counter":9007199254740993,"stateVersion":-9007199254740993,"timestamp":9223372036854775807}',
      9007199254740993n,
      -9007199254740993n,
      9223372036854775807n,
    ],
    ['{"counter":"3","stateVersion":4.7,"timestamp":"1e3"}', 3n, 4n, 1000n],
    ['{"counter":null,"stateVersion":null,"timestamp":null}', null, 0n, 0n],
    ['{"counter":3,"timestatmp":1}', 3n, 0n, BigInt(NOW_MS)],
    ['{"Counter":3,"state_version":5,"timestamp":1}', 0n, 0n, 1n],
    ['{"counter":3,"counter":4,"timestamp":1}', 4n, 0n, 1n],
  ])('of %s is read', (text, counter, stateVersion, timestamp) => {
    expect(decode(text)).toEqual({ counter, stateVersion, timestamp })
  })

  test('of null or an empty string is null', () => {
    expect(decode('null')).toBeNull()
    expect(decode('""')).toBeNull()
  })

  test.each([
    '',
    '[]',
    '"x"',
    '5',
    'true',
    '{"counter":9223372036854775808}',
    '{"counter":{}}',
    '{"timestamp":"x"}',
    '{}{}',
  ])('of %j is rejected', (text) => {
    expect(() => decode(text)).toThrow(JsonError)
  })

  test('is written in the order of Java, without a null counter', () => {
    const version = { counter: 3n, stateVersion: 0n, timestamp: 1700000000000n }
    expect(dataVersionText(version, 'legacy')).toBe(
      '{"counter":3,"stateVersion":0,"timestamp":1700000000000}',
    )
    expect(dataVersionText({ ...version, counter: null }, 'legacy')).toBe(
      '{"stateVersion":0,"timestamp":1700000000000}',
    )
    expect(dataVersionText({ ...version, counter: 2n ** 62n }, 'legacy')).toContain(
      '"counter":4611686018427387904,',
    )
  })
})

describe('two data versions', () => {
  const version = { counter: 9007199254740993n, stateVersion: 2n, timestamp: 3n }

  test('are the same only if all three numbers are equal to the last digit', () => {
    expect(sameDataVersion(version, { ...version })).toBe(true)
    expect(sameDataVersion(version, { ...version, counter: 9007199254740992n })).toBe(false)
    expect(sameDataVersion(version, { ...version, stateVersion: 3n })).toBe(false)
    expect(sameDataVersion(version, { ...version, timestamp: 4n })).toBe(false)
  })

  test('with null counters are the same, and a null counter is not 0', () => {
    expect(sameDataVersion({ ...version, counter: null }, { ...version, counter: null })).toBe(true)
    expect(sameDataVersion({ ...version, counter: null }, { ...version, counter: 0n })).toBe(false)
  })

  test('are not the same if one is missing', () => {
    expect(sameDataVersion(null, version)).toBe(false)
    expect(sameDataVersion(version, null)).toBe(false)
    expect(sameDataVersion(null, null)).toBe(false)
  })
})
