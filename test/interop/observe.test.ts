import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { RawClient } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { newHome } from './harness/work-folder.ts'

const PUT_KV_CONFIG = 100
const WIPE_WRITE_PERM = 205
const TOPICS = ['Compared', 'Ordered', 'Other']

/** Of different releases, so that their dialects differ, too. */
let a: NameServer
let b: NameServer
const sockets: RawClient[] = []
const interrupts = new AbortController()
let running: ReturnType<typeof runCli>
let url = ''

/** A registration at one NameServer that lasts as long as its connection. */
async function register(at: NameServer, broker: Parameters<typeof registration>[0]): Promise<void> {
  const client = await RawClient.connect(at.port)
  sockets.push(client)
  await client.request(registration({ topics: TOPICS, ...broker }))
}

async function view<Value>(path: string, of?: NameServer): Promise<Value> {
  const prefix = of === undefined ? '' : `/namesrv/${of.address}`
  return (await (await fetch(`${url}${prefix}/api/v1/${path}`)).json()) as Value
}

beforeAll(async () => {
  ;[a, b] = await Promise.all([
    startNameServer({ kind: 'java', release: '5.5.0' }),
    startNameServer({ kind: 'java', release: '4.9.7' }),
  ])
  for (const each of [a, b]) {
    await register(each, { name: 'broker-a', address: '10.0.0.1:10911' })
    await register(each, { name: 'broker-b', address: '10.0.0.2:10911' })
  }
  // The differences: a broker and its topic only at one, a wiped permission and an order configuration at the other.
  await register(a, { name: 'broker-c', address: '10.0.0.3:10911', topics: ['OnlyHere', 'Other'] })
  await ask(b.address, WIPE_WRITE_PERM, { brokerName: 'broker-b' })
  await ask(b.address, PUT_KV_CONFIG, {
    namespace: 'ORDER_TOPIC_CONFIG',
    key: 'Ordered',
    value: 'broker-a:4',
  })
  const { logFile: logPath } = newHome('observe')
  running = runCli(
    ['observe', '-n', `${a.address};${b.address}`, '--listen', '127.0.0.1:0', '--interval', '1s'],
    { env: { MQNAMESRV_LOG_PATH: logPath }, interrupts: interrupts.signal },
  )
  url = await until('it serves', () => /"page":"(http:[^"]*)\/"/.exec(readFileSync(logPath, 'utf8'))?.[1])
})

afterAll(async () => {
  interrupts.abort()
  await running
  for (const { socket } of sockets) socket.destroy()
})

interface Peers {
  readonly peers: readonly {
    readonly verdict: string
    readonly differences: readonly {
      readonly kind: string
      readonly subject: string
      readonly here: string | null
      readonly there: string | null
    }[]
  }[]
}

describe('mqnamesrv observe over NameServers of Java 5.5.0 and 4.9.7', () => {
  test('finds the differences between them, and no others', async () => {
    const expected = [
      'broker_missing broker-c: 0=10.0.0.3:10911 null',
      'kv ORDER_TOPIC_CONFIG/Ordered: null broker-a:4',
      'permission Compared on broker-b: 6 4',
      'permission Ordered on broker-b: 6 4',
      'permission Other on broker-b: 6 4',
      'queues Other on broker-c: 4 read, 4 write null',
      'topic_missing OnlyHere: on broker-c null',
    ]
    const found = async () => {
      const { peers } = await view<Peers>('peers')
      const all = peers.flatMap(({ differences }) => differences)
      return all.map(({ kind, subject, here, there }) => `${kind} ${subject}: ${here} ${there}`).sort()
    }
    await expect.poll(found).toEqual(expected)
  })

  test('shows of each what it has, with the age, and no heartbeats', async () => {
    const brokers = await view<{ observed: object; brokers: object[] }>('brokers', b)
    expect(brokers).toMatchObject({
      observed: { namesrv: b.address, version: 'V4_9_7', ageMs: expect.any(Number), reason: null },
      brokers: [
        {
          brokerName: 'broker-a',
          members: [{ address: '10.0.0.1:10911', state: 'unknown', heartbeatAgeMs: null }],
        },
        { brokerName: 'broker-b' },
      ],
    })
    expect(await view('topics/OnlyHere/route')).toMatchObject({ observed: { version: 'V5_5_0' } })
    const rules = async () => {
      const { findings } = await view<{ findings: { rule: string; subject: string }[] }>('findings', b)
      return findings.map(({ rule, subject }) => `${rule} ${subject}`)
    }
    await expect.poll(rules).toContain('permission_not_writable broker-b')
  })
})

describe('mqnamesrv cluster snapshot', () => {
  test.each([
    ['5.5.0', () => a],
    ['4.9.7', () => b],
  ])('lets a first start serve the brokers and routes of a NameServer of Java %s', async (_, of) => {
    const routeSnapshotPath = join(temporaryFolder(), 'routes.snapshot')
    const { address } = of()
    expect(await runCli(['cluster', 'snapshot', routeSnapshotPath, '-n', address])).toMatchObject({ code: 0 })
    const { port } = await startServer({ routeSnapshotPath })
    const { code, stderr } = await runCli(['diff', address, `127.0.0.1:${port}`, '--topics', '.'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('no differences between') })
    expect(stderr).toContain('still shows routes restored from its snapshot')
  })
})
