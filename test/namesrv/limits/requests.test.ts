import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { frame, headerOf, type RawClient, type Request, requestFrame } from '../../support/raw-client.ts'
import { getKVConfig, lookup, putKVConfig, registration, unregistration } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'

const OVERLOADED = { code: 2, remark: '[OVERLOAD]system busy, start flow control for a while' }

/** What the log says of a limit. */
function told(server: TestServer, limit: string): Record<string, unknown>[] {
  return server.lines.filter((line) => line['limit'] === limit)
}

/** That a request was rejected for a limit: counted, named in the log and among the events, and that the peer goes on. */
async function expectRefusal(
  server: TestServer,
  client: RawClient,
  request: Request,
  limit: keyof TestServer['controller']['counters']['rejected'],
  remark: string,
): Promise<void> {
  const { counters, events } = server.controller
  const before = counters.rejected[limit]
  expect(headerOf(await client.request(request))).toMatchObject({ code: 1, remark })
  expect(counters.rejected[limit]).toBe(before + 1)
  expect(told(server, limit).at(-1)).toEqual({
    level: 'warn',
    peer: client.address,
    limit,
    reason: `request ${request.code}: ${remark}`,
    msg: 'rejected: limit reached',
  })
  expect(events.list().at(-1)).toMatchObject({ kind: 'rejected', subject: client.address })
  expect(headerOf(await client.request({ code: 106 })).code).toBe(0)
}

function compressed(request: Request, content: Buffer): Request {
  return { ...request, extFields: { ...request.extFields, compressed: 'true' }, body: deflateSync(content) }
}

/** An inflated registration of no topics, made longer by letters that are no list of filter servers. */
function inflatedOf(bytes: number): Buffer {
  const version = Buffer.from('{"counter":1,"stateVersion":0,"timestamp":1}')
  const rest = bytes - version.length - 16
  const int32 = (value: number): Buffer => {
    const word = Buffer.alloc(4)
    word.writeInt32BE(value)
    return word
  }
  return Buffer.concat([
    int32(version.length),
    version,
    int32(0),
    int32(rest),
    Buffer.alloc(rest, 'x'),
    int32(0),
  ])
}

