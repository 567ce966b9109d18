import type { ChannelId } from './route-tables.ts'

/** What became of a topic of a broker. */
export type TopicChange = 'new' | 'changed' | 'deleted'

/** Names kept of each kind of change. */
const MAX_NAMES = 5

/** The topics of a broker that one transition changed: counts and first names. */
export class TopicTally {
  readonly counts: Record<TopicChange, number> = { new: 0, changed: 0, deleted: 0 }
  readonly firstNames: Record<TopicChange, string[]> = { new: [], changed: [], deleted: [] }

  add(change: TopicChange, topic: string): void {
    this.counts[change]++
    const names = this.firstNames[change]
    if (names.length < MAX_NAMES) names.push(topic)
  }
}

/** A broker as log lines and notifications name it. */
export interface BrokerIdentity {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerId: bigint
  readonly brokerAddr: string
}

/**
 * Why a broker was removed. `unreachable`: inactive for a part of its timeout, and its address took no connection. `not returned`:
 * restored from the snapshot and not registered within the grace period. `renamed`: its address registered under another name.
 */
export type UnregisterReason =
  | 'request'
  | 'expired'
  | 'unreachable'
  | 'connection lost'
  | 'not returned'
  | 'renamed'

/** What log lines about a broker add to its names. */
interface EventDetails {
  /** `host:port` of the peer that caused it, or that registered the broker; absent if unknown. */
  readonly peer?: string | undefined
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
      /** A live broker registered again, with other topics than before. */
      readonly kind: 'topics changed'
      readonly broker: BrokerIdentity
    })
  | (EventDetails & {
      readonly kind: 'registration ignored'
      readonly broker: BrokerIdentity
      readonly currentAddr: string
    })
  | (EventDetails & {
      readonly kind: 'broker unregistered'
      readonly broker: Omit<BrokerIdentity, 'brokerId'>
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
