/** The benchmark itself: starts, warms and measures the servers in turn, and returns every figure. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  DISTURBED_CPU_SHARE,
  type LoadResult,
  median,
  runLoad,
  type Summary,
  summarize,
  type Window,
} from './measure.ts'
import { memoryMib } from './processes.ts'
import { writeFramesFile } from './request-frames.ts'
import { type Server, type ServerName, startJava, startLimit, startOurs } from './servers.ts'
import type { Binaries } from './tools.ts'
import type { Fixture, Workload } from './workloads.ts'

export interface BenchOptions {
  /** Folder with the built daemon; needed when `servers` has `ours`. */
  readonly app: string
  readonly workDir: string
  readonly binaries: Binaries
  /** Folder with the jars; needed when `servers` has `java`. */
  readonly javaLib: string
  readonly javaOptions: readonly string[]
  readonly servers: readonly ServerName[]
  readonly workloads: readonly Workload[]
  readonly rounds: number
  /** How often a disturbed window is measured again at most. */
  readonly retries: number
  readonly starts: number
  readonly window: Window
  /** Load on each NameServer before the first round, seconds, shared between the rows. */
  readonly warmupSeconds: number
  readonly log: (line: string) => void
}

/** Start-up and memory of one NameServer. Memory in MiB. */
export interface Footprint {
  readonly firstAnswerMs: readonly number[]
  readonly medianFirstAnswerMs: number
  /** Two seconds after the first answer, no routes held; the median over the starts. */
  readonly idleRssMib: number
  readonly afterLoadRssMib: number
  readonly peakRssMib: number
}

export interface Row {
  readonly workload: Workload
  readonly runs: Readonly<Partial<Record<ServerName, readonly LoadResult[]>>>
  readonly summary: Readonly<Partial<Record<ServerName, Summary>>>
}

export interface BenchResult {
  readonly footprints: Readonly<Partial<Record<ServerName, Footprint>>>
  readonly rows: readonly Row[]
}

const IDLE_SETTLE_MS = 2_000
const RETRY_PAUSE_MS = 3_000
const nameServers: readonly ServerName[] = ['ours', 'java']

/** Runs everything. Rejects at the first wrong answer, with what was wrong; figures of such a run would mean nothing. */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const selected = nameServers.filter((name) => options.servers.includes(name))
  const starts = await measureStarts(options, selected)

  const servers = new Map<ServerName, Server>()
  const fixtures: Fixture[] = []
  try {
    for (const name of selected) {
      options.log(`${name}: start, set up, warm up for ${options.warmupSeconds} s`)
      const server = await start(options, name)
      servers.set(name, server)
      fixtures.push(...(await setUp(options.workloads, server)))
      await warmUp(options, name, server)
    }
    const rows: Row[] = []
    for (const workload of options.workloads) rows.push(await measureRow(options, workload, servers))
    for (const fixture of fixtures) await fixture.check()
    return { footprints: footprints(starts, servers), rows }
  } finally {
    for (const fixture of fixtures) fixture.stop()
    for (const server of servers.values()) await server.stop()
  }
}

function start(options: BenchOptions, name: ServerName): Promise<Server> {
  if (name === 'java') return startJava(options.javaLib, options.javaOptions, options.workDir)
  return startOurs(options.app, options.workDir)
}

interface Starts {
  readonly firstAnswerMs: number[]
  readonly idleRssMib: number[]
}

async function measureStarts(
  options: BenchOptions,
  names: readonly ServerName[],
): Promise<Map<ServerName, Starts>> {
  const starts = new Map(names.map((name) => [name, { firstAnswerMs: [], idleRssMib: [] } as Starts]))
  for (let i = 0; i < options.starts; i++) {
    for (const [name, figures] of starts) {
      const server = await start(options, name)
      await delay(IDLE_SETTLE_MS)
      figures.firstAnswerMs.push(server.firstAnswerMs)
      figures.idleRssMib.push(memoryMib(server.pid).rss)
      await server.stop()
      options.log(`${name}: first answer after ${Math.round(server.firstAnswerMs)} ms`)
    }
  }
  return starts
}

