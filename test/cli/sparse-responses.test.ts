import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { startScripted } from './scripted-name-server.ts'

const QUEUES = { perm: 6, readQueueNums: 4, writeQueueNums: 4 }
const ADDRESSES = { 1: '10.0.0.2:10911', 0: '10.0.0.1:10911' }
const NAMED = {
  brokerName: 'broker-b',
  cluster: 'C2',
  enableActingMaster: true,
  brokerAddrs: { 0: '10.0.0.3:10911' },
}

/** The first group has neither a name nor a cluster, and the mapping no ids. */
const ROUTE = {
  brokerDatas: [NAMED, { brokerAddrs: ADDRESSES }],
  queueDatas: [QUEUES, { ...QUEUES, brokerName: 'broker-b' }],
  topicQueueMappingByBroker: {
    'broker-b': { bname: 'broker-b', totalQueues: 2, scope: null, currIdMap: null },
  },
}
const GROUPS = {
  brokerAddrTable: { 'broker-b': NAMED, 'broker-a': { brokerName: 'broker-a', brokerAddrs: ADDRESSES } },
  clusterAddrTable: {},
}

/** JSON with the slave before the master, which an object cannot have. */
function text(value: object): string {
  const [slave, master] = ['"1":"10.0.0.2:10911"', '"0":"10.0.0.1:10911"']
  return JSON.stringify(value).replaceAll(`${master},${slave}`, `${slave},${master}`)
}

/** A NameServer without views that leaves out what it may. */
async function sparse(gone: readonly string[] = []): Promise<string> {
  const deleted = new Set(gone)
  const { address } = await startScripted({
    105: ({ topic = '' }) => (deleted.has(topic) ? { code: 17 } : { body: text(ROUTE) }),
    106: { body: text(GROUPS) },
    206: { body: '{"topicList":["TopicA","TBW102"]}' },
    216: ({ topic = '' }) => {
      deleted.add(topic)
      return {}
    },
    219: { code: 22 },
    224: { code: 1, remark: 'disable' },
  })
  return address
}

async function itemsOf(address: string, ...words: readonly string[]) {
  const { stdout } = await runCli([...words, '-n', address, '-o', 'json'])
  return JSON.parse(stdout).items
}

