/**
 * What a server keeps in memory for its views, beside its routes:
 *
 *     npm run bench:memory [-- CHECKOUT…]
 *
 * Prints the memory of a server with 100,000 topics on two brokers each, after it has had all that its history, its events and its other
 * limited lists can hold: with the HTTP port and every view asked for once, without the HTTP port, and the same of other checkouts. Then
 * the memory of each of those lists, full. The heap is measured after garbage collections.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { takeCensus } from '../../src/inspect/connections/census.ts'
import { RouteHistory } from '../../src/inspect/history/route-history.ts'
import { TopicTally } from '../../src/routeinfo/route-changes.ts'
import { RouteDigest } from '../../src/routeinfo/route-digest.ts'
import { ClosedConnections, type OpenConnection } from '../../src/stats/connections.ts'
import { LockDurations } from '../../src/stats/durations.ts'
import { RecentEvents } from '../../src/stats/recent-events.ts'
import { TopicMisses } from '../../src/stats/topic-misses.ts'
import { Code, jsonFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'

const TOPICS = 100_000
/** Enough that nothing more fits: broker names that come and go, with topics of their own; topics looked up; connections. */
const PASSING_BROKERS = 1_100
const PASSING_ROUNDS = 8
const MISSES = 100
const CLIENTS = 4
const CONNECTIONS = 1_100
/** Of each part, to measure one. */
const COPIES = 8

/** What a server of a checkout is made of. */
type Parts = typeof import('../../src/namesrv/config/configuration.ts') &
  typeof import('../../src/namesrv/namesrv-controller.ts') &
  typeof import('../../src/namesrv/time.ts')

interface Memory {
  readonly rss: number
  readonly heapUsed: number
}

/** Starts a server of a checkout in this process. It sends its ports, and its memory when it is told anything. */
async function runServer(checkout: string, withHttp: boolean): Promise<void> {
  // As the daemon does.
  setFlagsFromString('--heap-growing-percent=50')
  const files = ['config/configuration.ts', 'namesrv-controller.ts', 'time.ts']
  const modules = files.map((file) => import(join(checkout, 'src', 'namesrv', file)))
  const { Configuration, NamesrvController, systemClock, systemScheduler } = Object.assign(
    {},
    ...(await Promise.all(modules)),
  ) as Parts
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-memory-'))
  const given = { listenPort: '0', bindAddress: '127.0.0.1', routeSnapshotPath: '' }
  // Older checkouts do not know the key.
  const own = withHttp || checkout !== process.cwd() ? {} : { httpListenPort: '0' }
  const { configuration } = Configuration.resolve({
    args: Object.entries({ ...given, ...own }).map(([key, value]) => ({ key, value })),
    homeDirectory: folder,
    processors: 1,
  })
  const controller = new NamesrvController({
    configuration,
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    scheduler: systemScheduler,
    httpOnAnyPort: withHttp,
  })
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  process.on('message', async () => {
    const heapUsed = await usedHeap()
    process.send?.({ rss: process.memoryUsage.rss(), heapUsed })
  })
  const { port, httpPort } = await controller.start()
  process.send?.({ port, httpPort })
}

/** Bytes of the heap after garbage collections. */
async function usedHeap(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 4; round++) {
    collect()
    // What finalizers release is collected in the next round.
    await new Promise((done) => setImmediate(done))
  }
  return process.memoryUsage().heapUsed
}

async function memoryOf(checkout: string, withHttp: boolean): Promise<Memory> {
  const server = fork(import.meta.filename, ['server', checkout, withHttp ? 'http' : ''], {
    execArgv: process.execArgv,
  })
  try {
    const { port, httpPort } = await answerOf<{ readonly port: number; readonly httpPort?: number }>(server)
    await fill(port)
    if (httpPort !== undefined) await askEverything(`http://127.0.0.1:${httpPort}`)
    server.send('measure')
    return await answerOf<Memory>(server)
  } finally {
    server.kill()
  }
}

async function answerOf<Answer>(server: ChildProcess): Promise<Answer> {
  const [answer] = await once(server, 'message')
  return answer as Answer
}

