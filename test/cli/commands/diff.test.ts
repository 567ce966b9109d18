import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { RawClient, Request } from '../../support/raw-client.ts'
import { putKVConfig, registration, registrationBody } from '../../support/requests.ts'
import { startServer, temporaryFolder } from '../../support/start-server.ts'
import { type Instead, withoutDigest } from '../../support/without-digest.ts'
import { type CliWorld, runCli } from '../run-cli.ts'
import { startScripted } from '../scripted-name-server.ts'

const ORDER = putKVConfig('ORDER_TOPIC_CONFIG', 'TopicA', 'broker-a:4')
const WIPE: Request = { code: 205, extFields: { brokerName: 'broker-a' } }
const names = (count: number, prefix = 'Topic'): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`)

interface Side {
  readonly requests?: readonly Request[]
  readonly properties?: Readonly<Record<string, string>>
  /** Whether it is like Java's NameServer; what it then responds in place of ours. */
  readonly instead?: Instead | undefined
}

async function side({ requests = [], properties = {}, instead }: Side): Promise<{
  readonly address: string
  readonly client: RawClient
}> {
  const server = await startServer(properties)
  const client = await server.connect()
  for (const request of requests) await client.request(request)
  const address =
    instead === undefined ? `127.0.0.1:${server.port}` : (await withoutDigest(server, instead)).address
  return { address, client }
}

interface DiffJson {
  readonly items: readonly {
    readonly kind: string
    readonly subject: string
    readonly topic: string | null
    readonly brokers: readonly string[]
    readonly values: Readonly<Record<string, string | null>>
  }[]
  readonly errors: readonly object[]
}

/** Runs `diff`, without waiting before it asks again. */
function diff(words: readonly string[], world: CliWorld = {}) {
  return runCli(['diff', ...words], { onPause: () => {}, ...world })
}

async function json(words: readonly string[], world: CliWorld = {}) {
  const { code, stdout, stderr } = await diff([...words, '-o', 'json'], world)
  return { code, stderr, ...(JSON.parse(stdout) as DiffJson) }
}

/** The same registration with other members of its topics. */
function changed(from: string, to: string): Request {
  const body = registrationBody().replaceAll(from, to).replace('"counter":1', '"counter":2')
  return { ...registration(), body }
}

describe.each(['digests', 'lookups'] as const)('diff by %s', (means) => {
  const instead = means === 'digests' ? undefined : (): undefined => undefined

  async function two(here: readonly Request[], there: readonly Request[]) {
    const common = [registration(), ORDER]
    const a = await side({ requests: [...common, ...here] })
    const b = await side({ requests: [...common, ...there], instead })
    return { a, b }
  }

  test('says that equal NameServers do not differ', async () => {
    const { a, b } = await two([], [])
    const onPause = (): never => expect.unreachable('nothing differs')
    const { code, stdout, stderr } = await diff([a.address, b.address], { onPause })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(`no differences between ${a.address}, ${b.address}\n`)
  })

  test.each([
    [
      'broker',
      [],
      [registration({ name: 'broker-b', address: 'b:1', topics: [] })],
      { kind: 'broker_missing', subject: 'broker-b', brokers: ['broker-b'], values: [null, '0=b:1'] },
    ],
    [
      'slave',
      [registration({ id: 1, address: 'b:1', topics: [] })],
      [],
      { kind: 'broker_missing', subject: 'broker-a:1', brokers: ['broker-a'], values: ['b:1', null] },
    ],
    [
      'broker id',
      [],
      [registration({ id: 2 })],
      { kind: 'broker_id', subject: 'broker-a 127.0.0.1:10911', brokers: ['broker-a'], values: ['0', '2'] },
    ],
    [
      'address',
      [],
      [registration({ address: 'b:1' })],
      {
        kind: 'broker_address',
        subject: 'broker-a:0',
        brokers: ['broker-a'],
        values: ['127.0.0.1:10911', 'b:1'],
      },
    ],
    [
      'zone',
      [],
      [{ ...registration(), extFields: { ...registration().extFields, __ZONE_NAME: 'z' } }],
      {
        kind: 'broker_group',
        subject: 'broker-a',
        brokers: ['broker-a'],
        values: ['zone "", acting master off', 'zone "z", acting master off'],
      },
    ],
    [
      'permission',
      [WIPE],
      [],
      { kind: 'permission', subject: 'TopicB on broker-a', brokers: ['broker-a'], values: ['4', '6'] },
    ],
    [
      'number of queues',
      [],
      [changed('"readQueueNums":4', '"readQueueNums":2')],
      {
        kind: 'queues',
        subject: 'TopicA on broker-a',
        brokers: ['broker-a'],
        values: ['4 read, 4 write', '2 read, 4 write'],
      },
    ],
    [
      'topic flag',
      [],
      [changed('"topicSysFlag":0', '"topicSysFlag":1')],
      { kind: 'topic_flag', subject: 'TopicA on broker-a', brokers: ['broker-a'], values: ['0', '1'] },
    ],
    [
      'topic',
      [],
      [{ code: 216, extFields: { topic: 'TopicB' } }],
      { kind: 'topic_missing', subject: 'TopicB', brokers: ['broker-a'], values: ['on broker-a', null] },
    ],
    [
      'key-value entry',
      [],
      [putKVConfig('ORDER_TOPIC_CONFIG', 'TopicB', 'broker-a:1')],
      { kind: 'kv', subject: 'ORDER_TOPIC_CONFIG/TopicB', brokers: [], values: [null, 'broker-a:1'] },
    ],
    [
      'entry of a namespace that only one has',
      [putKVConfig('OTHER', 'key', 'value')],
      [],
      { kind: 'kv', subject: 'OTHER/key', brokers: [], values: ['value', null] },
    ],
    [
      'configuration key',
      [{ code: 318, body: 'orderMessageEnable=true' }],
      [],
      { kind: 'config', subject: 'orderMessageEnable', brokers: [], values: ['true', 'false'] },
    ],
  ])('finds a different %s', async (_, here, there, { values: [inA = null, inB = null], ...difference }) => {
    const { a, b } = await two(here, there)
    const { code, items, errors } = await json([a.address, b.address])
    expect({ code, errors }).toEqual({ code: 1, errors: [] })
    const values = { [a.address]: inA, [b.address]: inB }
    expect(items).toContainEqual(expect.objectContaining({ ...difference, values }))
  })

  test('looks again before a difference counts, and drops what was settled meanwhile', async () => {
    const late = registration({ name: 'broker-b', address: 'b:1', topics: ['Late', 'Later'] })
    const { a, b } = await two([late], [])
    const pauses: number[] = []
    const onPause = async (ms: number): Promise<void> => {
      pauses.push(ms)
      await b.client.request(late)
    }
    const { code, items, stderr } = await json([a.address, b.address], { onPause })
    expect({ code, items }).toEqual({ code: 0, items: [] })
    expect(stderr).toContain('3 differences were gone after 1000 ms and do not count\n')
    expect(pauses).toEqual([1_000])
  })

  test('names what still changes', async () => {
    const { a, b } = await two([registration({ name: 'broker-b', address: 'b:1', topics: [] })], [])
    const onPause = async (): Promise<void> => {
      await b.client.request(registration({ name: 'broker-c', address: 'c:1', topics: [] }))
      await a.client.request(registration({ name: 'broker-b', address: 'b:2', id: 1, topics: [] }))
    }
    const { code, items, stderr } = await json([a.address, b.address], { onPause })
    expect(code).toBe(1)
    expect(items.map(({ subject }) => subject)).toEqual(['broker-b'])
    expect(stderr).toContain('still changing: broker-b, broker-c\n')
  })

  test('compares three NameServers, and where one is down the other two', async () => {
    const { a, b } = await two([], [WIPE])
    const c = await side({ requests: [registration(), ORDER], instead })
    const { code, stdout } = await diff([a.address, b.address, c.address])
    expect({ code, lines: stdout.split('\n') }).toEqual({
      code: 1,
      lines: [
        expect.stringMatching(new RegExp(`^KIND {8}SUBJECT {31}${a.address} +${b.address} +${c.address}$`)),
        expect.stringMatching(/^permission {2}2 topics on broker-a, such as TopicA {2,}6 +4 +6$/),
        '',
      ],
    })
    const down = '127.0.0.1:1'
    const partial = await json([a.address, down, b.address])
    expect(partial).toMatchObject({ code: 5, errors: [{ code: 'unreachable', namesrv: down }] })
    expect(partial.items).toHaveLength(2)
    expect(partial.stderr).toContain(`mqnamesrv: connection to ${down} failed: connection refused`)
  })

  test('compares only topics that match --topics', async () => {
    const { a, b } = await two(
      [registration({ name: 'broker-b', address: 'b:1', topics: ['OrderX', 'Y'] })],
      [],
    )
    await b.client.request(registration({ name: 'broker-b', address: 'b:1', topics: [] }))
    await a.client.request(putKVConfig('ORDER_TOPIC_CONFIG', 'OrderX', 'broker-b:4'))
    const { items } = await json([a.address, b.address, '--topics', '^Order'])
    expect(items.map(({ subject }) => subject)).toEqual(['OrderX'])
  })

  test('shares a row between topics that differ alike, unless each is wanted', async () => {
    const many = registration({ name: 'broker-b', address: 'b:1', topics: names(300) })
    const { a, b } = await two([many], [registration({ name: 'broker-b', address: 'b:1', topics: [] })])
    const { stdout, stderr } = await diff([a.address, b.address])
    expect(stdout.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^topic_missing {2}300 topics, such as Topic0 {2,}on broker-b +-$/),
      '',
    ])
    expect(stderr).toContain('300 differences in 1 row: --all shows each\n')
    expect(stderr).toContain('broker-b is registered with all of them, but 300 of its topics differ: ')
    const all = await diff([a.address, b.address, '--all'])
    expect(all.stdout.split('\n')).toHaveLength(302)
    const named = await diff([a.address, b.address, '-o', 'name'])
    expect(named.stdout.split('\n')).toEqual([...names(300).sort(), ''])
  })

  test('says which broker to look at, and for what', async () => {
    const { a, b } = await two(
      [
        registration({ name: 'broker-b', address: 'b:1' }),
        registration({ name: 'broker-c', address: 'c:1', topics: [] }),
        registration({ name: 'broker-d', address: 'd:1', topics: [] }),
        WIPE,
        putKVConfig('ORDER_TOPIC_CONFIG', 'TopicB', 'x'),
        { code: 318, body: 'orderMessageEnable=true' },
      ],
      [
        registration({ name: 'broker-c', address: 'c:2', topics: [] }),
        registration({ name: 'broker-d', address: 'd:1', id: 1, topics: [] }),
      ],
    )
    const { stderr } = await diff([a.address, b.address])
    for (const line of [
      `broker-b (0=b:1) is registered with ${a.address} and not with ${b.address}: check namesrvAddr of broker-b, and its connection to ${b.address}`,
      `broker-c:0 is c:1 at ${a.address}, c:2 at ${b.address}: check brokerIP1 of broker-c, and whether two brokers have this name and id`,
      `broker-d d:1 has id 0 at ${a.address}, 1 at ${b.address}: check brokerId of broker-d, and its connection to each NameServer`,
      `broker-a has no write permission at ${a.address} and has it at ${b.address}: wiped there? (mqnamesrv broker restore-write broker-a -n "${a.address}")`,
      'key-value entries: NameServers do not copy them, set them at each (mqnamesrv kv set)',
      'configuration: set it at each NameServer (mqnamesrv config set)',
    ])
      expect(stderr).toContain(`${line}\n`)
    expect(stderr.split('\n').filter((line) => line.startsWith('broker-b'))).toHaveLength(1)
  })

  test('does not take a broker for wiped that only registers a topic read-only', async () => {
    const { a, b } = await two([], [])
    const body = JSON.parse(registrationBody(['ReadOnly', 'Other']))
    body.topicConfigSerializeWrapper.topicConfigTable.ReadOnly.perm = 4
    const readOnly = { ...registration({ name: 'broker-b', address: 'b:1' }), body: JSON.stringify(body) }
    for (const { client } of [a, b]) await client.request(readOnly)
    // As broker restore-write does.
    await a.client.request({ code: 327, extFields: { brokerName: 'broker-b' } })
    const { stderr } = await diff([a.address, b.address])
    expect(stderr).toContain(
      `broker-b has no write permission for ReadOnly at ${b.address} and has it at ${a.address}: the broker registers it so, or it was wiped or restored (mqnamesrv topic explain ReadOnly -n "${b.address}")\n`,
    )
    expect(stderr).not.toContain('restore-write')
  })
})

test('diff shows 50 rows and as many lines of advice, and says how to see the rest', async () => {
  const brokers = names(60, 'broker-').map((name) => registration({ name, address: `${name}:1`, topics: [] }))
  const a = await side({ requests: brokers })
  const b = await side({})
  const { stdout, stderr } = await diff([a.address, b.address])
  expect(stdout.split('\n')).toHaveLength(52)
  expect(stderr).toContain('60 differences in 60 rows, 50 shown: --all shows each\n')
  expect(stderr.split('\n').filter((line) => line.startsWith('broker-'))).toHaveLength(50)
  expect(stderr).toContain('… and 10 more lines like these\n')
})

test('diff cuts long values in tables only', async () => {
  const a = await side({ requests: [putKVConfig('N', 'key', 'v'.repeat(100))] })
  const b = await side({})
  const { stdout } = await diff([a.address, b.address])
  expect(stdout).toContain(`  ${'v'.repeat(80)}… (100 characters)  -\n`)
  const { items } = await json([a.address, b.address])
  expect(items[0]?.values[a.address]).toBe('v'.repeat(100))
})

test('diff advises on two brokers that share a name in different clusters, and on other permissions', async () => {
  const other = registration({ name: 'broker-b', address: 'b:1' })
  const a = await side({ requests: [registration(), other] })
  const b = await side({
    requests: [
      changed('"perm":6', '"perm":2'),
      { ...other, extFields: { ...other.extFields, clusterName: 'OtherCluster' } },
    ],
  })
  const { stderr } = await diff([a.address, b.address])
  expect(stderr).toContain(
    `broker-b cluster is DefaultCluster at ${a.address}, OtherCluster at ${b.address}: check the configuration of broker-b, and whether two brokers share this name\n`,
  )
  expect(stderr).toContain('broker-a is registered with all of them, but 2 of its topics differ: ')
})

test('diff quotes a broker name in a command to paste, and gives no command for one that would deceive', async () => {
  const common = [
    registration({ name: "b$(touch pwn);'x", address: 'b:1' }),
    registration({ name: 'c\u202ed', address: 'c:1' }),
  ]
  const wipes = common.map(({ extFields }) => ({
    code: 205,
    extFields: { brokerName: `${extFields?.['brokerName']}` },
  }))
  const a = await side({ requests: [...common, ...wipes] })
  const b = await side({ requests: common })
  const { stderr } = await diff([a.address, b.address])
  expect(stderr).toContain(
    `wiped there? (mqnamesrv broker restore-write 'b$(touch pwn);'\\''x' -n "${a.address}")\n`,
  )
  expect(stderr).toContain(
    `c\\u202ed has no write permission at ${a.address} and has it at ${b.address}: wiped there?\n`,
  )
})

