import { expect, test } from 'vitest'
import { bindAddressProblem, withoutBrackets } from '../../../src/namesrv/config/places.ts'

test.each([
  ['[::1]', '::1'],
  ['[::]', '::'],
  ['[fe80::1%eth0]', 'fe80::1%eth0'],
  ['::1', '::1'],
  ['0.0.0.0', '0.0.0.0'],
  ['localhost', 'localhost'],
])('the host to listen on may be written %s', (text, host) => {
  expect(bindAddressProblem(text)).toBeUndefined()
  expect(withoutBrackets(text)).toBe(host)
})
