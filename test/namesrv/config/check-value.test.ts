import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  assignJavaStyle,
  bindAddressProblem,
  withoutBrackets,
} from '../../../src/namesrv/config/check-value.ts'
import type { ConfigType } from '../../../src/namesrv/config/config-key.ts'

type JavaCase = { text: string } & Record<ConfigType, string | null>

/** Recorded by fixtures/JavaCases.java. */
const javaCases = readFileSync(new URL('./fixtures/java-values.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as JavaCase)

describe('assignJavaStyle', () => {
  const types: ConfigType[] = ['int', 'long', 'boolean', 'string']

  test.each(types)('reads a text as Java reads it for a field of type %s', (type) => {
    for (const javaCase of javaCases) {
      const assigned = assignJavaStyle(type, javaCase.text)
      expect(assigned?.text ?? null, JSON.stringify(javaCase.text)).toBe(javaCase[type])
    }
  })

  test.each([
    ['int', ' 8', undefined],
    ['int', '+0012', 12],
    ['long', '86400000', 86_400_000],
    ['boolean', 'yes', false],
    ['boolean', 'True', true],
    ['string', ' a b\t', 'a b'],
  ] as const)('reads the %s %j as %j', (type, text, value) => {
    expect(assignJavaStyle(type, text)?.value).toBe(value)
  })

  test('rejects a number of a million digits at once', () => {
    expect(assignJavaStyle('long', '9'.repeat(1_000_000))).toBeUndefined()
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