test('diff notes that mappings of static topics differ', async () => {
  const withMapping = (epoch: number): Request => {
    const request = registration()
    const body = JSON.parse(`${request.body}`)
    const mapping = { topic: 'TopicA', bname: 'broker-a', totalQueues: 4, epoch, currIdMap: { 0: 0 } }
    body.topicConfigSerializeWrapper.topicQueueMappingInfoMap = { TopicA: mapping }
    return { ...request, body: JSON.stringify(body) }
  }
  const [a, b, c] = [
    await side({ requests: [withMapping(1)] }),
    await side({ requests: [withMapping(2)] }),
    await side({ requests: [withMapping(1)] }),
  ]
  const differing = await diff([a.address, b.address])
  expect(differing.code).toBe(0)
  expect(differing.stderr).toContain('mappings of static topics differ, but are not compared one by one')
  expect((await diff([a.address, c.address])).stderr).not.toContain('static')
})

test('diff says of a permission only where it is, if a third NameServer lacks the topic', async () => {
  const a = await side({ requests: [registration(), WIPE] })
  const b = await side({ requests: [registration()] })
  const c = await side({ requests: [registration(), { code: 216, extFields: { topic: 'TopicA' } }] })
  const { stderr } = await diff([a.address, b.address, c.address, '--topics', '^TopicA$'])
  expect(stderr).toContain(
    `broker-a has no write permission at ${a.address} and has it at ${b.address}: wiped there? (mqnamesrv broker restore-write broker-a -n "${a.address}")\n`,
  )
})

