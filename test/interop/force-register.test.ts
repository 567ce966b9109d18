import { expect, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { createTopic, createTopicList } from './harness/broker-requests.ts'
import { type NameServer, type NameServerOptions, startNameServer } from './harness/name-server.ts'
import { topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const RELEASE = '5.5.0'
const BROKER = 'asking'
const ATTEMPTS = 5

test('a broker of 5.5.0 with forceRegister=false whose first registration with an empty server is of a topic list registers all its topics at its next version query', async () => {
  const options: NameServerOptions = { kind: 'ours', properties: { routeSnapshotPath: '' } }
  let server: NameServer = await startNameServer(options)
  const broker = await startBroker({
    release: RELEASE,
    name: BROKER,
    nameServers: [server.address],
    properties: { forceRegister: false },
  })
  await createTopic(broker, 'Before')
  await until('it has registered', async () => (await topicsOf(server.address)).includes('Before'))

  let created: string[] = []
  let cameFirst = false
  // Its own turn to register may come first; then the next attempt shows it.
  for (let attempt = 0; attempt < ATTEMPTS && !cameFirst; attempt++) {
    await server.program.kill()
    server = await startNameServer({ ...options, port: server.port })
    await until(
      'something is registered',
      async () => {
        created = ['One', 'Two'].map((name) => `${name}-${Math.random().toString(36).slice(2)}`)
        await createTopicList(broker, created)
        return (await topicsOf(server.address)).length > 0
      },
      { everyMs: 100 },
    )
    cameFirst = !(await topicsOf(server.address)).includes(BROKER)
  }
  expect(cameFirst).toBe(true)
  await until(
    'all topics are there',
    async () => {
      expect(await topicsOf(server.address)).toEqual(expect.arrayContaining(['Before', BROKER, ...created]))
      return true
    },
    { timeoutMs: 45_000 },
  )
})
