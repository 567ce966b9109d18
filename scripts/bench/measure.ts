/** One measured run of the generator, and the medians over several. */
import { execFile } from 'node:child_process'
import type { Server } from './servers.ts'
import type { Load } from './workloads.ts'

/** Share of one core from which a run counts as disturbed, since something else took part of the machine. */
export const DISTURBED_CPU_SHARE = 0.1

/** What `load` reports of one window. */
export interface LoadResult {
  /** From the first write until every connection had had a response; within the warm-up. */
  readonly allServedMs: number
  readonly windowSeconds: number
  readonly answers: number
  readonly perSecond: number
  readonly megabytesPerSecond: number
  /** Microseconds, as the generator saw them. */
  readonly latencyUs: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'max', number>>
  readonly serverCpuSeconds: number
  readonly serverCpuUsPerRequest: number
  /** Share of one core that the generator itself used; near 1 it may be what is being measured. */
  readonly generatorCpuShare: number
  /** Cores busy with anything but server and generator, stolen time included; a little below 0 is rounding. */
  readonly otherCpuShare: number
}

/** One window of a row. */
export interface RowResult extends LoadResult {
  /** Answers to the row's other load, if it has one. */
  readonly backgroundPerSecond?: number
  /** How long what happened within the window took, ms. */
  readonly duringMs?: number
}

/** Medians over the rounds, each taken by itself; `slowest` and `fastest` show the spread of the throughput. */
export interface Summary {
  readonly perSecond: number
  readonly slowestPerSecond: number
  readonly fastestPerSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
  readonly cpuUsPerRequest: number
  readonly allServedMs: number
  readonly generatorCpuShare: number
  /** The most of all rounds: one disturbed round is worth knowing of. */
  readonly mostOtherCpuShare: number
  readonly backgroundPerSecond?: number
  readonly duringMs?: number
}

/** How long a run takes; the warm-up is left out of every figure. */
export interface Window {
  readonly seconds: number
  readonly warmupSeconds: number
  /** How long the load goes on behind the window. Default 0. */
  readonly afterSeconds?: number
}

/** A load whose frames lie in a file already. */
export interface FiledLoad extends Pick<Load, 'conns' | 'depth'> {
  readonly file: string
}

/** Runs the generator once. Rejects when any response was wrong or missing, or a connection was lost. */
export function runLoad(
  program: string,
  load: FiledLoad,
  server: Pick<Server, 'port' | 'pid'>,
  window: Window,
): Promise<LoadResult> {
  const args = [
    ...['--port', String(server.port), '--pid', String(server.pid), '--frames', load.file],
    ...['--conns', String(load.conns), '--depth', String(load.depth)],
    ...['--seconds', String(window.seconds), '--warmup', String(window.warmupSeconds)],
    ...['--after', String(window.afterSeconds ?? 0)],
  ]
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as LoadResult)
      else reject(new Error(`${stderr.trim()}\n${stdout.trim()}`.trim()))
    })
  })
}

export function summarize(results: readonly RowResult[]): Summary {
  const all = (pick: (result: RowResult) => number): number[] => results.map(pick)
  const perSecond = all((result) => result.perSecond)
  const [first] = results
  return {
    perSecond: median(perSecond),
    slowestPerSecond: Math.min(...perSecond),
    fastestPerSecond: Math.max(...perSecond),
    p50Us: median(all((result) => result.latencyUs.p50)),
    p99Us: median(all((result) => result.latencyUs.p99)),
    maxUs: median(all((result) => result.latencyUs.max)),
    cpuUsPerRequest: median(all((result) => result.serverCpuUsPerRequest)),
    allServedMs: median(all((result) => result.allServedMs)),
    generatorCpuShare: median(all((result) => result.generatorCpuShare)),
    mostOtherCpuShare: Math.max(...all((result) => result.otherCpuShare)),
    ...(first?.backgroundPerSecond !== undefined && {
      backgroundPerSecond: median(all((result) => result.backgroundPerSecond ?? 0)),
    }),
    ...(first?.duringMs !== undefined && { duringMs: median(all((result) => result.duringMs ?? 0)) }),
  }
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  if (upper === undefined || lower === undefined) throw new Error('no values')
  return (upper + lower) / 2
}
