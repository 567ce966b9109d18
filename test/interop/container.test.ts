import { expect, onTestFinished, test } from 'vitest'
import { startBrokerContainer } from './harness/broker-container.ts'
import { createTopic } from './harness/broker-requests.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { reference, startNameServer, subject } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/name-server-client.ts'
import { expectSameAnswers } from './harness/same-answers.ts'
import { until } from './harness/wait-until.ts'
import { startWireTap } from './harness/wire-tap.ts'

const REGISTER_BROKER = 103
const GET_ROUTEINFO_BY_TOPIC = 105
const TOPIC_NOT_EXIST = 17
const TOPIC = 'InOneProcess'
const MESSAGES = 20
/** "At once": the brokers' timeout is 120,000 ms. */
const AT_ONCE_MS = 10_000

test('two brokers of one container register over one connection and serve a topic together; when the container is killed, both are removed at once', async () => {
  const [nameServer, java] = await Promise.all([startNameServer(subject), startNameServer(reference)])
  const tap = await startWireTap(nameServer.address)
  onTestFinished(() => tap.close())
  const { brokers, program } = await startBrokerContainer({
    names: ['inner-1', 'inner-2'],
    nameServers: [tap.address, java.address],
  })
  const expected = Object.fromEntries(brokers.map(({ name, address }) => [name, { 0: address }]))
  for (const { address } of [nameServer, java]) {
    await until('both are registered', async () => Object.keys(await brokersOf(address)).length === 2)
    expect(await brokersOf(address)).toEqual(expected)
  }
  const registrations = tap.requests.filter(({ code }) => code === REGISTER_BROKER)
  expect(new Set(registrations.map(({ connection }) => connection)).size).toBe(1)
  expect(brokers.filter(({ name }) => !registrations.some(({ header }) => header.includes(name)))).toEqual([])

  // A topic that the first message makes is on one broker only if the producer looks its route up before the second message.
  for (const broker of brokers) await createTopic(broker, TOPIC)
  const client = { release: '5.5.0', nameServers: [nameServer.address], topic: TOPIC } as const
  const producer = startProducer({ ...client, count: MESSAGES })
  await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
  const consumer = startPushConsumer(client)
  await consumer.until('it has all', () => new Set(consumer.reported('RECEIVED')).size >= MESSAGES)
  expect(new Set(consumer.reported('RECEIVED'))).toEqual(new Set(producer.reported('SENT')))
  await until('both brokers have told of the topic', async () => {
    return (await routeOf(nameServer.address, TOPIC))?.queueDatas.length === 2
  })
  await expectSameAnswers(nameServer.address, java.address)
  await consumer.kill()

  await program.kill()
  if (subject.kind === 'java') return
  // Java's NameServer removes only one of them; see shared-connection-removes-all in docs/differences.md.
  await until(
    'no broker is left',
    async () => Object.keys(await brokersOf(nameServer.address)).length === 0,
    {
      timeoutMs: AT_ONCE_MS,
    },
  )
  expect((await ask(nameServer.address, GET_ROUTEINFO_BY_TOPIC, { topic: TOPIC })).code).toBe(TOPIC_NOT_EXIST)
})
