import type { BrokerIdentity } from './route-changes.ts'
import { brokerKey } from './route-tables.ts'

/** A position in the queue of one broker name; its holder must release it. */
export interface QueuePosition {
  /** Resolves when everything acquired before it has been released; undefined if it is the first. */
  readonly ready: Promise<void> | undefined
  /** To be called exactly once, on success or failure. One released early keeps the order: its successors wait for those before it. */
  release(): void
}

interface Entry {
  /** Resolves `ready`. */
  start: () => void
  released: boolean
}

type RegisteringBroker = Pick<BrokerIdentity, 'clusterName' | 'brokerAddr'>

/**
 * The requests that concern one broker name, in order of arrival, and which brokers are registering. Registrations are read
 * outside the lock, and a large one takes longer than a small one that came later: unordered, the older would be applied last.
 */
export class BrokerQueue {
  /** By broker name; the first of each is being carried out. */
  readonly #queues = new Map<string, Entry[]>()
  /** Unfinished registrations of each broker, by its key in the live table. */
  readonly #registering = new Map<string, number>()
  #generation = 0

  /** The arrival number of what happens now: a registration, or the decision to remove a broker. */
  nextGeneration(): number {
    return ++this.#generation
  }

  /** Takes the next position for a broker name. @param registering - The broker that {@link isRegistering} until the release. */
  acquire(brokerName: string, registering?: RegisteringBroker): QueuePosition {
    const entry: Entry = { start: () => {}, released: false }
    const queue = this.#queues.get(brokerName)
    if (queue === undefined) this.#queues.set(brokerName, [entry])
    else queue.push(entry)
    this.#count(registering, 1)
    return {
      ready:
        queue &&
        new Promise((resolve) => {
          entry.start = resolve
        }),
      release: () => {
        this.#count(registering, -1)
        this.#release(brokerName, entry)
      },
    }
  }

  /** Whether a registration of the broker has arrived and is not finished. */
  isRegistering({ clusterName, brokerAddr }: RegisteringBroker): boolean {
    return this.#registering.has(brokerKey(clusterName, brokerAddr))
  }

  /** Brokers with a registration that has arrived and is not finished. */
  get registering(): number {
    return this.#registering.size
  }

  #count(broker: RegisteringBroker | undefined, change: 1 | -1): void {
    if (broker === undefined) return
    const key = brokerKey(broker.clusterName, broker.brokerAddr)
    const count = (this.#registering.get(key) ?? 0) + change
    if (count > 0) this.#registering.set(key, count)
    else this.#registering.delete(key)
  }

  #release(brokerName: string, entry: Entry): void {
    entry.released = true
    const queue = this.#queues.get(brokerName)
    if (queue?.[0] !== entry) return
    while (queue[0]?.released === true) queue.shift()
    if (queue[0] === undefined) this.#queues.delete(brokerName)
    else queue[0].start()
  }
}
