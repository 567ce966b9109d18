import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../scripts/support/ports.ts'
import { complete } from '../../src/cli/completion/complete.ts'
import { SCRIPTS } from '../../src/cli/completion/shells.ts'
import { startFakePeer } from '../support/fake-peer.ts'
import { putKVConfig, registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'
import { runCli } from './run-cli.ts'

/** What `__complete` prints for its arguments. */
async function replies(argv: readonly string[], address = '127.0.0.1:1'): Promise<string[]> {
  const stdout = new PassThrough()
  const env = { NAMESRV_ADDR: address }
  expect(await complete({ argv: ['__complete', ...argv], env, stdout })).toBe(0)
  stdout.end()
  const lines = (await text(stdout)).split('\n')
  expect(lines.pop()).toBe('')
  return lines
}

/** The candidates of a shell that gives words, without their texts. */
async function values(...words: readonly string[]): Promise<string[]> {
  return (await replies(['zsh', ...words])).map((line) => line.split('\t')[0] ?? '')
}

describe('completion', () => {
  test('offers commands of one word and nouns, with what they do', async () => {
    const found = await replies(['zsh', ''])
    expect(found).toContain('ping\tWhether each NameServer responds, and how fast')
    expect(found).toContain('cluster\tClusters and their broker groups')
    expect(found).toContain('help\tExplains a command')
  })

  test('offers the words of a noun, and of help', async () => {
    expect(await values('cluster', '')).toContain('list')
    expect(await values('cluster', 'li')).toEqual(['list'])
    expect(await values('help', 'clus')).toEqual(['cluster'])
    expect(await values('help', 'cluster', 'li')).toEqual(['list'])
    expect(await values('help', 'cluster', 'list', '')).toEqual([])
    expect(await values('frobnicate', '')).toEqual([])
  })

  test('offers options with their texts, and --help', async () => {
    expect(await replies(['fish', 'ping', '--jso'])).toEqual(['--json\tthe same as -o json'])
    expect(await values('cluster', 'list', '--h')).toEqual(['--help'])
    expect(await values('ping', '--')).toEqual(
      expect.arrayContaining(['--namesrv', '--tls-ca', '--no-headers']),
    )
  })

  test('offers the values of an option, behind it or behind =', async () => {
    expect(await values('ping', '-o', 'js')).toEqual(['json', 'jsonl'])
    expect(await values('ping', '--output', 'y')).toEqual(['yaml'])
    expect(await values('ping', '--output=y')).toEqual(['--output=yaml'])
    expect(await values('ping', '--output=y', '--color', 'a')).toEqual(['auto', 'always'])
    expect(await values('ping', '--frobnicate=')).toEqual([])
    expect(await values('events', '--kind', 'ready,broker_e')).toEqual(['ready,broker_expired'])
    expect(await values('events', '--kind=ready,broker_e')).toEqual(['--kind=ready,broker_expired'])
    expect(await values('ping', '--timeout', '')).toEqual([])
  })

  test('offers the values of an argument, and options no more behind --', async () => {
    expect(await values('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await values('completion', '--json', 'b')).toEqual(['bash'])
    expect(await values('completion', 'bash', '')).toEqual([])
    expect(await values('completion', '--', '-')).toEqual([])
  })

  test('leaves names of files to the shell', async () => {
    expect(await replies(['zsh', 'ping', '--tls-ca', '/etc'])).toEqual(['\tfiles'])
    expect(await replies(['zsh', 'ping', '--tls-ca='])).toEqual(['\tfiles'])
    expect(await replies(['zsh', '-c', ''])).toEqual(['\tfiles'])
  })
})

const TOPICS = ['TopicTest', '%RETRY%group one', 'a$b', "it's", 'x@y:z', '订单', 'bad\x1b[2J']

/** The address of a server with topics, a broker and a namespace. */
async function serverWithNames(): Promise<string> {
  const { port, connect } = await startServer()
  const client = await connect()
  await client.request(registration({ name: 'broker-a', topics: TOPICS }))
  await client.request(putKVConfig('ns-a', 'k', 'v'))
  return `127.0.0.1:${port}`
}

describe('completion of live names', () => {
  // A busy machine may take longer than the 300 ms after which nothing is offered.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  test('offers those of the NameServers, without those that no terminal can show', async () => {
    const address = await serverWithNames()
    const names = async (...words: readonly string[]) => (await replies(['zsh', ...words], address)).sort()
    const topics = TOPICS.filter((topic) => !topic.startsWith('bad')).sort()
    expect(await names('topic', 'route', '')).toEqual(topics)
    expect(await names('topic', 'route', 'TopicTest', '%')).toEqual(['%RETRY%group one'])
    expect(await names('topic', 'list', '--prefix=T')).toEqual(['--prefix=TopicTest'])
    expect(await names('broker', 'show', '')).toEqual(['broker-a'])
    expect(await names('cluster', 'show', 'D')).toEqual(['DefaultCluster'])
    expect(await names('kv', 'list', '')).toEqual(['ORDER_TOPIC_CONFIG', 'ns-a'])
    expect(await names('config', 'get', 'listenP')).toEqual(['listenPort'])
    expect(await names('config', 'get', 'maxTopic')).toEqual(['maxTopics'])
    expect(await names('config', 'set', 'enableT')).toEqual(['enableTopicList='])
    expect(await names('config', 'set', 'listenP')).toEqual([])
  })

  test('asks the NameServers of -n, and leaves out those that do not respond', async () => {
    const address = await serverWithNames()
    const dead = `127.0.0.1:${await freePort()}`
    const ask = (server: string) => replies(['zsh', 'topic', 'route', '-n', server, 'To'])
    expect(await ask(`${dead};${address}`)).toEqual(['TopicTest'])
    expect(await ask(dead)).toEqual([])
    expect(await ask('a b')).toEqual([])
  })

  test('waits 300 ms for a NameServer that does not respond', async () => {
    const { address, received } = await startFakePeer()
    const found = replies(['zsh', 'topic', 'route', 'To'], address)
    await until('it is asked', () => received.length > 0)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(300)
    expect(await found).toEqual([])
  })

  test.each([
    ['topic route ', '', ['%RETRY%group\\ one', 'TopicTest', 'a\\$b', "it\\'s", 'x@y:z', '订单']],
    ['NAMESRV_ADDR=x  mqnamesrv   topic route To', 'To', ['TopicTest']],
    ['topic route %RETRY%group\\ o', '%RETRY%group\\ o', ['%RETRY%group\\ one']],
    ['topic route %RETRY%\\group\\ o', '%RETRY%\\group\\ o', ['%RETRY%group\\ one']],
    ['topic route x@', '@', ['@y:z']],
    ['topic route x@y:', '', ['z']],
    ['topic route "%RETRY%gr', '%RETRY%gr', ['%RETRY%group one']],
    ['topic route "a', 'a', ['a\\$b']],
    ['topic route "a\\$', 'a\\$', ['a\\$b']],
    ['topic route "a\\b', 'a\\b', []],
    ["topic route 'a$", 'a$', ['a$b']],
    ["topic route 'it", 'it', []],
    ["topic route 'To'pic", "'To'pic", ['TopicTest']],
    ['topic route "TopicTest" To', 'To', ['TopicTest']],
    ['topic list --output=ya', 'ya', ['yaml']],
    ['topic list --output=', '', ['table', 'wide', 'json', 'jsonl', 'yaml', 'name']],
  ])('for bash quotes and cuts the names behind %j', async (line, replaced, expected) => {
    const whole = line.startsWith('NAMESRV_ADDR') ? line : `mqnamesrv ${line}`
    expect(await replies(['bash', whole, replaced], await serverWithNames())).toEqual(expected)
  })
})

test.each(['bash', 'zsh', 'fish'])('completion %s prints its script', async (shell) => {
  const { code, stdout, stderr } = await runCli(['completion', shell])
  expect([code, stdout, stderr]).toEqual([0, SCRIPTS[shell], ''])
  expect(stdout).toContain(`__complete ${shell}`)
})

test('completion -o json has the script as it is', async () => {
  const { code, stdout } = await runCli(['completion', 'fish', '-o', 'json'])
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    { items: [{ shell: 'fish', script: SCRIPTS['fish'] }], errors: [] },
  ])
  expect(await runCli(['completion', 'fish', '-o', 'name'])).toMatchObject({ code: 0, stdout: 'fish\n' })
})

test('completion knows no other shell', async () => {
  const { code, stderr } = await runCli(['completion', 'csh'])
  expect([code, stderr]).toEqual([
    2,
    'mqnamesrv: shell "csh" is not one of bash, zsh, fish (try mqnamesrv help completion)\n',
  ])
})
