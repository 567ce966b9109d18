import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame } from '../../support/raw-client.ts'
import { registration } from '../../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { NO_PERMISSION, startWithoutViews } from '../without-views.ts'

async function serverWithBroker(): Promise<TestServer & { readonly address: string }> {
  const server = await startServer()
  const broker = await server.connect()
  await broker.request(registration({ name: 'broker-a' }))
  return { ...server, address: `127.0.0.1:${server.port}` }
}

/** Puts the end of `--wait` into the hands of the test. */
function heldWait() {
  const over = new AbortController()
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(over.signal)
  return { timeout, end: () => over.abort() }
}

/** The values of lines `name:  value`. */
function detailsOf(stdout: string): Record<string, string> {
  return Object.fromEntries(
    stdout.split('\n').map((line) => [line.split(':')[0], line.replace(/^[^:]*: +/, '')]),
  )
}

describe('status', () => {
  test('counts the brokers and topics that clients see, and which of them are provisional', async () => {
    const properties = { routeSnapshotPath: join(temporaryFolder(), 'snapshot') }
    const before = await startServer(properties)
    const brokers = await before.connect()
    await brokers.request(registration())
    await brokers.request(
      registration({ name: 'broker-b', address: '10.0.0.2:10911', topics: ['TopicB', 'TopicC', 'TopicD'] }),
    )
    await before.controller.shutdown()
    const { port, connect } = await startServer(properties)
    const shown = async () => detailsOf((await runCli(['status', '-n', `127.0.0.1:${port}`])).stdout)
    expect(await shown()).toMatchObject({
      ...{ Ready: 'yes', Clusters: '1', 'Broker groups': '2' },
      ...{ Brokers: '2 (2 provisional)', Topics: '4 (4 provisional)' },
    })
    await (await connect()).request(registration())
    expect(await shown()).toMatchObject({
      ...{ Clusters: '1', 'Broker groups': '2', Brokers: '2 (1 provisional)', Topics: '4 (2 provisional)' },
    })
    const servers = [port, (await startServer()).port].map((each) => `127.0.0.1:${each}`)
    const table = await runCli(['status', '-n', servers.join(';')], { isTTY: true, columns: 80 })
    expect(table.stdout).toMatch(/ BROKERS {2}TOPICS {2}FINDINGS\n.* 2 +4 {2}\S/)
    const wide = await runCli(['status', '-n', servers.join(';'), '-o', 'wide'])
    expect(wide.stdout).toMatch(/ PROVISIONAL BROKERS {2}PROVISIONAL TOPICS .*\n.* {2}1 +2 {2}/)
  })

  test('shows one server in lines', async () => {
    const { address, time } = await serverWithBroker()
    time.advance(180_000)
    const { code, stdout, stderr } = await runCli(['status', '-n', address])
    expect([code, stderr]).toEqual([0, ''])
    expect(detailsOf(stdout)).toMatchObject({
      NameServer: expect.stringContaining(address),
      Version: expect.stringMatching(/^mqnamesrv \d+\.\d+\.\d+.*, RocketMQ V5_5_0, Node\.js \d+/),
      Ready: 'yes',
      Uptime: '3m',
      Brokers: '0',
      Topics: '0',
      Lookups: '0, 0 of them without a route',
      Memory: expect.stringMatching(/^\d+M$/),
    })
  })

  test('says why a server is not ready', async () => {
    const { port } = await startServer({ needWaitForService: 'true', waitSecondsForService: '45' })
    const { stdout } = await runCli(['status', '-n', `127.0.0.1:${port}`])
    expect(detailsOf(stdout)).toMatchObject({
      Ready: 'no: lookups are rejected for another 45 s (waitSecondsForService)',
    })
  })

  test('has the view in JSON', async () => {
    const { address } = await serverWithBroker()
    const { stdout } = await runCli(['status', '-n', address, '--json'])
    expect(JSON.parse(stdout)).toEqual({
      items: [
        expect.objectContaining({
          namesrv: address,
          ready: true,
          checks: expect.arrayContaining([{ name: 'startup', problem: null }]),
          tables: expect.objectContaining({ brokers: 1, topics: 2 }),
        }),
      ],
      errors: [],
    })
  })

  test('shows several in a table, of one without views its lists', async () => {
    const { address, port } = await serverWithBroker()
    const other = await startWithoutViews(port)
    const { code, stdout, stderr } = await runCli(['status', '-n', `${address};${other}`, '-o', 'wide'])
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      [
        'NAMESRV',
        'VERSION',
        'MQNAMESRV',
        'READY',
        'UPTIME',
        'BROKERS',
        'TOPICS',
        'FINDINGS',
        'PROVISIONAL BROKERS',
        'PROVISIONAL TOPICS',
        'GROUPS',
        'CLUSTERS',
        'LOOKUPS',
        'MEMORY',
      ],
      [
        address,
        'V5_5_0',
        expect.stringMatching(/^\d/),
        'yes',
        '0s',
        '1',
        '2',
        'none',
        '0',
        '0',
        '1',
        '1',
        '0',
        expect.stringMatching(/M$/),
      ],
      [other, 'V5_5_0', '-', '-', '-', '1', '2', '-', '-', '-', '1', '1', '-', '-'],
      [''],
    ])
    expect(stderr).toMatch(/^uptime, requests, memory: not shown/)
    const alone = await runCli(['status', '-n', other])
    expect(alone.stdout).toBe(
      `NameServer:     ${other}\nVersion:        RocketMQ V5_5_0\nClusters:       1\nBroker groups:  1\nBrokers:        1\nTopics:         2\n`,
    )
  })
})