test('diff looks topics up if many buckets differ', async () => {
  const many = registration({ topics: names(2_000) })
  const a = await side({ requests: [many] })
  const b = await side({ requests: [many, WIPE] })
  const { code, items, stderr } = await json([a.address, b.address])
  expect({ code, count: items.length }).toEqual({ code: 1, count: 2_000 })
  expect(stderr).not.toContain('not compared')
})

test('diff takes the NameServers of NAMESRV_ADDR or -n, and arguments in their place', async () => {
  const [a, b, c] = [await side({}), await side({}), await side({ requests: [ORDER] })]
  const env = { NAMESRV_ADDR: `${a.address};${b.address}` }
  expect((await diff([], { env })).code).toBe(0)
  expect((await json(['-n', `${a.address};${b.address}`])).code).toBe(0)
  expect((await json(['-n', `${a.address};${b.address}`, a.address, c.address])).code).toBe(1)
})

test('diff --sample looks up the same few topics each time', async () => {
  const instead = (): undefined => undefined
  const topics = names(100)
  const a = await side({ requests: [registration({ topics })], instead })
  const b = await side({ requests: [registration({ topics: topics.toReversed() }), WIPE], instead })
  const first = await json([a.address, b.address, '--sample', '7'])
  expect(first.items).toHaveLength(7)
  expect(first.stderr).toContain('compared a sample of 7 of 100 topics\n')
  expect((await json([b.address, a.address, '--sample', '7'])).items.map(({ subject }) => subject)).toEqual(
    first.items.map(({ subject }) => subject),
  )
  const all = await json([a.address, b.address, '--sample', '100'])
  expect(all.items).toHaveLength(100)
  expect(all.stderr).not.toContain('sample')
})

