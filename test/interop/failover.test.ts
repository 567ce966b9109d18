import { expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { outerReleases as releases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

/** Messages that make it sure that clients, which ask for routes every second, have asked meanwhile. */
const MEANWHILE = 100
const PAUSE_MS = 20

test('two NameServers killed with SIGKILL in turn under producers and consumers of 5.5.0 and 4.9.7 cause no failed send and lose no message', async () => {
  const [one, other] = await Promise.all([startNameServer(subject), startNameServer(subject)])
  const nameServers = [one.address, other.address]
  const brokers: readonly Broker[] = await Promise.all(
    releases.map((release) => startBroker({ release, name: `served-${release}`, nameServers })),
  )
  const knowsAll = ({ address }: NameServer) =>
    until(`${address} knows every broker`, async () => {
      const known = await brokersOf(address)
      return brokers.every(({ name }) => name in known)
    })
  await Promise.all([knowsAll(one), knowsAll(other)])

  const pairs = releases.map((release) => {
    const topic = `Failover-${release.replaceAll('.', '-')}`
    return {
      topic,
      release,
      producer: startProducer({ release, nameServers, topic, count: 0, pauseMs: PAUSE_MS }),
      consumer: startPushConsumer({ release, nameServers, topic }),
    }
  })
  const goOn = () =>
    Promise.all(
      pairs.map(async ({ producer, consumer }) => {
        const sent = producer.reported('SENT').length + MEANWHILE
        const received = consumer.reported('RECEIVED').length + MEANWHILE
        await producer.until(`it has sent ${sent}`, () => producer.reported('SENT').length >= sent)
        await consumer.until(`it has ${received}`, () => consumer.reported('RECEIVED').length >= received)
      }),
    )
  await goOn()

  // A client keeps to one NameServer: the one it uses is sure to be killed only if both are, in turn.
  await one.program.kill()
  await goOn()
  const anew = await startNameServer({ ...subject, port: one.port })
  await knowsAll(anew)
  for (const { topic } of pairs) expect(await routeOf(anew.address, topic)).toBeDefined()
  await other.program.kill()
  await goOn()

  for (const { producer } of pairs) await producer.finish()
  for (const { producer, consumer } of pairs) {
    const sent = producer.reported('SENT')
    expect(producer.reported('FAILED')).toEqual([])
    await consumer.until('it has all', () => new Set(consumer.reported('RECEIVED')).size >= sent.length)
    expect(new Set(consumer.reported('RECEIVED'))).toEqual(new Set(sent))
  }

  // A topic that nobody knows yet needs an answer from the NameServer that is left.
  for (const { release } of pairs) {
    const topic = `Late-${release.replaceAll('.', '-')}`
    const late = startProducer({ release, nameServers, topic, count: 5 })
    await late.until('it has sent everything', () => late.lines.includes('DONE'))
    expect(late.reported('SENT').length).toBeGreaterThanOrEqual(4)
    // A client that draws the dead NameServer for its first lookup gives that failure to its caller, and then draws again.
    expect(late.reported('FAILED').length).toBeLessThanOrEqual(1)
    await until('the NameServer has a route to it', () => routeOf(anew.address, topic))
  }
})
