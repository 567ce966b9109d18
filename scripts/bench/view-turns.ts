/**
 * How long the views and the metrics of a large cluster hold up the event loop, and with it every lookup:
 *
 *     npm run bench:views [-- TOPICS BROKERS]
 *
 * Prints for each view the longest turn of the event loop while it is served, the slowest of the lookups that a connection sends one after
 * the other meanwhile, and the time to the response. Each is the best of several rounds, because on a busy machine the minimum is the
 * steadiest. Before each round the routes change, so that nothing comes from a cache. The client that asks for the view, and the one
 * that looks topics up, are processes of their own. The first row has no view: it shows what the machine and the client contribute.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { NamesrvController } from '../../src/namesrv/namesrv-controller.ts'
import { systemClock, systemScheduler } from '../../src/namesrv/time.ts'
import { Code, jsonFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'

const ROUNDS = 5
const UNKNOWN = Number.POSITIVE_INFINITY
/** Broker groups that have each topic. */
const GROUPS_PER_TOPIC = 2

/** As long as most views take. */
const NO_VIEW_MS = 50
const NO_VIEW = `(${NO_VIEW_MS} ms without a view)`

const PATHS = [
  NO_VIEW,
  '/metrics',
  '/api/v1/status',
  '/api/v1/clusters',
  '/api/v1/brokers?limit=10000',
  '/api/v1/brokers/broker-7',
  '/api/v1/topics',
  '/api/v1/topics?limit=10000',
  '/api/v1/topics/topic-7',
  '/api/v1/topics/topic-7/route',
  '/api/v1/kv',
  '/api/v1/digest',
  '/api/v1/digest?buckets=true',
  '/api/v1/connections',
  '/api/v1/misses',
  '/api/v1/explain?topic=topic-7',
  '/api/v1/explain?topic=unknown',
  '/api/v1/explain?broker=broker-7',
  '/api/v1/config',
  '/api/v1/findings',
  '/api/v1/openapi.json',
]

/** What the client is told to do. */
type Task =
  | { readonly kind: 'connect'; readonly port: number }
  | ({ readonly kind: 'register' } & Registrations)
  | { readonly kind: 'ask'; readonly url: string }
  /** Lookups until the next task; it returns the slowest one in milliseconds. */
  | { readonly kind: 'look up'; readonly topics: number }
  | { readonly kind: 'end lookups' }

/** Registrations of the brokers from 0 to `last`, in a cluster of `brokers` groups and `topics` topics. */
interface Registrations {
  readonly topics: number
  readonly brokers: number
  readonly last: number
  /** Of the data version; the first topic of a broker has as many write queues. */
  readonly counter: number
}

async function register(
  connection: RpcConnection,
  { topics, brokers, last, counter }: Registrations,
): Promise<void> {
  for (let broker = 0; broker <= last; broker++) {
    const table: Record<string, object> = {}
    for (let first = broker; first < topics; first += brokers) {
      for (let topic = first; topic < first + GROUPS_PER_TOPIC && topic < topics; topic++) {
        const topicName = `topic-${topic}`
        table[topicName] = {
          topicName,
          perm: 6,
          readQueueNums: 8,
          writeQueueNums: 8,
          topicSysFlag: 0,
          order: false,
        }
      }
    }
    const changed = table[`topic-${broker}`]
    if (changed !== undefined) Object.assign(changed, { writeQueueNums: 1 + counter })
    const dataVersion = { counter, stateVersion: 0, timestamp: 1_700_000_000_000 }
    const body = {
      filterServerList: [],
      topicConfigSerializeWrapper: { dataVersion, topicConfigTable: table },
    }
    const extFields = {
      brokerName: `broker-${broker}`,
      brokerAddr: `10.1.${broker >> 8}.${broker & 255}:10911`,
      clusterName: `cluster-${broker % 5}`,
      brokerId: '0',
      haServerAddr: '',
    }
    const request = { code: Code.REGISTER_BROKER, extFields, body: Buffer.from(JSON.stringify(body)) }
    await connection.call(jsonFrame(request, { expectedCode: Code.SUCCESS, minBodyBytes: 0 }))
  }
}

/** A client process: it does one task after the other. */
function runClient(): void {
  let connection: RpcConnection | undefined
  let slowest: Promise<number> | undefined
  let isLookingUp = false
  process.on('message', async (task: Task) => {
    let result = 0
    if (task.kind === 'connect') connection = await RpcConnection.open(task.port)
    else if (task.kind === 'ask') result = await ask(task.url)
    else if (task.kind === 'end lookups') {
      isLookingUp = false
      result = (await slowest) ?? 0
    } else if (connection !== undefined && task.kind === 'register') await register(connection, task)
    else if (connection !== undefined && task.kind === 'look up') {
      isLookingUp = true
      slowest = slowestLookup(connection, task.topics, () => isLookingUp)
    }
    process.send?.(result)
  })
}