describe('the limits of a request', () => {
  test('maxTopics, by a registration and by a topic alone', async () => {
    const server = await startServer({ maxTopics: '2' })
    const client = await server.connect()
    await client.request(registration())
    const remark = 'maxTopics (2) exceeded: there would be 3 topics'
    const other = registration({ name: 'broker-b', address: '127.0.0.1:2', topics: ['TopicA', 'TopicC'] })
    await expectRefusal(server, client, other, 'maxTopics', remark)
    const body = JSON.stringify({
      queueDatas: [{ brokerName: 'broker-a', perm: 6, readQueueNums: 1, writeQueueNums: 1 }],
    })
    await expectRefusal(
      server,
      client,
      { code: 217, extFields: { topic: 'TopicC' }, body },
      'maxTopics',
      remark,
    )
    expect(`${(await client.request({ code: 106 })).body}`).not.toContain('broker-b')
    expect(JSON.parse(`${(await client.request({ code: 206 })).body}`).topicList).toEqual([
      'TopicA',
      'TopicB',
    ])
    expect(server.controller.counters).toMatchObject({ registrationsRead: 1, registrationsRejected: 1 })
  })

  test('maxBrokers', async () => {
    const server = await startServer({ maxBrokers: '1' })
    const client = await server.connect()
    await client.request(registration())
    const other = registration({ name: 'broker-b', address: '127.0.0.1:2' })
    const remark = 'maxBrokers (1) reached'
    await expectRefusal(server, client, other, 'maxBrokers', remark)
    expect(headerOf(await client.request(registration())).code).toBe(0)
    await client.request(unregistration())
    expect(headerOf(await client.request(other)).code).toBe(0)
  })

  test('maxKVEntries and maxKVBytes: memory and file are unchanged', async () => {
    const server = await startServer({ maxKVEntries: '2', maxKVBytes: '20' })
    const client = await server.connect()
    await client.request(putKVConfig('N', 'a', '1'))
    const remark = '21 bytes of entries exceed maxKVBytes (20)'
    await expectRefusal(server, client, putKVConfig('N', 'b', 'x'.repeat(17)), 'maxKVBytes', remark)
    await client.request(putKVConfig('N', 'b', 'x'.repeat(16)))
    const full = 'maxKVEntries (2) reached'
    await expectRefusal(server, client, putKVConfig('N', 'c', ''), 'maxKVEntries', full)
    expect(headerOf(await client.request(getKVConfig('N', 'c'))).code).toBe(22)
    expect(JSON.parse(readFileSync(server.kvConfigPath, 'utf8'))).toEqual({
      configTable: { N: { a: '1', b: 'x'.repeat(16) } },
    })
  })

  test('maxRequestBodyBytes', async () => {
    const server = await startServer({ maxRequestBodyBytes: '1024' })
    const client = await server.connect()
    const extFields = { clusterName: 'C', brokerAddr: 'a:1', brokerName: 'n', brokerId: '0' }
    const query = (bytes: number): Request => ({
      code: 322,
      extFields,
      body: ' '.repeat(bytes - 2).concat('{}'),
    })
    expect(headerOf(await client.request(query(1_024))).code).toBe(0)
    const remark = 'request body of 1025 bytes exceeds maxRequestBodyBytes (1024)'
    await expectRefusal(server, client, query(1_025), 'maxRequestBodyBytes', remark)
  })

  test('maxInflatedBytes', async () => {
    const server = await startServer({ maxInflatedBytes: '100000' })
    const client = await server.connect()
    const answer = await client.request(compressed(registration(), inflatedOf(100_000)))
    expect(headerOf(answer)).toMatchObject({ code: 0 })
    const remark = 'Failed to decode RegisterBrokerBody: body inflates to more than maxInflatedBytes (100000)'
    await expectRefusal(
      server,
      client,
      compressed(registration(), inflatedOf(100_001)),
      'maxInflatedBytes',
      remark,
    )
  })

  test('maxHeaderBytes and the frame limit close the connection, and are counted', async () => {
    const server = await startServer({
      maxHeaderBytes: '1024',
      'com.rocketmq.remoting.frameMaxLength': '4096',
    })
    const honest = await server.connect()
    const [header, length] = [await server.connect(), await server.connect()]
    header.send(frame(' '.repeat(1_025)))
    await header.closed
    length.send(Buffer.of(0, 0, 0x10, 0))
    await length.closed
    const { counters, events } = server.controller
    expect(counters.rejected).toMatchObject({
      maxHeaderBytes: 1,
      'com.rocketmq.remoting.frameMaxLength': 1,
    })
    expect(counters.framesRejected).toEqual({ ERR_HEADER_TOO_LONG: 1, ERR_FRAME_TOO_LONG: 1 })
    expect(events.list().map(({ kind, subject }) => [kind, subject])).toEqual([
      ['ready', ''],
      ['rejected', header.address],
      ['rejected', length.address],
    ])
    expect(headerOf(await honest.request(lookup('none'))).code).toBe(17)
  })
})

describe('maxRegistrationsInFlight', () => {
  test('one more registration is rejected as busy, and accepted when there is room again', async () => {
    const server = await startServer({ maxRegistrationsInFlight: '1' })
    const [first, second, third] = [await server.connect(), await server.connect(), await server.connect()]
    const other = registration({ name: 'broker-b', address: '127.0.0.1:2' })
    // It is inflated by another thread, and the other requests have come when that is done.
    first.send(requestFrame(compressed(registration(), inflatedOf(1_000_000))))
    second.send(requestFrame(other))
    third.send(requestFrame(lookup('none')))
    const [taken, rejected] = [headerOf(await first.next()), headerOf(await second.next())]
    expect(headerOf(await third.next()).code).toBe(17)
    expect(taken.code).toBe(0)
    expect(rejected).toMatchObject(OVERLOADED)
    const { counters } = server.controller
    expect([counters.rejected.maxRegistrationsInFlight, counters.registrationsInFlight]).toEqual([1, 0])
    expect(told(server, 'maxRegistrationsInFlight')).toMatchObject([
      { peer: second.address, reason: expect.stringContaining('maxRegistrationsInFlight (1) reached') },
    ])
    expect(`${(await second.request({ code: 106 })).body}`).not.toContain('broker-b')
    expect(headerOf(await second.request(other)).code).toBe(0)
    expect(counters.registrationsInFlight).toBe(0)
  })
})
