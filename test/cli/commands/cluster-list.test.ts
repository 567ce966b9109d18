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
})
