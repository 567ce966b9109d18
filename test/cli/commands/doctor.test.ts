import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plantBroker, startViewServer } from '../../inspect/view-world.ts'
import { registration } from '../../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startWithoutViews } from '../without-views.ts'

type ViewServer = Awaited<ReturnType<typeof startViewServer>> & { readonly address: string }

async function viewServer(): Promise<ViewServer> {
  const server = await startViewServer()
  return { ...server, address: `127.0.0.1:${server.port}` }
}

/** Lets the rules be evaluated until this appears in the output. */
async function doctorWith(text: string, { time, address }: { time: TestServer['time']; address: string }) {
  for (;;) {
    time.advance(5_000)
    const result = await runCli(['doctor', '-n', address])
    if (result.stdout.includes(text)) return result
  }
}

test('doctor shows the findings of a server, each with its evidence and what to run, and ends with 1', async () => {
  const server = await viewServer()
  await plantBroker(server.client, { name: 'broker-a' }, { Uneven: { readQueueNums: 2 }, Even: {} })
  const { code, stdout } = await doctorWith('read_write_queue_mismatch', server)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^warning {2}read_write_queue_mismatch {2}broker-a {2}for \ds\n/m)
  expect(stdout).toContain(
    '\n  broker-a has more write than read queues for Uneven: messages in the last queues are not consumed.\n' +
      '    cluster: DefaultCluster\n    topics: 1\n    firstTopics: Uneven: 2 read, 4 write\n' +
      `  Try: mqadmin updateTopic -b 127.0.0.1:10911 -t Uneven -r 4 -w 4 -n ${server.address}\n`,
  )
})

test('doctor wraps its texts to a terminal, and has a line for each item of a list', async () => {
  const server = await viewServer()
  const topics = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`Uneven${n}`, { readQueueNums: 2 }]))
  await plantBroker(server.client, { name: 'broker-a' }, { ...topics, Even: {} })
  await doctorWith('read_write_queue_mismatch', server)
  const { stdout } = await runCli(['doctor', '-n', server.address, '--color', 'never'], {
    isTTY: true,
    columns: 60,
  })
  const lines = stdout.split('\n').filter((line) => !line.startsWith('  Try: '))
  expect(lines.filter((line) => line.length > 60)).toEqual([])
  expect(stdout).toContain('\n    firstTopics:\n      Uneven0: 2 read, 4 write\n      Uneven1: ')
  const wide = await runCli(['doctor', '-n', server.address, '-o', 'wide'], { isTTY: true, columns: 60 })
  expect(wide.stdout).toMatch(/\n {2}broker-a has more write than read queues for 9 topics .* consumed\./)
})

test('doctor shows hostile names as escapes', async () => {
  const server = await viewServer()
  await plantBroker(server.client, { name: 'broker-a' }, { 'a\u202eb': { readQueueNums: 2 }, Even: {} })
  const { stdout } = await doctorWith('read_write_queue_mismatch', server)
  expect(stdout).toContain('more write than read queues for "a\\u202eb":')
  expect(stdout).not.toContain('\u202e')
})

test('doctor ends with 0 if it finds nothing, or only what --severity leaves out', async () => {
  const server = await viewServer()
  expect(await runCli(['doctor', '-n', server.address])).toEqual({
    code: 0,
    stdout: '',
    stderr: `${server.address}: nothing found\n`,
  })
  await plantBroker(server.client, { name: 'broker-a' }, { Uneven: { readQueueNums: 2 }, Even: {} })
  await doctorWith('read_write_queue_mismatch', server)
  const argv = ['doctor', '-n', server.address, '--severity']
  expect(await runCli([...argv, 'critical'])).toEqual({
    code: 0,
    stdout: '',
    stderr: `${server.address}: no findings of this severity\n`,
  })
  expect(await runCli([...argv, 'warning', '-o', 'name'])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('read_write_queue_mismatch/broker-a\n'),
  })
})

test('doctor and broker show say which brokers have not registered again since a restart', async () => {
  const properties = { routeSnapshotPath: join(temporaryFolder(), 'snapshot') }
  const before = await startServer(properties)
  await (await before.connect()).request(registration())
  await before.controller.shutdown()
  const { port, connect } = await startServer(properties)
  const address = `127.0.0.1:${port}`
  const notes = async () => [
    (await runCli(['doctor', '-n', address])).stderr,
    (await runCli(['broker', 'show', 'broker-a', '-n', address])).stderr,
  ]
  expect(await notes()).toEqual([
    expect.stringContaining(
      `${address}: 1 of 1 broker provisional: restored from the snapshot, not registered again\n`,
    ),
    `${address}: broker-a id 0 is provisional: restored from the snapshot, not registered again\n`,
  ])
  await (await connect()).request(registration())
  expect(await notes()).toEqual([`${address}: nothing found\n`, ''])
})

test('doctor ends with 0 if it finds nothing worse than info', async () => {
  const server = await viewServer()
  await plantBroker(server.client, { name: 'broker-a' }, { Shrinking: { writeQueueNums: 2 }, Even: {} })
  const { code, stdout } = await doctorWith('read_write_queue_mismatch', server)
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^info {2}read_write_queue_mismatch {2}broker-a/)])
})

test('doctor says how many findings are not listed', async () => {
  const server = await viewServer()
  for (let n = 0; n < 103; n++)
    await plantBroker(
      server.client,
      { name: `broker-${n}`, address: `10.0.0.${n + 1}:10911` },
      { Uneven: { readQueueNums: 2 }, Even: {} },
    )
  const { stderr } = await doctorWith('read_write_queue_mismatch', server)
  expect(stderr).toContain(`${server.address}: 3 more findings of read_write_queue_mismatch (warning)\n`)
  const other = await startWithoutViews(server.port)
  const judged = await runCli(['doctor', '-n', other])
  expect(judged.stderr).toContain(`${other}: 3 more findings of read_write_queue_mismatch (warning)\n`)
})

test('doctor judges the routes of a server without findings of its own', async () => {
  const { client, port } = await viewServer()
  await plantBroker(
    client,
    { name: 'broker-a' },
    { Uneven: { readQueueNums: 2 }, Static: { mapping: { 0: 0 } } },
  )
  await plantBroker(client, { name: 'broker-b', id: 1, address: '127.0.0.1:10921' }, { A: {}, B: {} })
  const address = await startWithoutViews(port)
  const { code, stdout, stderr } = await runCli(['doctor', '-n', address, '--json'])
  expect(code).toBe(1)
  const { items } = JSON.parse(stdout)
  expect(
    items.map(({ severity, rule, subject }: Record<string, string>) => `${severity} ${rule} ${subject}`),
  ).toEqual([
    'critical missing_master_address broker-b',
    'warning read_write_queue_mismatch broker-a',
    'warning static_topic_hole broker-a',
    'info single_broker_route broker-a',
  ])
  expect(items[0]).toMatchObject({ namesrv: address, since: null, command: null })
  expect(stderr).toMatch(/^findings from heartbeats, clients and history: not shown/)
})
