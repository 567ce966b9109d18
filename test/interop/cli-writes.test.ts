import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { RawClient } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { ChildProgram } from './harness/child-program.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, type NameServerKind, startNameServer } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { projectRoot } from './harness/work-folder.ts'

const KINDS: readonly (readonly [string, NameServerKind])[] = [
  ['ours', { kind: 'ours' }],
  ['Java 5.5.0', { kind: 'java', release: '5.5.0' }],
  ['Java 4.9.7', { kind: 'java', release: '4.9.7' }],
]

const servers = new Map<string, NameServer>()
/** As which the brokers are registered. */
const clients = new Map<string, RawClient>()
let tool: AdminTool

beforeAll(async () => {
  tool = startAdminTool('5.5.0')
  await Promise.all(KINDS.map(async ([name, kind]) => servers.set(name, await startNameServer(kind))))
  for (const [name, { port }] of servers) {
    // Java removes brokers whose connection is lost.
    const client = await RawClient.connect(port)
    clients.set(name, client)
    await register(client, 'broker-a', 'Left', ['TopicA', 'TopicB'])
    await register(client, 'broker-b', 'Right', ['TopicA', 'TopicC'])
  }
})

afterAll(() => {
  for (const { socket } of clients.values()) socket.destroy()
})

async function register(client: RawClient, name: string, clusterName: string, topics: readonly string[]) {
  const address = `127.0.0.1:${10_911 + clients.size * 100 + (name === 'broker-a' ? 0 : 10)}`
  const { extFields, ...request } = registration({ name, address, topics })
  await client.request({ ...request, extFields: { ...extFields, clusterName } })
}

function addressOf(name: string): string {
  return servers.get(name)?.address ?? ''
}

async function permissionsOf(address: string, topic: string): Promise<Record<string, number>> {
  const { queueDatas } = (await routeOf(address, topic)) ?? { queueDatas: [] }
  return Object.fromEntries(queueDatas.map(({ brokerName, perm }) => [brokerName, perm]))
}

async function mqadmin(address: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await tool.run(address, args)
  return stdout + stderr
}

