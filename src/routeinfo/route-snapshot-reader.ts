import { EMPTY_DATA_VERSION } from '../protocol/body/data-version.ts'
import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import { RouteChanges } from './route-changes.ts'
import { brokerKey, NO_CHANNEL, RouteTables } from './route-tables.ts'
import { RouteSnapshotError, SnapshotRecord } from './snapshot-record.ts'
import { type Unregistration, unregisterBrokers } from './unregister-brokers.ts'

const RENAMED = { brokerId: null, reason: 'renamed', generation: 0 } as const

/**
 * Tables with what a snapshot says. Its brokers are provisional: without connection, and silent when `nowMs + graceMs` is over
 * unless they are heard from.
 * @throws {RouteSnapshotError}
 */
export function readRouteSnapshot(lines: Iterable<string>, nowMs: number, graceMs: number): RouteTables {
  const tables = new RouteTables()
  const brokerKeys = new Set<string>()
  const brokerNames = new Set<string>()
  const queueDatas = new Set<QueueData>()
  const queueDataOf = queueDataSharing(queueDatas)
  const queueSets: [brokerName: string, queueData: QueueData][][] = []
  const renamed: Unregistration[] = []
  const readers: Readonly<Record<string, (record: SnapshotRecord) => void>> = {
    cluster: (record) => {
      tables.clusterAddrTable.set(record.text(1), new Set(record.rest(2, (names, at) => names.text(at))))
    },
    group: (record) => {
      const brokerName = record.text(1)
      const members = record.rest(5, (_, at) => record.inner(at))
      tables.brokerAddrTable.set(brokerName, {
        brokerName,
        cluster: record.text(2),
        zoneName: record.textOrNull(3),
        enableActingMaster: record.boolean(4),
        brokerAddrs: new Map(members.map((member) => [member.long(0), member.text(1)])),
      })
    },
    broker: (record) => {
      const [clusterName, brokerAddr] = [record.text(1), record.text(2)]
      const heartbeatTimeoutMs = record.number(4)
      const leftMs = record.isNull(6) ? graceMs : Math.min(graceMs, record.number(6))
      const brokerName = record.text(3)
      // Earlier releases kept the names that an address had before, and wrote them here.
      for (const name of record.rest(7, (names, at) => names.text(at)))
        renamed.push({ clusterName, brokerAddr, brokerName: name, ...RENAMED })
      brokerKeys.add(brokerKey(clusterName, brokerAddr))
      brokerNames.add(brokerName)
      tables.setLive({
        clusterName,
        brokerAddr,
        brokerName,
        lastUpdateTimestampMs: nowMs + leftMs - heartbeatTimeoutMs,
        heartbeatTimeoutMs,
        dataVersion: EMPTY_DATA_VERSION,
        channelId: NO_CHANNEL,
        haServerAddr: record.textOrNull(5),
        topics: 0,
        firstTopic: undefined,
        isComplete: false,
        generation: 0,
      })
    },
    filters: (record) => {
      tables.filterServerTable.set(
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
      tables.restoreTopic(record.text(1), new Map(queues))
    },
    mapping: (record) => {
      const topic = record.text(1)
      // Of a topic that nobody has any more nobody asks for the mapping.
      if (!tables.topicQueueTable.has(topic)) return
      const infos = record.rest(2, (_, at) => record.inner(at))
      tables.topicQueueMappingInfoTable.set(
        topic,
        new Map(infos.map((info) => [info.text(0), mappingInfo(info)])),
      )
    },
  }

  let number = 0
  for (const line of lines) {
    const record = new SnapshotRecord(parsed(line, ++number), number)
    const kind = record.text(0)
    if (!Object.hasOwn(readers, kind)) throw record.wrong(0)
    readers[kind]?.(record)
  }
  if (renamed.length > 0) for (const _ of unregisterBrokers(tables, renamed, new RouteChanges()));
  tables.restored = { brokerKeys, brokerNames, queueDatas, toldNames: new Set() }
  return tables
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new RouteSnapshotError(`record ${number} is not readable`, { cause })
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
function queueDataSharing(all: Set<QueueData>): (record: SnapshotRecord) => QueueData {
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
      all.add(queueData)
    }
    return queueData
  }
}
