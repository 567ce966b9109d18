/** The worker thread of `worker.ts`: reads bodies, and posts what is in them. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import {
  type ReadRegisterBrokerBody,
  readRegisterBrokerBody,
} from '../../src/protocol/body/register-broker-body.ts'
import type { TopicTableOffsets } from '../../src/protocol/body/topic-table-offsets.ts'

/** What it is asked. */
export interface WorkerTask {
  /** Any parser and the whole table; our reader and the whole table; our reader and the entries that have changed. */
  readonly task: 'parse' | 'read' | 'changes'
  readonly broker: number
  readonly bytes: Uint8Array
}

export interface WorkerMemory {
  /** Of what is kept to find changes by. */
  readonly keptBytes: number
  readonly heapBytes: number
}

const NOW_MS = 1_700_000_000_000
const { results } = workerData as { readonly results: MessagePort }
const known = new Map<number, TopicTableOffsets>()

function answerTo({ task, broker, bytes }: WorkerTask): unknown {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  crc32(body)
  if (task === 'parse') return JSON.parse(body.toString())
  const read = finish(body, task === 'changes' ? known.get(broker) : undefined)
  if (task === 'changes' && read.places !== undefined) known.set(broker, read.places)
  return read.body
}

function finish(body: Buffer, places: TopicTableOffsets | undefined): ReadRegisterBrokerBody {
  const slices = readRegisterBrokerBody(body, NOW_MS, places)
  for (;;) {
    const { done, value } = slices.next()
    if (done === true) return value
  }
}

function memory(): WorkerMemory {
  const kept = [...known.values()].map(({ bytes, boundaries }) => bytes.length + boundaries.byteLength)
  return {
    keptBytes: kept.reduce((sum, bytes) => sum + bytes, 0),
    heapBytes: process.memoryUsage().heapTotal,
  }
}

parentPort?.on('message', (message: WorkerTask | { readonly task: 'memory' }) => {
  if (message.task === 'memory') {
    parentPort?.postMessage(memory())
    return
  }
  results.postMessage(answerTo(message))
  parentPort?.postMessage('done')
})
