import { CodedError } from '../../common/coded-error.ts'
import type { Steps } from '../../common/time-slicer.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import { brokerKey } from '../route-tables.ts'
import type { RouteView } from '../route-view.ts'
import { RestoredGroup, RestoredRoutes } from './restored-routes.ts'

/** A line of a snapshot is not one that {@link routeSnapshotText} writes. */
export class RouteSnapshotError extends CodedError<'ERR_ROUTE_SNAPSHOT'> {}

/**
 * The routes that clients see, as text: one record a line, each a JSON array that begins with its kind:
 *
 *     ["cluster", name, brokerName…]
 *     ["group", brokerName, cluster, zoneName, enableActingMaster, [brokerId, address]…]
 *     ["broker", cluster, address, brokerName, heartbeatTimeoutMs, haServerAddr, graceLeftMs, owner]
 *     ["filters", key of the live table, address…]
 *     ["queues", [brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag]…]
 *     ["topic", name, index of the queues record with its queues, counted from 0]
 *     ["mapping", topic, [brokerName, topic, scope, totalQueues, bname, epoch, dirty, [id, queue]… or null]…]
 *
 * Java longs are strings. `graceLeftMs` is null for a live broker; `owner` is missing in files of earlier releases.
 * Further values in a record are ignored. Data versions are left out: a broker that returns registers all its topics.
 *
 * Call it between two transitions; it may be read on during the next ones, and then has of each topic the queues before or after
 * them. Everything else is as it was at the call.
 */
export function routeSnapshotText(view: RouteView, nowMs: number): Generator<string, void, undefined> {
  const { tables, restored } = view
  const clusters = [...view.clusters()].map(([cluster, names]) => [cluster, ...names])
  const groups = [...view.groups().values()]
  const restoredBrokers = [...(restored?.brokers ?? [])]
  // Copies, because heartbeats change the deadlines while the text is read.
  const brokers = [
    ...restoredBrokers.map(([, broker]) => ({ ...broker })),
    ...tables.brokerLiveTable.values(),
  ]
  const filterServers = [
    ...restoredBrokers.map(([key]) => [key, view.filterServers(key) ?? []] as const),
    ...tables.filterServerTable,
  ]
  function* lines(): Generator<string, void, undefined> {
    for (const cluster of clusters) yield line('cluster', ...cluster)
    for (const { brokerName, cluster, zoneName, enableActingMaster, brokerAddrs } of groups) {
      const members = [...brokerAddrs].map(([id, addr]) => [`${id}`, addr])
      yield line('group', brokerName, cluster, zoneName, enableActingMaster, ...members)
    }
    for (const broker of brokers) {
      const { clusterName, brokerAddr, brokerName, heartbeatTimeoutMs, haServerAddr, owner } = broker
      const graceLeftMs = 'deadlineMs' in broker ? Math.max(0, Math.ceil(broker.deadlineMs - nowMs)) : null
      const names = [clusterName, brokerAddr, brokerName]
      yield line('broker', ...names, heartbeatTimeoutMs, haServerAddr, graceLeftMs, owner)
    }
    for (const [key, servers] of filterServers) if (servers.length > 0) yield line('filters', key, ...servers)
    yield* topicLines(view)
    yield* mappingLines(view)
  }
  return lines()
}

/** The next piece of a text, with at least `minLength` characters unless it ends; empty at its end. */
export function* nextPiece(lines: Iterator<string, void, undefined>, minLength: number): Steps<string> {
  let piece = ''
  while (piece.length < minLength) {
    const { done, value } = lines.next()
    if (done === true) break
    piece += value
    yield
  }
  return piece
}

/** Each distinct set of queues is written once, before the first topic that has it. */
function* topicLines(view: RouteView): Generator<string, void, undefined> {
  const texts = new Map<QueueData, string>()
  const records = new Map<string, number>()
  for (const [topic] of view.topics()) {
    let record = ''
    for (const queueData of view.queues(topic)?.values() ?? []) {
      let text = texts.get(queueData)
      if (text === undefined) {
        const { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag } = queueData
        text = `,${JSON.stringify([brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag])}`
        texts.set(queueData, text)
      }
      record += text
    }
    // A transition that is under way has added it.
    if (record === '') continue
    let number = records.get(record)
    if (number === undefined) {
      number = records.size
      records.set(record, number)
      yield `["queues"${record}]\n`
    }
    yield `["topic",${JSON.stringify(topic)},${number}]\n`
  }
}

function* mappingLines(view: RouteView): Generator<string, void, undefined> {
  const restored = view.restored?.mappings ?? new Map<string, unknown>()
  for (const topic of restored.keys()) yield mappingLine(topic, view)
  for (const topic of view.tables.topicQueueMappingInfoTable.keys())
    if (!restored.has(topic)) yield mappingLine(topic, view)
}

function mappingLine(mapped: string, view: RouteView): string {
  const infos = [...(view.mappings(mapped) ?? [])].map(([brokerName, info]) => {
    const { topic, scope, totalQueues, bname, epoch, dirty, currIdMap } = info
    const ids = currIdMap === null ? null : [...currIdMap]
    return [brokerName, topic, scope, totalQueues, bname, `${epoch}`, dirty, ids]
  })
  return line('mapping', mapped, ...infos)
}

function line(...record: unknown[]): string {
  return `${JSON.stringify(record)}\n`
}

/**
 * The routes of a snapshot. Its brokers expire after `nowMs + graceMs`, or earlier if an earlier restart left them less time.
 * @throws {RouteSnapshotError}
 */
