import { beforeAll, expect, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { expectSameAnswers } from './harness/same-answers.ts'
import { until } from './harness/wait-until.ts'

const RELEASE = '5.5.0'
const BROKERS = ['static-1', 'static-2']
const TOPIC = 'Static'
const QUEUES = 6
const MESSAGES = 20

let ours: NameServer
let java: NameServer
let tool: AdminTool

beforeAll(async () => {
  tool = startAdminTool(RELEASE)
  ;[ours, java] = await Promise.all([startNameServer(subject), startNameServer(reference)])
  const nameServers = [ours.address, java.address]
  await Promise.all(BROKERS.map((name) => startBroker({ release: RELEASE, name, nameServers })))
  for (const address of nameServers) {
    await until('both are registered', async () => Object.keys(await brokersOf(address)).length === 2)
  }
})

/** Numbers of the topic's logical queues by the broker that serves them, from the mapping in the route. */
async function mapped(nameServer: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const route = await routeOf(nameServer, TOPIC)
  return Object.fromEntries(
    Object.entries(route?.topicQueueMappingByBroker ?? {}).map(([name, { currIdMap = {} }]) => [
      name,
      Object.keys(currIdMap).sort(),
    ]),
  )
}

async function mappedAtBoth(holds: (queues: readonly (readonly string[])[]) => boolean): Promise<void> {
  for (const { address } of [ours, java]) {
    await until(`${address} shows every queue`, async () => {
      const queues = Object.values(await mapped(address))
      return queues.flat().length === QUEUES && holds(queues)
    })
  }
  await expectSameAnswers(ours.address, java.address)
}

test('mqadmin updateStaticTopic: the route has the mapping of every broker, as with Java, and clients send and consume by it', async () => {
  const command = `updateStaticTopic -t ${TOPIC} -qn ${QUEUES} -b ${BROKERS.join(',')}`
  const { stdout, stderr } = await tool.run(ours.address, command.split(' '))
  expect(stdout + stderr).toMatch(/mapping data is written to file .*\.after/)
  await mappedAtBoth((queues) => queues.length === 2 && queues.every((each) => each.length === QUEUES / 2))

  const client = { release: RELEASE, nameServers: [ours.address], topic: TOPIC } as const
  const producer = startProducer({ ...client, count: MESSAGES })
  await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
  expect(producer.reported('FAILED')).toEqual([])
  const consumer = startPushConsumer(client)
  await consumer.until('it has all', () => new Set(consumer.reported('RECEIVED')).size >= MESSAGES)
  expect(new Set(consumer.reported('RECEIVED'))).toEqual(new Set(producer.reported('SENT')))
  await consumer.kill()
})

test('mqadmin remappingStaticTopic: the route shows every queue on the remaining broker, as with Java', async () => {
  const command = `remappingStaticTopic -t ${TOPIC} -b ${BROKERS[0]}`
  const { stdout, stderr } = await tool.run(ours.address, command.split(' '))
  expect(stdout + stderr).toMatch(/mapping data is written to file .*\.after/)
  await mappedAtBoth((queues) => queues.some((each) => each.length === QUEUES))
})
