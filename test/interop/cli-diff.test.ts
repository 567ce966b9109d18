import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { RawClient } from '../support/raw-client.ts'
import { registration, registrationBody } from '../support/requests.ts'
import { startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { type NameServer, type NameServerKind, startNameServer } from './harness/name-server.ts'
import { ask, routeOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const PUT_KV_CONFIG = 100
const DELETE_KV_CONFIG = 102
const WIPE_WRITE_PERM = 205
const DELETE_TOPIC = 216
const UPDATE_NAMESRV_CONFIG = 318
const ADD_WRITE_PERM = 327

const kinds: Readonly<Record<string, NameServerKind>> = {
  ours: { kind: 'ours' },
  'another of ours': { kind: 'ours' },
  'Java 5.5.0': { kind: 'java', release: '5.5.0' },
  'another Java 5.5.0': { kind: 'java', release: '5.5.0' },
  'Java 4.9.7': { kind: 'java', release: '4.9.7' },
}
const brokerName = 'compared'
const servers = new Map<string, NameServer>()
const sockets: RawClient[] = []

beforeAll(async () => {
  await Promise.all(
    Object.entries(kinds).map(async ([name, kind]) => servers.set(name, await startNameServer(kind))),
  )
  const nameServers = [...servers.values()].map(({ address }) => address)
  const broker = await startBroker({ release: '5.5.0', name: brokerName, nameServers })
  await createTopic(broker, 'Compared')
  for (const address of nameServers)
    await until(`${address} has the topic`, async () => (await routeOf(address, 'Compared')) !== undefined)
})

afterAll(() => {
  for (const { socket } of sockets) socket.destroy()
})

function serverOf(name: string): NameServer {
  const server = servers.get(name)
  if (server === undefined) throw new Error(`${name} was not started`)
  return server
}

interface Item {
  readonly kind: string
  readonly subject: string
  readonly values: Readonly<Record<string, string | null>>
}

async function diff(a: NameServer, b: NameServer) {
  const { code, stdout, stderr } = await runCli(['diff', a.address, b.address, '-o', 'json'], {
    onPause: (ms) => delay(ms),
  })
  const { items, errors } = JSON.parse(stdout) as { items: readonly Item[]; errors: readonly object[] }
  expect(errors).toEqual([])
  const texts = items.map(
    ({ kind, subject, values }) => `${kind} ${subject}: ${values[a.address]} ${values[b.address]}`,
  )
  return { code, texts, stderr }
}

async function agree(a: NameServer, b: NameServer): Promise<void> {
  let last: unknown
  await until('they agree', async () => {
    last = await diff(a, b)
    return (last as { code: number }).code === 0
  }).catch((cause: unknown) => {
    throw new Error(`no agreement: ${JSON.stringify(last)}`, { cause })
  })
}

/** A registration that lasts as long as its connection. */
async function register(
  at: NameServer,
  broker: Parameters<typeof registration>[0],
  body?: string,
): Promise<RawClient> {
  const client = await RawClient.connect(at.port)
  sockets.push(client)
  const request = registration({ topics: ['TB', 'TC'], ...broker })
  await client.request(body === undefined ? request : { ...request, body })
  return client
}

describe.each([
  ['ours', 'another of ours'],
  ['ours', 'Java 5.5.0'],
  ['ours', 'Java 4.9.7'],
  ['Java 5.5.0', 'another Java 5.5.0'],
  ['Java 5.5.0', 'Java 4.9.7'],
])('diff of %s and %s', (nameA, nameB) => {
  test('finds them equal when the same broker has registered with both', async () => {
    await agree(serverOf(nameA), serverOf(nameB))
  })

  test('finds a wiped permission, and says how it is restored', async () => {
    const [a, b] = [serverOf(nameA), serverOf(nameB)]
    await ask(b.address, WIPE_WRITE_PERM, { brokerName })
    const { code, texts, stderr } = await diff(a, b)
    expect(code).toBe(1)
    expect(texts).toContain(`permission Compared on ${brokerName}: 6 4`)
    expect(stderr).toContain(`(mqnamesrv broker restore-write ${brokerName} -n "${b.address}")`)
    // Everywhere, because it also changes topics with other permissions.
    for (const { address } of servers.values()) await ask(address, ADD_WRITE_PERM, { brokerName })
    await agree(a, b)
  })

  test('finds an entry of the order configuration', async () => {
    const [a, b] = [serverOf(nameA), serverOf(nameB)]
    const entry = { namespace: 'ORDER_TOPIC_CONFIG', key: 'Compared' }
    await ask(b.address, PUT_KV_CONFIG, { ...entry, value: 'compared:4' })
    expect((await diff(a, b)).texts).toEqual(['kv ORDER_TOPIC_CONFIG/Compared: null compared:4'])
    await ask(b.address, DELETE_KV_CONFIG, entry)
    await agree(a, b)
  })

  test('finds a configuration key', async () => {
    const [a, b] = [serverOf(nameA), serverOf(nameB)]
    const set = (value: boolean) =>
      ask(b.address, UPDATE_NAMESRV_CONFIG, {}, undefined, Buffer.from(`orderMessageEnable=${value}`))
    expect((await set(true)).code).toBe(0)
    expect((await diff(a, b)).texts).toEqual(['config orderMessageEnable: false true'])
    await set(false)
    await agree(a, b)
  })

  test('finds a missing broker, another address, another id and other queues', async () => {
    const [a, b] = [serverOf(nameA), serverOf(nameB)]
    const own = await register(a, { name: 'b', address: 'b:1' })
    const missing = await diff(a, b)
    expect(missing.texts).toEqual([
      'broker_missing b: 0=b:1 null',
      'topic_missing TB: on b null',
      'topic_missing TC: on b null',
    ])
    expect(missing.stderr).toContain(
      `b (0=b:1) is registered with ${a.address} and not with ${b.address}: check namesrvAddr of b, and its connection to ${b.address}\n`,
    )
    const moved = await register(b, { name: 'b', address: 'c:1' })
    expect((await diff(a, b)).texts).toEqual(['broker_address b:0: b:1 c:1'])
    moved.socket.destroy()
    await until('the broker is gone', async () =>
      (await diff(a, b)).texts.includes('broker_missing b: 0=b:1 null'),
    )
    const slave = await register(b, { name: 'b', address: 'b:1', id: 1 })
    expect((await diff(a, b)).texts).toContain('broker_id b b:1: 0 1')
    slave.socket.destroy()
    await until('the slave is gone', async () =>
      (await diff(a, b)).texts.includes('broker_missing b: 0=b:1 null'),
    )
    const fewer = registrationBody(['TB', 'TC']).replace('"readQueueNums":4', '"readQueueNums":2')
    const other = await register(b, { name: 'b', address: 'b:1' }, fewer)
    expect((await diff(a, b)).texts).toEqual(['queues TB on b: 4 read, 4 write 2 read, 4 write'])
    own.socket.destroy()
    other.socket.destroy()
    await agree(a, b)
  })

  test('finds a topic that was deleted at one', async () => {
    const [a, b] = [serverOf(nameA), serverOf(nameB)]
    const own = await Promise.all([a, b].map((server) => register(server, { name: 'd', address: 'd:1' })))
    await ask(b.address, DELETE_TOPIC, { topic: 'TC' })
    const { texts, stderr } = await diff(a, b)
    expect(texts).toEqual(['topic_missing TC: on d null'])
    expect(stderr).toContain('d is registered with all of them, but 1 of its topics differs: ')
    for (const { socket } of own) socket.destroy()
    await agree(a, b)
  })
})

test('diff of three NameServers, one of them down, compares the other two', async () => {
  const [a, b] = [serverOf('ours'), serverOf('Java 4.9.7')]
  const { code, stdout } = await runCli(['diff', a.address, '127.0.0.1:1', b.address, '-o', 'json'])
  expect(code).toBe(5)
  expect(JSON.parse(stdout)).toMatchObject({ items: [], errors: [{ namesrv: '127.0.0.1:1' }] })
})
