import type { Origin } from '../protocol/processor.ts'
import type { ChannelId } from './route-tables.ts'
import type { Unregistration } from './unregister-brokers.ts'

/** What became of a topic of a broker. */
export type TopicChange = 'new' | 'changed' | 'deleted'

/** Names kept of each kind of change: what is deleted cannot be looked up in the tables any more. */
const MAX_NAMES: Readonly<Record<TopicChange, number>> = { new: 5, changed: 5, deleted: 1_024 }

/** The topics of a broker that one transition changed: counts and first names. */
export class TopicTally {
  readonly counts: Record<TopicChange, number> = { new: 0, changed: 0, deleted: 0 }
  readonly firstNames: Record<TopicChange, string[]> = { new: [], changed: [], deleted: [] }

  add(change: TopicChange, topic: string): void {
    this.counts[change]++
    const names = this.firstNames[change]
    if (names.length < MAX_NAMES[change]) names.push(topic)
  }

  /** Adds the deleted topics of another tally. */
  addDeleted({ counts, firstNames } = new TopicTally()): void {
    this.counts.deleted += counts.deleted
    this.firstNames.deleted = [...this.firstNames.deleted, ...firstNames.deleted].slice(0, MAX_NAMES.deleted)
  }
}

/** A broker as log lines and notifications name it. */
export interface BrokerIdentity {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerId: bigint
  readonly brokerAddr: string
}

/** Why a broker was removed when its connection closed. */
export type ClosedReason = 'connection lost' | 'disconnected by operator'

/**
 * Why a broker was removed. `unreachable`: inactive for a part of its timeout, and its address took no connection. `not returned`:
 * restored from the snapshot and not registered within the grace period. `renamed`: its address registered under another name.
 * `not listed`: an observed NameServer does not list it any more, and does not say why.
 */
export type UnregisterReason =
  | 'request'
  | 'expired'
  | 'unreachable'
  | ClosedReason
  | 'not returned'
  | 'renamed'
  | 'not listed'

/** What log lines about a broker add to its names. */
interface EventDetails {
  /** `host:port` of the peer that caused it, or that registered the broker; absent if unknown. */
  readonly peer?: string | undefined
  /** The request that asked for it; undefined: the server itself. */
  readonly by?: Origin | undefined
  /** The broker's topics that it changed; absent if none. */
  readonly topicChanges?: TopicTally | undefined
}

/** What a transition did, for logs, counters and notifications. */
export type RouteEvent =
  | (EventDetails & {
      readonly kind: 'broker registered'
      readonly broker: BrokerIdentity
      readonly haServerAddr: string | null
      readonly topics: number
      readonly channelId: ChannelId
    })
  | (EventDetails & {
      /** An observed NameServer lists a broker that it did not list before, at least not with this id. */
      readonly kind: 'broker listed'
      readonly broker: BrokerIdentity
    })
  | (EventDetails & {
      /** The routes of an observed NameServer have other topics of a broker name; `not listed` if the broker is gone, too. */
      readonly kind: 'topics observed'
      readonly broker: Omit<BrokerIdentity, 'brokerId'>
      readonly reason: 'dropped' | 'not listed'
    })
  | (EventDetails & {
      /** A live broker registered again, with another haServerAddr or heartbeat timeout, or other flags of its group. */
      readonly kind: 'broker changed'
      readonly broker: BrokerIdentity
      readonly haServerAddr: string | null
      readonly zoneName: string | null
      readonly enableActingMaster: boolean
    })
  | (EventDetails & {
      /** A live broker registered again, with other topics than before. */
      readonly kind: 'topics changed'
      readonly broker: BrokerIdentity
    })
  | (EventDetails & {
      /** A registration undid what requests (205, 327, 217) had changed. */
      readonly kind: 'override ended'
      readonly broker: BrokerIdentity
    })
  | (EventDetails & {
      readonly kind: 'registration ignored'
      readonly broker: BrokerIdentity
      readonly currentAddr: string
    })
  | (EventDetails & {
      readonly kind: 'broker unregistered'
      /** Its id is undefined if it was not a member of its group any more. */
      readonly broker: Omit<BrokerIdentity, 'brokerId'> & { readonly brokerId: bigint | undefined }
      readonly reason: UnregisterReason
    })
  | {
      /** The last broker of a connection was removed because it was inactive: the connection is presumed dead. */
      readonly kind: 'connection inactive'
      readonly channelId: ChannelId
    }
  | (EventDetails & {
      readonly kind: 'removal fenced'
      readonly broker: Omit<BrokerIdentity, 'brokerId'>
      readonly reason: UnregisterReason
    })
  | {
      /** The min broker id of a group changed. @see RouteInfoManager#notifyMinBrokerIdChanged in apache/rocketmq */
      readonly kind: 'min broker id changed'
      readonly brokerName: string
      readonly brokerAddrs: ReadonlyMap<bigint, string>
      readonly offlineBrokerAddr: string | null
      readonly haBrokerAddr: string | null
      readonly enableActingMaster: boolean
    }

/** Beyond this many topics all encoded routes are dropped: dropping them one by one would take longer than a slice. */
const MAX_NAMED_TOPICS = 16_384

/** What one transition changes, reported once at its end: topics and groups whose routes differ, and events. */
export class RouteChanges {
  /** What it did, in order. */
  events: RouteEvent[] = []
  /** The removals of brokers that it was asked for: those of restored brokers are carried out at its end. */
  removals: readonly Unregistration[] = []
  #topics: string[] | 'every' = []
  #isDirty = false
  /** Broker names whose groups changed, and with them every route that has queues on them. */
  readonly groups = new Set<string>()

  /** The topics of its broker that a registration changed; undefined for none. */
  tally: TopicTally | undefined
  /** Whether lookups see a topic's queues on a broker name even if the live tables have none. */
  readonly isRestored: (topic: string, brokerName: string) => boolean

  constructor(isRestored = (_topic: string, _brokerName: string): boolean => false) {
    this.isRestored = isRestored
  }

  /** Notes that a topic's queues changed; `change` counts it for the log. */
  topic(topic: string, change?: TopicChange): void {
    if (change !== undefined) {
      this.tally ??= new TopicTally()
      this.tally.add(change, topic)
    }
    if (this.#topics === 'every' || this.#topics.at(-1) === topic) return
    if (this.#topics.length === MAX_NAMED_TOPICS) this.#topics = 'every'
    else this.#topics.push(topic)
  }

  /** Notes that a group was added, changed or removed. */
  group(brokerName: string): void {
    this.groups.add(brokerName)
  }

  /** Notes a change that may affect any route: filter servers. */
  invalidateAll(): void {
    this.#topics = 'every'
  }

  /** Notes a change that affects no route: of a cluster, or of a live broker. */
  markDirty(): void {
    this.#isDirty = true
  }

  event(event: RouteEvent): void {
    this.events.push(event)
  }

  /** Whether anything changed but the times of heartbeats. */
  get any(): boolean {
    return this.#isDirty || this.#topics.length > 0 || this.groups.size > 0 || this.events.length > 0
  }

  /** The topics that changed. */
  get topics(): readonly string[] | 'every' {
    return this.#topics
  }
}
