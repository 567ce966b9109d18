import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import type { ChildProgram } from './harness/child-program.ts'
import { type Absence, clientErrors } from './harness/client-errors.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { outerReleases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

/** How NameServers are shut down, and whose clients see it. Both at a time, with the same brokers. */
const settings = [
  {
    how: 'gracefully',
    topic: 'Graceful',
    properties: { enableShutdownGracefully: true, shutdownWaitTimeSeconds: 3 },
    producerRelease: '5.5.0',
    hasNewcomers: true,
  },
  {
    how: 'by default',
    topic: 'ByDefault',
    properties: {},
    producerRelease: '4.9.7',
    hasNewcomers: false,
  },
] as const

type Setting = (typeof settings)[number]

const started = new Map<string, NameServer[]>()
let brokers: readonly Broker[]

/** Always ours: with Java's, clients that start meanwhile and take the leaving one fail for the whole time. */
function start({ properties }: Setting, port?: number): Promise<NameServer> {
  return startNameServer({ kind: 'ours', properties, ...(port !== undefined && { port }) })
}

async function registered({ address }: NameServer): Promise<void> {
  await until(`both brokers are registered at ${address}`, async () => {
    const names = Object.keys(await brokersOf(address))
    return brokers.every(({ name }) => names.includes(name))
  })
}

beforeAll(async () => {
  for (const setting of settings) {
    started.set(setting.topic, await Promise.all([1, 2, 3].map(() => start(setting))))
  }
  const nameServers = [...started.values()].flat()
  brokers = await Promise.all(
    outerReleases.map((release) =>
      startBroker({
        release,
        name: `broker-${release}`,
        nameServers: nameServers.map(({ address }) => address),
      }),
    ),
  )
  await Promise.all(nameServers.map(registered))
  // A topic that the first message makes is on one broker only if the producer looks its route up before the second message.
  for (const broker of brokers) {
    for (const { topic } of settings) await createTopic(broker, topic)
  }
})

/** What a client wrote to its logs (5.x has several, whose names depend on the class path) and to stdout. */
function linesOf(client: ChildProgram): string[] {
  const folder = join(client.home, 'logs', 'rocketmqlogs')
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
  const logged = logs.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
  // Proves that this is where errors would be.
  expect(logged.some((line) => line.includes('INFO'))).toBe(true)
  return [...logged, ...client.lines]
}

test.concurrent.each(settings.map((setting) => [setting.how, setting] as const))(
  'three NameServers restarted one after the other lose no message and cause no client error, shut down %s',
  async (_, setting) => {
    const servers = started.get(setting.topic) ?? []
    const { topic, producerRelease } = setting
    const nameServers = servers.map(({ address }) => address)
    const options = { nameServers, topic }
    const producer = startProducer({ ...options, release: producerRelease, count: 0, pauseMs: 10 })
    await producer.until('it sends', () => producer.reported('SENT').length > 10)
    // The first message may take longer than a client waits on a slow machine.
    const failedBefore = producer.reported('FAILED').length
    const consumer = startPushConsumer({ ...options, release: '5.5.0' })
    await consumer.until('it receives', () => consumer.reported('RECEIVED').length > 10)

    const earlier = new Set([producer, consumer].flatMap(linesOf))
    const absences: Absence[] = []
    for (const [index, leaving] of servers.entries()) {
      await Promise.all(
        servers.map(({ address }) =>
          until(`${address} has the route to both brokers`, async () => {
            const route = await routeOf(address, topic)
            return route?.brokerDatas.length === brokers.length
          }),
        ),
      )
      const fromMs = Date.now()
      leaving.program.signal('SIGTERM')
      const newcomer = setting.hasNewcomers && startNewcomer(setting, index)
      await until('it has ended', () => leaving.program.end !== undefined)
      expect(leaving.program.end).toBe('exit code 0')
      const again = await start(setting, leaving.port)
      absences.push({ address: again.address, fromMs, toMs: Date.now() })
      servers[index] = again
      await registered(again)
      await newcomer
    }

    const sentBefore = producer.reported('SENT').length
    await producer.until('it goes on', () => producer.reported('SENT').length > sentBefore + 10)
    await producer.finish()
    const sent = new Set(producer.reported('SENT'))
    await consumer.until(
      'it has every message',
      () => new Set(consumer.reported('RECEIVED')).size >= sent.size,
    )
    await consumer.finish()
    expect(producer.reported('FAILED').slice(failedBefore)).toEqual([])
    expect(new Set(consumer.reported('RECEIVED'))).toEqual(sent)
    expect(
      [producer, consumer].flatMap((client) => clientErrors(linesOf(client), absences, earlier)),
    ).toEqual([])
  },
)

/** A client that starts while a NameServer leaves. It may fail at first, if it comes upon one that no broker has found yet. */
async function startNewcomer({ topic: prefix, producerRelease }: Setting, index: number): Promise<void> {
  const topic = `${prefix}Newcomer${index}`
  const nameServers = (started.get(prefix) ?? []).map(({ address }) => address)
  const program = startProducer({ release: producerRelease, nameServers, topic, count: 0, pauseMs: 200 })
  await program.until('it gets messages through', () => program.reported('SENT').length >= 5)
  await program.finish()
}
