import { expect, test } from 'vitest'
import { proxyV1 } from '../support/proxy-headers.ts'
import { headerOf, type RawClient, type Request } from '../support/raw-client.ts'
import { lookup, registration, type TestBroker, unregistration } from '../support/requests.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'

const MODES = ['off', 'log', 'refuse'] as const
type Mode = (typeof MODES)[number]

const HONEST_HOST = '10.0.0.5'
const ATTACKER_HOST = '203.0.113.66'
const HONEST: TestBroker = { name: 'honest', address: `${HONEST_HOST}:10911`, topics: ['T1', 'T2'] }
const ATTACKER: TestBroker = { name: 'evil', address: `${ATTACKER_HOST}:10911`, topics: ['T1', 'T3'] }

async function start(registrationGuard: Mode, properties: Readonly<Record<string, string>> = {}) {
  const server = await startServer({
    registrationGuard,
    proxyProtocolTrustedNetworks: '127.0.0.1',
    serverChannelMaxIdleTimeSeconds: '0',
    ...properties,
  })
  const from = async (host: string): Promise<RawClient> => {
    const client = await server.connect()
    client.send(proxyV1(host, 40_000))
    return client
  }
  const client = await from('10.0.0.7')
  const mappingsOf = async (topic: string): Promise<string[]> => {
    const { body } = await client.request({ ...lookup(topic), version: 513 })
    const { topicQueueMappingByBroker = {} } = JSON.parse(`${body}`) as {
      topicQueueMappingByBroker?: Record<string, object>
    }
    return Object.keys(topicQueueMappingByBroker).sort()
  }
  return { server, client, mappingsOf, honest: await from(HONEST_HOST), attacker: await from(ATTACKER_HOST) }
}

interface Mapping {
  readonly topic: string
  readonly bname: string
  readonly totalQueues?: number
}

let counter = 1

/** A registration with a data version of its own, and static topics. */
function register(broker: TestBroker, mappings: readonly Mapping[] = []): Request {
  const request = registration(broker)
  const { topicConfigSerializeWrapper: wrapper } = JSON.parse(`${request.body}`) as {
    topicConfigSerializeWrapper: { dataVersion: object; topicConfigTable: object }
  }
  const infos = mappings.map(({ topic, bname, totalQueues = 4 }) => [
    topic,
    { topic, bname, totalQueues, scope: '__global__', epoch: 9, dirty: false, currIdMap: { 0: 0 } },
  ])
  const topicConfigSerializeWrapper = {
    ...wrapper,
    dataVersion: { ...wrapper.dataVersion, counter: ++counter },
    topicQueueMappingInfoMap: Object.fromEntries(infos) as object,
  }
  const extFields = { ...request.extFields, haServerAddr: `${broker.address?.split(':')[0]}:10912` }
  return {
    ...request,
    extFields,
    body: JSON.stringify({ filterServerList: [], topicConfigSerializeWrapper }),
  }
}

function inCluster(clusterName: string, request: Request): Request {
  return { ...request, extFields: { ...request.extFields, clusterName } }
}

const codeOf = async (client: RawClient, request: Request): Promise<number> =>
  headerOf(await client.request(request)).code

test.each(MODES)(
  'With registrationGuard=%s, the static mapping of an attacker leaves with its broker, and is in no snapshot',
  async (mode) => {
    const routeSnapshotPath = `${temporaryFolder()}/routes`
    const { server, honest, attacker, mappingsOf } = await start(mode, { routeSnapshotPath })
    expect(await codeOf(honest, register(HONEST, [{ topic: 'T1', bname: 'honest' }]))).toBe(0)
    expect(await codeOf(attacker, register(ATTACKER, [{ topic: 'T1', bname: 'evil' }]))).toBe(0)
    expect(await mappingsOf('T1')).toEqual(['evil', 'honest'])
    expect(await codeOf(attacker, unregistration(ATTACKER))).toBe(0)
    expect(await mappingsOf('T1')).toEqual(['honest'])
    await server.controller.shutdown()
    const restarted = await start(mode, { routeSnapshotPath })
    expect(await restarted.mappingsOf('T1')).toEqual(['honest'])
  },
)

test('The static mapping of a broker that does not return after a restart is no longer shown', async () => {
  const routeSnapshotPath = `${temporaryFolder()}/routes`
  const { server, honest, attacker } = await start('log', { routeSnapshotPath })
  await codeOf(honest, register(HONEST, [{ topic: 'T1', bname: 'honest' }]))
  await codeOf(attacker, register(ATTACKER, [{ topic: 'T1', bname: 'evil' }]))
  await server.controller.shutdown()
  const restarted = await start('log', { routeSnapshotPath })
  expect(await restarted.mappingsOf('T1')).toEqual(['evil', 'honest'])
  expect(await codeOf(restarted.attacker, unregistration(ATTACKER))).toBe(0)
  expect(await restarted.mappingsOf('T1')).toEqual(['honest'])
})

test.each(MODES)(
  'With registrationGuard=%s, static mappings under other names than its own, and of topics that it does not have, are ignored',
  async (mode) => {
    const { client, honest, attacker } = await start(mode)
    await codeOf(honest, register(HONEST))
    const route = async (): Promise<string> => `${(await client.request(lookup('T1'))).body}`
    const before = await route()
    const others: TestBroker = { ...ATTACKER, topics: ['Q1', 'Q2'] }
    for (const bname of ['honest', 'evil', 'nobody'])
      expect(await codeOf(attacker, register(others, [{ topic: 'T1', bname }]))).toBe(0)
    expect(await route()).toBe(before)
    for (let at = 0; at < 20; at++)
      await codeOf(attacker, register(ATTACKER, [{ topic: 'T1', bname: `evil-${at}` }]))
    expect(await route()).not.toContain('evil-')
  },
)