describe.each(KINDS)('%s', (name, { kind }) => {
  test('loses and gets back the write permission of a broker, with the number of topics', async () => {
    const address = addressOf(name)
    const wiped = await runCli(['broker', 'wipe-write', 'broker-a', '-n', address, '-y', '--no-headers'])
    expect(wiped).toMatchObject({ code: 0, stdout: `${address}  wiped  broker-a  2\n` })
    expect(wiped.stderr).toContain('1 topic will have no broker to send to')
    expect(await permissionsOf(address, 'TopicA')).toEqual({ 'broker-a': 4, 'broker-b': 6 })
    expect(await mqadmin(address, 'topicRoute', '-t', 'TopicB', '-l')).toMatch(/broker-a .* 4 *\n/)
    const restored = await runCli(['broker', 'restore-write', 'broker-a', '-n', address, '-y', '--json'])
    expect(JSON.parse(restored.stdout).items).toEqual([
      { namesrv: address, brokerName: 'broker-a', result: 'restored', topics: 2 },
    ])
    expect(await permissionsOf(address, 'TopicA')).toEqual({ 'broker-a': 6, 'broker-b': 6 })
    const unknown = await runCli(['broker', 'wipe-write', 'broker-c', '-n', address, '-y'])
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean broker-a?') })
  })

  test('loses a topic in one cluster, or says that it cannot, and then everywhere', async () => {
    const address = addressOf(name)
    const remove = ['topic', 'delete', 'TopicA', '-n', address, '-y']
    const inCluster = await runCli([...remove, '--cluster', 'Right'])
    const canDoSo = name !== 'Java 4.9.7'
    expect(inCluster.code).toBe(canDoSo ? 0 : 1)
    if (!canDoSo) expect(inCluster.stderr).toContain('is older than 5.0: it has no --cluster')
    expect(await permissionsOf(address, 'TopicA')).toEqual({
      'broker-a': 6,
      ...(!canDoSo && { 'broker-b': 6 }),
    })
    const everywhere = await runCli([...remove, '--no-headers'])
    expect(everywhere.stdout).toBe(`${address}  deleted  TopicA  broker-a${canDoSo ? '' : ',broker-b'}\n`)
    expect(await routeOf(address, 'TopicA')).toBeUndefined()
    expect(await mqadmin(address, 'topicList')).not.toContain('TopicA')
    expect(await runCli(remove)).toMatchObject({ code: 1, stdout: '' })
  })

  test('keeps what is set in its key-value table until it is deleted', async () => {
    const address = addressOf(name)
    const value = async () =>
      (await ask(address, 101, { namespace: 'Space', key: 'color' })).extFields['value']
    const set = ['kv', 'set', 'Space', 'color', 'dark blue', '-n', address, '-y', '--no-headers']
    expect((await runCli(set)).stdout).toBe(`${address}  set  Space  color  dark blue\n`)
    expect(await value()).toBe('dark blue')
    expect((await runCli(set)).stdout).toContain('unchanged')
    expect((await runCli(['kv', 'get', 'Space', 'color', '-n', address])).stdout).toBe('dark blue\n')
    const named = await runCli(['kv', 'list', 'Space', '-n', address, '-o', 'name'])
    expect(named).toEqual({ code: 0, stdout: 'Space/color\n', stderr: '' })
    await mqadmin(address, 'updateKvConfig', '-s', 'ORDER_TOPIC_CONFIG', '-k', 'TopicB', '-v', 'broker-a:4')
    const all = await runCli(['kv', 'list', '-n', address, '-o', 'name'])
    const order = 'ORDER_TOPIC_CONFIG/TopicB\n'
    expect(all.stdout).toBe(kind === 'ours' ? `${order}Space/color\n` : order)
    expect(all.stderr).toMatch(kind === 'ours' ? /^$/ : /only ORDER_TOPIC_CONFIG is shown/)
    const gone = ['kv', 'delete', 'Space', 'color', '-n', address, '-y']
    expect(await runCli(gone)).toMatchObject({ code: 0, stdout: expect.stringContaining('deleted') })
    expect(await value()).toBeUndefined()
    expect(await runCli(gone)).toMatchObject({ code: 1, stdout: '' })
  })

  test('shows the configuration that mqadmin shows, and changes it', async () => {
    const address = addressOf(name)
    const { stdout } = await runCli(['config', 'get', '-n', address, '--json'])
    const shown = new Map(
      (JSON.parse(stdout) as { items: { key: string; value: unknown }[] }).items.map(({ key, value }) => [
        key,
        value === null ? '' : `${value}`,
      ]),
    )
    const lines = (await mqadmin(address, 'getNamesrvConfig')).split('\n')
    const pairs = lines.flatMap((line) =>
      [...line.matchAll(/^(\S+) *= {2}(.*)$/g)].map(([, key, value]) => [key, value]),
    )
    expect(pairs.length).toBeGreaterThan(20)
    expect(pairs.filter(([key = '', value]) => shown.get(key) !== value)).toEqual([])

    const set = ['config', 'set', 'orderMessageEnable=true', '-n', address, '-y', '--json']
    expect(JSON.parse((await runCli(set)).stdout).items).toEqual([
      {
        namesrv: address,
        ...{ key: 'orderMessageEnable', value: true, previous: false, result: 'set', effect: 'live' },
      },
    ])
    expect(await mqadmin(address, 'getNamesrvConfig')).toMatch(/^orderMessageEnable *= {2}true$/m)
    expect(JSON.parse((await runCli(set)).stdout).items).toMatchObject([{ result: 'unchanged' }])

    const wrong = await runCli(['config', 'set', 'no.such.key=1', '-n', address, '-y'])
    expect(wrong.code).toBe(kind === 'ours' ? 2 : 1)
    expect(wrong.stderr).toMatch(
      kind === 'ours' ? /no key "no\.such\.key"/ : /accepted no\.such\.key and did not change it/,
    )
  })

  test('lists and closes connections, or says in one line that it cannot', async () => {
    const address = addressOf(name)
    const client = clients.get(name)
    for (const words of [['list'], ['report'], ['kick', '--address', client?.address ?? '', '-y']]) {
      const result = await runCli(['conn', ...words, '-n', address, '--timeout', '1s'])
      if (kind === 'ours') {
        expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('broker') })
        continue
      }
      const stderr = `mqnamesrv: ${address} is not mqnamesrv: it cannot show this\n`
      expect(result).toEqual({ code: 1, stdout: '', stderr })
    }
    if (kind !== 'ours') return
    await client?.closed
    await until('its brokers are removed', async () => Object.keys(await brokersOf(address)).length === 0)
  })
})