test('diff looks no topic up where it is missing, because a NameServer counts such lookups', async () => {
  const a = await startServer()
  await (await a.connect()).request(registration())
  const b = await startServer()
  await (await b.connect()).request(registration({ topics: ['TopicA', 'TopicC'] }))
  const [relayA, relayB] = [await withoutDigest(a), await withoutDigest(b)]
  expect((await json([relayA.address, relayB.address])).items).toHaveLength(2)
  const lookedUp = [relayA, relayB].map(({ received }) =>
    received.flatMap(({ header: { code, extFields } }) => (code === 105 ? extFields?.['topic'] : [])),
  )
  // Those that differ twice.
  expect(lookedUp).toEqual([
    ['TopicA', 'TopicB', 'TopicB'],
    ['TopicA', 'TopicC', 'TopicC'],
  ])
})

test('diff notes that no topic matches', async () => {
  const a = await side({ requests: [registration()], instead: () => undefined })
  const b = await side({ requests: [registration()] })
  const { code, stderr } = await json([a.address, b.address, '--topics', '^None'])
  expect(code).toBe(0)
  expect(stderr).toContain('no topic matches ^None\n')
  expect(stderr).toContain(
    `static-topic mappings: not compared (${a.address} is not mqnamesrv: it cannot show this)\n`,
  )
})

