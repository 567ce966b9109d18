import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { MASTER, ProcessorWorld, registrationBody } from './processor-world.ts'

const { GET_ROUTEINFO_BY_TOPIC, PUT_KV_CONFIG, REGISTER_BROKER } = RequestCode
const HERE = { topic: 'T1' }
const THERE = { topic: 'Product' }
const PRODUCT_ROUTE = '{"brokerDatas":[],"filterServerTable":{},"queueDatas":[]}'

/** A test cluster with topics T1 and T2, beside a product environment that knows one topic. */
async function startWorld(): Promise<{ world: ProcessorWorld; asked: string[] }> {
  const asked: string[] = []
  const product = {
    topicRoute: async (topic: string) => {
      asked.push(topic)
      return topic === THERE.topic ? Buffer.from(PRODUCT_ROUTE) : null
    },
  }
  const world = new ProcessorWorld({ product })
  await world.ask(REGISTER_BROKER, { ext: MASTER, body: registrationBody(['T1', 'T2']) })
  return { world, asked }
}

describe('in the cluster-test mode', () => {
  test('a topic known here has its route from here, in the dialect of old clients for every client', async () => {
    const { world, asked } = await startWorld()
    const ext = { ...HERE, acceptStandardJsonOnly: 'true' }
    const { code, body } = await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext })
    expect(code).toBe(0)
    expect(body).toContain('"brokerAddrs":{0:"127.0.0.1:10911"}')
    expect(asked).toEqual([])
  })

  test('its order configuration comes with it, even with orderMessageEnable=false', async () => {
    const { world } = await startWorld()
    const ext = { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1', value: 'broker-a:4' }
    await world.ask(PUT_KV_CONFIG, { ext })
    const { body } = await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: HERE })
    expect(body).toContain('"orderTopicConf":"broker-a:4"')
  })

  test('an unknown topic has its route from the product environment', async () => {
    const { world, asked } = await startWorld()
    expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: THERE })).toEqual({ code: 0, body: PRODUCT_ROUTE })
    expect(asked).toEqual(['Product'])
  })

  test.each([
    ['known nowhere', { topic: 'Nowhere' }, 'Nowhere', ['Nowhere']],
    ['without a name', { topic: '' }, '', ['']],
    ['not even named', {}, 'null', []],
  ])('a topic %s has no route', async (_, ext, name, expected) => {
    const { world, asked } = await startWorld()
    const faq = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'
    expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext })).toEqual({
      code: 17,
      remark: `No topic route info in name server for the topic: ${name}${faq}`,
    })
    expect(asked).toEqual(expected)
  })

  test('lookups are served from the start, even with needWaitForService=true', async () => {
    const { world } = await startWorld()
    world.settings.needWaitForService = true
    expect((await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: HERE })).code).toBe(0)
  })
})
