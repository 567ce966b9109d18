import { spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TlsMode } from '../../src/remoting/server/connection-handshake.ts'
import { TrustedNetworks } from '../../src/remoting/server/proxy-header.ts'
import { TlsAcceptor } from '../../src/remoting/server/tls-acceptor.ts'
import { Counters } from '../../src/stats/counters.ts'
import { certificateAuthority } from '../support/certificates.ts'
import { proxyV1, proxyV2, proxyV2Tcp4, V2_SIGNATURE } from '../support/proxy-headers.ts'
import { headerOf, type RawClient, requestFrame } from '../support/raw-client.ts'
import { startRemotingServer } from '../support/start-remoting-server.ts'
import { connectTls } from '../support/tls-client.ts'
import { until } from '../support/until.ts'

const PEER = 1
const { key, cert } = certificateAuthority('test').issue('localhost')
const acceptor = new TlsAcceptor({ context: { key, cert }, clientAuth: 'none', verifyClient: false })
/** What a client of TLS 1.3 begins with. */
const HELLO_START = Buffer.from('160301020001', 'hex')

/** Answers with the address of the peer as the log has it, and counts. */
async function start(
  tlsMode: TlsMode = 'permissive',
  options: Parameters<typeof startRemotingServer>[1] = {},
) {
  let executed = 0
  const answerPeer = (
    _: unknown,
    { channel }: { channel: { remoteAddress: string; isLoopback: boolean } },
  ) => {
    executed++
    const { remoteAddress, isLoopback } = channel
    return { code: 0, remark: remoteAddress, extFields: new Map([['isLoopback', `${isLoopback}`]]) }
  }
  const { handshake, ...rest } = options
  const started = await startRemotingServer(
    { [PEER]: answerPeer },
    { ...rest, handshake: { tlsMode, tlsAcceptor: async () => acceptor, ...handshake } },
  )
  return { ...started, executed: () => executed }
}

async function peerSeenBy(client: RawClient): Promise<string | undefined> {
  return headerOf(await client.request({ code: PEER })).remark
}

describe('the first byte decides between TLS and plaintext', () => {
  test.each(['disabled', 'permissive'] as const)('%s: plaintext is answered', async (mode) => {
    const { connect: open } = await start(mode)
    const client = await open()
    expect(await peerSeenBy(client)).toBe(client.address)
  })

  test('enforcing: plaintext is closed, and no request is carried out', async () => {
    const { connect: open, happened, executed } = await start('enforcing')
    const client = await open()
    client.send(requestFrame({ code: PEER }), requestFrame({ code: PEER }))
    await client.closed
    expect(happened).toEqual([`refused ERR_TLS_REQUIRED ${client.address}`])
    expect([executed(), client.bytesReceived]).toEqual([0, 0])
  })

  test.each(['permissive', 'enforcing'] as const)('%s: TLS is answered', async (mode) => {
    const { port } = await start(mode)
    const { client, socket } = await connectTls(port)
    expect(await peerSeenBy(client)).toBe(`127.0.0.1:${socket.localPort}`)
  })

  test('disabled: TLS is closed', async () => {
    const { port, happened } = await start('disabled')
    await expect(connectTls(port)).rejects.toThrow()
    expect(happened).toEqual([expect.stringMatching(/^refused ERR_TLS_DISABLED /)])
  })

  test.each(['permissive', 'enforcing'] as const)(
    '%s without a usable certificate: TLS is closed',
    async (mode) => {
      const { port, happened } = await start(mode, { handshake: { tlsAcceptor: async () => undefined } })
      await expect(connectTls(port)).rejects.toThrow()
      expect(happened).toEqual([expect.stringMatching(/^refused ERR_TLS_UNAVAILABLE /)])
    },
  )

  test('once: TLS after a plaintext frame, and plaintext after a handshake, is an invalid frame', async () => {
    const { connect: open, port, happened, executed } = await start()
    const plain = await open()
    await peerSeenBy(plain)
    plain.send(HELLO_START)
    await plain.closed
    const { client, socket } = await connectTls(port)
    await peerSeenBy(client)
    socket.write(HELLO_START)
    await client.closed
    expect(happened.filter((line) => line.startsWith('failure'))).toHaveLength(2)
    expect(executed()).toBe(2)
  })
})

