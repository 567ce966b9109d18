import type { RegisterBrokerBody } from '../protocol/body/register-broker-body.ts'
import type { BrokerData } from '../protocol/body/topic-route-data.ts'
import type { TopicTable } from '../protocol/body/topic-table.ts'
import type { LanguageCode } from '../protocol/language-code.ts'
import type { Claimant } from './registration-guard.ts'
import type { BrokerIdentity } from './route-changes.ts'
import type { BrokerLiveInfo } from './route-tables.ts'

/** One registration whose required fields are present and valid. */
export interface Registration extends BrokerIdentity, RegisterBrokerBody, Claimant {
  readonly haServerAddr: string | null
  readonly zoneName: string | null
  readonly heartbeatTimeoutMs: number | null
  /** Null for a broker that knows nothing of acting masters (4.x). */
  readonly enableActingMaster: boolean | null
  /** MQVersion ordinal of the request; undefined if unknown. */
  readonly version?: number
  /** Of the request, too. */
  readonly language?: LanguageCode
  /** Arrival number of the request, see BrokerLiveInfo. */
  readonly generation: number
  readonly nowMs: number
  /** The last one from its address, with whose topics its own were compared. */
  readonly previous?: AppliedRegistration | undefined
}

/** How a registration left the tables. A later one is compared with it, as far as the tables are still the same. */
export interface AppliedRegistration {
  /** Their keys are the names inside. */
  readonly topics: TopicTable
  readonly namesOwnTopic: boolean
  readonly live: Readonly<BrokerLiveInfo>
  readonly group: BrokerData
  /** State of the broker name's queues, see {@link RouteTables.queueState}. */
  readonly queueState: number
  /** Whether topics that it does not name were removed, or none are removed by a broker of its role. */
  readonly missingDeleted: boolean
  /** What its permissions were masked with; null if its topics did not count. */
  readonly permMask: number | null
  /** Whether the tables have the queues that it registered, and no others of an operator or another member. */
  readonly storedExactly: boolean
}

/** What a slave learns of its master; null where unknown. @see RegisterBrokerResult in apache/rocketmq */
export interface RegisterBrokerResult {
  readonly haServerAddr: string | null
  readonly masterAddr: string | null
}

/** How a registration ended. */
export interface RegisterBrokerOutcome {
  /** Null if it is rejected. */
  readonly result: RegisterBrokerResult | null
  /** Absent where the next registration cannot be compared with this one. */
  readonly applied?: AppliedRegistration | undefined
}
