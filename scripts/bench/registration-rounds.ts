/**
 * What a server keeps in memory while brokers register again and again:
 *
 *     npm run bench:rounds [-- --rounds 120 --seconds 1 --change-every 1 --servers ours,java --csv FILE]
 *
 * Two brokers of 100,000 topics each register with this project's daemon on the Node that runs this program, and meanwhile with the
 * published Java NameServer: `--rounds` times, `--seconds` apart, with one topic changed in every `--change-every`th round. After each
 * round, clients look up 600 topics. Every quarter both brokers lose their connections and register with new ones. 120 rounds are an
 * hour of a broker's life; `--seconds 30 --change-every 10` takes that hour. Prints resident memory, MiB; the file has it after each round.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  type ClusterShape,
  changingRegistrationFrames,
  routeFrames,
  sameRegistrationFrames,
} from './cluster.ts'
import { memoryMib } from './processes.ts'
import type { RequestFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'
import { type Server, startJava, startOurs } from './servers.ts'
import { buildOurs, javaLib } from './tools.ts'

// Without a prefix its registration just fits into a frame of the default limit.
const SHAPE: ClusterShape = { prefix: '', brokers: 2, topics: 100_000 }
const SETTLE_MS = 2_000
const QUARTERS = 4
/** Twenty a second at the pace of a broker. */
const LOOKUPS_PER_ROUND = 600
/** Of Java's own start script. */
const JAVA_OPTIONS = ['-Xms4g', '-Xmx4g', '-Xmn2g', '-XX:MetaspaceSize=128m', '-XX:MaxMetaspaceSize=320m']

/** What is sent, once for all servers. */
interface Load {
  readonly rounds: number
  readonly pauseMs: number
  readonly changeEvery: number
  readonly first: readonly RequestFrame[]
  readonly changing: readonly RequestFrame[]
  readonly lookups: readonly RequestFrame[]
}

/**
 * Resident memory at each stage, MiB.
 * @param sample - Takes it after each round.
 */
async function measure(
  server: Server,
  load: Load,
  sample: (round: number, rss: number) => void,
): Promise<readonly number[]> {
  const resident = (): number => memoryMib(server.pid).rss
  await delay(SETTLE_MS)
  const figures = [resident()]
  let round = 0
  let current = load.first
  for (let quarter = 1; quarter <= QUARTERS; quarter++) {
    const connections = await Promise.all(current.map(() => RpcConnection.open(server.port)))
    const client = await RpcConnection.open(server.port)
    const register = async (): Promise<void> => {
      for (const [broker, connection] of connections.entries())
        await connection.call(current[broker] as RequestFrame)
    }
    await register()
    await delay(SETTLE_MS)
    if (quarter === 1) figures.push(resident())
    for (; round < (quarter * load.rounds) / QUARTERS; round++) {
      if (round % load.changeEvery === 0) {
        const from = ((round / load.changeEvery) % 2) * SHAPE.brokers
        current = load.changing.slice(from, from + SHAPE.brokers)
      }
      await register()
      for (let lookup = 0; lookup < LOOKUPS_PER_ROUND; lookup++) {
        const topic = (round * LOOKUPS_PER_ROUND + lookup) % load.lookups.length
        await client.call(load.lookups[topic] as RequestFrame)
      }
      await delay(load.pauseMs)
      sample(round, resident())
    }
    figures.push(resident())
    for (const connection of [...connections, client]) connection.close()
  }
  return [...figures, memoryMib(server.pid).peakRss]
}

function options() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '120' },
      seconds: { type: 'string', default: '1' },
      'change-every': { type: 'string', default: '1' },
      servers: { type: 'string', default: 'ours,java' },
      csv: { type: 'string' },
    },
  })
  const [rounds = 0, seconds = 0, changeEvery = 0] = ['rounds', 'seconds', 'change-every'].map((name) =>
    Number(values[name as keyof typeof values]),
  )
  if (!(rounds >= QUARTERS && seconds >= 0 && changeEvery >= 1))
    throw new Error('--rounds is 4 or more, --seconds 0 or more, --change-every 1 or more')
  return { rounds, seconds, changeEvery, servers: values.servers.split(','), csv: values.csv }
}

async function main(): Promise<void> {
  const { rounds, seconds, changeEvery, servers, csv } = options()
  const workDir = join(import.meta.dirname, '.work')
  mkdirSync(workDir, { recursive: true })
  const known: Readonly<Record<string, { readonly name: string; start(): Promise<Server> }>> = {
    ours: {
      name: `mqnamesrv, Node ${process.versions.node}`,
      start: async () =>
        startOurs(await buildOurs(join(import.meta.dirname, '..', '..'), workDir), workDir, false),
    },
    java: {
      name: 'Java',
      start: async () =>
        startJava(
          await javaLib(process.env['ROCKETMQ_LIB'], import.meta.dirname, workDir),
          JAVA_OPTIONS,
          workDir,
        ),
    },
  }
  const load: Load = {
    rounds,
    pauseMs: seconds * 1_000,
    changeEvery,
    first: sameRegistrationFrames(SHAPE),
    changing: changingRegistrationFrames(SHAPE),
    lookups: routeFrames(SHAPE),
  }
  const line = (name: string, cells: readonly (string | number)[]): void =>
    console.log(name.padEnd(28) + cells.map((cell) => String(cell).padStart(12)).join(''))
  line('RSS MiB', [
    'idle',
    'registered',
    ...[1, 2, 3, 4].map((quarter) => `${(quarter * rounds) / 4} rounds`),
    'peak',
  ])
  if (csv !== undefined) writeFileSync(csv, 'server,round,rssMib\n')
  const run = async (key: string): Promise<void> => {
    const kind = known[key]
    if (kind === undefined)
      throw new Error(`--servers: ${key} is not one of ${Object.keys(known).join(', ')}`)
    const server = await kind.start()
    try {
      const figures = await measure(server, load, (round, rss) => {
        if (csv !== undefined) appendFileSync(csv, `${kind.name},${round},${rss.toFixed(1)}\n`)
      })
      line(kind.name, figures.map(Math.round))
    } finally {
      await server.stop()
    }
  }
  await Promise.all(servers.map(run))
}

await main()