/** Looks topics up, one after the other. @returns Milliseconds of the slowest lookup. */
async function slowestLookup(
  connection: RpcConnection,
  topics: number,
  goesOn: () => boolean,
): Promise<number> {
  let slowestMs = 0
  for (let topic = 0; goesOn(); topic = (topic + 1) % topics) {
    const request = { code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: `topic-${topic}` } }
    const frame = jsonFrame(request, { expectedCode: Code.SUCCESS, minBodyBytes: 1 })
    const startMs = performance.now()
    await connection.call(frame)
    slowestMs = Math.max(slowestMs, performance.now() - startMs)
  }
  return slowestMs
}

/** @returns Bytes of the response. */
async function ask(url: string): Promise<number> {
  const response = await fetch(url)
  const body = await response.text()
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${body.slice(0, 200)}`)
  return body.length
}

/** Gives a client a task. @returns Its result. */
async function tell(client: ChildProcess, task: Task): Promise<number> {
  client.send(task)
  const [result] = await once(client, 'message')
  return result as number
}

/**
 * The longest turn of the event loop until a task is over, in milliseconds: of a turn's duration and its processor time the shorter
 * one, because the first has the time in which other processes ran, and the second that of threads that ran beside it.
 */
async function turnsOf<Result>(task: Promise<Result>) {
  let [longestMs, isOver] = [0, false]
  let [lastMs, lastCpuMs] = [performance.now(), cpuMs()]
  const watch = (): void => {
    const [nowMs, nowCpuMs] = [performance.now(), cpuMs()]
    longestMs = Math.max(longestMs, Math.min(nowMs - lastMs, nowCpuMs - lastCpuMs))
    lastMs = nowMs
    lastCpuMs = nowCpuMs
    if (!isOver) setImmediate(watch)
  }
  setImmediate(watch)
  const result = await task
  isOver = true
  return { longestMs, result }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function newClient(): ChildProcess {
  return fork(fileURLToPath(import.meta.url), ['client'], { execArgv: process.execArgv })
}

async function main(): Promise<void> {
  const [topics = 100_000, brokers = 500] = process.argv.slice(2).map(Number)
  // As the daemon does.
  setFlagsFromString('--heap-growing-percent=50')
  const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-views-'))
  const given = { listenPort: '0', bindAddress: '127.0.0.1', routeSnapshotPath: '' }
  const { configuration } = Configuration.resolve({
    args: Object.entries(given).map(([key, value]) => ({ key, value })),
    homeDirectory: folder,
    processors: 1,
  })
  const controller = new NamesrvController({
    configuration,
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    scheduler: systemScheduler,
    httpOnAnyPort: true,
  })
  const [client, lookups] = [newClient(), newClient()]
  try {
    const { port, httpPort } = await controller.start()
    for (const each of [client, lookups]) await tell(each, { kind: 'connect', port })
    await tell(client, { kind: 'register', topics, brokers, last: brokers - 1, counter: 0 })
    process.stdout.write(`${topics} topics, ${brokers} broker groups\n\n`)
    process.stdout.write(
      `${'path'.padEnd(32)}${['longest turn', 'slowest lookup', 'response', 'bytes'].map((each) => each.padStart(16)).join('')}\n`,
    )
    let counter = 0
    for (const path of PATHS) {
      const url = `http://127.0.0.1:${httpPort}${path}`
      const view = (): Promise<number> =>
        path === NO_VIEW ? delay(NO_VIEW_MS, 0) : tell(client, { kind: 'ask', url })
      let [turnMs, lookupMs, responseMs, bytes] = [UNKNOWN, UNKNOWN, UNKNOWN, 0]
      for (let round = 0; round < ROUNDS; round++) {
        await tell(client, { kind: 'register', topics, brokers, last: 0, counter: ++counter })
        const startMs = performance.now()
        const { longestMs, result } = await turnsOf(view())
        bytes = result
        responseMs = Math.min(responseMs, performance.now() - startMs)
        turnMs = Math.min(turnMs, longestMs)
        await tell(client, { kind: 'register', topics, brokers, last: 0, counter: ++counter })
        await tell(lookups, { kind: 'look up', topics })
        await view()
        lookupMs = Math.min(lookupMs, await tell(lookups, { kind: 'end lookups' }))
      }
      const columns = [turnMs, lookupMs, responseMs].map((ms) => `${ms.toFixed(1)} ms`)
      const row = [...columns, `${bytes}`].map((each) => each.padStart(16)).join('')
      process.stdout.write(`${path.padEnd(32)}${row}\n`)
    }
  } finally {
    client.kill()
    lookups.kill()
    await controller.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[2] === 'client') runClient()
else await main()
