import { expect, test } from 'vitest'
import { lookup, registration, unregistration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { ask } from './view-world.ts'

async function serverWithClient(properties: Record<string, string> = {}) {
  const server = await startServer({ httpListenPort: 'any', ...properties })
  const client = await server.connect()
  const misses = async (query = '') => (await ask(server, `misses${query}`)).body
  return { server, client, misses }
}

test('misses show for what lookups found no route, of which clients, and which names are similar', async () => {
  const { client, misses } = await serverWithClient()
  await client.request(registration({ topics: ['order_topic', 'payments'] }))
  for (let turn = 0; turn < 3; turn++) await client.request(lookup('Order_Topic'))
  await client.request({ ...lookup('none'), version: 397 })
  await client.request(lookup('payments'))
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/)
  const asking = { address: '127.0.0.1', language: 'JAVA' }
  const shown = { overestimate: 0, firstSeen: time, lastSeen: time, routeSince: null, loss: null }
  expect(await misses()).toEqual({
    lookups: 4,
    topics: [
      {
        topic: 'Order_Topic',
        count: 3,
        clients: [{ ...asking, version: 513, versionName: 'V5_5_0' }],
        similar: [{ name: 'order_topic', likeness: 'case' }],
        ...shown,
      },
      {
        topic: 'none',
        count: 1,
        clients: [{ ...asking, version: 397, versionName: 'V4_9_2' }],
        similar: [],
        ...shown,
      },
    ],
  })
  expect((await misses('?limit=1')).topics).toHaveLength(1)
})

test('misses say since when a topic has a route, and how it lost it again', async () => {
  const { client, misses } = await serverWithClient()
  await client.request(lookup('TopicA'))
  await client.request(registration())
  expect((await misses()).topics).toMatchObject([
    { topic: 'TopicA', routeSince: expect.any(String), loss: null },
  ])
  await client.request(unregistration())
  await client.request(lookup('TopicA'))
  const { topics } = await misses()
  expect(topics).toMatchObject([{ topic: 'TopicA', count: 1, routeSince: null }])
  expect(topics[0].loss).toMatch(/^TopicA left with broker-a, its last broker, at .+: broker-a unregistered/)
})

test('misses know a topic that request 217 has registered', async () => {
  const { client, misses } = await serverWithClient()
  await client.request(registration())
  await client.request(lookup('TopicC'))
  const queues = { brokerName: 'broker-a', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 }
  await client.request({
    code: 217,
    extFields: { topic: 'TopicC' },
    body: JSON.stringify({ queueDatas: [queues] }),
  })
  expect((await misses()).topics).toMatchObject([{ topic: 'TopicC', routeSince: expect.any(String) }])
})

test('misses look for similar names again when the routes have changed', async () => {
  const { client, misses } = await serverWithClient()
  await client.request(lookup('order'))
  expect((await misses()).topics[0].similar).toEqual([])
  await client.request(registration({ topics: ['orders', 'payments'] }))
  expect((await misses()).topics[0].similar).toEqual([{ name: 'orders', likeness: 'one character' }])
})

test('misses keep no names if topicMissLimit is 0, and at most as many as it says otherwise', async () => {
  const none = await serverWithClient({ topicMissLimit: '0' })
  await none.client.request(lookup('TopicA'))
  expect(await none.misses()).toEqual({ lookups: 1, topics: [] })
  const two = await serverWithClient({ topicMissLimit: '2' })
  for (const topic of ['a', 'b', 'c']) await two.client.request(lookup(topic))
  expect((await two.misses()).topics).toHaveLength(2)
})

test('misses leave out TBW102, for which producers ask after each topic without a route', async () => {
  const { client, misses } = await serverWithClient()
  await client.request(lookup('TopicA'))
  await client.request(lookup('TBW102'))
  expect(await misses()).toMatchObject({ lookups: 1, topics: [{ topic: 'TopicA' }] })
})

test('misses of a topic that the views ask for are not counted', async () => {
  const { server, misses } = await serverWithClient()
  await ask(server, 'explain?topic=none')
  expect(await misses()).toEqual({ lookups: 0, topics: [] })
})
