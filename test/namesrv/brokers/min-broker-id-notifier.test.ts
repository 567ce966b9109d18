import { createHmac, createSecretKey } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type MinBrokerIdChange,
  notifyMinBrokerId,
} from '../../../src/namesrv/brokers/min-broker-id-notifier.ts'
import { parseRemoteAddress } from '../../../src/remoting/address.ts'
import { RemotingClient } from '../../../src/remoting/client/remoting-client.ts'
import { fixture } from '../../fixtures/load.ts'
import { type FakePeer, startFakePeer } from '../../support/fake-peer.ts'
import { headerOf, type RawClient, type Request } from '../../support/raw-client.ts'
import { lookup, registration, type TestBroker, unregistration } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'
import { until } from '../../support/until.ts'

/** A notifier that reaches one peer at every address, and the addresses that it connected to. */
async function startNotifier(notifyAccessKey = '') {
  const peer = await startFakePeer()
  const { context, time, lines } = testContext({ notifyAccessKey })
  const addressed: string[] = []
  const client = new RemotingClient({
    connect: ({ host, port }, onReady) => {
      addressed.push(`${host}:${port}`)
      return connect(parseRemoteAddress(peer.address), onReady)
    },
    connectTimeoutMs: 3_000,
    maxIdleMs: 120_000,
    closeIfTimeout: true,
    maxConnections: 10,
    maxQueuedBytes: 10_000,
    maxOneways: 100,
    maxRequests: 100,
    maxFrameBytes: 100_000,
    serializeType: 0,
    nowMs: () => time.nowMs(),
    after: (delayMs, task) => time.after(delayMs, task),
    every: (periodMs, task) => time.every(periodMs, task),
  })
  onTestFinished(() => client.close())
  const notify = (change: MinBrokerIdChange): void =>
    notifyMinBrokerId(change, client, context, ACCOUNTS, () => true)
  const skipOpaques = (count: number) => {
    for (let i = 0; i < count; i++) client.createRequest(905, new Map())
  }
  return { peer, addressed, notify, lines, skipOpaques }
}

const ACCOUNTS = new Map([
  [
    'name-server',
    {
      identity: { kind: 'account' as const, name: 'name-server', roles: new Set<string>() },
      secrets: [createSecretKey(Buffer.from('new-secret')), createSecretKey(Buffer.from('old-secret'))],
      isUsableFrom: () => false,
    },
  ],
])

const MASTER = '127.0.0.1:31911'
const SLAVE = '127.0.0.2:31921'
const CHANGE: MinBrokerIdChange = {
  kind: 'min broker id changed',
  brokerName: 'broker-a',
  brokerAddrs: new Map(),
  offlineBrokerAddr: null,
  haBrokerAddr: null,
  enableActingMaster: true,
}

describe('the notification', () => {
  test.each([
    {
      case: 'the master shut down',
      captured: '5.5.0/notify-min-broker-id-change-offline.request',
      change: { brokerAddrs: new Map([[1n, SLAVE]]), offlineBrokerAddr: MASTER },
    },
    {
      case: 'the master came back',
      captured: '5.5.0/notify-min-broker-id-change-online.request',
      change: {
        brokerAddrs: new Map([
          [1n, SLAVE],
          [0n, MASTER],
        ]),
        haBrokerAddr: '127.0.0.1:31912',
      },
    },
  ])('has the same bytes as Java’s: $case', async ({ captured, change }) => {
    const { bytes, expected } = fixture(captured)
    const { peer, addressed, notify, skipOpaques } = await startNotifier()
    skipOpaques(expected.frame.opaque)
    notify({ ...CHANGE, ...change })
    await until('it has arrived', () => peer.received.length > 0)
    expect(peer.received.map((frame) => frame.bytes.toString('latin1'))).toEqual([bytes.toString('latin1')])
    expect(addressed).toEqual([SLAVE])
  })

  test.each([
    { case: 'a broker with a lower id came', change: { haBrokerAddr: 'h:1' }, recipients: ['b:1', 'c:1'] },
    { case: 'a broker left', change: { offlineBrokerAddr: 'o:1' }, recipients: ['a:1', 'b:1', 'c:1'] },
  ])('is sent to $recipients when $case, with the same opaque', async ({ change, recipients }) => {
    const { peer, addressed, notify } = await startNotifier()
    const brokerAddrs = new Map([
      [2n, 'c:1'],
      [0n, 'a:1'],
      [1n, 'b:1'],
    ])
    notify({ ...CHANGE, brokerAddrs, ...change })
    await until('all have arrived', () => peer.received.length === recipients.length)
    expect(addressed.sort()).toEqual(recipients)
    expect(new Set(peer.received.map(({ header }) => header.opaque))).toEqual(new Set([0]))
    expect(peer.received[0]?.header.extFields).toMatchObject({ minBrokerId: '0', minBrokerAddr: 'a:1' })
  })

  test('is sent to the only member of a group', async () => {
    const { peer, addressed, notify } = await startNotifier()
    notify({ ...CHANGE, brokerAddrs: new Map([[-1n, 'a:1']]) })
    await until('it has arrived', () => peer.received.length === 1)
    expect(peer.received[0]?.header.extFields).toEqual({ minBrokerAddr: 'a:1', minBrokerId: '-1' })
    expect(addressed).toEqual(['a:1'])
  })

  const toOne = { ...CHANGE, brokerAddrs: new Map([[1n, 'a:1']]), haBrokerAddr: 'h:1' }

  test('is signed by the account of notifyAccessKey, with its current secret', async () => {
    const { peer, notify } = await startNotifier('name-server')
    notify(toOne)
    await until('it has arrived', () => peer.received.length === 1)
    const fields = { haBrokerAddr: 'h:1', minBrokerAddr: 'a:1', minBrokerId: '1', AccessKey: 'name-server' }
    const content = 'name-serverh:1a:11'
    const Signature = createHmac('sha1', 'new-secret').update(content).digest('base64')
    expect(peer.received[0]?.header.extFields).toEqual({ ...fields, Signature })
  })

  test('is sent without a signature, and a line, if there is no such account', async () => {
    const { peer, notify, lines } = await startNotifier('unheard-of')
    notify(toOne)
    await until('it has arrived', () => peer.received.length === 1)
    expect(peer.received[0]?.header.extFields).not.toHaveProperty('Signature')
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', notifyAccessKey: 'unheard-of' }))
  })

  test('is not sent to an empty group', async () => {
    const { notify, lines } = await startNotifier()
    notify(CHANGE)
    expect(lines).toEqual([])
  })
})

