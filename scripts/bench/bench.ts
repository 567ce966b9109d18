/** The benchmark itself: starts, warms and measures the servers in turn, and returns every figure. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  DISTURBED_CPU_SHARE,
  type FiledLoad,
  median,
  type RowResult,
  runLoad,
  type Summary,
  summarize,
  type Window,
} from './measure.ts'
import { memoryMib } from './processes.ts'
import { writeFramesFile } from './request-frames.ts'
import {
  type Server,
  type ServerName,
  startJava,
  startLimit,
  startNodeLimit,
  startOurs,
  startRust,
} from './servers.ts'
import type { Binaries } from './tools.ts'
import type { Fixture, Load, Workload, World } from './workloads.ts'

export interface BenchOptions {
  /** Folder with the built daemon; needed when `servers` has `ours`. */
  readonly app: string
  readonly workDir: string
  readonly binaries: Binaries
  /** Folder with the jars; needed when `servers` has `java`. */
  readonly javaLib: string
  readonly javaOptions: readonly string[]
  /** The peer in Rust; needed when `servers` has `rust`. */
  readonly rustBinary: string
  readonly servers: readonly ServerName[]
  readonly worlds: readonly World[]
  readonly rounds: number
  /** How often a disturbed window is measured again at most. */
  readonly retries: number
  readonly starts: number
  /** Whether ours has an HTTP port, and its metrics are read once a second. */
  readonly isScraped: boolean
  readonly window: Window
  /** Load on each NameServer before the first round of a world, seconds, shared between its rows. */
  readonly warmupSeconds: number
  readonly log: (line: string) => void
}

/** Start-up and memory of one NameServer that holds nothing. Memory in MiB. */
export interface Footprint {
  readonly firstAnswerMs: readonly number[]
  readonly medianFirstAnswerMs: number
  /** Two seconds after the first response; the median over the starts. */
  readonly idleRssMib: number
}

/** Memory of one NameServer in a world, MiB. */
export interface WorldMemory {
  /** Two seconds after everything was registered, before any load. */
  readonly registeredRssMib: number
  /** After all rows of the world. */
  readonly afterLoadRssMib: number
  readonly peakRssMib: number
}

export interface Row {
  readonly workload: Workload
  readonly runs: Readonly<Partial<Record<ServerName, readonly RowResult[]>>>
  readonly summary: Readonly<Partial<Record<ServerName, Summary>>>
}

export interface WorldResult {
  readonly title: string
  readonly rows: readonly Row[]
  readonly memory: Readonly<Partial<Record<ServerName, WorldMemory>>>
}

export interface BenchResult {
  readonly footprints: Readonly<Partial<Record<ServerName, Footprint>>>
  readonly worlds: readonly WorldResult[]
}

const SETTLE_MS = 2_000
const RETRY_PAUSE_MS = 3_000
/** Into the window, so that what happens meanwhile has a before and, mostly, an after. */
const DURING_AFTER_MS = 1_000
const BACKGROUND_EXTRA_SECONDS = 2
const nameServers: readonly ServerName[] = ['ours', 'open', 'java', 'rust']

/** Runs everything. Rejects at the first wrong response, with what was wrong; figures of such a run would mean nothing. */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const selected = nameServers.filter((name) => options.servers.includes(name))
  const footprints = await measureStarts(options, selected)
  const results: WorldResult[] = []
  for (const world of options.worlds) {
    options.log(`-- ${world.title}`)
    results.push(await new WorldBench(options, world).run(selected))
  }
  return { footprints, worlds: results }
}

/** @param access - What the access file of ours says. */
function start(options: BenchOptions, name: ServerName, access = ''): Promise<Server> {
  if (name === 'java') return startJava(options.javaLib, options.javaOptions, options.workDir)
  if (name === 'rust') return startRust(options.rustBinary, options.workDir)
  const profile = name === 'open' ? 'profile: open\n' : access
  return startOurs(options.app, options.workDir, options.isScraped, name, profile)
}

