import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const BROKER_A = { name: 'broker-a', address: '127.0.0.1:10911', topics: ['TopicA', 'A2'] }
const BROKER_B = { name: 'broker-b', address: '127.0.0.1:20911', topics: ['TopicB', 'B2'] }
const SUCCESS = 0
const TOPIC_NOT_EXIST = 17
const TEN_MINUTES_MS = 600_000

async function codeOf(client: RawClient, topic: string): Promise<number> {
  return headerOf(await client.request(lookup(topic))).code as number
}

async function lose(server: TestServer, client: RawClient): Promise<void> {
  const { address } = client
  client.socket.destroy()
  await until(`the server has seen ${address} leave`, () =>
    server.lines.some(({ msg, peer }) => msg === 'connection closed' && peer === address),
  )
  // Brokers of a closed connection leave in the next turn.
  await new Promise(setImmediate)
}

describe('a server that was paused for ten minutes', () => {
  test('evicts no broker, closes no connection, and logs once how long the pause was', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '30' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 10_000 }))
    server.time.pause(TEN_MINUTES_MS)
    server.time.advance(8_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    expect(await codeOf(broker, 'TopicA')).toBe(SUCCESS)
    const said = server.lines.filter(({ msg }) => msg.startsWith('process paused'))
    expect(said).toMatchObject([{ level: 'warn', pausedMs: TEN_MINUTES_MS - 1_000 }])
    expect(server.controller.counters.pauses).toBe(1)
  })

  test('evicts a broker that stays inactive for what was left of its timeout', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '1000' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 10_000 }))
    server.time.advance(4_000)
    server.time.pause(TEN_MINUTES_MS)
    // A second of the pause counts: 5,000 ms of the timeout are over.
    server.time.advance(5_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(1_000)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })

  test('evicts it as soon after several pauses, of which each counts for a second', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '1000' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 10_000 }))
    for (let pause = 0; pause < 3; pause++) {
      server.time.pause(TEN_MINUTES_MS)
      server.time.advance(1_000)
    }
    server.time.advance(4_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(1_000)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    expect(server.controller.counters.pauses).toBe(3)
  })

  test('extends short heartbeat timeouts although the scanner runs rarely', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '10000' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 3_000 }))
    server.time.advance(9_000)
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 3_000 }))
    server.time.pause(5_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
  })

  test('closes a connection that stays idle for what was left of its time', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '30' })
    const [idle, client] = [await server.connect(), await server.connect()]
    expect(await codeOf(idle, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    server.time.advance(20_000)
    server.time.pause(TEN_MINUTES_MS)
    // A second of the pause counts: 21 seconds of the idle time are over.
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
    server.time.advance(8_999)
    expect(server.lines.filter(({ msg }) => msg.includes('idle'))).toEqual([])
    server.time.advance(1_000)
    await idle.closed
  })

  test('gives brokers whose connections it finds closed a round to register again', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '1000' })
    const [back, dead, client] = [await server.connect(), await server.connect(), await server.connect()]
    await back.request(registration(BROKER_A))
    await dead.request(registration(BROKER_B))
    server.time.pause(TEN_MINUTES_MS)
    await lose(server, back)
    await lose(server, dead)
    server.time.advance(29_000)
    expect([await codeOf(client, 'TopicA'), await codeOf(client, 'TopicB')]).toEqual([SUCCESS, SUCCESS])
    const again = await server.connect()
    await again.request(registration(BROKER_A))
    server.time.advance(1_000)
    expect([await codeOf(client, 'TopicA'), await codeOf(client, 'TopicB')]).toEqual([
      SUCCESS,
      TOPIC_NOT_EXIST,
    ])
  })

  test('gives them that round also if closed connections are read before any timer has run', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '1000' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration(BROKER_A))
    server.time.holdUp(TEN_MINUTES_MS)
    await lose(server, broker)
    server.time.advance(29_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(2_000)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })

  test('removes the brokers of a connection that is lost later at once', async () => {
    const server = await startServer()
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration(BROKER_A))
    server.time.pause(TEN_MINUTES_MS)
    server.time.advance(5_000)
    await lose(server, broker)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })

  test('extends the grace period of the route snapshot', async () => {
    const folder = join(temporaryFolder(), 'namesrv')
    mkdirSync(folder)
    const properties = {
      routeSnapshotPath: join(folder, 'routes.snapshot'),
      routeSnapshotGraceMillis: '60000',
    }
    const before = await startServer(properties)
    await (await before.connect()).request(registration(BROKER_A))
    await before.controller.shutdown()
    const server = await startServer({ ...properties, serverChannelMaxIdleTimeSeconds: '0' })
    const client = await server.connect()
    server.time.advance(50_000)
    server.time.pause(TEN_MINUTES_MS)
    server.time.advance(8_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(2_000)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })
})
