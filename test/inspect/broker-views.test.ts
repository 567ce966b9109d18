import { describe, expect, test } from 'vitest'
import { headerOf } from '../support/raw-client.ts'
import { registration, unregistration } from '../support/requests.ts'
import { temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'
import { ask, plantBroker, plantCluster, startViewServer } from './view-world.ts'

/** Queues without write permission, as a broker registered them. */
const WIPED = { readQueues: 4, writeQueues: 4, perm: 4, access: 'r', sysFlag: 0, provisional: false }

test('A broker group that a rejected registration left without members is in no view, finding or metric', async () => {
  const server = await startViewServer()
  const first = registration({ name: 'ghost', topics: ['TopicA'] })
  expect(headerOf(await server.client.request(first)).code).toBe(1)
  const listed = await server.client.request({ code: 106 })
  expect(`${listed.body}`).toContain('ghost')
  expect((await ask(server, 'brokers')).body).toMatchObject({ total: 0, brokers: [] })
  expect((await ask(server, 'clusters')).body).toMatchObject({ total: 0, clusters: [] })
  const { controller, httpPort } = server
  const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
  expect(metrics).not.toMatch(/broker_groups\{/)
  expect(controller.counters).toMatchObject({ registrationsRead: 0, registrationsRejected: 1 })
  await plantCluster(server.client)
  expect((await ask(server, 'clusters')).body.clusters).toMatchObject([
    { brokerGroups: { names: ['broker-a', 'broker-b'] }, groupsWithoutMaster: { names: [] } },
  ])
})

describe('A broker group', () => {
  test('has its members with their addresses, versions and heartbeats', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    server.time.advance(1_000)
    const { body } = await ask(server, 'brokers?prefix=broker-a')
    const member = {
      state: 'alive',
      heartbeatAgeMs: 1_000,
      heartbeatTimeoutMs: 120_000,
      lastRegistration: expect.stringMatching(/^\d{4}-.*Z$/),
      language: 'JAVA',
      version: 513,
      versionName: 'V5_5_0',
      registeredTopics: 2,
      haServerAddress: '127.0.0.1:10912',
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      announcesOwnAddress: true,
    }
    expect(body).toMatchObject({ total: 2, matching: 1, next: null })
    expect(body.brokers).toEqual([
      {
        brokerName: 'broker-a',
        clusters: ['DefaultCluster'],
        zone: null,
        enableActingMaster: true,
        provisional: false,
        topics: 2,
        needsAttention: false,
        members: [
          { brokerId: 0, address: '127.0.0.1:10911', ...member },
          { brokerId: 1, address: '127.0.0.1:10921', ...member },
        ],
      },
    ])
  })

  test('that needs attention comes first in the order that is named so, on all pages together', async () => {
    const server = await startViewServer()
    const healthy = Array.from({ length: 5 }, (_, index) => ({
      name: `broker-${index}`,
      address: `127.0.0.1:${10_000 + index}`,
    }))
    for (const broker of [
      ...healthy,
      { name: 'without-master', address: '127.0.0.1:10011', id: 1 },
      { name: 'wrong-address', address: '10.0.0.2:10911' },
    ])
      await server.client.request(registration(broker))
    const listed: [string, boolean][] = []
    let after = ''
    for (;;) {
      const { body } = await ask(server, `brokers?sort=attention&limit=3${after}`)
      for (const { brokerName, needsAttention } of body.brokers) listed.push([brokerName, needsAttention])
      expect(body.matching).toBe(7)
      if (body.next === null) break
      after = `&after=${encodeURIComponent(body.next)}`
    }
    expect(listed).toEqual([
      ['without-master', true],
      ['wrong-address', true],
      ...healthy.map(({ name }) => [name, false]),
    ])
    // Half of the timeout of the heartbeat passes for all but one.
    server.time.advance(70_000)
    await server.client.request(registration(healthy[0]))
    const { body } = await ask(server, 'brokers?sort=attention&prefix=broker-')
    expect(body.brokers.map(({ brokerName }: { brokerName: string }) => brokerName)).toEqual([
      'broker-1',
      'broker-2',
      'broker-3',
      'broker-4',
      'broker-0',
    ])
    expect((await ask(server, 'brokers?sort=state')).body.error.message).toContain(
      'sort="state" is not one of',
    )
  })

  test.each([
    ['127.0.0.1:10911', true],
    ['10.0.0.2:10911', false],
    ['broker.example:10911', null],
    ['[::1]:10911', false],
  ])('announcing %s over a loopback connection: its own address is %s', async (address, expected) => {
    const server = await startViewServer()
    await plantBroker(server.client, { name: 'broker-a', address }, { a: {}, b: {} })
    const { body } = await ask(server, 'brokers')
    expect(body.brokers[0].members[0].announcesOwnAddress).toBe(expected)
  })

  test('has members without heartbeats for half of their timeout and five seconds as late', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    server.time.advance(65_000)
    const stateOf = async () => (await ask(server, 'brokers/broker-a')).body.members[0].state
    expect(await stateOf()).toBe('alive')
    server.time.advance(1)
    expect(await stateOf()).toBe('late')
  })

  test('has members that are late and unreachable as suspected', async () => {
    const server = await startViewServer({ brokerProbe: 'true' })
    // Nothing listens at port 1.
    await plantBroker(server.client, { name: 'broker-a', address: '127.0.0.1:1' }, { a: {}, b: {} })
    server.time.advance(80_000)
    await until('the broker is suspected', () => server.controller.counters.brokersSuspected === 1)
    const { body } = await ask(server, 'brokers/broker-a')
    expect(body.members[0].state).toBe('suspected')
  })

  test('has an id beyond 2^53 as a string', async () => {
    const server = await startViewServer()
    await plantBroker(server.client, {}, { a: {}, b: {} }, { brokerId: '9007199254740993' })
    const { body } = await ask(server, 'brokers')
    expect(body.brokers[0].members[0].brokerId).toBe('9007199254740993')
  })

  test('is listed with both clusters if its name is used in two', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const elsewhere = { name: 'broker-a', address: '127.0.0.1:10931', id: 2 }
    await plantBroker(server.client, elsewhere, { x: {}, y: {} }, { clusterName: 'Other' })
    const { body } = await ask(server, 'brokers?cluster=Other')
    expect(body).toMatchObject({ total: 2, matching: 1 })
    expect(body.brokers[0]).toMatchObject({ brokerName: 'broker-a', clusters: ['DefaultCluster', 'Other'] })
  })

  test('that is unknown gets 404 and the path that explains it', async () => {
    const { status, body } = await ask(await startViewServer(), 'brokers/none')
    expect(status).toBe(404)
    expect(body.error.message).toBe('no broker group "none"; /api/v1/explain?broker=none says why')
  })
})

