import { expect, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { startPushConsumer } from './harness/clients.ts'
import { viewOf } from './harness/explanations.ts'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { startOtherConsumer } from './harness/other-clients.ts'
import { until } from './harness/wait-until.ts'

interface ShownClient {
  readonly kind: string
  readonly language: string
  readonly versionName: string
}

interface ShownConnection extends ShownClient {
  readonly cause: string
}

/** The first closed connection of a kind. */
function closedOne(nameServer: NameServer, kind: string): Promise<ShownConnection> {
  return until(`a connection of kind ${kind} has closed`, async () => {
    const path = `connections?state=closed&kind=${kind}`
    const { connections } = await viewOf<{ connections: ShownConnection[] }>(nameServer, path)
    return connections[0]
  })
}

test('brokers, clients and admin tools are told apart by their releases, and closed ones say what they were', async () => {
  // Java's NameServer has no views.
  const nameServer = await startNameServer({ kind: 'ours', hasHttp: true })
  const nameServers = [nameServer.address]
  const [old, recent] = await Promise.all([
    startBroker({ release: '4.9.7', name: 'old', nameServers }),
    startBroker({ release: '5.5.0', name: 'new', nameServers }),
  ])
  await until('both are registered', async () => {
    const brokers = await brokersOf(nameServer.address)
    return 'old' in brokers && 'new' in brokers
  })
  // The Go client ends if its topic has no route.
  await createTopic(recent, 'Census')
  await until('the topic has a route', () => routeOf(nameServer.address, 'Census'))
  startPushConsumer({ release: '4.9.7', nameServers, topic: 'Census' })
  startOtherConsumer({ client: 'go', nameServers, topic: 'Census' })
  const programs = async () => {
    const { clients } = await viewOf<{ clients: ShownClient[] }>(nameServer, 'clients')
    return clients.map(({ kind, language, versionName }) => `${kind} ${language} ${versionName}`).sort()
  }
  await expect
    .poll(programs)
    .toEqual(['broker JAVA V4_9_7', 'broker JAVA V5_5_0', 'client GO V4_5_2', 'client JAVA V4_9_7'])

  await startAdminTool('5.5.0').run(nameServer.address, ['clusterList'])
  expect(await closedOne(nameServer, 'admin')).toMatchObject({
    language: 'JAVA',
    versionName: 'V5_5_0',
    cause: 'peer_closed',
  })

  await old.program.kill()
  const lost = await closedOne(nameServer, 'broker')
  expect(lost).toMatchObject({ language: 'JAVA', versionName: 'V4_9_7' })
  expect(['peer_closed', 'socket_error']).toContain(lost.cause)
})
