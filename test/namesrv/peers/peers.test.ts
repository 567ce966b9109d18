import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { LimitError } from '../../../src/common/limit-error.ts'
import type { PeerState } from '../../../src/inspect/peers-view.ts'
import { KVConfigManager } from '../../../src/kvconfig/kv-config-manager.ts'
import { recountDigest } from '../../../src/namesrv/digest-recount.ts'
import { timeOf } from '../../../src/namesrv/namesrv-context.ts'
import { plainConnect } from '../../../src/namesrv/outgoing-connect.ts'
import { comparableConfig, comparisonsOf, Peers } from '../../../src/namesrv/peers/peers.ts'
import { SerializeType } from '../../../src/protocol/remoting-command.ts'
import { RemotingClient } from '../../../src/remoting/client/remoting-client.ts'
import { RouteInfoManager } from '../../../src/routeinfo/route-info-manager.ts'
import { registration as applied, openChannel, tableOf, topicConfig } from '../../routeinfo/route-helpers.ts'
import { type FakePeer, startFakePeer } from '../../support/fake-peer.ts'
import { frame, type RawClient, type Request } from '../../support/raw-client.ts'
import { putKVConfig, registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'
import { response, withoutDigest } from '../../support/without-digest.ts'

const owner = openChannel(1)

/** This server's side, with the tables of one that the same brokers registered with, and what it says of its peers. */
class World {
  readonly #made
  readonly peers: Peers
  readonly routeInfo: RouteInfoManager

  constructor(addresses: readonly string[], properties: Readonly<Record<string, string>> = {}) {
    this.#made = testContext({ peers: addresses.join(), ...properties })
    const { context } = this.#made
    const client = new RemotingClient({
      ...timeOf(context),
      connect: plainConnect,
      connectTimeoutMs: 3_000,
      maxIdleMs: Number.POSITIVE_INFINITY,
      closeIfTimeout: true,
      maxConnections: 64,
      maxQueuedBytes: 1_000_000,
      maxOneways: 1,
      maxRequests: 1_000,
      maxFrameBytes: 16_777_216,
      serializeType: SerializeType.JSON,
    })
    this.routeInfo = new RouteInfoManager({ slicer: context.slicer, onEvent: () => {} })
    const kv = new Map([['ORDER_TOPIC_CONFIG', new Map([['TopicA', 'broker-a:4']])]])
    const limits = { maxKVEntries: 10, maxKVBytes: 1_000, maxWaitingChanges: 10 }
    const own = {
      routeInfo: this.routeInfo,
      kvConfig: new KVConfigManager(kv, async () => {}, limits),
      comparableConfig: () => comparableConfig(context.configuration),
    }
    this.peers = new Peers(context, comparisonsOf(context, client, own), () => 0.5)
    this.peers.start()
    onTestFinished(() => {
      this.peers.stop()
      client.close()
    })
  }

  get events() {
    return this.#made.context.events.list().map(({ kind, subject, text }) => ({ kind, subject, text }))
  }

  get lines() {
    return this.#made.lines
  }

  /** The next two events cannot be stored. */
  failTwoEvents(): void {
    const fail = () => {
      throw new Error('a defect')
    }
    vi.spyOn(this.#made.context.events, 'add').mockImplementationOnce(fail).mockImplementationOnce(fail)
  }

  /** Broker `broker-a` registers here as {@link registration} does at the peer. */
  register(given: Parameters<typeof registration>[0] = {}): void {
    const { name = 'broker-a', address = '127.0.0.1:10911', id = 0, topics = ['TopicA', 'TopicB'] } = given
    const four = { readQueueNums: 4, writeQueueNums: 4 }
    void this.routeInfo.registerBroker(
      applied({
        clusterName: 'DefaultCluster',
        brokerName: name,
        brokerAddr: address,
        brokerId: BigInt(id),
        topicConfigTable: tableOf(new Map(topics.map((topic) => [topic, topicConfig(topic, four)]))),
        generation: this.routeInfo.queue.nextGeneration(),
      }),
      false,
      owner,
    )
  }

  /** Lets time pass until the comparisons that are due then have ended. */
  async pass(ms: number): Promise<PeerState> {
    const { time } = this.#made
    const before = this.peers.list()[0]?.comparedMs
    time.advance(ms)
    await until('the peer is compared', () => this.peers.list()[0]?.comparedMs !== before)
    return this.peers.list()[0] as PeerState
  }

  /** Lets time pass without waiting. */
  advance(ms: number): void {
    this.#made.time.advance(ms)
  }
}

async function requestAll(client: RawClient, requests: readonly Request[]): Promise<void> {
  for (const request of requests) await client.request(request)
}

const WITHOUT_DIGESTS = 'compared without digests: of the key-value table only ORDER_TOPIC_CONFIG'
const ORDER = putKVConfig('ORDER_TOPIC_CONFIG', 'TopicA', 'broker-a:4')
const WIPE: Request = { code: 205, extFields: { brokerName: 'broker-a' } }
const FEWER_QUEUES: Request = (() => {
  const request = registration()
  const body = `${request.body}`.replace('"readQueueNums":4', '"readQueueNums":2')
  return { ...request, body: body.replace('"counter":1', '"counter":2') }
})()

describe.each(['digests', 'requests'] as const)('peers, compared by %s,', (means) => {
  /** This server and a peer where the same broker has registered, and then something else happened. */
  async function peerWith(requests: readonly Request[], properties: Readonly<Record<string, string>> = {}) {
    const server = await startServer(properties)
    const client = await server.connect()
    await requestAll(client, [registration(), ORDER, ...requests])
    const address = means === 'digests' ? `127.0.0.1:${server.port}` : (await withoutDigest(server)).address
    const world = new World([address])
    world.register()
    return { world, client, address }
  }

  test('agree if the same brokers have registered', async () => {
    const { world, address } = await peerWith([])
    expect(await world.pass(10_000)).toMatchObject({
      address,
      verdict: 'agrees',
      isUp: true,
      differences: [],
    })
    expect(world.events).toEqual([{ kind: 'peer_verdict', subject: address, text: 'agrees' }])
  })

  test.each([
    [
      'a broker that is missing here',
      [registration({ name: 'broker-b', address: 'b:1', topics: [] })],
      {
        kind: 'broker_missing',
        subject: 'broker-b',
        here: null,
        there: '0=b:1',
      },
    ],
    [
      'a slave that is missing here',
      [registration({ id: 1, address: 'b:1', topics: [] })],
      {
        kind: 'broker_missing',
        subject: 'broker-a:1',
        here: null,
        there: 'b:1',
      },
    ],
    [
      'another broker id',
      [registration({ id: 2 })],
      {
        kind: 'broker_id',
        subject: 'broker-a 127.0.0.1:10911',
        here: '0',
        there: '2',
      },
    ],
    [
      'another address',
      [registration({ address: 'b:1' })],
      {
        kind: 'broker_address',
        subject: 'broker-a:0',
        here: '127.0.0.1:10911',
        there: 'b:1',
      },
    ],
    [
      'a permission',
      [WIPE],
      {
        kind: 'permission',
        subject: 'TopicA on broker-a',
        here: '6',
        there: '4',
      },
    ],
    [
      'queues',
      [FEWER_QUEUES],
      {
        kind: 'queues',
        subject: 'TopicA on broker-a',
        here: '4 read, 4 write',
        there: '2 read, 4 write',
      },
    ],
    [
      'a topic that is missing there',
      [{ code: 216, extFields: { topic: 'TopicB' } }],
      {
        kind: 'topic_missing',
        subject: 'TopicB',
        here: 'on broker-a',
        there: null,
      },
    ],
    [
      'a key-value entry',
      [putKVConfig('ORDER_TOPIC_CONFIG', 'TopicB', 'broker-a:1')],
      {
        kind: 'kv',
        subject: 'ORDER_TOPIC_CONFIG/TopicB',
        here: null,
        there: 'broker-a:1',
      },
    ],
  ])('name %s', async (_, requests, difference) => {
    const { world } = await peerWith(requests)
    const { verdict, differences } = await world.pass(10_000)
    expect(verdict).toBe('settling')
    expect(differences).toContainEqual(difference)
    if (difference.kind !== 'broker_missing' && difference.kind !== 'permission')
      expect(differences).toHaveLength(1)
  })

  test('name a broker and its topics that are missing there', async () => {
    const { world } = await peerWith([])
    world.register({ name: 'broker-b', address: 'b:1', topics: ['TopicB', 'TopicC'] })
    const { differences } = await world.pass(10_000)
    expect(differences).toContainEqual({
      kind: 'broker_missing',
      subject: 'broker-b',
      here: '0=b:1',
      there: null,
    })
    expect(differences).toContainEqual({
      kind: 'topic_missing',
      subject: 'TopicC',
      here: 'on broker-b',
      there: null,
    })
    expect(differences).toContainEqual({
      kind: 'queues',
      subject: 'TopicB on broker-b',
      here: '4 read, 4 write',
      there: null,
    })
  })

  test('name each of many topics that are missing there', async () => {
    const { world } = await peerWith([])
    const topics = Array.from({ length: 60 }, (_, number) => `Topic-${number}`)
    world.register({ name: 'broker-b', address: 'b:1', topics })
    const { differences, reason } = await world.pass(10_000)
    const missing = differences.filter(({ kind }) => kind === 'topic_missing')
    expect(missing.map(({ subject }) => subject).sort()).toEqual(topics.sort())
    expect(reason).toBe(means === 'digests' ? null : WITHOUT_DIGESTS)
  })

  test('name a difference in the configuration', async () => {
    const { world } = await peerWith([], { orderMessageEnable: 'true' })
    const { differences } = await world.pass(10_000)
    expect(differences).toEqual([
      { kind: 'config', subject: 'orderMessageEnable', here: 'false', there: 'true' },
    ])
  })

  test('are settling, then diverged since the difference was first seen, then agree again', async () => {
    const { world, client, address } = await peerWith([])
    await world.pass(10_000)
    await client.request(WIPE)
    const first = await world.pass(10_000)
    for (let round = 0; round < 6; round++) expect((await world.pass(10_000)).verdict).toBe('settling')
    const { verdict, sinceMs } = await world.pass(10_000)
    expect({ verdict, sinceMs }).toEqual({ verdict: 'diverged', sinceMs: first.sinceMs })
    await client.request({ code: 327, extFields: { brokerName: 'broker-a' } })
    expect(await world.pass(10_000)).toMatchObject({ verdict: 'agrees', differences: [] })
    const difference = 'permission TopicA on broker-a: here 6, there 4'
    expect(world.events.map(({ text }) => text)).toEqual([
      'agrees',
      `settling: ${difference}`,
      `diverged: ${difference}`,
      'agrees',
    ])
    const lines = world.lines.filter(({ msg }) => msg === 'peer verdict changed')
    expect(lines.map(({ level, verdict }) => [level, verdict])).toEqual([
      ['info', 'agrees'],
      ['info', 'settling'],
      ['warn', 'diverged'],
      ['info', 'agrees'],
    ])
    expect(lines[2]).toMatchObject({ peer: address, before: 'settling', differences: 2, difference })
  })
})

test('peers with many topics are compared in a part of the differing buckets, and the reason says so', async () => {
  const all = Array.from({ length: 40_000 }, (_, number) => `T${number}`)
  const server = await startServer()
  await requestAll(await server.connect(), [registration({ topics: all }), ORDER])
  const world = new World([`127.0.0.1:${server.port}`])
  world.register({ topics: all })
  world.register({ name: 'broker-b', address: 'b:1', topics: all.slice(0, 60) })
  const { differences, reason } = await world.pass(10_000)
  expect(reason).toMatch(/^topics of \d+ of \d+ differing buckets not compared$/)
  const [, left, differing] = /(\d+) of (\d+)/.exec(reason ?? '') ?? []
  expect(Number(differing) - Number(left)).toBe(16)
  expect(differences.length).toBeGreaterThan(16)
})

/** A peer that answers each request with these bytes. */
function peerAnswering(answer: (opaque: number, code: number) => Buffer | undefined): Promise<FakePeer> {
  return startFakePeer(({ header: { opaque, code }, socket }) => {
    const bytes = answer(opaque, code)
    if (bytes !== undefined) socket.write(bytes)
  })
}

describe('a peer', () => {
  test('is unknown until it has been compared', () => {
    const { peers } = new World(['127.0.0.1:1'])
    expect(peers.list()).toMatchObject([{ verdict: 'unknown', reason: 'not compared yet', comparedMs: null }])
  })

  test('that cannot be reached is unknown, and asked less and less often', async () => {
    const peer = await startFakePeer()
    peer.close()
    const world = new World([peer.address])
    expect(await world.pass(10_000)).toMatchObject({
      verdict: 'unknown',
      isUp: false,
      reason: expect.stringContaining('ECONNREFUSED'),
    })
    const { comparedMs } = await world.pass(20_000)
    world.advance(29_000)
    expect(world.peers.list()[0]?.comparedMs).toBe(comparedMs)
    await world.pass(1_000)
  })

  test('that does not respond is unknown after its time, and delays no other peer', async () => {
    const hanging = await startFakePeer(() => {})
    const server = await startServer()
    await requestAll(await server.connect(), [ORDER])
    const world = new World([`127.0.0.1:${server.port}`, hanging.address])
    await world.pass(10_000)
    await until('the request is sent', () => hanging.received.length === 1)
    world.advance(3_000)
    // 4.x ignores the code of the digest, so it is asked by the other requests, too.
    await until('the next request is sent', () => hanging.received.length === 2)
    world.advance(3_000)
    await until('it is given up', () => world.peers.list()[1]?.comparedMs !== null)
    expect(world.peers.list()).toMatchObject([
      { verdict: 'agrees' },
      { verdict: 'unknown', isUp: false, reason: expect.stringContaining('no response') },
    ])
  })

  test.each([
    ['bytes that are no frame', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'invalid frame'],
    ['a frame of two gigabytes', () => Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]), 'invalid frame'],
    ['a body that is no JSON', (opaque: number) => response(opaque, 0, '[{"a":'), 'expected an object'],
    ['an error', (opaque: number) => response(opaque, 1, '', 'not ready'), 'response code 1: not ready'],
  ])('that sends %s is unknown, with the reason', async (_, answer, reason) => {
    const peer = await peerAnswering(answer)
    const world = new World([peer.address])
    const state = await world.pass(10_000)
    expect(state).toMatchObject({ verdict: 'unknown', reason: expect.stringContaining(reason) })
  })

  test('that sends a digest of many megabytes is unknown, with the size', async () => {
    const body = `{"parts":{"routes":"${'0'.repeat(1_100_000)}"}}`
    const peer = await peerAnswering((opaque) => response(opaque, 0, body))
    const world = new World([peer.address])
    expect((await world.pass(10_000)).reason).toMatch(/^a response of 11\d{5} bytes, more than 1048576$/)
  })

  test('is compared alone: the next one waits, even for one that hangs', async () => {
    const hanging = await Promise.all(Array.from({ length: 5 }, () => startFakePeer()))
    const world = new World(hanging.map(({ address }) => address))
    world.advance(10_000)
    for (const [index, peer] of hanging.entries()) {
      await until('the request is sent', () => peer.received.length === 1)
      expect(hanging.map(({ received }) => received.length).slice(index + 1)).toEqual(
        hanging.slice(index + 1).map(() => 0),
      )
      world.advance(3_000)
      await until('the next request is sent', () => peer.received.length === 2)
      world.advance(3_000)
      await until('it is given up', () => world.peers.list()[index]?.comparedMs !== null)
    }
  })

  test('that shows restored routes is unknown', async () => {
    const peer = await peerAnswering((opaque) => response(opaque, 0, '{"provisional":true,"parts":{}}'))
    const { verdict, isUp, reason } = await new World([peer.address]).pass(10_000)
    expect({ verdict, isUp, reason }).toEqual({
      verdict: 'unknown',
      isUp: true,
      reason: 'the peer shows restored routes',
    })
  })

  test('keeps the time of its differences while it is unknown for a moment', async () => {
    const server = await startServer()
    const client = await server.connect()
    await requestAll(client, [registration(), ORDER, WIPE])
    let isBusy = false
    const relay = await withoutDigest(server, (code) => (isBusy && code !== 1450 ? { code: 2 } : undefined))
    const world = new World([relay.address])
    world.register()
    const { sinceMs } = await world.pass(10_000)
    isBusy = true
    expect((await world.pass(10_000)).verdict).toBe('unknown')
    isBusy = false
    await world.pass(20_000)
    for (let round = 0; round < 4; round++) await world.pass(10_000)
    expect(world.peers.list()).toMatchObject([{ verdict: 'diverged', sinceMs }])
  })

  test('whose digest lists 20,000 unknown namespaces is asked for 100 of them, and the reason says so', async () => {
    const kvNamespaces = Array.from({ length: 20_000 }, (_, at) => ({ namespace: `n${at}`, digest: 'f' }))
    const peer = await peerAnswering((opaque, code) => {
      const { groups, routes } = world.routeInfo.digest
      const parts = { groups: groups.hex, routes: routes.hex, kv: 'f', config: '' }
      const body = JSON.stringify({ parts, kvNamespaces })
      return code === 1450 ? response(opaque, 0, body) : response(opaque, 22)
    })
    const world = new World([peer.address])
    expect((await world.pass(10_000)).reason).toMatch(
      /^19901 of 20001 differing key-value namespaces not compared$/,
    )
    expect(peer.received.filter(({ header: { code } }) => code === 219)).toHaveLength(100)
  })

  test('that responds slowly to every request is unknown after 15 seconds', async () => {
    const kvNamespaces = Array.from({ length: 90 }, (_, at) => ({ namespace: `n${at}`, digest: 'f' }))
    const peer = await peerAnswering((opaque, code) => {
      world.advance(1_000)
      const { groups, routes } = world.routeInfo.digest
      const parts = { groups: groups.hex, routes: routes.hex, kv: 'f', config: '' }
      return code === 1450
        ? response(opaque, 0, JSON.stringify({ parts, kvNamespaces }))
        : response(opaque, 22)
    })
    const world = new World([peer.address])
    expect(await world.pass(10_000)).toMatchObject({
      verdict: 'unknown',
      isUp: true,
      reason: 'not compared within 15000 ms',
    })
    expect(peer.received).toHaveLength(15)
  })

  test.each([
    ['is busy', 2],
    ['does not respond in time', undefined],
  ])('with a digest that %s once is unknown, and its differences keep their time', async (_, busyCode) => {
    const server = await startServer()
    const client = await server.connect()
    await requestAll(client, [registration(), ORDER, putKVConfig('OTHER', 'key', 'value')])
    let isBusy = false
    const relay = await startFakePeer(async ({ bytes, header: { opaque }, socket }) => {
      if (isBusy) {
        if (busyCode === undefined) world.advance(3_000)
        else socket.write(response(opaque, busyCode))
        return
      }
      client.send(bytes)
      const { header, body } = await client.next()
      socket.write(frame(header, body))
    })
    const world = new World([relay.address])
    world.register()
    const { sinceMs, differences } = await world.pass(10_000)
    expect(differences).toMatchObject([{ kind: 'kv', subject: 'OTHER/key' }])
    isBusy = true
    expect((await world.pass(10_000)).verdict).toBe('unknown')
    isBusy = false
    expect(await world.pass(20_000)).toMatchObject({ verdict: 'settling', sinceMs, differences })
  })

  test('that loses the response to a lookup does not agree afterwards', async () => {
    const server = await startServer()
    const topics = Array.from({ length: 50 }, (_, at) => `Topic${at}`)
    const client = await server.connect()
    await requestAll(client, [registration({ topics }), ORDER, WIPE])
    let lookupsToLose = 0
    const relay = await withoutDigest(server, (code) =>
      code !== 1450 && lookupsToLose > 0 && lookupsToLose-- === 1 ? { code: 2 } : undefined,
    )
    const world = new World([relay.address])
    world.register({ topics })
    const { differences } = await world.pass(10_000)
    expect(differences).toHaveLength(50)
    // After 106 and 206: one of the lookups.
    lookupsToLose = 13
    expect((await world.pass(10_000)).verdict).toBe('unknown')
    expect((await world.pass(20_000)).differences).toHaveLength(50)
  })

  test('keeps its verdict if the routes here changed during the comparison, until the next one', async () => {
    const server = await startServer()
    await requestAll(await server.connect(), [registration(), ORDER])
    let arrives = false
    const relay = await withoutDigest(server, () => {
      if (arrives) world.register({ name: 'broker-b', address: 'b:1', topics: [] })
      arrives = false
      return undefined
    })
    const world = new World([relay.address])
    world.register()
    expect((await world.pass(10_000)).verdict).toBe('agrees')
    arrives = true
    expect((await world.pass(10_000)).verdict).toBe('agrees')
    expect(await world.pass(10_000)).toMatchObject({
      verdict: 'settling',
      differences: [{ kind: 'broker_missing', subject: 'broker-b' }],
    })
  })

  test('stays up while this server has too many requests of its own', async () => {
    const server = await startServer()
    await requestAll(await server.connect(), [ORDER])
    const world = new World([`127.0.0.1:${server.port}`])
    await world.pass(10_000)
    const invoke = vi.spyOn(RemotingClient.prototype, 'invoke')
    onTestFinished(() => invoke.mockRestore())
    invoke.mockRejectedValueOnce(LimitError.busy('clientAsyncSemaphoreValue', 'too many'))
    expect(await world.pass(10_000)).toMatchObject({ verdict: 'unknown', isUp: true, reason: 'too many' })
  })

  test('is compared again after an internal error', async () => {
    const server = await startServer()
    await requestAll(await server.connect(), [ORDER])
    const world = new World([`127.0.0.1:${server.port}`])
    world.failTwoEvents()
    await world.pass(10_000)
    await until('the error is logged', () => world.lines.some(({ level }) => level === 'error'))
    expect((await world.pass(20_000)).verdict).toBe('agrees')
  })

  test('with more than 100 differences shows the first ones, and they stay the same', async () => {
    const server = await startServer()
    const topics = Array.from({ length: 300 }, (_, at) => `Topic${at}`)
    await requestAll(await server.connect(), [registration({ topics }), ORDER, WIPE])
    const world = new World([(await withoutDigest(server)).address])
    world.register({ topics })
    const { differences } = await world.pass(10_000)
    expect(differences).toHaveLength(100)
    expect((await world.pass(10_000)).differences).toEqual(differences)
  })

  test('without digests is compared at 100 topics a second, and says how far that goes', async () => {
    const server = await startServer()
    const topics = Array.from({ length: 1_200 }, (_, at) => `Topic${at}`)
    await requestAll(await server.connect(), [registration({ topics }), ORDER])
    const world = new World([(await withoutDigest(server)).address])
    world.register({ topics })
    // The first comparison comes after half an interval.
    expect((await world.pass(5_000)).reason).toBe(
      `routes of 700 of 1200 topics not compared yet; ${WITHOUT_DIGESTS}`,
    )
    expect(await world.pass(10_000)).toMatchObject({ verdict: 'agrees', reason: WITHOUT_DIGESTS })
  })
})

test('the digest is counted again every ten minutes, and a wrong one is an event and an error', async () => {
  const { context, time, lines } = testContext()
  const routeInfo = new RouteInfoManager({ slicer: context.slicer, onEvent: () => {} })
  const end = recountDigest(context, routeInfo)
  time.advance(600_000)
  expect(context.events.list()).toEqual([])
  await routeInfo.read(function* ({ tables }) {
    yield
    tables.digest.changeQueues('T', undefined, { brokerName: 'b', ...topicConfig('T') })
  })
  time.advance(600_000)
  await until('it is counted', () => lines.length > 0)
  expect(lines).toMatchObject([
    { level: 'error', msg: 'route digest drifted: replaced by a recount', brokers: ['b'] },
  ])
  expect(context.events.list()).toMatchObject([{ kind: 'digest_drifted' }])
  time.advance(600_000)
  expect(lines).toHaveLength(1)
  end()
  expect(time.timers).toBe(0)
})
