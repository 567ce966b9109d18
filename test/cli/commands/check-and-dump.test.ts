import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/support/ports.ts'
import { plantBroker, plantCluster, startViewServer } from '../../inspect/view-world.ts'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame } from '../../support/raw-client.ts'
import { lookup, putKVConfig } from '../../support/requests.ts'
import { temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'
import { NO_PERMISSION, startWithoutViews } from '../without-views.ts'

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

  test('is no if the other brokers have not registered again since a restart, until they do', async () => {
    const properties = { routeSnapshotPath: join(temporaryFolder(), 'snapshot') }
    const before = await startViewServer(properties)
    await plantBroker(before.client, { name: 'broker-a' }, { A: {}, B: {} })
    await plantBroker(before.client, { name: 'broker-b', address: '127.0.0.1:10921' }, { A: {}, B: {} })
    before.client.socket.destroy()
    await before.controller.shutdown()
    const { client, port } = await startViewServer(properties)
    const address = `127.0.0.1:${port}`
    await plantBroker(client, { name: 'broker-a' }, { A: {}, B: {} })
    const check = () => runCli(['check', '--stop', 'broker', 'broker-a', '-n', address])
    expect(await check()).toEqual({
      code: 1,
      stdout:
        `broker-a must not be stopped (${address}):\n` +
        '  2 topics would have no broker to send to: A, B\n' +
        '  2 topics would have no broker to read from: A, B\n' +
        '  2 topics would depend on brokers that have not registered again since the restart: A, B\n',
      stderr: '',
    })
    await plantBroker(client, { name: 'broker-b', address: '127.0.0.1:10921' }, { A: {}, B: {} })
    expect((await check()).code).toBe(0)
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
        stderr: `mqnamesrv: no broker group "x" on ${asked} (mqnamesrv broker explain, or the view /api/v1/explain, says what became of it)\n`,
      })
    const { stdout } = await runCli(['check', '--stop', 'broker', 'x', '-n', address, '--json'])
    expect(JSON.parse(stdout).errors).toEqual([expect.objectContaining({ namesrv: address })])
  })
})

