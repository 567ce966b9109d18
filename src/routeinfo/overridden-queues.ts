import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import { type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'

interface Overridden {
  /** What the broker last registered. */
  readonly registered: QueueData
  /** Versions under which the broker's members were registered at the time: under these they have nothing new to say. */
  versions: readonly DataVersion[]
}

/**
 * What brokers last registered for the topics whose queues were changed by something else since: a wiped or added write permission
 * (205, 327) or a registration of a single topic (217). Topics that are as their broker registered them are not in it.
 */
export class OverriddenQueues {
  /** By broker name and topic. */
  readonly #byBroker = new Map<string, Map<string, Overridden>>()

  /** Whether any topic of the broker name is in it. */
  has(brokerName: string): boolean {
    return this.#byBroker.has(brokerName)
  }

  /** Notes that queues were changed by something else than a registration. */
  note(topic: string, before: QueueData, present: QueueData, versions: readonly DataVersion[]): void {
    const { brokerName } = present
    const topics = this.#byBroker.get(brokerName)
    const registered = topics?.get(topic)?.registered ?? before
    if (sameQueueData(registered, present)) this.drop(topic, brokerName)
    else if (topics === undefined)
      this.#byBroker.set(brokerName, new Map([[topic, { registered, versions }]]))
    else topics.set(topic, { registered, versions })
  }

  /** Whether a registration leaves the changed queues as they are: it says what the broker said before, under a version of that time. */
  outlasts(topic: string, registered: QueueData, version: DataVersion): boolean {
    const known = this.#byBroker.get(registered.brokerName)?.get(topic)
    if (known === undefined || !sameQueueData(known.registered, registered)) return false
    return known.versions.some((each) => sameDataVersion(each, version))
  }

  /** An increment has brought a new version, and says nothing of the topics that it does not name. */
  moveTo(brokerName: string, versions: readonly DataVersion[]): void {
    for (const known of this.#byBroker.get(brokerName)?.values() ?? []) known.versions = versions
  }

  /** A topic is as its broker registered it, or was removed. */
  drop(topic: string, brokerName: string): void {
    const topics = this.#byBroker.get(brokerName)
    if (topics?.delete(topic) === true && topics.size === 0) this.#byBroker.delete(brokerName)
  }

  /** Drops all topics of a broker name. */
  forget(brokerName: string): void {
    this.#byBroker.delete(brokerName)
  }
}
