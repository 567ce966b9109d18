import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'
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

describe('a server that stood still for ten minutes', () => {
  test('takes nobody for silent and closes no connection, and says once how long it was', async () => {
    const server = await startServer({ serverChannelMaxIdleTimeSeconds: '30' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 10_000 }))
    server.time.standStill(TEN_MINUTES_MS)
    server.time.advance(8_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    expect(await codeOf(broker, 'TopicA')).toBe(SUCCESS)
    const said = server.lines.filter(({ msg }) => msg.startsWith('process paused'))
    expect(said).toMatchObject([{ level: 'warn', pausedMs: TEN_MINUTES_MS - 1_000 }])
  })

  test('takes those for dead that stay silent for what was left of their time', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '1000' })
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration({ ...BROKER_A, heartbeatTimeoutMs: 10_000 }))
    server.time.advance(4_000)
    server.time.standStill(TEN_MINUTES_MS)
    // A second of it counts, so 5,000 ms of silence are over.
    server.time.advance(5_000)
    expect(await codeOf(client, 'TopicA')).toBe(SUCCESS)
    server.time.advance(1_000)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })

  test('gives brokers whose connections it finds closed a round to register again', async () => {
    const server = await startServer({ scanNotActiveBrokerInterval: '1000' })
    const [back, dead, client] = [await server.connect(), await server.connect(), await server.connect()]
    await back.request(registration(BROKER_A))
    await dead.request(registration(BROKER_B))
    server.time.standStill(TEN_MINUTES_MS)
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

  test('takes a connection that is lost afterwards for what it is', async () => {
    const server = await startServer()
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration(BROKER_A))
    server.time.standStill(TEN_MINUTES_MS)
    server.time.advance(5_000)
    await lose(server, broker)
    expect(await codeOf(client, 'TopicA')).toBe(TOPIC_NOT_EXIST)
  })
})
