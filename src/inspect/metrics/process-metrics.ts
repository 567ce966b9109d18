import type { HeapSpaceInfo } from 'node:v8'
import type { Histogram } from '../../stats/histogram.ts'
import { familiesOf, type MetricFamily, type Sample } from './metric-family.ts'

/** Delays of the event loop in seconds, over at least 15 seconds before the figures were read. */
export interface EventLoopLag {
  readonly current: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}

/** What the views and the metrics show of the process. */
export interface ProcessState {
  readonly cpu: NodeJS.CpuUsage
  /** Milliseconds since the start in which the event loop worked, and in which it waited. */
  readonly eventLoop: { readonly active: number; readonly idle: number }
  readonly memory: NodeJS.MemoryUsage
  readonly heapSpaces: readonly HeapSpaceInfo[]
  /** Seconds since the epoch. */
  readonly startTime: number
  readonly virtualBytes: number | undefined
  readonly openFiles: number | undefined
  readonly maxFiles: number | undefined
  readonly lag: EventLoopLag
  /** Seconds of garbage collections by kind: `minor`, `major`, `incremental` or `weakcb`. */
  readonly collections: ReadonlyMap<string, Histogram>
}

const processFamily = familiesOf<ProcessState>('process_')
const nodeFamily = familiesOf<ProcessState>('nodejs_')

const MICROSECONDS = 1e6

function lagFamily(name: string, help: string, key: keyof EventLoopLag): MetricFamily<ProcessState> {
  return nodeFamily.gauge(`eventloop_lag${name}_seconds`, help, [], ({ lag }) => lag[key])
}

function heapSpaceFamily(name: string, help: string, read: (space: HeapSpaceInfo) => number) {
  return nodeFamily.gauge(`heap_space_size_${name}_bytes`, help, ['space'], ({ heapSpaces }) =>
    heapSpaces.map((space): Sample => [[space.space_name.replace(/_space$/, '')], read(space)]),
  )
}

/**
 * Names and labels are those of prom-client, so that dashboards made for Node work. Left out are its counts of handles and
 * resources: with 50,000 connections Node takes 8 ms to count them.
 */
export const PROCESS_METRICS: readonly MetricFamily<ProcessState>[] = [
  processFamily.counter(
    'cpu_user_seconds_total',
    'User CPU time in seconds.',
    [],
    ({ cpu }) => cpu.user / MICROSECONDS,
  ),
  processFamily.counter(
    'cpu_system_seconds_total',
    'System CPU time in seconds.',
    [],
    ({ cpu }) => cpu.system / MICROSECONDS,
  ),
  processFamily.counter(
    'cpu_seconds_total',
    'User and system CPU time in seconds.',
    [],
    ({ cpu }) => (cpu.user + cpu.system) / MICROSECONDS,
  ),
  processFamily.gauge(
    'start_time_seconds',
    'Start of the process, in seconds since the epoch.',
    [],
    ({ startTime }) => startTime,
  ),
  processFamily.gauge('resident_memory_bytes', 'Resident memory in bytes.', [], ({ memory }) => memory.rss),
  processFamily.gauge(
    'virtual_memory_bytes',
    'Virtual memory in bytes; only on Linux.',
    [],
    ({ virtualBytes }) => virtualBytes,
  ),
  processFamily.gauge('open_fds', 'Open file descriptors; only on Linux.', [], ({ openFiles }) => openFiles),
  processFamily.gauge('max_fds', 'Max open file descriptors; only on Linux.', [], ({ maxFiles }) => maxFiles),
  lagFamily('', 'Delay of the event loop at the scrape, in seconds.', 'current'),
  lagFamily(
    '_min',
    'Min delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'min',
  ),
  lagFamily(
    '_max',
    'Max delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'max',
  ),
  lagFamily(
    '_mean',
    'Mean delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'mean',
  ),
  lagFamily(
    '_stddev',
    'Standard deviation of the delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'stddev',
  ),
  lagFamily(
    '_p50',
    'Median delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'p50',
  ),
  lagFamily(
    '_p90',
    '90th percentile of the delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'p90',
  ),
  lagFamily(
    '_p99',
    '99th percentile of the delay of the event loop over the last 15 seconds or the time between scrapes, in seconds.',
    'p99',
  ),
  nodeFamily.gauge(
    'heap_size_total_bytes',
    'Size of the heap in bytes.',
    [],
    ({ memory }) => memory.heapTotal,
  ),
  nodeFamily.gauge('heap_size_used_bytes', 'Used bytes of the heap.', [], ({ memory }) => memory.heapUsed),
  nodeFamily.gauge(
    'external_memory_bytes',
    'Memory of buffers and other objects outside the heap, in bytes.',
    [],
    ({ memory }) => memory.external,
  ),
  heapSpaceFamily('total', 'Size of each space of the heap in bytes.', ({ space_size: size }) => size),
  heapSpaceFamily('used', 'Used bytes of each space of the heap.', ({ space_used_size: size }) => size),
  heapSpaceFamily(
    'available',
    'Available bytes of each space of the heap.',
    ({ space_available_size: size }) => size,
  ),
  nodeFamily.histogram(
    'gc_duration_seconds',
    'Duration of garbage collections in seconds, by kind: major, minor, incremental or weakcb.',
    ['kind'],
    ({ collections }) => [...collections].map(([kind, histogram]): Sample => [[kind], histogram]),
  ),
  nodeFamily.gauge(
    'version_info',
    'The version of Node.js. Always 1.',
    ['version', 'major', 'minor', 'patch'],
    () => {
      const [major = '', minor = '', patch = ''] = process.versions.node.split('.')
      return [[[process.version, major, minor, patch], 1]]
    },
  ),
]
