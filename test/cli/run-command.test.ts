import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../scripts/support/ports.ts'
import { signatureOf } from '../../src/access/signature.ts'
import { durationMs } from '../../src/cli/duration.ts'
import { packageVersion } from '../../src/namesrv/package-version.ts'
import { type Received, startFakePeer } from '../support/fake-peer.ts'
import { frame } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'
import { type CliWorld, runCli } from './run-cli.ts'

/** The address of a server with a broker. */
async function serverWith(broker: string): Promise<string> {
  const { port, connect } = await startServer()
  const client = await connect()
  await client.request(registration({ name: broker }))
  return `127.0.0.1:${port}`
}

/** An address where nothing listens. */
async function deadAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}

describe('a command', () => {
  test('asks the NameServers of NAMESRV_ADDR, unless -n names others', async () => {
    const [a, b] = [await serverWith('a'), await serverWith('b')]
    const env = { NAMESRV_ADDR: `${a};${b}` }
    const both = await runCli(['ping', '-o', 'name'], { env })
    expect(both).toEqual({ code: 0, stdout: `${a}\n${b}\n`, stderr: '' })
    expect(await runCli(['ping', '-o', 'name', '-n', b], { env })).toMatchObject({ stdout: `${b}\n` })
  })

  test('has a column for the NameServer if it asks several', async () => {
    const [a, b] = [await serverWith('a'), await serverWith('b')]
    const { stdout } = await runCli(['cluster', 'list', '-n', `${a},${b}`, '--no-headers'])
    expect(stdout.split('\n').map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      [a, 'DefaultCluster'],
      [b, 'DefaultCluster'],
      [''],
    ])
  })

  test('that reaches only some of them shows those, and ends with 5', async () => {
    const [a, dead] = [await serverWith('a'), await deadAddress()]
    const stderr = `mqnamesrv: connection to ${dead} failed: connection refused (ECONNREFUSED)\n`
    const error = { code: 'unreachable', message: stderr.trim().replace('mqnamesrv: ', ''), namesrv: dead }
    const argv = ['cluster', 'list', '-n', `${a};${dead}`, '-o']
    const table = await runCli([...argv, 'table'])
    expect(table).toMatchObject({
      code: 5,
      stdout: expect.stringMatching(/^NAMESRV .*\n.*DefaultCluster/),
      stderr,
    })
    const json = await runCli([...argv, 'json'])
    expect(json).toMatchObject({ code: 5, stderr })
    expect(JSON.parse(json.stdout)).toEqual({
      items: [expect.objectContaining({ namesrv: a })],
      errors: [error],
    })
    const jsonl = await runCli([...argv, 'jsonl'])
    expect(
      jsonl.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([expect.objectContaining({ namesrv: a, cluster: 'DefaultCluster' }), { error }])
    const yaml = await runCli([...argv, 'yaml'])
    expect(yaml.stdout).toMatch(/\nerrors:\n {2}- code: unreachable\n {4}message: /)
    expect(await runCli([...argv, 'name'])).toMatchObject({ code: 5, stdout: 'DefaultCluster\n', stderr })
  })

  test('that reaches none ends with 3, and says why for each, in every format', async () => {
    const [a, b] = [await deadAddress(), await deadAddress()]
    const messages = [a, b].map(
      (address) => `connection to ${address} failed: connection refused (ECONNREFUSED)`,
    )
    const stderr = messages.map((message) => `mqnamesrv: ${message}\n`).join('')
    const errors = [a, b].map((namesrv, index) => ({
      code: 'unreachable',
      message: messages[index],
      namesrv,
    }))
    const argv = ['ping', '-n', `${a};${b}`, '-o']
    expect(await runCli([...argv, 'wide'])).toEqual({ code: 3, stdout: '', stderr })
    const json = await runCli([...argv, 'json'])
    expect(json).toMatchObject({ code: 3, stderr })
    expect(JSON.parse(json.stdout)).toEqual({ items: [], errors })
    const jsonl = await runCli([...argv, 'jsonl'])
    expect(
      jsonl.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(errors.map((error) => ({ error })))
    expect((await runCli([...argv, 'yaml'])).stdout).toMatch(
      /^items: \[\]\nerrors:\n {2}- code: unreachable\n/,
    )
    expect(await runCli([...argv, 'name'])).toEqual({ code: 3, stdout: '', stderr })
  })

  test('names failures in the order of the NameServers, whichever fails first', async () => {
    const [{ address: silent }, dead] = [await startFakePeer(), await deadAddress()]
    const both = await runCli(['ping', '-n', `${silent};${dead}`, '--timeout', '200ms', '--json'])
    const addresses = (text: string) =>
      (JSON.parse(text).errors as { namesrv: string }[]).map(({ namesrv }) => namesrv)
    expect(addresses(both.stdout)).toEqual([silent, dead])
    const [alive, argv] = [await serverWith('a'), ['broker', 'show', 'x', '--timeout', '1s', '--json']]
    expect(addresses((await runCli([...argv, '-n', `${alive};${silent}`])).stdout)).toEqual([alive, silent])
    expect(addresses((await runCli([...argv, '-n', `${silent};${alive}`])).stdout)).toEqual([silent, alive])
  })

  test('has its notes in the order of the NameServers, whichever responds first', async () => {
    const body = JSON.stringify({ matching: 3, connections: [] })
    const respond = ({ header: { code, opaque }, socket }: Received): void => {
      const header = { code: 0, flag: 1, language: 'JAVA', opaque, version: 513 }
      socket.write(frame(JSON.stringify(header), code === 1450 ? body : ''))
    }
    const held: Received[] = []
    const late = await startFakePeer((received) => held.push(received))
    const soon = await startFakePeer((received) => {
      respond(received)
      if (soon.received.length === 2) setImmediate(() => held.forEach(respond))
    })
    const { stderr } = await runCli(['conn', 'list', '-n', `${late.address};${soon.address}`])
    expect(stderr.split('\n').slice(0, 2)).toEqual(
      [late, soon].map(({ address }) => `${address}: 3 more connections (--limit)`),
    )
  })

  test.each([
    ['cluster list', 'no brokers are registered'],
    ['broker list', 'no brokers are registered'],
    ['topic list', 'no topics'],
    ['topic list --prefix x', 'no such topics'],
    ['topic misses', 'no lookup without a route since the start'],
    ['kv list', 'no entries'],
    ['conn list --kind broker', 'no such connections'],
    ['events --kind broker_lost', 'no such events'],
    ['doctor', 'nothing found'],
    ['doctor --severity critical', 'no findings of this severity'],
  ])('%s of NameServers that have nothing of it says so, not of one that failed', async (words, none) => {
    const [{ port }, dead] = [await startServer(), await deadAddress()]
    const address = `127.0.0.1:${port}`
    const { stdout, stderr } = await runCli([...words.split(' '), '-n', `${address};${dead}`])
    const failure = `mqnamesrv: connection to ${dead} failed: connection refused (ECONNREFUSED)`
    expect([stdout, stderr]).toEqual(['', `${address}: ${none}\n${failure}\n`])
  })

  test.each([
    [['ping', '-o', 'json', '--frobnicate']],
    [['ping', '--json', '--frobnicate']],
    [['ping', '--output=json', '--frobnicate']],
    [['ping', '-ojson', '--frobnicate']],
  ])('%j has its usage error in JSON, too', async (argv) => {
    const { code, stdout, stderr } = await runCli(argv)
    expect([code, stderr]).toEqual([2, 'mqnamesrv: unknown option --frobnicate (try mqnamesrv help ping)\n'])
    expect(JSON.parse(stdout)).toEqual({
      items: [],
      errors: [{ code: 'usage', message: 'unknown option --frobnicate', namesrv: null }],
    })
  })

  test('shows hostile characters of its own arguments as escapes', async () => {
    const { code, stderr } = await runCli(['ping', '--\x1b[2J'])
    expect([code, stderr]).toEqual([2, 'mqnamesrv: unknown option --\\u001b[2J (try mqnamesrv help ping)\n'])
  })

  test('prints help to stdout and ends with 0', async () => {
    expect(await runCli(['help', 'ping'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Usage: mqnamesrv ping/),
    })
  })

  test.each([
    [
      '--tls-ca',
      'missing.pem',
      /^mqnamesrv: cannot read missing\.pem \(--tls-ca\): no such file or directory \(ENOENT\)/,
    ],
    ['--tls-server-name', 'x', /^mqnamesrv: --tls-server-name needs --tls-ca/],
    ['--tls-cert', 'a.pem', /^mqnamesrv: --tls-cert and --tls-key belong together/],
    ['--tls-ca', 'package.json', /^mqnamesrv: package\.json \(--tls-ca\) has no certificate \(PEM\)/],
    ['--access-key', 'ops', /^mqnamesrv: --access-key and --secret-key-file belong together/],
    ['--timeout', 'soon', /^mqnamesrv: --timeout "soon" is not a duration such as 500ms, 3s or 1m /],
    ['--timeout', '500', /^mqnamesrv: --timeout "500" is not a duration such as 500ms, 3s or 1m /],
    ['-n', 'a b', /^mqnamesrv: "a b" is not a NameServer address/],
  ])('with %s %s ends with 2', async (option, value, stderr) => {
    expect(await runCli(['ping', option, value])).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(stderr),
    })
  })
})

