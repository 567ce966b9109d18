import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { startFakePeer } from '../../support/fake-peer.ts'
import { frame } from '../../support/raw-client.ts'
import { putKVConfig, registration, type TestBroker } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'
import { runCli } from '../run-cli.ts'
import { NO_PERMISSION, startWithoutViews } from '../without-views.ts'

/** Nothing listens there: the port is reserved. */
const NOWHERE = '127.0.0.1:1'

async function serverWith(
  brokers: readonly TestBroker[],
): Promise<TestServer & { readonly address: string }> {
  const server = await startServer()
  const client = await server.connect()
  for (const broker of brokers) await client.request(registration(broker))
  return { ...server, address: `127.0.0.1:${server.port}` }
}

const MASTER = { name: 'broker-a', id: 0, address: '10.0.0.1:10911' }
const SLAVE = { name: 'broker-a', id: 1, address: '10.0.0.2:10911' }
const OTHER = { name: 'broker-b', id: 0, address: '10.0.0.3:10911', topics: ['TopicA', 'TopicC'] }

function items(stdout: string) {
  return (JSON.parse(stdout) as { items: Record<string, unknown>[] }).items
}

describe('broker list', () => {
  test('has a row for each broker, with the state and the age of the heartbeat', async () => {
    const { address, time } = await serverWith([OTHER, SLAVE, MASTER])
    time.advance(70_000)
    expect(await runCli(['broker', 'list', '-n', address])).toEqual({
      code: 0,
      stdout: [
        'BROKER    ID  ADDRESS         STATE  HEARTBEAT  TOPICS  VERSION',
        'broker-a   0  10.0.0.1:10911  late          1m       2  V5_5_0',
        'broker-a   1  10.0.0.2:10911  late          1m       2  V5_5_0',
        'broker-b   0  10.0.0.3:10911  late          1m       2  V5_5_0',
        '',
      ].join('\n'),
      stderr: '',
    })
  })

  test('has more columns if it is wide', async () => {
    const { address } = await serverWith([MASTER])
    const { stdout } = await runCli(['broker', 'list', '-n', address, '-o', 'wide'])
    expect(stdout).toMatch(/TIMEOUT +REGISTERED +PEER +HA ADDRESS +LANGUAGE +CLUSTER +ZONE +ACTING MASTER\n/)
    expect(stdout).toMatch(
      / 2m +\d{4}-\S+Z +127\.0\.0\.1:\d+ +127\.0\.0\.1:10912 +JAVA +DefaultCluster +- +false\n$/,
    )
  })

  test('is JSON with the members of the view, and names without repetition', async () => {
    const { address } = await serverWith([MASTER, SLAVE])
    const { stdout } = await runCli(['broker', 'list', '-n', address, '--json'])
    expect(items(stdout)).toEqual([
      expect.objectContaining({
        namesrv: address,
        brokerName: 'broker-a',
        clusters: ['DefaultCluster'],
        topics: 2,
        brokerId: 0,
        address: '10.0.0.1:10911',
        state: 'alive',
        heartbeatAgeMs: 0,
        registeredTopics: 2,
      }),
      expect.objectContaining({ brokerId: 1, address: '10.0.0.2:10911' }),
    ])
    expect((await runCli(['broker', 'list', '-n', address, '-o', 'name'])).stdout).toBe('broker-a\n')
  })

  test('of a cluster leaves out the others; exit code 1 if there is no such cluster', async () => {
    const { address, connect } = await serverWith([MASTER])
    const { extFields, ...request } = registration({ name: 'far', address: '10.0.0.9:10911' })
    await (await connect()).request({ ...request, extFields: { ...extFields, clusterName: 'Far' } })
    const args = ['broker', 'list', '-o', 'name', '-n']
    expect((await runCli([...args, address, '--cluster', 'Far'])).stdout).toBe('far\n')
    const plain = await startWithoutViews(Number(address.split(':')[1]))
    expect((await runCli([...args, plain, '--cluster', 'Far'])).stdout).toBe('far\n')
    for (const each of [address, plain])
      expect(await runCli([...args, each, '--cluster', 'Near'])).toEqual({
        code: 1,
        stdout: '',
        stderr: `mqnamesrv: no cluster "Near" on ${each}\n`,
      })
  })

  test('of a NameServer without views has names, ids and addresses, and says what is missing', async () => {
    const { port } = await serverWith([OTHER, SLAVE, MASTER])
    const address = await startWithoutViews(port)
    expect(await runCli(['broker', 'list', '-n', address])).toEqual({
      code: 0,
      stdout: [
        'BROKER    ID  ADDRESS',
        'broker-a   0  10.0.0.1:10911',
        'broker-a   1  10.0.0.2:10911',
        'broker-b   0  10.0.0.3:10911',
        '',
      ].join('\n'),
      stderr: `states, heartbeats and versions of brokers: not shown (${address} is not mqnamesrv: it cannot show this)\n`,
    })
  })

  test('of a NameServer that does not show its views to this machine says so', async () => {
    const { port } = await serverWith([MASTER])
    const address = await startWithoutViews(port, NO_PERMISSION)
    const { code, stdout, stderr } = await runCli(['broker', 'list', '-n', address, '-o', 'name'])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'broker-a\n',
      stderr: `states, heartbeats and versions of brokers: not shown (${address} does not show this: not here)\n`,
    })
  })

  test('of a server without brokers is empty, and says so', async () => {
    const { address } = await serverWith([])
    const expected = { code: 0, stdout: '', stderr: `${address}: no brokers are registered\n` }
    expect(await runCli(['broker', 'list', '-n', address])).toEqual(expected)
  })

  test('of two NameServers, one of which is down, has the rows of the other one; exit code 5', async () => {
    const { address } = await serverWith([MASTER])
    const { code, stdout, stderr } = await runCli(['broker', 'list', '-n', `${address};${NOWHERE}`])
    expect(code).toBe(5)
    expect(stdout).toContain(`\n${address}  broker-a   0  10.0.0.1:10911`)
    expect(stderr).toContain(NOWHERE)
  })

  test('makes control and bidi characters of names visible, in tables and in JSON', async () => {
    const { address } = await serverWith([{ ...MASTER, name: '\u001b[31mred\u202e' }])
    const args = ['broker', 'list', '-n', address]
    expect((await runCli(args)).stdout).toContain('\n\\u001b[31mred\\u202e  ')
    const { stdout } = await runCli([...args, '-o', 'jsonl'])
    expect(stdout).toContain('"brokerName":"\\u001b[31mred\\u202e"')
    expect(JSON.parse(stdout)).toMatchObject({ brokerName: '\u001b[31mred\u202e' })
  })

  test('reads the view to its last page', async () => {
    const page = (brokerName: string, next: string | null) => ({
      brokers: [{ brokerName, members: [{}] }],
      next,
    })
    const { address, received } = await startFakePeer(({ header, socket }) => {
      const { opaque, code, extFields } = header
      const body = extFields?.['path']?.endsWith('after=one') ? page('two', null) : page('one', 'one')
      const response = { code: code === 1450 ? 0 : 22, flag: 1, language: 'OTHER', opaque, version: 513 }
      socket.write(frame(JSON.stringify(response), code === 1450 ? JSON.stringify(body) : ''))
    })
    expect((await runCli(['broker', 'list', '-n', address, '-o', 'name'])).stdout).toBe('one\ntwo\n')
    expect(received.map(({ header }) => header.code)).toEqual([1450, 101, 1450])
  })
})

