/** A client that asked for a topic. */
export interface Asker {
  /** Address without port. */
  readonly address: string
  /** As in RemotingCommand: `JAVA`, `GO`, … */
  readonly language: string
  /** Number of the client's release, as in RemotingCommand. */
  readonly version: number
}

/** Lookups of one topic that found no route. */
export interface TopicMiss {
  readonly topic: string
  /** At most this many; the true number is at least `count - overestimate`. */
  readonly count: number
  /** Lookups of other topics that may be among the count, because the table was full when this topic came. */
  readonly overestimate: number
  /** Milliseconds since the epoch. */
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  /** The first clients that asked. */
  readonly askers: readonly Asker[]
  /** Since when the topic has a route; undefined if it has none. */
  readonly routeSinceMs: number | undefined
}

/** Askers kept of each topic. */
const MAX_ASKERS = 4
/** A longer name cannot be that of a topic, and is cut. */
const MAX_NAME_LENGTH = 255

interface Entry {
  readonly topic: string
  count: number
  readonly overestimate: number
  readonly firstSeenMs: number
  lastSeenMs: number
  readonly askers: Asker[]
  routeSinceMs: number | undefined
}

/**
 * The topics that clients looked up most often in vain, in a table of fixed size: a new topic takes the place of the one with the
 * lowest count and inherits it, so that every topic asked for more often than that is in the table (the space-saving algorithm of
 * Metwally, Agrawal and El Abbadi).
 */
export class TopicMisses {
  readonly #maxTopics: number
  readonly #dateMs: () => number
  readonly #entries = new Map<string, Entry>()
  #total = 0

  /** @param maxTopics - 0 keeps none. @param dateMs - The system clock. */
  constructor(maxTopics: number, dateMs: () => number = () => Date.now()) {
    this.#maxTopics = maxTopics
    this.#dateMs = dateMs
  }

  /** Lookups that found no route. */
  get total(): number {
    return this.#total
  }

  /** Counts a lookup. @param asker - Called only if the topic has room for another asker. */
  add(topic: string, asker: () => Asker): void {
    this.#total++
    if (this.#maxTopics === 0) return
    const name = topic.length > MAX_NAME_LENGTH ? topic.slice(0, MAX_NAME_LENGTH) : topic
    const nowMs = this.#dateMs()
    const entry = this.#entries.get(name) ?? this.#create(name, nowMs)
    entry.count++
    entry.lastSeenMs = nowMs
    entry.routeSinceMs = undefined
    if (entry.askers.length >= MAX_ASKERS) return
    const { address, language, version } = asker()
    const isKnown = entry.askers.some(
      (known) => known.address === address && known.language === language && known.version === version,
    )
    if (!isKnown) entry.askers.push({ address, language, version })
  }

  /** Topics may have a route now. Those that have stay in the table until another topic needs their place. */
  onRoutesChanged(hasRoute: (topic: string) => boolean): void {
    for (const entry of this.#entries.values())
      if (entry.routeSinceMs === undefined && hasRoute(entry.topic)) entry.routeSinceMs = this.#dateMs()
  }

  /** The misses of a topic that is in the table. */
  get(topic: string): TopicMiss | undefined {
    return this.#entries.get(topic)
  }

  /** All topics of the table, the most wanted first, but those that have a route by now last. */
  list(): TopicMiss[] {
    return [...this.#entries.values()].sort(
      (a, b) => rank(a) - rank(b) || b.count - a.count || b.lastSeenMs - a.lastSeenMs,
    )
  }

  #create(topic: string, nowMs: number): Entry {
    let count = 0
    if (this.#entries.size >= this.#maxTopics) {
      let least: Entry | undefined
      for (const entry of this.#entries.values())
        if (
          least === undefined ||
          rank(entry) > rank(least) ||
          (rank(entry) === rank(least) && entry.count < least.count)
        )
          least = entry
      count = least?.routeSinceMs === undefined ? (least?.count ?? 0) : 0
      if (least !== undefined) this.#entries.delete(least.topic)
    }
    // A copy: the name may be a part of a longer text, which it would keep in memory.
    const entry: Entry = {
      topic: Buffer.from(topic).toString(),
      count,
      overestimate: count,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
      askers: [],
      routeSinceMs: undefined,
    }
    this.#entries.set(entry.topic, entry)
    return entry
  }
}

function rank({ routeSinceMs }: Entry): number {
  return routeSinceMs === undefined ? 0 : 1
}