test('requests of a command with an account are signed', async () => {
  const secretKeyFile = join(temporaryFolder(), 'secret')
  writeFileSync(secretKeyFile, '12345678\n')
  const { address, received } = await startFakePeer(({ socket }) => socket.end())
  const account = ['--access-key', 'rocketmq2', '--secret-key-file', secretKeyFile]
  await runCli(['cluster', 'list', '-n', address, ...account])
  const signature = signatureOf(new Map([['AccessKey', 'rocketmq2']]), null, '12345678')
  expect(received[0]?.header).toMatchObject({
    code: 106,
    extFields: { AccessKey: 'rocketmq2', Signature: signature },
  })
})

test('colours are on at a terminal, unless it is dumb or NO_COLOR is set, or as --color says', async () => {
  const file = join(temporaryFolder(), 'namesrv.conf')
  writeFileSync(file, 'listenPort=x\n')
  const check = async (argv: readonly string[], world: CliWorld = {}): Promise<boolean> => {
    const { stdout } = await runCli(['config', 'check', file, ...argv], world)
    expect(stdout).toContain('error')
    return stdout.includes('\x1b[31merror\x1b[39m')
  }
  expect(await check([], { isTTY: true })).toBe(true)
  expect(await check(['--color', 'always'], { env: { NO_COLOR: '1' } })).toBe(true)
  expect(await check(['--color', 'never'], { isTTY: true })).toBe(false)
  expect(await check([], { isTTY: true, env: { NO_COLOR: '1' } })).toBe(false)
  expect(await check([], { isTTY: true, env: { TERM: 'dumb' } })).toBe(false)
  expect(await check([])).toBe(false)
})

