import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { TimeSlicer } from '../../src/common/time-slicer.ts'
import { takeCensus } from '../../src/inspect/connections/census.ts'
import { clientsView, connectionsView } from '../../src/inspect/connections/connection-views.ts'
import type { InspectSources } from '../../src/inspect/sources.ts'
import type { View } from '../../src/inspect/view.ts'
import type { ClosedConnection, OpenConnection } from '../../src/stats/connections.ts'
import { Counters } from '../../src/stats/counters.ts'
import { requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'
import { ask } from './view-world.ts'

const NOW_MS = 1_000_000
const DATE_MS = Date.parse('2026-11-28T12:00:00Z')

/** A client of 5.5.0 that connected a second before for each connection after it. */
function open(id: number, given: Partial<OpenConnection> = {}): OpenConnection {
  return {
    ...{ id, remoteAddress: `10.0.0.1:${id}`, openedMs: NOW_MS - 60_000 + id, state: 'open', kind: 'client' },
    ...{ language: 'JAVA', version: 513, tls: null, proxied: false, requests: 1, bytesIn: 10, bytesOut: 20 },
    lastActivityMs: NOW_MS - 5_000,
    ...given,
  }
}

function closed(id: number, given: Partial<ClosedConnection> = {}): ClosedConnection {
  const { state: _, ...facts } = open(id)
  return { ...facts, cause: 'peer_closed', code: null, detail: null, closedMs: NOW_MS - 1_000 + id, ...given }
}

interface Connections {
  readonly open?: readonly OpenConnection[]
  readonly closed?: readonly ClosedConnection[]
}

function sourcesOf({ open = [], closed = [] }: Connections) {
  let turns = 0
  const slicer = new TimeSlicer({
    nowMs: () => performance.now(),
    defer: (task) => {
      turns++
      setImmediate(task)
    },
  })
  const sources = {
    connections: { open: () => open, closed: () => closed, census: () => takeCensus(open) },
    counters: new Counters(),
    slicer,
    nowMs: () => NOW_MS,
    dateMs: () => DATE_MS,
  } as unknown as InspectSources
  return { sources, turns: () => turns }
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
addFormats.default(ajv)

/** What a view shows, which its schema must allow. */
async function read(view: View, query = '') {
  const value = await view.read({
    path: {},
    query: new URLSearchParams(query),
    owner: { closed: false },
    sender: { identity: undefined, host: '127.0.0.1', isTls: false },
  })
  const valid = ajv.compile(view.response)
  if (!valid(value)) throw new Error(ajv.errorsText(valid.errors))
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  return value as any
}

const idsOf = (value: { connections: { id: number }[] }) => value.connections.map(({ id }) => id)

test('an open connection is shown with dates, and nothing about its end', async () => {
  const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', clientSubject: 'CN=a' }
  const { sources } = sourcesOf({ open: [open(7, { tls, version: 407 })] })
  expect((await read(connectionsView(sources))).connections).toEqual([
    {
      ...{ id: 7, address: '10.0.0.1:7', state: 'open', kind: 'client' },
      ...{ language: 'JAVA', version: 407, versionName: 'V4_9_7', tls, proxied: false, asking: false },
      ...{ requests: 1, bytesIn: 10, bytesOut: 20, opened: '2026-11-28T11:59:00.007Z', idleMs: 5_000 },
      ...{ closed: null, cause: null, code: null, detail: null },
    },
  ])
})

test('a closed connection is shown with the reason, and how long it was idle when it closed', async () => {
  const reason = { cause: 'limit', code: 'maxQueuedRequestBytes', detail: 'too much' } as const
  const { sources } = sourcesOf({ closed: [closed(7, { ...reason, language: null, version: null })] })
  expect((await read(connectionsView(sources), 'state=closed')).connections).toMatchObject([
    {
      ...{ state: 'closed', language: null, version: null, versionName: null, idleMs: 4_007 },
      ...{ closed: '2026-11-28T11:59:59.007Z', ...reason },
    },
  ])
})

test.each([
  ['', [1, 2, 3, 4]],
  ['sort=opened', [4, 3, 2, 1]],
  ['sort=requests', [3, 1, 2, 4]],
  ['sort=bytes', [2, 1, 3, 4]],
  ['sort=idle', [4, 1, 2, 3]],
  ['sort=requests&limit=2', [3, 1]],
  ['limit=1', [1]],
  ['kind=broker', [4]],
  ['address=10.0.0.1:', [1, 2, 3]],
  ['address=10.9.', [4]],
  ['id=2', [2]],
  ['id=5', []],
  ['id=5&state=all', [5]],
  ['address=[::ffff:10.9.', [4]],
  ['address=.9.', []],
  ['state=closed', [6, 5]],
  ['state=closed&sort=id', [5, 6]],
  ['state=all&sort=closed', [6, 5, 1, 2, 3, 4]],
  ['state=all&kind=broker&sort=opened', [6, 4]],
  ['order=reverse', [4, 3, 2, 1]],
  ['sort=requests&order=reverse', [1, 2, 4, 3]],
  ['sort=requests&limit=2&offset=1', [1, 2]],
  ['offset=4', []],
  ['sort=address', [1, 2, 3, 4]],
  ['sort=address&order=reverse', [4, 3, 2, 1]],
  ['sort=kind', [4, 1, 2, 3]],
  ['sort=language', [3, 1, 2, 4]],
  ['sort=version', [2, 1, 4, 3]],
  ['language=CPP', [3]],
  ['version=600', [2]],
  ['version=0', []],
  ['state=all&cause=idle', [6]],
  ['cause=idle', []],
  ['state=closed&sort=cause', [6, 5]],
])('connections of ?%s are %j', async (query, ids) => {
  const { sources } = sourcesOf({
    open: [
      open(1),
      open(2, { bytesOut: 1_000, version: 600 }),
      open(3, { requests: 9, language: 'CPP', version: null }),
      open(4, { kind: 'broker', remoteAddress: '[::ffff:10.9.0.1]:4', lastActivityMs: 0 }),
    ],
    closed: [closed(5), closed(6, { kind: 'broker', cause: 'idle' })],
  })
  expect(idsOf(await read(connectionsView(sources), query))).toEqual(ids)
})

test('the totals count all connections, and those that the parameters select', async () => {
  const { sources } = sourcesOf({ open: [1, 2, 3].map((id) => open(id)), closed: [closed(4)] })
  Object.assign(sources.counters, { connectionsAccepted: 10, connectionsClosed: 7 })
  Object.assign(sources.counters.connectionsClosedBy, { peer_closed: 5, idle: 2 })
  expect(await read(connectionsView(sources), 'limit=1&kind=client')).toMatchObject({
    ...{ open: 3, accepted: 10, closed: 7, matching: 3 },
    closedBy: { peer_closed: 5, idle: 2, socket_error: 0 },
  })
})

test.each([
  ['state=gone', 'state="gone" is not one of open, closed, all'],
  ['sort=name', 'sort="name" is not one of id, opened, closed, requests, bytes, idle'],
  ['kind=producer', 'kind="producer" is not one of unknown, client, admin, broker'],
  ['limit=4097', 'limit="4097" is not a number from 1 to 4096'],
  ['offset=-1', 'offset="-1" is not a number from 0 to 1000000'],
  ['version=-1', 'version="-1" is not a number from 0 to 2147483647'],
  ['order=desc', 'order="desc" is not one of reverse'],
  ['id=0', 'id="0" is not a number from 1 to 9007199254740991'],
])('?%s is rejected', async (query, message) => {
  await expect(read(connectionsView(sourcesOf({}).sources), query)).rejects.toThrow(message)
})

test('of 50,000 connections the first ones of a sort are found in slices', async () => {
  const many = Array.from({ length: 50_000 }, (_, index) =>
    open(index, { requests: (index * 7_919) % 50_000 }),
  )
  const { sources, turns } = sourcesOf({ open: many })
  const found = await read(connectionsView(sources), 'sort=requests&limit=4096')
  expect(found.connections.map(({ requests }: OpenConnection) => requests)).toEqual(
    Array.from({ length: 4_096 }, (_, index) => 49_999 - index),
  )
  expect(found.matching).toBe(50_000)
  expect(turns()).toBeGreaterThan(0)
})

test('the pages of a sort by address have each of 10,000 connections once, in the order of its numbers', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) => {
    const number = (index * 7_919) % 10_000
    return open(index, { remoteAddress: `10.0.${Math.floor(number / 100)}.${number % 100}:5000` })
  })
  const { sources } = sourcesOf({ open: many })
  const addresses: string[] = []
  for (let offset = 0; offset < 10_000; offset += 4_000) {
    const page = await read(connectionsView(sources), `sort=address&limit=4000&offset=${offset}`)
    addresses.push(...page.connections.map(({ address }: { address: string }) => address))
  }
  expect(addresses).toEqual(
    Array.from({ length: 10_000 }, (_, number) => `10.0.${Math.floor(number / 100)}.${number % 100}:5000`),
  )
})

