import { LOOPBACK } from '../common/networks.ts'
import { sourceOf } from '../common/source-of.ts'
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

interface Held {
  readonly brokers: number
  readonly topics: number
}

const NOTHING: Held = { brokers: 0, topics: 0 }

const DAY_MS = 86_400_000

/**
 * The source of brokers that have a share of the limits together: the address (IPv6: the /64) of an owner that is neither an account,
 * a certificate nor a named network.
 * @returns Undefined for these and for loopback, from where behind a local proxy all brokers come: they may use the limits up.
 */
export function shareOf(owner: string): string | undefined {
  // An account is `account ops`; an address has no space.
  const hasNoShare = owner.includes(' ') || LOOPBACK.has(owner)
  return hasNoShare ? undefined : sourceOf(owner)
}

/**
 * The brokers that have left within a day, or are in the route snapshot: they come back into tables that others have filled since.
 * As in the tables, the brokers of one address take no more than is left for others.
 */
export class KnownBrokers {
  readonly #max: TableLimits
  /** By brokerKey; the one that left first is the first. */
  readonly #brokers = new Map<string, KnownBroker>()
  /** What all of them hold, and those of each source. */
  #held: Held = NOTHING
  readonly #heldBy = new Map<string, Held>()

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
      const isFull = source === undefined && this.#held.brokers >= this.#max.maxBrokers
      if (lastMs - known.lastMs < DAY_MS && !isFull) break
      this.#remove(first)
    }
    const own = source === undefined ? NOTHING : (this.#heldBy.get(source) ?? NOTHING)
    const freeBrokers = this.#max.maxBrokers - this.#held.brokers
    const freeTopics = this.#max.maxTopics - this.#held.topics
    if (own.brokers >= freeBrokers) return
    const maxTopics =
      source === undefined ? freeTopics : Math.max(0, Math.floor((freeTopics - own.topics) / 2))
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
    const changed = (held: Held): Held => ({
      brokers: held.brokers + sign,
      topics: held.topics + sign * topics,
    })
    this.#held = changed(this.#held)
    if (source === undefined) return
    const own = changed(this.#heldBy.get(source) ?? NOTHING)
    if (own.brokers > 0) this.#heldBy.set(source, own)
    else this.#heldBy.delete(source)
  }
}
