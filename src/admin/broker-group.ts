import type { BrokerMember } from '../inspect/broker-member.ts'

/** A broker group, as the view `/api/v1/brokers` has it; what a NameServer does not tell is null. */
export interface BrokerGroup {
  readonly brokerName: string
  readonly clusters: readonly string[]
  readonly zone: string | null
  readonly enableActingMaster: boolean | null
  /** Topics with queues on it; null if unknown. */
  readonly topics: number | null
  /** By id, the master first. */
  readonly members: readonly BrokerMember[]
}