describe('broker show', () => {
  test('shows the group and its brokers', async () => {
    const { address } = await serverWith([SLAVE, MASTER])
    expect(await runCli(['broker', 'show', 'broker-a', '-n', address])).toEqual({
      code: 0,
      stdout: [
        'Broker:         broker-a',
        'Cluster:        DefaultCluster',
        'Zone:           -',
        'Acting master:  off',
        'Topics:         2',
        '',
        'ID  ADDRESS         STATE  HEARTBEAT  TOPICS  VERSION',
        ' 0  10.0.0.1:10911  alive         0s       2  V5_5_0',
        ' 1  10.0.0.2:10911  alive         0s       2  V5_5_0',
        '',
      ].join('\n'),
      stderr: '',
    })
  })

  test('cuts its table to the terminal', async () => {
    const { address } = await serverWith([MASTER])
    const terminal = { isTTY: true, columns: 30 }
    const { stdout } = await runCli(['broker', 'show', 'broker-a', '-n', address], terminal)
    expect(stdout).toContain('\nID  ADDRESS         STATE  HE…\n')
    const wide = await runCli(['broker', 'show', 'broker-a', '-n', address, '-o', 'wide'], terminal)
    expect(wide.stdout).toMatch(/\nID .* LANGUAGE\n 0 .* JAVA\n/)
  })

  test('shows a group that was found although another was not; exit code 1', async () => {
    const { address, port } = await serverWith([MASTER])
    for (const each of [address, await startWithoutViews(port)]) {
      const { code, stdout, stderr } = await runCli([
        'broker',
        'show',
        'broker-a',
        'nope',
        '-n',
        each,
        '--json',
      ])
      expect(code).toBe(1)
      expect(items(stdout)).toEqual([
        expect.objectContaining({ namesrv: each, brokerName: 'broker-a', impact: null }),
      ])
      const message = `no broker group "nope" on ${each} (mqnamesrv broker explain, or the view /api/v1/explain, says what became of it)`
      expect(JSON.parse(stdout).errors).toEqual([{ code: 'not_found', message, namesrv: each }])
      expect(stderr).toContain(`mqnamesrv: ${message}\n`)
      expect((await runCli(['broker', 'show', 'broker-x', '-n', each])).stderr).toContain(
        `mqnamesrv: no broker group "broker-x" on ${each}; did you mean broker-a? (mqnamesrv broker explain,`,
      )
    }
  })

  test('is an error if no group was found', async () => {
    const { address } = await serverWith([MASTER])
    const { code, stdout } = await runCli(['broker', 'show', 'nope', '-n', address, '-o', 'json'])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ items: [], errors: [{ code: 'not_found', namesrv: address }] })
  })

  test('names the NameServer of each group if there are several', async () => {
    const [one, other] = [await serverWith([MASTER]), await serverWith([MASTER])]
    const { stdout } = await runCli(['broker', 'show', 'broker-a', '-n', `${one.address};${other.address}`])
    const heads = stdout
      .split('\n')
      .filter((line) => line.startsWith('NameServer') || line.startsWith('Broker:'))
    expect(heads).toEqual([
      `NameServer ${one.address}`,
      'Broker:         broker-a',
      `NameServer ${other.address}`,
      'Broker:         broker-a',
    ])
    expect(stdout).toContain(`\n\nNameServer ${other.address}\n`)
  })
})