test('The departures are those of brokers that are gone, the most recent first, however much happened since', async () => {
  const server = await startViewServer()
  const { client, controller } = server
  await plantCluster(client)
  const slave = { name: 'broker-a', address: '127.0.0.1:10921', id: 1 }
  const lost = await server.connect()
  await plantBroker(lost, { name: 'broker-c', address: '127.0.0.1:10941' }, { a: {}, b: {} })
  await client.request(unregistration(slave))
  server.time.advance(1_000)
  lost.socket.destroy()
  await until('the broker is lost', () => controller.counters.brokersLost === 1)
  for (let n = 0; n < 4_096; n++) controller.events.add('kv_changed', 'n/k', 'put')
  const { body } = await ask(server, 'departures')
  const broker = { cluster: 'DefaultCluster', peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }
  expect(body).toEqual({
    total: 2,
    departures: [
      {
        ...broker,
        brokerName: 'broker-c',
        brokerId: 0,
        address: '127.0.0.1:10941',
        cause: 'connection lost',
        text: 'lost its connection to this server (killed, crashed or network failure)',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      },
      {
        ...broker,
        brokerName: 'broker-a',
        brokerId: 1,
        address: '127.0.0.1:10921',
        cause: 'request',
        text: 'unregistered by its own request, as a broker does that is stopped',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ],
  })
  expect(Date.parse(body.departures[0].time) - Date.parse(body.departures[1].time)).toBeGreaterThanOrEqual(
    999,
  )
  expect((await ask(server, 'departures?limit=1')).body).toMatchObject({
    total: 2,
    departures: [{ brokerName: 'broker-c' }],
  })

  // With another address, too, the id is there again.
  await plantBroker(client, { ...slave, address: '127.0.0.1:10951' }, { x: {}, y: {} })
  expect((await ask(server, 'departures')).body).toMatchObject({
    total: 1,
    departures: [{ brokerName: 'broker-c' }],
  })
})

describe('The topics of a broker group', () => {
  test('have their queues there, and how many other groups have them', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-b/topics')
    expect(body).toMatchObject({ total: 3, matching: 3, next: null })
    expect(body.topics).toEqual([
      { topic: 'OnlyB', ...WIPED, otherBrokers: 0 },
      { topic: 'Shared', ...WIPED, otherBrokers: 1 },
      { topic: 'Static', ...WIPED, otherBrokers: 0 },
    ])
  })

  test('come in pages, and by prefix', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-b/topics?prefix=S&limit=1')
    expect(body).toMatchObject({ total: 3, matching: 2, topics: [{ topic: 'Shared' }], next: 'Shared' })
    const last = await ask(server, 'brokers/broker-b/topics?prefix=S&limit=1&after=Shared')
    expect(last.body).toMatchObject({ matching: 2, topics: [{ topic: 'Static' }], next: null })
  })

  test('of an unknown group are not found', async () => {
    const server = await startViewServer()
    expect(await ask(server, 'brokers/none/topics')).toMatchObject({ status: 404 })
  })
})

