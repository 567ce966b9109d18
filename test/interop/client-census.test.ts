import { expect, test } from 'vitest'
import { startBroker } from './harness/broker.ts'
import { startPushConsumer } from './harness/clients.ts'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { startOtherConsumer } from './harness/other-clients.ts'
import { until } from './harness/wait-until.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
async function viewOf({ httpUrl }: NameServer, path: string): Promise<any> {
  const response = await fetch(`${httpUrl}/api/v1/${path}`)
  return response.json()
}

test('brokers, clients and admin tools are told apart by their releases, and closed ones say what they were', async () => {
  // Java's NameServer has no views.
  const nameServer = await startNameServer({ kind: 'ours', hasHttp: true })
  const nameServers = [nameServer.address]
  const [old] = await Promise.all([
    startBroker({ release: '4.9.7', name: 'old', nameServers }),
    startBroker({ release: '5.5.0', name: 'new', nameServers }),
  ])
  await until('both are registered', async () => {
    const brokers = await brokersOf(nameServer.address)
    return 'old' in brokers && 'new' in brokers
  })
  startPushConsumer({ release: '4.9.7', nameServers, topic: 'Census' })
  startOtherConsumer({ client: 'go', nameServers, topic: 'Census' })
  const programs = await until('all are connected', async () => {
    const { clients } = await viewOf(nameServer, 'clients')
    const found = clients.map(
      // biome-ignore lint/suspicious/noExplicitAny: as above
      ({ kind, language, versionName }: any) => `${kind} ${language} ${versionName}`,
    )
    return found.length >= 4 ? found.sort() : undefined
  })
  expect(programs).toEqual([
    'broker JAVA V4_9_7',
    'broker JAVA V5_5_0',
    'client GO V4_5_2',
    'client JAVA V4_9_7',
  ])

  await startAdminTool('5.5.0').run(nameServer.address, ['clusterList'])
  const [admin] = await until('mqadmin has left', async () => {
    const { connections } = await viewOf(nameServer, 'connections?state=closed&kind=admin')
    return connections.length > 0 ? connections : undefined
  })
  expect(admin).toMatchObject({ language: 'JAVA', versionName: 'V5_5_0', cause: 'peer_closed' })

  await old.program.kill()
  const [lost] = await until('the old broker is gone', async () => {
    const { connections } = await viewOf(nameServer, 'connections?state=closed&kind=broker')
    return connections.length > 0 ? connections : undefined
  })
  expect(lost).toMatchObject({ language: 'JAVA', versionName: 'V4_9_7', state: 'closed' })
  expect(['peer_closed', 'socket_error']).toContain(lost.cause)
})
