import { type Arrival, ArrivalOrder } from './arrival-order.ts'
import type { BrokerIdentity } from './route-event.ts'
import { brokerKey } from './route-tables.ts'

/** What has come that concerns brokers: in which order, and which registrations are still being read. */
export class BrokerArrivals {
  /** By broker name. */
  readonly #order = new ArrivalOrder()
  /** How many registrations are on their way, by the key of their broker in the live table. */
  readonly #registering = new Map<string, number>()
  #generation = 0

  /** The arrival number of what happens now: a registration, or the decision to remove a broker. */
  nextGeneration(): number {
    return ++this.#generation
  }

  /** A place behind whatever concerns this name and came before. */
  arrive(brokerName: string): Arrival {
    return this.#order.arrive(brokerName)
  }

  /** The same for a registration: until it leaves its place, its broker {@link isRegistering}. */
  arriveToRegister({ clusterName, brokerName, brokerAddr }: Omit<BrokerIdentity, 'brokerId'>): Arrival {
    const { turn, leave } = this.arrive(brokerName)
    const key = brokerKey(clusterName, brokerAddr)
    this.#registering.set(key, (this.#registering.get(key) ?? 0) + 1)
    return {
      turn,
      leave: () => {
        const others = (this.#registering.get(key) ?? 1) - 1
        if (others > 0) this.#registering.set(key, others)
        else this.#registering.delete(key)
        leave()
      },
    }
  }

  /** Whether a registration of the broker has come and is being read. */
  isRegistering({ clusterName, brokerAddr }: Pick<BrokerIdentity, 'clusterName' | 'brokerAddr'>): boolean {
    return this.#registering.has(brokerKey(clusterName, brokerAddr))
  }

  /** Brokers that are. */
  get registering(): number {
    return this.#registering.size
  }
}