async function measureStarts(
  options: BenchOptions,
  names: readonly ServerName[],
): Promise<Partial<Record<ServerName, Footprint>>> {
  const firstAnswers = new Map(names.map((name) => [name, [] as number[]]))
  const idle = new Map(names.map((name) => [name, [] as number[]]))
  for (let i = 0; i < options.starts; i++) {
    for (const name of names) {
      const server = await start(options, name)
      await delay(SETTLE_MS)
      firstAnswers.get(name)?.push(server.firstAnswerMs)
      idle.get(name)?.push(memoryMib(server.pid).rss)
      await server.stop()
      options.log(`${name}: first response after ${Math.round(server.firstAnswerMs)} ms`)
    }
  }
  const result: Partial<Record<ServerName, Footprint>> = {}
  for (const [name, firstAnswerMs] of firstAnswers) {
    if (firstAnswerMs.length === 0) continue
    const idleRssMib = median(idle.get(name) ?? [])
    result[name] = { firstAnswerMs, medianFirstAnswerMs: median(firstAnswerMs), idleRssMib }
  }
  return result
}

/** A NameServer in a world: what it holds, and what it has cost. */
interface Inhabitant {
  readonly server: Server
  readonly fixture: Fixture
  readonly registeredRssMib: number
}

/** The rows of one world, for which both NameServers are restarted. */
class WorldBench {
  readonly #options: BenchOptions
  readonly #world: World
  readonly #inhabitants = new Map<ServerName, Inhabitant>()
  readonly #files = new Map<Load, FiledLoad>()

  constructor(options: BenchOptions, world: World) {
    this.#options = options
    this.#world = world
  }