test('clients are counted by kind, language and version, with their hosts', async () => {
  const tls = { protocol: 'TLSv1.3', cipher: 'c', clientSubject: null }
  const { sources } = sourcesOf({
    open: [
      open(1),
      open(2),
      open(3, { remoteAddress: '10.0.0.2:3', tls }),
      open(4, { language: 'GO', version: 317 }),
      open(5, { kind: 'broker' }),
      open(6, { kind: 'unknown', language: null, version: null, state: 'handshake' }),
      open(7, { version: 1_000 }),
      open(8, { version: 2_000_000_000 }),
    ],
  })
  const client = { kind: 'client', language: 'JAVA', version: 513, versionName: 'V5_5_0', connections: 3 }
  const hosts = ['10.0.0.1']
  expect(await read(clientsView(sources))).toEqual({
    connections: 8,
    kinds: [
      { kind: 'unknown', tls: false, connections: 1 },
      { kind: 'client', tls: false, connections: 5 },
      { kind: 'client', tls: true, connections: 1 },
      { kind: 'broker', tls: false, connections: 1 },
    ],
    clients: [
      { ...client, hosts: ['10.0.0.1', '10.0.0.2'] },
      { ...client, version: 612, versionName: 'HIGHER_VERSION', connections: 2, hosts },
      { ...client, kind: 'broker', connections: 1, hosts },
      { ...client, language: 'GO', version: 317, versionName: 'V4_5_2', connections: 1, hosts },
    ],
    others: 0,
  })
})

