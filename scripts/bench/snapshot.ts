/**
 * What the route snapshot costs: how long it holds the event loop, takes to write and to load, and how soon a daemon that was
 * restarted with one answers.
 *
 *     npx tsx scripts/bench/snapshot.ts [TOPICS [BROKERS]]
 *
 * Each of the brokers, masters of groups of their own, has all of the topics. The daemon is the one in `dist`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { Configuration } from '../../src/namesrv/config/configuration.ts'
import { RouteSnapshots } from '../../src/namesrv/files/route-snapshots.ts'
import { createNamesrvContext } from '../../src/namesrv/namesrv-context.ts'
import { systemClock, systemScheduler } from '../../src/namesrv/time.ts'
import { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { freePort } from '../support/ports.ts'
import { jsonFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'

const ROUNDS = 5
const [topics = 100_000, brokers = 2] = process.argv.slice(2).map(Number)
const folder = mkdtempSync(join(tmpdir(), 'mqnamesrv-snapshot-'))
const path = join(folder, 'routes.snapshot')
const owner = { closed: false }
const topicOf = (index: number): string => `BenchTopic-${String(index).padStart(5, '0')}`

function manager(): { routeInfo: RouteInfoManager; snapshots: RouteSnapshots } {
  const { configuration } = Configuration.resolve({
    args: [{ key: 'routeSnapshotPath', value: path }],
    homeDirectory: folder,
    processors: 2,
  })
  const context = createNamesrvContext({
    configuration,
    clock: systemClock,
    scheduler: systemScheduler,
    logger: pino({ level: 'warn' }),
  })
  const routeInfo = new RouteInfoManager({ slicer: context.slicer, onEvent: () => {} })
  return { routeInfo, snapshots: new RouteSnapshots(context, routeInfo) }
}

async function register(routeInfo: RouteInfoManager, broker: number): Promise<void> {
  const config = { perm: 6, topicSysFlag: 0 }
  const names = Array.from({ length: topics }, (_, index) => topicOf(index))
  const queues = names.map((_, index) => {
    const count = 4 + (index % 13)
    return { readQueueNums: count, writeQueueNums: count, ...config }
  })
  await routeInfo.registerBroker(
    {
      clusterName: 'BenchCluster',
      brokerName: `bench-broker-${broker}`,
      brokerId: 0n,
      brokerAddr: `10.1.0.${broker}:10911`,
      haServerAddr: `10.1.0.${broker}:10912`,
      zoneName: null,
      heartbeatTimeoutMs: null,
      enableActingMaster: false,
      channelId: broker + 1,
      owner: `10.1.0.${broker}`,
      isLoopback: false,
      peer: `10.1.0.${broker}:40000`,
      nowMs: systemClock.nowMs(),
      generation: routeInfo.queue.nextGeneration(),
      dataVersion: { counter: 1n, stateVersion: 0n, timestamp: 1n },
      topicConfigTable: { keys: names, names, queues },
      topicQueueMappingInfoMap: new Map(),
      filterServerList: [],
    },
    false,
    owner,
  )
}

/** Processor time of this process. On a busy machine it tells more than the clock. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

interface Watched {
  readonly turnMs: number
  readonly turnCpuMs: number
  readonly ms: number
}

/** Longest time between two turns of the event loop while some work is done, by the clock and by the processor. */
async function watched(work: () => Promise<void>): Promise<Watched> {
  let [turnMs, turnCpuMs] = [0, 0]
  let [lastMs, lastCpuMs] = [performance.now(), cpuMs()]
  let isOver = false
  const turn = (): void => {
    const [nowMs, nowCpuMs] = [performance.now(), cpuMs()]
    turnMs = Math.max(turnMs, nowMs - lastMs)
    turnCpuMs = Math.max(turnCpuMs, nowCpuMs - lastCpuMs)
    lastMs = nowMs
    lastCpuMs = nowCpuMs
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  const startMs = performance.now()
  await work()
  const ms = performance.now() - startMs
  await delay(20)
  isOver = true
  return { turnMs, turnCpuMs, ms }
}

/** Milliseconds from the spawn of a daemon to its first response, which is the route of the last topic. */
async function firstAnswerMs(): Promise<number> {
  const port = await freePort()
  const frame = jsonFrame(
    { code: 105, extFields: { topic: topicOf(topics - 1) } },
    { expectedCode: 0, minBodyBytes: 1 },
  )
  const startMs = performance.now()
  const daemon = spawn(
    process.execPath,
    [
      'bin/mqnamesrv',
      '--bindAddress=127.0.0.1',
      `--listenPort=${port}`,
      '--httpListenPort=0',
      // Its other files must not be those of the user who runs this.
      `--user.home=${folder}`,
      `--routeSnapshotPath=${path}`,
    ],
    { stdio: 'ignore', env: { ...process.env, NODE_ENV: 'production' } },
  )
  const ended = once(daemon, 'exit')
  try {
    for (;;) {
      const connection = await RpcConnection.open(port).catch(() => undefined)
      if (connection !== undefined) {
        await connection.call(frame)
        connection.close()
        return performance.now() - startMs
      }
      if (performance.now() - startMs > 60_000) throw new Error('the daemon did not come up')
      await delay(2)
    }
  } finally {
    daemon.kill('SIGKILL')
    await ended
  }
}

function report(what: string, figures: readonly number[], unit = 'ms'): void {
  const sorted = [...figures].sort((a, b) => a - b)
  const [min = 0, median = 0, max = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)]
  const text = [min, median, max].map((figure) => figure.toFixed(1).padStart(9)).join('')
  process.stdout.write(`${what.padEnd(44)}${text} ${unit}\n`)
}

try {
  const { routeInfo, snapshots } = manager()
  for (let broker = 0; broker < brokers; broker++) await register(routeInfo, broker)
  const title = `${topics} topics on ${brokers} brokers`
  process.stdout.write(`${title.padEnd(44)}      min   median      max\n`)

  const idle = await watched(() => delay(300))
  const writes: Watched[] = []
  const takes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // A change, so that there is something to write.
    await routeInfo.deleteTopic(topicOf(round), null, owner)
    const before = performance.now()
    await routeInfo.snapshot(systemClock.nowMs())
    takes.push(performance.now() - before)
    writes.push(await watched(() => snapshots.save()))
  }
  report('longest turn of an idle loop', [idle.turnMs])
  report('  in processor time', [idle.turnCpuMs])
  report('to take a snapshot, in one turn', takes)
  report(
    'longest turn while one is written',
    writes.map(({ turnMs }) => turnMs),
  )
  report(
    '  in processor time',
    writes.map(({ turnCpuMs }) => turnCpuMs),
  )
  report(
    'to write it',
    writes.map(({ ms }) => ms),
  )
  report('its size', [statSync(path).size / 1_048_576], 'MiB')
  const loads: number[] = []
  const loadCpus: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [before, cpuBefore] = [performance.now(), cpuMs()]
    manager().snapshots.load()
    loads.push(performance.now() - before)
    loadCpus.push(cpuMs() - cpuBefore)
  }
  report('to load it', loads)
  report('  in processor time', loadCpus)
  const answers: number[] = []
  for (let round = 0; round < ROUNDS; round++) answers.push(await firstAnswerMs())
  report('from spawn to the first route answered', answers)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
