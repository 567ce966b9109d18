import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import type { ChildProgram } from './harness/child-program.ts'
import { startOrderedProducer, startOrderlyConsumer } from './harness/clients.ts'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/name-server-client.ts'
import { outerReleases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const CLUSTER = 'InteropCluster'
const QUEUES = 4
const KEYS = 8
/** Messages of a key at a time. */
const ROUND = 10
const PUT_KV_CONFIG = 100

let nameServer: NameServer
const brokers = new Map<string, Broker>()

beforeAll(async () => {
  nameServer = await startNameServer({ ...subject, properties: { orderMessageEnable: true } })
  await Promise.all(
    outerReleases.map(async (release) => {
      const name = `ordered-${release}`
      brokers.set(name, await startBroker({ release, name, nameServers: [nameServer.address] }))
    }),
  )
  await until('both are registered', async () => {
    return Object.keys(await brokersOf(nameServer.address)).length === brokers.size
  })
})

async function orderConfOf(topic: string): Promise<string | undefined> {
  return (await routeOf(nameServer.address, topic))?.orderTopicConf
}

/** Makes a producer send a round and gives the queues that it chose from in the end. */
async function sendRound(producer: ChildProgram): Promise<readonly string[]> {
  const done = () => producer.reported('DONE').length
  const before = done()
  producer.write(`${ROUND}\n`)
  await producer.until('the round is done', () => done() > before)
  return (producer.reported('QUEUES').at(-1) ?? '').split(',').sort()
}

function queuesOf(conf: string): readonly string[] {
  return conf
    .split(';')
    .flatMap((part) => {
      const [name = '', count = ''] = part.split(':')
      return Array.from({ length: Number(count) }, (_, queue) => `${name}:${queue}`)
    })
    .sort()
}

/** Bodies `key/number` by key, in the order in which they came. */
function numbersByKey(bodies: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const body of bodies) {
    const [key = '', number = ''] = body.split('/')
    found.set(key, [...(found.get(key) ?? []), Number(number)])
  }
  return found
}

/** `key/number broker` without the broker. */
function bodies(reported: readonly string[]): string[] {
  return reported.map((text) => text.split(' ')[0] ?? '')
}

describe('orderMessageEnable=true, a broker of 5.5.0 and one of 4.9.7', () => {
  const [newer, older] = outerReleases.map((release) => `ordered-${release}`) as [string, string]

  test.each(outerReleases)(
    'mqadmin %s updateTopic -o true writes an order configuration with every broker; clients follow it, messages of a key arrive in order',
    async (release) => {
      const topic = `Ordered-${release.replaceAll('.', '-')}`
      const nameServers = [nameServer.address]
      const tool = startAdminTool(release)
      const update = `updateTopic -c ${CLUSTER} -t ${topic} -r ${QUEUES} -w ${QUEUES} -o true`
      await tool.run(nameServer.address, update.split(' '))
      const conf = await until('the route has it', () => orderConfOf(topic))
      expect(conf.split(';').sort()).toEqual([`${older}:${QUEUES}`, `${newer}:${QUEUES}`])
      const client = { release, nameServers, topic }
      const producer = startOrderedProducer({ ...client, keys: KEYS })
      expect(await sendRound(producer)).toEqual(queuesOf(conf))

      // Three queues where the brokers have eight: the client believes the configuration.
      const less = `${older}:2;${newer}:1`
      await tool.run(nameServer.address, ['updateOrderConf', '-t', topic, '-m', 'put', '-v', less])
      expect(await orderConfOf(topic)).toBe(less)
      await until('the producer has taken it over', async () =>
        sameList(await sendRound(producer), queuesOf(less)),
      )
      await sendRound(producer)

      expect(producer.reported('FAILED')).toEqual([])
      const sent = bodies(producer.reported('SENT'))
      const rounds = producer.reported('DONE').length
      expect(sent).toHaveLength(KEYS * ROUND * rounds)
      const consumer = startOrderlyConsumer(client)
      await consumer.until('it has all', () => consumer.reported('RECEIVED').length >= sent.length)
      // While the configuration changed, a key changed its queue; order holds for what one queue got.
      const settled = (list: readonly string[]) =>
        numbersByKey(list.filter((body) => Number(body.split('/')[1]) >= ROUND * (rounds - 1)))
      const got = settled(consumer.reported('RECEIVED'))
      expect([...got.keys()].sort()).toEqual([...settled(sent).keys()].sort())
      for (const [key, numbers] of got) expect([key, numbers]).toEqual([key, settled(sent).get(key)])
      await consumer.kill()
      await producer.kill()
    },
  )

  test('when a broker of the order configuration is killed, its keys wait for it instead of moving to another; with it back they continue in order', async () => {
    const topic = 'Waiting'
    const conf = `${older}:2;${newer}:2`
    for (const broker of brokers.values()) await createTopic(broker, topic)
    await putOrderConf(topic, conf)
    await until('both brokers have it', async () => {
      return (await routeOf(nameServer.address, topic))?.queueDatas.length === brokers.size
    })
    const client = { release: '5.5.0', nameServers: [nameServer.address], topic } as const
    const producer = startOrderedProducer({ ...client, keys: KEYS })
    const consumer = startOrderlyConsumer(client)
    expect(await sendRound(producer)).toEqual(queuesOf(conf))
    const broker = brokers.get(older)
    if (broker === undefined) throw new Error('the broker was not started')
    await broker.program.kill()
    await until('it is gone', async () => !(older in (await brokersOf(nameServer.address))))

    expect(await sendRound(producer)).toEqual(queuesOf(conf))
    const failed = producer.reported('FAILED').map((text) => text.split(' '))
    expect(failed.filter(([, name]) => name !== older)).toEqual([])
    // Half of the queues are the older broker's, and the keys are dealt out to the queues in turn.
    expect(failed).toHaveLength((KEYS / 2) * ROUND)

    const { port, store } = broker
    await startBroker({ release: '4.9.7', name: older, nameServers: [nameServer.address], port, store })
    await until('it is back', async () => older in (await brokersOf(nameServer.address)))
    await sendRound(producer)
    expect(producer.reported('FAILED')).toHaveLength(failed.length)
    const sent = bodies(producer.reported('SENT'))
    await consumer.until('it has all', () => new Set(consumer.reported('RECEIVED')).size >= sent.length)
    const received = numbersByKey([...new Set(consumer.reported('RECEIVED'))])
    for (const [key, numbers] of numbersByKey(sent)) {
      expect([key, received.get(key)]).toEqual([key, numbers])
    }
    await Promise.all([consumer.kill(), producer.kill()])
  })

  test('returnOrderTopicConfigToBroker: the response to a registration makes brokers mark a topic as ordered', async () => {
    const topic = 'MarkedLater'
    for (const broker of brokers.values()) await createTopic(broker, topic)
    await putOrderConf(topic, `${newer}:4`)
    const marked = (broker: Broker) => {
      const text = readFileSync(join(broker.store, 'config/topics.json'), 'utf8')
      const { topicConfigTable } = JSON.parse(text) as {
        topicConfigTable: Record<string, { order: boolean }>
      }
      return topicConfigTable[topic]?.order
    }
    for (const broker of brokers.values()) {
      await until(`${broker.name} has written that it is ordered`, () => marked(broker) === true)
    }
  })
})

async function putOrderConf(topic: string, value: string): Promise<void> {
  const fields = { namespace: 'ORDER_TOPIC_CONFIG', key: topic, value }
  expect((await ask(nameServer.address, PUT_KV_CONFIG, fields)).code).toBe(0)
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.join() === other.join()
}
