/** `npm run bench`: this project's daemon and the published Java NameServer, measured side by side in one run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { bench } from './bench.ts'
import { run } from './processes.ts'
import { type Environment, formatReport, jsonReport } from './report.ts'
import type { ServerName } from './servers.ts'
import { buildOurs, compile, javaLib, javaRelease, javaVersion } from './tools.ts'
import { type World, worlds } from './workloads.ts'

interface Options {
  rounds: number
  seconds: number
  warmup: number
  rowWarmup: number
  retries: number
  starts: number
  brokers: number
  topics: number
  rows?: string[]
  servers: string[]
  javaLib?: string
  javaOptions: string
  rust?: string
  scrape: boolean
  json?: string
  document?: string
}

const sourceDir = import.meta.dirname
const root = join(sourceDir, '..', '..')
const workDir = join(sourceDir, '.work')

const positive = (text: string): number => {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}
const count = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.')
  return value
}
const list = (text: string): string[] => text.split(',').map((item) => item.trim())

function parseOptions(): Options {
  return new Command('bench')
    .description(
      'Measures mqnamesrv and the published Java NameServer side by side. See scripts/bench/README.md.',
    )
    .option('--rounds <n>', 'how often each row is measured on each server', count, 3)
    .option('--seconds <s>', 'length of one measured window', positive, 5)
    .option('--row-warmup <s>', 'same load before each window, not measured', positive, 1)
    .option(
      '--warmup <s>',
      'load on each server before the first round of a world, shared between its rows',
      positive,
      12,
    )
    .option('--retries <n>', 'times to repeat a window that something else disturbed', count, 2)
    .option('--starts <n>', 'starts of each server to time; 0 leaves them out', count, 5)
    .option('--brokers <n>', 'masters in the cluster', count, 2)
    .option('--topics <n>', 'topics on every broker', count, 1000)
    .option('--rows <names>', 'only these rows, with commas between them', list)
    .option(
      '--servers <names>',
      'any of limit, node, ours, open (ours with the access profile open), java and rust',
      list,
      ['limit', 'node', 'ours', 'java'],
    )
    .option(
      '--scrape',
      'give ours a peer, and once a second read its metrics and look up topics that it does not have',
      false,
    )
    .option('--rust <binary>', 'the peer in Rust (cargo install rocketmq-namesrv), measured as well')
    .option(
      '--java-lib <dir>',
      'folder with the NameServer jars (or ROCKETMQ_LIB); without it Maven fetches 5.5.0',
    )
    .option(
      '--java-options <text>',
      'options of the virtual machine; default: those of its own start script',
      '-Xms4g -Xmx4g -Xmn2g -XX:MetaspaceSize=128m -XX:MaxMetaspaceSize=320m',
    )
    .option('--json <file>', 'write every figure there as well')
    .option('--document <file>', 'put the report between the marks of that page, such as docs/performance.md')
    .parse()
    .opts<Options>()
}

function pick<T>(all: readonly T[], wanted: readonly string[] | undefined, nameOf: (item: T) => string): T[] {
  if (wanted === undefined) return [...all]
  const unknown = wanted.filter((name) => !all.some((item) => nameOf(item) === name))
  if (unknown.length > 0)
    throw new Error(`not known: ${unknown.join(', ')}; there are ${all.map(nameOf).join(', ')}`)
  return all.filter((item) => wanted.includes(nameOf(item)))
}

/** The worlds with the rows that were asked for; a world without any is left out. */
function pickRows(all: readonly World[], wanted: readonly string[] | undefined): readonly World[] {
  const rows = pick(
    all.flatMap((world) => world.workloads),
    wanted,
    (workload) => workload.name,
  )
  return all
    .map((world) => ({ ...world, workloads: world.workloads.filter((workload) => rows.includes(workload)) }))
    .filter((world) => world.workloads.length > 0)
}

async function revision(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  try {
    const { stdout } = await run('git', ['describe', '--always', '--dirty'], { cwd: root })
    return `${version} (${stdout.trim()})`
  } catch {
    return version // outside a checkout, or before the first commit
  }
}

/** Replaces what stands between the marks of a page. */
function putReport(page: string, report: string): void {
  const text = readFileSync(page, 'utf8')
  const [begin, end] = ['<!-- figures -->', '<!-- /figures -->']
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page} has no place for figures: ${begin} … ${end}`)
  const head = text.slice(0, from + begin.length)
  writeFileSync(page, `${head}\n\n\`\`\`\n${report.trimEnd()}\n\`\`\`\n\n${text.slice(to)}`)
}

async function main(): Promise<void> {
  const options = parseOptions()
  const wanted = options.rust === undefined ? options.servers : [...options.servers, 'rust']
  const servers = pick<ServerName>(['limit', 'node', 'ours', 'open', 'java', 'rust'], wanted, (name) => name)
  if (servers.includes('rust') && options.rust === undefined) throw new Error('--rust names its binary')
  const shape = { prefix: 'Bench', brokers: options.brokers, topics: options.topics }
  const selected = pickRows(worlds(shape), options.rows)
  if (options.rounds < 1) throw new Error('--rounds must be 1 or more')
  const [loadAverageBefore = 0] = loadavg()

  mkdirSync(workDir, { recursive: true })
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  const binaries = await compile(sourceDir, workDir)
  const withJava = servers.includes('java')
  const lib = withJava
    ? await javaLib(options.javaLib ?? process.env['ROCKETMQ_LIB'], sourceDir, workDir)
    : ''
  const withOurs = servers.includes('ours') || servers.includes('open')
  if (withOurs) log('ours: build')
  const app = withOurs ? await buildOurs(root, workDir) : ''

  const environment: Environment = {
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    loadAverageBefore,
    node: process.version,
    mqnamesrv: await revision(),
    java: withJava
      ? { release: javaRelease(lib), vm: await javaVersion(), options: options.javaOptions }
      : null,
    rounds: options.rounds,
    seconds: options.seconds,
    rowWarmupSeconds: options.rowWarmup,
    serverWarmupSeconds: options.warmup,
  }
  const result = await bench({
    app,
    workDir,
    binaries,
    javaLib: lib,
    rustBinary: options.rust ?? '',
    javaOptions: options.javaOptions.split(/\s+/).filter(Boolean),
    servers,
    worlds: selected,
    rounds: options.rounds,
    retries: options.retries,
    starts: options.starts,
    isScraped: options.scrape,
    window: { seconds: options.seconds, warmupSeconds: options.rowWarmup },
    warmupSeconds: options.warmup,
    log,
  })
  const report = formatReport(environment, result)
  process.stdout.write(`\n${report}`)
  if (options.document !== undefined) putReport(options.document, report)
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify(jsonReport(environment, result), null, 2)}\n`)
  }
}

// The children are ended by the exit handler of processes.ts, which a default signal death would not run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  await main()
} catch (error) {
  process.stderr.write(`\nbench failed: ${(error as Error).message}\n`)
  // A server that could not be stopped in order would keep this process alive; the exit handler ends it.
  process.exit(1)
}