/** A broker of 5.x that has an acting master, or lets its group have none. */
function acting(broker: TestBroker, enableActingMaster = true): Request {
  const request = registration(broker)
  return {
    ...request,
    extFields: { ...request.extFields, enableActingMaster: `${enableActingMaster}` },
  }
}

/** A server, and a group whose members are peers that record their notifications. */
async function startGroup(
  properties: Readonly<Record<string, string>> = {},
): Promise<{ server: TestServer; client: RawClient; peers: FakePeer[]; broker: (id: number) => TestBroker }> {
  const server = await startServer({ notifyMinBrokerIdChanged: 'true', ...properties })
  const client = await server.connect()
  const peers = [await startFakePeer(), await startFakePeer(), await startFakePeer()]
  const broker = (id: number): TestBroker => ({ id, address: peers[id]?.address ?? '' })
  return { server, client, peers, broker }
}

function notificationsOf(peer: FakePeer | undefined): unknown[] {
  return (peer?.received ?? []).map(({ header }) => header.extFields)
}

describe('a server with notifyMinBrokerIdChanged', () => {
  test('notifies slaves when their master registers, when it leaves, and when the next one expires', async () => {
    const { server, client, peers, broker } = await startGroup()
    const [master = '', first = '', second = ''] = peers.map(({ address }) => address)
    await client.request(acting({ ...broker(1), heartbeatTimeoutMs: 20_000 }))
    await client.request(acting({ ...broker(2), heartbeatTimeoutMs: 200_000 }))
    await client.request(acting(broker(0)))
    const online = { haBrokerAddr: '127.0.0.1:10912', minBrokerAddr: master, minBrokerId: '0' }
    await until(
      'both are notified',
      () => notificationsOf(peers[1]).length === 1 && notificationsOf(peers[2]).length === 1,
    )
    await client.request(unregistration(broker(0)))
    const offline = { offlineBrokerAddr: master, minBrokerAddr: first, minBrokerId: '1' }
    await until(
      'both are notified again',
      () => notificationsOf(peers[1]).length === 2 && notificationsOf(peers[2]).length === 2,
    )
    server.time.advance(30_000)
    const expired = { offlineBrokerAddr: first, minBrokerAddr: second, minBrokerId: '2' }
    await until('the last one is notified', () => notificationsOf(peers[2]).length === 3)
    expect(peers.map(notificationsOf)).toEqual([[], [online, offline], [online, offline, expired]])
  })

  test('responds to the registration even if none of the brokers is reachable', async () => {
    const { server, client, peers, broker } = await startGroup()
    await client.request(acting(broker(1)))
    peers[1]?.close()
    expect(headerOf(await client.request(acting(broker(0)))).code).toBe(0)
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(0)
    const line = 'broker not notified of the min broker id'
    await until('it is logged', () => server.lines.some(({ msg }) => msg === line))
    expect(server.lines.find(({ msg }) => msg === line)).toMatchObject({
      level: 'warn',
      brokerName: 'broker-a',
      brokerAddr: peers[1]?.address,
      code: 'ERR_CONNECT',
    })
  })

  test('notifies a group without acting master of a lower id only, not of a member that leaves', async () => {
    const { client, peers, broker } = await startGroup()
    await client.request(acting(broker(1), false))
    await client.request(acting(broker(2), false))
    await client.request(acting(broker(0), false))
    await client.request(unregistration(broker(0)))
    await client.request(acting(broker(0), false))
    await until(
      'both are notified twice',
      () => notificationsOf(peers[1]).length === 2 && notificationsOf(peers[2]).length === 2,
    )
    expect(notificationsOf(peers[1]).map((fields) => Object.keys(fields as object))).toEqual([
      ['haBrokerAddr', 'minBrokerAddr', 'minBrokerId'],
      ['haBrokerAddr', 'minBrokerAddr', 'minBrokerId'],
    ])
  })

  test('notifies no broker when connections close because the server shuts down', async () => {
    const { server, client, peers, broker } = await startGroup()
    const other = await server.connect()
    await client.request(acting(broker(1)))
    await other.request(acting(broker(0)))
    await until('the slave is notified of the master', () => notificationsOf(peers[1]).length === 1)
    await server.controller.shutdown()
    await Promise.all([client.closed, other.closed])
    await until('the server’s own connections are closed', () => peers[1]?.sockets.size === 0)
    expect(notificationsOf(peers[1])).toHaveLength(1)
    expect(server.time.timers).toBe(0)
  })
})

test('a server without notifyMinBrokerIdChanged notifies no broker', async () => {
  const { client, peers, broker } = await startGroup({ notifyMinBrokerIdChanged: 'false' })
  await client.request(acting(broker(1)))
  await client.request(acting(broker(0)))
  await client.request(unregistration(broker(0)))
  for (let turn = 0; turn < 20; turn++) await client.request(lookup('TopicA'))
  expect(peers.map((peer) => peer.accepted())).toEqual([0, 0, 0])
})
