import type { Steps } from '../../common/time-slicer.ts'
import type { QueueData } from '../../protocol/body/topic-route-data.ts'
import type { RouteView } from '../route-view.ts'

/**
 * The routes that clients see, as text: one record a line, each a JSON array that begins with its kind:
 *
 *     ["cluster", name, brokerName…]
 *     ["group", brokerName, cluster, zoneName, enableActingMaster, [brokerId, address]…]
 *     ["broker", cluster, address, brokerName, heartbeatTimeoutMs, haServerAddr, graceLeftMs]
 *     ["filters", key of the live table, address…]
 *     ["queues", [brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag]…]
 *     ["topic", name, index of the queues record with its queues, counted from 0]
 *     ["mapping", topic, [brokerName, topic, scope, totalQueues, bname, epoch, dirty, [id, queue]… or null]…]
 *
 * Java longs are strings. `graceLeftMs` is null for a live broker. Data versions are left out: a broker that returns registers all
 * its topics.
 *
 * Call it between two transitions; it may be read on during the next ones, and then has of each topic the queues before or after
 * them. Everything else is as it was at the call.
 */
export function routeSnapshotText(view: RouteView, nowMs: number): Generator<string, void, undefined> {
  const { tables, restored } = view
  const clusters = [...view.clusters()].map(([cluster, names]) => [cluster, ...names])
  const groups = [...view.groups().values()]
  const restoredBrokers = [...(restored?.brokers ?? [])]
  const brokers = [...restoredBrokers.map(([, broker]) => broker), ...tables.brokerLiveTable.values()]
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
      const { clusterName, brokerAddr, brokerName, heartbeatTimeoutMs, haServerAddr } = broker
      const graceLeftMs = 'deadlineMs' in broker ? Math.max(0, Math.ceil(broker.deadlineMs - nowMs)) : null
      yield line('broker', clusterName, brokerAddr, brokerName, heartbeatTimeoutMs, haServerAddr, graceLeftMs)
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
  const { tables, restored } = view
  const restoredTopics = new Set(restored?.mappedTopics)
  yield* mappingLinesOf(restoredTopics, view)
  for (const topic of tables.topicQueueMappingInfoTable.keys())
    if (!restoredTopics.has(topic)) yield* mappingLinesOf([topic], view)
}

function* mappingLinesOf(topics: Iterable<string>, view: RouteView): Generator<string, void, undefined> {
  for (const mapped of topics) {
    yield `["mapping",${JSON.stringify(mapped)}`
    for (const [brokerName, info] of view.mappings(mapped) ?? []) {
      const { topic, scope, totalQueues, bname, epoch, dirty, currIdMap } = info
      const ids = currIdMap === null ? null : [...currIdMap]
      yield `,${JSON.stringify([brokerName, topic, scope, totalQueues, bname, `${epoch}`, dirty, ids])}`
    }
    yield ']\n'
  }
}

function line(...record: unknown[]): string {
  return `${JSON.stringify(record)}\n`
}
