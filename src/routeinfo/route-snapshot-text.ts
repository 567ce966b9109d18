import type { Steps } from '../common/time-slicer.ts'
import type { QueueData } from '../protocol/body/topic-route-data.ts'
import type { RouteSnapshot } from './route-snapshot.ts'

/**
 * A snapshot as text, one record a line, each a JSON array that begins with its kind:
 *
 *     ["cluster", name, brokerName…]
 *     ["group", brokerName, cluster, zoneName, enableActingMaster, [brokerId, address]…]
 *     ["broker", cluster, address, brokerName, heartbeatTimeoutMs, haServerAddr, graceLeftMs]
 *     ["filters", key of the live table, address…]
 *     ["queues", [brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag]…]
 *     ["topic", name, which of the queues records before it has its queues, counted from 0]
 *     ["mapping", topic, [brokerName, topic, scope, totalQueues, bname, epoch, dirty, [id, queue]… or null]…]
 *
 * Java longs are strings in it. It comes in bits, so that whoever writes it can stop between any two of them.
 */
export function* routeSnapshotText(snapshot: RouteSnapshot): Generator<string, void, undefined> {
  for (const [cluster, names] of snapshot.clusters) yield line('cluster', cluster, ...names)
  for (const { brokerName, cluster, zoneName, enableActingMaster, brokerAddrs } of snapshot.groups) {
    const members = [...brokerAddrs].map(([id, addr]) => [`${id}`, addr])
    yield line('group', brokerName, cluster, zoneName, enableActingMaster, ...members)
  }
  for (const { clusterName, brokerAddr, brokerName, heartbeatTimeoutMs, ...rest } of snapshot.brokers) {
    const { haServerAddr, graceLeftMs } = rest
    yield line('broker', clusterName, brokerAddr, brokerName, heartbeatTimeoutMs, haServerAddr, graceLeftMs)
  }
  for (const [key, servers] of snapshot.filterServers) yield line('filters', key, ...servers)
  yield* topicLines(snapshot)
  yield* mappingLines(snapshot)
}

/** The next so many letters of a text that comes in bits, or what is left of it; empty at its end. */
export function* nextPiece(bits: Iterator<string, void, undefined>, letters: number): Steps<string> {
  let piece = ''
  while (piece.length < letters) {
    const { done, value } = bits.next()
    if (done === true) break
    piece += value
    yield
  }
  return piece
}

/** Most topics have queues like some other topic's, so these stand there once. */
function* topicLines({ topics, queues }: RouteSnapshot): Generator<string, void, undefined> {
  // The values of one registration are shared.
  const texts = new Map<QueueData, string>()
  const records = new Map<string, number>()
  for (const [index, topic] of topics.entries()) {
    let record = ''
    for (const queueData of queues[index]?.values() ?? []) {
      let text = texts.get(queueData)
      if (text === undefined) {
        const { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag } = queueData
        text = `,${JSON.stringify([brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag])}`
        texts.set(queueData, text)
      }
      record += text
      yield ''
    }
    let number = records.get(record)
    if (number === undefined) {
      number = records.size
      records.set(record, number)
      yield `["queues"${record}]\n`
    }
    yield `["topic",${JSON.stringify(topic)},${number}]\n`
  }
}

function* mappingLines({ mappedTopics, mappings }: RouteSnapshot): Generator<string, void, undefined> {
  for (const [index, mapped] of mappedTopics.entries()) {
    yield `["mapping",${JSON.stringify(mapped)}`
    for (const [brokerName, info] of mappings[index] ?? []) {
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
