import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BrokerProbe } from '../../../src/namesrv/brokers/broker-probe.ts'
import { RemotingClientError } from '../../../src/remoting/errors.ts'
import { managerWith, openChannel, registration } from '../../routeinfo/route-helpers.ts'
import { headerOf } from '../../support/raw-client.ts'
import { lookup, registration as registrationRequest } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'

const TIMEOUT_MS = 100_000
const owner = openChannel(99)

function failure(code?: string): Error {
  const cause = code === undefined ? undefined : Object.assign(new Error(code), { code })
  return new RemotingClientError('ERR_CONNECT', 'no connection', { cause })
}

/** Brokers that register at the same moment, and a probe whose connections end when the test says so. */
function world(brokers: readonly string[], { evicts = false, random = 0 } = {}) {
  const { context, time, lines } = testContext({
    brokerProbeAfterPercent: '50',
    brokerProbeEvicts: `${evicts}`,
  })
  const { manager, effects } = managerWith('whole')
  const probed: { readonly address: string; readonly end: (error?: Error) => Promise<void> }[] = []
  const reach = (address: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const end = async (error?: Error): Promise<void> => {
        if (error === undefined) resolve()
        else reject(error)
        await new Promise(setImmediate)
      }
      probed.push({ address, end })
    })
  const probe = new BrokerProbe(context, manager, reach, () => random)
  for (const [index, brokerAddr] of brokers.entries()) {
    const generation = manager.queue.nextGeneration()
    const channel = openChannel(index + 1)
    const given = {
      brokerName: brokerAddr,
      brokerAddr,
      heartbeatTimeoutMs: TIMEOUT_MS,
      channelId: channel.id,
    }
    void manager.registerBroker(registration({ ...given, generation, nowMs: time.nowMs() }), false, channel)
  }
  probe.start()
  const hear = (...addresses: string[]): void => {
    for (const address of addresses) manager.touch('C', address, time.nowMs())
  }
  const said = (): string[] => lines.filter(({ level }) => level !== 'debug').map(({ msg }) => msg)
  const known = async (address: string): Promise<boolean> =>
    (await manager.getBrokerMemberGroup(address, owner)).size > 0
  return { time, probe, probed, effects, hear, said, known, lines, ...context }
}

describe('a broker whose heartbeats stop', () => {
  test('is probed after a part of its timeout; if it is unreachable, it is suspect and stays in the routes', async () => {
    const { time, probe, probed, hear, said, known, lines } = world(['silent:1', 'well:1'])
    time.advance(50_000)
    hear('well:1')
    expect(probed).toEqual([])
    expect(probe.suspicionOf('C', 'silent:1')).toBeUndefined()
    time.advance(1_000)
    expect(probed.map(({ address }) => address)).toEqual(['silent:1'])
    await probed[0]?.end(failure('ECONNREFUSED'))
    expect(said()).toEqual(['broker suspected: no heartbeat and unreachable'])
    expect(lines.at(-1)).toMatchObject({ level: 'warn', brokerAddr: 'silent:1', inactiveMs: 51_000 })
    expect(await known('silent:1')).toBe(true)
    expect(probe.suspicionOf('C', 'silent:1')).toBe('no connection')
    expect(probe.suspicionOf('C', 'well:1')).toBeUndefined()
    // And again after a tenth of its timeout, without another line.
    time.advance(9_000)
    expect(probed).toHaveLength(1)
    time.advance(1_000)
    await probed[1]?.end(failure())
    expect(said()).toHaveLength(1)
  })

  test.each([
    ['ENOTFOUND', failure('ENOTFOUND')],
    ['EMFILE', failure('EMFILE')],
    ['an invalid address', new RemotingClientError('ERR_ADDRESS', 'not host:port')],
  ])('is not suspect because of a problem of this machine: %s', async (_, error) => {
    const { time, probed, said } = world(['silent:1'])
    time.advance(51_000)
    await probed[0]?.end(error)
    expect(said()).toEqual([])
  })

  test('is no longer suspect when a heartbeat arrives, or when it is reachable again', async () => {
    const { time, probed, hear, lines, counters, events } = world(['a:1', 'b:1'])
    time.advance(51_000)
    for (const { end } of probed) await end(failure('ECONNREFUSED'))
    expect(counters.brokersSuspected).toBe(2)
    hear('a:1')
    time.advance(10_000)
    await probed[2]?.end()
    expect(lines.slice(2)).toMatchObject([
      { msg: 'broker no longer suspected', reason: 'heartbeat received' },
      { msg: 'broker no longer suspected', reason: 'reachable again' },
    ])
    expect(counters.brokersSuspected).toBe(2)
    expect(events.list().map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'broker_suspected: no connection',
      'broker_suspected: no connection',
      'broker_suspicion_cleared: heartbeat received',
      'broker_suspicion_cleared: reachable again',
    ])
  })

  test('is probed again after a pause of the process; a probe under way does not count', async () => {
    const { time, probe, probed, said } = world(['silent:1'])
    time.advance(51_000)
    expect(probed).toHaveLength(1)
    probe.forgetAll()
    await probed[0]?.end(failure('ECONNREFUSED'))
    expect(said()).toEqual([])
    time.advance(1_000)
    expect(probed).toHaveLength(2)
    await probed[1]?.end(failure('ECONNREFUSED'))
    expect(said()).toHaveLength(1)
  })

  test('is probed at another time than others, and with at most 15 of them', async () => {
    const brokers = Array.from({ length: 40 }, (_, index) => `b:${index + 1}`)
    const { time, probed } = world(brokers, { random: 0.5 })
    time.advance(55_000)
    expect(probed).toHaveLength(0)
    time.advance(1_000)
    expect(probed).toHaveLength(16)
    time.advance(5_000)
    expect(probed).toHaveLength(16)
    await probed[0]?.end()
    time.advance(1_000)
    expect(probed).toHaveLength(17)
  })
})

