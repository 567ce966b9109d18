import { CodedError } from '../../common/coded-error.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import { brokerKey } from '../route-tables.ts'
import { RestoredRoutes, type RestoredTables } from './restored-routes.ts'

/** A line of a snapshot is not one that `routeSnapshotText` writes. */
export class RouteSnapshotError extends CodedError<'ERR_ROUTE_SNAPSHOT'> {}

/**
 * The routes of a snapshot. Its brokers expire after `nowMs + graceMs`, or earlier if an earlier restart left them less time.
 * @throws {RouteSnapshotError}
 */
export function readRouteSnapshot(lines: Iterable<string>, nowMs: number, graceMs: number): RestoredRoutes {
  const restored: RestoredTables = {
    clusters: new Map(),
    groups: new Map(),
    brokers: new Map(),
    filterServers: new Map(),
    topics: new Map(),
    mappings: new Map(),
  }
  const queueDataOf = queueDataSharing()
  const queueSets: [brokerName: string, queueData: QueueData][][] = []
  const renamed: (readonly [formerName: string, brokerAddr: string])[] = []
  const readers: Readonly<Record<string, (record: SnapshotRecord) => void>> = {
    cluster: (record) => {
      restored.clusters.set(record.text(1), new Set(record.rest(2, (names, at) => names.text(at))))
    },
    group: (record) => {
      const brokerName = record.text(1)
      const members = record.rest(5, (_, at) => record.inner(at))
      restored.groups.set(brokerName, {
        brokerName,
        cluster: record.text(2),
        zoneName: record.textOrNull(3),
        enableActingMaster: record.boolean(4),
        brokerAddrs: new Map(members.map((member) => [member.long(0), member.text(1)])),
      })
    },
    broker: (record) => {
      const [clusterName, brokerAddr, brokerName] = [record.text(1), record.text(2), record.text(3)]
      const leftMs = record.isNull(6) ? graceMs : Math.min(graceMs, record.number(6))
      restored.brokers.set(brokerKey(clusterName, brokerAddr), {
        clusterName,
        brokerAddr,
        brokerName,
        heartbeatTimeoutMs: record.number(4),
        haServerAddr: record.textOrNull(5),
        deadlineMs: nowMs + leftMs,
      })
      // Earlier releases wrote the names that the address had before.
      for (const name of record.rest(7, (names, at) => names.text(at))) renamed.push([name, brokerAddr])
    },
    filters: (record) => {
      restored.filterServers.set(
        record.text(1),
        record.rest(2, (servers, at) => servers.text(at)),
      )
    },
    queues: (record) => {
      const entries = record.rest(1, (_, at) => queueDataOf(record.inner(at)))
      queueSets.push(entries.map((queueData) => [queueData.brokerName, queueData]))
    },
    topic: (record) => {
      const queues = queueSets[record.number(2)]
      if (queues === undefined) throw record.wrong(2)
      restored.topics.set(record.text(1), new Map(queues))
    },
    mapping: (record) => {
      const topic = record.text(1)
      if (!restored.topics.has(topic)) return
      const infos = record.rest(2, (_, at) => record.inner(at))
      restored.mappings.set(topic, new Map(infos.map((info) => [info.text(0), mappingInfo(info)])))
    },
  }

  let number = 0
  for (const line of lines) {
    const record = new SnapshotRecord(parsed(line, ++number), number)
    const kind = record.text(0)
    if (!Object.hasOwn(readers, kind)) throw record.wrong(0)
    readers[kind]?.(record)
  }
  for (const [name, addr] of renamed) leaveGroup(restored, name, addr)
  return new RestoredRoutes(restored)
}

function leaveGroup({ groups, clusters }: RestoredTables, brokerName: string, brokerAddr: string): void {
  const group = groups.get(brokerName)
  if (group === undefined) return
  const brokerAddrs = new Map([...group.brokerAddrs].filter(([, addr]) => addr !== brokerAddr))
  groups.set(brokerName, { ...group, brokerAddrs })
  if (brokerAddrs.size > 0) return
  groups.delete(brokerName)
  for (const names of clusters.values()) names.delete(brokerName)
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new RouteSnapshotError('ERR_ROUTE_SNAPSHOT', `record ${number}: invalid JSON`, { cause })
  }
}

function mappingInfo(record: SnapshotRecord): TopicQueueMappingInfo {
  const ids = record.isNull(7) ? null : record.inner(7)
  const pairs = ids?.rest(0, (_, at) => ids.inner(at))
  return {
    topic: record.textOrNull(1),
    scope: record.textOrNull(2),
    totalQueues: record.number(3),
    bname: record.textOrNull(4),
    epoch: record.long(5),
    dirty: record.boolean(6),
    currIdMap: pairs === undefined ? null : new Map(pairs.map((pair) => [pair.number(0), pair.number(1)])),
  }
}

/** Equal entries are one value in memory, as after a registration. */
function queueDataSharing(): (record: SnapshotRecord) => QueueData {
  const shared = new Map<string, QueueData>()
  return (record) => {
    const key = record.key
    let queueData = shared.get(key)
    if (queueData === undefined) {
      queueData = {
        brokerName: record.text(0),
        readQueueNums: record.number(1),
        writeQueueNums: record.number(2),
        perm: record.number(3),
        topicSysFlag: record.number(4),
      }
      shared.set(key, queueData)
    }
    return queueData
  }
}

/** An array within a line. Reading a value of another type throws an error that names the line. */
class SnapshotRecord {
  readonly #values: readonly unknown[]
  readonly #number: number

  /** @param number - Of the line, from 1. */
  constructor(values: unknown, number: number) {
    this.#number = number
    if (!Array.isArray(values)) throw this.wrong(0)
    this.#values = values
  }

  get length(): number {
    return this.#values.length
  }

  /** The same for arrays of the same values. */
  get key(): string {
    return this.#values.join(' ')
  }

  text(at: number): string {
    const value = this.#values[at]
    if (typeof value !== 'string') throw this.wrong(at)
    return value
  }

  textOrNull(at: number): string | null {
    return this.isNull(at) ? null : this.text(at)
  }

  number(at: number): number {
    const value = this.#values[at]
    if (typeof value !== 'number') throw this.wrong(at)
    return value
  }

  /** A Java long. */
  long(at: number): bigint {
    const value = this.text(at)
    if (!/^-?\d{1,19}$/.test(value)) throw this.wrong(at)
    return BigInt(value)
  }

  boolean(at: number): boolean {
    const value = this.#values[at]
    if (typeof value !== 'boolean') throw this.wrong(at)
    return value
  }

  isNull(at: number): boolean {
    return this.#values[at] === null
  }

  inner(at: number): SnapshotRecord {
    return new SnapshotRecord(this.#values[at], this.#number)
  }

  rest<Value>(from: number, read: (record: this, at: number) => Value): Value[] {
    const values: Value[] = []
    for (let at = from; at < this.#values.length; at++) values.push(read(this, at))
    return values
  }

  wrong(at: number): RouteSnapshotError {
    return new RouteSnapshotError(
      'ERR_ROUTE_SNAPSHOT',
      `record ${this.#number}: unexpected value at index ${at}`,
    )
  }
}
