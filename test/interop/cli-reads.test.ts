import { beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { type Broker, startBroker } from './harness/broker.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { startNameServer } from './harness/name-server.ts'
import { brokersOf, routeOf, topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const CLUSTER = 'InteropCluster'
const KINDS = ['ours', 'Java 5.5.0', 'Java 4.9.7'] as const
type Kind = (typeof KINDS)[number]

const addresses = {} as Record<Kind, string>
let brokers: readonly Broker[]
let tool: AdminTool

beforeAll(async () => {
  const started = await Promise.all([
    startNameServer({ kind: 'ours' }),
    startNameServer({ kind: 'java', release: '5.5.0' }),
    startNameServer({ kind: 'java', release: '4.9.7' }),
  ])
  const nameServers = started.map(({ address }) => address)
  for (const [at, kind] of KINDS.entries()) addresses[kind] = nameServers[at] ?? ''
  tool = startAdminTool('5.5.0')
  brokers = await Promise.all([
    startBroker({ release: '4.9.7', name: 'broker-4', nameServers }),
    startBroker({ release: '5.5.0', name: 'broker-5', nameServers }),
  ])
  for (const address of nameServers)
    await until('both brokers are registered', async () => Object.keys(await brokersOf(address)).length === 2)
  await tool.run(nameServers.join(';'), `updateTopic -c ${CLUSTER} -t Both -r 4 -w 3`.split(' '))
  await tool.run(
    nameServers.join(';'),
    `updateTopic -b ${brokers[0]?.address} -t Lonely -r 2 -w 2 -o true`.split(' '),
  )
  // Brokers register a change with all NameServers, but not at the same moment.
  await until('all NameServers have the same topics and routes', async () => {
    const tables = await Promise.all(nameServers.map(tablesOf))
    return tables.every((table) => table === tables[0] && table.includes('Lonely'))
  })
})

async function tablesOf(nameServer: string): Promise<string> {
  const routes = await Promise.all(['Both', 'Lonely'].map((topic) => routeOf(nameServer, topic)))
  const queues = routes.map((route) => route?.queueDatas.map((queue) => JSON.stringify(queue)).sort())
  return JSON.stringify([[...(await topicsOf(nameServer))].sort(), queues])
}

/** A command's exit code, its items and what it says to people. */
async function cli(kind: Kind, ...words: string[]) {
  const { code, stdout, stderr } = await runCli([...words, '-n', addresses[kind], '-o', 'json'])
  const { items, errors } = JSON.parse(stdout) as {
    items: (Record<string, unknown> & { namesrv: string })[]
    errors: { code: string }[]
  }
  return { code, items, errors, stderr }
}

/** The lines of an mqadmin table, in columns. */
async function mqadmin(kind: Kind, command: string): Promise<string[][]> {
  const { stdout } = await tool.run(addresses[kind], command.split(' '))
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/ {2,}| (?=\d)/))
}

/** The brokers of a group or of a row. */
function members(group: Record<string, unknown>): string[] {
  return (group['members'] as { brokerId: number; address: string }[]).map(
    ({ brokerId, address }) => `${brokerId}=${address}`,
  )
}