test('The commands for a broker group name it in quotes, and there are none if its name cannot be shown', async () => {
  const server = await startViewServer()
  for (const name of ["it's", 'hid\u200bden'])
    await plantBroker(server.client, { name, address: `${name.length}.0.0.1:1` }, { a: {}, b: {} })
  const commandsOf = async (name: string) =>
    (await ask(server, `brokers/${encodeURIComponent(name)}`)).body.commands.map(
      ({ command }: { command: string }) => command,
    )
  expect(await commandsOf("it's")).toEqual([
    "mqnamesrv broker wipe-write 'it'\\''s'",
    "mqnamesrv broker restore-write 'it'\\''s'",
  ])
  expect(await commandsOf('hid\u200bden')).toEqual([])
})

describe('The impact of a broker group', () => {
  const none = { total: 0, names: [] }
  const one = (name: string) => ({ total: 1, names: [name] })

  test('is what clients lose with it', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-a')
    expect(body.impact).toEqual({
      stops: ['127.0.0.1:10911', '127.0.0.1:10921'],
      losesMaster: true,
      // broker-b has Shared too, but no permission to write.
      lastWritable: { total: 2, names: ['Shared', 'OnlyA'] },
      lastReadable: one('OnlyA'),
      provisionalElsewhere: none,
      orderedTopics: one('Shared'),
      staticTopics: none,
    })
  })

  test('of which an operator took the write permission has no last writable topic', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-b')
    expect(body.impact).toMatchObject({
      lastWritable: none,
      lastReadable: { total: 2, names: ['OnlyB', 'Static'] },
      staticTopics: one('Static'),
    })
  })

  test('of its master alone leaves its topics readable', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-a?address=127.0.0.1:10911')
    expect(body.impact).toMatchObject({ stops: ['127.0.0.1:10911'], losesMaster: true, lastReadable: none })
    expect(body.impact.lastWritable.total).toBe(2)
  })

  test('of a slave alone is nothing while the master is there', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-a?address=127.0.0.1:10921')
    expect(body.impact).toMatchObject({ losesMaster: false, lastWritable: none, lastReadable: none })
  })

  test('of the last slave is what can only be read there', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    await server.client.request(unregistration({ name: 'broker-a', address: '127.0.0.1:10911' }))
    const { body } = await ask(server, 'brokers/broker-a')
    expect(body.impact).toMatchObject({ losesMaster: false, lastWritable: none, lastReadable: one('OnlyA') })
  })

  test('has the first names of each list, and their total', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'brokers/broker-b?limit=1')
    expect(body.impact.lastReadable).toEqual({ total: 2, names: ['OnlyB'] })
  })

  test('of an address that is no member gets 404', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { status, body } = await ask(server, 'brokers/broker-a?address=x:1')
    expect(status).toBe(404)
    expect(body.error.message).toBe('no member "x:1" of broker group "broker-a"')
  })
})

