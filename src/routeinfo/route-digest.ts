import type { Steps } from '../common/time-slicer.ts'
import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData, QueueData } from '../protocol/body/topic-route-data.ts'
import { sortedEntries } from '../protocol/json/json-text.ts'
import { hashOf, hashWith, RecordDigest, type RecordHash } from './record-digest.ts'

/** Buckets of topics, by a hash of their names: to find the topics in which two NameServers differ without listing them all. */
export const DIGEST_BUCKETS = 256

/** The parts of the tables that have a digest: queues of topics, broker groups, and mappings of static topics. */
export type DigestPart = 'routes' | 'groups' | 'static'
type Parts = Readonly<Record<DigestPart, RecordDigest>>

/**
 * Digests of the live tables, which depend on what brokers registered and not on when, in which order, over which connection or in
 * which form. Restored routes are not part of them.
 */
export class RouteDigest {
  readonly parts: Parts = emptyParts()
  /** Digest of the queues on each broker name; absent if it has none. */
  readonly brokers = new Map<string, RecordDigest>()
  #committed: Parts = emptyParts()
  #isChanged = false
  readonly #hashes = new QueuesHashes()

  /** The parts as of the end of the last transition. */
  get committed(): Parts {
    return this.#committed
  }

  /** A topic's queues on a broker name were added, changed or removed. */
  changeQueues(topic: string, before: QueueData | undefined, after: QueueData | undefined): void {
    if (before !== undefined) this.#countQueues('remove', topic, before)
    if (after !== undefined) this.#countQueues('add', topic, after)
  }

  /** A group was added, changed or removed. */
  changeGroup(before: BrokerData | undefined, after: BrokerData | undefined): void {
    // A group without members is left behind by a rejected registration; no client sees it.
    if (before !== undefined && before.brokerAddrs.size > 0)
      this.#count('groups', 'remove', groupHash(before))
    if (after !== undefined && after.brokerAddrs.size > 0) this.#count('groups', 'add', groupHash(after))
  }

  /** The mappings of a static topic were added, changed or removed; those that are the same objects are not hashed. */
  changeMappings(
    topic: string,
    before: ReadonlyMap<string, TopicQueueMappingInfo> | undefined,
    after: ReadonlyMap<string, TopicQueueMappingInfo> | undefined,
  ): void {
    for (const [bname, info] of before ?? [])
      if (after?.get(bname) !== info) this.#count('static', 'remove', mappingHash(topic, bname, info))
    for (const [bname, info] of after ?? [])
      if (before?.get(bname) !== info) this.#count('static', 'add', mappingHash(topic, bname, info))
  }

  /** Ends a transition. @returns Whether it changed any part. */
  commit(): boolean {
    const isChanged = this.#isChanged
    if (isChanged) {
      const { routes, groups, static: mappings } = this.parts
      this.#committed = { routes: routes.copy(), groups: groups.copy(), static: mappings.copy() }
    }
    this.#isChanged = false
    return isChanged
  }

  /** The three parts, for the log. */
  get text(): string {
    const { routes, groups, static: mappings } = this.parts
    return `${routes.hex} ${groups.hex} ${mappings.hex}`
  }

  equals(other: RouteDigest): boolean {
    return this.text === other.text && this.brokersUnlike(other).length === 0
  }

  /** The broker names whose queues have another digest in the other one. */
  brokersUnlike({ brokers }: RouteDigest): string[] {
    const names = [...new Set([...this.brokers.keys(), ...brokers.keys()])]
    return names.filter((name) => this.brokers.get(name)?.hex !== brokers.get(name)?.hex)
  }

  #countQueues(change: 'add' | 'remove', topic: string, queueData: QueueData): void {
    const hash = this.#hashes.of(topic, queueData)
    this.#count('routes', change, hash)
    const { brokerName } = queueData
    let broker = this.brokers.get(brokerName)
    if (broker === undefined) {
      broker = new RecordDigest()
      this.brokers.set(brokerName, broker)
    }
    broker[change](hash)
    if (change === 'remove' && broker.isEmpty) this.brokers.delete(brokerName)
  }

  #count(part: DigestPart, change: 'add' | 'remove', hash: RecordHash): void {
    this.parts[part][change](hash)
    this.#isChanged = true
  }
}

