/**
 * How long commands take as whole processes, beside bare Node and mqadmin:
 *
 *     npm run bench:commands [-- ROUNDS]
 *
 * Prints the least and the median milliseconds of each, and the ratio of the least to that of `node -e 0`. They take turns, so that all
 * see the same machine. mqadmin runs as its start script runs it.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from './cluster.ts'
import { run } from './processes.ts'
import { startOurs } from './servers.ts'
import { buildOurs, javaLib, javaRelease } from './tools.ts'

/** Of `bin/tools.sh`. */
const TOOLS_OPTIONS = '-server -Xms1g -Xmx1g -Xmn256m -XX:MetaspaceSize=128m -XX:MaxMetaspaceSize=128m'

const sourceDir = import.meta.dirname
const workDir = join(sourceDir, '.work')

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 20)
  const home = join(workDir, 'commands')
  mkdirSync(home, { recursive: true })
  const app = await buildOurs(join(sourceDir, '..', '..'), home)
  const lib = await javaLib(process.env['ROCKETMQ_LIB'], sourceDir, workDir)
  if (!readdirSync(lib).some((jar) => jar.startsWith('rocketmq-tools-')))
    throw new Error(`no rocketmq-tools jar in ${lib}; remove that folder, and Maven fills it again`)
  const server = await startOurs(app, home, false)
  const cluster = await Cluster.start({ prefix: 'Start', brokers: 2, topics: 100 }, server.port)
  const address = `127.0.0.1:${server.port}`
  const ours = join(app, 'bin', 'mqnamesrv')
  const mqadmin = [...TOOLS_OPTIONS.split(' '), `-Duser.home=${home}`, `-Drocketmq.home.dir=${home}`]
  mqadmin.push('-cp', join(lib, '*'), 'org.apache.rocketmq.tools.command.MQAdminStartup')
  const commands: Readonly<Record<string, readonly string[]>> = {
    'node -e 0': [process.execPath, '-e', '0'],
    'mqnamesrv ping': [process.execPath, ours, 'ping', '-n', address],
    'mqnamesrv cluster list': [process.execPath, ours, 'cluster', 'list', '-n', address],
    [`mqadmin ${javaRelease(lib)} clusterList`]: ['java', ...mqadmin, 'clusterList', '-n', address],
  }
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, [program = '', ...args]] of Object.entries(commands)) {
      const startMs = performance.now()
      await run(program, args)
      times.set(name, [...(times.get(name) ?? []), performance.now() - startMs])
    }
  }
  cluster.stop()
  await server.stop()
  const bareMs = Math.min(...(times.get('node -e 0') ?? []))
  process.stdout.write(`${'ms'.padStart(37)}  median  × node\n`)
  for (const [name, all] of times) {
    const sorted = all.sort((a, b) => a - b)
    const [least = 0, median = 0] = [sorted[0], sorted[Math.floor(rounds / 2)]]
    const figures = [least.toFixed(0).padStart(5), median.toFixed(0).padStart(8), (least / bareMs).toFixed(1)]
    process.stdout.write(`${name.padEnd(32)}${figures[0]}${figures[1]}${figures[2]?.padStart(8)}\n`)
  }
}

await main()