describe('of a NameServer that leaves out names and clusters', () => {
  test('topic route shows them as empty', async () => {
    const address = await sparse()
    const members = [
      { brokerId: 0, address: '10.0.0.1:10911' },
      { brokerId: 1, address: '10.0.0.2:10911' },
    ]
    expect(await itemsOf(address, 'topic', 'route', 'TopicA')).toMatchObject([
      { cluster: null, brokerName: '', members, staticQueues: null },
      { cluster: 'C2', brokerName: 'broker-b', staticQueues: { totalQueues: 2, queues: 0, scope: null } },
    ])
  })

  test('topic explain tells what is known', async () => {
    const address = await sparse(['Gone'])
    const [routable] = await itemsOf(address, 'topic', 'explain', 'TopicA')
    expect(routable).toMatchObject({
      verdict: 'routable',
      now: { brokers: [{ brokerName: '', cluster: '', hasMaster: true }, { brokerName: 'broker-b' }] },
    })
    // Two clusters, and no name to tell in which one of them it would be created.
    const [creatable] = await itemsOf(address, 'topic', 'explain', 'Gone')
    expect(creatable).toMatchObject({ verdict: 'created_by_first_message' })
    expect(JSON.stringify(creatable)).not.toMatch(/undefined|null broker/)
  })

  test('topic delete deletes from all of them, also in one cluster', async () => {
    const address = await sparse()
    expect(await itemsOf(address, 'topic', 'delete', 'TopicA', '-y')).toMatchObject([
      { topic: 'TopicA', brokers: ['', 'broker-b'], result: 'deleted' },
    ])
    expect(await itemsOf(address, 'topic', 'delete', 'TBW102', '--cluster', 'C2', '-y')).toMatchObject([
      { cluster: 'C2', brokers: ['broker-b'], result: 'deleted' },
    ])
  })

  test('broker list, broker show and cluster list have no cluster for it', async () => {
    const address = await sparse()
    const groups = await itemsOf(address, 'broker', 'list')
    expect(
      groups.map((row: Record<string, unknown>) => [row['brokerName'], row['clusters'], row['brokerId']]),
    ).toEqual([
      ['broker-a', [], 0],
      ['broker-a', [], 1],
      ['broker-b', ['C2'], 0],
    ])
    const shown = await runCli(['broker', 'show', 'broker-a', 'broker-b', '-n', address])
    expect(shown.stdout.match(/^(Cluster|Acting master):.*$/gm)).toEqual([
      'Cluster:        -',
      'Acting master:  -',
      'Cluster:        C2',
      'Acting master:  on',
    ])
    const clusters = await runCli(['cluster', 'list', '-n', address])
    expect(clusters.stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['CLUSTER', 'BROKER GROUPS', 'BROKERS', 'WITHOUT MASTER'],
      ['-', '1', '2', '0'],
      ['C2', '1', '1', '0'],
      [''],
    ])
    expect((await runCli(['cluster', 'list', '-n', address, '-o', 'name'])).stdout).toBe('C2\n')
  })

  test('cluster show does without the number of topics', async () => {
    const { code, stdout } = await runCli(['cluster', 'show', 'C2', '-n', await sparse()])
    expect(code).toBe(0)
    expect(stdout).toContain('Broker groups:  1\nBrokers:        1\nTopics:         -\n')
  })

  test('broker show --impact does not count on a group without a name', async () => {
    const [{ impact }] = await itemsOf(await sparse(), 'broker', 'show', 'broker-b', '--impact')
    expect(impact).toMatchObject({
      lastReadable: { total: 2 },
      staticTopics: { total: 2 },
      orderedTopics: { total: 0 },
    })
  })

  test('mqadmin topicRoute prints what Java does', async () => {
    const address = await sparse()
    const { stdout } = await runCli(['mqadmin', 'topicRoute', '-t', 'TopicA', '-n', address])
    expect(stdout.match(/^.*(brokerName|enableActingMaster|currIdMap|scope).*$/gm)).toEqual([
      '\t\t\t"brokerName":"broker-b",',
      '\t\t\t"enableActingMaster":true',
      '\t\t\t"enableActingMaster":false',
      '\t\t\t"brokerName":"broker-b",',
    ])
    const table = await runCli(['mqadmin', 'topicRoute', '-l', '-t', 'TopicA', '-n', address])
    expect(table.stdout).toContain('{0=10.0.0.1:10911, 1=10.0.0.2:10911}')
  })

  test('kv list has no entries', async () => {
    expect(await itemsOf(await sparse(), 'kv', 'list')).toEqual([])
  })

  test('check --stop self compares with another one, without counting clients', async () => {
    const [one, other] = [await sparse(), await sparse()]
    const { code, stdout } = await runCli(['check', '--stop', 'self', '-n', `${one};${other}`])
    expect(code).toBe(0)
    expect(stdout).not.toContain('client')
  })

  test('dump has the lists, and no key-value entries', async () => {
    const { code, stdout } = await runCli(['dump', '-n', await sparse()])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).items[0]).toMatchObject({ topics: ['TopicA', 'TBW102'], kv: [] })
  })

  test('diff finds queues without a name equal to those of the same NameServer, and missing at another', async () => {
    const [one, same] = [await sparse(), await sparse()]
    const world = { onPause: () => {} }
    expect((await runCli(['diff', one, same], world)).code).toBe(0)
    const { code, stdout } = await runCli(['diff', one, await sparse(['TopicA']), '-o', 'json'], world)
    expect(code).toBe(1)
    expect(JSON.parse(stdout).items).toMatchObject([{ kind: 'topic_missing', topic: 'TopicA' }])
  })
})

describe('of a NameServer that rejects requests,', () => {
  test.each([
    ['kv list N', { 219: { code: 16, remark: 'no' } }, 4, 'denied'],
    ['kv list N', { 219: { code: 0, body: '[' } }, 3, 'protocol'],
    ['kv list N', { 219: {} }, 1, 'failed'],
    ['cluster list', { 106: { code: 1500 } }, 3, 'unreachable'],
    ['status', { 1450: {} }, 3, 'protocol'],
    ['broker show a', { 1450: { code: 1, remark: 'broken' } }, 1, 'failed'],
    ['topic route T', { 105: { code: 16 } }, 4, 'denied'],
    ['topic explain T', { 105: { code: 17 }, 106: { body: '{}' }, 206: 'close' }, 3, 'unreachable'],
    ['cluster show C', { 106: { body: JSON.stringify(GROUPS) }, 224: 'close' }, 1, 'not_found'],
    ['cluster show C2', { 106: { body: JSON.stringify(GROUPS) }, 224: 'close' }, 3, 'unreachable'],
  ] as const)('%s with %j ends with %i: %s', async (words, script, code, reason) => {
    const { address } = await startScripted(script)
    const result = await runCli([...words.split(' '), '-n', address, '-o', 'json'])
    expect({ code: result.code, reason: JSON.parse(result.stdout).errors[0]?.code }).toEqual({ code, reason })
  })
})