test('a connection that its peer has reset before it is accepted, as a health check does, is counted and closed without a line', async () => {
  const counters = new Counters()
  const handshake = { proxyTrustedNetworks: new TrustedNetworks('127.0.0.1') }
  const { port, connect: open, happened } = await start('permissive', { counters, handshake })
  // The event loop stands still meanwhile, so that the reset comes before the accept.
  const check = `const s = require('node:net').connect(${port}, '127.0.0.1', () => s.write('PROXY UNKNOWN\\r\\n', () => s.resetAndDestroy()))`
  spawnSync(process.execPath, ['-e', check])
  await peerSeenBy(await open())
  expect(happened).toEqual([])
  expect(counters).toMatchObject({ connectionsAccepted: 2, connectionsClosed: 1 })
  expect(counters.connectionsClosedBy.socket_error).toBe(1)
})

describe('TLS', () => {
  test('is accepted in any pieces', async () => {
    const { port } = await start('enforcing')
    const { client } = await connectTls(port, { isCut: true, before: proxyV1('203.0.113.7', 5_000) })
    expect(await peerSeenBy(client)).toBe('203.0.113.7:5000')
  })

  test('that is invalid after its first byte is closed with the reason', async () => {
    const { connect: open, happened } = await start()
    const client = await open()
    client.send(Buffer.from('16030100050909090909', 'hex'))
    await client.closed
    expect(happened).toEqual([`refused ERR_TLS_HANDSHAKE ${client.address}`])
  })

  test('whose handshake times out is closed with the reason, unless the peer closed it before', async () => {
    const { connect: open, server, time, happened } = await start()
    const [slow, gone] = [await open(), await open()]
    slow.send(HELLO_START)
    gone.send(HELLO_START)
    await until('both have begun', () => server.connections === 2)
    gone.socket.destroy()
    await until('one has gone', () => server.connections === 1)
    await new Promise(setImmediate)
    time.advance(9_000)
    expect(happened).toEqual([])
    time.advance(2_000)
    await slow.closed
    expect(happened).toEqual([`refused ERR_TLS_HANDSHAKE_TIMEOUT ${slow.address}`])
    await until('the server knows it', () => server.connections === 0)
  })

  test('has one handshake: renegotiation is rejected', async () => {
    const { port, server, happened } = await start()
    const { client, socket } = await connectTls(port, { maxVersion: 'TLSv1.2' })
    await peerSeenBy(client)
    const { localPort } = socket
    socket.renegotiate({ rejectUnauthorized: false }, () => {})
    await client.closed
    await until('the connection is gone', () => server.connections === 0)
    expect(happened).toEqual([`failure 127.0.0.1:${localPort}`, `close 127.0.0.1:${localPort}`])
  })

  test('carries responses and requests of many megabytes', async () => {
    const body = Buffer.alloc(12 * 1024 * 1024, 'x')
    const { port } = await startRemotingServer(
      { [PEER]: (request) => ({ code: 0, body: request.body }) },
      { handshake: { tlsMode: 'enforcing', tlsAcceptor: async () => acceptor } },
    )
    const { client } = await connectTls(port)
    const answer = await client.request({ code: PEER, body })
    expect(answer.body.equals(body)).toBe(true)
  })

  test('gets the response to a request in progress when the server stops; handshakes are closed', async () => {
    let answer: (() => void) | undefined
    const {
      server,
      port,
      connect: open,
    } = await startRemotingServer(
      {
        [PEER]: () =>
          new Promise((resolve) => {
            answer = () => resolve({ code: 0, remark: 'done' })
          }),
      },
      { handshake: { tlsAcceptor: async () => acceptor } },
    )
    const { client } = await connectTls(port)
    const [shaking, silent] = [await open(), await open()]
    shaking.send(HELLO_START)
    client.send(requestFrame({ code: PEER }))
    await until('all are there', () => answer !== undefined && server.connections === 3)
    const stopped = server.stop(new Promise(() => {}))
    await Promise.all([shaking.closed, silent.closed])
    answer?.()
    expect(headerOf(await client.next())).toMatchObject({ remark: 'done' })
    await stopped
    expect(server.connections).toBe(0)
  })
})

