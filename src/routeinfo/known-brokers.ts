import { Shares, shareOf } from '../common/shares.ts'
import type { BrokerLiveInfo } from './route-tables.ts'
import type { TableLimits } from './table-limits.ts'

/** A broker that has left. */
interface KnownBroker {
  readonly brokerName: string
  /** See {@link shareOf}. */
  readonly source: string | undefined
  /** Topics that it may bring back. */
  readonly topics: number
  readonly lastMs: number
}

const DAY_MS = 86_400_000

/**
 * The brokers that have left within a day, or are in the route snapshot: they come back into tables that others have filled since.
 * As in the tables, the brokers of one address take no more than is left for others.
 */
export class KnownBrokers {
  readonly #max: TableLimits
  /** By brokerKey; the one that left first is the first. */
  readonly #brokers = new Map<string, KnownBroker>()
  /** Topics of all of them. */
  #topics = 0
  readonly #brokerShares = new Shares()
  readonly #topicShares = new Shares()

  constructor(max: TableLimits) {
    this.#max = max
  }

  /**
   * Keeps a broker that leaves, if there is room.
   * @param key - Of brokerKey.
   * @param topics - How many it has registered.
   * @param lastMs - The time of its last heartbeat.
   */
  add(
    key: string,
    { brokerName, owner }: Pick<BrokerLiveInfo, 'brokerName' | 'owner'>,
    topics: number,
    lastMs: number,
  ): void {
    this.#remove(key)
    const source = shareOf(owner)
    for (const [first, known] of this.#brokers) {
      // Brokers that have no share may use the limit up: the one that left first makes room.
      const isFull = source === undefined && this.#brokers.size >= this.#max.maxBrokers
      if (lastMs - known.lastMs < DAY_MS && !isFull) break
      this.#remove(first)
    }
    if (this.#brokerShares.roomFor(source, this.#max.maxBrokers - this.#brokers.size) < 1) return
    const maxTopics = this.#topicShares.roomFor(source, this.#max.maxTopics - this.#topics)
    const known = { brokerName, source, topics: Math.min(topics, maxTopics), lastMs }
    this.#brokers.set(key, known)
    this.#count(known, 1)
  }

  /** How many topics a broker may bring back; undefined if it is not known. It stays known while it is live. */
  topicsOf(key: string, brokerName: string): number | undefined {
    const known = this.#brokers.get(key)
    return known?.brokerName === brokerName ? known.topics : undefined
  }

  #remove(key: string): void {
    const known = this.#brokers.get(key)
    if (known !== undefined && this.#brokers.delete(key)) this.#count(known, -1)
  }

  #count({ source, topics }: KnownBroker, sign: 1 | -1): void {
    this.#topics += sign * topics
    this.#brokerShares.add(source, sign)
    this.#topicShares.add(source, sign * topics)
  }
}