test('a change goes to all NameServers, and each is reported', async () => {
  const all = KINDS.map(([name]) => addressOf(name))
  const set = ['kv', 'set', 'Space', 'all', 'same', '-n', all.join(';'), '-y', '--no-headers']
  const { code, stdout } = await runCli(set)
  expect(code).toBe(0)
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
    ...all.map((address) => [address, 'set']),
    [''],
  ])
  for (const address of all)
    expect((await ask(address, 101, { namespace: 'Space', key: 'all' })).extFields['value']).toBe('same')
})

test('config diff finds the keys in which ours, Java 5.5.0 and Java 4.9.7 differ', async () => {
  const [ours = '', java5 = '', java4 = ''] = KINDS.map(([name]) => addressOf(name))
  const { code, stdout } = await runCli(['config', 'diff', '-n', [ours, java5, java4].join(';'), '--json'])
  expect(code).toBe(1)
  const { items } = JSON.parse(stdout) as { items: { key: string; values: object }[] }
  expect(items).toContainEqual({
    key: 'scanNotActiveBrokerInterval',
    values: { [ours]: 10000, [java5]: 5000, [java4]: null },
  })
  expect(items.map(({ key }) => key)).not.toContain('orderMessageEnable')
  expect(items.map(({ key }) => key)).not.toContain('maxTopics')
})

describe('on a terminal, a change', () => {
  /** Runs a command in a pseudo-terminal, and types when it asks. */
  async function typed(keys: string, ...words: readonly string[]): Promise<string> {
    const command = [process.execPath, join(projectRoot, 'bin/mqnamesrv'), ...words].join(' ')
    const program = new ChildProgram({
      name: 'terminal',
      command: 'script',
      args: () => ['--quiet', '--return', '--flush', '--command', command, '/dev/null'],
    })
    const output = () => readFileSync(program.logFile, 'utf8')
    await program.until('it asks', () => output().includes('Continue? [y/N] '))
    program.write(keys)
    await program.finish()
    return `${output()}${program.end}`
  }

  const value = async (key: string) =>
    (await ask(addressOf('ours'), 101, { namespace: 'T', key })).extFields['value']

  test.each([
    ['n\n', 'is left alone by no', 1],
    ['\n', 'is left alone by Enter', 1],
    ['\x03', 'is left alone by Ctrl-C', 130],
  ])('typed %j: %s', async (keys, _, code) => {
    const output = await typed(keys, 'kv', 'set', 'T', 'left', 'x', '-n', addressOf('ours'))
    expect(output).toContain('"left" of "T" will be set to "x" (new)')
    expect(output).toMatch(new RegExp(`\\r\\nmqnamesrv: nothing was changed\\s+exit code ${code}$`))
    expect(await value('left')).toBeUndefined()
  })

  test('is made when a person agrees', async () => {
    const output = await typed('y\n', 'kv', 'set', 'T', 'made', 'x', '-n', addressOf('ours'))
    expect(output).toMatch(/ {2}set +T +made +x\s+exit code 0$/)
    expect(await value('made')).toBe('x')
  })
})