test.each([
  [['a:1'], 'diff compares two or more NameServers: mqnamesrv diff a:9876 b:9876'],
  [['a:1', 'a:1'], 'diff compares two or more NameServers: mqnamesrv diff a:9876 b:9876'],
  [['a:1', 'b:1', '--topics', '('], '--topics "(" is not a valid regular expression'],
  [['a:1', 'b:1', '--sample', '0'], '--sample "0" is not a number of topics'],
  [['a:1', 'b:1', '--sample', 'all'], '--sample "all" is not a number of topics'],
])('diff rejects %j', async (words, message) => {
  expect(await diff([...words])).toEqual({
    code: 2,
    stdout: '',
    stderr: `mqnamesrv: ${message} (try mqnamesrv help diff)\n`,
  })
})

describe('diff with a NameServer that', () => {
  test('is down, and only one other, is unreachable', async () => {
    const { address } = await side({})
    const { code, stdout, stderr } = await diff([address, '127.0.0.1:1', '-o', 'json'])
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      errors: [{ code: 'unreachable', namesrv: '127.0.0.1:1' }],
    })
    expect(stderr).toBe('mqnamesrv: connection to 127.0.0.1:1 failed: connection refused (ECONNREFUSED)\n')
  })

  test('does not show its configuration has question marks beside two that differ in it', async () => {
    const a = await side({ properties: { orderMessageEnable: 'true' } })
    const hidden = await side({ instead: (code) => (code === 319 ? { code: 16 } : undefined) })
    const b = await side({})
    const { stdout } = await diff([a.address, hidden.address, b.address])
    expect(stdout).toMatch(/^config {2}orderMessageEnable {2}true +\? +false$/m)
  })

  test('stops responding to lookups compares the others, in the time of one timeout', async () => {
    const requests = [registration()]
    const a = await side({ requests })
    const hanging = await side({ requests, instead: (code) => (code === 105 ? 'nothing' : undefined) })
    const b = await side({ requests: [...requests, WIPE] })
    const { code, items, errors } = await json([a.address, hanging.address, b.address, '--timeout', '1s'])
    expect({ code, errors }).toEqual({
      code: 5,
      errors: [
        {
          code: 'timeout',
          message: `no response from ${hanging.address} within 1000 ms`,
          namesrv: hanging.address,
        },
      ],
    })
    expect(items.map(({ values }) => values)).toEqual([
      { [a.address]: '6', [b.address]: '4' },
      { [a.address]: '6', [b.address]: '4' },
    ])
  })

  test('denies lookups is denied', async () => {
    const requests = [registration()]
    const a = await side({ requests })
    const denying = await side({ requests, instead: (code) => (code === 105 ? { code: 16 } : undefined) })
    expect(await json([a.address, denying.address])).toMatchObject({
      code: 4,
      errors: [{ code: 'denied', namesrv: denying.address }],
    })
  })

  test('lacks configuration keys, as those of 4.x do, is compared in the others', async () => {
    const a = await side({ properties: { orderMessageEnable: 'true' } })
    const b = await side({
      instead: (code) => (code === 319 ? { code: 0, body: 'orderMessageEnable=true\nother=1\n' } : undefined),
    })
    expect(await json([a.address, b.address])).toMatchObject({ code: 0, items: [] })
  })

  test('has lost a topic between its list and the lookup differs in it', async () => {
    const requests = [registration()]
    const a = await side({ requests })
    const b = await side({ requests, instead: (code) => (code === 105 ? { code: 17 } : undefined) })
    const { code, items } = await json([a.address, b.address])
    expect(code).toBe(1)
    expect(items.map(({ kind, topic }) => [kind, topic])).toEqual([
      ['topic_missing', 'TopicA'],
      ['topic_missing', 'TopicB'],
    ])
  })

  test('names no broker in a route has it compared under an empty name', async () => {
    const requests = [registration()]
    const a = await side({ requests })
    const queues = { perm: 4, readQueueNums: 4, writeQueueNums: 4 }
    const body = JSON.stringify({ queueDatas: [queues, { ...queues, brokerName: 'broker-a' }] })
    const b = await side({ requests, instead: (code) => (code === 105 ? { code: 0, body } : undefined) })
    const { items } = await json([a.address, b.address])
    expect(items).toContainEqual(
      expect.objectContaining({
        subject: 'TopicA on broker-a',
        values: { [a.address]: '6', [b.address]: '4' },
      }),
    )
    expect(items).toContainEqual(
      expect.objectContaining({ kind: 'queues', subject: 'TopicA on ', brokers: [''] }),
    )
  })

  test('closes the connection instead of showing its configuration is unreachable', async () => {
    const a = await side({ properties: { orderMessageEnable: 'true' } })
    const closing = await startScripted({
      106: { body: '{}' },
      206: { body: '{}' },
      219: { code: 22 },
      319: 'close',
    })
    expect(await json([a.address, closing.address])).toMatchObject({
      code: 3,
      errors: [{ code: 'unreachable', namesrv: closing.address }],
    })
  })

  test('does not show its configuration is compared without it', async () => {
    const a = await side({ properties: { orderMessageEnable: 'true' } })
    const b = await side({ instead: (code) => (code === 319 ? { code: 16 } : undefined) })
    const { code, stderr } = await json([a.address, b.address])
    expect(code).toBe(0)
    expect(stderr).toContain(`${b.address} does not show its configuration\n`)
  })

  test.each([
    ['an unreadable list of groups', 106, '[', 3, 'unreadable response from '],
    ['an unreadable route', 105, '{"queueDatas":[{', 3, 'unreadable route: '],
  ])('sends %s is told so', async (_, wanted, body, code, message) => {
    const requests = [registration()]
    const { address } = await side({ requests })
    const broken = await side({
      requests,
      instead: (requested) => (requested === wanted ? { code: 0, body } : undefined),
    })
    const result = await json([address, broken.address])
    expect(result.code).toBe(code)
    expect(result.stderr).toContain(message)
  })

  test('names brokers and topics to deceive a terminal has them shown visibly', async () => {
    const hostile = registration({ name: 'b\x1b[2J', address: 'b\u202e:1', topics: ['T\u0007', '名前'] })
    const a = await side({ requests: [hostile] })
    const b = await side({})
    const { stdout, stderr } = await diff([a.address, b.address, '--all'])
    expect(stdout).toContain('broker_missing  b\\u001b[2J  0=b\\u202e:1')
    expect(stdout).toContain('topic_missing   T\\u0007     on b\\u001b[2J')
    expect(stdout).toContain('topic_missing   名前')
    expect(stderr).toContain('b\\u001b[2J (0=b\\u202e:1) is registered with ')
  })
})

test('diff shows on a terminal how far it is, after a second', async () => {
  const many = registration({ topics: names(100) })
  const a = await side({ requests: [many], instead: () => undefined })
  const b = await side({ requests: [many] })
  let nowMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 50))
  const { stderr } = await diff([a.address, b.address], { isTTY: true })
  expect(stderr.split('\r\x1b[K')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^compared \d+ of 100 topics$/),
      // The line is cleared before anything else is written.
      expect.stringMatching(/^no differences/),
    ]),
  )
  vi.restoreAllMocks()
})

test('diff compares what clients see if a NameServer still shows routes restored from its snapshot', async () => {
  const properties = { routeSnapshotPath: join(temporaryFolder(), 'snapshot') }
  const before = await startServer(properties)
  await (await before.connect()).request(registration())
  await before.controller.shutdown()
  const restarted = await side({ properties })
  const empty = await side({})
  const { code, items, stderr } = await json([restarted.address, empty.address])
  expect({ code, subjects: items.map(({ subject }) => subject) }).toEqual({
    code: 1,
    subjects: ['broker-a', 'TopicA', 'TopicB'],
  })
  expect(stderr).toContain(`${restarted.address} still shows routes restored from its snapshot\n`)
})
