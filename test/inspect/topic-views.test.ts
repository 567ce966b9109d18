import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { lookup } from '../support/requests.ts'
import { ask, plantBroker, plantCluster, startViewServer } from './view-world.ts'

describe('The list of topics', () => {
  test('is sorted, and its pages follow one another', async () => {
    const server = await startViewServer()
    await plantBroker(server.client, { name: 'broker-a' }, { d: {}, b: {}, c: {}, a: {}, B: {} })
    const first = await ask(server, 'topics?limit=2')
    expect(first.body).toEqual({ total: 5, matching: 5, topics: ['B', 'a'], next: 'a' })
    const second = await ask(server, `topics?limit=2&after=${first.body.next}`)
    expect(second.body).toMatchObject({ topics: ['b', 'c'], next: 'c' })
    const third = await ask(server, `topics?limit=2&after=${second.body.next}`)
    expect(third.body).toMatchObject({ topics: ['d'], next: null })
  })

  test('is restricted to a prefix', async () => {
    const server = await startViewServer()
    await plantBroker(server.client, { name: 'broker-a' }, { order: {}, 'order-new': {}, pay: {}, ord: {} })
    const { body } = await ask(server, 'topics?prefix=order')
    expect(body).toEqual({ total: 4, matching: 2, topics: ['order', 'order-new'], next: null })
  })

  test('has an ETag that changes with the topics and not with heartbeats', async () => {
    const server = await startViewServer()
    const { client, httpPort } = server
    const url = `http://127.0.0.1:${httpPort}/api/v1/topics`
    await plantBroker(client, { name: 'broker-a' }, { a: {}, b: {} })
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    await plantBroker(client, { name: 'broker-a' }, { a: {}, b: {} })
    const same = await fetch(url, { headers: { 'If-None-Match': etag } })
    expect([same.status, await same.text()]).toEqual([304, ''])
    await plantBroker(client, { name: 'broker-b', address: '127.0.0.1:10921' }, { c: {}, d: {} })
    const other = await fetch(url, { headers: { 'If-None-Match': etag } })
    expect([other.status, ((await other.json()) as { total: number }).total]).toEqual([200, 4])
  })
})

describe('A topic', () => {
  test('has its queues on each broker group, and what an operator changed', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'topics/Shared')
    const queues = { readQueues: 4, writeQueues: 4, perm: 6, access: 'rw', sysFlag: 0 }
    const members = expect.any(Array)
    const onBroker = {
      cluster: 'DefaultCluster',
      zone: null,
      provisional: false,
      staticQueues: null,
      members,
    }
    expect(body).toEqual({
      topic: 'Shared',
      orderConf: 'broker-a:4;broker-b:4',
      brokers: [
        { brokerName: 'broker-a', ...onBroker, ...queues, registered: null },
        { brokerName: 'broker-b', ...onBroker, ...queues, perm: 4, access: 'r', registered: queues },
      ],
      commands: expect.any(Array),
    })
  })

  test('has the members of each broker group, with the peer that registered them, and when', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'topics/Shared')
    const { port } = server.client.socket.address() as AddressInfo
    const member = { peer: `127.0.0.1:${port}`, state: 'alive', lastRegistration: expect.any(String) }
    expect(body.brokers[0].members).toMatchObject([
      { brokerId: 0, ...member },
      { brokerId: 1, ...member },
    ])
  })

  test('has the commands that change and delete it, with its name quoted', async () => {
    const server = await startViewServer()
    await plantBroker(server.client, { name: 'broker-a' }, { "it's": {}, r: { perm: 4, readQueueNums: 2 } })
    const { body } = await ask(server, "topics/it's")
    expect(body.commands).toEqual([
      {
        purpose: 'Make it read-only',
        command: String.raw`mqadmin updateTopicPerm -c DefaultCluster -t 'it'\''s' -p 4`,
      },
      {
        purpose: 'Set its queues on each broker',
        command: String.raw`mqadmin updateTopic -c DefaultCluster -t 'it'\''s' -r 4 -w 4 -p 6`,
      },
      {
        purpose: 'Delete it from brokers and NameServers',
        command: String.raw`mqadmin deleteTopic -c DefaultCluster -t 'it'\''s'`,
      },
      {
        purpose: 'Delete its route only',
        command: String.raw`mqnamesrv topic delete 'it'\''s'`,
      },
    ])
    expect((await ask(server, 'topics/r')).body.commands.slice(0, 2)).toEqual([
      {
        purpose: 'Permit reading and writing',
        command: 'mqadmin updateTopicPerm -c DefaultCluster -t r -p 6',
      },
      {
        purpose: 'Set its queues on each broker',
        command: 'mqadmin updateTopic -c DefaultCluster -t r -r 2 -w 4 -p 4',
      },
    ])
  })

  test('whose permission was wiped here has commands that keep what its brokers have', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'topics/OnlyB')
    expect(body.brokers[0].perm).toBe(4)
    expect(body.commands.slice(0, 2)).toEqual([
      { purpose: 'Make it read-only', command: 'mqadmin updateTopicPerm -c DefaultCluster -t OnlyB -p 4' },
      {
        purpose: 'Set its queues on each broker',
        command: 'mqadmin updateTopic -c DefaultCluster -t OnlyB -r 4 -w 4 -p 6',
      },
    ])
  })

  test('has no command if a reader may take its name for another', async () => {
    const server = await startViewServer()
    await plantBroker(server.client, { name: 'broker-a' }, { 'a\u202Eb': {}, c: {} })
    expect((await ask(server, 'topics/a%E2%80%AEb')).body.commands).toEqual([])
  })

  test('has its mapping if it is static', async () => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const { body } = await ask(server, 'topics/Static')
    expect(body.brokers[0].staticQueues).toEqual({
      totalQueues: 8,
      queues: 2,
      epoch: 3,
      scope: '__global__',
    })
  })

  test('that is unknown gets 404 and the path that explains it', async () => {
    const { status, body } = await ask(await startViewServer(), 'topics/no%20topic')
    expect(status).toBe(404)
    expect(body.error.message).toBe('no topic "no topic"; /api/v1/explain?topic=no%20topic says why')
  })
})

