import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { frame, headerOf, requestFrame } from '../support/raw-client.ts'
import { lookup, registration, unregistration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const REST = '"serializeTypeCurrentRPC":"JSON","version":513}'
const ROUTE =
  '{"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster",' +
  '"enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,' +
  '"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}'

/** GET_ROUTEINFO_BY_TOPIC as a ROCKETMQ header: code, language, version, opaque, flag, no remark, one ext field. */
function binaryLookup(topic: string, opaque: number): Buffer {
  const header = Buffer.alloc(21 + 2 + 5 + 4)
  header.writeInt16BE(105, 0)
  header.writeInt16BE(513, 3)
  header.writeInt32BE(opaque, 5)
  header.writeInt32BE(2 + 5 + 4 + topic.length, 17)
  header.writeInt16BE(5, 21)
  header.write('topic', 23)
  header.writeInt32BE(topic.length, 28)
  return frame(Buffer.concat([header, Buffer.from(topic)]), '', 1)
}

describe('a server', () => {
  test('listens on an IPv6 address in brackets, and names its peers with brackets', async () => {
    const { controller, port, lines } = await startServer({ bindAddress: '[::1]' })
    const client = connect(port, '::1')
    await once(client, 'connect')
    const peer = `[::1]:${client.localPort}`
    client.end(requestFrame({ ...lookup('T'), opaque: 1 }))
    await once(client.resume(), 'close')
    await until('the connection is logged', () => lines.some((line) => line['peer'] === peer))
    expect(controller.ready).toBe(true)
  })

  test('responds to a registration, a lookup and a removal as Java 5.5.0 writes them', async () => {
    const client = await (await startServer()).connect()

    const registered = await client.request({ ...registration(), opaque: 7 })
    expect(`${registered.header}`).toBe(
      `{"code":0,"extFields":{},"flag":1,"language":"JAVA","opaque":7,${REST}`,
    )
    expect(registered.body).toHaveLength(0)

    const found = await client.request({ ...lookup('TopicA'), opaque: 8 })
    expect(`${found.header}`).toBe(`{"code":0,"flag":1,"language":"JAVA","opaque":8,${REST}`)
    expect(`${found.body}`).toBe(ROUTE)

    const removed = await client.request({ ...unregistration(), opaque: 9 })
    expect(`${removed.header}`).toBe(`{"code":0,"flag":1,"language":"JAVA","opaque":9,${REST}`)

    const gone = await client.request({ ...lookup('TopicA'), opaque: 10 })
    expect(`${gone.header}`).toBe(
      '{"code":17,"flag":1,"language":"JAVA","opaque":10,"remark":"No topic route info in name server for the topic: ' +
        'TopicA\\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.",' +
        REST,
    )
    expect(gone.body).toHaveLength(0)
  })

  test('tells a slave the addresses of its master', async () => {
    const client = await (await startServer()).connect()
    await client.request(registration())
    const answer = await client.request(registration({ id: 1, address: '127.0.0.1:10921' }))
    expect(headerOf(answer).extFields).toEqual({
      haServerAddr: '127.0.0.1:10912',
      masterAddr: '127.0.0.1:10911',
    })
  })

  test('rejects an unknown request code with its number, after a space', async () => {
    const client = await (await startServer()).connect()
    const answer = await client.request({ code: 9_999, opaque: 3 })
    expect(`${answer.header}`).toBe(
      `{"code":3,"flag":1,"language":"JAVA","opaque":3,"remark":" request type 9999 not supported",${REST}`,
    )
  })

  test('carries out a oneway request without a response', async () => {
    const client = await (await startServer()).connect()
    client.send(requestFrame({ ...registration(), flag: 2, opaque: 1 }))
    client.send(requestFrame({ code: 9_999, flag: 2, opaque: 2 }))
    const answer = await client.request({ ...lookup('TopicA'), opaque: 3 })
    expect(headerOf(answer)).toMatchObject({ code: 0, opaque: 3 })
    expect(client.answers).toEqual([])
  })

  test.each([1, 3])('drops a command with flag %i, which answers nothing it asked', async (flag) => {
    const client = await (await startServer()).connect()
    client.send(requestFrame({ ...registration(), flag, opaque: 1 }))
    const answer = await client.request({ ...lookup('TopicA'), opaque: 2 })
    expect(headerOf(answer)).toMatchObject({ code: 17, opaque: 2 })
    expect(client.answers).toEqual([])
  })

  test('ignores unknown flag bits and responds with the response bit alone', async () => {
    const client = await (await startServer()).connect()
    const answer = await client.request({ code: 9_999, flag: 0x7ffffffc })
    expect(`${answer.header}`).toContain('"flag":1,')
  })

  test('responds to pipelined requests in their order, slow ones among quick ones', async () => {
    const client = await (await startServer()).connect()
    const requests = [
      lookup('TopicA'),
      registration(),
      lookup('TopicA'),
      unregistration(),
      lookup('TopicA'),
      registration({ name: 'broker-b', topics: ['TopicB', 'TopicC'] }),
      { code: 9_999 },
      lookup('TopicC'),
    ]
    client.send(...requests.map((request, index) => requestFrame({ ...request, opaque: 100 + index })))
    const answers = []
    for (const _ of requests) answers.push(headerOf(await client.next()))
    expect(answers.map(({ opaque }) => opaque)).toEqual([100, 101, 102, 103, 104, 105, 106, 107])
    expect(answers.map(({ code }) => code)).toEqual([17, 0, 0, 0, 17, 0, 3, 0])
  })

  test('reads a request that arrives in single bytes', async () => {
    const client = await (await startServer()).connect()
    for (const byte of requestFrame({ ...lookup('TopicA'), opaque: 5 })) {
      await new Promise((resolve) => client.socket.write(Buffer.of(byte), resolve))
    }
    expect(headerOf(await client.next())).toMatchObject({ code: 17, opaque: 5 })
  })

  test.each([-1, -2_147_483_648, 2_147_483_647, 0])('echoes the opaque %i', async (opaque) => {
    const client = await (await startServer()).connect()
    expect(headerOf(await client.request({ ...lookup('TopicA'), opaque })).opaque).toBe(opaque)
  })

  test('responds to a request without an opaque', async () => {
    const client = await (await startServer()).connect()
    client.send(frame('{"code":9999}'))
    expect(headerOf(await client.next())).toMatchObject({ code: 3, opaque: 0 })
  })

  test('responds to a binary request in JSON by default', async () => {
    const client = await (await startServer()).connect()
    await client.request(registration())
    client.send(binaryLookup('TopicA', -5))
    const answer = await client.next()
    expect(answer.serializeType).toBe(0)
    expect(`${answer.header}`).toBe(`{"code":0,"flag":1,"language":"JAVA","opaque":-5,${REST}`)
    expect(`${answer.body}`).toBe(ROUTE)
  })

  test('responds to every request in binary form if it is configured to', async () => {
    const client = await (await startServer({ serializeType: 'ROCKETMQ' })).connect()
    const registered = await client.request({ ...registration(), opaque: 6 })
    expect(registered.serializeType).toBe(1)
    client.send(binaryLookup('TopicA', -5))
    const found = await client.next()
    expect(found.serializeType).toBe(1)
    // code 0, JAVA, 513, opaque -5, flag 1, no remark, no ext fields
    expect(found.header.toString('hex')).toBe('0000000201fffffffb000000010000000000000000')
    expect(`${found.body}`).toBe(ROUTE)
  })

  test('shows what one connection registered to every other at once', async () => {
    const server = await startServer()
    const [broker, client] = [await server.connect(), await server.connect()]
    await broker.request(registration())
    expect(`${(await client.request(lookup('TopicB'))).body}`).toBe(ROUTE)
  })
})
