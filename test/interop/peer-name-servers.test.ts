import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { type NameServer, type NameServerKind, startNameServer } from './harness/name-server.ts'
import { ask, routeOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const PUT_KV_CONFIG = 100
const DELETE_KV_CONFIG = 102
const WIPE_WRITE_PERM = 205
const ADD_WRITE_PERM = 327
const DELETE_TOPIC = 216

interface PeerJson {
  readonly address: string
  readonly verdict: string
  readonly reason: string | null
  readonly differences: readonly { readonly kind: string; readonly subject: string }[]
}

const kinds: readonly (readonly [string, NameServerKind])[] = [
  ['ours', { kind: 'ours' }],
  ['Java 5.5.0', { kind: 'java', release: '5.5.0' }],
  ['Java 4.9.7', { kind: 'java', release: '4.9.7' }],
]
const peers = new Map<string, NameServer>()
const brokerName = 'compared'
let observer: NameServer
const sockets: RawClient[] = []

beforeAll(async () => {
  await Promise.all(kinds.map(async ([name, kind]) => peers.set(name, await startNameServer(kind))))
  const addresses = [...peers.values()].map(({ address }) => address)
  const properties = { peers: addresses.join(','), peersIntervalMillis: 500 }
  observer = await startNameServer({ kind: 'ours', hasHttp: true, properties })
  const nameServers = [observer.address, ...addresses]
  const broker = await startBroker({ release: '5.5.0', name: brokerName, nameServers })
  await createTopic(broker, 'Compared')
  for (const address of nameServers)
    await until(`${address} has the topic`, async () => (await routeOf(address, 'Compared')) !== undefined)
})

afterAll(() => {
  for (const { socket } of sockets) socket.destroy()
})

function peerOf(name: string): NameServer {
  const peer = peers.get(name)
  if (peer === undefined) throw new Error(`${name} was not started`)
  return peer
}

async function stateOf({ address }: NameServer): Promise<PeerJson> {
  const response = await fetch(`${observer.httpUrl}/api/v1/peers`)
  const { peers: states } = (await response.json()) as { peers: PeerJson[] }
  const state = states.find((each) => each.address === address)
  if (state === undefined) throw new Error(`${address} is not among the peers`)
  return state
}

async function agrees(peer: NameServer): Promise<void> {
  let state: PeerJson | undefined
  const isEqual = async () => {
    state = await stateOf(peer)
    return state.verdict === 'agrees' && !state.reason?.startsWith('routes of')
  }
  await until('the peer agrees', isEqual).catch((cause: unknown) => {
    throw new Error(`no agreement: ${JSON.stringify(state)}`, { cause })
  })
}

async function differs(peer: NameServer, difference: Readonly<Record<string, string | null>>): Promise<void> {
  const found = await until('the difference is found', async () => {
    const { differences } = await stateOf(peer)
    return differences.find(
      ({ kind, subject }) => kind === difference['kind'] && subject === difference['subject'],
    )
  })
  expect(found).toEqual(difference)
}

/** A registration that lasts as long as its connection. */
async function register(at: NameServer, broker: Parameters<typeof registration>[0]): Promise<RawClient> {
  const client = await RawClient.connect(at.port)
  sockets.push(client)
  await client.request(registration(broker))
  return client
}

describe.each(kinds)('a peer that is %s', (name) => {
  test('agrees when the same broker has registered with both', async () => {
    await agrees(peerOf(name))
  })

  test('differs in a permission that was wiped there, until it is restored', async () => {
    const peer = peerOf(name)
    await ask(peer.address, WIPE_WRITE_PERM, { brokerName })
    const subject = `Compared on ${brokerName}`
    await differs(peer, { kind: 'permission', subject, here: '6', there: '4' })
    // Everywhere, because it also changes topics with other permissions.
    for (const { address } of [observer, ...peers.values()])
      await ask(address, ADD_WRITE_PERM, { brokerName })
    await agrees(peer)
  })

  test('differs in an entry of the order configuration', async () => {
    const peer = peerOf(name)
    const entry = { namespace: 'ORDER_TOPIC_CONFIG', key: 'Compared' }
    await ask(peer.address, PUT_KV_CONFIG, { ...entry, value: 'compared:4' })
    const subject = 'ORDER_TOPIC_CONFIG/Compared'
    await differs(peer, { kind: 'kv', subject, here: null, there: 'compared:4' })
    await ask(peer.address, DELETE_KV_CONFIG, entry)
    await agrees(peer)
  })

  test('differs in brokers: missing here, missing there, another id, another address', async () => {
    const peer = peerOf(name)
    const own = await register(observer, { name: 'b', address: 'b:1', topics: ['TB', 'TC'] })
    await differs(peer, { kind: 'broker_missing', subject: 'b', here: '0=b:1', there: null })
    await differs(peer, { kind: 'topic_missing', subject: 'TC', here: 'on b', there: null })
    const moved = await register(peer, { name: 'b', address: 'c:1', topics: ['TB', 'TC'] })
    await differs(peer, { kind: 'broker_address', subject: 'b:0', here: 'b:1', there: 'c:1' })
    moved.socket.destroy()
    const slave = await register(peer, { name: 'b', address: 'b:1', id: 1, topics: ['TB', 'TC'] })
    await differs(peer, { kind: 'broker_id', subject: 'b b:1', here: '0', there: '1' })
    slave.socket.destroy()
    own.socket.destroy()
    const other = await register(peer, { name: 'd', address: 'd:1', topics: ['TD', 'TE'] })
    await differs(peer, { kind: 'broker_missing', subject: 'd', here: null, there: '0=d:1' })
    other.socket.destroy()
    await agrees(peer)
  })

  test('differs in a topic that was deleted there', async () => {
    const peer = peerOf(name)
    await ask(peer.address, DELETE_TOPIC, { topic: 'Compared' })
    await differs(peer, { kind: 'topic_missing', subject: 'Compared', here: `on ${brokerName}`, there: null })
  })
})
