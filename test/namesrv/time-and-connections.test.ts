import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const BROKER_A = { name: 'broker-a', address: '127.0.0.1:10911', topics: ['TopicA', 'TopicA2'] }
const BROKER_B = { name: 'broker-b', address: '127.0.0.1:20911', topics: ['TopicB', 'TopicB2'] }
const SUCCESS = 0
const TOPIC_NOT_EXIST = 17

async function lookupCode(client: RawClient, topic: string): Promise<number> {
  return headerOf(await client.request(lookup(topic))).code
}

function connectionClosed({ lines }: TestServer, peer: string): Promise<void> {
  const isIt = (line: TestServer['lines'][number]) =>
    line.msg === 'connection closed' && line['peer'] === peer
  return until(`the server has seen ${peer} leave`, () => lines.some(isIt))
}

describe('a broker whose heartbeats stop', () => {
  test('is still listed exactly at its heartbeat timeout; one millisecond later it is evicted and its connection closed', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '10000' })
    const [atTimeout, pastTimeout, client] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ]
    await atTimeout.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 10_000 }))
    await pastTimeout.request(registration({ ...BROKER_B, heartbeatTimeoutMs: 9_999 }))

    server.time.advance(9_999)
    expect(await lookupCode(client, 'TopicB')).toBe(SUCCESS)
    server.time.advance(1)
    expect(await lookupCode(client, 'TopicB')).toBe(TOPIC_NOT_EXIST)
    expect(await lookupCode(client, 'TopicA')).toBe(SUCCESS)
    await pastTimeout.closed
    expect(await lookupCode(atTimeout, 'TopicA')).toBe(SUCCESS)

    server.time.advance(10_000)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    await atTimeout.closed
    const evictions = server.lines.filter(({ msg }) => msg.startsWith('broker expired'))
    expect(evictions.map((line) => line['brokerName'])).toEqual(['broker-b', 'broker-a'])
  })

  test('expires after two minutes if it registers without a timeout of its own', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '0' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration(BROKER_A))
    server.time.advance(120_000)
    expect(await lookupCode(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(10_000)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    await broker.closed
  })

  test('stays as long as it registers again or sends heartbeats', async () => {
    const server = await startServer()
    const [broker, client] = [await server.connect(), await server.connect()]
    const request = registration({ ...BROKER_A, heartbeatTimeoutMs: 15_000 })
    const { clusterName = '', brokerAddr = '', brokerName = '' } = request.extFields ?? {}
    await broker.request(request)
    for (let round = 0; round < 6; round++) {
      server.time.advance(15_000)
      expect(await lookupCode(client, 'TopicA')).toBe(SUCCESS)
      await broker.request(
        round % 2 === 0 ? request : { code: 904, extFields: { clusterName, brokerAddr, brokerName } },
      )
    }
    server.time.advance(25_000)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })
})

describe('an idle connection', () => {
  test('is closed after serverChannelMaxIdleTimeSeconds, and its broker is removed; one with traffic stays open', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '30' })
    const [idle, busy] = [await server.connect(), await server.connect()]
    await idle.request(registration(BROKER_A))
    server.time.advance(29_000)
    expect(await lookupCode(busy, 'TopicA')).toBe(SUCCESS)
    server.time.advance(1_000)
    await idle.closed
    await connectionClosed(server, idle.address)
    expect(await lookupCode(busy, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    server.time.advance(29_000)
    expect(await lookupCode(busy, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    server.time.advance(30_000)
    await busy.closed
  })

  test('is closed even if it never sent anything', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '1' })
    const silent = await server.connect()
    const other = await server.connect()
    // Connections are accepted in order: a response on the second means that the server has the first.
    await lookupCode(other, 'TopicA')
    server.time.advance(1_000)
    await silent.closed
  })

  test.each(['sent nothing', 'sent its first request since', 'sent something before'])(
    'that has %s keeps the limit that was in effect when it was accepted',
    async (what) => {
      const server = await startServer({ serverChannelMaxIdleTimeSeconds: '30' })
      const [client, admin] = [await server.connect(), await server.connect()]
      if (what === 'sent something before') await lookupCode(client, 'TopicA')
      const update = { code: 318, body: 'serverChannelMaxIdleTimeSeconds=1' }
      expect(headerOf(await admin.request(update)).code).toBe(SUCCESS)
      if (what === 'sent its first request since') await lookupCode(client, 'TopicA')
      let isClosed = false
      void client.closed.then(() => {
        isClosed = true
      })
      const later = await server.connect()
      await lookupCode(later, 'TopicA')
      server.time.advance(29_000)
      await later.closed
      expect(await lookupCode(admin, 'TopicA')).toBe(TOPIC_NOT_EXIST)
      expect(isClosed).toBe(false)
      server.time.advance(1_000)
      await client.closed
    },
  )

  test('is never closed if the limit is 0', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '0' })
    const client = await server.connect()
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    server.time.advance(3_600_000)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })
})

describe('a lost connection', () => {
  test.each(['ends', 'is reset'])('that %s removes all its brokers at once, and no others', async (how) => {
    const server = await startServer()
    const [lost, kept, client] = [await server.connect(), await server.connect(), await server.connect()]
    await lost.request(registration(BROKER_A))
    await lost.request(registration({ ...BROKER_A, id: 1, address: '127.0.0.1:10921' }))
    await lost.request(registration(BROKER_B))
    await kept.request(registration({ name: 'broker-c', address: '127.0.0.1:30911', topics: ['C1', 'C2'] }))
    const { address } = lost
    if (how === 'ends') lost.socket.end()
    else lost.socket.resetAndDestroy()
    await connectionClosed(server, address)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    expect(await lookupCode(client, 'TopicB')).toBe(TOPIC_NOT_EXIST)
    expect(await lookupCode(client, 'C1')).toBe(SUCCESS)
    const cluster = JSON.parse(
      `${(await client.request({ code: 106 })).body.toString().replaceAll('{0:', '{"0":')}`,
    )
    expect(Object.keys(cluster.brokerAddrTable)).toEqual(['broker-c'])
    expect(cluster.clusterAddrTable).toEqual({ DefaultCluster: ['broker-c'] })
  })

  test('does not remove a broker that has registered over a new connection since', async () => {
    const server = await startServer()
    const [old, renewed, client] = [await server.connect(), await server.connect(), await server.connect()]
    await old.request(registration(BROKER_A))
    await renewed.request(registration(BROKER_A))
    const { address } = old
    old.socket.destroy()
    await connectionClosed(server, address)
    expect(await lookupCode(client, 'TopicA')).toBe(SUCCESS)
    const newAddress = renewed.address
    renewed.socket.destroy()
    await connectionClosed(server, newAddress)
    expect(await lookupCode(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })
})
