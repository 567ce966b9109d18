import type { ChannelId } from './route-tables.ts'

/** What became of a topic of a broker. */
export type TopicChange = 'new' | 'changed' | 'deleted'

/** Names kept of each kind of change. */
const MAX_NAMES = 5

/** The topics of a broker that one transition changed: how many, and the first names. */
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
 * Why a broker left. An unreachable one was silent, if not for its whole timeout, and did not take a connection. One that has not
 * returned was known from a snapshot, and did not register again in time. The address of a renamed one has registered under another
 * name since.
 */
export type UnregisterReason =
  | 'request'
  | 'expired'
  | 'unreachable'
  | 'connection lost'
  | 'not returned'
  | 'renamed'

/** What log lines about a broker name beside it. */
interface EffectDetails {
  /** `host:port` of the peer that caused it, or over whose connection the broker registered; absent if unknown. */
  readonly peer?: string | undefined
  /** What became of the broker's topics; absent if nothing did. */
  readonly topicChanges?: TopicTally | undefined
}

/** What a transition did that the world outside the tables may want to know or act on. */
export type RouteEvent =
  | (EffectDetails & {
      readonly kind: 'broker registered'
      readonly broker: BrokerIdentity
      readonly haServerAddr: string | null
      readonly topics: number
      readonly channelId: ChannelId
    })
  | (EffectDetails & {
      /** A live broker registered again, with other topics than before. */
      readonly kind: 'topics changed'
      readonly broker: BrokerIdentity
    })
  | (EffectDetails & {
      readonly kind: 'registration ignored'
      readonly broker: BrokerIdentity
      readonly currentAddr: string
    })
  | (EffectDetails & {
      readonly kind: 'broker unregistered'
      readonly broker: Omit<BrokerIdentity, 'brokerId'>
      readonly reason: UnregisterReason
    })
  | {
      /** The last broker of a connection was removed because it was inactive: the connection is presumed dead. */
      readonly kind: 'connection inactive'
      readonly channelId: ChannelId
    }
  | (EffectDetails & {
      readonly kind: 'removal fenced'
      readonly broker: Omit<BrokerIdentity, 'brokerId'>
      readonly reason: UnregisterReason
    })
  | {
      /** The smallest id of a group changed. @see RouteInfoManager#notifyMinBrokerIdChanged in apache/rocketmq */
      readonly kind: 'min broker id changed'
      readonly brokerName: string
      readonly brokerAddrs: ReadonlyMap<bigint, string>
      readonly offlineBrokerAddr: string | null
      readonly haBrokerAddr: string | null
      readonly enableActingMaster: boolean
    }
