import { expect, test } from 'vitest'
import { registration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'

test('cluster list shows each cluster with its broker groups, brokers and groups without a master', async () => {
  const { port, connect } = await startServer()
  const broker = await connect()
  await broker.request(registration({ name: 'broker-a', id: 0 }))
  await broker.request(registration({ name: 'broker-b', id: 1, address: '127.0.0.1:10921' }))
  expect(await runCli(['cluster', 'list', '-n', `127.0.0.1:${port}`])).toEqual({
    code: 0,
    stdout:
      'CLUSTER         BROKER GROUPS  BROKERS  WITHOUT MASTER\n' +
      'DefaultCluster              2        2               1\n',
    stderr: '',
  })
  // Rejected, because it has a single topic: 106 shows its group without members, the views do not.
  for (const clusterName of ['DefaultCluster', 'Phantom']) {
    const rejected = registration({ name: `ghost-${clusterName}`, topics: ['TopicA'] })
    await broker.request({ ...rejected, extFields: { ...rejected.extFields, clusterName } })
  }
  expect(`${(await broker.request({ code: 106 })).body}`).toContain('Phantom')
  expect((await runCli(['cluster', 'list', '-n', `127.0.0.1:${port}`])).stdout).toMatch(
    /\nDefaultCluster +2 +2 +1\n$/,
  )
})
