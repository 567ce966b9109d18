import { describe, expect, it } from 'vitest'
import { LOOPBACK, Networks, rangesOf } from '../../src/common/networks.ts'

describe('A network', () => {
  it.each<[network: string, inside: string[], outside: string[]]>([
    ['10.1.2.3', ['10.1.2.3', '::ffff:10.1.2.3', '0:0:0:0:0:ffff:a01:203'], ['10.1.2.4', '::1']],
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0', '9.255.255.255', 'fd00::1']],
    ['10.9.8.7/30', ['10.9.8.4', '10.9.8.7'], ['10.9.8.3', '10.9.8.8']],
    ['0.0.0.0/0', ['1.2.3.4', '::ffff:1.2.3.4'], ['2001:db8::1', '::1']],
    ['fd00:1::/64', ['fd00:1::', 'fd00:1:0:0:ffff:ffff:ffff:ffff'], ['fd00:1:0:1::', '10.0.0.1']],
    ['fe80::/10', ['fe80::1%eth0', 'febf::1'], ['fec0::1']],
    ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.1.2.3']],
    ['*', ['1.2.3.4', '2001:db8::1'], ['unknown', '', 'broker.example']],
    ['*.*.*.*', ['1.2.3.4'], ['2001:db8::1']],
    ['10.10.103.*', ['10.10.103.0', '10.10.103.255'], ['10.10.104.0']],
    ['192.168.1-20.*', ['192.168.1.0', '192.168.20.255'], ['192.168.0.255', '192.168.21.0']],
    ['192.168.7.10-20', ['192.168.7.10', '192.168.7.20'], ['192.168.7.9', '192.168.7.21']],
    ['1.1.1.{1,2}', ['1.1.1.1', '1.1.1.2'], ['1.1.1.3', '1.1.1.12']],
    [
      '1050:0:0:0:5:600:300c:3261-3270',
      ['1050::5:600:300c:3261', '1050::5:600:300c:3270'],
      ['1050::5:600:300c:3271'],
    ],
    ['2002:ac1:d2d5:ca4:*:*:*:*', ['2002:ac1:d2d5:ca4::1'], ['2002:ac1:d2d5:ca5::1']],
    ['1050::5:600:300c:{1,ff}', ['1050::5:600:300c:1', '1050::5:600:300c:ff'], ['1050::5:600:300c:2']],
  ])('%s has %o and not %o', (network, inside, outside) => {
    const networks = new Networks(rangesOf(network))
    // The second time from memory.
    for (const _ of [1, 2]) {
      expect(inside.filter((host) => !networks.has(host))).toEqual([])
      expect(outside.filter((host) => networks.has(host))).toEqual([])
    }
  })

  it.each([
    '',
    'brokers',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.0/33',
    '10.0.0.0/',
    'fd00::/129',
    '10.*.3.4',
    '10.1-2.3.*',
    '10.2-1.*.*',
    '1.1.1.{1,300}',
    '1.1.1.{}',
    '1.1.1.{*}',
    'fe80::1%eth0',
    '1:2:3',
    '::1::*',
    'g::*',
    '10.0.0.1-2-3',
    ' 10.0.0.1',
  ])('is not %o', (text) => {
    expect(rangesOf(text)).toEqual([])
  })

  it('that is named belongs to those that name it', () => {
    const inner = new Networks(rangesOf('10.1.0.0/16'))
    const outer = new Networks(rangesOf('192.168.0.0/16'), new Map([['inner', inner]]))
    expect(['10.1.2.3', '192.168.1.1', '10.2.0.1'].map((host) => outer.has(host))).toEqual([
      true,
      true,
      false,
    ])
    expect([outer.nameOf('10.1.2.3'), outer.nameOf('192.168.1.1')]).toEqual(['inner', undefined])
    expect(outer.edges).toEqual(['192.168.0.0', '192.169.0.0', '10.1.0.0', '10.2.0.0'])
  })

  it.each([
    ['10.1.2.3', ['10.1.2.3', '10.1.2.4']],
    ['10.0.0.0/8', ['10.0.0.0', '11.0.0.0']],
    ['10.1.2.255', ['10.1.2.255', '10.1.3.0']],
    ['255.255.255.0/24', ['255.255.255.0']],
    ['fd00:1::/64', ['fd00:1:0:0:0:0:0:0', 'fd00:1:0:1:0:0:0:0']],
    ['*', ['0.0.0.0', '0:0:0:0:0:0:0:0']],
  ])('%s begins and ends at %o', (network, edges) => {
    expect(new Networks(rangesOf(network)).edges).toEqual(edges)
  })

  it('of this machine is 127.0.0.0/8 and ::1', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every((host) => LOOPBACK.has(host))).toBe(
      true,
    )
    expect(['128.0.0.1', '::2', '0.0.0.0', 'localhost'].some((host) => LOOPBACK.has(host))).toBe(false)
  })
})