function footprints(
  starts: Map<ServerName, Starts>,
  servers: Map<ServerName, Server>,
): Partial<Record<ServerName, Footprint>> {
  const result: Partial<Record<ServerName, Footprint>> = {}
  for (const [name, { firstAnswerMs, idleRssMib }] of starts) {
    const server = servers.get(name)
    if (server === undefined || firstAnswerMs.length === 0) continue
    const memory = memoryMib(server.pid)
    result[name] = {
      firstAnswerMs,
      medianFirstAnswerMs: median(firstAnswerMs),
      idleRssMib: median(idleRssMib),
      afterLoadRssMib: memory.rss,
      peakRssMib: memory.peakRss,
    }
  }
  return result
}

async function setUp(workloads: readonly Workload[], server: Server): Promise<Fixture[]> {
  const fixtures: Fixture[] = []
  for (const setup of new Set(workloads.flatMap((workload) => workload.setup ?? []))) {
    const fixture = await setup(server.port)
    fixtures.push(fixture)
    await fixture.check()
  }
  return fixtures
}

/** Every row in turn, so that what a virtual machine compiles is what the rows will use. */
async function warmUp(options: BenchOptions, name: ServerName, server: Server): Promise<void> {
  const window = { seconds: options.warmupSeconds / options.workloads.length, warmupSeconds: 0 }
  for (const workload of options.workloads) await measureOnce(options, workload, name, server, window)
}

/** The servers take turns, and the turns change with the round, so that none always follows the same other. */
async function measureRow(
  options: BenchOptions,
  workload: Workload,
  nameServersUp: Map<ServerName, Server>,
): Promise<Row> {
  const servers = new Map<ServerName, Server>()
  let limit: Server | undefined
  try {
    if (options.servers.includes('limit')) {
      limit = await startLimit(options.binaries.limit, workload.limitAnswer, options.workDir)
      servers.set('limit', limit)
    }
    for (const [name, server] of nameServersUp) servers.set(name, server)
    const runs: Partial<Record<ServerName, LoadResult[]>> = {}
    for (let round = 0; round < options.rounds; round++) {
      const turns = [...servers]
      for (const [name, server] of round % 2 === 0 ? turns : turns.reverse()) {
        const result = await measureUndisturbed(options, workload, name, server)
        const soFar = runs[name] ?? []
        runs[name] = [...soFar, result]
        options.log(`${workload.name} round ${round + 1}, ${name}: ${Math.round(result.perSecond)} a second`)
      }
    }
    const summary: Partial<Record<ServerName, Summary>> = {}
    for (const [name, results] of Object.entries(runs)) summary[name as ServerName] = summarize(results)
    return { workload, runs, summary }
  } finally {
    await limit?.stop()
  }
}

/**
 * Measures again, while retries are left, when something else was using the machine; returns the least disturbed run. What is
 * looked at is the disturbance alone, never the server's figures.
 */
async function measureUndisturbed(
  options: BenchOptions,
  workload: Workload,
  name: ServerName,
  server: Server,
): Promise<LoadResult> {
  let best = await measureOnce(options, workload, name, server, options.window)
  for (let retry = 0; retry < options.retries && best.otherCpuShare > DISTURBED_CPU_SHARE; retry++) {
    options.log(
      `${workload.name}, ${name}: others took ${Math.round(best.otherCpuShare * 100)} % of a core, again`,
    )
    await delay(RETRY_PAUSE_MS)
    const result = await measureOnce(options, workload, name, server, options.window)
    if (result.otherCpuShare < best.otherCpuShare) best = result
  }
  return best
}

async function measureOnce(
  options: BenchOptions,
  workload: Workload,
  name: ServerName,
  server: Server,
  window: Window,
): Promise<LoadResult> {
  const framesFile = join(options.workDir, 'frames')
  writeFramesFile(framesFile, workload.frames)
  try {
    return await runLoad(options.binaries.load, framesFile, workload, server, window)
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`)
  }
}
