import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { RemotingResponse } from '../../src/protocol/remoting-command.ts'
import { headerOf, RawClient, requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startRemotingServer } from '../support/start-remoting-server.ts'
import { createServer, startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const SLOW = 1
const QUICK = 2
const never = new Promise<never>(() => {})

/** A server with a request that takes until it is told its answer, and another one behind it. */
async function startWithSlowRequest() {
  let answer: ((response: RemotingResponse) => void) | undefined
  const started = await startRemotingServer({
    [SLOW]: () =>
      new Promise((resolve) => {
        answer = resolve
      }),
    [QUICK]: () => ({ code: 0 }),
  })
  const client = await started.connect()
  client.send(requestFrame({ code: SLOW, opaque: 1 }), requestFrame({ code: QUICK, opaque: 2 }))
  await until('the request is being worked on', () => answer !== undefined)
  return { ...started, client, answer: (response: RemotingResponse) => answer?.(response) }
}

describe('a server that is stopped', () => {
  test('responds to the request in progress and to those that came behind it, and closes', async () => {
    const { server, client, answer, connect: connectMore } = await startWithSlowRequest()
    const idle = await connectMore()
    await until('both are accepted', () => server.connections === 2)
    const stopped = server.stop(never)
    await idle.closed
    answer({ code: 0, remark: 'done' })
    expect(headerOf(await client.next())).toMatchObject({ code: 0, opaque: 1, remark: 'done' })
    expect(headerOf(await client.next())).toMatchObject({ code: 0, opaque: 2 })
    await stopped
    await client.closed
    expect(server.connections).toBe(0)
  })

  test('serves requests that have arrived unread, while it decides and while it closes', async () => {
    const { server, time, connect: connectMore } = await startRemotingServer({ [QUICK]: () => ({ code: 0 }) })
    // More than are closed in the first step.
    const clients = await Promise.all(Array.from({ length: 60 }, () => connectMore()))
    for (const client of clients) await client.request({ code: QUICK })
    const open = new Set(clients)
    for (const client of clients) void client.closed.then(() => open.delete(client))
    for (const client of clients) client.send(requestFrame({ code: QUICK, opaque: 7 }))
    const stopped = server.stop(never)
    await until('those of the first step are closed', () => open.size === 10)
    for (const client of open) client.send(requestFrame({ code: QUICK, opaque: 8 }))
    // The second step is due before these are read.
    time.advance(50)
    await stopped
    await Promise.all(clients.map(({ closed }) => closed))
    const answers = clients.map((client) => client.answers.map((answer) => headerOf(answer).opaque))
    expect(answers.filter((opaques) => opaques.join() === '7')).toHaveLength(50)
    expect(answers.filter((opaques) => opaques.join() === '7,8')).toHaveLength(10)
  })

  test.each([
    ['many small requests', 2_500, ''],
    ['one large request', 1, 'x'.repeat(600_000)],
  ])(
    'serves all that has arrived, also if that is more than is read in a turn: %s',
    async (_, count, body) => {
      let served = 0
      const { server, connect: connectClient } = await startRemotingServer({
        [QUICK]: () => {
          served++
          return { code: 0 }
        },
      })
      const client = await connectClient()
      const padding = 'x'.repeat(100)
      const bytes = Buffer.concat(
        Array.from({ length: count }, (_, opaque) =>
          requestFrame({ code: QUICK, opaque, extFields: { padding }, body }),
        ),
      )
      // Enough of the same for the system to enlarge the buffers of the connection.
      for (let round = 1; round <= 20; round++) {
        client.send(bytes)
        await until('they are served', () => served === round * count)
      }
      client.send(bytes)
      expect(client.socket.writableLength).toBe(0)
      await server.stop(never)
      await client.closed
      expect(served).toBe(21 * count)
    },
  )

  test('does not wait for a peer that sends on and on', async () => {
    const { server, connect: connectClient } = await startRemotingServer({ [QUICK]: () => ({ code: 0 }) })
    const client = await connectClient()
    const bytes = Buffer.concat(Array.from({ length: 5_000 }, () => requestFrame({ code: QUICK })))
    const sendOn = (): void => {
      while (!client.socket.destroyed && client.socket.write(bytes));
    }
    client.socket.on('drain', sendOn)
    sendOn()
    await client.next()
    await server.stop(never)
    await client.closed
  })

  test('serves the first requests of connections that it has not accepted yet', async () => {
    const { server, port } = await startRemotingServer({ [QUICK]: () => ({ code: 0 }) })
    // One is accepted in a turn.
    const clients = Array.from({ length: 5 }, () => RawClient.over(connect(port, '127.0.0.1')))
    for (const client of clients) client.send(requestFrame({ code: QUICK, opaque: 7 }))
    // Sockets connect at the end of the turn.
    process.nextTick(() => void server.stop(never))
    const answers = await Promise.all(clients.map((client) => client.next()))
    expect(answers.map((answer) => headerOf(answer).opaque)).toEqual([7, 7, 7, 7, 7])
    await Promise.all(clients.map(({ closed }) => closed))
  })

  test('closes a connection with a request in progress after the timeout', async () => {
    const { server, client } = await startWithSlowRequest()
    let runOut: () => void = () => {}
    const patience = new Promise<void>((resolve) => {
      runOut = resolve
    })
    const stopped = server.stop(patience)
    runOut()
    await stopped
    await client.closed
    expect(client.answers).toEqual([])
  })

  test('closes the remaining connections after the timeout', async () => {
    const {
      server,
      time,
      connect: connectClient,
    } = await startRemotingServer({ [SLOW]: () => ({ code: 0 }) })
    const clients = await Promise.all(Array.from({ length: 120 }, () => connectClient()))
    for (const client of clients) await client.request({ code: SLOW })
    await server.stop(Promise.resolve())
    expect(server.connections).toBe(0)
    await Promise.all(clients.map(({ closed }) => closed))
    expect(time.timers).toBe(0)
  })

  test('sends a response that was begun to its last byte', async () => {
    const body = Buffer.alloc(32 * 1024 * 1024, 'x')
    let asked = false
    const { server, connect: connectClient } = await startRemotingServer({
      [SLOW]: () => {
        asked = true
        return { code: 0, body }
      },
    })
    const client = await connectClient()
    client.socket.pause()
    client.send(requestFrame({ code: SLOW }))
    await until('the answer is on its way', () => asked)
    const stopped = server.stop(never)
    client.socket.resume()
    const answer = await client.next()
    expect(answer.body.equals(body)).toBe(true)
    await stopped
  })

  test('accepts no more connections', async () => {
    const { server, port, connect: connectMore, answer } = await startWithSlowRequest()
    const idle = await connectMore()
    await until('both are accepted', () => server.connections === 2)
    const stopped = server.stop(never)
    await idle.closed
    const late = connect(port, '127.0.0.1')
    const [error] = await once(late, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    answer({ code: 0 })
    await stopped
  })

  test('can be stopped again, while it stops or afterwards', async () => {
    const { server, answer } = await startWithSlowRequest()
    const [first, second] = [server.stop(never), server.stop(never)]
    answer({ code: 0 })
    await Promise.all([first, second])
    await server.stop(never)
  })

  test('has freed its port', async () => {
    const first = await startServer()
    const client = await first.connect()
    await client.request(registration())
    await first.controller.shutdown()
    await client.closed
    expect(first.time.timers).toBe(0)
    const next = await startServer({ listenPort: `${first.port}` })
    expect(next.port).toBe(first.port)
    expect(headerOf(await (await next.connect()).request(lookup('TopicA'))).code).toBe(17)
  })

  test('can be shut down twice, and without a start', async () => {
    const { controller, time } = await startServer()
    await controller.shutdown()
    await controller.shutdown()
    expect(time.timers).toBe(0)
    await createServer().controller.shutdown()
  })

  test('closes connections that do not close within five seconds', async () => {
    const server = await startServer()
    const broker = await server.connect()
    const name = 'b'.repeat(200 * 1024)
    await broker.request(registration({ name }))
    const stuck = await RawClient.connect(server.port)
    stuck.socket.pause()
    stuck.send(...Array.from({ length: 150 }, () => requestFrame(lookup('TopicA'))))
    // Answered after those of the stuck peer that the kernel had room for.
    for (let turn = 0; turn < 50; turn++) await broker.request({ code: 9_999 })
    let isDown = false
    const down = server.controller.shutdown().then(() => {
      isDown = true
    })
    await broker.closed
    server.time.advance(4_999)
    expect(isDown).toBe(false)
    server.time.advance(1)
    await down
    stuck.socket.destroy()
  })
})

/** A NameServer with a broker and more connections than are closed in one step; the broker has been silent longest. */
async function startWithManyClients(properties: Readonly<Record<string, string>> = {}) {
  const server = await startServer(properties)
  const broker = await server.connect()
  await broker.request(registration())
  server.time.advance(1)
  const clients = await Promise.all(Array.from({ length: 119 }, () => server.connect()))
  for (const client of clients) await client.request(lookup('TopicA'))
  return { ...server, broker, clients }
}

describe('a NameServer that shuts down', () => {
  test('is not ready from the first moment on, as it was not before its start', async () => {
    const { controller, time } = createServer({ enableShutdownGracefully: 'true' })
    expect(controller.ready).toBe(false)
    const { port } = await controller.start()
    expect(controller.ready).toBe(true)
    const client = await RawClient.connect(port)
    await client.request(lookup('TopicA'))
    const down = controller.shutdown()
    expect(controller.ready).toBe(false)
    time.advance(29_999)
    // It still serves whoever does not understand that it is leaving.
    expect(headerOf(await client.request({ ...lookup('TopicA'), version: 475 })).code).toBe(17)
    expect(controller.ready).toBe(false)
    time.advance(1)
    await down
    expect(controller.ready).toBe(false)
  })

  test('closes its connections a few at a time, and serves every route to those still open', async () => {
    const { controller, broker, clients, time } = await startWithManyClients()
    const open = new Set([broker, ...clients])
    for (const client of open) void client.closed.then(() => open.delete(client))
    const down = controller.shutdown()
    for (const expected of [70, 20]) {
      await until('the connections of this step are closed', () => open.size <= expected)
      // Those whose turn has not come are served, and with them come all turns that others would need to close.
      for (const client of open) expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(0)
      expect(open.size).toBe(expected)
      expect(open.has(broker)).toBe(false)
      time.advance(50)
    }
    await down
    await Promise.all([...open].map(({ closed }) => closed))
    expect(time.timers).toBe(0)
  })
})

describe('a NameServer that shuts down with connections that have sent nothing', () => {
  /** One that has sent something last, before 120 that have not. */
  async function startWithQuietClients() {
    const server = await startServer()
    const quiet = await Promise.all(Array.from({ length: 120 }, () => server.connect()))
    const last = await server.connect()
    // Connections are accepted in their order: once this one is answered, the server knows all others.
    await last.request(lookup('TopicA'))
    server.time.advance(1)
    await last.request(lookup('TopicA'))
    const open = new Set([...quiet, last])
    for (const client of open) void client.closed.then(() => open.delete(client))
    return { ...server, open, last }
  }

  test('closes them a few at a time, the longest idle first, as it does the others', async () => {
    const { controller, open, last, time } = await startWithQuietClients()
    const down = controller.shutdown()
    for (const expected of [71, 21]) {
      await until('the connections of this step are closed', () => open.size <= expected)
      expect(headerOf(await last.request(lookup('TopicA'))).code).toBe(17)
      expect(open.size).toBe(expected)
      time.advance(50)
    }
    await down
    await Promise.all([...open].map(({ closed }) => closed))
    expect(time.timers).toBe(0)
  })

  test('serves the first request of one that is still open, and closes it in its turn', async () => {
    const { controller, open, time } = await startWithQuietClients()
    const down = controller.shutdown()
    await until('the connections of the first step are closed', () => open.size <= 71)
    const [first] = open
    expect(headerOf(await (first as RawClient).request(lookup('TopicA'))).code).toBe(17)
    time.advance(50)
    time.advance(50)
    await down
    await first?.closed
  })
})

describe('a server that is started', () => {
  test('fails with EADDRINUSE on a port in use, and leaves nothing running', async () => {
    const { port } = await startServer()
    const second = createServer({ listenPort: `${port}` })
    await expect(second.controller.start()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(second.time.timers).toBe(0)
    await second.controller.shutdown()
  })

  test('returns the address and the port that are bound', async () => {
    const server = createServer()
    const { address, port } = await server.controller.start()
    expect(address).toBe('127.0.0.1')
    expect(port).toBeGreaterThan(0)
    await server.controller.shutdown()
  })
})
