import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { startProducer } from './harness/clients.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/name-server-client.ts'
import { type Release, releases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const GET_ROUTEINFO_BY_TOPIC = 105
const TOPIC_NOT_EXIST = 17
/** "At once": the brokers' timeout is 120,000 ms. */
const AT_ONCE_MS = 10_000
/** Timeout of the two brokers that send heartbeats; their registrations come only every 10,000 ms. */
const NOT_ACTIVE_TIMEOUT_MS = 3_000

let nameServer: NameServer
/** A NameServer of its own for each, or the brokers would share every topic that a producer makes. */
const leaving = new Map<Release, { readonly nameServer: NameServer; broker: Broker }>()
let frozen: Broker
let beating: Broker

beforeAll(async () => {
  const properties = { scanNotActiveBrokerInterval: 500 }
  nameServer = await startNameServer({ ...subject, properties })
  const startBeating = (name: string, compatibleWithOldNameSrv: boolean) =>
    startBroker({
      release: '5.5.0',
      name,
      nameServers: [nameServer.address],
      properties: {
        enableSlaveActingMaster: true,
        brokerNotActiveTimeoutMillis: NOT_ACTIVE_TIMEOUT_MS,
        compatibleWithOldNameSrv,
      },
    })
  await Promise.all([
    // Heartbeats of their own kind (904), and those that old NameServers understand too (322).
    startBeating('frozen', false).then((broker) => {
      frozen = broker
    }),
    startBeating('beating', true).then((broker) => {
      beating = broker
    }),
    ...releases.map(async (release) => {
      const own = await startNameServer({ ...subject, properties })
      leaving.set(release, { nameServer: own, broker: await startBroker(leavingBroker(release, own)) })
    }),
  ])
})

function leavingBroker(release: Release, { address }: NameServer): BrokerOptions {
  return { release, name: `leaving-${release}`, nameServers: [address] }
}

async function registered({ address }: NameServer, broker: Broker): Promise<void> {
  await until(`${broker.name} is registered`, async () => broker.name in (await brokersOf(address)))
}

async function gone({ address }: NameServer, broker: Broker, timeoutMs: number): Promise<void> {
  await until(`${broker.name} is gone`, async () => !(broker.name in (await brokersOf(address))), {
    timeoutMs,
  })
}

describe.each(releases)('a broker of RocketMQ %s', (release) => {
  const topic = 'Leaving'

  function world() {
    const found = leaving.get(release)
    if (found === undefined) throw new Error('the broker was not started')
    return found
  }

  test('is out of the routes as soon as it is killed with SIGKILL, and back in them when it has started again', async () => {
    const { nameServer: own, broker } = world()
    await registered(own, broker)
    const producer = startProducer({ release, nameServers: [own.address], topic, count: 1 })
    await producer.until('the topic is made', () => producer.lines.includes('DONE'))
    await until('the broker has told the NameServer of it', () => routeOf(own.address, topic))

    await broker.program.kill()
    await gone(own, broker, AT_ONCE_MS)
    expect((await ask(own.address, GET_ROUTEINFO_BY_TOPIC, { topic })).code).toBe(TOPIC_NOT_EXIST)

    const again = await startBroker({
      ...leavingBroker(release, own),
      port: broker.port,
      store: broker.store,
    })
    world().broker = again
    await registered(own, again)
    expect(await routeOf(own.address, topic)).toMatchObject({
      brokerDatas: [{ brokerName: again.name, brokerAddrs: { 0: again.address } }],
    })
  })

  test('unregisters with its topics before it closes anything when stopped with SIGTERM', async () => {
    const { nameServer: own, broker } = world()
    await registered(own, broker)
    broker.program.signal('SIGTERM')
    await gone(own, broker, 10_000)
    // How it left is in our log: by its own request, or because its connection was lost.
    if (subject.kind === 'ours') {
      await own.program.until('the log says that it has asked for it', () => {
        const left = own.program.lines.filter((line) => line.includes('"broker unregistered'))
        return left.at(-1)?.includes('"reason":"request"')
      })
    }
    const { code, remark } = await ask(own.address, GET_ROUTEINFO_BY_TOPIC, { topic })
    expect([code, remark]).toEqual([
      TOPIC_NOT_EXIST,
      `No topic route info in name server for the topic: ${topic}\n` +
        'See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.',
    ])
    await broker.program.kill()
  })
})

describe('two brokers with a heartbeat timeout of their own (enableSlaveActingMaster, brokerNotActiveTimeoutMillis)', () => {
  test('one stopped with SIGSTOP expires after that timeout with its connection open, while heartbeats keep the other; after SIGCONT it is back', async () => {
    await registered(nameServer, frozen)
    await registered(nameServer, beating)

    frozen.program.signal('SIGSTOP')
    const stoppedMs = performance.now()
    await gone(nameServer, frozen, 15_000)
    // Heartbeats come every second, so the last one was at most about that much earlier.
    expect(performance.now() - stoppedMs).toBeGreaterThan(NOT_ACTIVE_TIMEOUT_MS - 1_500)
    expect(await brokersOf(nameServer.address)).toHaveProperty(beating.name)

    frozen.program.signal('SIGCONT')
    await registered(nameServer, frozen)
    expect(await brokersOf(nameServer.address)).toEqual({
      frozen: { 0: frozen.address },
      beating: { 0: beating.address },
    })
    await Promise.all([frozen.program.kill(), beating.program.kill()])
  })
})