describe('The route of a topic', () => {
  test.each([
    ['', 513, {}],
    ['?version=400', 400, {}],
    ['?version=4.9.3', 399, {}],
    ['?dialect=legacy', 400, {}],
    ['?version=1&dialect=standard', 1, { acceptStandardJsonOnly: 'true' }],
    ['?zone=z1', 513, { __ZONE_MODE: 'true', __ZONE_NAME: 'z1' }],
  ])('asked for as %j is byte for byte what such a client gets', async (query, version, extFields) => {
    const server = await startViewServer()
    await plantCluster(server.client)
    const request = lookup('Shared')
    const response = await server.client.request({
      ...request,
      version,
      extFields: { ...request.extFields, ...extFields },
    })
    const { body } = await ask(server, `topics/Shared/route${query}`)
    expect(body).toMatchObject({ topic: 'Shared', version, code: 0, remark: null })
    expect(body.body).toBe(response.body.toString())
    expect(body.route).toMatchObject({ queueDatas: expect.any(Array), brokerDatas: expect.any(Array) })
  })

  test('is the same JSON in both dialects, whatever its names look like', async () => {
    const server = await startViewServer()
    await plantBroker(server.client, { name: '{1:2,3:4}', address: 'x,5:6' }, { t: {}, u: {} })
    const standard = await ask(server, 'topics/t/route')
    const legacy = await ask(server, 'topics/t/route?dialect=legacy')
    expect(legacy.body.body).not.toBe(standard.body.body)
    expect(legacy.body.route).toEqual(standard.body.route)
    expect(legacy.body.route.brokerDatas[0]).toMatchObject({
      brokerName: '{1:2,3:4}',
      brokerAddrs: { 0: 'x,5:6' },
    })
  })

  test('that does not exist has the code and the remark of the response', async () => {
    const server = await startViewServer()
    const { status, body } = await ask(server, 'topics/none/route')
    expect(status).toBe(200)
    expect(body).toMatchObject({ code: 17, body: null, route: null })
    expect(body.remark).toContain('No topic route info in name server for the topic: none')
  })

  test('is rejected while clients are told to wait', async () => {
    const server = await startViewServer({ needWaitForService: 'true' })
    await plantCluster(server.client)
    const { body } = await ask(server, 'topics/Shared/route')
    expect(body).toMatchObject({ code: 1, remark: 'name server not ready' })
  })

  test.each([
    ['dialect=other', 'dialect="other" is not one of standard, legacy'],
    ['dialect=legacy&version=4.9.4', 'dialect=legacy needs a version before 4.9.4'],
    ['version=9.9.9', 'version="9.9.9" is not a release'],
    ['version=x', 'version="x" is not a number from 0 to 2147483647'],
  ])('asked for with %s gets 400', async (query, message) => {
    const { status, body } = await ask(await startViewServer(), `topics/t/route?${query}`)
    expect([status, body.error.message]).toEqual([400, message])
  })
})
