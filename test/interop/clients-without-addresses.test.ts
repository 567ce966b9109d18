import { expect, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { startNameServer } from './harness/name-server.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { outerReleases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const TOPIC = 'FoundByAddressService'
const MESSAGES = 5

test.each(outerReleases)(
  'a broker, a producer and a consumer with a unit name, all of %s and without a NameServer address, find the server by its address service',
  async (release) => {
    const { address, httpUrl = '' } = await startNameServer({ kind: 'ours', hasHttp: true })
    const domain = new URL(httpUrl).host
    // The default of Java's clients is port 8080; a domain with a port is taken as it is.
    const javaOptions = [`-Drocketmq.namesrv.domain=${domain}`]
    const broker = await startBroker({
      release,
      name: 'broker-a',
      nameServers: [],
      properties: { fetchNamesrvAddrByAddressServer: true },
      javaOptions,
    })
    await until('the broker is registered', async () => broker.name in (await brokersOf(address)))
    const client = { release, nameServers: [], topic: TOPIC }
    const producer = startProducer({ ...client, javaOptions, count: MESSAGES })
    await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
    expect(producer.reported('FAILED')).toEqual([])
    const consumer = startPushConsumer({ ...client, javaOptions: [...javaOptions, '-Dinterop.unit=unit1'] })
    await consumer.until('it has all', () => new Set(consumer.reported('RECEIVED')).size >= MESSAGES)
    await consumer.kill()
  },
)
