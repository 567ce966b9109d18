import { connect, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RemotingClient, type RemotingClientOptions } from '../../src/remoting/client/remoting-client.ts'
import { type Received, startFakePeer } from '../support/fake-peer.ts'
import { ManualTime } from '../support/manual-time.ts'
import { frame } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const NO_FIELDS = new Map<string, string>()
/** A socket that is never connected, as to a host that drops what it gets. */
const nowhere: RemotingClientOptions['connect'] = () => new Socket()

function startClient(options: Partial<RemotingClientOptions> = {}): {
  client: RemotingClient
  time: ManualTime
} {
  const time = new ManualTime()
  const client = new RemotingClient({
    connect: (address, onReady) => connect({ ...address }, onReady),
    connectTimeoutMs: 3_000,
    maxIdleMs: 120_000,
    closeIfTimeout: true,
    maxConnections: 10,
    maxQueuedBytes: 1_000,
    maxOneways: 100,
    maxRequests: 100,
    maxFrameBytes: 100_000,
    serializeType: 0,
    nowMs: () => time.nowMs(),
    after: (delayMs, task) => time.after(delayMs, task),
    every: (periodMs, task) => time.every(periodMs, task),
    ...options,
  })
  onTestFinished(() => client.close())
  return { client, time }
}

function answer(opaque: number, remark: string): Buffer {
  return frame(JSON.stringify({ code: 0, flag: 1, language: 'JAVA', opaque, remark, version: 513 }))
}

function echo({ header, socket }: Received): void {
  socket.write(answer(header.opaque, `to ${header.opaque}`))
}

describe('a oneway command', () => {
  test('is sent over a connection that is opened for the first one and kept', async () => {
    const peer = await startFakePeer()
    const { client } = startClient()
    expect(client.connections).toBe(0)
    const command = client.createRequest(905, new Map([['minBrokerId', '1']]), { oneway: true })
    await Promise.all([
      client.invokeOneway(peer.address, command),
      client.invokeOneway(peer.address, command),
    ])
    await client.invokeOneway(peer.address, command)
    await until('all have come', () => peer.received.length === 3)
    expect(peer.accepted()).toBe(1)
    expect(peer.received[0]?.bytes).toEqual(
      frame(
        '{"code":905,"extFields":{"minBrokerId":"1"},"flag":2,"language":"JAVA","opaque":0,' +
          '"serializeTypeCurrentRPC":"JSON","version":513}',
      ),
    )
    expect(client.waiting).toBe(0)
  })

  test('leaves in one write with others of the same turn', async () => {
    const writes: number[] = []
    const { client } = startClient({
      connect: (_, onReady) => {
        setImmediate(onReady)
        const writev = (chunks: readonly unknown[], done: () => void): void => {
          writes.push(chunks.length)
          done()
        }
        return new Duplex({ read: () => {}, writev }) as Socket
      },
    })
    const send = () => client.invokeOneway('a:1', client.createRequest(905, NO_FIELDS, { oneway: true }))
    await Promise.all([send(), send(), send()])
    await Promise.all([send(), send()])
    expect(writes).toEqual([3, 2])
  })

  test('has an opaque of its own, counted from 0', () => {
    const { client } = startClient()
    const opaques = [1, 2, 3].map(() => client.createRequest(905, NO_FIELDS).opaque)
    expect(opaques).toEqual([0, 1, 2])
  })

  test.each(['', 'host', 'host:', 'host:0', 'host:65536', 'a b:1', '[::1]', ':1'])(
    'to %j is refused: that is no address',
    async (address) => {
      const { client } = startClient()
      const sent = client.invokeOneway(address, client.createRequest(905, NO_FIELDS))
      await expect(sent).rejects.toMatchObject({ code: 'ERR_ADDRESS' })
      expect(client.connections).toBe(0)
    },
  )

  test('fails if no process listens', async () => {
    const peer = await startFakePeer()
    peer.close()
    const { client, time } = startClient()
    const sent = client.invokeOneway(peer.address, client.createRequest(905, NO_FIELDS))
    await expect(sent).rejects.toMatchObject({ code: 'ERR_CONNECT' })
    expect([client.connections, client.waiting, time.timers]).toEqual([0, 0, 0])
  })

  test('fails at the connect timeout, not a millisecond earlier', async () => {
    const { client, time } = startClient({ connect: nowhere })
    let failed = false
    const sent = client.invokeOneway('10.0.0.1:1', client.createRequest(905, NO_FIELDS)).catch((error) => {
      failed = true
      return error
    })
    time.advance(2_999)
    await new Promise(setImmediate)
    expect([failed, client.connections]).toEqual([false, 1])
    time.advance(1)
    expect(await sent).toMatchObject({ code: 'ERR_CONNECT' })
    expect([client.connections, time.timers]).toEqual([0, 0])
  })
})

