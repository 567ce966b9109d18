import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { plantBroker } from '../inspect/view-world.ts'
import { RawClient } from '../support/raw-client.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { until } from './harness/wait-until.ts'

const KINDS = ['ours', 'Java 5.5.0', 'Java 4.9.7'] as const
const JAVA = ['Java 5.5.0', 'Java 4.9.7'] as const
type Kind = (typeof KINDS)[number]

const servers = {} as Record<Kind, NameServer>
const connections: RawClient[] = []

/**
 * Two groups: `Uneven` and `OnlyA` are on the master of broker-a, `Both` is on both groups, and broker-b has only a slave. Java needs a
 * connection of its own for each broker.
 */
beforeAll(async () => {
  const started = await Promise.all([
    startNameServer({ kind: 'ours' }),
    startNameServer({ kind: 'java', release: '5.5.0' }),
    startNameServer({ kind: 'java', release: '4.9.7' }),
  ])
  for (const [at, kind] of KINDS.entries()) {
    const server = started[at] as NameServer
    servers[kind] = server
    const connect = async (): Promise<RawClient> => {
      const client = await RawClient.connect(server.port)
      connections.push(client)
      return client
    }
    const uneven = { readQueueNums: 2 }
    const a = { name: 'broker-a', address: '127.0.0.1:10911' }
    await plantBroker(await connect(), a, { Uneven: uneven, OnlyA: {}, Both: {} })
    const b = { name: 'broker-b', address: '127.0.0.1:10921' }
    await plantBroker(await connect(), b, { Both: {}, Spare: {} })
    const c = { name: 'broker-c', address: '127.0.0.1:10931', id: 1 }
    await plantBroker(await connect(), c, { Both: {}, Spare: {} })
  }
})

afterAll(() => {
  for (const { socket } of connections) socket.destroy()
})

/** A command's exit code, its items, and what it says to people. */
async function cli(words: readonly string[], ...kinds: readonly Kind[]) {
  const addresses = kinds.map((kind) => servers[kind].address).join(';')
  const { code, stdout, stderr } = await runCli([...words, '-n', addresses, '-o', 'json'])
  const { items, errors } = JSON.parse(stdout) as {
    items: Record<string, unknown>[]
    errors: { code: string; message: string }[]
  }
  return { code, items, errors, stderr }
}

/** The exit code of `doctor`, and what it finds: the worst first, then by name. */
async function findings(kind: Kind): Promise<{ readonly code: number; readonly ids: readonly string[] }> {
  const { code, items } = await cli(['doctor'], kind)
  const order = ['critical', 'warning', 'info']
  const rank = (id: string): number => order.indexOf(id.split(' ')[0] ?? '')
  const ids = items.map(({ severity, rule, subject }) => `${severity} ${rule} ${subject}`)
  return { code, ids: ids.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)) }
}

const RELEASES: Readonly<Record<Kind, string>> = {
  ours: 'V5_5_0',
  'Java 5.5.0': 'V5_5_0',
  'Java 4.9.7': 'V4_9_7',
}

describe.each(KINDS)('of %s', (kind) => {
  test('status has the release, and the sizes of the tables', async () => {
    const { code, items } = await cli(['status'], kind)
    expect(code).toBe(0)
    expect(items).toMatchObject([
      { versionName: RELEASES[kind], tables: { clusters: 1, brokerGroups: 3, brokers: 3, topics: 4 } },
    ])
  })

  test('health is yes', async () => {
    expect(await cli(['health'], kind)).toMatchObject({ code: 0, items: [{ healthy: true }] })
  })

  test('doctor finds queues that are not read', async () => {
    const finding = 'warning read_write_queue_mismatch broker-a'
    // Ours evaluates its rules every five seconds.
    await until('it is found', async () => (await findings(kind)).ids.includes(finding))
    expect((await findings(kind)).code).toBe(1)
  })

  test('check --stop broker says which topics would lose their last queues', async () => {
    const { code, items } = await cli(['check', '--stop', 'broker', 'broker-a'], kind)
    expect(code).toBe(1)
    expect(items).toMatchObject([{ subject: 'broker-a', mayStop: false }])
    const [{ reasons = [] } = {}] = items as { reasons?: string[] }[]
    expect(reasons.map((reason) => reason.split(': ')[1]?.split(', ').sort())).toEqual([
      ['OnlyA', 'Uneven'],
      ['OnlyA', 'Uneven'],
    ])
    expect(await cli(['check', '--stop', 'broker', 'broker-c'], kind)).toMatchObject({ code: 0 })
    expect(await cli(['check', '--stop', 'broker', 'none'], kind)).toMatchObject({
      code: 1,
      errors: [
        {
          code: 'not_found',
          message: expect.stringMatching(/^no broker group "none" on 127\.0\.0\.1:/),
        },
      ],
    })
  })

  test('dump has its brokers, topics and queues', async () => {
    const { code, stdout } = await runCli(['dump', '-n', servers[kind].address])
    expect(code).toBe(0)
    const { items } = JSON.parse(stdout) as { items: [Record<string, Record<string, unknown>[]>] }
    const [{ brokers, topics, queues }] = items
    expect(brokers?.map(({ brokerName }) => brokerName).sort()).toEqual(['broker-a', 'broker-b', 'broker-c'])
    expect([...(topics ?? [])].sort()).toEqual(['Both', 'OnlyA', 'Spare', 'Uneven'])
    expect(queues?.find(({ topic }) => topic === 'Uneven')).toMatchObject({
      queues: [{ brokerName: 'broker-a', readQueueNums: 2, writeQueueNums: 4, perm: 6 }],
    })
  })
})

describe.each(JAVA)('of %s, which has no views,', (kind) => {
  test('doctor judges the lists and routes', async () => {
    expect((await findings(kind)).ids).toEqual([
      'critical missing_master_address broker-c',
      'warning read_write_queue_mismatch broker-a',
      'info single_broker_route broker-a',
      'info single_broker_route broker-b',
    ])
  })

  test.each([['events'], ['watch']])('%s says so in one line and ends with 1', async (word) => {
    const message = `${servers[kind].address} is not mqnamesrv: it cannot show this`
    expect(await cli([word], kind)).toMatchObject({
      code: 1,
      errors: [{ code: 'not_supported', message }],
      stderr: `mqnamesrv: ${message}\n`,
    })
  })

  test('top --once has its brokers', async () => {
    const argv = ['top', '--once', '-n', servers[kind].address]
    const { code, stdout } = await runCli(argv, { onPause: () => {} })
    expect(code).toBe(0)
    expect(stdout).toContain('not mqnamesrv')
    expect(stdout).toMatch(/\nBrokers \(3\)\n.*\nDefaultCluster {2}broker-a +0 {2}127\.0\.0\.1:10911/)
  })
})

describe('check --stop self', () => {
  test('is yes for a NameServer if another one, of any kind, has all that it has', async () => {
    expect(await cli(['check', '--stop', 'self'], 'ours', 'Java 4.9.7')).toMatchObject({ code: 0 })
    expect(await cli(['check', '--stop', 'self'], 'Java 5.5.0', 'ours')).toMatchObject({ code: 0 })
  })

  test('is no if all others lack a broker', async () => {
    const { address } = await startNameServer({ kind: 'java', release: '5.5.0' })
    const argv = ['check', '--stop', 'self', '-n', `${servers.ours.address};${address}`]
    const { code, stdout } = await runCli(argv)
    expect([code, stdout]).toEqual([1, expect.stringContaining(`${address} lacks 3 brokers (`)])
  })
})