describe('with brokerProbeEvicts', () => {
  test('an unreachable broker is evicted before its timeout, and its connection is closed', async () => {
    const { time, probed, hear, known, effects } = world(['silent:1', 'well:1'], { evicts: true })
    time.advance(50_000)
    hear('well:1')
    time.advance(1_000)
    await probed[0]?.end(failure())
    expect([await known('silent:1'), await known('well:1')]).toEqual([false, true])
    expect(effects.slice(2)).toMatchObject([
      { kind: 'broker unregistered', reason: 'unreachable' },
      { kind: 'connection inactive', channelId: 1 },
    ])
  })

  test('a heartbeat during the probe prevents the eviction', async () => {
    const { time, probed, hear, known, effects } = world(['silent:1', 'well:1'], { evicts: true })
    time.advance(50_000)
    hear('well:1')
    time.advance(1_000)
    hear('silent:1')
    await probed[0]?.end(failure())
    expect(await known('silent:1')).toBe(true)
    expect(effects.at(-1)).toMatchObject({ kind: 'removal fenced', reason: 'unreachable' })
  })

  test('suspects stay if most brokers are inactive, and at most half of all are evicted', async () => {
    const brokers = Array.from({ length: 10 }, (_, index) => `b:${index + 1}`)
    const { time, probed, hear, known } = world(brokers, { evicts: true })
    time.advance(50_000)
    // Every 10 s one more broker stops its heartbeats.
    for (let well = 9; well >= 0; well--) {
      hear(...brokers.slice(0, well))
      time.advance(10_000)
      for (const { end } of probed.splice(0)) await end(failure())
    }
    const left = await Promise.all(brokers.map(known))
    expect(left).toEqual(brokers.map((_, index) => index < 5))
  })
})

/** A port of this machine on which no process listens. */
async function deafPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('over real sockets, a broker that listens stays, and one that does not is evicted', async () => {
  const listening = createServer((socket) => socket.resume())
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void listening.close())
  const { port } = listening.address() as AddressInfo
  // The connections take real time, of which the server's clock knows nothing.
  const brokerProbeTimeoutMillis = '3600000'
  const server = await startServer({
    brokerProbe: 'true',
    brokerProbeEvicts: 'true',
    brokerProbeTimeoutMillis,
  })
  const [client, deafOne] = [await server.connect(), await server.connect()]
  const brokers = [
    { name: 'listens', address: `127.0.0.1:${port}`, topics: ['Listens', 'T'] },
    { name: 'deaf', address: `127.0.0.1:${await deafPort()}`, topics: ['Deaf', 'T'] },
  ]
  const well = [1, 2].map((id) => ({
    name: `well-${id}`,
    address: `127.0.0.1:${id}`,
    topics: [`Well${id}`, 'T'],
  }))
  for (const broker of [...well, brokers[0]]) await client.request(registrationRequest(broker))
  await deafOne.request(registrationRequest(brokers[1]))
  server.time.advance(55_000)
  for (const broker of well) await client.request(registrationRequest(broker))
  server.time.advance(20_000)
  await deafOne.closed
  const evicted = () => server.lines.filter(({ msg }) => msg.startsWith('broker unreachable'))
  await until('it is evicted', () => evicted().length > 0)
  expect(evicted()).toMatchObject([
    {
      msg: 'broker unreachable: no heartbeat and its address does not accept connections',
      brokerName: 'deaf',
      reason: 'unreachable',
    },
  ])
  const codes = ['Listens', 'Deaf'].map(async (topic) => headerOf(await client.request(lookup(topic))).code)
  expect(await Promise.all(codes)).toEqual([0, 17])
})
