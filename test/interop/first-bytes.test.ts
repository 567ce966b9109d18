import { describe, expect, test } from 'vitest'
import { certificateAuthority } from '../support/certificates.ts'
import { proxyV1, proxyV2, proxyV2Entry, proxyV2Tcp4 } from '../support/proxy-headers.ts'
import { type FirstBytes, tryConnection, tryRenegotiation } from './harness/first-bytes.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'

const PUT_KV_CONFIG = 100
const GET_KV_CONFIG = 101
const QUERY_NOT_FOUND = 22
const GET_BROKER_CLUSTER_INFO = 106

const ways: readonly (FirstBytes & { readonly name: string })[] = [
  { name: 'plaintext', tls: false },
  { name: 'TLS', tls: true },
  ...[
    { name: 'a PROXY header of version 1', before: proxyV1('203.0.113.7', 5_000) },
    { name: 'one over IPv6', before: proxyV1('2001:db8::1', 5_000) },
    { name: 'PROXY UNKNOWN', before: Buffer.from('PROXY UNKNOWN\r\n') },
    { name: 'one of version 2', before: proxyV2Tcp4('203.0.113.7', 5_000) },
    { name: 'one with an entry', before: proxyV2Tcp4('203.0.113.7', 5_000, proxyV2Entry(0xea, 'vpc')) },
    { name: "version 2's LOCAL", before: proxyV2(0x20, 0, Buffer.alloc(0)) },
    { name: 'one of an unknown family', before: proxyV2(0x21, 0, Buffer.alloc(0)) },
    { name: 'one of a Unix socket', before: proxyV2(0x21, 0x31, Buffer.alloc(216, 'x')) },
    { name: 'an unknown protocol', before: Buffer.from('PROXY TCP9 1.2.3.4 1.2.3.4 1 2\r\n') },
    { name: 'port 0', before: Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 0 2\r\n') },
    { name: 'a port too few', before: Buffer.from('PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n') },
    { name: 'a line of 108 bytes', before: Buffer.from(`PROXY UNKNOWN ${'x'.repeat(94)}\r\n`) },
    { name: 'a line of 109 bytes', before: Buffer.from(`PROXY UNKNOWN ${'x'.repeat(95)}\r\n`) },
    { name: 'a binary header of version 1', before: proxyV2(0x11, 0x11, Buffer.alloc(12)) },
    { name: 'an unknown command', before: proxyV2(0x22, 0x11, Buffer.alloc(12)) },
    { name: 'an unknown transport', before: proxyV2(0x21, 0x13, Buffer.alloc(12)) },
    { name: 'no room for addresses', before: proxyV2(0x21, 0x11, Buffer.alloc(11)) },
    { name: 'an entry beyond its end', before: proxyV2Tcp4('1.2.3.4', 5, Buffer.of(0xea, 0, 9, 1)) },
    { name: 'two headers', before: Buffer.concat([proxyV1('1.2.3.4', 5), proxyV1('1.2.3.4', 5)]) },
  ].flatMap(({ name, before }) => [
    { name: `${name}, then plaintext`, before, tls: false },
    { name: `${name}, then TLS`, before, tls: true },
  ]),
]

describe.each(['disabled', 'permissive', 'enforcing'] as const)('tls.server.mode=%s', (mode) => {
  async function startBoth(): Promise<{ ours: NameServer; java: NameServer }> {
    const takesOnlyTls = mode === 'enforcing'
    const [ours, java] = await Promise.all([
      startNameServer({ ...subject, takesOnlyTls, properties: { 'tls.server.mode': mode } }),
      startNameServer({ ...reference, takesOnlyTls, javaOptions: [`-Dtls.server.mode=${mode}`] }),
    ])
    return { ours, java }
  }

  test('every way to begin a connection ends as with the Java NameServer', async () => {
    const { ours, java } = await startBoth()
    const outcomes = { ours: {} as Record<string, string>, java: {} as Record<string, string> }
    for (const { name, ...way } of ways) {
      outcomes.ours[name] = (await tryConnection(ours.address, way, GET_BROKER_CLUSTER_INFO, {})).outcome
      outcomes.java[name] = (await tryConnection(java.address, way, GET_BROKER_CLUSTER_INFO, {})).outcome
    }
    expect(outcomes.ours).toEqual(outcomes.java)
    if (mode !== 'disabled') {
      const tls = certificateAuthority('Unknown CA').issue('somebody')
      const outcomesOf = [ours, java].map(({ address }) =>
        tryConnection(address, { tls }, GET_BROKER_CLUSTER_INFO, {}),
      )
      // test-mode-client-certificate in docs/differences.md
      expect((await Promise.all(outcomesOf)).map(({ outcome }) => outcome)).toEqual(['answered', 'closed'])
      // tls-not-renegotiated
      expect(await tryRenegotiation(ours.address)).toBe('closed')
      expect(await tryRenegotiation(java.address)).toBe('renegotiated')
    }
    const expected = {
      disabled: ['answered', 'closed'],
      permissive: ['answered', 'answered'],
      enforcing: ['closed', 'answered'],
    }
    expect([outcomes.ours['plaintext'], outcomes.ours['TLS']]).toEqual(expected[mode])

    if (mode !== 'enforcing') return
    const pair = { namespace: 'ns', key: 'key' }
    const put = (server: NameServer) =>
      tryConnection(server.address, { tls: false }, PUT_KV_CONFIG, { ...pair, value: 'v' })
    const get = (server: NameServer) => tryConnection(server.address, { tls: true }, GET_KV_CONFIG, pair)
    // Releases of Java's before 5.5.0 carry out what they do not answer.
    for (const server of [ours, java]) {
      expect((await put(server)).outcome).toBe('closed')
      expect((await get(server)).answer).toContain(`"code":${QUERY_NOT_FOUND}`)
    }
    await Promise.all([ours.program.kill(), java.program.kill()])
  })
})
