/** A client that asked for a topic. */
export interface AskingClient {
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
  readonly clients: readonly AskingClient[]
  /** Since when the topic has a route; undefined if it has none. */
  readonly routeSinceMs: number | undefined
}

/** Clients kept of each topic. */
const MAX_CLIENTS = 4
/** A longer name cannot be that of a topic, and is cut. */
const MAX_NAME_LENGTH = 255

interface Entry {
  readonly topic: string
  count: number
  readonly overestimate: number
  readonly firstSeenMs: number
  lastSeenMs: number
  readonly clients: AskingClient[]
  routeSinceMs: number | undefined
}

/**
 * The topics for which most lookups found no route, in a table of fixed size: a new topic takes the place of the one with the
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

  /** Counts a lookup. @param client - Called only if the topic has room for another one. */
  add(topic: string, client: () => AskingClient): void {
    this.#total++
    if (this.#maxTopics === 0) return
    const name = topic.length > MAX_NAME_LENGTH ? topic.slice(0, MAX_NAME_LENGTH) : topic
    const nowMs = this.#dateMs()
    // It had a route in between: its earlier lookups were answered.
    if (this.#entries.get(name)?.routeSinceMs !== undefined) this.#entries.delete(name)
    const entry = this.#entries.get(name) ?? this.#create(name, nowMs)
    entry.count++
    entry.lastSeenMs = nowMs
    if (entry.clients.length >= MAX_CLIENTS) return
    const { address, language, version } = client()
    const isKnown = entry.clients.some(
      (known) => known.address === address && known.language === language && known.version === version,
    )
    if (!isKnown) entry.clients.push({ address, language, version })
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
      let min: Entry | undefined
      for (const entry of this.#entries.values())
        if (
          min === undefined ||
          rank(entry) > rank(min) ||
          (rank(entry) === rank(min) && entry.count < min.count)
        )
          min = entry
      count = min?.routeSinceMs === undefined ? (min?.count ?? 0) : 0
      if (min !== undefined) this.#entries.delete(min.topic)
    }
    // A copy: the name may be a part of a longer text, which it would keep in memory.
    const entry: Entry = {
      topic: Buffer.from(topic).toString(),
      count,
      overestimate: count,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
      clients: [],
      routeSinceMs: undefined,
    }
    this.#entries.set(entry.topic, entry)
    return entry
  }
}

function rank({ routeSinceMs }: Entry): number {
  return routeSinceMs === undefined ? 0 : 1
}
