import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { plantBroker, plantCluster, startViewServer } from '../../inspect/view-world.ts'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame } from '../../support/raw-client.ts'
import { lookup } from '../../support/requests.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startWithoutViews } from '../without-views.ts'

async function clusterServer() {
  const server = await startViewServer()
  await plantCluster(server.client)
  return { ...server, address: `127.0.0.1:${server.port}` }
}

describe('check --stop broker', () => {
  test.each(['with views', 'without views'])('is no if topics lose their last queues, %s', async (kind) => {
    const { address, port } = await clusterServer()
    const asked = kind === 'with views' ? address : await startWithoutViews(port)
    expect(await runCli(['check', '--stop', 'broker', 'broker-a', '-n', asked])).toEqual({
      code: 1,
      stdout:
        `broker-a must not be stopped (${asked}):\n` +
        '  2 topics would have no broker to send to: Shared, OnlyA\n' +
        '  1 topic would have no broker to read from: OnlyA\n' +
        '  1 topic would lose queues of their order configuration: Shared\n',
      stderr: '',
    })
  })

  test('is yes if all of its topics are on another broker, too', async () => {
    const { client, port } = await startViewServer()
    const address = `127.0.0.1:${port}`
    await plantBroker(client, { name: 'broker-a' }, { A: {}, B: {} })
    await plantBroker(client, { name: 'broker-b', address: '127.0.0.1:10921' }, { A: {}, B: {} })
    expect(await runCli(['check', '--stop', 'broker', 'broker-a', '-n', address])).toEqual({
      code: 0,
      stdout: `broker-a may be stopped (${address}):\n  no topic loses its last queues with its broker\n`,
      stderr: '',
    })
  })

  test('is no if one of several NameServers says so, and yes where it is not registered', async () => {
    const [full, empty] = [await clusterServer(), await startViewServer()]
    const argv = ['check', '--stop', 'broker', 'broker-a', '-n', `${full.address};127.0.0.1:${empty.port}`]
    const { code, stdout } = await runCli([...argv, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      expect.objectContaining({ subject: 'broker-a', mayStop: false }),
      expect.objectContaining({ mayStop: true, reasons: ['it is not registered there'] }),
    ])
  })

  test('of an unknown broker ends with 1', async () => {
    const { address, port } = await clusterServer()
    for (const asked of [address, await startWithoutViews(port)])
      expect(await runCli(['check', '--stop', 'broker', 'x', '-n', asked])).toEqual({
        code: 1,
        stdout: '',
        stderr: `mqnamesrv: no broker group "x" on ${asked} (mqnamesrv broker explain says what became of it)\n`,
      })
  })
})

describe('check --stop self', () => {
  test('is no if no other NameServer is known', async () => {
    const { address } = await clusterServer()
    const { code, stdout } = await runCli(['check', '--stop', 'self', '-n', address])
    expect([code, stdout]).toEqual([
      1,
      `${address} must not be stopped:\n  no other NameServer is known: set peers, or name it after this one in -n\n`,
    ])
  })

  test('is yes if another one has all that it has', async () => {
    const [one, two] = [await clusterServer(), await clusterServer()]
    await one.client.request(lookup('Shared'))
    const argv = ['check', '--stop', 'self', '-n', `${one.address};${two.address}`]
    const { code, stdout } = await runCli(argv)
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`  ${two.address} has all of its 3 brokers and 4 topics\n`),
    ])
  })

  test('is no if the others lack something or do not respond', async () => {
    const [one, two, dead] = [await clusterServer(), await startViewServer(), await freePort()]
    await plantBroker(two.client, { name: 'broker-a' }, { Shared: {}, OnlyA: {} })
    const argv = ['check', '--stop', 'self', '-n', `${one.address};127.0.0.1:${two.port};127.0.0.1:${dead}`]
    const { code, stdout } = await runCli([...argv, '-o', 'json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      {
        namesrv: one.address,
        subject: one.address,
        mayStop: false,
        reasons: [
          `127.0.0.1:${two.port} lacks 2 brokers (broker-a:1=127.0.0.1:10921, broker-b=10.0.0.2:10911) and 2 topics (OnlyB, Static)`,
          `connection with 127.0.0.1:${dead} failed: connection refused (ECONNREFUSED)`,
        ],
      },
    ])
  })

  test('says how many clients have to move', async () => {
    const [one, two] = [await clusterServer(), await clusterServer()]
    const client = await one.connect()
    await client.request(lookup('Shared'))
    const argv = ['check', '--stop', 'self', '-n', `${one.address};${two.address}`]
    expect((await runCli(argv)).stdout).toContain('  1 connected client must know another NameServer, too\n')
  })

  test('is yes if a peer has the same routes', async () => {
    const other = await clusterServer()
    const server = await startViewServer({ peers: other.address })
    await plantCluster(server.client)
    const argv = ['check', '--stop', 'self', '-n', `127.0.0.1:${server.port}`]
    let [code, stdout] = [1, '']
    while (code !== 0) {
      server.time.advance(5_000)
      const result = await runCli(argv)
      code = result.code
      stdout = result.stdout
    }
    expect(stdout).toContain(`  ${other.address} has the same routes (compared `)
  })

  test('is no if its peer has other routes', async () => {
    const other = await startViewServer()
    const server = await startViewServer({ peers: `127.0.0.1:${other.port}` })
    await plantBroker(server.client, { name: 'broker-a' }, { A: {}, B: {} })
    let [code, stdout] = [0, '']
    while (code === 0 || stdout.includes('does not respond')) {
      server.time.advance(1_000)
      const result = await runCli(['check', '--stop', 'self', '-n', `127.0.0.1:${server.port}`])
      code = result.code
      stdout = result.stdout
    }
    expect(code).toBe(1)
    expect(stdout).toMatch(/ {2}127\.0\.0\.1:\d+: settling, \d+ differences?\n/)
  })

  test('asks the peers of a server that has some', async () => {
    const dead = `127.0.0.1:${await freePort()}`
    const { port } = await startViewServer({ peers: dead })
    const { code, stdout } = await runCli(['check', '--stop', 'self', '-n', `127.0.0.1:${port}`])
    expect([code, stdout]).toEqual([1, expect.stringContaining(`  ${dead} does not respond\n`)])
  })
})

