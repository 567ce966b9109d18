import { describe, expect, test } from 'vitest'
import { TrustedNetworks } from '../../src/remoting/server/trusted-networks.ts'

describe('trusted networks', () => {
  test.each([
    [undefined, '203.0.113.7', true],
    ['', '::1', true],
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8, fd00::/8', 'fd12::1', true],
    ['10.0.0.0/8, [fd00::]/8', 'fd12::1', true],
    ['[::1]', '::1', true],
    ['10.0.0.0/8, fd00::/8', 'fe80::1', false],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7', '192.168.1.8', false],
    ['0.0.0.0/0', '198.51.100.1', true],
    ['0.0.0.0/0', 'unknown', false],
  ])('of %j: %s is in it: %s', (text, address, expected) => {
    expect(TrustedNetworks.of(text).has(address)).toBe(expected)
  })

  test.each([
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0/8',
    'localhost',
    '10.0.0.0/8,',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
  ])('are not to be read in %j', (text) => {
    expect(() => TrustedNetworks.of(text)).toThrow(/^has no network in "/)
  })
})