export function readRouteSnapshot(lines: Iterable<string>, nowMs: number, graceMs: number): RestoredRoutes {
  const restored = new RestoredRoutes()
  const queueSets: QueueData[][] = []
  // Equal entries are one value in memory, as after a registration.
  const shared = new Map<string, QueueData>()
  const readers: Readonly<Record<string, (record: SnapshotRecord) => void>> = {
    cluster: (record) => {
      restored.clusters.set(record.text(), new Set(record.rest(() => record.text())))
    },
    group: (record) => {
      const group = {
        brokerName: record.text(),
        cluster: record.text(),
        zoneName: record.orNull(() => record.text()),
        enableActingMaster: record.boolean(),
        brokerAddrs: record.map((member) => [member.long(), member.text()]),
      }
      restored.groups.set(group.brokerName, new RestoredGroup(group))
    },
    broker: (record) => {
      const broker = {
        clusterName: record.text(),
        brokerAddr: record.text(),
        brokerName: record.text(),
        heartbeatTimeoutMs: record.number(),
        haServerAddr: record.orNull(() => record.text()),
        deadlineMs: nowMs + Math.min(graceMs, record.orNull(() => record.number()) ?? graceMs),
        owner: record.optionalText(),
      }
      restored.brokers.set(brokerKey(broker.clusterName, broker.brokerAddr), broker)
    },
    filters: (record) => {
      const key = record.text()
      restored.filterServers.set(
        key,
        record.rest(() => record.text()),
      )
    },
    queues: (record) => {
      const queues = record.rest(() => queueDataOf(record.inner()))
      queueSets.push(
        queues.map((queueData) => {
          const key = Object.values(queueData).join(' ')
          const known = shared.get(key) ?? queueData
          shared.set(key, known)
          return known
        }),
      )
    },
    topic: (record) => {
      const topic = record.text()
      const queues = queueSets[record.number()]
      if (queues === undefined) throw record.wrong()
      restored.topics.set(topic, new Map(queues.map((queueData) => [queueData.brokerName, queueData])))
    },
    mapping: (record) => {
      const topic = record.text()
      const infos = record.map((info) => [info.text(), mappingInfo(info)])
      if (restored.topics.has(topic)) restored.mappings.set(topic, infos)
    },
  }

  let number = 0
  for (const line of lines) {
    const record = new SnapshotRecord(parsed(line, ++number), number)
    const kind = record.text()
    if (!Object.hasOwn(readers, kind)) throw record.wrong()
    readers[kind]?.(record)
  }
  restored.onLoaded()
  return restored
}

function parsed(line: string, number: number): readonly unknown[] {
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch (cause) {
    throw new RouteSnapshotError('ERR_ROUTE_SNAPSHOT', `record ${number}: invalid JSON`, { cause })
  }
  if (!Array.isArray(record))
    throw new RouteSnapshotError('ERR_ROUTE_SNAPSHOT', `record ${number}: not an array`)
  return record
}

function mappingInfo(record: SnapshotRecord): TopicQueueMappingInfo {
  return {
    topic: record.orNull(() => record.text()),
    scope: record.orNull(() => record.text()),
    totalQueues: record.number(),
    bname: record.orNull(() => record.text()),
    epoch: record.long(),
    dirty: record.boolean(),
    currIdMap: record.orNull(() => record.inner().map((pair) => [pair.number(), pair.number()])),
  }
}

function queueDataOf(record: SnapshotRecord): QueueData {
  return {
    brokerName: record.text(),
    readQueueNums: record.number(),
    writeQueueNums: record.number(),
    perm: record.number(),
    topicSysFlag: record.number(),
  }
}

/** An array of a line, read value by value. A value of another type throws an error that names the line. */
class SnapshotRecord {
  readonly #values: readonly unknown[]
  readonly #number: number
  #at = 0

  /** @param number - Of the line, from 1. */
  constructor(values: readonly unknown[], number: number) {
    this.#values = values
    this.#number = number
  }

  text(): string {
    return this.#next((value) => typeof value === 'string')
  }

  /** Undefined at the end, or for null. */
  optionalText(): string | undefined {
    return this.#values[this.#at] == null ? undefined : this.text()
  }

  number(): number {
    return this.#next((value) => typeof value === 'number')
  }

  boolean(): boolean {
    return this.#next((value) => typeof value === 'boolean')
  }

  /** A Java long. */
  long(): bigint {
    const value = this.text()
    if (!/^-?\d{1,19}$/.test(value)) throw this.wrong()
    return BigInt(value)
  }

  inner(): SnapshotRecord {
    const values = this.#next((value): value is unknown[] => Array.isArray(value))
    return new SnapshotRecord(values, this.#number)
  }

  orNull<Value>(read: () => Value): Value | null {
    if (this.#values[this.#at] !== null) return read()
    this.#at++
    return null
  }

  /** Reads to the end. */
  rest<Value>(read: () => Value): Value[] {
    const values: Value[] = []
    while (this.#at < this.#values.length) values.push(read())
    return values
  }

  /** Reads to the end, where each value is an array that begins with a pair. */
  map<Key, Value>(read: (inner: SnapshotRecord) => [Key, Value]): Map<Key, Value> {
    return new Map(this.rest(() => read(this.inner())))
  }

  #next<Value>(isExpected: (value: unknown) => value is Value): Value {
    const value = this.#values[this.#at++]
    if (!isExpected(value)) throw this.wrong()
    return value
  }

  /** The error for the value read last. */
  wrong(): RouteSnapshotError {
    return new RouteSnapshotError(
      'ERR_ROUTE_SNAPSHOT',
      `record ${this.#number}: unexpected value at index ${this.#at - 1}`,
    )
  }
}