function emptyParts(): Parts {
  return { routes: new RecordDigest(), groups: new RecordDigest(), static: new RecordDigest() }
}

/** The tables of which a digest is counted. */
export interface DigestedTables {
  readonly topicQueueTable: ReadonlyMap<string, ReadonlyMap<string, QueueData>>
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>
  readonly topicQueueMappingInfoTable: ReadonlyMap<string, ReadonlyMap<string, TopicQueueMappingInfo>>
}

/** Counts the digests from the tables, for a holder of the lock. */
export function* countDigest(tables: DigestedTables): Steps<RouteDigest> {
  const digest = new RouteDigest()
  for (const [topic, queues] of tables.topicQueueTable) {
    for (const queueData of queues.values()) {
      digest.changeQueues(topic, undefined, queueData)
      yield
    }
  }
  for (const group of tables.brokerAddrTable.values()) {
    digest.changeGroup(undefined, group)
    yield
  }
  for (const [topic, mappings] of tables.topicQueueMappingInfoTable) {
    for (const mapping of mappings) {
      digest.changeMappings(topic, undefined, new Map([mapping]))
      yield
    }
  }
  digest.commit()
  return digest
}

/** The bucket of a topic. */
export function bucketOf(topic: string): number {
  return (hashOf([topic])[0] as number) & (DIGEST_BUCKETS - 1)
}

/** The digest of each bucket of topics, for a holder of the lock. */
export function* countBuckets({
  topicQueueTable,
}: Pick<DigestedTables, 'topicQueueTable'>): Steps<RecordDigest[]> {
  const buckets = Array.from({ length: DIGEST_BUCKETS }, () => new RecordDigest())
  const hashes = new QueuesHashes()
  for (const [topic, queues] of topicQueueTable) {
    addQueues(buckets[bucketOf(topic)] as RecordDigest, topic, queues, hashes)
    for (let counted = 0; counted < queues.size; counted++) yield
  }
  return buckets
}

function addQueues(
  digest: RecordDigest,
  topic: string,
  queues: ReadonlyMap<string, QueueData>,
  hashes: QueuesHashes,
): void {
  for (const queueData of queues.values()) digest.add(hashes.of(topic, queueData))
}

/** The topics of one bucket with their queues, for a holder of the lock. */
export function* topicsOfBucket(
  { topicQueueTable }: Pick<DigestedTables, 'topicQueueTable'>,
  bucket: number,
): Steps<[string, ReadonlyMap<string, QueueData>][]> {
  const topics: [string, ReadonlyMap<string, QueueData>][] = []
  for (const [topic, queues] of topicQueueTable) {
    if (bucketOf(topic) === bucket) topics.push([topic, new Map(queues)])
    yield
  }
  return topics
}

/** Hashes of a topic's queues on a broker name. */
class QueuesHashes {
  /** The queues that were last hashed: the topics of a registration share a few objects. */
  readonly #recent: { readonly queues: QueueData; readonly hash: RecordHash }[] = []

  of(topic: string, queues: QueueData): RecordHash {
    for (const known of this.#recent) if (known.queues === queues) return hashWith(topic, known.hash)
    const { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag } = queues
    const hash = Int32Array.from(hashOf([brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag]))
    // Two, because a change removes the former queues and adds the new ones.
    if (this.#recent.length === 2) this.#recent.shift()
    this.#recent.push({ queues, hash })
    return hashWith(topic, hash)
  }
}

/** What brokers of 4.x leave out counts as its default. */
function groupHash({
  cluster,
  brokerName,
  brokerAddrs,
  zoneName,
  enableActingMaster,
}: BrokerData): RecordHash {
  const members = sortedEntries(brokerAddrs).flatMap(([id, addr]) => [`${id}`, addr])
  return hashOf([cluster, brokerName, zoneName ?? '', enableActingMaster ? 1 : 0, ...members])
}

function mappingHash(topic: string, bname: string, info: TopicQueueMappingInfo): RecordHash {
  const ids = sortedEntries(info.currIdMap ?? new Map<number, number>()).flat()
  const { scope, totalQueues, epoch, dirty } = info
  return hashOf([topic, bname, info.topic ?? '', scope ?? '', totalQueues, `${epoch}`, dirty ? 1 : 0, ...ids])
}
