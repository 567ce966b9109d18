import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { headerOf, type RawClient } from '../../support/raw-client.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

async function expectServed(...clients: RawClient[]): Promise<void> {
  for (const client of clients) expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(0)
}

/** A peer whose responses are not read until it is rejected: it may be closed before `connect` has told of it. */
async function refusedPeer(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let address = ''
  socket.on('connect', () => {
    address = `127.0.0.1:${socket.localPort}`
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.on('close', resolve))
  return address
}

/** A client whose PROXY header says that it is another one. */
async function proxied(server: TestServer, source: string): Promise<RawClient> {
  const client = await server.connect()
  client.send(Buffer.from(`PROXY TCP4 ${source} 127.0.0.1 40000 9876\r\n`))
  return client
}

describe('maxConnections', () => {
  test('connections are served up to it; one more is closed and logged, and there is room again when one closes', async () => {
    const server = await startServer({ maxConnections: '3' })
    const clients = [await server.connect(), await server.connect(), await server.connect()]
    const [first, second, third] = clients as [RawClient, RawClient, RawClient]
    await first.request(registration())
    await expectServed(...clients)

    const peer = await refusedPeer(server.port)
    await until('it was counted', () => server.controller.counters.rejected.maxConnections === 1)
    await expectServed(...clients)
    expect(server.lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        peer,
        limit: 'maxConnections',
        reason: 'maxConnections (3) reached',
        msg: 'rejected: limit reached',
      },
    ])
    const rejections = server.controller.events.list().filter(({ kind }) => kind === 'rejected')
    expect(rejections.map(({ subject }) => subject)).toEqual([peer])

    third.socket.destroy()
    await until('it is gone', () => server.controller.counters.connectionsClosed === 1)
    await expectServed(first, second, await server.connect())
    expect(server.controller.counters).toMatchObject({
      connectionsAccepted: 4,
      connectionsClosed: 1,
      connectionsRejected: { ERR_TOO_MANY_CONNECTIONS: 1 },
    })
  })

  test('a hundred rejections are ten log lines and ten events, and the next line says how many were suppressed', async () => {
    const server = await startServer({ maxConnections: '1' })
    const client = await server.connect()
    for (let peer = 0; peer < 100; peer++) await refusedPeer(server.port)
    await until('all are counted', () => server.controller.counters.rejected.maxConnections === 100)
    const lines = (): TestServer['lines'] => server.lines.filter((line) => line['limit'] === 'maxConnections')
    expect(lines()).toHaveLength(10)
    expect(server.controller.events.list()).toHaveLength(1 + 10)
    server.time.advance(10_000)
    await refusedPeer(server.port)
    await until('it is told', () => lines().length === 11)
    expect(lines()[10]?.['suppressed']).toBe(90)
    expect(headerOf(await client.request(lookup('none'))).code).toBe(17)
  })
})

describe('maxConnectionsPerAddress', () => {
  test('the default allows twenty thousand connections of one address, less than half of all', () => {
    const { values } = Configuration.resolve({ homeDirectory: '/home/user', processors: 2 }).configuration
    const { maxConnections, maxConnectionsPerAddress } = values
    expect(maxConnectionsPerAddress).toBe(20_000)
    expect(maxConnectionsPerAddress).toBeLessThan(maxConnections / 2)
  })

  test('0 is no limit', async () => {
    const server = await startServer({ maxConnectionsPerAddress: '0' })
    const clients = await Promise.all(Array.from({ length: 300 }, () => server.connect()))
    for (const client of clients) expect(headerOf(await client.request(lookup('none'))).code).toBe(17)
  })

  test('one more connection of an address is closed and logged; there is room again when one closes', async () => {
    const server = await startServer({ maxConnectionsPerAddress: '2' })
    const [first, second] = [await server.connect(), await server.connect()]
    await first.request(registration())
    const peer = await refusedPeer(server.port)
    await expectServed(first, second)
    expect(server.controller.counters.rejected.maxConnectionsPerAddress).toBe(1)
    expect(server.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { peer, limit: 'maxConnectionsPerAddress' },
    ])
    second.socket.destroy()
    await until('it is gone', () => server.controller.counters.connectionsClosed === 1)
    await expectServed(first, await server.connect())
  })

  test('the address is that of the PROXY header, and connections of a trusted proxy count for its clients alone', async () => {
    const server = await startServer({
      maxConnectionsPerAddress: '2',
      proxyProtocolTrustedNetworks: '127.0.0.0/8',
      // The broker announces a loopback address from another host.
      registrationGuard: 'off',
    })
    const clients: RawClient[] = []
    for (const source of ['10.0.0.1', '10.0.0.2', '10.0.0.1', '10.0.0.3', '10.0.0.2']) {
      clients.push(await proxied(server, source))
    }
    await (clients[0] as RawClient).request(registration())
    await expectServed(...clients)
    const third = await proxied(server, '10.0.0.1')
    await third.closed
    await expectServed(...clients)
    expect(server.controller.counters.connectionsRejected).toEqual({ ERR_TOO_MANY_OF_ADDRESS: 1 })
    expect(server.lines.filter(({ level }) => level === 'warn')).toMatchObject([{ peer: '10.0.0.1:40000' }])
    // Nor is one that was refused counted any longer.
    clients[0]?.socket.destroy()
    await until('both are gone', () => server.controller.counters.connectionsClosed === 2)
    const next = await proxied(server, '10.0.0.1')
    expect(headerOf(await next.request(lookup('none'))).code).toBe(17)
  })

  test('an unnamed proxy counts until its header names the client', async () => {
    const server = await startServer({ maxConnectionsPerAddress: '1' })
    const client = await proxied(server, '10.0.0.1')
    expect(headerOf(await client.request(lookup('none'))).code).toBe(17)
    const other = await proxied(server, '10.0.0.2')
    expect(headerOf(await other.request(lookup('none'))).code).toBe(17)
    await server.connect()
    await refusedPeer(server.port)
    expect(server.controller.counters.rejected.maxConnectionsPerAddress).toBe(1)
  })
})
