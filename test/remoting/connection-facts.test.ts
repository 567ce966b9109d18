import { describe, expect, test } from 'vitest'
import { TrustedNetworks } from '../../src/remoting/server/proxy-header.ts'
import { TlsAcceptor } from '../../src/remoting/server/tls-acceptor.ts'
import type { OpenConnection } from '../../src/stats/connections.ts'
import { Counters } from '../../src/stats/counters.ts'
import { certificateAuthority } from '../support/certificates.ts'
import { proxyV1 } from '../support/proxy-headers.ts'
import { frame, type RawClient, requestFrame } from '../support/raw-client.ts'
import { startRemotingServer, type TestRemotingServer } from '../support/start-remoting-server.ts'
import { connectTls } from '../support/tls-client.ts'
import { until } from '../support/until.ts'

const authority = certificateAuthority('test authority')
const server = authority.issue('localhost')
const acceptor = new TlsAcceptor({
  context: { ...server, ca: authority.cert },
  clientAuth: 'optional',
  verifyClient: true,
})
const OK = () => ({ code: 0 })

function openOnes({ server }: TestRemotingServer): OpenConnection[] {
  return [...server.openConnections()]
}

/** Starts a server that answers all codes used here. */
function start(options: Parameters<typeof startRemotingServer>[1] = {}) {
  const processors = Object.fromEntries([100, 103, 105, 206, 904, 1_450].map((code) => [code, OK]))
  return startRemotingServer(processors, {
    ...options,
    handshake: { tlsAcceptor: async () => acceptor, ...options.handshake },
  })
}

describe('an open connection', () => {
  test('shows what it has sent and received, and when', async () => {
    const started = await start()
    const client = await started.connect()
    const openedMs = started.time.nowMs()
    await until('it is accepted', () => started.server.connections === 1)
    const before = {
      remoteAddress: client.address,
      openedMs,
      lastActivityMs: openedMs,
      tls: null,
      proxied: false,
    }
    expect(openOnes(started)).toMatchObject([
      { ...before, id: 1, state: 'handshake', kind: 'unknown', language: null, version: null, requests: 0 },
    ])
    started.time.advance(700)
    const request = requestFrame({ code: 105, version: 407 })
    client.send(request)
    await client.next()
    client.send(request)
    await client.next()
    expect(openOnes(started)).toMatchObject([
      {
        ...before,
        ...{ id: 1, state: 'open', kind: 'client', language: 'JAVA', version: 407, requests: 2 },
        ...{ bytesIn: 2 * request.length, bytesOut: client.bytesReceived, lastActivityMs: openedMs + 700 },
      },
    ])
  })

  test('shows language and version of the last request, in either kind of header', async () => {
    const started = await start()
    const client = await started.connect()
    const binary = Buffer.alloc(21)
    binary.writeInt16BE(105, 0)
    binary[2] = 9
    binary.writeInt16BE(317, 3)
    client.send(frame('{"code":105,"flag":0,"language":"CPP","opaque":1,"version":395}'))
    await client.next()
    expect(openOnes(started)).toMatchObject([{ language: 'CPP', version: 395 }])
    client.send(frame(binary, '', 1))
    await client.next()
    expect(openOnes(started)).toMatchObject([{ language: 'GO', version: 317 }])
  })

  test.each([
    ['lookups', [105, 105], 'client'],
    ['a heartbeat', [904], 'broker'],
    ['a change of the key-value table', [100], 'admin'],
    ['a view', [1_450], 'admin'],
    ['lookups and lists', [105, 206, 105], 'admin'],
    ['a registration, lookups and lists', [103, 105, 206], 'broker'],
    ['lookups and a registration', [105, 103, 105], 'broker'],
    ['an unknown code', [9_999], 'unknown'],
    ['an unknown code and a lookup', [9_999, 105], 'client'],
  ])('that has sent %s is of kind %3$s', async (_, codes, kind) => {
    const started = await start()
    const client = await started.connect()
    for (const code of codes) await client.request({ code })
    expect(openOnes(started)).toMatchObject([{ kind, requests: codes.length }])
  })

  test('over TLS shows protocol, cipher and the subject of the client’s certificate', async () => {
    const started = await start()
    const anonymous = await connectTls(started.port, { maxVersion: 'TLSv1.2', minVersion: 'TLSv1.2' })
    const named = await connectTls(started.port, authority.issue('order-service'))
    for (const { client } of [anonymous, named]) await client.request({ code: 105 })
    expect(openOnes(started)).toMatchObject([
      {
        state: 'open',
        tls: {
          protocol: 'TLSv1.2',
          cipher: expect.stringMatching(/^TLS_ECDHE_ECDSA_WITH_/),
          clientSubject: null,
        },
      },
      {
        state: 'open',
        tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', clientSubject: 'CN=order-service' },
      },
    ])
  })

  test('behind a proxy shows the peer’s address, and that there is a proxy', async () => {
    const started = await start()
    const client = await started.connect()
    client.send(proxyV1('203.0.113.7', 5_000), requestFrame({ code: 105 }))
    await client.next()
    const { client: secure } = await connectTls(started.port, { before: proxyV1('203.0.113.8', 6_000) })
    await secure.request({ code: 105 })
    expect(openOnes(started)).toMatchObject([
      { remoteAddress: '203.0.113.7:5000', proxied: true, tls: null },
      { remoteAddress: '203.0.113.8:6000', proxied: true, tls: { protocol: 'TLSv1.3' } },
    ])
  })
})

