import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HandshakeError } from '../../src/remoting/errors.ts'
import { type ProxyHeader, readProxyHeader, TrustedNetworks } from '../../src/remoting/server/proxy-header.ts'
import { proxyV1, proxyV2, proxyV2Entry, proxyV2Tcp4, V2_SIGNATURE } from '../support/proxy-headers.ts'
import { requestFrame } from '../support/raw-client.ts'
import { lookup } from '../support/requests.ts'

const IPV6_ADDRESSES = Buffer.from(
  `20010db8${'00'.repeat(11)}01${'00'.repeat(15)}01${'3039'}${'2694'}`,
  'hex',
)

const headers: readonly (readonly [string, Buffer, unknown])[] = [
  ['version 1 over IPv4', proxyV1('192.168.7.9', 12_345), { source: { host: '192.168.7.9', port: 12_345 } }],
  ['version 1 over IPv6', proxyV1('2001:db8::1', 1), { source: { host: '2001:db8::1', port: 1 } }],
  ['version 1 of an unknown protocol', Buffer.from('PROXY UNKNOWN\r\n'), {}],
  [
    'version 1 of an unknown protocol with addresses',
    Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n'),
    {},
  ],
  [
    'version 2 over IPv4',
    proxyV2Tcp4('192.168.7.9', 12_345),
    { source: { host: '192.168.7.9', port: 12_345 } },
  ],
  [
    'version 2 with entries, and two stray bytes at the end',
    proxyV2Tcp4('1.2.3.4', 5, Buffer.concat([proxyV2Entry(0xea, 'vpc-1'), Buffer.of(4, 0)])),
    { source: { host: '1.2.3.4', port: 5 } },
  ],
  [
    'version 2 over IPv6',
    proxyV2(0x21, 0x21, IPV6_ADDRESSES),
    {
      source: { host: '2001:db8:0:0:0:0:0:1', port: 12_345 },
    },
  ],
  ['version 2 over a Unix socket', proxyV2(0x21, 0x31, Buffer.alloc(216, 'x')), {}],
  ['version 2 of an unknown family', proxyV2(0x21, 0x00, Buffer.from('whatever')), {}],
  ["version 2's LOCAL, as health checks of haproxy send it", proxyV2(0x20, 0x00, Buffer.alloc(0)), {}],
  ['LOCAL with addresses, which are to be ignored', proxyV2(0x20, 0x11, Buffer.alloc(12)), {}],
  ['the longest of version 2', proxyV2(0x20, 0x00, Buffer.alloc(65_535)), {}],
]

const malformed: readonly (readonly [string, Buffer])[] = [
  ['a name of no protocol', Buffer.from('PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n')],
  ['no protocol', Buffer.from('PROXY\r\n')],
  ['something glued to the first word', Buffer.from('PROXYX TCP4 1.2.3.4 1.2.3.4 1 2\r\n')],
  ['a port too few', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n')],
  ['a word too many', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n')],
  ['two blanks', Buffer.from('PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n')],
  ['an IPv6 address for an IPv4 one', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n')],
  ['an IPv4 address for an IPv6 one', Buffer.from('PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n')],
  ['an address with a zone', Buffer.from('PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n')],
  ['a host name', Buffer.from('PROXY TCP4 localhost 1.2.3.4 1 2\r\n')],
  ['port 0, which Java refuses', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 0 2\r\n')],
  ['port 65536', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n')],
  ['a negative port', Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n')],
  ['a line of 109 bytes', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(95)}\r\n`)],
  ['a line that does not end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(1_000)}`)],
  ['version 1 in a binary header', proxyV2(0x11, 0x11, Buffer.alloc(12))],
  ['version 3', proxyV2(0x31, 0x11, Buffer.alloc(12))],
  ['an unknown command', proxyV2(0x22, 0x11, Buffer.alloc(12))],
  ['an unknown family', proxyV2(0x21, 0x41, Buffer.alloc(12))],
  ['an unknown protocol', proxyV2(0x21, 0x13, Buffer.alloc(12))],
  ['no room for IPv4 addresses', proxyV2(0x21, 0x11, Buffer.alloc(11))],
  ['no room for IPv6 addresses', proxyV2(0x21, 0x21, Buffer.alloc(35))],
  ['no room for Unix addresses', proxyV2(0x21, 0x31, Buffer.alloc(215))],
  ['an entry beyond the end', proxyV2Tcp4('1.2.3.4', 5, Buffer.of(0xea, 0, 9, 1))],
]

function readOrReject(bytes: Buffer): ProxyHeader | HandshakeError {
  try {
    return readProxyHeader(bytes)
  } catch (error) {
    return error as HandshakeError
  }
}

describe('a PROXY header', () => {
  test.each(headers)('%s is read; what follows it is not looked at', (_, bytes, addresses) => {
    const expected = { kind: 'header', bytes: bytes.length, ...(addresses as object) }
    expect(readProxyHeader(bytes)).toEqual(expected)
    expect(readProxyHeader(Buffer.concat([bytes, requestFrame(lookup('TopicA'))]))).toEqual(expected)
    expect(readProxyHeader(Buffer.concat([bytes, bytes]))).toEqual(expected)
  })

  test.each(malformed)('with %s is malformed', (_, bytes) => {
    expect(() => readProxyHeader(bytes)).toThrow(/^malformed PROXY header: ./)
  })

  test('a line of 108 bytes is read', () => {
    const line = Buffer.from(`PROXY UNKNOWN ${'x'.repeat(94)}\r\n`)
    expect(readProxyHeader(line)).toEqual({ kind: 'header', bytes: 110 })
  })

  test.each([
    ['a frame', requestFrame(lookup('TopicA'))],
    ['the first byte of a frame', Buffer.of(0)],
    ['a TLS handshake', Buffer.of(0x16, 3, 1)],
    [
      'a frame of more than a gigabyte that begins with PROX',
      Buffer.concat([Buffer.from('PROX'), Buffer.alloc(4)]),
    ],
    ['a frame of 218,762,506 bytes', Buffer.from('0d0a0d0a000d0a50', 'hex')],
    ['letters in lower case', Buffer.from('proxy TCP4')],
  ])('%s is none', (_, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'none' })
  })

  const whole = fc.constantFrom(...headers.map(([, bytes]) => bytes))

  test('needs more bytes after every part of it, and no more than there are', () => {
    fc.assert(
      fc.property(whole, fc.nat(), (bytes, cut) => {
        const part = bytes.subarray(0, cut % bytes.length)
        const read = readProxyHeader(part)
        // Nothing at all is a frame as much as a header.
        expect(read.kind).toBe('more')
        if (read.kind !== 'more') return
        expect(read.bytes).toBeGreaterThan(part.length)
        expect(read.bytes).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })

  test('is recognized or excluded in any bytes, and what it needs is limited', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from('PROXY '),
      Buffer.from('PROXY TCP4 '),
      V2_SIGNATURE,
    )
    const rest = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(start, rest, (before, after) => {
        const read = readOrReject(Buffer.concat([before, after]))
        if (read instanceof HandshakeError) return
        expect(['more', 'none', 'header']).toContain(read.kind)
        if (read.kind === 'more') expect(read.bytes).toBeLessThanOrEqual(65_551)
        if (read.kind === 'header') expect(read.bytes).toBeLessThanOrEqual(before.length + after.length)
      }),
      { numRuns: 2_000 },
    )
  })
})

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
    expect(new TrustedNetworks(text).has(address)).toBe(expected)
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
    expect(() => new TrustedNetworks(text)).toThrow(/^must be a list of networks .*; ".*" is not one$/)
  })
})
