import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CHECK_INTERVAL_MS, Overload } from '../../../src/namesrv/limits/overload.ts'
import { headerOf, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration, registrationBody } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const MIB = 1024 * 1024
const manyTopics = Array.from({ length: 5_000 }, (_, index) => `Topic-${index}`)

class World {
  nowMs = 0
  maxLagMs = 1_000
  waiting = 0
  readonly happened: string[] = []
  readonly overload = new Overload({
    nowMs: () => this.nowMs,
    maxLagMs: () => this.maxLagMs,
    quantities: [{ name: 'waiting', max: 100, current: () => this.waiting }],
    onBegin: (reason) => this.happened.push(`begin: ${reason}`),
    onEnd: (lastedMs) => this.happened.push(`end after ${lastedMs}`),
  })

  check(times = 1, lateMs = 0): void {
    for (let index = 0; index < times; index++) {
      this.nowMs += CHECK_INTERVAL_MS + lateMs
      this.overload.check()
    }
  }
}

describe('an overload', () => {
  test('begins above three quarters of a limit, and ends a second after it has come down to half', () => {
    const world = new World()
    world.waiting = 75
    world.check(10)
    expect(world.happened).toEqual([])
    world.waiting = 76
    world.check()
    expect(world.happened).toEqual(['begin: waiting: 76 of 100'])
    world.waiting = 51
    world.check(20)
    world.waiting = 50
    world.check(3)
    expect(world.happened).toHaveLength(1)
    world.check()
    expect(world.happened.slice(1)).toEqual(['end after 6000'])
  })

  test('begins when the event loop is late three times in a row, not when it was suspended once', () => {
    const world = new World()
    world.check(1, 600_000)
    world.check(5)
    world.check(2, 1_001)
    world.check()
    world.check(2, 1_001)
    expect(world.happened).toEqual([])
    world.check(1, 1_001)
    expect(world.happened).toEqual(['begin: event loop 1001 ms late'])
    world.check(3)
    world.check(1, 1_001)
    world.check(3)
    expect(world.happened).toHaveLength(1)
    world.check()
    expect(world.happened).toHaveLength(2)
  })

  test('does not begin when the event loop is exactly as late as allowed, nor ever with overloadLagMillis=0', () => {
    const world = new World()
    world.check(10, 1_000)
    world.maxLagMs = 0
    world.check(10, 60_000)
    expect(world.happened).toEqual([])
  })
})

describe('an overloaded server', () => {
  test('rejects lists as SYSTEM_BUSY, serves lookups, registrations and heartbeats, and logs the begin and the end', async () => {
    const server = await startServer({ maxQueuedRequestBytes: `${2 * MIB}` })
    const { counters, events } = server.controller
    const [broker, client, other] = [await server.connect(), await server.connect(), await server.connect()]
    const { extFields = {} } = registration()
    expect(headerOf(await broker.request(registration())).code).toBe(0)
    // It is no registration, which takes another thread some time to find out.
    const body = deflateSync(randomBytes(900_000))
    other.send(requestFrame({ code: 103, extFields: { ...extFields, compressed: 'true' }, body }))
    await until('it is worked on', () => counters.requestBytesInProgress > 0.75 * MIB)
    server.time.advance(CHECK_INTERVAL_MS)

    const codes = async (): Promise<unknown> => ({
      lookup: headerOf(await client.request(lookup('TopicA'))).code,
      topics: headerOf(await client.request({ code: 206 })).code,
      cluster: headerOf(await client.request({ code: 106 })).code,
      topicsOfCluster: headerOf(await client.request({ code: 224, extFields: { cluster: 'DefaultCluster' } }))
        .code,
      registration: headerOf(await broker.request(registration())).code,
      heartbeat: headerOf(await broker.request({ code: 904, extFields })).code,
      query: headerOf(await broker.request({ code: 322, extFields })).code,
    })
    const served = { lookup: 0, registration: 0, heartbeat: 0, query: 0 }
    expect(await codes()).toEqual({ topics: 2, cluster: 2, topicsOfCluster: 2, ...served })
    expect(headerOf(await client.request({ code: 206 })).remark).toBe(
      '[OVERLOAD]system busy, start flow control for a while',
    )
    expect(counters).toMatchObject({ overloads: 1, requestsShed: 4 })

    expect(headerOf(await other.next()).code).toBe(1)
    server.time.advance(4 * CHECK_INTERVAL_MS)
    expect(await codes()).toEqual({ topics: 0, cluster: 0, topicsOfCluster: 0, ...served })
    expect(events.list().map(({ kind }) => kind)).toEqual([
      'broker registered',
      'overload began',
      'overload ended',
    ])
    expect(server.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { reason: expect.stringMatching(/^request bytes in progress: 9\d{5} of 1048576$/) },
      { msg: 'registration rejected', peer: other.address, brokerName: 'broker-a' },
      { lastedMs: 4 * CHECK_INTERVAL_MS, requestsShed: 4 },
    ])
  })

  test('that is stopped gracefully serves lists again as soon as the overload is over', async () => {
    const server = await startServer({
      maxQueuedRequestBytes: `${2 * MIB}`,
      enableShutdownGracefully: 'true',
    })
    const { counters } = server.controller
    const [client, other] = [await server.connect(), await server.connect()]
    expect(headerOf(await client.request(registration())).code).toBe(0)
    const { extFields = {} } = registration()
    const body = deflateSync(randomBytes(900_000))
    other.send(
      requestFrame({ code: 103, extFields: { ...extFields, compressed: 'true' }, body, version: 317 }),
    )
    await until('it is worked on', () => counters.requestBytesInProgress > 0.75 * MIB)
    server.time.advance(CHECK_INTERVAL_MS)
    // An old client is not told to go away.
    const code = async () => headerOf(await client.request({ code: 206, version: 317 })).code
    expect(await code()).toBe(2)
    const stopped = server.controller.shutdown()
    await other.next()
    server.time.advance(4 * CHECK_INTERVAL_MS)
    expect(await code()).toBe(0)
    client.socket.destroy()
    other.socket.destroy()
    await stopped
  })

  test('is detected when turns of the event loop take many seconds, and no broker expires', async () => {
    const server = await startServer({})
    for (let turn = 0; turn < 3; turn++) server.time.standStill(10_000)
    expect(server.controller.counters).toMatchObject({ overloads: 1, standstills: 3 })
  })

  test('is not caused by incomplete requests or unread responses', async () => {
    const server = await startServer({
      maxQueuedRequestBytes: `${2 * MIB}`,
      maxQueuedAnswerBytes: `${MIB}`,
    })
    const { counters } = server.controller
    const [client, hostile] = [await server.connect(), await server.connect()]
    await client.request(registration())
    const beginning = Buffer.alloc(MIB)
    beginning.writeInt32BE(16_777_212)
    hostile.send(beginning)
    await until('it is held', () => counters.queuedRequestBytes > 0.99 * MIB)
    server.time.advance(10 * CHECK_INTERVAL_MS)
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(0)
    expect(
      headerOf(await client.request({ ...registration(), body: registrationBody(manyTopics) })).code,
    ).toBe(0)
    expect(counters.overloads).toBe(0)
  })

  test('stops looking when it has stopped', async () => {
    const server = await startServer()
    await server.controller.shutdown()
    expect(server.time.timers).toBe(0)
  })
})
