import { beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { startProducer } from './harness/clients.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/raw-client.ts'
import { until } from './harness/until.ts'

const RELEASE = '5.5.0'
const TOPIC = 'Staying'
const WAIT_SECONDS = 12
const servers: NameServer[] = []
let broker: Broker

function start(port?: number): Promise<NameServer> {
  const properties = { enableShutdownGracefully: true, shutdownWaitTimeSeconds: WAIT_SECONDS }
  // Always ours: with Java's, clients that start meanwhile and take the leaving one fail for the whole time.
  return startNameServer({ kind: 'ours', properties, ...(port !== undefined && { port }) })
}

async function registered({ address }: NameServer): Promise<void> {
  await until(`the broker is registered at ${address}`, async () => broker.name in (await brokersOf(address)))
}

beforeAll(async () => {
  servers.push(...(await Promise.all([start(), start()])))
  broker = await startBroker({
    release: RELEASE,
    name: 'broker-staying',
    nameServers: servers.map(({ address }) => address),
  })
  await Promise.all(servers.map(registered))
})

test('while one NameServer after the other shuts down gracefully and comes back, no message of a client fails; clients that start meanwhile may fail at first and then find the other one', async () => {
  const nameServers = servers.map(({ address }) => address)
  const steady = startProducer({ release: RELEASE, nameServers, topic: TOPIC, count: 0, pauseMs: 50 })
  await steady.until('it sends', () => steady.reported('SENT').length > 10)
  // The first message makes the topic, and may take longer than a client waits on a slow machine.
  const failedBefore = steady.reported('FAILED').length
  for (const [index, leaving] of servers.entries()) {
    await until('the other one knows the topic', () => routeOf(servers[1 - index]?.address ?? '', TOPIC))
    leaving.program.signal('SIGTERM')
    const others = ['A', 'B', 'C'].map((letter) => {
      const topic = `Meanwhile${index}${letter}`
      return { topic, program: startProducer({ release: RELEASE, nameServers, topic, count: 10 }) }
    })
    for (const { topic, program } of others) {
      await program.until('it has sent everything', () => program.lines.includes('DONE'))
      const last = [5, 6, 7, 8, 9].map((number) => `${topic}-${number}`)
      expect(program.reported('SENT').slice(-5)).toEqual(last)
    }
    await until('it has ended', () => leaving.program.end !== undefined)
    expect(leaving.program.end).toBe('exit code 0')
    const again = await start(leaving.port)
    servers[index] = again
    await registered(again)
  }
  const sent = steady.reported('SENT').length
  await steady.until('it goes on', () => steady.reported('SENT').length > sent + 10)
  await steady.finish()
  expect(steady.reported('FAILED').slice(failedBefore)).toEqual([])
  expect((await ask(servers[0]?.address ?? '', 106)).code).toBe(0)
})