describe('a table on a terminal', () => {
  test('is cut to its columns, unless it is wide', async () => {
    const address = await serverWith('a')
    const argv = ['cluster', 'list', '-n', address]
    const { stdout } = await runCli(argv, { isTTY: true, columns: 20 })
    expect(stdout).toBe('CLUSTER         BRO…\nDefaultCluster     …\n')
    const wide = await runCli([...argv, '-o', 'wide'], { isTTY: true, columns: 20 })
    expect(wide.stdout).toMatch(/WITHOUT MASTER\n/)
  })
})

test('version prints the version of the program, for programs with its commit and the version of Node.js', async () => {
  expect(await runCli(['version'])).toEqual({
    code: 0,
    stdout: `mqnamesrv ${packageVersion()}\n`,
    stderr: '',
  })
  expect(JSON.parse((await runCli(['version', '--json'])).stdout)).toEqual({
    items: [{ version: packageVersion(), commit: null, node: process.version }],
    errors: [],
  })
})

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['3s', 3_000],
    ['1.5s', 1_500],
    ['1m', 60_000],
    ['2h', 7_200_000],
  ])('%s is %i ms', (text, ms) => {
    expect(durationMs(text, '--timeout')).toBe(ms)
  })

  test.each(['', '0', '3', '0ms', '-1s', '1d', '1 s', 's', '1e3', '600h', '0.1ms'])(
    'cannot be %j',
    (text) => {
      expect(() => durationMs(text, '--timeout')).toThrow(
        expect.objectContaining({
          code: 'usage',
          message: `--timeout ${JSON.stringify(text)} is not a duration such as 500ms, 3s or 1m`,
        }),
      )
    },
  )
})