  async run(names: readonly ServerName[]): Promise<WorldResult> {
    try {
      for (const name of names) await this.#settleDown(name)
      for (const name of names) await this.#warmUp(name)
      const rows: Row[] = []
      for (const workload of this.#world.workloads) rows.push(await this.#measureRow(workload))
      for (const { fixture } of this.#inhabitants.values()) await fixture.check()
      return { title: this.#world.title, rows, memory: this.#memory() }
    } finally {
      for (const { fixture } of this.#inhabitants.values()) fixture.stop()
      for (const { server } of this.#inhabitants.values()) await server.stop()
    }
  }

  async #settleDown(name: ServerName): Promise<void> {
    const { log } = this.#options
    const server = await start(this.#options, name, this.#world.access)
    const fixture = await this.#world.setup(server.port)
    await fixture.check()
    await delay(SETTLE_MS)
    const registeredRssMib = memoryMib(server.pid).rss
    log(`${name}: set up, ${Math.round(registeredRssMib)} MiB`)
    this.#inhabitants.set(name, { server, fixture, registeredRssMib })
  }

  /** Every row in turn, so that what a virtual machine compiles is what the rows will use. */
  async #warmUp(name: ServerName): Promise<void> {
    const { workloads } = this.#world
    const window = { seconds: this.#options.warmupSeconds / workloads.length, warmupSeconds: 0 }
    const inhabitant = this.#inhabitants.get(name) as Inhabitant
    for (const workload of workloads) {
      const { during, ...withoutEvent } = workload
      await this.#measureOnce(withoutEvent, name, inhabitant.server, window)
      if (during === undefined) await workload.after?.(inhabitant.fixture)
    }
  }

  /** The servers take turns, and the turns change with the round, so that none always follows the same other. */
  async #measureRow(workload: Workload): Promise<Row> {
    const { options, inhabitants } = { options: this.#options, inhabitants: this.#inhabitants }
    const limits: Server[] = []
    try {
      const servers = new Map<ServerName, Server>()
      const { limitAnswer } = workload
      // What the limits are limits of is answering alone.
      const answersAlone = workload.background === undefined && workload.during === undefined
      if (limitAnswer !== undefined && answersAlone && options.servers.includes('limit')) {
        const limit = await startLimit(options.binaries.limit, limitAnswer, options.workDir)
        servers.set('limit', limit)
        limits.push(limit)
      }
      if (limitAnswer !== undefined && workload.nodeLimit === true && options.servers.includes('node')) {
        const node = await startNodeLimit(limitAnswer, options.workDir)
        servers.set('node', node)
        limits.push(node)
      }
      for (const [name, { server }] of inhabitants) servers.set(name, server)
      const runs: Partial<Record<ServerName, RowResult[]>> = {}
      for (let round = 0; round < options.rounds; round++) {
        const turns = [...servers]
        for (const [name, server] of round % 2 === 0 ? turns : turns.reverse()) {
          const result = await this.#measureUndisturbed(workload, name, server)
          runs[name] = [...(runs[name] ?? []), result]
          options.log(
            `${workload.name} round ${round + 1}, ${name}: ${Math.round(result.perSecond)} a second`,
          )
        }
      }
      const summary: Partial<Record<ServerName, Summary>> = {}
      for (const [name, results] of Object.entries(runs)) summary[name as ServerName] = summarize(results)
      return { workload, runs, summary }
    } finally {
      for (const limit of limits) await limit.stop()
    }
  }

  /**
   * Measures again, while retries are left, when something else was using the machine; returns the least disturbed run. What
   * is looked at is the disturbance alone, never the server's figures.
   */
  async #measureUndisturbed(workload: Workload, name: ServerName, server: Server): Promise<RowResult> {
    const { retries, window, log } = this.#options
    let best = await this.#measureOnce(workload, name, server, window)
    // With another load, or while this process cuts connections, the rest of the machine is never idle.
    const ownNoise = workload.background !== undefined || workload.during !== undefined
    for (let retry = 0; retry < retries && !ownNoise && best.otherCpuShare > DISTURBED_CPU_SHARE; retry++) {
      log(`${workload.name}, ${name}: others took ${Math.round(best.otherCpuShare * 100)} % of a core, again`)
      await delay(RETRY_PAUSE_MS)
      const result = await this.#measureOnce(workload, name, server, window)
      if (result.otherCpuShare < best.otherCpuShare) best = result
    }
    return best
  }

  async #measureOnce(
    workload: Workload,
    name: ServerName,
    server: Server,
    window: Window,
  ): Promise<RowResult> {
    const program = this.#options.binaries.load
    const fixture = this.#inhabitants.get(name)?.fixture
    try {
      // It outlasts the row: brokers that it registers are lost with its connections.
      const longer = { ...window, afterSeconds: BACKGROUND_EXTRA_SECONDS }
      const other = workload.background && runLoad(program, this.#file(workload.background), server, longer)
      const own = name === 'ours' ? workload : (workload.unsigned ?? workload)
      const load = runLoad(program, this.#file(own), server, window)
      const during =
        workload.during && fixture && timed(window.warmupSeconds * 1_000, workload.during, fixture)
      const [result, background, duringMs] = await Promise.all([load, other, during])
      if (fixture !== undefined) await workload.after?.(fixture)
      return {
        ...result,
        ...(background && { backgroundPerSecond: background.perSecond }),
        ...(duringMs !== undefined && { duringMs }),
      }
    } catch (error) {
      throw new Error(`row ${workload.name}, ${name}: ${(error as Error).message}`, { cause: error })
    }
  }

  #file(load: Load): FiledLoad {
    const known = this.#files.get(load)
    if (known !== undefined) return known
    const file = join(this.#options.workDir, `frames-${this.#files.size}`)
    writeFramesFile(file, load.frames())
    const filed = { conns: load.conns, depth: load.depth, file }
    this.#files.set(load, filed)
    return filed
  }

  #memory(): Partial<Record<ServerName, WorldMemory>> {
    const result: Partial<Record<ServerName, WorldMemory>> = {}
    for (const [name, { server, registeredRssMib }] of this.#inhabitants) {
      const { rss, peakRss } = memoryMib(server.pid)
      result[name] = { registeredRssMib, afterLoadRssMib: rss, peakRssMib: peakRss }
    }
    return result
  }
}

async function timed(
  warmupMs: number,
  during: (fixture: Fixture) => Promise<void>,
  fixture: Fixture,
): Promise<number> {
  await delay(warmupMs + DURING_AFTER_MS)
  const startMs = performance.now()
  await during(fixture)
  return performance.now() - startMs
}
