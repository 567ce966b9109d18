import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { proxyV1 } from '../../support/proxy-headers.ts'
import { headerOf, RawClient, type Request, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration, unregistration } from '../../support/requests.ts'
import { createServer, startServer, temporaryFolder } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const BROKER_HOST = '10.0.0.5'
const REAL = { name: 'broker-a', address: `${BROKER_HOST}:10911` }
const REJECTED = 1
const PROXY = { proxyProtocolTrustedNetworks: '127.0.0.1', serverChannelMaxIdleTimeSeconds: '0' }

/** A server whose brokers come from several addresses. */
async function start(properties: Readonly<Record<string, string>> = {}) {
  const server = await startServer({ ...PROXY, ...properties })
  const connectFrom = async (host: string): Promise<RawClient> => {
    const client = await server.connect()
    client.send(proxyV1(host, 40_000))
    return client
  }
  return { ...server, connectFrom }
}

/** The registration of an invented broker, for as long as a broker may ask. */
function invented(host: string, i: number, topics: readonly string[] = ['TopicA', 'TopicB']): Request {
  const fake = { name: `fake-${host}-${i}`, address: `${host}:${i}`, heartbeatTimeoutMs: 600_000 }
  return registration({ ...fake, topics })
}

/** Sends requests without waiting for each; how many succeed. */
async function succeeding(client: RawClient, requests: readonly Request[]): Promise<number> {
  let successes = 0
  for (let i = 0; i < requests.length; i += 500) {
    const some = requests.slice(i, i + 500)
    client.send(...some.map((request) => requestFrame(request)))
    for (const _ of some) if (headerOf(await client.next()).code === 0) successes++
  }
  return successes
}

async function codeOf(client: RawClient, request: Request): Promise<number> {
  return headerOf(await client.request(request)).code
}

describe('brokers of one address', () => {
  test('are at most half of maxBrokers: 10,000 that one connection invents keep no other broker out', async () => {
    const { connectFrom, controller, lines } = await start()
    const real = await connectFrom(BROKER_HOST)
    expect(await codeOf(real, registration(REAL))).toBe(0)
    expect(await codeOf(real, unregistration(REAL))).toBe(0)
    const attacker = await connectFrom('203.0.113.66')
    const fakes = Array.from({ length: 10_000 }, (_, i) => invented('203.0.113.66', i, [`T${i}`, `U${i}`]))
    expect(await succeeding(attacker, fakes)).toBe(5_000)
    expect(controller.counters.rejected.maxBrokers).toBe(5_000)
    expect(lines.find(({ limit }) => limit === 'maxBrokers')?.['reason']).toContain(
      'share of maxBrokers (10000) reached: 5000 brokers are from 203.0.113.66, and 5000 more have room',
    )
    // The broker restarts, another one is new, and both are in the routes.
    expect(await codeOf(real, registration(REAL))).toBe(0)
    const newcomer = await connectFrom('10.0.0.6')
    const other = { name: 'broker-b', address: '10.0.0.6:10911', topics: ['TopicNew', 'TopicB'] }
    expect(await codeOf(newcomer, registration(other))).toBe(0)
    const route = `${(await real.request(lookup('TopicA'))).body}`
    expect(route).toContain(REAL.address)
    expect(`${(await real.request(lookup('TopicNew'))).body}`).toContain('10.0.0.6:10911')
  })

  test('of one /64 are of one address, and repeated registrations are not counted', async () => {
    const { connectFrom } = await start({ maxBrokers: '8' })
    const successes: number[] = []
    for (const host of ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:1::3', '2001:db8:0:1::1']) {
      const client = await connectFrom(host)
      const fakes = [1, 2, 3, 1].map((i) => invented(`[${host}]`, i))
      successes.push(await succeeding(client, fakes))
    }
    expect(successes).toEqual([4, 2, 0, 3])
  })

  test('on this machine may be as many as maxBrokers, as all of them come from there behind a local proxy', async () => {
    const { connect } = await startServer({ maxBrokers: '8' })
    const client = await connect()
    const fakes = Array.from({ length: 9 }, (_, i) => invented('127.0.0.1', i + 1))
    expect(await succeeding(client, fakes)).toBe(8)
  })
})

