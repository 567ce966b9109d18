import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { signatureOf } from '../../../src/access/signature.ts'
import { proxyV1 } from '../../support/proxy-headers.ts'
import { headerOf, RawClient, type Request, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { connectTls } from '../../support/tls-client.ts'
import { until } from '../../support/until.ts'

const ATTACKER = '203.0.113.66'
const HONEST = '10.0.0.7'
const BUSY = 2
const NO_PERMISSION = 16
const LIST: Request = { code: 206 }
const DELETE: Request = { code: 216, extFields: { topic: 'TopicA' } }

/** A server behind a proxy, with these rates per address, a broker elsewhere, and a client that connects before the attack. */
async function attacked(rates: string, properties: Readonly<Record<string, string>> = {}) {
  const accessFile = join(temporaryFolder(), 'access.yml')
  const text = `
    profile: guarded
    accounts: [{ accessKey: ops, secretKey: "ops-secret", admin: true }]
    rates: [{ per: address, ${rates} }]
  `
  writeFileSync(accessFile, text, { mode: 0o600 })
  const trusted = { proxyProtocolTrustedNetworks: '127.0.0.1', accessFile, ...properties }
  const server = await startServer({ httpListenPort: 'any', ...trusted })
  const connectFrom = async (host: string): Promise<RawClient> => {
    const client = await server.connect()
    client.send(proxyV1(host, 40_000))
    return client
  }
  const honest = await connectFrom(HONEST)
  const rejected = (limit: 'connections' | 'handshakes' | 'other' | 'failures' | 'lookups') =>
    server.controller.counters.rejected[`rates.${limit}`]
  const warnings = (limit: string) =>
    server.lines.filter(({ msg, limit: name }) => msg === 'rejected: limit reached' && name === limit)
  return { ...server, connectFrom, honest, rejected, warnings }
}

async function codeOf(client: RawClient, request: Request): Promise<number> {
  return headerOf(await client.request(request)).code
}

/** The codes of the responses to requests that are sent at once. */
async function codesOf(client: RawClient, requests: readonly Request[]): Promise<number[]> {
  client.send(...requests.map((request) => requestFrame(request)))
  const codes: number[] = []
  for (const _ of requests) codes.push(headerOf(await client.next()).code)
  return codes
}

/** The code of a response, or `closed`. */
async function outcomeOf(client: RawClient): Promise<number | 'closed'> {
  return codeOf(client, lookup('TopicA')).catch(() => 'closed' as const)
}

function signed(secret: string, request: Request): Request {
  const extFields = { ...request.extFields, AccessKey: 'ops' }
  const Signature = signatureOf(new Map(Object.entries(extFields)), null, secret)
  return { ...request, extFields: { ...extFields, Signature } }
}

describe('a client at another address is served', () => {
  test('during a flood of connections, which are closed before their first request', async () => {
    const { connectFrom, honest, rejected, time, warnings } = await attacked('connections: 5/min')
    await honest.request(registration())
    const outcomes: unknown[] = []
    for (let i = 0; i < 30; i++) outcomes.push(await outcomeOf(await connectFrom(ATTACKER)))
    expect(outcomes).toEqual([...Array(5).fill(0), ...Array(25).fill('closed')])
    expect(rejected('connections')).toBe(25)
    expect(await outcomeOf(await connectFrom('10.0.0.8'))).toBe(0)
    expect(await codeOf(honest, lookup('TopicA'))).toBe(0)
    expect(warnings('rates.connections')).toHaveLength(10)
    expect(warnings('rates.connections')[0]).toMatchObject({
      level: 'warn',
      peer: `${ATTACKER}:40000`,
      reason: `rates.connections (5/min per address) exceeded by ${ATTACKER}`,
    })
    time.advance(12_000)
    expect(await outcomeOf(await connectFrom(ATTACKER))).toBe(0)
  })

  test('during a flood of connections that claim any address, while PROXY headers are trusted from everywhere', async () => {
    const open = { proxyProtocolTrustedNetworks: '' }
    const { connect, connectFrom, rejected } = await attacked('connections: 5/min', open)
    const outcomes: unknown[] = []
    for (let i = 0; i < 8; i++) outcomes.push(await outcomeOf(await connectFrom(`198.51.100.${i}`)))
    // The client is the first of the address from which all of them really come.
    expect(outcomes.filter((outcome) => outcome === 'closed')).toHaveLength(4)
    expect(rejected('connections')).toBe(4)
    expect(await outcomeOf(await connect())).toBe('closed')
  })

  test('during a flood of TLS handshakes, which are rejected before any work for them', async () => {
    const { port, honest, rejected, controller } = await attacked('handshakes: 3/min')
    const shakeHands = (host: string) => connectTls(port, { before: proxyV1(host, 40_000) })
    for (let i = 0; i < 3; i++) await shakeHands(ATTACKER)
    for (let i = 0; i < 10; i++) await expect(shakeHands(ATTACKER)).rejects.toThrow()
    expect(rejected('handshakes')).toBe(10)
    expect(controller.counters.connectionsRejected).toEqual({ ERR_RATE_EXCEEDED: 10 })
    const { client } = await shakeHands('10.0.0.8')
    await honest.request(registration())
    expect(await outcomeOf(client)).toBe(0)
  })

  test('during a flood of wrong signatures, which are no longer verified', async () => {
    const { connectFrom, honest, rejected, warnings } = await attacked('failures: 5/min')
    const attacker = await connectFrom(ATTACKER)
    const flood = Array.from({ length: 20 }, (_, i) => signed(`guess-${i}`, DELETE))
    expect(await codesOf(attacker, flood)).toEqual([...Array(5).fill(NO_PERMISSION), ...Array(15).fill(BUSY)])
    expect(rejected('failures')).toBe(15)
    expect(warnings('rates.failures')[0]?.['reason']).toContain('rates.failures (5/min per address)')
    // Not even one that is right: it would tell a guess that is.
    expect(await codeOf(attacker, signed('ops-secret', DELETE))).toBe(BUSY)
    // What needs no signature is served.
    expect(await codeOf(attacker, signed('guess', LIST))).toBe(0)
    expect(await codeOf(honest, signed('ops-secret', DELETE))).not.toBe(NO_PERMISSION)
    expect(await codeOf(honest, signed('ops-secret', { code: 318, body: '' }))).not.toBe(BUSY)
  })

  test('during a flood of lists (206), and brokers at the address of the flood are too', async () => {
    const { connectFrom, honest, rejected } = await attacked('other: 20/s')
    const attacker = await connectFrom(ATTACKER)
    const codes = await codesOf(attacker, Array(100).fill(LIST))
    expect(codes).toEqual([...Array(20).fill(0), ...Array(80).fill(BUSY)])
    expect(rejected('other')).toBe(80)
    expect(await codeOf(attacker, registration({ address: `${ATTACKER}:10911` }))).toBe(0)
    expect(await codesOf(honest, [LIST, lookup('TopicA')])).toEqual([0, 0])
  })

  test('during a flood of lookups, if they have a rate', async () => {
    const { connectFrom, honest, rejected } = await attacked('lookups: 50/s')
    await honest.request(registration())
    const attacker = await connectFrom(ATTACKER)
    const codes = await codesOf(attacker, Array(80).fill(lookup('TopicA')))
    expect(codes).toEqual([...Array(50).fill(0), ...Array(30).fill(BUSY)])
    expect(rejected('lookups')).toBe(30)
    expect(await codeOf(honest, lookup('TopicA'))).toBe(0)
  })

  test('while connections send a byte and then nothing (slowloris), until they are idle for too long', async () => {
    const { connectFrom, controller, honest, time } = await attacked('connections: 40/min')
    await honest.request(registration())
    const slow = await Promise.all(Array.from({ length: 100 }, () => connectFrom(ATTACKER)))
    await until('40 are open', () => controller.counters.connectionsRejected['ERR_RATE_EXCEEDED'] === 60)
    for (const { socket } of slow) if (!socket.destroyed) socket.write(Buffer.of(0))
    time.advance(100_000)
    expect(await codeOf(honest, lookup('TopicA'))).toBe(0)
    time.advance(130_000)
    await Promise.all(slow.map(({ closed }) => closed))
    expect(controller.counters.connectionsClosedBy.idle).toBeGreaterThanOrEqual(40)
  })
})

test('an account has a rate of its own, from whatever address', async () => {
  const path = join(temporaryFolder(), 'access.yml')
  const text = `
    accounts: [{ accessKey: ops, secretKey: "ops-secret", admin: true }]
    rates: [{ per: identity, other: 3/min }]
  `
  writeFileSync(path, text, { mode: 0o600 })
  const server = await startServer({ accessFile: path, proxyProtocolTrustedNetworks: '127.0.0.1' })
  const codes: number[] = []
  for (let i = 0; i < 5; i++) {
    const client = await server.connect()
    client.send(proxyV1(`10.0.0.${i + 1}`, 40_000))
    codes.push(await codeOf(client, signed('ops-secret', LIST)))
  }
  expect(codes).toEqual([0, 0, 0, BUSY, BUSY])
  const anonymous = await server.connect()
  expect(await codeOf(anonymous, LIST)).toBe(0)
})

test('a trusted proxy that opens connections without a PROXY header, as for its health checks, has no rate', async () => {
  const { port, rejected } = await attacked('connections: 2/min, handshakes: 2/min')
  for (let i = 0; i < 10; i++) {
    const socket = connectPlain(port, '127.0.0.1')
    onTestFinished(() => {
      socket.destroy()
    })
    await once(socket, 'connect')
    expect(await outcomeOf(RawClient.over(socket))).not.toBe('closed')
    await connectTls(port)
  }
  expect([rejected('connections'), rejected('handshakes')]).toEqual([0, 0])
})

test('a rate that is exceeded for a minute is a finding, which names the source', async () => {
  const { connectFrom, httpPort, time } = await attacked('other: 1/h')
  const attacker = await connectFrom(ATTACKER)
  const findings = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${httpPort}/api/v1/findings?rule=rate_exceeded`)).text()
  for (let i = 0; i < 3; i++) {
    await codeOf(attacker, LIST)
    time.advance(15_000)
  }
  await codeOf(attacker, LIST)
  expect(await findings()).not.toContain('exceeds')
  for (let i = 0; i < 3; i++) {
    await codeOf(attacker, LIST)
    time.advance(15_000)
  }
  let found = ''
  while (!found.includes('exceeds')) found = await findings()
  expect(found).toContain(`${ATTACKER} exceeds rates.other (1/h per address)`)
})
