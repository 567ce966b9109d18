import { describe, expect, test } from 'vitest'
import { startFakePeer } from '../../support/fake-peer.ts'
import { headerOf, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const LOCAL = registration({ name: 'broker-test', topics: ['TopicTest', 'TopicTest2'] })

function startClusterTest(product: string, properties: Readonly<Record<string, string>> = {}) {
  return startServer({ clusterTest: 'true', 'rocketmq.namesrv.addr': product, ...properties })
}

describe('a server in the cluster-test mode', () => {
  test('finds topics of the product environment, also one that is created after the first lookup', async () => {
    const product = await startServer()
    const [broker, client] = [
      await product.connect(),
      await (await startClusterTest(`127.0.0.1:${product.port}`)).connect(),
    ]
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(17)
    await broker.request(registration())
    const { body } = await client.request(lookup('TopicA'))
    expect(body.toString()).toContain('"brokerAddrs":{0:"127.0.0.1:10911"}')
  })

  test('serves lookups of known topics on other connections while the product environment does not respond, and on the same one when the time is over', async () => {
    const product = await startFakePeer()
    const { connect, time } = await startClusterTest(product.address)
    const [asking, other] = [await connect(), await connect()]
    await other.request(LOCAL)
    asking.send(
      requestFrame({ ...lookup('Unknown'), opaque: 1 }),
      requestFrame({ ...lookup('TopicTest'), opaque: 2 }),
    )
    await until('the product environment is asked', () => product.received.length === 1)
    expect(headerOf(await other.request(lookup('TopicTest'))).code).toBe(0)
    expect(asking.answers).toEqual([])
    time.advance(3_000)
    expect(headerOf(await asking.next())).toMatchObject({ code: 17, opaque: 1 })
    expect(headerOf(await asking.next())).toMatchObject({ code: 0, opaque: 2 })
    // It is skipped now.
    expect(headerOf(await asking.request(lookup('Unknown'))).code).toBe(17)
    expect(product.received).toHaveLength(1)
  })

  test('responds SYSTEM_BUSY when too many topics are being looked up', async () => {
    const product = await startFakePeer()
    const { connect } = await startClusterTest(product.address, { clusterTestMaxLookups: '1' })
    const [first, second] = [await connect(), await connect()]
    first.send(requestFrame(lookup('Unknown')))
    await until('the product environment is asked', () => product.received.length === 1)
    expect(headerOf(await second.request(lookup('Unknown2'))).code).toBe(2)
  })

  test('shuts down while a lookup is under way, and leaves no timer', async () => {
    const product = await startFakePeer()
    const { connect, controller, time } = await startClusterTest(product.address)
    const client = await connect()
    client.send(requestFrame(lookup('Unknown')))
    await until('the product environment is asked', () => product.received.length === 1)
    const down = controller.shutdown()
    time.advance(3_000)
    expect(headerOf(await client.next()).code).toBe(17)
    await down
    expect(time.timers).toBe(0)
  })
})