describe('health', () => {
  test('is yes for a server that is ready', async () => {
    const { address } = await serverWithBroker()
    expect(await runCli(['health', '-n', address])).toEqual({
      code: 0,
      stdout: `NAMESRV${' '.repeat(address.length - 5)}HEALTHY  PROBLEMS\n${address}  yes      -\n`,
      stderr: '',
    })
  })

  test('is no for a server that is not, with the problem', async () => {
    const { port } = await startServer({ needWaitForService: 'true' })
    const { code, stdout } = await runCli(['health', '-n', `127.0.0.1:${port}`, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      expect.objectContaining({
        healthy: false,
        checks: expect.arrayContaining([
          { name: 'waitForService', problem: expect.stringMatching(/^lookups are rejected/) },
        ]),
      }),
    ])
  })

  test('of a server without views depends on whether it has brokers', async () => {
    const { port } = await startServer()
    const empty = await runCli(['health', '-n', await startWithoutViews(port)])
    expect(empty).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/no +brokers: no broker is registered\n/),
    })
    const full = await serverWithBroker()
    const address = await startWithoutViews(full.port)
    expect(await runCli(['health', '-n', address])).toMatchObject({
      code: 0,
      stderr: `${address} is not mqnamesrv: only whether it knows brokers is checked\n`,
    })
  })

  test('is unknown, with 4, if a server shows its checks to its own machine only', async () => {
    const { port } = await serverWithBroker()
    const address = await startWithoutViews(port, NO_PERMISSION)
    expect(await runCli(['health', '-n', address])).toEqual({
      code: 4,
      stdout: '',
      stderr: expect.stringMatching(/^mqnamesrv: .*not here\n$/),
    })
    // It will not change, so it is not waited for.
    expect(await runCli(['health', '--exit-when-healthy', '-n', address])).toEqual({
      code: 4,
      stdout: expect.stringMatching(/ {2}unhealthy {2}.*not here\n$/),
      stderr: '',
    })
  })

  test('is partial if one of several cannot be reached', async () => {
    const { address } = await serverWithBroker()
    const dead = `127.0.0.1:${await freePort()}`
    expect(await runCli(['health', '-n', `${address};${dead}`])).toMatchObject({ code: 5 })
    expect(await runCli(['health', '-n', dead])).toMatchObject({ code: 3 })
  })

  test('--exit-when-healthy waits, and prints changes only', async () => {
    const { port, time } = await startServer({ needWaitForService: 'true', waitSecondsForService: '3' })
    const address = `127.0.0.1:${port}`
    const argv = ['health', '--exit-when-healthy', '-n', address]
    const { code, stdout } = await runCli(argv, { onPause: (ms) => time.advance(ms) })
    expect(code).toBe(0)
    expect(stdout.split('\n').map((line) => line.split('  ').slice(1, 3))).toEqual([
      [address, 'unhealthy'],
      [address, 'healthy'],
      [],
    ])
  })

  test('--wait ends it with the code of the last state, also while the next one is asked for', async () => {
    const wait = heldWait()
    let hangs = false
    const { address } = await startFakePeer(({ header: { code, opaque }, socket }) => {
      if (hangs) return wait.end()
      // Not mqnamesrv, and without brokers.
      const header = { code: code === 106 ? 0 : 3, flag: 1, language: 'JAVA', opaque, version: 513 }
      socket.write(frame(JSON.stringify(header), '{}'))
    })
    const argv = ['health', '--exit-when-healthy', '--wait', '500ms', '--timeout', '1h', '-n', address]
    const onPause = (): void => {
      hangs = true
    }
    expect(await runCli(argv, { onPause })).toEqual({
      code: 1,
      stdout: expect.stringMatching(/^[^\n]+ {2}unhealthy {2}brokers: no broker is registered\n$/),
      stderr: `${address} is not mqnamesrv: only whether it knows brokers is checked\n`,
    })
    expect(wait.timeout).toHaveBeenCalledExactlyOnceWith(500)
  })

  test('--wait ends the first round, too', async () => {
    const { address } = await startFakePeer(heldWait().end)
    const argv = ['health', '--exit-when-healthy', '--wait', '50ms', '--timeout', '1h', '-n', address]
    expect(await runCli(argv, { onPause: () => {} })).toEqual({
      code: 3,
      stdout: expect.stringContaining(`unhealthy  no response from ${address} within --wait\n`),
      stderr: '',
    })
  })

  test('--wait ends it between two rounds', async () => {
    const { port } = await startServer({ needWaitForService: 'true' })
    const argv = ['health', '--watch', '--wait', '500ms', '-n', `127.0.0.1:${port}`]
    expect(await runCli(argv, { onPause: heldWait().end })).toMatchObject({ code: 1 })
  })

  test('--wait without anything to wait for ends with 2', async () => {
    expect(await runCli(['health', '--wait', '5s'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--wait needs --watch or --exit-when-healthy'),
    })
  })

  test('--watch of servers that all fail ends with the worst code, whichever fails first', async () => {
    const failing = await startFakePeer(({ header: { opaque }, socket }) => {
      socket.write(frame(JSON.stringify({ code: 1, flag: 1, language: 'JAVA', opaque, version: 513 })))
    })
    const hanging = await startFakePeer()
    const interrupts = new AbortController()
    const argv = ['health', '--watch', '--timeout', '100ms', '-n', `${failing.address};${hanging.address}`]
    const world = { interrupts: interrupts.signal, onPause: () => interrupts.abort() }
    expect(await runCli(argv, world)).toMatchObject({ code: 3 })
  })

  test('--watch goes on over a lost server, until it is interrupted', async () => {
    const { controller, port } = await serverWithBroker()
    const address = `127.0.0.1:${port}`
    const interrupts = new AbortController()
    const steps = [() => controller.shutdown(), () => {}, () => interrupts.abort()]
    const { code, stdout } = await runCli(['health', '--watch', '-n', address, '-o', 'jsonl'], {
      interrupts: interrupts.signal,
      onPause: async () => await steps.shift()?.(),
    })
    expect(code).toBe(3)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        time: expect.any(String),
        namesrv: address,
        healthy: true,
        checks: expect.arrayContaining([{ name: 'startup', problem: null }]),
        error: null,
      },
      {
        time: expect.any(String),
        namesrv: address,
        healthy: false,
        checks: [],
        error: {
          code: 'unreachable',
          message: `connection to ${address} failed: connection refused (ECONNREFUSED)`,
          namesrv: address,
        },
      },
    ])
  })
})
