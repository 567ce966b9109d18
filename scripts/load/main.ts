/**
 * A cluster's worth of clients and brokers on one NameServer: `npm run load`.
 *
 *   --minutes N    how long, with an hour compressed into ten minutes (default 10)
 *   --hours N      how long, in real time
 *   --clients N    connections that poll the routes of four topics every 30 seconds (default 10,000)
 *   --brokers N    brokers that register every 30 seconds, in clusters of four (default 200)
 *
 * Brokers leave, are killed, change their connections and come back; topics are made and deleted; clients start anew. Each
 * answer is compared with what is alive. Exit code 1 if any was wrong or missing, or a connection ended unexpectedly; 2 if the
 * limit of open files is too low.
 */
import { execFileSync } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { PROJECT_ROOT, seriousLines, startOwnServer } from '../support/own-server.ts'
import { World } from './load-world.ts'
import { type MemorySample, slopeMibPerHour } from './memory-slope.ts'

/** An hour in ten minutes. */
const COMPRESSION = 6
const SAMPLE_MS = 2_000
const PROGRESS_SAMPLES = 15
const SHOWN_ERRORS = 10
/** Files that a server and this program need besides connections. */
const OTHER_FILES = 100

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    hours: { type: 'string' },
    clients: { type: 'string', default: '10000' },
    brokers: { type: 'string', default: '200' },
  },
})

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} is a number above 0, not "${text}"`)
  return value
}

const clients = Math.trunc(positive('clients', values.clients))
const brokers = Math.trunc(positive('brokers', values.brokers))
const { hours } = values
const minutes = hours === undefined ? positive('minutes', values.minutes) : 60 * positive('hours', hours)
const compression = hours === undefined ? COMPRESSION : 1

const needed = clients + 2 * brokers + OTHER_FILES
const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim())
if (limit < needed) {
  console.error(`load: ${needed} open files are needed, and the limit (ulimit -Hn) is ${limit}`)
  process.exit(2)
}

// bin/mqnamesrv runs what was built last.
execFileSync('npm', ['run', 'build', '--silent'], { cwd: PROJECT_ROOT, stdio: 'inherit' })

let errorCount = 0
function onError(error: string): void {
  errorCount++
  if (errorCount <= SHOWN_ERRORS) console.log(`load: error: ${error}`)
}

// All clients have one address.
const server = await startOwnServer({ maxConnectionsPerAddress: '0' })
const descriptors = server.descriptors()
const world = new World({ port: server.port, clients, brokers, compression, onError })
const samples: MemorySample[] = []
const ownDelay = monitorEventLoopDelay({ resolution: 5 })
try {
  await world.start()
  console.log(
    `load: ${clients} clients and ${brokers} brokers are there; time goes ${compression} times as fast`,
  )
  ownDelay.enable()
  const startedMs = performance.now()
  while (performance.now() - startedMs < minutes * 60_000 && server.ended() === undefined) {
    await delay(SAMPLE_MS)
    samples.push({ atMs: performance.now(), mib: server.rssMib() })
    if (samples.length % PROGRESS_SAMPLES === 0) progress(startedMs)
  }
  ownDelay.disable()
  await world.stop()
  await delay(SAMPLE_MS)
  const ended = server.ended()
  if (ended !== undefined) onError(`the server has ended: ${ended}`)
  else if (server.descriptors() > descriptors)
    onError(`${server.descriptors() - descriptors} connections are left over`)
  for (const line of seriousLines(server.log())) onError(`the server logged: ${line}`)
  report()
} finally {
  await server.stop()
}
process.exitCode = errorCount === 0 ? 0 : 1

function progress(startedMs: number): void {
  const minutesSoFar = ((performance.now() - startedMs) / 60_000).toFixed(1)
  console.log(
    `load: ${minutesSoFar} min, ${world.latencies.count} lookups, p99 ${world.latencies.quantile(0.99).toFixed(1)} ms, ` +
      `${samples.at(-1)?.mib.toFixed()} MiB, ${errorCount} errors`,
  )
}

function report(): void {
  const { latencies, counts } = world
  const mib = samples.map((sample) => sample.mib)
  const rows: readonly (readonly [string, string])[] = [
    ['time', `${minutes} min, ${compression} times as fast as real time`],
    ['connections', `${clients} clients, ${brokers} brokers`],
    ['lookups', `${latencies.count}, ${Math.round(latencies.count / (minutes * 60))} a second`],
    ['registrations', `${counts.registrations}`],
    ['brokers that left and came back', `${counts.departures}`],
    ['topics made, deleted', `${counts.topicsMade}, ${counts.topicsDeleted}`],
    ['clients that started anew', `${counts.reconnections}`],
    ['errors', `${errorCount}`],
    [
      'latency p50, p99, max',
      [latencies.quantile(0.5), latencies.quantile(0.99), latencies.max].map(ms).join(', '),
    ],
    [
      "this program's own delay p99, max",
      [ownDelay.percentile(99), ownDelay.max].map((ns) => ms(ns / 1e6)).join(', '),
    ],
    [
      'memory of the server, first, least, most, last',
      [mib[0], Math.min(...mib), Math.max(...mib), mib.at(-1)]
        .map((value) => `${value?.toFixed()} MiB`)
        .join(', '),
    ],
    ['its slope without the first third', `${slopeMibPerHour(samples).toFixed(1)} MiB/hour`],
  ]
  for (const [name, value] of rows) console.log(`| ${name} | ${value} |`)
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`
}
