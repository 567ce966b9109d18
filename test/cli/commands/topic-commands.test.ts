import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame } from '../../support/raw-client.ts'
import { lookup, registration, type TestBroker } from '../../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { startWithoutViews } from '../without-views.ts'

interface Server extends TestServer {
  readonly address: string
  /** The same server without its views. */
  readonly plain: string
}

async function serverWith(
  brokers: readonly (TestBroker & { readonly fields?: Readonly<Record<string, string>> })[],
  properties: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const server = await startServer(properties)
  const client = await server.connect()
  for (const { fields, ...broker } of brokers) {
    const { extFields, ...request } = registration(broker)
    await client.request({ ...request, extFields: { ...extFields, ...fields } })
  }
  return { ...server, address: `127.0.0.1:${server.port}`, plain: await startWithoutViews(server.port) }
}

const MASTER = { name: 'broker-a', address: '10.0.0.1:10911' }
const SLAVE = { name: 'broker-a', id: 1, address: '10.0.0.2:10911' }
const OTHER = { name: 'broker-b', address: '10.0.0.3:10911', topics: ['TopicA', 'TopicC'] }

function items(stdout: string) {
  return (JSON.parse(stdout) as { items: Record<string, unknown>[] }).items
}

describe('topic list', () => {
  const topics = ['b', 'a', '%RETRY%g', 'red\u001b[31m']

  test('has the names in order, with control characters made visible', async () => {
    const { address } = await serverWith([{ ...MASTER, topics }])
    expect(await runCli(['topic', 'list', '-n', address])).toEqual({
      code: 0,
      stdout: 'TOPIC\n%RETRY%g\na\nb\nred\\u001b[31m\n',
      stderr: '',
    })
    const { stdout } = await runCli(['topic', 'list', '-n', address, '--json'])
    expect(items(stdout).map(({ topic }) => topic)).toEqual(['%RETRY%g', 'a', 'b', 'red\u001b[31m'])
  })

  test('has only the topics that begin with a prefix, and says if there are none', async () => {
    const { address } = await serverWith([{ ...MASTER, topics }])
    const args = ['topic', 'list', '-n', address, '-o', 'name', '--prefix']
    expect((await runCli([...args, '%RETRY%'])).stdout).toBe('%RETRY%g\n')
    expect(await runCli([...args, 'x'])).toEqual({
      code: 0,
      stdout: '',
      stderr: `${address}: no such topics\n`,
    })
    const empty = `127.0.0.1:${(await startServer()).port}`
    expect((await runCli(['topic', 'list', '-n', empty])).stderr).toBe(`${empty}: no topics\n`)
  })

  test('of a cluster leaves out the others; exit code 1 if there is no such cluster', async () => {
    const far = { ...OTHER, fields: { clusterName: 'Far' } }
    const { address } = await serverWith([MASTER, far])
    const args = ['topic', 'list', '-n', address, '-o', 'name', '--cluster']
    expect((await runCli([...args, 'Far'])).stdout).toBe('TopicA\nTopicC\n')
    expect(await runCli([...args, 'Near'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: no cluster "Near" on ${address}\n`,
    })
  })

  test('of a cluster without topics is empty', async () => {
    const { address } = await serverWith([{ ...MASTER, topics: [] }])
    const { code, stdout } = await runCli(['topic', 'list', '-n', address, '--cluster', 'DefaultCluster'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  test('is an error where topics are not listed', async () => {
    const { address } = await serverWith([MASTER], { enableAllTopicList: 'false' })
    const { code, stdout } = await runCli(['topic', 'list', '-n', address, '--json'])
    expect(code).toBe(1)
    const message = `${address} does not list topics: enableAllTopicList or enableTopicList is off`
    expect(JSON.parse(stdout)).toEqual({
      items: [],
      errors: [{ code: 'failed', message, namesrv: address }],
    })
  })
})

describe('topic route', () => {
  test('has a row for each broker group', async () => {
    const { address } = await serverWith([OTHER, SLAVE, MASTER])
    expect(await runCli(['topic', 'route', 'TopicA', '-n', address])).toEqual({
      code: 0,
      stdout: [
        'BROKER    ADDRESSES                          READ  WRITE  PERM  ACCESS',
        'broker-a  0=10.0.0.1:10911,1=10.0.0.2:10911     4      4     6  rw',
        'broker-b  0=10.0.0.3:10911                      4      4     6  rw',
        '',
      ].join('\n'),
      stderr: '',
    })
  })

  test('of several topics has a column for them, and an error for each without a route', async () => {
    const { address } = await serverWith([MASTER])
    const { code, stdout, stderr } = await runCli([
      'topic',
      'route',
      'TopicB',
      'nope',
      'TopicA',
      '-n',
      address,
    ])
    expect(code).toBe(1)
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['TOPIC', 'TopicB', 'TopicA', ''])
    expect(stderr).toBe(
      `mqnamesrv: no route of topic "nope" on ${address} (mqnamesrv topic explain says why)\n`,
    )
  })

  test('does not count as a lookup of a client where there are views', async () => {
    const { address } = await serverWith([MASTER])
    await runCli(['topic', 'route', 'nope', '-n', address])
    expect((await runCli(['topic', 'misses', '-n', address, '-o', 'name'])).stdout).toBe('')
  })

  test.each([
    [[]],
    [['--zone', 'east']],
    [['--client-version', '4.9.3']],
    [['--client-version', '4.9.3', '--zone', 'west']],
  ])('is the same from the view and from a lookup: %j', async (options) => {
    const east = { ...OTHER, fields: { __ZONE_NAME: 'east' } }
    const { address, plain } = await serverWith([MASTER, { ...SLAVE, fields: { __ZONE_NAME: 'west' } }, east])
    const [viewed, asked] = await Promise.all(
      [address, plain].map((each) => runCli(['topic', 'route', 'TopicA', '-n', each, '--json', ...options])),
    )
    // A lookup does not say what is provisional.
    const without = ({ namesrv: _, provisional: __, ...row }: Record<string, unknown>) => row
    expect(viewed?.code).toBe(0)
    expect(items(viewed?.stdout ?? '').map(without)).toEqual(items(asked?.stdout ?? '').map(without))
  })

  test('says which brokers have not registered since a restart', async () => {
    const properties = { routeSnapshotPath: join(temporaryFolder(), 'snapshot') }
    const before = await serverWith([MASTER, OTHER], properties)
    await before.controller.shutdown()
    const { address, plain } = await serverWith([OTHER], properties)
    const { code, stdout, stderr } = await runCli(['topic', 'route', 'TopicA', 'TopicB', '-n', address])
    expect([code, stdout.split('\n').length]).toEqual([0, 5])
    expect(stderr).toBe(
      `${address}: routes of broker-a are provisional: restored from the snapshot; it has not registered again\n`,
    )
    const provisional = async (server: string) =>
      items((await runCli(['topic', 'route', 'TopicA', '-n', server, '--json'])).stdout).map((row) => [
        row['brokerName'],
        row['provisional'],
      ])
    expect(await provisional(address)).toEqual([
      ['broker-a', true],
      ['broker-b', false],
    ])
    expect(await provisional(plain)).toEqual([
      ['broker-a', null],
      ['broker-b', null],
    ])
  })

  test('has only the brokers of a zone', async () => {
    const west = { ...MASTER, fields: { __ZONE_NAME: 'west' } }
    const { address } = await serverWith([west, { ...OTHER, fields: { __ZONE_NAME: 'east' } }])
    const args = ['topic', 'route', 'TopicA', '-n', address, '-o', 'name', '--zone']
    expect((await runCli([...args, 'east'])).stdout).toBe('broker-b\n')
    expect(await runCli([...args, 'north'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: no route of topic "TopicA" for zone "north" on ${address} (mqnamesrv topic explain says why)\n`,
    })
  })

  test('shows the logical queues of a static topic', async () => {
    const { address, plain, connect } = await serverWith([])
    const { body, ...request } = registration({ ...MASTER, topics: ['Static', 'TopicA'] })
    const table = JSON.parse(`${body}`)
    const mapping = {
      topic: 'Static',
      totalQueues: 6,
      bname: 'broker-a',
      epoch: 7,
      currIdMap: { 0: 0, 3: 1 },
    }
    table.topicConfigSerializeWrapper.topicQueueMappingInfoMap = { Static: mapping }
    await (await connect()).request({ ...request, body: JSON.stringify(table) })
    const staticQueues = { totalQueues: 6, queues: 2, epoch: 7, scope: '__global__' }
    for (const each of [address, plain]) {
      const { stdout } = await runCli(['topic', 'route', 'Static', '-n', each, '--json'])
      expect(items(stdout)).toMatchObject([{ brokerName: 'broker-a', staticQueues }])
    }
    const { stdout } = await runCli(['topic', 'route', 'Static', '-n', address, '-o', 'wide'])
    expect(stdout).toMatch(/ STATIC QUEUES\n.* 2\n$/)
  })

  test('shows a broker group without queues and queues without a broker group', async () => {
    const route = {
      brokerDatas: [{ brokerName: 'a', cluster: 'C', brokerAddrs: { 0: '10.0.0.1:10911' } }],
      queueDatas: [{ brokerName: 'b', readQueueNums: 4, writeQueueNums: 0, perm: 4, topicSysFlag: 0 }],
    }
    const { address } = await startFakePeer(({ header: { code, opaque }, socket }) => {
      const response = { code: code === 105 ? 0 : 3, flag: 1, language: 'JAVA', opaque, version: 513 }
      socket.write(frame(JSON.stringify(response), code === 105 ? JSON.stringify(route) : ''))
    })
    expect((await runCli(['topic', 'route', 'T', '-n', address])).stdout).toBe(
      [
        'BROKER  ADDRESSES         READ  WRITE  PERM  ACCESS',
        'a       0=10.0.0.1:10911     -      -     -  -',
        'b       -                    4      0     4  r',
        '',
      ].join('\n'),
    )
  })

  test('is an error while lookups are rejected', async () => {
    const { address, plain } = await serverWith([MASTER], { needWaitForService: 'true' })
    for (const each of [address, plain]) {
      const { code, stdout } = await runCli(['topic', 'route', 'TopicA', '-n', each, '--json'])
      expect(code).toBe(1)
      expect(JSON.parse(stdout).errors).toEqual([
        { code: 'failed', message: 'name server not ready', namesrv: each },
      ])
    }
  })

  test('rejects a release that does not exist', async () => {
    const { code, stdout } = await runCli(['topic', 'route', 'T', '--client-version', '9', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ errors: [{ code: 'usage' }] })
  })

  test('of two NameServers has the rows of both; exit code 1 if one of them has no route', async () => {
    const [one, other] = [await serverWith([MASTER]), await serverWith([])]
    const { code, stdout, stderr } = await runCli([
      'topic',
      'route',
      'TopicA',
      '-n',
      `${one.address};${other.address}`,
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^NAMESRV +BROKER .*\n127\.0\.0\.1:\d+ +broker-a .*\n$/)
    expect(stderr).toContain(`no route of topic "TopicA" on ${other.address}`)
  })
})

describe('topic explain', () => {
  test('of a topic with a route tells its queues', async () => {
    const { address } = await serverWith([MASTER])
    const { code, stdout } = await runCli(['topic', 'explain', 'TopicA', '-n', address])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^TopicA: routable\n {2}TopicA has a route: 4 write queues on broker-a, 4 read queues on broker-a\.\n.*Try:\n {2}mqnamesrv topic route TopicA -n 127.0.0.1:\d+\nEvents:\n {2}\S+Z {2}broker-a at \S+ \(id 0\) registered for the first time since the start\n$/s,
    )
  })

  test('of a topic without a route names similar topics; exit code 1', async () => {
    const { address } = await serverWith([MASTER])
    const { code, stdout } = await runCli(['topic', 'explain', 'TopicA', 'topica', '-n', address])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /\n\ntopica: never_created\n {2}Similar topics with a route: TopicA \(differs in upper and lower case\).*\n {2}No broker has topica/,
    )
  })

  test('shows only the last events unless it is wide', async () => {
    const { address, connect, time } = await serverWith([])
    const client = await connect()
    for (let broker = 0; broker < 10; broker++) {
      await client.request(registration({ name: `b${broker}`, address: `10.0.1.${broker}:10911` }))
      time.advance(1_000)
    }
    const events = (stdout: string): number => stdout.match(/registered for the first time/g)?.length ?? 0
    const short = await runCli(['topic', 'explain', 'TopicA', '-n', address])
    expect(short.stdout).toContain('\nLast 8 of 10 events:\n')
    expect(events(short.stdout)).toBe(8)
    const wide = await runCli(['topic', 'explain', 'TopicA', '-n', address, '-o', 'wide'])
    expect(wide.stdout).toContain('\nEvents:\n')
    expect(events(wide.stdout)).toBe(10)
  })

  /** The verdicts of the view and of the routes, and the sentences of the routes. */
  // A type, not an interface: items of JSON convert to it.
  type Explained = {
    readonly verdict: string
    readonly sentences: readonly string[]
    readonly commands: readonly string[]
  }

  async function explained({ address, plain }: Server, topic: string, ...options: string[]) {
    const [viewed, walked] = await Promise.all(
      [address, plain].map(async (each) => {
        const { code, stdout, stderr } = await runCli([
          'topic',
          'explain',
          topic,
          '-n',
          each,
          '--json',
          ...options,
        ])
        return { code, stderr, item: items(stdout)[0] as Explained }
      }),
    )
    if (viewed === undefined || walked === undefined) throw new Error('no result')
    expect(walked.code).toBe(viewed.code)
    expect(Object.keys(walked.item).sort()).toEqual(Object.keys(viewed.item).sort())
    expect(walked.stderr).toBe(
      `what happened before: not shown (${plain} is not mqnamesrv: it cannot show this)\n`,
    )
    return {
      code: walked.code,
      verdicts: [viewed.item.verdict, walked.item.verdict],
      told: walked.item.sentences,
      commands: walked.item.commands,
    }
  }

  describe('without views tells what the routes tell:', () => {
    test('a route', async () => {
      const server = await serverWith([MASTER, OTHER])
      expect(await explained(server, 'TopicA')).toMatchObject({
        code: 0,
        verdicts: ['routable', 'routable'],
        told: [
          'TopicA has a route: 8 write queues on broker-a and broker-b, 8 read queues on broker-a and broker-b.',
        ],
      })
    })

    test('similar names', async () => {
      const { code, verdicts, told } = await explained(await serverWith([MASTER]), 'Topic_A')
      expect({ code, verdicts }).toEqual({ code: 1, verdicts: ['never_created', 'never_created'] })
      expect(told).toContain('Similar topic with a route: TopicA (differs in punctuation).')
    })

    test('brokers that create topics', async () => {
      const server = await serverWith([{ ...MASTER, topics: ['TBW102', 'TopicA'] }])
      const { code, verdicts, told } = await explained(server, 'New')
      expect({ code, verdicts }).toEqual({
        code: 1,
        verdicts: ['created_by_first_message', 'created_by_first_message'],
      })
      expect(told[0]).toContain('broker-a would create it')
    })

    test('no brokers', async () => {
      const { code, verdicts } = await explained(await serverWith([]), 'TopicA')
      expect({ code, verdicts }).toEqual({ code: 1, verdicts: ['no_brokers', 'no_brokers'] })
    })

    test('a zone without brokers', async () => {
      const server = await serverWith([{ ...MASTER, fields: { __ZONE_NAME: 'east' } }])
      const { code, verdicts } = await explained(server, 'TopicA', '--zone', 'west')
      expect({ code, verdicts }).toEqual({ code: 1, verdicts: ['hidden_by_zone', 'hidden_by_zone'] })
    })

    test('a permission, with everything that may have caused it', async () => {
      const server = await serverWith([MASTER])
      await (await server.connect()).request({ code: 205, extFields: { brokerName: 'broker-a' } })
      const { code, verdicts, told, commands } = await explained(server, 'TopicA')
      expect({ code, verdicts }).toEqual({ code: 1, verdicts: ['not_writable', 'not_writable'] })
      expect(told).toContain(
        'On broker-a it has permission 4: by brokerPermission in its broker.conf, by mqadmin updateTopicPerm, or, if no topic of broker-a is writable here, by mqadmin wipeWritePerm at this NameServer, which restore-write undoes.',
      )
      expect(commands).toContain(`mqnamesrv broker restore-write broker-a -n ${server.plain}`)
    })

    test('a route at another NameServer that was given', async () => {
      const [one, other] = [await serverWith([MASTER]), await serverWith([OTHER])]
      const { code, stdout } = await runCli([
        'topic',
        'explain',
        'TopicB',
        '-n',
        `${one.plain};${other.plain};127.0.0.1:1`,
        '-o',
        'jsonl',
      ])
      expect(code).toBe(5)
      const [here, there] = stdout
        .split('\n')
        .slice(0, 2)
        .map((line) => JSON.parse(line))
      expect(here.sentences).toContainEqual(expect.stringContaining(`${other.plain} has no route for TopicB`))
      expect(there).toMatchObject({ namesrv: other.plain, verdict: 'only_on_peers' })
      expect(there.sentences[0]).toContain(`TopicB has a route at ${one.plain}, but not here`)
    })

    test('nothing of similar names where topics are not listed', async () => {
      const { address } = await serverWith([MASTER], { enableAllTopicList: 'false' })
      const plain = await startWithoutViews(Number(address.split(':')[1]))
      const { code, stdout } = await runCli(['topic', 'explain', 'topica', '-n', plain, '--json'])
      expect(code).toBe(1)
      expect(items(stdout)).toEqual([expect.objectContaining({ verdict: 'never_created', similar: [] })])
    })
  })
})