describe('broker show --impact', () => {
  /** broker-a has TopicB alone, a static topic and an ordered one. */
  async function serverWithImpact(): Promise<TestServer & { readonly address: string }> {
    const server = await serverWith([OTHER, SLAVE])
    const client = await server.connect()
    const { body, ...request } = registration({ ...MASTER, topics: ['TopicA', 'TopicB', 'Static'] })
    const { topicConfigSerializeWrapper, ...rest } = JSON.parse(`${body}`)
    const mapping = {
      topic: 'Static',
      scope: '__global__',
      totalQueues: 2,
      bname: 'broker-a',
      epoch: 1,
      dirty: false,
      currIdMap: { 0: 0, 1: 1 },
    }
    const wrapper = { ...topicConfigSerializeWrapper, topicQueueMappingInfoMap: { Static: mapping } }
    await client.request({
      ...request,
      body: JSON.stringify({ ...rest, topicConfigSerializeWrapper: wrapper }),
    })
    await client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'Ordered', 'broker-a:4;broker-b:4'))
    await client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'Elsewhere', 'broker-b:4'))
    return server
  }

  test('tells what clients would lose, by the view and by the routes of all topics alike', async () => {
    const { address, port } = await serverWithImpact()
    const [viewed, walked] = await Promise.all(
      [address, await startWithoutViews(port)].map((each) =>
        runCli(['broker', 'show', 'broker-a', '--impact', '-n', each, '--json']),
      ),
    )
    const impact = {
      stops: ['10.0.0.1:10911', '10.0.0.2:10911'],
      losesMaster: true,
      lastWritable: { total: 2, names: ['TopicB', 'Static'] },
      lastReadable: { total: 2, names: ['TopicB', 'Static'] },
      provisionalElsewhere: { total: 0, names: [] },
      orderedTopics: { total: 1, names: ['Ordered'] },
      staticTopics: { total: 1, names: ['Static'] },
    }
    expect(sorted(items(viewed?.stdout ?? '')[0]?.['impact'])).toEqual(sorted(impact))
    expect(sorted(items(walked?.stdout ?? '')[0]?.['impact'])).toEqual(sorted(impact))
  })

  test('names the topics', async () => {
    const { address } = await serverWithImpact()
    const { code, stdout } = await runCli(['broker', 'show', 'broker-a', '--impact', '-n', address])
    expect(code).toBe(0)
    expect(stdout).toContain('\nIf broker-a stopped (2 brokers, the master among them):\n')
    expect(stdout).toMatch(
      /\n {2}2 topics with no other broker to send to: (TopicB, Static|Static, TopicB)\n/,
    )
    expect(stdout).toContain('\n  1 topic with an order configuration that names it: Ordered\n')
    expect(stdout).toContain('\n  1 topic with logical queues on it (static topic): Static\n')
  })

  test('shows how far the routes have been read if that takes more than a second', async () => {
    const topics = Array.from({ length: 300 }, (_, index) => `Topic${index}`)
    const { port } = await serverWith([{ ...MASTER, topics }])
    const address = await startWithoutViews(port)
    const args = ['broker', 'show', 'broker-a', '--impact', '-n', address]
    let nowMs = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 10))
    onTestFinished(() => clock.mockRestore())
    const { stdout, stderr } = await runCli(args, { isTTY: true })
    expect(stdout).toContain('  300 topics with no other broker to send to: ')
    expect(stderr).toContain(`\r\u001b[K${address}: 256 of 300 routes\r\u001b[K`)
    expect((await runCli(args)).stderr).not.toContain('256 of 300')
  })

  test('says that nothing is lost', async () => {
    const { address } = await serverWith([{ ...MASTER, topics: ['TopicA', 'TopicC'] }, OTHER])
    const { stdout } = await runCli(['broker', 'show', 'broker-b', '--impact', '-n', address])
    expect(stdout).toContain(
      '\nIf broker-b stopped (1 broker, the master among them), no topic would lose its last broker.\n',
    )
  })
})

