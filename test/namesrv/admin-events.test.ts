import { expect, test } from 'vitest'
import type { Request } from '../support/raw-client.ts'
import { putKVConfig, registration, unregistration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'

const QUEUES = { brokerName: 'broker-a', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 }

async function serverWithBroker() {
  const server = await startServer({ deleteTopicWithBrokerRegistration: 'true' })
  const client = await server.connect()
  await client.request(registration())
  const { events } = server.controller
  const from = events.added
  const eventsSince = () =>
    events
      .list()
      .filter(({ number }) => number > from)
      .map(({ kind, subject, text }) => [kind, subject, text.replaceAll(client.address, 'PEER')])
  return { server, client, eventsSince }
}

test.each<[string, Request, string[]]>([
  [
    'the write permission of a broker is wiped',
    { code: 205, extFields: { brokerName: 'broker-a' } },
    ['permission_wiped', 'broker-a', '2 topics now without write permission, by PEER'],
  ],
  [
    'a topic is deleted',
    { code: 216, extFields: { topic: 'TopicA' } },
    ['topic_deleted', 'TopicA', 'on 1 broker, by PEER'],
  ],
  [
    'a topic is registered',
    { code: 217, extFields: { topic: 'TopicC' }, body: JSON.stringify({ queueDatas: [QUEUES] }) },
    ['topic_registered', 'TopicC', 'on 1 broker, by PEER'],
  ],
])('an event says by which peer %s', async (_, request, expected) => {
  const { client, eventsSince } = await serverWithBroker()
  await client.request(request)
  expect(eventsSince()).toEqual([expected])
})

test.each<[string, Request]>([
  ['205 for an unknown broker', { code: 205, extFields: { brokerName: 'none' } }],
  ['327 for a broker with all permissions', { code: 327, extFields: { brokerName: 'broker-a' } }],
  ['216 for an unknown topic', { code: 216, extFields: { topic: 'none' } }],
])('request %s is no event, since it changes nothing', async (_, request) => {
  const { client, eventsSince } = await serverWithBroker()
  await client.request(request)
  expect(eventsSince()).toEqual([])
})

test('an event says by which peer a wiped write permission is added again', async () => {
  const { client, eventsSince } = await serverWithBroker()
  for (const code of [205, 327]) await client.request({ code, extFields: { brokerName: 'broker-a' } })
  expect(eventsSince().at(-1)).toEqual([
    'permission_restored',
    'broker-a',
    '2 topics now with read and write permission, by PEER',
  ])
})

test('a change of the key-value table is an event with its key, never its value', async () => {
  const { client, eventsSince } = await serverWithBroker()
  await client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'TopicA', 'broker-a:4'))
  await client.request({ code: 102, extFields: { namespace: 'ORDER_TOPIC_CONFIG', key: 'TopicA' } })
  expect(eventsSince()).toEqual([
    ['kv_changed', client.address, 'ORDER_TOPIC_CONFIG/TopicA put'],
    ['kv_changed', client.address, 'ORDER_TOPIC_CONFIG/TopicA deleted'],
  ])
})

test('every change is an event, although the log lines of a flood are suppressed', async () => {
  const { server, client, eventsSince } = await serverWithBroker()
  server.lines.length = 0
  for (let turn = 0; turn < 25; turn++)
    for (const code of [205, 327]) await client.request({ code, extFields: { brokerName: 'broker-a' } })
  expect(server.lines.filter(({ msg }) => msg === 'write permission wiped')).toHaveLength(10)
  expect(eventsSince()).toHaveLength(50)
})

test('a registration that changes topics is one event with counts and the first names', async () => {
  const { client, eventsSince } = await serverWithBroker()
  const topics = ['TopicA', ...Array.from({ length: 7 }, (_, index) => `T${index}`)]
  const { body = '', ...request } = registration({ topics })
  await client.request({ ...request, body: `${body}`.replace('"counter":1', '"counter":2') })
  expect(eventsSince()).toEqual([
    [
      'topics_changed',
      '127.0.0.1:10911 broker-a of DefaultCluster',
      'topics: 7 new (T0, T1, T2, T3, T4, …), 1 deleted (TopicB)',
    ],
  ])
})

test('a registration that is ignored is an event', async () => {
  const { client, eventsSince } = await serverWithBroker()
  await client.request(registration({ stateVersion: 2 }))
  await client.request(registration({ address: '127.0.0.1:10921', stateVersion: 1 }))
  expect(eventsSince().at(-1)).toEqual([
    'registration_ignored',
    '127.0.0.1:10921 broker-a of DefaultCluster',
    'id 0 is held by 127.0.0.1:10911',
  ])
})

test('the event of a broker that leaves names the topics that leave with it', async () => {
  const { client, eventsSince } = await serverWithBroker()
  await client.request(unregistration())
  expect(eventsSince()).toEqual([
    [
      'broker_left',
      '127.0.0.1:10911 broker-a of DefaultCluster',
      'by its own request; topics: 2 deleted (TopicA, TopicB)',
    ],
  ])
})