describe('the limit of what waits', () => {
  test('counts bytes for an unreachable peer, and rejects more at once', async () => {
    const { client, time } = startClient({ connect: nowhere })
    const command = client.createRequest(905, new Map([['minBrokerAddr', 'x'.repeat(300)]]))
    const sent = [1, 2, 3].map(() => client.invokeOneway('10.0.0.1:1', command).catch(({ code }) => code))
    expect(await sent[2]).toBe('ERR_LIMIT')
    expect(client.waiting).toBe(2)
    time.advance(3_000)
    expect(await Promise.all(sent)).toEqual(['ERR_CONNECT', 'ERR_CONNECT', 'ERR_LIMIT'])
  })

  test('counts bytes for a peer that does not read', async () => {
    const peer = await startFakePeer(() => {}, { reads: false })
    const { client } = startClient({ maxQueuedBytes: 64 * 1024 })
    const command = client.createRequest(905, new Map([['minBrokerAddr', 'x'.repeat(20_000)]]))
    await client.invokeOneway(peer.address, command)
    let limit: string | undefined
    for (let count = 0; limit === undefined && count < 10_000; count++) {
      void client.invokeOneway(peer.address, command).catch((error) => {
        limit ??= error.limit
      })
      await new Promise(setImmediate)
    }
    expect(limit).toBe('clientMaxQueuedBytes')
    expect(client.waiting).toBeLessThan(5)
  })

  test('counts commands over all connections', async () => {
    const { client } = startClient({ connect: nowhere, maxOneways: 2, maxRequests: 1 })
    const command = client.createRequest(905, NO_FIELDS)
    const quietly = (sent: Promise<unknown>): void => void sent.catch(() => {})
    quietly(client.invokeOneway('10.0.0.1:1', command))
    quietly(client.invokeOneway('10.0.0.1:2', command))
    const tooMany = (limit: string): object => ({ limit, busy: true })
    await expect(client.invokeOneway('10.0.0.1:3', command)).rejects.toMatchObject(
      tooMany('clientOnewaySemaphoreValue'),
    )
    quietly(client.invoke('10.0.0.1:1', command, 1_000))
    await expect(client.invoke('10.0.0.1:1', command, 1_000)).rejects.toMatchObject(
      tooMany('clientAsyncSemaphoreValue'),
    )
  })

  test('counts connections, and closes an unused one to open another', async () => {
    const [idle, other] = [await startFakePeer(), await startFakePeer()]
    const { client } = startClient({ maxConnections: 1 })
    const command = client.createRequest(905, NO_FIELDS)
    await client.invokeOneway(idle.address, command)
    const busy = client.invoke(other.address, command, 1_000).catch(({ code }) => code)
    await until('the first connection is closed', () => idle.accepted() === 1 && idle.sockets.size === 0)
    expect(client.connections).toBe(1)
    await expect(client.invokeOneway(idle.address, command)).rejects.toMatchObject({
      limit: 'clientMaxConnections',
    })
    client.close()
    expect(await busy).toBe('ERR_CLIENT_CLOSED')
  })
})

describe('a limit of the client', () => {
  test('is reported when it is reached, with the address that the command was for', async () => {
    const refused: string[] = []
    const { client } = startClient({
      connect: nowhere,
      maxOneways: 2,
      maxRequests: 1,
      maxConnections: 1,
      maxQueuedBytes: 300,
      onRejected: ({ limit }, address) => refused.push(`${limit} ${address}`),
    })
    const sent: Promise<unknown>[] = []
    const oneway = (address: string, bytes: number): void => {
      const command = client.createRequest(905, new Map([['x', 'x'.repeat(bytes)]]))
      sent.push(client.invokeOneway(address, command).catch(() => {}))
    }
    oneway('10.0.0.1:1', 1)
    expect(refused).toEqual([])
    oneway('10.0.0.1:1', 300)
    oneway('10.0.0.1:1', 1)
    await new Promise(setImmediate)
    oneway('10.0.0.2:1', 1)
    await new Promise(setImmediate)
    sent.push(client.invoke('10.0.0.1:1', client.createRequest(105, NO_FIELDS), 1_000).catch(() => {}))
    sent.push(client.invoke('10.0.0.1:1', client.createRequest(105, NO_FIELDS), 1_000).catch(() => {}))
    expect(refused).toEqual([
      'clientMaxQueuedBytes 10.0.0.1:1',
      'clientOnewaySemaphoreValue 10.0.0.1:1',
      'clientMaxConnections 10.0.0.2:1',
      'clientAsyncSemaphoreValue 10.0.0.1:1',
    ])
    client.close()
    await Promise.all(sent)
  })
})