describe('a broker that was registered before', () => {
  /** Fills the tables from many addresses, until one more gets nothing. */
  async function fill(connectFrom: (host: string) => Promise<RawClient>): Promise<void> {
    for (let host = 1; host <= 12; host++) {
      const client = await connectFrom(`203.0.113.${host}`)
      const fakes = Array.from({ length: 20 }, (_, i) => invented(`203.0.113.${host}`, i + 1))
      await succeeding(client, fakes)
    }
    const last = await connectFrom('203.0.113.200')
    expect(await codeOf(last, invented('203.0.113.200', 1))).toBe(REJECTED)
  }

  test('comes back after its connection was lost, into tables that others have filled since', async () => {
    const { connectFrom, controller, time } = await start({ maxBrokers: '20' })
    const real = await connectFrom(BROKER_HOST)
    await real.request(registration(REAL))
    real.socket.destroy()
    await until('it has left', () => controller.counters.connectionsClosed > 0)
    await fill(connectFrom)
    const again = await connectFrom(BROKER_HOST)
    expect(await codeOf(again, registration(REAL))).toBe(0)
    expect(`${(await again.request(lookup('TopicA'))).body}`).toContain(REAL.address)
    // It stays known while it is live, and when it leaves again.
    again.socket.destroy()
    time.advance(10_000)
    const third = await connectFrom(BROKER_HOST)
    expect(await codeOf(third, registration(REAL))).toBe(0)
    // Another name at its address is another broker.
    await third.request(unregistration(REAL))
    expect(await codeOf(third, registration({ ...REAL, name: 'broker-x' }))).toBe(REJECTED)
  })

  test('is forgotten after a day', async () => {
    const { connectFrom, time } = await start({ maxBrokers: '20' })
    const real = await connectFrom(BROKER_HOST)
    await real.request(registration(REAL))
    await real.request(unregistration(REAL))
    time.advance(24 * 3_600_000)
    const other = await connectFrom('10.0.0.6')
    await other.request(registration({ name: 'broker-b', address: '10.0.0.6:1' }))
    await other.request(unregistration({ name: 'broker-b', address: '10.0.0.6:1' }))
    await fill(connectFrom)
    expect(await codeOf(real, registration(REAL))).toBe(REJECTED)
  })

  test('comes back after a restart of the server, when others were faster', async () => {
    const properties = { ...PROXY, routeSnapshotPath: join(temporaryFolder(), 'routes'), maxBrokers: '20' }
    const before = createServer(properties)
    const { port } = await before.controller.start()
    const real = await RawClient.connect(port)
    real.send(proxyV1(BROKER_HOST, 40_000))
    expect(await codeOf(real, registration(REAL))).toBe(0)
    await before.controller.shutdown()
    const { connectFrom, lines } = await start(properties)
    expect(lines.map(({ msg }) => msg).join()).toContain('routes restored')
    await fill(connectFrom)
    expect(await codeOf(await connectFrom(BROKER_HOST), registration(REAL))).toBe(0)
  })

  test('brings back the topics it had, and no more', async () => {
    const { connectFrom } = await start({ maxTopics: '100' })
    const real = await connectFrom(BROKER_HOST)
    const topics = ['TopicA', 'TopicB', 'TopicC']
    await real.request(registration({ ...REAL, topics }))
    await real.request(unregistration(REAL))
    for (let host = 1; host <= 12; host++) {
      const client = await connectFrom(`203.0.113.${host}`)
      const each = Array.from({ length: 90 }, (_, i) =>
        invented(`203.0.113.${host}`, i + 1, [`T${host}-${i}`, 'T']),
      )
      await succeeding(client, each)
    }
    const last = await connectFrom('203.0.113.200')
    expect(await codeOf(last, invented('203.0.113.200', 1, ['NewA', 'NewB']))).toBe(REJECTED)
    expect(await codeOf(real, registration({ ...REAL, topics }))).toBe(0)
    for (const topic of topics) expect(await codeOf(real, lookup(topic))).toBe(0)
    expect(await codeOf(real, registration({ ...REAL, topics: [...topics, 'TopicD'] }))).toBe(REJECTED)
    // Other names in their place would let it fill the table, round by round.
    expect(await codeOf(real, registration({ ...REAL, topics: ['U1', 'U2', 'U3'] }))).toBe(REJECTED)
  })
})

test('topics that only brokers of one address have are at most half of maxTopics', async () => {
  const { connectFrom, lines } = await start({ maxTopics: '1000' })
  const attacker = await connectFrom('203.0.113.66')
  const fakes = Array.from({ length: 1_000 }, (_, i) => invented('203.0.113.66', i + 1, [`T${i}`, 'T']))
  expect(await succeeding(attacker, fakes)).toBe(499)
  expect(lines.find(({ limit }) => limit === 'maxTopics')?.['reason']).toContain('share of maxTopics (1000)')
  const real = await connectFrom(BROKER_HOST)
  const topics = Array.from({ length: 240 }, (_, i) => `Topic${i}`)
  expect(await codeOf(real, registration({ ...REAL, topics }))).toBe(0)
  expect(await codeOf(real, lookup('Topic239'))).toBe(0)
  // Those that it shares with another address count for neither.
  const slave = await connectFrom('10.0.0.6')
  const shared = registration({ name: 'broker-b', address: '10.0.0.6:10911', topics })
  expect(await codeOf(slave, shared)).toBe(0)
})
