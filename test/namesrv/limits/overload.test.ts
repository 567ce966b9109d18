import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { CHECK_INTERVAL_MS, Overload } from '../../../src/namesrv/limits/overload.ts'
import { headerOf, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration, registrationBody } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'

const MIB = 1024 * 1024
const manyTopics = Array.from({ length: 5_000 }, (_, index) => `Topic-${index}`)

function world(overloadLagMillis = '1000') {
  const { context, time, lines } = testContext({ maxWaitingRequests: '100', overloadLagMillis })
  const state = { waiting: 0 }
  const overload = new Overload(context, {
    waitingRequests: () => state.waiting,
    requestBytesInProgress: () => 0,
    shed: () => {},
  })
  const check = (times = 1, lateMs = 0): void => {
    for (let index = 0; index < times; index++) {
      time.holdUp(CHECK_INTERVAL_MS + lateMs)
      overload.check()
    }
  }
  const happened = (): unknown[] => lines.map(({ reason, lastedMs }) => reason ?? lastedMs)
  return { state, check, happened, lines, ...context }
}

describe('an overload', () => {
  test('begins above three quarters of a limit, and ends a second after it has come down to half', () => {
    const { state, check, happened } = world()
    state.waiting = 75
    check(10)
    expect(happened()).toEqual([])
    state.waiting = 76
    check()
    expect(happened()).toEqual(['waiting requests: 76 of 100'])
    state.waiting = 51
    check(20)
    state.waiting = 50
    check(3)
    expect(happened()).toHaveLength(1)
    check()
    expect(happened().slice(1)).toEqual([6_000])
  })

  test('begins when the event loop is late three times in a row, not when it was suspended once', () => {
    const { check, happened } = world()
    check(1, 600_000)
    check(5)
    check(2, 1_001)
    check()
    check(2, 1_001)
    expect(happened()).toEqual([])
    check(1, 1_001)
    expect(happened()).toEqual(['event loop 1001 ms late'])
    check(3)
    check(1, 1_001)
    check(3)
    expect(happened()).toHaveLength(1)
    check()
    expect(happened()).toHaveLength(2)
  })

  test('does not begin when the event loop is exactly as late as allowed, nor ever with overloadLagMillis=0', () => {
    const late = world()
    late.check(10, 1_000)
    const unlimited = world('0')
    unlimited.check(10, 60_000)
    expect([...late.lines, ...unlimited.lines]).toEqual([])
  })

  test('logs at its end the number of requests that were rejected in it, not in earlier ones', () => {
    const { state, check, lines, counters } = world()
    for (const rejected of [3, 2]) {
      state.waiting = 100
      check()
      counters.requestsShed += rejected
      state.waiting = 0
      check(4)
    }
    const ends = lines.filter(({ msg }) => msg === 'overload ended')
    expect(ends).toMatchObject([
      { level: 'info', requestsShed: 3 },
      { level: 'info', requestsShed: 2 },
    ])
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
      'ready',
      'broker_registered',
      'overload_began',
      'overload_ended',
    ])
    expect(server.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { reason: expect.stringMatching(/^request bytes in progress: 9\d{5} of 1048576$/) },
      { msg: 'registration rejected', peer: other.address, brokerName: 'broker-a' },
    ])
    expect(server.lines.filter(({ msg }) => msg === 'overload ended')).toMatchObject([
      { level: 'info', lastedMs: 4 * CHECK_INTERVAL_MS, requestsShed: 4 },
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
    for (let turn = 0; turn < 3; turn++) server.time.pause(10_000)
    expect(server.controller.counters).toMatchObject({ overloads: 1, pauses: 3 })
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