describe('a PROXY header', () => {
  test.each([
    ['none', Buffer.alloc(0), 'true'],
    ['with a source on this machine', proxyV1('127.0.0.1', 5_000), 'true'],
    ['with a source elsewhere', proxyV1('203.0.113.7', 5_000), 'false'],
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), 'false'],
    ['LOCAL', proxyV2(0x20, 0, Buffer.alloc(0)), 'false'],
  ])('from loopback, %s: whether the client is on this machine is decided', async (_, header, expected) => {
    const client = await (await start()).connect()
    client.send(header)
    expect(headerOf(await client.request({ code: PEER })).extFields).toEqual({ isLoopback: expected })
  })

  const mappedLoopback = Buffer.from(`${'00'.repeat(10)}ffff7f000001${'00'.repeat(16)}13882694`, 'hex')
  test.each([
    ['not there', '127.0.0.1', '', Buffer.alloc(0)],
    ['of a client here, trusted from anywhere', '127.0.0.1', '', proxyV1('127.0.0.1', 5_000)],
    ['of a client elsewhere, trusted from anywhere', 'unknown', '', proxyV1('203.0.113.7', 5_000)],
    ['of a client elsewhere, trusted by name', '203.0.113.7', '127.0.0.1', proxyV1('203.0.113.7', 5_000)],
    ['over IPv6, trusted by name', '2001:db8::1', '127.0.0.1', proxyV1('2001:db8::1', 5_000)],
    ['of IPv4 in IPv6, trusted by name', '203.0.113.7', '127.0.0.1', proxyV1('::ffff:203.0.113.7', 5_000)],
    [
      'of a client here in another notation, trusted by name',
      '127.0.0.1',
      '127.0.0.1',
      proxyV2(0x21, 0x21, mappedLoopback),
    ],
    ['UNKNOWN, trusted by name', 'unknown', '127.0.0.1', Buffer.from('PROXY UNKNOWN\r\n')],
  ])('%s: access is decided by %s', async (_, expected, trusted, header) => {
    const options = { handshake: { proxyTrustedNetworks: new TrustedNetworks(trusted) } }
    let host: string | undefined
    const { connect: open } = await startRemotingServer(
      {
        [PEER]: (_request, { channel }) => {
          host = channel.host
          return { code: 0 }
        },
      },
      options,
    )
    const client = await open()
    client.send(header)
    await client.request({ code: PEER })
    expect(host).toBe(expected)
  })

  test.each([
    ['version 1', proxyV1('203.0.113.7', 5_000), '203.0.113.7:5000'],
    ['version 1 over IPv6', proxyV1('2001:db8::1', 5_000), '[2001:db8::1]:5000'],
    ['version 2', proxyV2Tcp4('203.0.113.7', 5_000), '203.0.113.7:5000'],
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
    ['LOCAL', proxyV2(0x20, 0, Buffer.alloc(0)), undefined],
  ])('of %s gives the peer its true address, plain and over TLS', async (_, before, address) => {
    const { connect: open, port } = await start()
    const plain = await open()
    plain.send(before)
    expect(await peerSeenBy(plain)).toBe(address ?? plain.address)
    const { client, socket } = await connectTls(port, { before })
    expect(await peerSeenBy(client)).toBe(address ?? `127.0.0.1:${socket.localPort}`)
  })

  test('before a frame is read in any pieces', async () => {
    const { connect: open } = await start()
    const header = fc.constantFrom(proxyV1('203.0.113.7', 5_000), proxyV2Tcp4('203.0.113.7', 5_000))
    await fc.assert(
      fc.asyncProperty(header, fc.array(fc.nat(), { maxLength: 4 }), async (before, cuts) => {
        const client = await open()
        const bytes = Buffer.concat([before, requestFrame({ code: PEER })])
        const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b)
        for (const [index, place] of [0, ...places].entries()) {
          client.send(bytes.subarray(place, places[index]))
          await new Promise(setImmediate)
        }
        expect(headerOf(await client.next()).remark).toBe('203.0.113.7:5000')
        client.socket.destroy()
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['malformed', Buffer.from('PROXY TCP9\r\n'), 'ERR_PROXY_HEADER'],
    ['of an unknown version', proxyV2(0x11, 0x11, Buffer.alloc(12)), 'ERR_PROXY_HEADER'],
  ])('that is %s closes the connection, and what follows it is not carried out', async (_, bytes, code) => {
    const { connect: open, happened, executed } = await start()
    const client = await open()
    client.send(bytes, requestFrame({ code: PEER }))
    await client.closed
    expect(happened).toEqual([`refused ${code} ${client.address}`])
    expect(executed()).toBe(0)
  })

  test('may come once: a second one is an invalid frame', async () => {
    const { connect: open, happened, executed } = await start()
    const client = await open()
    client.send(proxyV1('203.0.113.7', 1), proxyV1('203.0.113.7', 2), requestFrame({ code: PEER }))
    await client.closed
    expect(happened[0]).toBe('failure 203.0.113.7:1')
    expect(executed()).toBe(0)
  })

  test('before plaintext does not circumvent enforced TLS', async () => {
    const { connect: open, happened, executed } = await start('enforcing')
    const client = await open()
    client.send(proxyV1('203.0.113.7', 1), requestFrame({ code: PEER }))
    await client.closed
    expect(happened).toEqual(['refused ERR_TLS_REQUIRED 203.0.113.7:1'])
    expect(executed()).toBe(0)
  })

  test('is accepted from trusted networks only; from elsewhere it closes the connection', async () => {
    const networks = (text: string) => ({ handshake: { proxyTrustedNetworks: new TrustedNetworks(text) } })
    const trusting = await start('permissive', networks('10.0.0.0/8, 127.0.0.0/8'))
    const trusted = await trusting.connect()
    trusted.send(proxyV1('203.0.113.7', 1))
    expect(await peerSeenBy(trusted)).toBe('203.0.113.7:1')

    const { connect: open, happened, executed } = await start('permissive', networks('10.0.0.0/8'))
    const plain = await open()
    expect(await peerSeenBy(plain)).toBe(plain.address)
    const liar = await open()
    liar.send(proxyV1('203.0.113.7', 1), requestFrame({ code: PEER }))
    await liar.closed
    expect(happened).toEqual([`refused ERR_PROXY_UNTRUSTED ${liar.address}`])
    expect(executed()).toBe(1)
  })
})