test('topic misses marks counts that may be too high, and shows why topics were lost', async () => {
  const time = '2026-01-01T00:01:00Z'
  const miss = {
    topic: 'T',
    count: 7,
    overestimate: 2,
    lastSeen: '2026-01-01T00:00:00Z',
    routeSince: time,
    loss: 'deleted',
  }
  const clients = [{ address: '10.0.0.9', language: 'JAVA', versionName: 'V5_5_0' }]
  const { address } = await startScripted({
    1450: ({ path = '' }) => ({
      body: JSON.stringify(
        path.includes('misses') ? { topics: [{ ...miss, clients, similar: [{ name: 'U' }] }] } : { time },
      ),
    }),
  })
  const { stdout } = await runCli(['topic', 'misses', '-n', address, '-o', 'wide'])
  expect(stdout.split('\n')[1]?.split(/ {2,}/)).toEqual([
    ...['T', '≤7', '1m', 'yes', '10.0.0.9 (JAVA V5_5_0)', 'U', 'deleted'],
  ])
})

test('cluster list is in the order of names', async () => {
  const groups = ['B', 'A', 'C'].map((cluster) => [cluster, { cluster, brokerAddrs: { 0: `${cluster}:1` } }])
  const { address } = await startScripted({
    106: { body: JSON.stringify({ brokerAddrTable: Object.fromEntries(groups) }) },
  })
  expect((await runCli(['cluster', 'list', '-n', address, '-o', 'name'])).stdout).toBe('A\nB\nC\n')
})

test('broker show --impact of a group without a master does not speak of one', async () => {
  const { address } = await startScripted({
    106: {
      body: JSON.stringify({ brokerAddrTable: { b: { cluster: 'C', brokerAddrs: { 1: '10.0.0.2:1' } } } }),
    },
    206: { body: '{}' },
    219: { code: 22 },
  })
  const { stdout } = await runCli(['broker', 'show', 'b', '--impact', '-n', address])
  expect(stdout).toContain('\nIf b stopped (1 broker), no topic would lose its last broker.\n')
})

describe('status shows of a NameServer', () => {
  const status = {
    ...{
      nodeId: '10.0.0.5:9876',
      version: '1.0.0',
      nodeVersion: '22.0.0',
      bootId: 'b',
      uptimeSeconds: 7_200,
    },
    ...{
      ready: false,
      checks: [
        { name: 'startup', problem: 'not yet' },
        { name: 'brokers', problem: null },
      ],
    },
    ...{ provisional: true, findings: { critical: 2, warning: 0, info: 1 } },
    tables: {
      ...{ topics: 3, provisionalTopics: 2, brokerGroups: 1, brokers: 2, provisionalBrokers: 1 },
      ...{ clusters: 1, kvEntries: 0 },
    },
    totals: { requests: 9, lookups: 4, lookupsWithoutRoute: 1, registrations: 2, heartbeats: 0 },
    process: { cpuSeconds: 1.25, residentBytes: 1 << 20, eventLoopDelayMs: 0.04 },
  }
  const shown = async (limits: readonly object[]) => {
    const { address } = await startScripted({ 1450: { body: JSON.stringify({ ...status, limits }) } })
    const { stdout } = await runCli(['status', '-n', address])
    return stdout.replace(address, 'ADDRESS').replaceAll(/ {2,}/g, ' ')
  }

  test('its own address, what it has restored, and its findings', async () => {
    const text = await shown([{ key: 'maxConnections', used: 5, max: null }])
    for (const line of [
      'NameServer: ADDRESS (10.0.0.5:9876)',
      'Ready: no: not yet',
      'Findings: 2 critical, 1 info',
      'Uptime: 2h',
      'Brokers: 2 (1 provisional)',
      'Topics: 3 (2 provisional)',
      'Connections: 5',
    ])
      expect(text.split('\n')).toContain(line)
  })

  test.each([
    [[{ key: 'maxConnections', used: 5, max: 10 }], 'Connections: 5 of 10\n'],
    [[{ key: 'maxConnections', used: null, max: 10 }], 'Connections: -\n'],
    [[], 'Connections: -\n'],
  ])('its connections: %j', async (limits, line) => {
    expect(await shown(limits)).toContain(line)
  })
})
