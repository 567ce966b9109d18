import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import { type QueueData, sameQueueData } from '../protocol/body/topic-route-data.ts'

interface Overridden {
  /** Versions under which the broker's members were registered at the time: under these they have nothing new to say. */
  versions: readonly DataVersion[]
  /** By topic, what the broker last registered. */
  readonly registered: Map<string, QueueData>
}

/**
 * What brokers last registered for the topics whose queues were changed by something else since: a wiped or added write permission
 * (205, 327) or a registration of a single topic (217). Topics that are as their broker registered them are not in it.
 */
export class OverriddenQueues {
  readonly #byBroker = new Map<string, Overridden>()

  /** Whether any topic of the broker name is in it. */
  has(brokerName: string): boolean {
    return this.#byBroker.has(brokerName)
  }

  /** Notes that queues were changed by something else than a registration. */
  note(topic: string, before: QueueData, present: QueueData, versions: readonly DataVersion[]): void {
    const { brokerName } = present
    const known = this.#byBroker.get(brokerName)
    const registered = known?.registered.get(topic) ?? before
    if (sameQueueData(registered, present)) this.drop(topic, brokerName)
    else if (known === undefined)
      this.#byBroker.set(brokerName, { versions, registered: new Map([[topic, registered]]) })
    else {
      known.versions = versions
      known.registered.set(topic, registered)
    }
  }

  /** Whether a registration leaves the changed queues as they are: it says what the broker said before, under a version of that time. */
  outlasts(topic: string, registered: QueueData, version: DataVersion): boolean {
    const known = this.#byBroker.get(registered.brokerName)
    const last = known?.registered.get(topic)
    if (known === undefined || last === undefined || !sameQueueData(last, registered)) return false
    return known.versions.some((each) => sameDataVersion(each, version))
  }

  /** An increment has brought a new version, and says nothing of the topics that it does not name. */
  moveTo(brokerName: string, versions: readonly DataVersion[]): void {
    const known = this.#byBroker.get(brokerName)
    if (known !== undefined) known.versions = versions
  }

  /** A topic is as its broker registered it, or was removed. */
  drop(topic: string, brokerName: string): void {
    const known = this.#byBroker.get(brokerName)
    if (known?.registered.delete(topic) === true && known.registered.size === 0)
      this.#byBroker.delete(brokerName)
  }

  /** Drops all topics of a broker name. */
  forget(brokerName: string): void {
    this.#byBroker.delete(brokerName)
  }
}