describe('a peer that stops after a part', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a part of a version 1 header', Buffer.from('PROXY TC')],
    ['a part of a version 2 header', V2_SIGNATURE],
    ['a header and nothing else', proxyV1('203.0.113.7', 1)],
  ])('%s: it is closed when it has been idle', async (_, bytes) => {
    const { connect: open, server, time, happened } = await start('permissive', { maxIdleMs: 30_000 })
    const client = await open()
    if (bytes.length > 0) client.send(bytes)
    await until('it is accepted', () => server.connections === 1)
    time.advance(29_000)
    expect(happened).toEqual([])
    // The bytes may have come at any moment before.
    time.advance(31_000)
    await client.closed
    expect(happened[0]).toMatch(/^idle /)
  })

  test('is closed when it ends its side', async () => {
    const { connect: open, server } = await start()
    for (const bytes of [Buffer.from('PROXY TC'), HELLO_START, Buffer.of(0, 0)]) {
      const client = await open()
      client.send(bytes)
      client.socket.end()
      await client.closed
    }
    await until('all are gone', () => server.connections === 0)
  })

  test('gets a response after a frame in two parts, and to one of fewer than twelve bytes', async () => {
    const { connect: open } = await start()
    const client = await open()
    const frame = requestFrame({ code: PEER })
    client.send(frame.subarray(0, 1))
    await new Promise(setImmediate)
    client.send(frame.subarray(1))
    expect(headerOf(await client.next()).remark).toBe(client.address)
    const short = await open()
    short.send(Buffer.from('00000006000000027b7d', 'hex'))
    expect(headerOf(await short.next()).remark).toContain('not supported')
  })
})

test('causes no log line when it only connects and closes', async () => {
  const { port, server, happened } = await start()
  const socket = connect(port, '127.0.0.1', () => socket.resetAndDestroy())
  await until('it has come and gone', () => socket.destroyed)
  await until('the server knows it', () => server.connections === 0)
  expect(happened.filter((line) => !line.startsWith('close'))).toEqual([])
})
