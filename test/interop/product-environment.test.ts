import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask, brokersOf, routeOf, topicsOf } from './harness/name-server-client.ts'
import { outerReleases, type Release } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

// Always ours: in the mode of 5.x no broker could register, and that of 4.9.7 is the reference here.

const GET_ROUTEINFO_BY_TOPIC = 105
const PUT_KV_CONFIG = 100
const ENVIRONMENT = 'prod1'
const TOPIC = 'OnlyInProduction'
const MESSAGES = 10

const pages: string[] = []
const products: NameServer[] = []
/** Names the product NameServers to whoever asks. */
const addressServer = createServer((request, response) => {
  pages.push(request.url ?? '')
  response.end(`${products.map(({ address }) => address).join(';')}\n`)
})
let domain: string

beforeAll(async () => {
  addressServer.listen(0, '127.0.0.1')
  await once(addressServer, 'listening')
  domain = `127.0.0.1:${(addressServer.address() as AddressInfo).port}`
})
afterAll(() => {
  addressServer.closeAllConnections()
  addressServer.close()
})

describe.each(outerReleases)('with a product environment of RocketMQ %s', (release: Release) => {
  let product: NameServer
  let broker: Broker
  let java: NameServer
  let ours: NameServer

  beforeAll(async () => {
    product = await startNameServer({ kind: 'java', release, properties: { orderMessageEnable: true } })
    products.splice(0, products.length, product)
    const properties = { clusterTest: true, productEnvName: ENVIRONMENT }
    const startOurs = startNameServer({
      kind: 'ours',
      properties: { ...properties, 'rocketmq.namesrv.domain': domain },
    })
    const startJava = startNameServer({
      kind: 'java',
      release: '4.9.7',
      properties,
      javaOptions: [`-Drocketmq.namesrv.domain=${domain}`],
    })
    const startedBroker = startBroker({ release, name: 'broker-product', nameServers: [product.address] })
    ;[broker, ours, java] = await Promise.all([startedBroker, startOurs, startJava])
    return () => Promise.all([product, broker, java, ours].map(({ program }) => program.kill()))
  })

  test('a client that knows only the test NameServer sends to a topic of production and consumes it', async () => {
    await until('the broker is registered', async () => broker.name in (await brokersOf(product.address)))
    const producer = startProducer({ release, nameServers: [product.address], topic: TOPIC, count: 1 })
    await producer.until('the topic is made', () => producer.lines.includes('DONE'))
    await until('production knows it', () => routeOf(product.address, TOPIC))
    expect(await topicsOf(ours.address)).not.toContain(TOPIC)

    const client = { release, nameServers: [ours.address], topic: TOPIC }
    const tester = startProducer({ ...client, count: MESSAGES })
    await tester.until('it has sent everything', () => tester.lines.includes('DONE'))
    expect(tester.reported('FAILED')).toEqual([])
    const consumer = startPushConsumer(client)
    await consumer.until(
      'it has every message',
      () => new Set(consumer.reported('RECEIVED')).size >= MESSAGES,
    )
    await consumer.kill()
  })

  test('the responses are those of a NameServer 4.9.7 in the same mode, except for what 4.9.7 does not know', async () => {
    const order = { namespace: 'ORDER_TOPIC_CONFIG', key: TOPIC, value: 'broker-product:4' }
    await ask(product.address, PUT_KV_CONFIG, order)
    const faq = /\nSee [\s\S]*$/
    for (const topic of [TOPIC, 'Nowhere', '']) {
      const [expected, actual] = [
        await ask(java.address, GET_ROUTEINFO_BY_TOPIC, { topic }),
        await ask(ours.address, GET_ROUTEINFO_BY_TOPIC, { topic }),
      ]
      expect(actual.code, topic).toBe(expected.code)
      expect(actual.remark?.replace(faq, ''), topic).toBe(expected.remark?.replace(faq, ''))
      const body = actual.body.toString().replace(',"enableActingMaster":false', '')
      expect(body, topic).toBe(expected.body.toString())
    }
    expect((await ask(ours.address, GET_ROUTEINFO_BY_TOPIC, { topic: TOPIC })).body.toString()).toContain(
      release === '5.5.0' ? '"orderTopicConf":"broker-product:4"' : '"brokerAddrs":{0:',
    )
  })

  test('both requested the same page of the address server', () => {
    expect(new Set(pages)).toEqual(new Set([`/rocketmq/nsaddr-${ENVIRONMENT}?nofix=1`]))
    expect(pages.length).toBeGreaterThanOrEqual(2)
  })
})
