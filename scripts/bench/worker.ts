/**
 * Large registrations in slices on the main thread, and in a worker thread: how long each holds the main thread, which serves
 * the lookups, and what both threads together spend. Half a minute.
 *
 *     npm run bench:worker
 *
 * From the bytes of a body to what the tables are told; the tables themselves are the main thread's in any case, and are left out.
 */
import { MessageChannel, receiveMessageOnPort, type TransferListItem, Worker } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { TimeSlicer } from '../../src/common/time-slicer.ts'
import { readRegisterBrokerBody } from '../../src/protocol/body/register-broker-body.ts'
import type { TopicTableOffsets } from '../../src/protocol/body/topic-table-offsets.ts'
import { type ClusterShape, registrationBody } from './cluster.ts'
import { median } from './measure.ts'
import type { WorkerMemory, WorkerTask } from './registration-worker.ts'

const ROUNDS = 7
const NOW_MS = 1_700_000_000_000
const MIB = 2 ** 20
const IDLE_WORKERS = 5

const shape: ClusterShape = { prefix: 'Large', brokers: 10, topics: 20_000 }
const changedTopic = shape.topics >> 1
const bodies = [2, 3].map((counter) => registrationBody(shape, { counter, changedTopic }))

/** How long the main thread could do nothing else, ms. */
class Holds {
  readonly #times: number[] = []

  get total(): number {
    return this.#times.reduce((sum, time) => sum + time, 0)
  }

