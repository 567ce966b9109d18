import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { headerOf, type Request, requestFrame } from '../support/raw-client.ts'
import { lookup, registration, unregistration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

function part(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(Buffer.byteLength(text))
  return Buffer.concat([length, Buffer.from(text)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** A registration of the same broker whose body is inflated elsewhere, while smaller ones are read at once. */
function slowRegistration(topics: readonly string[], queues: number): Request {
  const plain = registration()
  const body = Buffer.concat([
    part('{"counter":1,"stateVersion":0,"timestamp":1700000000000}'),
    int32(topics.length),
    ...topics.map((topic) => part(`${topic} ${queues} ${queues} 6 SINGLE_TAG {}`)),
    part('[]'),
    int32(0),
  ])
  return { ...plain, extFields: { ...plain.extFields, compressed: 'true' }, body: deflateSync(body) }
}

const TOPICS = Array.from({ length: 5_000 }, (_, index) => `Topic${index}`)

test('of two registrations of a broker the one that arrived last counts, even if the first takes longer to read', async () => {
  const server = await startServer()
  const [older, newer, client] = [await server.connect(), await server.connect(), await server.connect()]
  older.send(requestFrame(slowRegistration(TOPICS, 16)))
  await until('the first is on its way', () => server.controller.state()['registering'] === 1)
  const second = registration({ topics: ['Topic1', 'Topic2'] })
  const changed = `${second.body}`.replace('"counter":1', '"counter":2')
  expect(headerOf(await newer.request({ ...second, body: changed })).code).toBe(0)
  expect(headerOf(await older.next()).code).toBe(0)

  expect(`${(await client.request(lookup('Topic1'))).body}`).toContain('"readQueueNums":4')
  older.socket.end()
  await older.closed
  await until('the server has seen it leave', () =>
    server.lines.some(({ msg }) => msg === 'connection closed'),
  )
  expect(headerOf(await client.request(lookup('Topic1'))).code).toBe(0)
})

test('a request to leave that arrives while the registration before it is read removes that broker', async () => {
  const server = await startServer()
  const [broker, other, client] = [await server.connect(), await server.connect(), await server.connect()]
  broker.send(requestFrame(slowRegistration(TOPICS, 16)))
  await until('it is on its way', () => server.controller.state()['registering'] === 1)
  expect(headerOf(await other.request(unregistration())).code).toBe(0)
  expect(headerOf(await broker.next()).code).toBe(0)
  expect(headerOf(await client.request(lookup('Topic1'))).code).toBe(17)
})

test('a broker whose registration is being read is not evicted', async () => {
  const server = await startServer({ scanNotActiveBrokerInterval: '10000' })
  const [broker, client] = [await server.connect(), await server.connect()]
  await broker.request(registration({ topics: ['Topic1', 'Topic2'], heartbeatTimeoutMs: 5_000 }))
  broker.send(requestFrame(slowRegistration(TOPICS, 16)))
  await until('it is on its way', () => server.controller.state()['registering'] === 1)
  server.time.advance(10_000)
  expect(headerOf(await broker.next()).code).toBe(0)
  expect(headerOf(await client.request(lookup('Topic1'))).code).toBe(0)
  expect(server.lines.filter(({ msg }) => msg.startsWith('broker expired'))).toEqual([])
})