test('64 programs and eight hosts of each are listed, and the connections of all others are counted', async () => {
  const { sources } = sourcesOf({
    open: Array.from({ length: 1_000 }, (_, id) =>
      open(id, { version: id % 100, remoteAddress: `10.0.0.${id % 256}:1` }),
    ),
  })
  const { clients, others } = await read(clientsView(sources))
  expect(clients).toHaveLength(64)
  expect(others).toBe(360)
  for (const { hosts } of clients) expect(hosts).toHaveLength(8)
})

test('over the HTTP port, a broker that expired is found among the closed connections', async () => {
  const server = await startServer({ httpListenPort: 'any' })
  const [broker, client] = [await server.connect(), await server.connect()]
  await broker.request(registration({ heartbeatTimeoutMs: 10_000 }))
  await client.request({ ...lookup('TopicA'), version: 407 })
  expect((await ask(server, 'connections')).body).toMatchObject({
    open: 2,
    connections: [
      { address: broker.address, kind: 'broker', versionName: 'V5_5_0' },
      { address: client.address, kind: 'client', versionName: 'V4_9_7' },
    ],
  })
  server.time.advance(60_000)
  await until('the broker is cut off', () => server.controller.counters.connectionsClosed === 1)
  expect((await ask(server, 'connections?state=closed')).body).toMatchObject({
    ...{ open: 1, closed: 1, closedBy: { broker_expired: 1 } },
    connections: [{ address: broker.address, kind: 'broker', cause: 'broker_expired' }],
  })
  expect((await ask(server, 'clients')).body).toMatchObject({
    connections: 1,
    clients: [{ kind: 'client', language: 'JAVA', versionName: 'V4_9_7', hosts: ['127.0.0.1'] }],
  })
})

test('a connection shows itself to the peer that asks over it', async () => {
  const server = await startServer()
  const client = await server.connect()
  client.send(requestFrame({ code: 1_450, extFields: { path: '/api/v1/connections?kind=admin' } }))
  const { body } = await client.next()
  expect(JSON.parse(body.toString())).toMatchObject({
    connections: [{ address: client.address, kind: 'admin', requests: 1 }],
  })
})
