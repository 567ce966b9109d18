import { expect, test } from 'vitest'
import { lookup, putKVConfig, registration } from '../support/requests.ts'
import { createServer, startServer } from '../support/start-server.ts'

test('a state dump has the sizes of tables, the connections, counters and recent events, and no value of the configuration', async () => {
  const server = await startServer({ 'tls.server.keyPassword': 'secret-word', productEnvName: 'secret-name' })
  const client = await server.connect()
  await client.request(registration())
  await client.request(putKVConfig('n', 'k', 'secret-value'))
  await client.request(lookup('TopicA'))
  const state = server.controller.state()
  expect(state).toMatchObject({
    connections: 1,
    outgoingConnections: 0,
    lockWaiters: 0,
    registering: 0,
    tables: { topicQueueTable: 2, brokerAddrTable: 1, brokerLiveTable: 1, provisional: 0, kvEntries: 1 },
    counters: { connectionsAccepted: 1, requests: { 100: 1, 103: 1, 105: 1 }, outcomes: { 0: 3 } },
    events: [{ kind: 'ready' }, { kind: 'broker_registered' }, { kind: 'kv_changed' }],
  })
  expect(JSON.stringify(state)).not.toContain('secret')
})

test('a state dump can be taken before the start', () => {
  expect(createServer().controller.state()).toMatchObject({ connections: 0, tables: { kvEntries: 0 } })
})
