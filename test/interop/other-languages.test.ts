import { beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { otherClients, startOtherConsumer, startOtherProducer } from './harness/other-clients.ts'
import { outerReleases, type Release } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const MESSAGES = 20

/** A NameServer of its own for each broker, or they would share every topic that a producer makes. */
const worlds = new Map<Release, { readonly nameServer: NameServer; readonly broker: Broker }>()

beforeAll(async () => {
  await Promise.all(
    outerReleases.map(async (release) => {
      const nameServer = await startNameServer(subject)
      const nameServers = [nameServer.address]
      worlds.set(release, { nameServer, broker: await startBroker({ release, name: 'served', nameServers }) })
    }),
  )
})

// Python is missing: what its registry has either wraps the C++ library or speaks gRPC to a proxy, and neither is a
// client of the NameServer.
const cases = outerReleases.flatMap((release) => otherClients.map((client) => ({ release, client })))

test.concurrent.each(cases.map(({ client, release }) => [client, release] as const))(
  'the client %s with a broker of %s sends, and consumes what it and a Java client sent',
  async (client, release) => {
    const world = worlds.get(release)
    if (world === undefined) throw new Error('the broker was not started')
    const { nameServer, broker } = world
    await until('the broker is registered', async () => broker.name in (await brokersOf(nameServer.address)))
    const topic = `By-${client}`
    // The Go client makes its topic by sending to it; ali-ons gives up at the answer that there is none.
    if (client === 'ali-ons') await createTopic(broker, topic)
    const common = { nameServers: [nameServer.address], topic }

    const producer = startOtherProducer({ ...common, client, count: MESSAGES })
    await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
    expect(producer.reported('FAILED')).toEqual([])
    const sent = producer.reported('SENT')
    expect(sent).toHaveLength(MESSAGES)
    const route = await until('the broker has told of the topic', () => routeOf(nameServer.address, topic))
    expect(route).toMatchObject({
      brokerDatas: [{ brokerName: broker.name, brokerAddrs: { 0: broker.address } }],
    })

    // The Java client numbers its messages in the same way, so each body comes twice.
    const java = startProducer({ ...common, release, count: MESSAGES })
    await java.until('it has sent everything', () => java.lines.includes('DONE'))
    expect(java.reported('FAILED')).toEqual([])
    const consumers = [startOtherConsumer({ ...common, client }), startPushConsumer({ ...common, release })]
    const twice = [...sent, ...sent].sort()
    for (const consumer of consumers) {
      await consumer.until('it has all', () => consumer.reported('RECEIVED').length >= twice.length)
      expect(consumer.reported('RECEIVED').sort()).toEqual(twice)
    }
    await Promise.all(consumers.map((consumer) => consumer.kill()))
  },
)
