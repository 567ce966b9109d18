import { beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { outerReleases, type Release, releases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'
import { startWireTap, type WireTap } from './harness/wire-tap.ts'

const MESSAGES = 20
const TOPIC = 'MadeBySending'
const REGISTER_BROKER = 103
const GET_ROUTEINFO_BY_TOPIC = 105

/** Kinds of header, as `rocketmq.serialize.type` and the frame's type byte name them. */
const headerKinds = [
  { serializeType: 'JSON', typeByte: 0, used: releases },
  { serializeType: 'ROCKETMQ', typeByte: 1, used: outerReleases },
] as const
const worlds = headerKinds.flatMap(({ used, ...headers }) =>
  used.map((release: Release) => ({ ...headers, release })),
)

/** A NameServer with one broker, so that nothing but that broker can serve the topic. */
interface World {
  readonly nameServer: string
  /** In front of the NameServer; broker and clients know only this address. */
  readonly tap: WireTap
  readonly broker: Broker
}

const started = new Map<string, World>()

beforeAll(async () => {
  await Promise.all(
    worlds.map(async ({ release, serializeType }) => {
      started.set(`${release} ${serializeType}`, await startWorld(release, serializeType))
    }),
  )
  return () => Promise.all([...started.values()].map(({ tap }) => tap.close()))
})

async function startWorld(release: Release, serializeType: string): Promise<World> {
  const { address } = await startNameServer(subject)
  const tap = await startWireTap(address)
  const broker = await startBroker({
    release,
    name: `broker-${serializeType}`,
    nameServers: [tap.address],
    javaOptions: [`-Drocketmq.serialize.type=${serializeType}`],
  })
  return { nameServer: address, tap, broker }
}

test.concurrent.each(worlds.map((world) => [world.release, world.serializeType, world] as const))(
  'a broker of %s with %s headers registers, a producer creates a topic by sending to it, a push consumer receives every message',
  async (release, serializeType, { typeByte }) => {
    const world = started.get(`${release} ${serializeType}`)
    if (world === undefined) throw new Error('the broker was not started')
    const { nameServer, tap, broker } = world
    await until('the broker is registered', async () => broker.name in (await brokersOf(nameServer)))
    expect(await routeOf(nameServer, TOPIC)).toBeUndefined()

    const client = {
      release,
      nameServers: [tap.address],
      topic: TOPIC,
      javaOptions: [`-Drocketmq.serialize.type=${serializeType}`],
    }
    const producer = startProducer({ ...client, count: MESSAGES })
    await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
    expect(producer.reported('FAILED')).toEqual([])
    expect(producer.reported('SENT')).toHaveLength(MESSAGES)
    const route = await until('the broker has told the NameServer of the topic', () =>
      routeOf(nameServer, TOPIC),
    )
    expect(route).toMatchObject({
      brokerDatas: [{ brokerName: broker.name, brokerAddrs: { 0: broker.address } }],
      queueDatas: [{ brokerName: broker.name, perm: 6 }],
    })

    const consumer = startPushConsumer(client)
    await consumer.until(
      'it has every message',
      () => new Set(consumer.reported('RECEIVED')).size >= MESSAGES,
    )
    expect(new Set(consumer.reported('RECEIVED'))).toEqual(new Set(producer.reported('SENT')))

    const codes = new Set(tap.requests.map(({ code }) => code))
    expect([REGISTER_BROKER, GET_ROUTEINFO_BY_TOPIC].filter((code) => !codes.has(code))).toEqual([])
    expect(new Set(tap.requests.map((request) => request.serializeType))).toEqual(new Set([typeByte]))
    await consumer.kill()
  },
)