test('After a restart, the impact of a broker does not count on brokers that have not registered again', async () => {
  const routeSnapshotPath = `${temporaryFolder()}/routes`
  const before = await startViewServer({ routeSnapshotPath })
  await plantCluster(before.client)
  before.client.socket.destroy()
  await before.controller.shutdown()

  const after = await startViewServer({ routeSnapshotPath })
  const brokerB = { name: 'broker-b', address: '10.0.0.2:10911' }
  await plantBroker(after.client, brokerB, { Shared: {}, OnlyB: {}, Static: {} })
  const all = { total: 3, names: expect.arrayContaining(['Shared', 'OnlyB', 'Static']) }
  const shared = { total: 1, names: ['Shared'] }
  expect((await ask(after, 'brokers/broker-b')).body.impact).toMatchObject({
    lastWritable: all,
    lastReadable: all,
    provisionalElsewhere: shared,
  })

  await plantBroker(after.client, { name: 'broker-a', address: '127.0.0.1:10911' }, { Shared: {}, OnlyA: {} })
  const none = { total: 0, names: [] }
  expect((await ask(after, 'brokers/broker-b')).body.impact).toMatchObject({
    lastWritable: { total: 2 },
    provisionalElsewhere: none,
  })
})

test('clusters are listed with their groups, members and topics', async () => {
  const server = await startViewServer()
  await plantCluster(server.client)
  await plantBroker(
    server.client,
    { name: 'c', address: '127.0.0.1:1', id: 1 },
    { z: {}, y: {} },
    { clusterName: 'A' },
  )
  const { body } = await ask(server, 'clusters')
  expect(body).toEqual({
    total: 2,
    matching: 2,
    clusters: [
      {
        cluster: 'A',
        brokerGroups: { total: 1, names: ['c'] },
        members: 1,
        provisionalMembers: 0,
        groupsWithoutMaster: { total: 1, names: ['c'] },
        // A slave's topics do not count.
        topics: 0,
      },
      {
        cluster: 'DefaultCluster',
        brokerGroups: { total: 2, names: ['broker-a', 'broker-b'] },
        members: 3,
        provisionalMembers: 0,
        groupsWithoutMaster: { total: 0, names: [] },
        topics: 4,
      },
    ],
    next: null,
  })
})

test('after a restart, groups and queues are provisional until their brokers register', async () => {
  const routeSnapshotPath = `${temporaryFolder()}/routes`
  const before = await startViewServer({ routeSnapshotPath })
  await plantCluster(before.client)
  before.client.socket.destroy()
  await before.controller.shutdown()

  const after = await startViewServer({ routeSnapshotPath })
  const restored = await ask(after, 'brokers/broker-b')
  expect(restored.body).toMatchObject({ provisional: true, topics: 3 })
  expect(restored.body.members[0]).toMatchObject({ state: 'provisional', heartbeatAgeMs: null })
  expect((await ask(after, 'topics/OnlyB')).body.brokers[0].provisional).toBe(true)
  expect((await ask(after, 'clusters')).body.clusters[0].provisionalMembers).toBe(3)

  await plantBroker(after.client, { name: 'broker-b', address: '10.0.0.2:10911' }, { Shared: {}, OnlyB: {} })
  const returned = await ask(after, 'brokers/broker-b')
  expect(returned.body).toMatchObject({ provisional: false })
  expect((await ask(after, 'topics/OnlyB')).body.brokers[0].provisional).toBe(false)
})
