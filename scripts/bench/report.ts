/** The figures as text for people and as JSON for programs. */
import type { BenchResult, Row, WorldResult } from './bench.ts'
import { DISTURBED_CPU_SHARE, type Summary } from './measure.ts'
import type { ServerName } from './servers.ts'

/** Where and how the figures came about: printed above the table, and kept in the JSON. */
export interface Environment {
  readonly command: string
  /** ISO 8601, UTC, when the run began. */
  readonly date: string
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  /** One-minute load average before the run began; well above 0 means that something else was running. */
  readonly loadAverageBefore: number
  readonly node: string
  readonly mqnamesrv: string
  /** Release and virtual machine of the NameServer compared with; null when it was left out. */
  readonly java: { readonly release: string; readonly vm: string; readonly options: string } | null
  readonly rounds: number
  readonly seconds: number
  readonly rowWarmupSeconds: number
  readonly serverWarmupSeconds: number
}

/** Ours divided by another's; above 1 ours is better. */
interface Ratios {
  readonly throughput: number
  readonly requestsPerCpuSecond: number
}

const servers: readonly ServerName[] = ['limit', 'node', 'ours', 'open', 'java', 'rust']

const LEGEND = `ours / Java, ours / open: requests per second, and requests per CPU second of the server; above 1 ours is better.
served: until every connection had had its first response, all asking at once; it lies before the measured window.
generator: share of one core that the load took. others: share of one core that neither server nor generator took,
in the worst round; with a ! the row was disturbed and should be measured again. beside it: registrations a second that the
same server accepted meanwhile, or the time until the topics of the lost brokers were removed.`

/** The readable report. */
export function formatReport(environment: Environment, result: BenchResult): string {
  const names = serverNames(environment)
  const sections = [formatEnvironment(environment)]
  for (const world of result.worlds) {
    const title = `${world.title[0]?.toUpperCase()}${world.title.slice(1)}`
    sections.push(`${title}\n\n${formatRows(world.rows, names)}\n\n${formatMemory(world, names)}`)
  }
  sections.push(LEGEND)
  const footprints = formatFootprints(result, names)
  if (footprints !== '') sections.push(footprints)
  return `${sections.join('\n\n')}\n`
}

/** The same figures, every run among them. */
export function jsonReport(environment: Environment, result: BenchResult): object {
  return {
    environment,
    startAndMemory: result.footprints,
    worlds: result.worlds.map(({ title, rows, memory }) => ({
      title,
      memory,
      rows: rows.map((row) => ({
        name: row.workload.name,
        conns: row.workload.conns,
        depth: row.workload.depth,
        medians: row.summary,
        oursToJava: ratios(row, 'java'),
        oursToOpen: ratios(row, 'open'),
        runs: row.runs,
      })),
    })),
  }
}

function serverNames(environment: Environment): Record<ServerName, string> {
  const java = `Java ${environment.java?.release ?? ''}`.trim()
  return {
    limit: 'C limit',
    node: 'Node limit',
    ours: 'mqnamesrv',
    open: 'profile open',
    java,
    rust: 'Rust peer',
  }
}

function formatEnvironment(environment: Environment): string {
  const lines = [
    ['command', environment.command],
    ['date', environment.date],
    [
      'machine',
      `${environment.cores} × ${environment.cpu}, ${environment.memoryGib} GiB, ${environment.kernel}`,
    ],
    ['load before', environment.loadAverageBefore.toFixed(2)],
    ['mqnamesrv', `${environment.mqnamesrv} on Node ${environment.node}`],
  ]
  if (environment.java !== null) {
    lines.push([
      'Java',
      `NameServer ${environment.java.release}, ${environment.java.vm}, ${environment.java.options}`,
    ])
  }
  lines.push([
    'figures',
    `medians of ${environment.rounds} rounds of ${environment.seconds} s, each after ${environment.rowWarmupSeconds} s of the same load; ` +
      `${environment.serverWarmupSeconds} s of warm-up before the first`,
  ])
  return lines.map(([key, value]) => `${key?.padEnd(12)} ${value}`).join('\n')
}

