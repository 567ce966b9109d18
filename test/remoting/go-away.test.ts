import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { headerOf, type RawClient, type Request, requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

/** MQVersion: of 5.3.1, the last that does not understand it, and the one after. */
const V5_3_1 = 475
const V5_3_2 = 477
const GO_AWAY = { code: 1500, remark: 'please go away' }

interface Leaving extends TestServer {
  readonly client: RawClient
  readonly broker: RawClient
  readonly isDown: () => boolean
  readonly down: Promise<void>
}

/** A server with a broker and a client that is shutting down and waits for them to go. */
async function startLeaving(properties: Readonly<Record<string, string>> = {}): Promise<Leaving> {
  const server = await startServer({
    enableShutdownGracefully: 'true',
    shutdownWaitTimeSeconds: '30',
    ...properties,
  })
  const [client, broker] = [await server.connect(), await server.connect()]
  await broker.request(registration())
  await client.request(lookup('TopicA'))
  let over = false
  const down = server.controller.shutdown().then(() => {
    over = true
  })
  return { ...server, client, broker, down, isDown: () => over }
}

async function answerTo(client: RawClient, request: Request) {
  const { code, remark } = headerOf(await client.request(request))
  return { code, remark }
}

describe('a server that shuts down gracefully', () => {
  test.each([
    ['a lookup', lookup('TopicA')],
    ['a registration', registration({ name: 'broker-b', address: '127.0.0.1:9' })],
    ['a code nobody knows', { code: 9_999 }],
  ])('tells whoever is newer than 5.3.1 to go away: %s', async (_, request) => {
    const { client } = await startLeaving()
    expect(await answerTo(client, { ...request, version: V5_3_2 })).toEqual(GO_AWAY)
  })

  test('serves all other clients', async () => {
    const { client } = await startLeaving()
    for (const version of [V5_3_1, 401, 0, -1]) {
      expect((await answerTo(client, { ...lookup('TopicA'), version })).code).toBe(0)
    }
    const other = registration({ name: 'broker-b', address: '127.0.0.1:9', topics: ['T1', 'T2'] })
    expect((await answerTo(client, { ...other, version: V5_3_1 })).code).toBe(0)
    expect((await answerTo(client, { ...lookup('T1'), version: V5_3_1 })).code).toBe(0)
  })

  test('carries out no request that gets GO_AWAY, and responds to no oneway request', async () => {
    const { client } = await startLeaving()
    const body = { ...registration({ name: 'broker-b', topics: ['T1', 'T2'] }), flag: 2, opaque: 5 }
    client.send(requestFrame(body))
    const { code, opaque } = headerOf(await client.request({ ...lookup('T1'), version: V5_3_1, opaque: 6 }))
    expect([code, opaque]).toEqual([17, 6])
  })

  test('serves clients that connect meanwhile, also those that come back after GO_AWAY', async () => {
    const { client, connect: connectAgain } = await startLeaving()
    expect(await answerTo(client, { ...lookup('TopicA'), version: V5_3_2 })).toEqual(GO_AWAY)
    const again = await connectAgain()
    expect((await answerTo(again, { ...lookup('TopicA'), version: V5_3_2 })).code).toBe(0)
    const other = registration({ name: 'broker-b', address: '127.0.0.1:9', topics: ['T1', 'T2'] })
    expect((await answerTo(again, { ...other, version: V5_3_2 })).code).toBe(0)
    expect((await answerTo(again, { ...lookup('T1'), version: V5_3_2 })).code).toBe(0)
    expect(await answerTo(client, { ...lookup('T1'), version: V5_3_2 })).toEqual(GO_AWAY)
  })

  test('keeps the routes to brokers that leave or become inactive', async () => {
    const { client, broker, time, lines } = await startLeaving({
      shutdownWaitTimeSeconds: '500',
      serverChannelMaxIdleTimeSeconds: '0',
    })
    const peer = broker.address
    broker.socket.end()
    await until('the server has seen the broker leave', () =>
      lines.some((line) => line.msg === 'connection closed' && line['peer'] === peer),
    )
    expect((await answerTo(client, { ...lookup('TopicA'), version: V5_3_1 })).code).toBe(0)
    time.advance(300_000)
    expect((await answerTo(client, { ...lookup('TopicA'), version: V5_3_1 })).code).toBe(0)
  })

  test('is down as soon as the connections that were open before have closed, whatever has connected since', async () => {
    const { client, broker, down, time, isDown, port, connect: connectAgain } = await startLeaving()
    const later = await connectAgain()
    await later.request(lookup('TopicA'))
    client.socket.end()
    await client.closed
    await later.request(lookup('TopicA'))
    expect(isDown()).toBe(false)
    broker.socket.end()
    await down
    await later.closed
    expect(time.timers).toBe(0)
    const [error] = await once(connect(port, '127.0.0.1'), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('waits for a connection that had sent nothing before the signal, and sends GO_AWAY to its first request', async () => {
    const server = await startServer({ enableShutdownGracefully: 'true' })
    const [quiet, other] = [await server.connect(), await server.connect()]
    await other.request(lookup('TopicA'))
    let isDown = false
    const down = server.controller.shutdown().then(() => {
      isDown = true
    })
    other.socket.end()
    await other.closed
    expect(await answerTo(quiet, { ...lookup('TopicA'), version: V5_3_2 })).toEqual(GO_AWAY)
    expect(isDown).toBe(false)
    quiet.socket.end()
    await down
  })

  test('is down at once if there are no connections', async () => {
    const { controller, time } = await startServer({ enableShutdownGracefully: 'true' })
    await controller.shutdown()
    expect(time.timers).toBe(0)
  })

  test('is down after shutdownWaitTimeSeconds, whatever is still connected', async () => {
    const { client, broker, down, time, isDown } = await startLeaving({ shutdownWaitTimeSeconds: '7' })
    time.advance(6_999)
    await answerTo(client, lookup('TopicA'))
    expect(isDown()).toBe(false)
    time.advance(1)
    await down
    await Promise.all([client.closed, broker.closed])
    expect(time.timers).toBe(0)
  })

  test('does not wait again when it is told to shut down a second time', async () => {
    const { controller, client, down, time } = await startLeaving()
    await controller.shutdown()
    await client.closed
    await down
    expect(time.timers).toBe(0)
  })
})

test('closes connections at once without enableShutdownGracefully', async () => {
  const { client, down } = await startLeaving({ enableShutdownGracefully: 'false' })
  await down
  await client.closed
})
