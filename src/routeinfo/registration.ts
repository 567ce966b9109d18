import type { RegisterBrokerBody } from '../protocol/body/register-broker-body.ts'
import type { BrokerIdentity } from './route-event.ts'
import type { ChannelId } from './route-tables.ts'

/** One registration, checked: the strings are there and the id is a number. */
export interface Registration extends BrokerIdentity, RegisterBrokerBody {
  readonly haServerAddr: string | null
  readonly zoneName: string | null
  readonly heartbeatTimeoutMs: number | null
  /** Null for a broker that knows nothing of acting masters (4.x). */
  readonly enableActingMaster: boolean | null
  readonly channelId: ChannelId
  /** `host:port` of the peer, for the log. */
  readonly peer?: string
  /** Arrival number of the request, see BrokerLiveInfo. */
  readonly generation: number
  readonly nowMs: number
  /**
   * What an earlier registration of this broker left, if `topicConfigTable` has only those topics that are not as they were in
   * it. Its keys are to be the same, and it must have had no queue mappings.
   */
  readonly since?: RegistrationBaseline
}

/**
 * How a registration left the topics of its broker name. As long as nobody else has changed them, a registration that says the
 * same has nothing to do.
 */
export interface RegistrationBaseline {
  /** Size of its topic table, the first topic in it, and whether the broker's own topic was one of them. */
  readonly topics: number
  readonly firstTopic: string | undefined
  readonly namesOwnTopic: boolean
  /** State of the broker name's queues when it was done, see {@link RouteTables.queueState}. */
  readonly queueState: number
  /** What its permissions were masked with; null if its topics did not count. */
  readonly permMask: number | null
  /** Whether every topic was stored as it said. If not, an equal data version kept other queues than its own. */
  readonly exact: boolean
  /** Whether topics that it did not have were removed. */
  readonly missingDeleted: boolean
}

/** What a slave is told of its master; null where nothing is known. @see RegisterBrokerResult in apache/rocketmq */
export interface RegisterBrokerResult {
  readonly haServerAddr: string | null
  readonly masterAddr: string | null
}

/** How a registration ended. */
export interface RegisterBrokerOutcome {
  /** Null if it is refused. */
  readonly result: RegisterBrokerResult | null
  /** For the next registration's `since`; absent where there is nothing to compare with. */
  readonly mark?: RegistrationBaseline
}