function formatRows(rows: readonly Row[], names: Record<ServerName, string>): string {
  const cells = [
    [
      '',
      'server',
      'req/s',
      '(min–max)',
      'p50 µs',
      'p99 µs',
      'max µs',
      'CPU µs/req',
      'served ms',
      'generator',
      'others',
      'beside it',
    ],
  ]
  for (const row of rows) {
    let label = row.workload.name
    for (const name of servers) {
      const summary = row.summary[name]
      if (summary === undefined) continue
      cells.push([label, names[name], ...figures(summary)])
      label = ''
    }
    for (const [other, title] of [
      ['open', 'ours / open'],
      ['java', 'ours / Java'],
    ] as const) {
      const ratio = ratios(row, other)
      if (ratio === null) continue
      const [throughput, perCpuSecond] = [times(ratio.throughput), times(ratio.requestsPerCpuSecond)]
      cells.push(['', title, throughput, '', '', '', '', perCpuSecond, '', '', '', ''])
    }
  }
  return table(cells, 2)
}

function figures(summary: Summary): string[] {
  return [
    thousands(summary.perSecond),
    `${thousands(summary.slowestPerSecond)}–${thousands(summary.fastestPerSecond)}`,
    microseconds(summary.p50Us),
    microseconds(summary.p99Us),
    microseconds(summary.maxUs),
    summary.cpuUsPerRequest.toFixed(2),
    thousands(summary.allServedMs),
    `${Math.round(summary.generatorCpuShare * 100)} %`,
    `${Math.max(0, Math.round(summary.mostOtherCpuShare * 100))} %${summary.mostOtherCpuShare > DISTURBED_CPU_SHARE ? ' !' : ''}`,
    besides(summary),
  ]
}

/** What went on in the same window: answers to the other load, or how long the event took. */
function besides({ backgroundPerSecond, duringMs }: Summary): string {
  if (backgroundPerSecond !== undefined) return `${backgroundPerSecond.toFixed(1)} reg/s`
  return duringMs === undefined ? '' : `${thousands(duringMs)} ms`
}

function ratios(row: Row, name: 'open' | 'java'): Ratios | null {
  const { ours, [name]: other } = row.summary
  if (ours === undefined || other === undefined || ours.cpuUsPerRequest === 0) return null
  return {
    throughput: ours.perSecond / other.perSecond,
    requestsPerCpuSecond: other.cpuUsPerRequest / ours.cpuUsPerRequest,
  }
}

function formatFootprints(result: BenchResult, names: Record<ServerName, string>): string {
  const cells = [['', 'starts', 'first response ms', '(min–max)', 'RSS idle MiB']]
  for (const name of servers) {
    const footprint = result.footprints[name]
    if (footprint === undefined) continue
    const { firstAnswerMs } = footprint
    cells.push([
      names[name],
      String(firstAnswerMs.length),
      thousands(footprint.medianFirstAnswerMs),
      `${thousands(Math.min(...firstAnswerMs))}–${thousands(Math.max(...firstAnswerMs))}`,
      thousands(footprint.idleRssMib),
    ])
  }
  return cells.length === 1 ? '' : `Start and memory\n\n${table(cells, 1)}`
}

function formatMemory({ memory }: WorldResult, names: Record<ServerName, string>): string {
  const cells = [['RSS MiB', 'registered', 'after the rows', 'peak']]
  for (const name of servers) {
    const figures = memory[name]
    if (figures === undefined) continue
    const { registeredRssMib, afterLoadRssMib, peakRssMib } = figures
    cells.push([names[name], ...[registeredRssMib, afterLoadRssMib, peakRssMib].map(thousands)])
  }
  return table(cells, 1)
}

/** Columns as wide as their widest cell; the first `leftAligned` ones start at the left. */
function table(rows: readonly (readonly string[])[], leftAligned: number): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < leftAligned ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

const thousands = (value: number): string => Math.round(value).toLocaleString('en-US')
const microseconds = (value: number): string => (value < 100 ? value.toFixed(1) : thousands(value))
const times = (ratio: number): string => `${ratio.toFixed(2)}×`
