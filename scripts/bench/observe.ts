/**
 * What `mqnamesrv observe` costs Java's NameServer, in processor time:
 *
 *     npm run bench:observe [-- TOPICS [SECONDS]]
 *
 * Prints the share of one core that Java uses without it, in each part of the time in which all routes are read for the first time,
 * afterwards, and without it again; each over that many seconds. The brokers send heartbeats only, so that nothing else happens.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/ports.ts'
import { Cluster } from './cluster.ts'
import { type Service, startService } from './processes.ts'
import { startJava } from './servers.ts'
import { buildOurs, javaLib, javaRelease } from './tools.ts'

const JAVA_OPTIONS = ['-Xms512m', '-Xmx1g']
/** After the start of Java, in which it compiles. */
const WARM_UP_SECONDS = 20
const MAX_FIRST_SECONDS = 900
/** Ticks of /proc/PID/stat in a second, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

const sourceDir = import.meta.dirname
const workDir = join(sourceDir, '.work', 'observe')

interface Observed {
  readonly topics: number | null
  readonly routes: number
  readonly routesAgeMs: number | null
}

async function main(): Promise<void> {
  const topics = Number(process.argv[2] ?? 5_000)
  const seconds = Number(process.argv[3] ?? 60)
  mkdirSync(join(workDir, 'java'), { recursive: true })
  const app = await buildOurs(join(sourceDir, '..', '..'), workDir)
  const lib = await javaLib(process.env['ROCKETMQ_LIB'], sourceDir, join(sourceDir, '.work'))
  const java = await startJava(lib, JAVA_OPTIONS, join(workDir, 'java'))
  const cluster = await Cluster.start(
    { prefix: 'Observe', brokers: 2, topics, heartbeatsOnly: true },
    java.port,
  )
  const httpPort = await freePort()
  let observe: Service | undefined
  try {
    await delay(WARM_UP_SECONDS * 1_000)
    process.stdout.write(`Java ${javaRelease(lib)}, ${topics} topics on 2 brokers, share of one core\n\n`)
    report('without observe', await share(java.pid, seconds))
    const args = ['observe', '-n', `127.0.0.1:${java.port}`, '--listen', `127.0.0.1:${httpPort}`]
    observe = startService(join(app, 'bin', 'mqnamesrv'), args, { logFile: join(workDir, 'observe.log') })
    const { pid } = observe
    for (let part = 1; !(await areAllRead(httpPort, topics)); part++) {
      if (part * seconds > MAX_FIRST_SECONDS) throw new Error(`not all routes read in ${MAX_FIRST_SECONDS} s`)
      const first = await Promise.all([share(java.pid, seconds), share(pid, seconds)])
      report(`routes read for the first time, ${part}`, ...first)
    }
    const later = await Promise.all([share(java.pid, seconds), share(pid, seconds)])
    report('afterwards', ...later)
    await observe.stop()
    // The JVM has compiled more than before, so this is what the others are compared with.
    report('without observe again', await share(java.pid, seconds))
  } finally {
    await observe?.stop()
    cluster.stop()
    await java.stop()
  }
}

/** Whether the first round over all topics is over; it is not before the HTTP port is open. */
async function areAllRead(httpPort: number, topics: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/status`).catch(() => undefined)
  if (response === undefined) return false
  const { observed } = (await response.json()) as { readonly observed: Observed }
  return observed.routesAgeMs !== null && observed.routes >= topics
}

/** The share of one core that a process uses for that long. */
async function share(pid: number, seconds: number): Promise<number> {
  const [before, startMs] = [cpuSeconds(pid), performance.now()]
  await delay(seconds * 1_000)
  return (cpuSeconds(pid) - before) / ((performance.now() - startMs) / 1_000)
}

/** User and system time of all threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may have spaces; the times are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function report(title: string, java: number, observe?: number): void {
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`
  const own = observe === undefined ? '' : `   observe itself ${percent(observe)}`
  process.stdout.write(`${title.padEnd(34)}${percent(java).padStart(8)}${own}\n`)
}

await main()