describe('topic misses', () => {
  test('has the topics that were looked up without finding a route, with similar ones', async () => {
    const { address, connect } = await serverWith([MASTER])
    const client = await connect()
    await client.request(lookup('topica'))
    await client.request(lookup('later'))
    await client.request(lookup('topica'))
    await client.request(registration({ ...MASTER, topics: ['TopicA', 'TopicB', 'later'] }))
    const { code, stdout } = await runCli(['topic', 'misses', '-n', address])
    expect(code).toBe(0)
    expect(stdout.replaceAll(/ \ds /g, ' 0s ')).toBe(
      [
        'TOPIC   LOOKUPS  LAST  ROUTE NOW  CLIENTS                  SIMILAR',
        'topica        2    0s  no         127.0.0.1 (JAVA V5_5_0)  TopicA, TopicB',
        'later         1    0s  yes        127.0.0.1 (JAVA V5_5_0)  -',
        '',
      ].join('\n'),
    )
    expect(items((await runCli(['topic', 'misses', '-n', address, '--json'])).stdout)[0]).toMatchObject({
      namesrv: address,
      topic: 'topica',
      count: 2,
      similar: [{ name: 'TopicA', likeness: 'case' }, { name: 'TopicB' }],
    })
  })

  test('is empty where there are none, and says so', async () => {
    const { address } = await serverWith([MASTER])
    expect(await runCli(['topic', 'misses', '-n', address])).toEqual({
      code: 0,
      stdout: '',
      stderr: `${address}: no lookup without a route since the start\n`,
    })
  })

  test('needs a server with views', async () => {
    const { plain } = await serverWith([MASTER])
    const { code, stdout } = await runCli(['topic', 'misses', '-n', plain, '--json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ errors: [{ code: 'not_supported', namesrv: plain }] })
  })
})
