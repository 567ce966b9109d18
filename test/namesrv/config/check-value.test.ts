import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  bindAddressProblem,
  checkValue,
  javaInteger,
  javaTrim,
  withoutBrackets,
} from '../../../src/namesrv/config/check-value.ts'
import { ConfigError } from '../../../src/namesrv/config/config-error.ts'
import { boolean, type ConfigKey, type ConfigType } from '../../../src/namesrv/config/config-key.ts'

type JavaCase = { text: string } & Record<ConfigType, string | null>

/** Recorded by fixtures/JavaCases.java. */
const javaCases = readFileSync(new URL('./fixtures/java-values.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as JavaCase)

describe('a text', () => {
  test('is read as Java reads it for an int, a long and a String', () => {
    for (const { text, int, long, string } of javaCases) {
      const shown = JSON.stringify(text)
      expect(javaInteger(text, 32)?.toString() ?? null, shown).toBe(int)
      expect(javaInteger(text, 64)?.toString() ?? null, shown).toBe(long)
      expect(javaTrim(text), shown).toBe(string)
    }
  })

  test('is read as Java reads it for a boolean, or rejected', () => {
    const key: ConfigKey = { ...boolean('x', false).atStart('A key.', 'Never.'), owner: 'own' }
    for (const { text, boolean } of javaCases) {
      const checked = checkValue(key, { text, source: { layer: 'file', place: 'f:1' } })
      if (!(checked instanceof ConfigError)) expect(String(checked.value), JSON.stringify(text)).toBe(boolean)
    }
  })

  test.each([
    [' 8', undefined],
    ['+0012', 12n],
    ['-0', 0n],
    ['86400000', 86_400_000n],
  ])('such as %j is the int %s', (text, value) => {
    expect(javaInteger(text, 32)).toBe(value)
  })

  test('of a million digits is rejected at once', () => {
    expect(javaInteger('9'.repeat(1_000_000), 64)).toBeUndefined()
  })
})

describe('the address to listen on', () => {
  test.each([
    ['[::1]', '::1'],
    ['[::]', '::'],
    ['[fe80::1%eth0]', 'fe80::1%eth0'],
    ['::1', '::1'],
    ['0.0.0.0', '0.0.0.0'],
    ['localhost', 'localhost'],
  ])('may be written %s', (text, host) => {
    expect(bindAddressProblem(text)).toBeUndefined()
    expect(withoutBrackets(text)).toBe(host)
  })
})
