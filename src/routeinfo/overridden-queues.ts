import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import { type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'

interface OverriddenQueue {
  /** As the broker last registered it. */
  readonly registered: QueueData
  /** The data versions of the broker's members at that time: a registration with one of them is not news. */
  versions: readonly DataVersion[]
}

/**
 * The queues that an operator changed after their broker registered them: write permission wiped or added (205, 327), or the topic
 * registered by itself (217). The change outlasts registrations of the same data version.
 */
export class OverriddenQueues {
  /** By broker name and topic. */
  readonly #byBroker = new Map<string, Map<string, OverriddenQueue>>()

  /** Whether any topic of a broker name is overridden. */
  has(brokerName: string): boolean {
    return this.#byBroker.has(brokerName)
  }

  /** What the broker last registered of a topic that an operator changed since; undefined if none did. */
  registeredOf(topic: string, brokerName: string): QueueData | undefined {
    return this.#byBroker.get(brokerName)?.get(topic)?.registered
  }

  /** Notes a change of queues that is not a registration. */
  note(topic: string, before: QueueData, present: QueueData, versions: readonly DataVersion[]): void {
    const { brokerName } = present
    const topics = this.#byBroker.get(brokerName)
    const registered = topics?.get(topic)?.registered ?? before
    if (sameQueueData(registered, present)) this.drop(topic, brokerName)
    else if (topics === undefined)
      this.#byBroker.set(brokerName, new Map([[topic, { registered, versions }]]))
    else topics.set(topic, { registered, versions })
  }

  /** Whether the change outlasts a registration: it has the queues and a data version of the one before the change. */
  outlasts(topic: string, registered: QueueData, version: DataVersion): boolean {
    const known = this.#byBroker.get(registered.brokerName)?.get(topic)
    if (known === undefined || !sameQueueData(known.registered, registered)) return false
    return known.versions.some((each) => sameDataVersion(each, version))
  }

  /** To be called after an increment: its data version counts for the topics that it does not name, too. */
  moveTo(brokerName: string, versions: readonly DataVersion[]): void {
    for (const known of this.#byBroker.get(brokerName)?.values() ?? []) known.versions = versions
  }

  /** To be called when a topic is again as its broker registered it, or was removed. */
  drop(topic: string, brokerName: string): void {
    const topics = this.#byBroker.get(brokerName)
    if (topics?.delete(topic) === true && topics.size === 0) this.#byBroker.delete(brokerName)
  }

  /** Drops all topics of a broker name. */
  forget(brokerName: string): void {
    this.#byBroker.delete(brokerName)
  }
}