describe('a closed connection', () => {
  /** The only connection, after it has closed. */
  async function closedOne({ server }: TestRemotingServer) {
    await until('it has closed', () => server.closedConnections().length === 1)
    return server.closedConnections()[0]
  }

  test('is kept with what was known of it', async () => {
    const counters = new Counters()
    const started = await start({ counters })
    const client = await started.connect()
    const openedMs = started.time.nowMs()
    await client.request({ code: 103 })
    started.time.advance(5_000)
    client.socket.end()
    expect(await closedOne(started)).toEqual({
      ...{ id: 1, remoteAddress: client.address, openedMs, kind: 'broker', language: 'JAVA', version: 513 },
      ...{ tls: null, proxied: false, requests: 1, bytesIn: requestFrame({ code: 103 }).length },
      ...{ bytesOut: client.bytesReceived, lastActivityMs: openedMs, closedMs: openedMs + 5_000 },
      ...{ cause: 'peer_closed', code: null, detail: null },
    })
    expect(counters.connectionsClosedBy.peer_closed).toBe(1)
    expect(counters.connectionsClosed).toBe(1)
  })

  test('keeps the TLS session', async () => {
    const started = await start()
    const { client, socket } = await connectTls(started.port)
    await client.request({ code: 105 })
    socket.destroy()
    expect(await closedOne(started)).toMatchObject({ cause: 'peer_closed', tls: { protocol: 'TLSv1.3' } })
  })

  test('that the peer has reset has the error of the socket', async () => {
    const started = await start()
    const client = await started.connect()
    await client.request({ code: 105 })
    client.socket.resetAndDestroy()
    expect(await closedOne(started)).toMatchObject({
      ...{ cause: 'socket_error', code: 'ECONNRESET', detail: 'read ECONNRESET' },
    })
  })

  test('that the peer has reset before its first frame has it too', async () => {
    const started = await start()
    const client = await started.connect()
    await until('it is accepted', () => started.server.connections === 1)
    client.socket.resetAndDestroy()
    expect(await closedOne(started)).toMatchObject({ cause: 'socket_error', code: 'ECONNRESET' })
  })

  test('that was idle says so', async () => {
    const started = await start({ maxIdleMs: 60_000 })
    await started.connect()
    await until('it is accepted', () => started.server.connections === 1)
    started.time.advance(61_000)
    expect(await closedOne(started)).toMatchObject({ cause: 'idle', code: null, detail: null })
  })

  test('that sent an invalid frame has the code and the reason', async () => {
    const started = await start()
    const client = await started.connect()
    client.send(requestFrame({ code: 105 }), Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    expect(await closedOne(started)).toMatchObject({
      ...{
        cause: 'invalid_frame',
        code: 'ERR_FOREIGN_PROTOCOL',
        detail: 'HTTP request on the remoting port',
      },
      requests: 1,
    })
  })

  test('whose handshake failed has the code and the reason', async () => {
    const started = await start({ handshake: { tlsMode: 'enforcing' } })
    const client = await started.connect()
    client.send(requestFrame({ code: 105 }))
    expect(await closedOne(started)).toMatchObject({
      ...{ cause: 'handshake_failed', code: 'ERR_TLS_REQUIRED', requests: 0 },
      detail: 'plaintext request, but tls.server.mode is enforcing',
    })
  })

  test('whose TLS handshake failed has the reason of OpenSSL', async () => {
    const started = await start()
    const client = await started.connect()
    client.send(Buffer.from('16030100050909090909', 'hex'))
    expect(await closedOne(started)).toMatchObject({
      ...{ cause: 'handshake_failed', code: 'ERR_TLS_HANDSHAKE' },
      detail: expect.stringMatching(/^the TLS handshake failed: /),
    })
  })

  test('beyond the limit of its address, which a PROXY header named, has the limit', async () => {
    const started = await start({
      limits: { maxConnectionsPerAddress: 1 },
      handshake: { proxyTrustedNetworks: new TrustedNetworks('127.0.0.0/8') },
    })
    const clients: RawClient[] = []
    for (let round = 0; round < 2; round++) {
      const client = await started.connect()
      client.send(proxyV1('203.0.113.7', 5_000), requestFrame({ code: 105 }))
      clients.push(client)
      if (round === 0) await client.next()
    }
    expect(await closedOne(started)).toMatchObject({
      ...{ cause: 'limit', code: 'maxConnectionsPerAddress', remoteAddress: '203.0.113.7:5000' },
      detail: 'maxConnectionsPerAddress (1) reached for 203.0.113.7',
    })
  })

  test('that held too much memory has the limit', async () => {
    const started = await start({ limits: { maxQueuedRequestBytes: 100_000 } })
    const client = await started.connect()
    client.send(requestFrame({ code: 105, body: Buffer.alloc(200_000) }).subarray(0, 60_000))
    expect(await closedOne(started)).toMatchObject({
      ...{ cause: 'limit', code: 'maxQueuedRequestBytes' },
      detail: expect.stringMatching(/^closed: incomplete request of \d+ bytes; /),
    })
  })

  test('of a server that stops says so', async () => {
    const started = await start()
    const client = await started.connect()
    await client.request({ code: 105 })
    void started.server.stop(new Promise(() => {}))
    expect(await closedOne(started)).toMatchObject({ cause: 'shutdown', kind: 'client' })
  })

  test('of an internal error has its message', async () => {
    const broken = () => ({
      code: 0,
      get body(): Buffer {
        throw new TypeError('a defect')
      },
    })
    const started = await startRemotingServer({ 105: broken })
    const client = await started.connect()
    client.send(requestFrame({ code: 105 }))
    expect(await closedOne(started)).toMatchObject({ cause: 'internal_error', detail: 'TypeError: a defect' })
  })

  test('of a broker that expired says so, also if it is idle before it has read its last response', async () => {
    const large = { code: 0, body: Buffer.alloc(32 * 1024 * 1024) }
    const started = await startRemotingServer({ 103: () => large }, { maxIdleMs: 60_000 })
    const client = await started.connect()
    client.socket.pause()
    client.send(requestFrame({ code: 103 }))
    await until('the response is on its way', () => (openOnes(started)[0]?.bytesOut ?? 0) > 0)
    started.server.closeChannel(1)
    expect(started.server.closedConnections()).toEqual([])
    started.time.advance(61_000)
    expect(await closedOne(started)).toMatchObject({ cause: 'broker_expired' })
    expect(started.happened).toContain(`idle ${client.address}`)
  })
})

describe('access is decided by the names of a client’s certificate', () => {
  const stranger = certificateAuthority('another authority').issue('order-service')
  const own = authority.issue('order-service')
  const unnamed = authority.issue('order-service', { hasSubject: false })
  const names = { commonName: 'order-service', subjectAltNames: ['DNS:order-service'] }
  const context = { ...server, ca: authority.cert }
  const verifying = new TlsAcceptor({ context, clientAuth: 'optional', verifyClient: true })
  const believing = new TlsAcceptor({ context, clientAuth: 'optional', verifyClient: false })
  const notAsking = new TlsAcceptor({ context, clientAuth: 'none', verifyClient: true })

  test.each([
    ['if it is verified', verifying, own, names],
    ['if it is verified, and its subject is empty', verifying, unnamed, { ...names, commonName: null }],
    ['but not without a certificate', verifying, {}, null],
    ['but not if none is verified', believing, own, null],
    ['but not if it is of an unknown authority, and accepted', believing, stranger, null],
    ['but not if none is asked for', notAsking, own, null],
  ])('%s', async (_, used, identity, expected) => {
    let seen: unknown
    const { port } = await startRemotingServer(
      {
        105: (_request, { channel }) => {
          seen = { isTls: channel.isTls, certificate: channel.certificate }
          return { code: 0 }
        },
      },
      { handshake: { tlsAcceptor: async () => used } },
    )
    const { client } = await connectTls(port, identity)
    await client.request({ code: 105 })
    expect(seen).toEqual({ isTls: true, certificate: expected })
  })
})
