import { opendir, readFile, stat } from 'node:fs/promises'
import {
  constants,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type NodeGCPerformanceDetail,
  PerformanceObserver,
} from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import type { EventLoopLag, ProcessState } from '../inspect/metrics/process-metrics.ts'
import { Histogram } from '../stats/histogram.ts'

/** How often the delay of the event loop is measured. */
const LAG_RESOLUTION_MS = 10
/** Min time over which the delays are shown: shorter than this, two scrapers would take each other's maximum. */
const LAG_WINDOW_MS = 15_000
const NANOSECONDS = 1e9

/** Seconds; the buckets of prom-client. */
const GC_BOUNDS = [0.001, 0.01, 0.1, 1, 2, 5]

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

/** Watches the event loop and the garbage collector between start and stop, and reads what the system says of the process. */
export class ProcessMonitor {
  readonly #nowMs: () => number
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  readonly #collections = new Map([...GC_KINDS.values()].map((kind) => [kind, new Histogram(GC_BOUNDS)]))
  readonly #collectionObserver = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { detail, duration } = entry as typeof entry & { readonly detail: NodeGCPerformanceDetail }
      const kind = GC_KINDS.get(detail.kind ?? -1)
      if (kind !== undefined) this.#collections.get(kind)?.observe(duration / 1_000)
    }
  })

  /** The delays of the last whole window. */
  #lastLag: Omit<EventLoopLag, 'current'> | undefined
  #windowStartMs = 0

  /** @param nowMs - Milliseconds on a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  start(): void {
    this.#windowStartMs = this.#nowMs()
    this.#delays.enable()
    this.#collectionObserver.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#delays.disable()
    this.#collectionObserver.disconnect()
  }

  async read(): Promise<ProcessState> {
    const [current, openFiles, maxFiles, virtualBytes] = await Promise.all([
      turnSeconds(),
      countOpenFiles().catch(() => undefined),
      numberIn('/proc/self/limits', /^Max open files +(\d+)/m),
      numberIn('/proc/self/status', /^VmSize:\s+(\d+)/m),
    ])
    return {
      cpu: process.cpuUsage(),
      eventLoop: performance.eventLoopUtilization(),
      memory: process.memoryUsage(),
      heapSpaces: getHeapSpaceStatistics(),
      startTime: performance.timeOrigin / 1_000,
      virtualBytes: virtualBytes === undefined ? undefined : virtualBytes * 1_024,
      openFiles,
      maxFiles,
      lag: { current, ...this.#lag() },
      collections: this.#collections,
    }
  }

  /** The histogram holds the time between two measurements, of which the resolution is no delay. */
  #lag(): Omit<EventLoopLag, 'current'> {
    const delays = this.#delays
    const secondsOf = (nanoseconds: number): number =>
      Math.max(0, nanoseconds - LAG_RESOLUTION_MS * 1e6) / NANOSECONDS || 0
    const lag = {
      min: delays.count === 0 ? 0 : secondsOf(delays.min),
      max: secondsOf(delays.max),
      mean: secondsOf(delays.mean),
      stddev: delays.stddev / NANOSECONDS || 0,
      p50: secondsOf(delays.percentile(50)),
      p90: secondsOf(delays.percentile(90)),
      p99: secondsOf(delays.percentile(99)),
    }
    const nowMs = this.#nowMs()
    if (nowMs - this.#windowStartMs < LAG_WINDOW_MS) return this.#lastLag ?? lag
    this.#windowStartMs = nowMs
    this.#lastLag = lag
    delays.reset()
    return lag
  }
}

/** Seconds until the event loop has gone round once. */
function turnSeconds(): Promise<number> {
  const startMs = performance.now()
  return new Promise((resolve) => setImmediate(() => resolve((performance.now() - startMs) / 1_000)))
}

async function countOpenFiles(): Promise<number> {
  // Since Linux 6.2 the size of the folder is the number of its entries.
  const { size } = await stat('/proc/self/fd')
  if (size > 0) return size
  let files = 0
  // In parts: it may have 50,000 entries.
  for await (const _ of await opendir('/proc/self/fd', { bufferSize: 256 })) files++
  return files
}

async function numberIn(path: string, pattern: RegExp): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