test('of a name that the responding NameServers do not know, and another may, check and topic route end with 5', async () => {
  const { address } = await clusterServer()
  const servers = `${address};127.0.0.1:${await freePort()}`
  for (const argv of [
    ['check', '--stop', 'broker', 'x'],
    ['topic', 'route', 'x'],
  ]) {
    const { code, stdout } = await runCli([...argv, '-n', servers, '--json'])
    const codes = JSON.parse(stdout).errors.map((error: { code: string }) => error.code)
    expect([code, codes]).toEqual([5, ['not_found', 'unreachable']])
  }
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
      expect.stringContaining(`  ${two.address} has all of its brokers, topics and queues\n`),
    ])
  })

  test('is no if the others have other queues, permissions or order configurations', async () => {
    const [one, two] = [await clusterServer(), await clusterServer()]
    await two.client.request({ code: 205, extFields: { brokerName: 'broker-a' } })
    await two.client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'Shared', 'broker-a:1'))
    const without = await startWithoutViews(two.port)
    for (const other of [two.address, without]) {
      const { code, stdout } = await runCli(['check', '--stop', 'self', '-n', `${one.address};${other}`])
      expect([code, stdout]).toEqual([
        1,
        expect.stringMatching(
          new RegExp(`^ {2}${other} differs in .*Shared on broker-a.*ORDER_TOPIC_CONFIG/Shared$`, 'm'),
        ),
      ])
    }
  })

  test('is partial if another one does not respond, whatever the rest say', async () => {
    const [one, two] = [await clusterServer(), await clusterServer()]
    const dead = `127.0.0.1:${await freePort()}`
    const failure = `mqnamesrv: connection to ${dead} failed: connection refused (ECONNREFUSED)\n`
    const argv = ['check', '--stop', 'self', '-n']
    expect(await runCli([...argv, `${one.address};${two.address};${dead}`])).toEqual({
      code: 5,
      stdout: expect.stringContaining(`${one.address} may be stopped:\n`),
      stderr: failure,
    })
    expect(await runCli([...argv, `${one.address};${dead}`])).toEqual({
      code: 5,
      stdout: `${one.address} must not be stopped:\n  no other NameServer responded\n`,
      stderr: failure,
    })
    expect(await runCli([...argv, `${dead};${two.address}`])).toEqual({
      code: 3,
      stdout: '',
      stderr: failure,
    })
  })

  test('with -o name prints nothing for no', async () => {
    const [one, two] = [await clusterServer(), await startViewServer()]
    const argv = ['check', '--stop', 'self', '-o', 'name', '-n']
    const addresses = [one.address, `127.0.0.1:${two.port}`]
    expect(await runCli([...argv, addresses.join(';')])).toMatchObject({ code: 1, stdout: '' })
    addresses.reverse()
    expect(await runCli([...argv, addresses.join(';')])).toMatchObject({
      code: 0,
      stdout: `${addresses[0]}\n`,
    })
  })

  test('says that clients are not counted where they are not shown', async () => {
    const [one, two] = [await clusterServer(), await clusterServer()]
    const self = await startWithoutViews(one.port, NO_PERMISSION)
    const { code, stderr } = await runCli(['check', '--stop', 'self', '-n', `${self};${two.address}`])
    expect([code, stderr]).toEqual([0, expect.stringContaining('connected clients')])
  })

  test('is no if the others lack something', async () => {
    const [one, two] = [await clusterServer(), await startViewServer()]
    await plantBroker(two.client, { name: 'broker-a' }, { Shared: {}, OnlyA: {} })
    const argv = ['check', '--stop', 'self', '-n', `${one.address};127.0.0.1:${two.port}`]
    const { code, stdout } = await runCli([...argv, '-o', 'json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toEqual([
      {
        namesrv: one.address,
        subject: one.address,
        mayStop: false,
        reasons: [
          expect.stringMatching(
            new RegExp(
              `^127.0.0.1:${two.port} lacks 2 brokers \\(broker-a:1, broker-b\\) and 2 topics \\(OnlyB, Static\\), differs in .*OnlyA on broker-a`,
            ),
          ),
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
        departures: { total: 0, departures: [] },
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
      stderr: `mqnamesrv: ${file} exists: replace it with -y (try mqnamesrv help dump)\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe('mine')
    expect(await runCli([...argv, '-y'])).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(file, 'utf8')).items).toHaveLength(1)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('replaces regular files only', async () => {
    const { address } = await clusterServer()
    const folder = temporaryFolder()
    const [target, link, pipe] = ['target', 'link', 'pipe'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    symlinkSync(target, link)
    execFileSync('mkfifo', [pipe])
    for (const file of [link, pipe, folder])
      for (const options of [[], ['-y']])
        expect(await runCli(['dump', file, '-n', address, ...options])).toEqual({
          code: 2,
          stdout: '',
          stderr: `mqnamesrv: ${file} is not a regular file: it is not replaced (try mqnamesrv help dump)\n`,
        })
    expect([lstatSync(link).isSymbolicLink(), lstatSync(pipe).isFIFO(), existsSync(target)]).toEqual([
      true,
      true,
      false,
    ])
  })

  test('that fails with -y leaves what was there, and no half file', async () => {
    const folder = temporaryFolder()
    const [file, other] = [join(folder, 'dump.json'), join(folder, 'other.json')]
    const { address } = await startScripted({
      // A folder takes the place of the file meanwhile.
      106: () => {
        mkdirSync(file, { recursive: true })
        return { body: '{}' }
      },
      206: { body: '{}' },
      219: { code: 22 },
    })
    const { code, stderr } = await runCli(['dump', file, '-n', address, '-y'])
    expect([code, stderr]).toEqual([1, expect.stringContaining(`cannot write ${file}.tmp: `)])
    expect([existsSync(`${file}.tmp`), statSync(file).isDirectory()]).toEqual([false, true])
    writeFileSync(`${other}.tmp`, 'of another')
    expect(await runCli(['dump', other, '-n', address, '-y'])).toMatchObject({ code: 1 })
    expect(readFileSync(`${other}.tmp`, 'utf8')).toBe('of another')
  })

  test('says which lists are cut, and that queues are left out', async () => {
    const page = (size: number): object[] => Array.from({ length: size }, () => ({}))
    const { address } = await startScripted({
      1450: ({ path = '' }) => {
        const [name = ''] = path.slice('/api/v1/'.length).split('?')
        const isPaged = path.includes('limit=10000')
        const next = name === 'topics' ? 'x' : null
        const list = page(name === 'topics' ? 100_000 : 0)
        return { body: JSON.stringify(isPaged ? { [name]: list, entries: [], next } : {}) }
      },
    })
    const [{ topics, queues, problems }] = JSON.parse((await runCli(['dump', '-n', address])).stdout).items
    expect([topics.length, queues, problems]).toEqual([
      100_000,
      undefined,
      {
        topics: 'only the first 100000 are listed',
        queues: 'left out: 100000 topics, at most 10000 are asked for their queues',
      },
    ])
  })

  test('leaves out the queues of very many topics of a server without views', async () => {
    const topicList = Array.from({ length: 100_001 }, (_, index) => `T${index}`)
    const { address, codes } = await startScripted({
      106: { body: '{}' },
      206: { body: JSON.stringify({ topicList }) },
      219: { code: 22 },
    })
    const [{ topics, queues, problems }] = JSON.parse((await runCli(['dump', '-n', address])).stdout).items
    expect([topics.length, queues, problems]).toEqual([
      100_001,
      [],
      { queues: 'left out: 100001 topics, at most 100000 are asked for their queues' },
    ])
    expect(codes()).not.toContain(105)
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
    const { code, stdout, stderr } = await runCli(['dump', '-n', `${address};${dead}`, '-o', 'json'])
    expect([code, stderr]).toEqual([5, expect.stringContaining(dead)])
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ namesrv: address }],
      errors: [{ code: 'unreachable', namesrv: dead }],
    })
  })
})