test.each<[Mode, string[], number]>([
  ['off', ['evil'], 0],
  ['log', ['evil'], 1],
  ['refuse', [], 1],
])(
  'With registrationGuard=%s, an attacker that registers the topic of a live broker as a static one makes it static for %j',
  async (mode, expected, disputes) => {
    const { server, honest, attacker, mappingsOf } = await start(mode)
    await codeOf(honest, register(HONEST))
    // First as an ordinary topic, which the protocol cannot tell from an honest one.
    expect(await codeOf(attacker, register(ATTACKER))).toBe(0)
    expect(await codeOf(attacker, register(ATTACKER, [{ topic: 'T1', bname: 'evil' }]))).toBe(0)
    expect(await mappingsOf('T1')).toEqual(expected)
    expect(server.controller.counters.registrationDisputes['static_topic'] ?? 0).toBe(disputes)
    expect(await codeOf(attacker, register(ATTACKER, [{ topic: 'T3', bname: 'evil' }]))).toBe(0)
    expect(await mappingsOf('T3')).toEqual(['evil'])
  },
)

test('With registrationGuard=refuse, brokers of different owners share a static topic, and one of them loses and regains it', async () => {
  const { server, honest, client, attacker: other, mappingsOf } = await start('refuse')
  const OTHER: TestBroker = { ...ATTACKER, name: 'other' }
  const request = register(OTHER, [{ topic: 'T1', bname: 'other' }])
  expect(await codeOf(honest, register(HONEST, [{ topic: 'T1', bname: 'honest' }]))).toBe(0)
  expect(await codeOf(other, request)).toBe(0)
  expect(await mappingsOf('T1')).toEqual(['honest', 'other'])
  expect(await codeOf(client, { code: 216, extFields: { topic: 'T1' } })).toBe(0)
  // With the same data version as before.
  expect(await codeOf(other, request)).toBe(0)
  expect(await mappingsOf('T1')).toEqual(['other'])
  expect(server.controller.counters.registrationDisputes).toEqual({})
})

test('With registrationGuard=refuse, a static topic with more queues than clients can hold is rejected', async () => {
  const { attacker, mappingsOf, honest } = await start('refuse')
  await codeOf(honest, register(HONEST))
  const static_ = (totalQueues: number): Request =>
    register(ATTACKER, [{ topic: 'T3', bname: 'evil', totalQueues }])
  expect(await codeOf(attacker, static_(65_537))).toBe(16)
  expect(await codeOf(attacker, static_(65_536))).toBe(0)
  expect(await mappingsOf('T3')).toEqual(['evil'])
})

test.each(['log', 'refuse'] as const)(
  'With registrationGuard=%s, cluster names without a live broker do not use maxBrokers up',
  async (mode) => {
    const { server, honest, attacker, client } = await start(mode, { maxBrokers: '10' })
    expect(await codeOf(honest, register(HONEST))).toBe(0)
    const fill = async (): Promise<void> => {
      for (let at = 0; at < 12; at++) {
        const slave: TestBroker = { ...ATTACKER, name: 'honest', id: 77, topics: ['T9'] }
        await codeOf(attacker, inCluster(`Evil-${at}`, register(slave)))
      }
    }
    await fill()
    const newcomer = (at: number): Request =>
      register({ ...HONEST, name: `new-${at}`, address: `${HONEST_HOST}:${at}` })
    expect(await codeOf(honest, newcomer(1))).toBe(0)
    expect(`${(await client.request({ code: 106 })).body}`).toContain('"DefaultCluster":["honest","new-1"]')
    // Looking for them takes time, and so happens once a second.
    await fill()
    const code = await codeOf(honest, newcomer(2))
    server.time.advance(1_000)
    expect([code, await codeOf(honest, newcomer(2))]).toEqual([1, 0])
  },
)

test('With registrationGuard=refuse, a rejected increment does not decide the cluster of a broker that is still to come', async () => {
  const { attacker, honest, client } = await start('refuse')
  const early = register({ ...ATTACKER, name: 'honest', topics: ['T9'] })
  expect(await codeOf(attacker, inCluster('Evil', early))).toBe(1)
  expect(await codeOf(honest, register(HONEST))).toBe(0)
  const { body } = await client.request(lookup('T1'))
  expect(`${body}`).toContain('"cluster":"DefaultCluster"')
})

test('An unregistration (104) of an address that is no member notifies no broker of a lost master', async () => {
  const { server, honest, attacker } = await start('refuse', { notifyMinBrokerIdChanged: 'true' })
  const member = register({ ...HONEST, id: 1 })
  const acting = { ...member, extFields: { ...member.extFields, enableActingMaster: 'true' } }
  expect(await codeOf(honest, acting)).toBe(0)
  const sent = () => server.lines.filter(({ msg }) => `${msg}`.includes('min broker id')).length
  const before = sent()
  expect(
    await codeOf(attacker, unregistration({ name: 'honest', id: 1, address: `${ATTACKER_HOST}:1` })),
  ).toBe(0)
  expect(sent()).toBe(before)
})
