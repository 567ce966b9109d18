/**
 * What a server keeps in memory while brokers register again and again:
 *
 *     npm run bench:rounds [-- ROUNDS [SECONDS]]
 *
 * Two brokers of 100,000 topics each register with this project's daemon on the Node that runs this program, then with the published
 * Java NameServer: ROUNDS times (default 120: an hour of a broker's life), SECONDS apart (default 1), each time with one topic changed.
 * Every quarter both lose their connections and register with new ones. Prints resident memory, MiB.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type ClusterShape, changingRegistrationFrames, sameRegistrationFrames } from './cluster.ts'
import { memoryMib } from './processes.ts'
import type { RequestFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'
import { type Server, startJava, startOurs } from './servers.ts'
import { buildOurs, javaLib } from './tools.ts'

// Without a prefix its registration just fits into a frame of the default limit.
const SHAPE: ClusterShape = { prefix: '', brokers: 2, topics: 100_000 }
const SETTLE_MS = 2_000
const QUARTERS = 4
/** Of Java's own start script. */
const JAVA_OPTIONS = ['-Xms4g', '-Xmx4g', '-Xmn2g', '-XX:MetaspaceSize=128m', '-XX:MaxMetaspaceSize=320m']

/** Resident memory at each stage, MiB. */
async function measure(server: Server, rounds: number, pauseMs: number): Promise<readonly number[]> {
  const resident = (): number => memoryMib(server.pid).rss
  await delay(SETTLE_MS)
  const figures = [resident()]
  const first = sameRegistrationFrames(SHAPE)
  const changing = changingRegistrationFrames(SHAPE)
  let sent = 0
  for (let quarter = 0; quarter < QUARTERS; quarter++) {
    const connections = await Promise.all(first.map(() => RpcConnection.open(server.port)))
    const register = async (frames: readonly RequestFrame[]): Promise<void> => {
      for (const [broker, connection] of connections.entries())
        await connection.call(frames[broker] as RequestFrame)
    }
    await register(first)
    await delay(SETTLE_MS)
    if (quarter === 0) figures.push(resident())
    for (let round = 0; round < rounds / QUARTERS; round++) {
      const from = (sent++ % 2) * SHAPE.brokers
      await register(changing.slice(from, from + SHAPE.brokers))
      await delay(pauseMs)
    }
    figures.push(resident())
    for (const connection of connections) connection.close()
  }
  return [...figures, memoryMib(server.pid).peakRss]
}

async function main(): Promise<void> {
  const [rounds = 120, seconds = 1] = process.argv.slice(2).map(Number)
  if (!(rounds >= QUARTERS && seconds >= 0)) throw new Error('ROUNDS is 4 or more, SECONDS 0 or more')
  const workDir = join(import.meta.dirname, '.work')
  mkdirSync(workDir, { recursive: true })
  const app = await buildOurs(join(import.meta.dirname, '..', '..'), workDir)
  const lib = await javaLib(process.env['ROCKETMQ_LIB'], import.meta.dirname, workDir)
  const servers: readonly (readonly [string, () => Promise<Server>])[] = [
    [`mqnamesrv, Node ${process.versions.node}`, () => startOurs(app, workDir, false)],
    ['Java', () => startJava(lib, JAVA_OPTIONS, workDir)],
  ]
  const line = (name: string, cells: readonly (string | number)[]): void =>
    console.log(name.padEnd(28) + cells.map((cell) => String(cell).padStart(12)).join(''))
  line('RSS MiB', [
    'idle',
    'registered',
    ...[1, 2, 3, 4].map((quarter) => `${(quarter * rounds) / 4} rounds`),
    'peak',
  ])
  for (const [name, start] of servers) {
    const server = await start()
    try {
      line(name, (await measure(server, rounds, seconds * 1_000)).map(Math.round))
    } finally {
      await server.stop()
    }
  }
}

await main()
