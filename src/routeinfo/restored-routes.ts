import type { QueueData } from '../protocol/body/topic-route-data.ts'

/** What came from a snapshot, while its brokers have time to say it again. */
export interface RestoredRoutes {
  /** Keys of its brokers in the live table. */
  readonly brokerKeys: ReadonlySet<string>
  readonly brokerNames: ReadonlySet<string>
  /** Its queues, by identity: whoever tells of the same queues again puts a value of his own in their place. */
  readonly queueDatas: ReadonlySet<QueueData>
  /** Broker names of which a member whose topics count has registered since. */
  readonly toldNames: Set<string>
}