describe('a request', () => {
  test('gets the response with its opaque, in any order', async () => {
    const asked: Received[] = []
    const peer = await startFakePeer((frame) => {
      asked.push(frame)
      if (asked.length === 2) for (const each of asked.reverse()) echo(each)
    })
    const { client, time } = startClient()
    const requests = [1, 2].map(() => client.createRequest(105, NO_FIELDS))
    const answers = await Promise.all(requests.map((each) => client.invoke(peer.address, each, 1_000)))
    expect(answers.map(({ remark }) => remark)).toEqual(['to 0', 'to 1'])
    expect(client.waiting).toBe(0)
    // What is left looks for idle connections.
    expect(time.timers).toBe(1)
  })

  test('fails at its timeout, closes the connection, and the next one opens another', async () => {
    const peer = await startFakePeer(({ header, socket }) => {
      if (header.opaque > 0) socket.write(answer(header.opaque, 'here'))
    })
    const { client, time } = startClient()
    const late = client.invoke(peer.address, client.createRequest(105, NO_FIELDS), 500)
    await until('it is asked', () => peer.received.length === 1)
    time.advance(500)
    await expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(client.connections).toBe(0)
    const next = await client.invoke(peer.address, client.createRequest(105, NO_FIELDS), 500)
    expect([next.remark, peer.accepted()]).toEqual(['here', 2])
  })

  test('fails at its timeout while the connection is being opened', async () => {
    const { client, time } = startClient({ connect: nowhere })
    const late = client.invoke('10.0.0.1:1', client.createRequest(105, NO_FIELDS), 500)
    time.advance(500)
    await expect(late).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  })

  test('fails if the peer closes the connection instead of responding', async () => {
    const peer = await startFakePeer(({ socket }) => socket.end())
    const { client } = startClient()
    const request = client.createRequest(105, NO_FIELDS)
    await expect(client.invoke(peer.address, request, 1_000)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
    })
  })

  test('fails if the response is an invalid frame, and closes the connection', async () => {
    const peer = await startFakePeer(({ socket }) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const { client } = startClient()
    const request = client.createRequest(105, NO_FIELDS)
    await expect(client.invoke(peer.address, request, 1_000)).rejects.toMatchObject({
      code: 'ERR_CONNECTION_LOST',
      message: expect.stringMatching(/^invalid frame from \S+: ./),
      cause: { name: 'FrameError' },
    })
    await until('the peer sees it closed', () => peer.sockets.size === 0)
  })

  test('is not settled by a request of the peer, nor by the response to another request', async () => {
    const peer = await startFakePeer(({ header, socket }) => {
      socket.write(
        frame(JSON.stringify({ code: 5, flag: 0, language: 'JAVA', opaque: header.opaque, version: 1 })),
      )
      socket.write(answer(header.opaque + 1, 'another'))
      socket.write(answer(header.opaque, 'this'))
    })
    const { client } = startClient()
    const { remark } = await client.invoke(peer.address, client.createRequest(105, NO_FIELDS), 1_000)
    expect(remark).toBe('this')
  })
})

describe('a connection', () => {
  test('is closed when it was idle for the idle time, unless it is in use', async () => {
    const [silent, used] = [await startFakePeer(), await startFakePeer()]
    const { client, time } = startClient({ maxIdleMs: 5_000 })
    const command = client.createRequest(905, NO_FIELDS)
    for (const { address } of [silent, used]) await client.invokeOneway(address, command)
    time.advance(3_000)
    await client.invokeOneway(used.address, command)
    time.advance(1_999)
    expect(client.connections).toBe(2)
    time.advance(1)
    await until('the silent one is closed', () => silent.sockets.size === 0)
    expect([client.connections, used.sockets.size]).toEqual([1, 1])
    time.advance(5_000)
    await until('the other one is closed too', () => used.sockets.size === 0)
    expect(time.timers).toBe(0)
  })

  test('that the peer closed is opened again when it is needed', async () => {
    const peer = await startFakePeer()
    const { client } = startClient()
    const command = client.createRequest(905, NO_FIELDS)
    await client.invokeOneway(peer.address, command)
    await until('it has come', () => peer.received.length === 1)
    for (const socket of peer.sockets) socket.end()
    await until('the client has seen it', () => client.connections === 0)
    await client.invokeOneway(peer.address, command)
    await until('it has come again', () => peer.received.length === 2)
  })
})

test('leaves no timer and nothing waiting when its client is closed', async () => {
  const peer = await startFakePeer()
  const { client, time } = startClient()
  const request = client.invoke(peer.address, client.createRequest(105, NO_FIELDS), 1_000)
  await until('it is asked', () => peer.received.length === 1)
  client.close()
  await expect(request).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
  const late = client.invokeOneway(peer.address, client.createRequest(905, NO_FIELDS))
  await expect(late).rejects.toMatchObject({ code: 'ERR_CLIENT_CLOSED' })
  await until('the peer sees it closed', () => peer.sockets.size === 0)
  expect([client.connections, client.waiting, time.timers]).toEqual([0, 0, 0])
})
