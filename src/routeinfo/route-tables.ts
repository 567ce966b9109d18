import type { DataVersion } from '../protocol/body/data-version.ts'
import { Perm } from '../protocol/body/topic-config.ts'
import type { TopicQueueMappingInfo } from '../protocol/body/topic-queue-mapping-info.ts'
import { type BrokerData, type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'
import type { LanguageCode } from '../protocol/language-code.ts'
import { KnownBrokers } from './known-brokers.ts'
import { OverriddenQueues } from './overridden-queues.ts'
import { RegistrationParts } from './registration-parts.ts'
import { RouteDigest } from './route-digest.ts'
import { VersionedMap } from './versioned-map.ts'

/** Identity of a connection. */
export type ChannelId = number

/** A live broker. A registration replaces it; a heartbeat changes only its time. @see BrokerLiveInfo in apache/rocketmq */
export interface BrokerLiveInfo {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string
  lastUpdateTimestampMs: number
  /** When its last registration arrived. */
  readonly registeredMs: number
  /** MQVersion ordinal of its last registration that was read. */
  readonly version: number | undefined
  readonly language: LanguageCode | undefined
  readonly heartbeatTimeoutMs: number
  readonly dataVersion: DataVersion
  readonly channelId: ChannelId
  /** `host:port` of the peer that registered it, for the log. */
  readonly peer?: string | undefined
  /** See Claimant: no other may replace, keep or remove it while it is alive. */
  readonly owner: string
  readonly haServerAddr: string | null
  /** Number of topics in its last registration, and the first of them. */
  readonly topics: number
  readonly firstTopic: string | undefined
  /** Whether it has registered all of its topics. */
  readonly isComplete: boolean
  /** Arrival number of the registration that made this entry: a removal decided before it does not touch the entry. */
  readonly generation: number
}

/** Key of the live and filter tables: cluster and address, joined so that no two pairs are equal. */
export function brokerKey(clusterName: string, brokerAddr: string): string {
  return `${clusterName.length}:${clusterName}${brokerAddr}`
}

/**
 * The tables of the Java RouteInfoManager, as plain maps. They change only under the write lock of the RouteInfoManager. Values are
 * replaced, not edited in place; only the queues of a topic are edited where no lookup can read them.
 */
export class RouteTables {
  /** Topic to broker name to that broker's queues. */
  readonly topicQueueTable = new VersionedMap<string, Map<string, QueueData>>()
  /** Broker name to its group. */
  readonly brokerAddrTable = new VersionedMap<string, BrokerData>()
  /** Cluster to the broker names in it. */
  readonly clusterAddrTable = new Map<string, Set<string>>()
  readonly brokerLiveTable = new Map<string, BrokerLiveInfo>()
  /** Entries of the live table by address, nearly always one each, so that finding one builds no key. */
  readonly #liveByAddr = new Map<string, readonly BrokerLiveInfo[]>()
  readonly filterServerTable = new VersionedMap<string, readonly string[]>()
  /** Static topics to broker name to that broker's mapping. A broker name has queues of each topic of which it has a mapping. */
  readonly topicQueueMappingInfoTable = new VersionedMap<string, ReadonlyMap<string, TopicQueueMappingInfo>>()
  readonly #readByLookups = [
    this.topicQueueTable,
    this.brokerAddrTable,
    this.filterServerTable,
    this.topicQueueMappingInfoTable,
  ]
  /** Number of the last change to the queues of each broker name; absent if it has none. */
  readonly #queuesChanged = new Map<string, number>()
  #lastQueueChange = 0
  /** Keys of the live table by connection, so that a closing one does not search it. */
  readonly #keysByChannel = new Map<ChannelId, Set<string>>()
  readonly overridden = new OverriddenQueues()
  known = new KnownBrokers({ maxBrokers: Number.POSITIVE_INFINITY, maxTopics: Number.POSITIVE_INFINITY })
  /** Of queues, groups and mappings; follows each change. */
  digest = new RouteDigest()
  readonly parts = new RegistrationParts()
  /** When the process was last paused until; a registration that began before then counts from that time. */
  lastPauseEndMs = 0
  /** When names without members were last removed. */
  lastCleanUpMs = Number.NEGATIVE_INFINITY

  /** Begins a transition that may take several slices: lookups see the state before it. */
  begin(): void {
    for (const table of this.#readByLookups) table.begin()
  }

  /** Ends the transition: lookups see its changes. */
  commit(): void {
    for (const table of this.#readByLookups) table.commit()
  }

  live(clusterName: string, brokerAddr: string): BrokerLiveInfo | undefined {
    return this.#liveByAddr.get(brokerAddr)?.find((info) => info.clusterName === clusterName)
  }

  /** The live brokers with that address: one for each cluster that it registered in. */
  liveAt(brokerAddr: string): readonly BrokerLiveInfo[] {
    return this.#liveByAddr.get(brokerAddr) ?? []
  }

  /** @returns Whether anything but the data version and the times changed. */
  setLive(info: BrokerLiveInfo): boolean {
    const key = brokerKey(info.clusterName, info.brokerAddr)
    const known = this.brokerLiveTable.get(key)
    if (known !== undefined) this.#removeFromIndexes(key, known)
    // Not deleted first: the order of a snapshot must not change when a broker registers again.
    this.brokerLiveTable.set(key, info)
    this.#liveByAddr.set(info.brokerAddr, [...(this.#liveByAddr.get(info.brokerAddr) ?? []), info])
    const keys = this.#keysByChannel.get(info.channelId)
    if (keys === undefined) this.#keysByChannel.set(info.channelId, new Set([key]))
    else keys.add(key)
    return (
      known?.brokerName !== info.brokerName ||
      known.heartbeatTimeoutMs !== info.heartbeatTimeoutMs ||
      known.haServerAddr !== info.haServerAddr
    )
  }

  removeLive(key: string): void {
    const info = this.brokerLiveTable.get(key)
    if (info === undefined) return
    this.brokerLiveTable.delete(key)
    this.#removeFromIndexes(key, info)
    this.parts.interrupt(info.brokerName)
  }

  #removeFromIndexes(key: string, info: BrokerLiveInfo): void {
    const others = this.#liveByAddr.get(info.brokerAddr)?.filter((other) => other !== info) ?? []
    if (others.length > 0) this.#liveByAddr.set(info.brokerAddr, others)
    else this.#liveByAddr.delete(info.brokerAddr)
    const keys = this.#keysByChannel.get(info.channelId)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysByChannel.delete(info.channelId)
  }

  /** The brokers whose last registration came over that connection. */
  liveOfChannel(channelId: ChannelId): BrokerLiveInfo[] {
    const keys = this.#keysByChannel.get(channelId) ?? []
    return [...keys].map((key) => this.brokerLiveTable.get(key)).filter((info) => info !== undefined)
  }

  /** A heartbeat of a live broker; an unknown one is ignored. */
  touch(clusterName: string, brokerAddr: string, nowMs: number): void {
    const info = this.live(clusterName, brokerAddr)
    if (info !== undefined) info.lastUpdateTimestampMs = nowMs
  }

  /** After a pause of the process: adds it to the last sign of life of every broker. */
  extendTimeouts(pausedMs: number, nowMs: number): void {
    this.lastPauseEndMs = nowMs
    for (const info of this.brokerLiveTable.values())
      info.lastUpdateTimestampMs = Math.min(nowMs, info.lastUpdateTimestampMs + pausedMs)
  }

  /** Puts a broker name into a cluster. @returns Whether it was not there. */
  addToCluster(clusterName: string, brokerName: string): boolean {
    const names = this.clusterAddrTable.get(clusterName)
    if (names?.has(brokerName) === true) return false
    if (names === undefined) this.clusterAddrTable.set(clusterName, new Set([brokerName]))
    else names.add(brokerName)
    return true
  }

  /** Stores a group. @returns Whether anything changed. */
  putGroup(group: BrokerData): boolean {
    const known = this.brokerAddrTable.get(group.brokerName)
    if (known !== undefined && sameGroup(known, group)) return false
    this.brokerAddrTable.set(group.brokerName, group)
    this.digest.changeGroup(known, group)
    return true
  }

  removeGroup(brokerName: string): void {
    this.digest.changeGroup(this.brokerAddrTable.get(brokerName), undefined)
    this.brokerAddrTable.delete(brokerName)
  }

  /** The mapping of a static topic on a broker. */
  mapping(topic: string, brokerName: string): TopicQueueMappingInfo | undefined {
    return this.topicQueueMappingInfoTable.get(topic)?.get(brokerName)
  }

  /** Stores the mapping of a static topic on a broker that has queues of it; undefined removes it. */
  setMapping(topic: string, brokerName: string, info: TopicQueueMappingInfo | undefined): void {
    const before = this.topicQueueMappingInfoTable.get(topic)
    const mappings = new Map(before)
    if (info === undefined) mappings.delete(brokerName)
    else mappings.set(brokerName, info)
    this.digest.changeMappings(topic, before, mappings)
    if (mappings.size === 0) this.topicQueueMappingInfoTable.delete(topic)
    else this.topicQueueMappingInfoTable.set(topic, mappings)
  }

  /** Stores a topic's queues on a broker. @returns Whether anything changed. */
  putQueueData(topic: string, queueData: QueueData): boolean {
    const { brokerName } = queueData
    const known = this.topicQueueTable.get(topic)?.get(brokerName)
    if (known !== undefined && sameQueueData(known, queueData)) return false
    this.#editable(topic).set(brokerName, queueData)
    this.digest.changeQueues(topic, known, queueData)
    this.#noteQueueChange(brokerName)
    return true
  }

  /** The queues of a topic, in a map that no lookup can read before the transition ends. */
  #editable(topic: string): Map<string, QueueData> {
    const known = this.topicQueueTable.get(topic)
    if (known !== undefined && !this.topicQueueTable.isShared(topic)) return known
    const queues = new Map(known)
    this.topicQueueTable.set(topic, queues)
    return queues
  }

  /**
   * The same for a change that is not the broker's own: {@link overridden} keeps what the broker last registered.
   * @param versions - Of {@link dataVersionsOf}.
   */
  overrideQueueData(topic: string, queueData: QueueData, versions: readonly DataVersion[]): boolean {
    const before = this.topicQueueTable.get(topic)?.get(queueData.brokerName)
    const isChanged = this.putQueueData(topic, queueData)
    if (before !== undefined) this.overridden.note(topic, before, queueData, versions)
    return isChanged
  }

  /** The live brokers that are members of a group. */
  membersOf(brokerName: string): BrokerLiveInfo[] {
    const addrs = [...(this.brokerAddrTable.get(brokerName)?.brokerAddrs.values() ?? [])]
    return addrs.flatMap((addr) => this.#liveByAddr.get(addr) ?? [])
  }

  /** The versions under which the members of a broker name are registered. */
  dataVersionsOf(brokerName: string): DataVersion[] {
    return this.membersOf(brokerName).map(({ dataVersion }) => dataVersion)
  }

  /** Removes a topic's queues on a broker with their mapping, and the topic when none are left. @returns Whether anything changed. */
  removeQueueData(topic: string, brokerName: string): boolean {
    const queues = this.topicQueueTable.get(topic)
    const known = queues?.get(brokerName)
    if (queues === undefined || known === undefined) return false
    this.overridden.drop(topic, brokerName)
    this.parts.drop(topic, brokerName)
    if (this.mapping(topic, brokerName) !== undefined) this.setMapping(topic, brokerName, undefined)
    if (queues.size === 1) this.topicQueueTable.delete(topic)
    else this.#editable(topic).delete(brokerName)
    this.digest.changeQueues(topic, known, undefined)
    this.#noteQueueChange(brokerName)
    return true
  }

  /** A broker name has no queues any more. */
  forgetQueueChanges(brokerName: string): void {
    this.#queuesChanged.delete(brokerName)
    this.overridden.forget(brokerName)
    this.parts.forget(brokerName)
  }

  /** Grows with every change to the queues of a broker name: equal numbers, equal queues. 0 if it has none. */
  queueState(brokerName: string): number {
    return this.#queuesChanged.get(brokerName) ?? 0
  }

  #noteQueueChange(brokerName: string): void {
    this.#queuesChanged.set(brokerName, ++this.#lastQueueChange)
  }
}

function sameGroup(a: BrokerData, b: BrokerData): boolean {
  if (a.zoneName !== b.zoneName || a.enableActingMaster !== b.enableActingMaster) return false
  if (a.brokerAddrs.size !== b.brokerAddrs.size) return false
  for (const [id, addr] of a.brokerAddrs) if (b.brokerAddrs.get(id) !== addr) return false
  return true
}

/** Min broker id of a group, or undefined if it has no members. */
export function minBrokerId(addrs: ReadonlyMap<bigint, string>): bigint | undefined {
  let min: bigint | undefined
  for (const id of addrs.keys()) if (min === undefined || id < min) min = id
  return min
}

/** Queues with the write permission wiped, or added together with the read permission. */
export function withWritePerm(queueData: QueueData, operation: 'wipe' | 'add'): QueueData {
  const perm = operation === 'wipe' ? queueData.perm & ~Perm.WRITE : Perm.READ | Perm.WRITE
  return { ...queueData, perm }
}