/** Gives a server its routes, and all that its lists can hold. */
async function fill(port: number): Promise<void> {
  const passing = await RpcConnection.open(port)
  for (let round = 0; round < PASSING_ROUNDS; round++) {
    for (let broker = 0; broker < PASSING_BROKERS; broker++) {
      const name = `passing-broker-${broker}`
      const topics = Array.from({ length: 8 }, (_, topic) => `${name}-topic-${round}-${topic}`)
      await register(passing, name, topics)
      const extFields = identityOf(name)
      await passing.call(jsonFrame({ code: UNREGISTER_BROKER, extFields }, SUCCESS))
    }
  }
  // Last, because each removal walks all topics.
  const brokers = await Promise.all([0, 1].map(() => RpcConnection.open(port)))
  const names = Array.from({ length: TOPICS }, (_, topic) => `topic-${topic}`)
  for (const [number, connection] of brokers.entries()) await register(connection, `broker-${number}`, names)
  for (let client = 0; client < CLIENTS; client++) {
    const connection = await RpcConnection.open(port)
    for (let topic = 0; topic < MISSES; topic++)
      await connection.call(
        jsonFrame(
          { code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: `missing-${topic}` } },
          { expectedCode: Code.TOPIC_NOT_EXIST, minBodyBytes: 0 },
        ),
      )
    connection.close()
  }
  for (let number = 0; number < CONNECTIONS; number++) (await RpcConnection.open(port)).close()
  // If the brokers had expired meanwhile, there would be nothing to measure.
  await passing.call(
    jsonFrame({ code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: 'topic-7' } }, SUCCESS),
  )
}

const UNREGISTER_BROKER = 104
const SUCCESS = { expectedCode: Code.SUCCESS, minBodyBytes: 0 }

async function register(
  connection: RpcConnection,
  brokerName: string,
  names: readonly string[],
): Promise<void> {
  const queues = { perm: 6, readQueueNums: 8, writeQueueNums: 8, topicSysFlag: 0, order: false }
  const topicConfigTable = Object.fromEntries(names.map((topicName) => [topicName, { topicName, ...queues }]))
  const dataVersion = { counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 }
  const body = { filterServerList: [], topicConfigSerializeWrapper: { dataVersion, topicConfigTable } }
  const extFields = { ...identityOf(brokerName), haServerAddr: '' }
  const request = { code: Code.REGISTER_BROKER, extFields, body: Buffer.from(JSON.stringify(body)) }
  await connection.call(jsonFrame(request, SUCCESS))
}

function identityOf(brokerName: string) {
  return { brokerName, brokerAddr: `${brokerName}:10911`, clusterName: 'cluster', brokerId: '0' }
}

async function askEverything(url: string): Promise<void> {
  const text = async (path: string): Promise<string> => {
    const response = await fetch(`${url}${path}`)
    return response.text()
  }
  const { paths } = JSON.parse(await text('/api/v1/openapi.json')) as { paths: Record<string, unknown> }
  for (const path of Object.keys(paths)) {
    if (path === '/api/v1/watch') continue
    await text(path.replace('/brokers/{name}', '/brokers/broker-0').replace('{topic}', 'topic-7'))
  }
  for (const query of ['topic=topic-7', 'topic=missing-7', 'broker=broker-1'])
    await text(`/api/v1/explain?${query}`)
  await text('/metrics')
}

/** Each limited list, full; `make` returns what is kept. */
const PARTS: readonly { readonly name: string; readonly make: () => unknown }[] = [
  { name: 'events: 4,096', make: fullEvents },
  { name: 'history: 1,024 brokers with 8 departures, 4,096 removed topics', make: fullHistory },
  { name: 'misses: 64 topics with 4 clients', make: fullMisses },
  { name: 'closed connections: 1,024', make: fullConnections },
  { name: 'census: 10,000 connections of 64 kinds', make: fullCensus },
  { name: `digest: ${TOPICS.toLocaleString('en')} topics on two brokers`, make: fullDigest },
  { name: 'durations of the lock', make: () => new LockDurations() },
]

function fullEvents(): RecentEvents {
  const events = new RecentEvents()
  for (let number = 0; number < 8_192; number++)
    events.add(
      'broker_registered',
      `passing-broker-${number}`,
      `at 10.1.${number >> 8}.${number & 255}:10911`,
    )
  return events
}

