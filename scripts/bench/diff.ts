/**
 * How long `mqnamesrv diff` takes over NameServers that agree, as a whole process:
 *
 *     npm run bench:diff [-- TOPICS]
 *
 * Prints the seconds of each pair, the least of several rounds, and the memory of the command. A pair with Java's NameServer is compared
 * by a lookup of each topic at both.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from './cluster.ts'
import { run } from './processes.ts'
import { type Server, startJava, startOurs } from './servers.ts'
import { buildOurs, javaLib, javaRelease } from './tools.ts'

const ROUNDS = 3
const JAVA_OPTIONS = ['-Xms512m', '-Xmx1g']

/** A module that makes a process print its peak memory on stderr. */
const PRINT_PEAK =
  'data:text/javascript,process.on("exit",()=>process.stderr.write(process.resourceUsage().maxRSS+" KiB"))'

const sourceDir = import.meta.dirname
const workDir = join(sourceDir, '.work', 'diff')

async function main(): Promise<void> {
  const topics = Number(process.argv[2] ?? 50_000)
  mkdirSync(workDir, { recursive: true })
  const app = await buildOurs(join(sourceDir, '..', '..'), workDir)
  const lib = await javaLib(process.env['ROCKETMQ_LIB'], sourceDir, join(sourceDir, '.work'))
  const java = `Java ${javaRelease(lib)}`
  const folder = (name: string): string => {
    const path = join(workDir, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  const servers: Server[] = []
  const clusters: Cluster[] = []
  const started = async (server: Promise<Server>): Promise<string> => {
    servers.push(await server)
    const { port } = await server
    clusters.push(await Cluster.start({ prefix: 'Diff', brokers: 2, topics, heartbeatsOnly: true }, port))
    return `127.0.0.1:${port}`
  }
  try {
    const [a, b] = [
      await started(startOurs(app, folder('a'), false)),
      await started(startOurs(app, folder('b'), false)),
    ]
    const [c, d] = [
      await started(startJava(lib, JAVA_OPTIONS, folder('c'))),
      await started(startJava(lib, JAVA_OPTIONS, folder('d'))),
    ]
    process.stdout.write(`${topics} topics on 2 brokers\n\n`)
    await time('ours, ours', [a, b], app)
    await time(`ours, ${java}`, [a, c], app)
    await time(`${java}, ${java}`, [c, d], app)
  } finally {
    for (const cluster of clusters) cluster.stop()
    for (const server of servers) await server.stop()
  }
}

/** @throws The command ends with another code than 0: they differ, or it failed. */
async function time(title: string, addresses: readonly string[], app: string): Promise<void> {
  let [bestMs, peakMib] = [Number.POSITIVE_INFINITY, 0]
  const program = join(app, 'bin', 'mqnamesrv')
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now()
    const { stderr } = await run(process.execPath, ['--import', PRINT_PEAK, program, 'diff', ...addresses])
    bestMs = Math.min(bestMs, performance.now() - startMs)
    peakMib = Math.max(peakMib, Number(/(\d+) KiB/.exec(stderr)?.[1]) / 1_024)
  }
  process.stdout.write(
    `${title.padEnd(24)}${(bestMs / 1_000).toFixed(2)} s${peakMib.toFixed(0).padStart(8)} MiB\n`,
  )
}

await main()