/** An impact with its names in order. */
function sorted(impact: unknown): unknown {
  return JSON.parse(JSON.stringify(impact), (name, value) =>
    name === 'names' || name === 'stops' ? value.sort() : value,
  )
}

describe('broker explain', () => {
  test('tells what has become of brokers; exit code 0 only if all is well', async () => {
    const { address } = await serverWith([MASTER])
    const fine = await runCli(['broker', 'explain', 'broker-a', '-n', address])
    expect(fine).toMatchObject({ code: 0, stderr: '' })
    expect(fine.stdout).toMatch(
      /^broker-a: registered\n {2}broker-a of DefaultCluster is registered with 2 topics: .*\nEvents:\n {2}\S+Z {2}broker-a at \S+ \(id 0\) registered for the first time since the start\n$/,
    )
    const both = await runCli(['broker', 'explain', '10.0.0.1:10911', 'nope', '-n', address, '-o', 'name'])
    expect(both).toEqual({ code: 1, stdout: 'broker-a\nnope\n', stderr: '' })
  })

  test('needs a server with views', async () => {
    const { port } = await serverWith([MASTER])
    const address = await startWithoutViews(port)
    expect(await runCli(['broker', 'explain', 'broker-a', '-n', address])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: ${address} is not mqnamesrv: it cannot show this\n`,
    })
  })
})

describe('cluster show', () => {
  test('shows the brokers of a cluster, and how many topics it has', async () => {
    const { address, port } = await serverWith([MASTER, { ...OTHER, id: 1 }])
    const head = [
      'Cluster:        DefaultCluster',
      'Broker groups:  2 (1 without master)',
      'Brokers:        2',
      'Topics:         2',
      '',
    ]
    expect((await runCli(['cluster', 'show', 'DefaultCluster', '-n', address])).stdout).toBe(
      [
        ...head,
        'BROKER    ID  ADDRESS         STATE  HEARTBEAT  TOPICS  VERSION',
        'broker-a   0  10.0.0.1:10911  alive         0s       2  V5_5_0',
        'broker-b   1  10.0.0.3:10911  alive         0s       2  V5_5_0',
        '',
      ].join('\n'),
    )
    const plain = await startWithoutViews(port)
    expect((await runCli(['cluster', 'show', 'DefaultCluster', '-n', plain])).stdout).toBe(
      [
        ...head,
        'BROKER    ID  ADDRESS',
        'broker-a   0  10.0.0.1:10911',
        'broker-b   1  10.0.0.3:10911',
        '',
      ].join('\n'),
    )
  })

  test('does without the number of topics where they are not listed', async () => {
    const server = await startServer({ enableTopicList: 'false' })
    await (await server.connect()).request(registration(MASTER))
    const { code, stdout } = await runCli([
      'cluster',
      'show',
      'DefaultCluster',
      '-n',
      `127.0.0.1:${server.port}`,
      '--json',
    ])
    expect(code).toBe(0)
    expect(items(stdout)).toEqual([expect.objectContaining({ cluster: 'DefaultCluster', topics: null })])
  })

  test('is an error for a cluster that does not exist', async () => {
    const { address } = await serverWith([MASTER])
    expect(await runCli(['cluster', 'show', 'Nope', '-n', address])).toEqual({
      code: 1,
      stdout: '',
      stderr: `mqnamesrv: no cluster "Nope" on ${address}\n`,
    })
    expect((await runCli(['cluster', 'show', 'Defaultcluste', '-n', address])).stderr).toBe(
      `mqnamesrv: no cluster "Defaultcluste" on ${address}; did you mean DefaultCluster?\n`,
    )
  })
})