test.each([
  [[], /^mqnamesrv: check needs --stop broker <name> or --stop self/],
  [['--stop', 'broker'], /^mqnamesrv: check --stop broker needs the name of a broker group/],
  [['--stop', 'self', 'x'], /^mqnamesrv: check --stop self needs no name/],
])('check with %j ends with 2', async (argv, stderr) => {
  expect(await runCli(['check', ...argv])).toMatchObject({ code: 2, stderr: expect.stringMatching(stderr) })
})

describe('dump', () => {
  test('has all views of a server, in JSON', async () => {
    const { address } = await clusterServer()
    const { code, stdout, stderr } = await runCli(['dump', '-n', address])
    expect([code, stderr]).toEqual([0, ''])
    const { items, errors } = JSON.parse(stdout)
    expect(errors).toEqual([])
    expect(items).toEqual([
      {
        namesrv: address,
        status: expect.objectContaining({ ready: true }),
        config: { keys: expect.arrayContaining([expect.objectContaining({ key: 'listenPort' })]) },
        connections: expect.objectContaining({ open: expect.any(Number) }),
        clients: expect.anything(),
        events: expect.objectContaining({ events: expect.any(Array) }),
        misses: expect.anything(),
        findings: expect.anything(),
        digest: expect.anything(),
        peers: { peers: [] },
        clusters: [expect.objectContaining({ cluster: 'DefaultCluster' })],
        brokers: [
          expect.objectContaining({ brokerName: 'broker-a' }),
          expect.objectContaining({ brokerName: 'broker-b' }),
        ],
        topics: ['OnlyA', 'OnlyB', 'Shared', 'Static'],
        kv: [
          { namespace: 'ORDER_TOPIC_CONFIG', key: 'Shared', value: 'broker-a:4;broker-b:4' },
          { namespace: 'other', key: 'key', value: 'value' },
        ],
        queues: expect.arrayContaining([
          { topic: 'OnlyB', queues: [expect.objectContaining({ brokerName: 'broker-b', perm: 4 })] },
        ]),
        problems: {},
      },
    ])
  })

  test('has the lists and routes of a server without views', async () => {
    const { port } = await clusterServer()
    const address = await startWithoutViews(port)
    const { items } = JSON.parse((await runCli(['dump', '-n', address])).stdout)
    expect(items).toEqual([
      expect.objectContaining({
        namesrv: address,
        note: expect.stringContaining('is not mqnamesrv'),
        topics: expect.arrayContaining(['Shared']),
        queues: expect.arrayContaining([expect.objectContaining({ topic: 'OnlyB' })]),
        kv: [{ namespace: 'ORDER_TOPIC_CONFIG', key: 'Shared', value: 'broker-a:4;broker-b:4' }],
      }),
    ])
  })

  test('names the views that fail, and has the others', async () => {
    const { address } = await startFakePeer(({ header: { opaque, extFields }, socket }) => {
      const isStatus = extFields?.['path'] === '/api/v1/status'
      const code = extFields?.['path'] === undefined ? 22 : isStatus ? 0 : 1
      const header = { code, flag: 1, language: 'JAVA', opaque, version: 513, remark: 'too busy' }
      socket.write(frame(JSON.stringify(header), isStatus ? '{"ready":true}' : ''))
    })
    const { code, stdout } = await runCli(['dump', '-n', address])
    const [{ status, problems }] = JSON.parse(stdout).items
    expect([code, status]).toEqual([0, { ready: true }])
    expect(problems).toMatchObject({ config: 'too busy', brokers: 'too busy', queues: 'too busy' })
  })

  test('writes a file that only its owner can read, and replaces one only with -y', async () => {
    const { address } = await clusterServer()
    const file = join(temporaryFolder(), 'dump.json')
    const argv = ['dump', file, '-n', address]
    expect(await runCli(argv)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('written'),
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, 'mine', { mode: 0o644 })
    expect(await runCli(argv)).toEqual({
      code: 2,
      stdout: '',
      stderr: `mqnamesrv: ${file} exists: replace it with -y (try mqnamesrv help)\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(await runCli([...argv, '-y'])).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(file, 'utf8')).items).toHaveLength(1)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('that cannot write its file says so', async () => {
    const { address } = await clusterServer()
    const { code, stderr } = await runCli(['dump', '/nowhere/dump.json', '-n', address])
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/cannot write \/nowhere\/dump\.json: no such file/),
    ])
  })

  test('has the NameServers that respond, and names the others', async () => {
    const { address } = await clusterServer()
    const dead = `127.0.0.1:${await freePort()}`
    const { code, stdout, stderr } = await runCli(['dump', '-n', `${address};${dead}`])
    expect([code, stderr]).toEqual([5, expect.stringContaining(dead)])
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ namesrv: address }],
      errors: [{ code: 'unreachable', namesrv: dead }],
    })
  })
})
