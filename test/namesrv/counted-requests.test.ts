import { describe, expect, test } from 'vitest'
import { headerOf, requestFrame } from '../support/raw-client.ts'
import { lookup, registration, unregistration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

describe('a server counts', () => {
  test('connections, frames and bytes in and out, requests by code and their outcome', async () => {
    const server = await startServer()
    const { counters } = server.controller
    const [client, other] = [await server.connect(), await server.connect()]
    const frames = [
      requestFrame(registration()),
      requestFrame(lookup('TopicA')),
      requestFrame(lookup('none')),
      requestFrame({ code: 9_999 }),
      requestFrame({ ...lookup('TopicA'), flag: 2 }),
      requestFrame({ code: 0, flag: 1 }),
    ]
    client.send(...frames)
    for (let answers = 0; answers < 4; answers++) await client.next()
    expect(headerOf(await other.request(lookup('TopicA'))).code).toBe(0)
    const sent = Buffer.concat([...frames, requestFrame(lookup('TopicA'))]).length
    expect(counters).toMatchObject({
      connectionsAccepted: 2,
      connectionsClosed: 0,
      framesIn: 7,
      framesOut: 5,
      bytesIn: sent,
      bytesOut: client.bytesReceived + other.bytesReceived,
      routeCacheHits: 2,
      routeCacheMisses: 2,
    })
    expect(counters.requests.entries()).toEqual([
      [103, 1],
      [105, 4],
    ])
    expect(counters.requests.others).toBe(1)
    expect(counters.outcomes.entries()).toEqual([
      [0, 4],
      [3, 1],
      [17, 1],
    ])
    server.time.advance(120_000)
    await until('both are closed', () => counters.connectionsClosed === 2)
    expect(counters.connectionsClosedBy.idle).toBe(2)
  })

  test('registrations by how much of them was read, and records what happened to brokers as events', async () => {
    const server = await startServer({
      scanNotActiveBrokerInterval: '1000',
      serverChannelMaxIdleTimeSeconds: '0',
    })
    const { counters, events } = server.controller
    const [first, second, third] = [await server.connect(), await server.connect(), await server.connect()]
    // A data version of this very moment looks like one without a time.
    server.time.advance(1)
    const evicted = registration({ name: 'broker-b', address: '127.0.0.1:2', heartbeatTimeoutMs: 5_000 })
    await first.request(registration())
    await first.request(registration())
    await first.request(registration({ stateVersion: 1 }))
    await second.request(evicted)
    await third.request(registration({ name: 'broker-c', address: '127.0.0.1:3' }))
    await third.request(registration({ name: 'broker-d', address: '127.0.0.1:4', topics: ['one'] }))
    expect(counters).toMatchObject({
      registrationsRead: 4,
      registrationsUnchanged: 1,
      registrationsRejected: 1,
      registrationsInFlight: 0,
      brokersRegistered: 3,
    })
    server.time.advance(6_000)
    await second.closed
    third.socket.destroy()
    await until('it is lost', () => counters.brokersLost === 1)
    await first.request(unregistration())
    expect(counters).toMatchObject({ brokersExpired: 1, brokersUnregistered: 1 })
    expect(events.list().map(({ kind, subject }) => `${kind}: ${subject}`)).toEqual([
      'ready: ',
      'broker_registered: 127.0.0.1:10911 broker-a of DefaultCluster',
      'broker_registered: 127.0.0.1:2 broker-b of DefaultCluster',
      'broker_registered: 127.0.0.1:3 broker-c of DefaultCluster',
      'broker_expired: 127.0.0.1:2 broker-b of DefaultCluster',
      'broker_lost: 127.0.0.1:3 broker-c of DefaultCluster',
      'broker_left: 127.0.0.1:10911 broker-a of DefaultCluster',
    ])
  })

  test('changes of its configuration, and updates that are too long', async () => {
    const server = await startServer({ maxConfigUpdateBytes: '40' })
    const { counters, events } = server.controller
    const client = await server.connect()
    await client.request({ code: 318, body: 'orderMessageEnable=true\n' })
    await client.request({ code: 318, body: 'orderMessageEnable=true\n' })
    expect(headerOf(await client.request({ code: 318, body: 'x'.repeat(41) })).code).toBe(1)
    expect([counters.configurationUpdates, counters.rejected.maxConfigUpdateBytes]).toEqual([1, 1])
    expect(events.list()).toMatchObject([
      { kind: 'ready' },
      { kind: 'configuration_changed', subject: client.address, text: 'orderMessageEnable' },
      {
        kind: 'rejected',
        subject: client.address,
        text: 'request 318: update of 41 bytes exceeds maxConfigUpdateBytes (40)',
      },
    ])
  })
})