  get longest(): number {
    return Math.max(...this.#times)
  }

  /** Runs what the main thread does in one go. */
  time<Result>(run: () => Result): Result {
    const startMs = performance.now()
    try {
      return run()
    } finally {
      this.#times.push(performance.now() - startMs)
    }
  }

  /** The same, within the turn of the last one. */
  timeMore<Result>(run: () => Result): Result {
    const last = this.#times.pop() ?? 0
    try {
      return this.time(run)
    } finally {
      this.#times.push((this.#times.pop() ?? 0) + last)
    }
  }
}

interface Way {
  readonly name: string
  /** Takes the registration of one broker; the bytes are given away. */
  readonly take: (broker: number, bytes: Buffer, holds: Holds) => Promise<void>
}

interface Known {
  readonly bytes: Buffer
  readonly places: TopicTableOffsets
}

const known = new Map<number, Known>()

/** As the server does it: sum and comparison at once, then slices, then a copy of what is to be compared with next time. */
async function inSlices(broker: number, bytes: Buffer, holds: Holds, last?: Known): Promise<void> {
  const slicer = new TimeSlicer({
    nowMs: () => performance.now(),
    defer: (task) => setImmediate(() => holds.time(task)),
  })
  const { places } = await holds.time(() => {
    sink = crc32(bytes)
    sink = last?.bytes.equals(bytes)
    return slicer.run(readRegisterBrokerBody(bytes, NOW_MS, last?.places))
  })
  holds.timeMore(() => {
    const kept = Buffer.from(bytes)
    if (places !== undefined) known.set(broker, { bytes: kept, places: { ...places, bytes: kept } })
  })
}

async function unchanged(broker: number, _: Buffer, holds: Holds): Promise<void> {
  const last = known.get(broker)
  holds.time(() => {
    sink = last?.bytes.equals(same.get(broker) ?? Buffer.alloc(0))
  })
}

/** What a body that stays here is put together in. */
const usedAgain = Buffer.alloc(bodies[0]?.length ?? 0)

async function intoUsedMemory(_: number, bytes: Buffer, holds: Holds): Promise<void> {
  holds.time(() => bytes.copy(usedAgain))
}

/** What is given to another thread must be of its own, and the next one comes from the system. */
async function intoNewMemory(_: number, bytes: Buffer, holds: Holds): Promise<void> {
  sink = holds.time(() => {
    const own = Buffer.allocUnsafeSlow(bytes.length)
    bytes.copy(own)
    return own
  })
}

/** The same bytes as are known, and not in the same memory. */
const same = new Map<number, Buffer>()

/** Posts a body, and takes what comes back of it. */
function inWorker(task: WorkerTask['task']): Way['take'] {
  return async (broker, bytes, holds) => {
    const { buffer } = bytes
    const done = new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    holds.time(() => worker.postMessage({ task, broker, bytes }, [buffer as TransferListItem]))
    await done
    worker.removeAllListeners('error')
    // The table lies on another port, so that taking it out of there can be timed.
    sink = holds.time(() => receiveMessageOnPort(results))
    if (sink === undefined) throw new Error('the worker has posted no result')
  }
}

const { port1: results, port2: resultsOfWorker } = new MessageChannel()
/** Results are put here, so that none is left out for being of no use. */
let sink: unknown

/** `tsx` translates for the main thread alone; a worker asks for it itself. */
const IN_WORKER = `
  const { register } = await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
  register()
  await import(${JSON.stringify(new URL('./registration-worker.ts', import.meta.url))})
`

function startWorker(): Worker {
  const started = new Worker(new URL(`data:text/javascript,${encodeURIComponent(IN_WORKER)}`), {
    workerData: { results: resultsOfWorker },
    transferList: [resultsOfWorker],
  })
  started.setMaxListeners(0)
  return started
}

const worker = startWorker()

const ways: readonly Way[] = [
  { name: 'copied into memory that is used again', take: intoUsedMemory },
  { name: 'copied into memory that can be given away', take: intoNewMemory },
  { name: 'main thread, nothing changed: comparison', take: unchanged },
  {
    name: 'main thread in slices, one topic changed',
    take: (broker, bytes, holds) => inSlices(broker, bytes, holds, known.get(broker)),
  },
  {
    name: 'main thread in slices, the whole',
    take: (broker, bytes, holds) => inSlices(broker, bytes, holds),
  },
  { name: 'worker, JSON.parse, posts the table', take: inWorker('parse') },
  { name: 'worker, our reader, posts the table', take: inWorker('read') },
  { name: 'worker, our reader, posts what has changed', take: inWorker('changes') },
]

interface Figures {
  readonly heldMs: number
  readonly longestMs: number
  readonly cpuMs: number
  readonly tookMs: number
}

/** Every broker registers once. */
async function round({ take }: Way, number: number): Promise<Figures> {
  const body = bodies[number % bodies.length] as Buffer
  const copies = Array.from({ length: shape.brokers }, () => Buffer.from(body))
  const holds = new Holds()
  const startMs = performance.now()
  const before = process.cpuUsage()
  for (const [broker, bytes] of copies.entries()) {
    await take(broker, bytes, holds)
    // What the garbage collector and the loop owe belongs to it, too.
    await new Promise(setImmediate)
  }
  const { user, system } = process.cpuUsage(before)
  return {
    heldMs: holds.total / shape.brokers,
    longestMs: holds.longest,
    cpuMs: (user + system) / 1_000 / shape.brokers,
    tookMs: (performance.now() - startMs) / shape.brokers,
  }
}

async function measure(way: Way): Promise<Figures> {
  const rounds: Figures[] = []
  // The first two are what the compilers need.
  for (let number = 0; number < ROUNDS + 2; number++) rounds.push(await round(way, number))
  const of = (figure: keyof Figures): number => median(rounds.slice(2).map((each) => each[figure]))
  return { heldMs: of('heldMs'), longestMs: of('longestMs'), cpuMs: of('cpuMs'), tookMs: of('tookMs') }
}

function print(cells: readonly string[]): void {
  const [name = '', ...figures] = cells
  process.stdout.write(`${name.padEnd(46)}${figures.map((figure) => figure.padStart(11)).join('')}\n`)
}

/** What a worker costs that does nothing yet, MiB. */
async function idleWorkerMib(): Promise<number> {
  const before = process.memoryUsage.rss()
  const idle = Array.from(
    { length: IDLE_WORKERS },
    () =>
      new Worker('require("node:worker_threads").parentPort.on("message", () => {})', {
        eval: true,
        execArgv: [],
      }),
  )
  await Promise.all(idle.map((each) => new Promise((resolve) => each.once('online', resolve))))
  const after = process.memoryUsage.rss()
  await Promise.all(idle.map((each) => each.terminate()))
  return (after - before) / MIB / IDLE_WORKERS
}

async function memoryOfWorker(): Promise<WorkerMemory> {
  const answer = new Promise<WorkerMemory>((resolve) => worker.once('message', resolve))
  worker.postMessage({ task: 'memory' })
  return answer
}

const idleMib = await idleWorkerMib()
for (let broker = 0; broker < shape.brokers; broker++) {
  await inSlices(broker, Buffer.from(bodies[0] as Buffer), new Holds())
  same.set(broker, Buffer.from(bodies[0] as Buffer))
}
const bodyMb = (bodies[0]?.length ?? 0) / 1e6
process.stdout.write(
  `${shape.brokers} brokers × ${shape.topics.toLocaleString('en')} topics, ${bodyMb.toFixed(1)} MB of JSON each; per registration, medians of ${ROUNDS} rounds\n\n`,
)
print(['', 'held ms', 'longest ms', 'CPU ms', 'took ms'])
for (const way of ways) {
  const { heldMs, longestMs, cpuMs, tookMs } = await measure(way)
  print([way.name, ...[heldMs, longestMs, cpuMs, tookMs].map((ms) => ms.toFixed(2))])
}
const { keptBytes, heapBytes } = await memoryOfWorker()
process.stdout.write(
  `\nA worker needs ${idleMib.toFixed(0)} MiB before its first registration; this one ended with a heap of ${(heapBytes / MIB).toFixed(0)} MiB.\n` +
    `To know what has changed it keeps ${(keptBytes / MIB).toFixed(0)} MiB: each broker's last body and where the topics stand in it.\n`,
)
await worker.terminate()
results.close()