describe.each(KINDS)('what operators read from %s', (kind) => {
  test('broker list and cluster show have the brokers of mqadmin clusterList', async () => {
    const rows = await mqadmin(kind, 'clusterList')
    const expected = rows.map(
      ([cluster, brokerName, id, address]) => `${cluster} ${brokerName} ${id} ${address}`,
    )
    expect(expected).toHaveLength(2)
    const { code, items } = await cli(kind, 'broker', 'list')
    expect(code).toBe(0)
    expect(
      items.map(
        ({ clusters, brokerName, brokerId, address }) => `${clusters} ${brokerName} ${brokerId} ${address}`,
      ),
    ).toEqual(expected.sort())
    const shown = await cli(kind, 'cluster', 'show', CLUSTER)
    expect(shown.code).toBe(0)
    expect(shown.items).toMatchObject([
      { cluster: CLUSTER, brokers: [{ brokerName: 'broker-4' }, { brokerName: 'broker-5' }] },
    ])
    expect(shown.items[0]?.['topics']).toBe((await topicsOf(addresses[kind])).length)
  })

  test('topic list has the topics of mqadmin topicList', async () => {
    const rows = await mqadmin(kind, 'topicList')
    const { code, items } = await cli(kind, 'topic', 'list')
    expect(code).toBe(0)
    expect(items.map(({ topic }) => topic)).toEqual(rows.map(([topic]) => topic).sort())
    expect((await cli(kind, 'topic', 'list', '--cluster', CLUSTER)).items).toEqual(items)
    expect((await cli(kind, 'topic', 'list', '--cluster', 'Nowhere')).errors).toMatchObject([
      { code: 'not_found' },
    ])
  })

  test('topic route has the rows of mqadmin topicRoute -l, and the clusters of topicClusterList', async () => {
    for (const topic of ['Both', 'Lonely']) {
      const rows = await mqadmin(kind, `topicRoute -t ${topic} -l`)
      const expected = rows
        .filter(([cluster]) => cluster === CLUSTER)
        .map(([, brokerName, addrs, ...numbers]) => [brokerName, addrs?.slice(1, -1), ...numbers].join(' '))
      const { code, items } = await cli(kind, 'topic', 'route', topic)
      expect(code).toBe(0)
      expect(
        items.map((row) =>
          [row['brokerName'], members(row).join(), row['readQueues'], row['writeQueues'], row['perm']].join(
            ' ',
          ),
        ),
      ).toEqual(expected.sort())
      const clusters = (await mqadmin(kind, `topicClusterList -t ${topic}`)).flat()
      expect([...new Set(items.map(({ cluster }) => cluster))]).toEqual(clusters)
    }
    expect(await cli(kind, 'topic', 'route', 'Nowhere')).toMatchObject({
      code: 1,
      errors: [{ code: 'not_found' }],
    })
  })

  test('topic route gives clients of 4.9.3 the same route', async () => {
    const { items } = await cli(kind, 'topic', 'route', 'Lonely', '--client-version', '4.9.3')
    expect(items).toMatchObject([
      { brokerName: 'broker-4', readQueues: 2, orderConf: null, staticQueues: null },
    ])
  })

  test('topic explain tells whether clients find a topic', async () => {
    expect(await cli(kind, 'topic', 'explain', 'Both')).toMatchObject({
      code: 0,
      items: [{ verdict: 'routable' }],
    })
    const { code, items, stderr } = await cli(kind, 'topic', 'explain', 'both')
    expect(code).toBe(1)
    expect(items).toMatchObject([
      { verdict: 'created_by_first_message', similar: [{ name: 'Both', likeness: 'case' }] },
    ])
    expect(items[0]?.['sentences']).toContain(
      'Similar topic with a route: Both (differs in upper and lower case).',
    )
    const note = `what happened before: not shown (${addresses[kind]} is not mqnamesrv: it cannot show this)\n`
    expect(stderr).toBe(kind === 'ours' ? '' : note)
  })

  test('broker show --impact tells what would be lost with a broker', async () => {
    const { code, items } = await cli(kind, 'broker', 'show', 'broker-4', '--impact')
    expect(code).toBe(0)
    expect(items.map(members)).toEqual([[`0=${brokers[0]?.address}`]])
    const impact = items[0]?.['impact'] as Record<string, { total: number; names: string[] }>
    expect(impact['lastWritable']?.names).toContain('Lonely')
    expect(impact['lastWritable']?.names).not.toContain('Both')
    // What only this broker has, by the routes of the other NameServers.
    const [other] = KINDS.filter((each) => each !== kind)
    const again = await cli(other as Kind, 'broker', 'show', 'broker-4', '--impact')
    const sorted = (value: unknown) =>
      JSON.parse(JSON.stringify(value), (name, member) => (name === 'names' ? member.sort() : member))
    expect(sorted(again.items[0]?.['impact'])).toEqual(sorted(impact))
  })

  test('topic misses and broker explain say in one line if they cannot be shown', async () => {
    const misses = await cli(kind, 'topic', 'misses')
    const broker = await cli(kind, 'broker', 'explain', 'broker-5')
    if (kind === 'ours') {
      expect(misses.code).toBe(0)
      expect(broker).toMatchObject({ code: 0, items: [{ verdict: 'registered' }] })
      return
    }
    for (const { code, errors, stderr } of [misses, broker]) {
      expect([code, errors]).toEqual([1, [expect.objectContaining({ code: 'not_supported' })]])
      expect(stderr).toBe(`mqnamesrv: ${addresses[kind]} is not mqnamesrv: it cannot show this\n`)
    }
  })
})

test('topic route gives clients of a zone the same brokers from ours as from Java 5.5.0', async () => {
  const [ours, java] = await Promise.all(
    (['ours', 'Java 5.5.0'] as const).map(async (kind) => {
      const { code, items } = await cli(kind, 'topic', 'route', 'Both', '--zone', 'east')
      return { code, rows: items.map(({ namesrv: _, ...row }) => row) }
    }),
  )
  expect(ours).toEqual(java)
})
