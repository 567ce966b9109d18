import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { proxyV1 } from '../../support/proxy-headers.ts'
import { headerOf, RawClient, type Request, requestFrame } from '../../support/raw-client.ts'
import { getKVConfig, lookup, putKVConfig, registration, unregistration } from '../../support/requests.ts'
import { slowFile } from '../../support/slow-file.ts'
import { createServer, startServer, temporaryFolder } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const BROKER_HOST = '10.0.0.5'
const REAL = { name: 'broker-a', address: `${BROKER_HOST}:10911` }
const ATTACKER_HOST = '203.0.113.66'
const REJECTED = 1
const SYSTEM_BUSY = 2
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

test('brokers behind a local proxy that no network trusts, whose address is unknown, may be as many as maxBrokers', async () => {
  const { connectFrom } = await start({ maxBrokers: '10', proxyProtocolTrustedNetworks: '' })
  const codes: number[] = []
  for (let i = 1; i <= 10; i++)
    codes.push(await codeOf(await connectFrom(`10.0.0.${i}`), invented(`10.0.0.${i}`, i)))
  expect(codes).toEqual(Array(10).fill(0))
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

describe('entries of the key-value table that one address puts', () => {
  test('are at most half of maxKVEntries, until they are deleted', async () => {
    const { connectFrom, lines } = await start({ maxKVEntries: '10' })
    const attacker = await connectFrom(ATTACKER_HOST)
    const puts = Array.from({ length: 20 }, (_, i) => putKVConfig(`ns-${i}`, 'key', 'value'))
    expect(await succeeding(attacker, puts)).toBe(5)
    expect(lines.find(({ limit }) => limit === 'maxKVEntries')?.['reason']).toContain(
      'share of maxKVEntries (10) reached: 203.0.113.66 has 5, and 5 more have room',
    )
    const operator = await connectFrom('10.0.0.9')
    expect(await codeOf(operator, putKVConfig('ORDER_TOPIC_CONFIG', 'TopicA', 'broker-a:4'))).toBe(0)
    expect(await codeOf(operator, getKVConfig('ORDER_TOPIC_CONFIG', 'TopicA'))).toBe(0)
    // Another value of its own entry takes no more room; an entry of another address that it overwrites becomes its own.
    expect(await codeOf(attacker, putKVConfig('ns-0', 'key', 'other'))).toBe(0)
    expect(await codeOf(attacker, putKVConfig('ORDER_TOPIC_CONFIG', 'TopicA', ''))).toBe(0)
    for (const i of [0, 1, 2])
      expect(await codeOf(operator, { code: 102, extFields: { namespace: `ns-${i}`, key: 'key' } })).toBe(0)
    expect(await succeeding(attacker, puts.slice(10))).toBe(2)
  })

  test('take at most half of maxKVBytes, with the names of their namespaces', async () => {
    const { connectFrom, lines } = await start({ maxKVBytes: '10000' })
    const attacker = await connectFrom(ATTACKER_HOST)
    expect(await codeOf(attacker, putKVConfig('n', 'k', 'x'.repeat(6_000)))).toBe(REJECTED)
    const puts = Array.from({ length: 100 }, (_, i) => putKVConfig(`${'n'.repeat(100)}-${i}`, 'k', ''))
    expect(await succeeding(attacker, puts)).toBe(48)
    expect(lines.find(({ limit }) => limit === 'maxKVBytes')?.['reason']).toContain(
      'share of maxKVBytes (10000)',
    )
    // A longer value in place of one that counted for another address counts for the one that put it.
    const operator = await connectFrom('10.0.0.9')
    expect(await codeOf(operator, putKVConfig('n', 'k', 'v'.repeat(2_000)))).toBe(0)
    expect(await codeOf(attacker, putKVConfig('n', 'k', 'v'.repeat(2_001)))).toBe(REJECTED)
  })

  test('may fill the table from this machine, and count for no address after a restart', async () => {
    const kvConfigPath = join(temporaryFolder(), 'kvConfig.json')
    const before = createServer({ maxKVEntries: '10', kvConfigPath })
    const { port } = await before.controller.start()
    const local = await RawClient.connect(port)
    const puts = Array.from({ length: 10 }, (_, i) => putKVConfig('ns', `key-${i}`, 'value'))
    expect(await succeeding(local, puts)).toBe(10)
    await before.controller.shutdown()
    const { connectFrom } = await start({ maxKVEntries: '20', kvConfigPath })
    const stranger = await connectFrom(ATTACKER_HOST)
    const more = Array.from({ length: 10 }, (_, i) => putKVConfig('ns', `more-${i}`, 'value'))
    expect(await succeeding(stranger, more)).toBe(5)
  })
})

describe('requests of one address that wait', () => {
  type Start = Awaited<ReturnType<typeof start>>

  /** Sends one request from each of the attacker's connections, and waits until all of them have been read. */
  async function flood({ connectFrom }: Start, requests: readonly Request[]): Promise<readonly RawClient[]> {
    const clients: RawClient[] = []
    for (const request of requests) {
      const client = await connectFrom(ATTACKER_HOST)
      client.send(requestFrame(request))
      clients.push(client)
    }
    await codeOf(await connectFrom(ATTACKER_HOST), { code: 9_999 })
    return clients
  }

  async function codesOf(clients: readonly RawClient[]): Promise<Record<number, number>> {
    const codes: Record<number, number> = {}
    for (const client of clients) {
      const { code } = headerOf(await client.next())
      codes[code] = (codes[code] ?? 0) + 1
    }
    return codes
  }

  test('for the disk are at most half of maxWaitingChanges', async () => {
    const server = await start({ maxWaitingChanges: '8' })
    const slow = slowFile(server.kvConfigPath)
    const puts = Array.from({ length: 20 }, (_, i) => putKVConfig('n', `fake-${i}`, 'v'))
    const fakes = await flood(server, puts)
    const operator = await server.connectFrom('10.0.0.9')
    operator.send(requestFrame(putKVConfig('n', 'real', 'v')))
    await codeOf(await server.connectFrom('10.0.0.9'), { code: 9_999 })
    await slow.release()
    expect(headerOf(await operator.next()).code).toBe(0)
    // The first is being written, and does not wait.
    expect(await codesOf(fakes)).toEqual({ 0: 5, [SYSTEM_BUSY]: 15 })
    expect(server.lines.find(({ limit }) => limit === 'maxWaitingChanges')?.['reason']).toContain(
      'share of maxWaitingChanges (8) reached: 203.0.113.66 has 4, and 4 more have room',
    )
    expect(await codeOf(operator, getKVConfig('n', 'real'))).toBe(0)
  })

  /** A list of many topics holds the lock of the tables until the returned function is called. */
  async function holdTables(server: Start): Promise<() => Promise<void>> {
    const reader = await server.connectFrom('10.0.0.7')
    const topics = Array.from({ length: 20_000 }, (_, i) => `Much-${i}`)
    await reader.request(registration({ name: 'broker-m', address: '10.0.0.7:10911', topics }))
    let nowMs = server.time.nowMs()
    const deferred: (() => void)[] = []
    const clock = vi.spyOn(server.time, 'nowMs').mockImplementation(() => (nowMs += 1))
    const defer = vi.spyOn(server.time, 'defer').mockImplementation((task) => void deferred.push(task))
    reader.send(requestFrame({ code: 224, extFields: { cluster: 'DefaultCluster' } }))
    await until('the list is in its second slice', () => deferred.length > 0)
    return async () => {
      defer.mockRestore()
      clock.mockRestore()
      for (const task of deferred) task()
      expect(headerOf(await reader.next()).code).toBe(0)
    }
  }

  test('for the tables are at most half of maxWaitingRequests', async () => {
    const server = await start({ maxWaitingRequests: '8' })
    const release = await holdTables(server)
    const wipes = Array<Request>(20).fill({ code: 205, extFields: { brokerName: 'broker-m' } })
    const fakes = await flood(server, wipes)
    const real = await server.connectFrom(BROKER_HOST)
    real.send(requestFrame(registration(REAL)))
    await codeOf(await server.connectFrom(BROKER_HOST), { code: 9_999 })
    await release()
    expect(headerOf(await real.next()).code).toBe(0)
    expect(await codesOf(fakes)).toEqual({ 0: 4, [SYSTEM_BUSY]: 16 })
    expect(server.lines.find(({ limit }) => limit === 'maxWaitingRequests')?.['reason']).toContain(
      'share of maxWaitingRequests (8) reached: 203.0.113.66 has 4, and 4 more have room',
    )
  })

  test('to be registered are at most half of maxRegistrationsInFlight', async () => {
    const server = await start({ maxRegistrationsInFlight: '8' })
    const release = await holdTables(server)
    const fakes = await flood(
      server,
      Array.from({ length: 20 }, (_, i) => invented(ATTACKER_HOST, i + 1)),
    )
    const real = await server.connectFrom(BROKER_HOST)
    real.send(requestFrame(registration(REAL)))
    await codeOf(await server.connectFrom(BROKER_HOST), { code: 9_999 })
    await release()
    expect(headerOf(await real.next()).code).toBe(0)
    expect(await codesOf(fakes)).toEqual({ 0: 4, [SYSTEM_BUSY]: 16 })
    expect(server.controller.counters.registrationsInFlight).toBe(0)
  })

  test('to be registered may by default be more than a thousand brokers behind one address send at once', async () => {
    const server = await start()
    const release = await holdTables(server)
    const requests = Array.from({ length: 1_001 }, (_, i) => invented(BROKER_HOST, i + 1))
    const brokers = await flood(server, requests)
    await release()
    expect(await codesOf(brokers)).toEqual({ 0: 1_001 })
  })

  test('to leave are at most half of unRegisterBrokerQueueCapacity', async () => {
    const server = await start({ unRegisterBrokerQueueCapacity: '8' })
    const real = await server.connectFrom(BROKER_HOST)
    expect(await codeOf(real, registration(REAL))).toBe(0)
    const release = await holdTables(server)
    const attacker = await server.connectFrom(ATTACKER_HOST)
    const leaving = Array.from({ length: 20 }, (_, i) =>
      unregistration({ name: `x-${i}`, address: `x:${i}` }),
    )
    expect(await succeeding(attacker, leaving)).toBe(4)
    expect(await codeOf(real, unregistration(REAL))).toBe(0)
    await release()
    expect(await codeOf(real, lookup('TopicA'))).toBe(17)
  })
})