function fullHistory(): RouteHistory {
  const history = new RouteHistory(() => 0)
  for (let round = 0; round < PASSING_ROUNDS; round++) {
    for (let number = 0; number < PASSING_BROKERS; number++) {
      const broker = { ...identityOf(`passing-broker-${number}`), brokerId: 0n }
      const topicChanges = new TopicTally()
      for (let topic = 0; topic < 8; topic++) topicChanges.add('deleted', `topic-${round}-${number}-${topic}`)
      const peer = `10.1.0.1:${number}`
      history.onRouteEvent({
        kind: 'broker registered',
        broker,
        peer,
        haServerAddr: null,
        topics: 8,
        channelId: 1,
      })
      history.onRouteEvent({ kind: 'broker unregistered', broker, peer, reason: 'request', topicChanges })
      history.onTopicDeleted(`topic-${number}`, { by: peer, clusterName: undefined, brokers: 1 })
      history.onRegistrationRejected({ ...broker, by: peer, limit: 'maxTopics', reason: 'maxTopics reached' })
    }
  }
  return history
}

function fullMisses(): TopicMisses {
  const misses = new TopicMisses(64)
  for (let number = 0; number < MISSES * CLIENTS; number++) {
    const address = `10.1.0.${number % CLIENTS}:${40_000 + number}`
    misses.add(`missing-${Math.floor(number / CLIENTS)}`, () => ({ address, language: 'JAVA', version: 513 }))
  }
  return misses
}

function openConnection(id: number): OpenConnection {
  return {
    id,
    remoteAddress: `10.1.0.1:${id}`,
    openedMs: id,
    kind: 'client',
    language: 'JAVA',
    version: id % 64,
    tls: null,
    proxied: false,
    requests: 1,
    bytesIn: 1,
    bytesOut: 1,
    lastActivityMs: id,
    state: 'open',
  }
}

function fullConnections(): ClosedConnections {
  const closed = new ClosedConnections()
  for (let id = 0; id < 2_048; id++)
    closed.add(
      openConnection(id),
      { cause: 'socket_error', code: 'ECONNRESET', detail: `read ECONNRESET ${id}` },
      id,
    )
  return closed
}

function fullCensus(): unknown {
  const steps = takeCensus(Array.from({ length: 10_000 }, (_, id) => openConnection(id)))
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

function fullDigest(): RouteDigest {
  const digest = new RouteDigest()
  for (let number = 0; number < TOPICS * 2; number++) {
    const brokerName = `broker-${number % 2}`
    const queues = { brokerName, perm: 6, readQueueNums: 8, writeQueueNums: 8, topicSysFlag: 0 }
    digest.changeQueues(`topic-${number >> 1}`, undefined, queues)
  }
  digest.commit()
  return digest
}

/** Of many, because other parts of the heap also change a little. */
async function partBytes(make: () => unknown): Promise<number> {
  // The first one also brings code into the heap.
  make()
  const before = await usedHeap()
  const kept = Array.from({ length: COPIES }, make)
  const after = await usedHeap()
  return (after - before) / kept.length
}

async function main(): Promise<void> {
  const own = process.cwd()
  const servers = [
    { name: 'this checkout', checkout: own, withHttp: true },
    { name: 'this checkout, httpListenPort=0', checkout: own, withHttp: false },
    ...process.argv
      .slice(2)
      .map((checkout) => ({ name: checkout, checkout: resolve(checkout), withHttp: false })),
  ]
  const columns = (texts: readonly string[]): string => texts.map((text) => text.padStart(14)).join('')
  process.stdout.write(`${''.padEnd(64)}${columns(['RSS MiB', 'heap MiB'])}\n`)
  for (const { name, checkout, withHttp } of servers) {
    const { rss, heapUsed } = await memoryOf(checkout, withHttp)
    const mebibytes = [rss, heapUsed].map((bytes) => (bytes / 1024 ** 2).toFixed(1))
    process.stdout.write(`${name.padEnd(64)}${columns(mebibytes)}\n`)
  }
  process.stdout.write(`\n${''.padEnd(64)}${columns(['heap KiB'])}\n`)
  for (const { name, make } of PARTS)
    process.stdout.write(`${name.padEnd(64)}${columns([((await partBytes(make)) / 1024).toFixed(0)])}\n`)
}

const [role, checkout = '', http] = process.argv.slice(2)
if (role === 'server') await runServer(checkout, http === 'http')
else await main()
