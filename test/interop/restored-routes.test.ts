import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { stopAllPrograms } from './harness/child-program.ts'
import { startProducer } from './harness/clients.ts'
import { type NameServer, type NameServerOptions, startNameServer } from './harness/name-server.ts'
import { ask, routeOf } from './harness/name-server-client.ts'
import { outerReleases as releases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const GET_ROUTEINFO_BY_TOPIC = 105
/** Brokers of this suite register every 10,000 ms. */
const GRACE_MS = 25_000

const topicOf = ({ name }: Pick<Broker, 'name'>) => `Warm-${name.replaceAll('.', '-')}`

/** Asks for the routes of some topics, over and over, and keeps the codes of all answers by topic. */
function poll(address: string, topics: readonly string[]) {
  const codes = new Map<string, number[]>(topics.map((topic) => [topic, []]))
  let isOver = false
  let unanswered = 0
  const asking = (async () => {
    while (!isOver) {
      for (const [topic, of] of codes) {
        const answer = await ask(address, GET_ROUTEINFO_BY_TOPIC, { topic }).catch(() => undefined)
        if (answer === undefined) unanswered++
        else of.push(answer.code)
      }
      await delay(5)
    }
  })()
  return {
    codes,
    get unanswered() {
      return unanswered
    },
    end: () => {
      isOver = true
      return asking
    },
  }
}

test('a NameServer killed with SIGKILL under load and started again has the topics of brokers of 5.5.0 and 4.9.7 from its first response on; a broker that died meanwhile stays until the grace period ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-interop-'))
  onTestFinished(async () => {
    // A server that runs may write a snapshot while its folder is removed.
    await stopAllPrograms()
    rmSync(folder, { recursive: true, force: true })
  })
  const routeSnapshotPath = join(folder, 'routes.snapshot')
  const options: NameServerOptions = {
    kind: 'ours',
    properties: {
      routeSnapshotPath,
      routeSnapshotIntervalMillis: 500,
      routeSnapshotGraceMillis: GRACE_MS,
      scanNotActiveBrokerInterval: 500,
    },
  }
  const first = await startNameServer(options)
  const nameServers = [first.address]
  const started: readonly BrokerOptions[] = [
    ...releases.map((release) => ({ release, name: `served-${release}`, nameServers })),
    // It asks first whether it must register (322), and does not if it need not.
    ...releases.map((release) => ({
      release,
      name: `asking-${release}`,
      nameServers,
      properties: { forceRegister: false },
    })),
    { release: '5.5.0', name: 'doomed', nameServers },
  ]
  const brokers = await Promise.all(started.map(startBroker))
  const doomed = brokers.at(-1) as Broker
  const living = brokers.slice(0, -1)
  await Promise.all(brokers.map((broker) => createTopic(broker, topicOf(broker))))
  for (const topic of brokers.map(topicOf)) {
    await until(`there is a route to ${topic}`, () => routeOf(first.address, topic))
    const isKept = () =>
      existsSync(routeSnapshotPath) && readFileSync(routeSnapshotPath, 'utf8').includes(topic)
    await until(`${topic} is in the snapshot`, isKept)
  }
  const routes = await Promise.all(living.map((broker) => routeOf(first.address, topicOf(broker))))
  const producers = releases.map((release, index) =>
    startProducer({ release, nameServers, topic: topicOf(living[index] as Broker), count: 0, pauseMs: 20 }),
  )
  for (const producer of producers)
    await producer.until('it sends', () => producer.reported('SENT').length > 100)
  const polled = poll(first.address, living.map(topicOf))
  await until('routes are asked for', () => [...polled.codes.values()].every((codes) => codes.length > 10))

  await first.program.kill()
  await doomed.program.kill()
  await until('lookups fail', () => polled.unanswered > 10)
  const again: NameServer = await startNameServer({ ...options, port: first.port })
  const isLine = (text: string) => again.program.lines.some((line) => line.includes(text))
  expect(isLine('routes restored from the snapshot')).toBe(true)
  expect(isLine('broker registered')).toBe(false)
  for (const [index, broker] of living.entries())
    expect(await routeOf(again.address, topicOf(broker))).toEqual(routes[index])
  expect(await routeOf(again.address, topicOf(doomed))).toBeDefined()
  // Clients that start now, before any broker has come back, find what they need.
  const late = releases.map((release, index) =>
    startProducer({ release, nameServers, topic: topicOf(living[index + 2] as Broker), count: 20 }),
  )
  for (const producer of late) await producer.until('it has sent all', () => producer.lines.includes('DONE'))
  for (const producer of late) expect(producer.reported('FAILED')).toEqual([])

  const returned = ({ name }: Broker) =>
    again.program.lines.some((line) => line.includes('"broker registered"') && line.includes(`"${name}"`))
  for (const broker of living) await again.program.until(`${broker.name} is back`, () => returned(broker))
  const isOver = 'snapshot grace period ended'
  await again.program.until('the time of the others is over', () => isLine(isOver))
  const over = again.program.lines.find((line) => line.includes(isOver)) ?? ''
  expect(JSON.parse(over)).toMatchObject({
    loaded: 5,
    returned: 4,
    waiting: 0,
    notReturned: 1,
    staleQueues: 0,
  })
  expect(await routeOf(again.address, topicOf(doomed))).toBeUndefined()
  for (const [index, broker] of living.entries())
    expect(await routeOf(again.address, topicOf(broker))).toEqual(routes[index])

  for (const producer of producers) {
    await producer.finish()
    expect(producer.reported('FAILED')).toEqual([])
  }
  await polled.end()
  for (const codes of polled.codes.values()) {
    expect(codes.length).toBeGreaterThan(100)
    expect(new Set(codes)).toEqual(new Set([0]))
  }
  // Of a broker that has returned the loss of its connection is known at once.
  const lost = living[0] as Broker
  await lost.program.kill()
  await until(
    'its topic has no route',
    async () => (await routeOf(again.address, topicOf(lost))) === undefined,
    {
      timeoutMs: 10_000,
    },
  )
})
