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

/** A place in the table. It is not made for each topic: many that are asked for once would fill the heap. */
class Entry implements TopicMiss {
  topic = ''
  count = 0
  overestimate = 0
  firstSeenMs = 0
  lastSeenMs = 0
  clients: readonly AskingClient[] = NO_CLIENTS
  routeSinceMs: number | undefined = undefined

  begin(topic: string, count: number, nowMs: number): void {
    this.topic = topic
    this.count = count
    this.overestimate = count
    this.firstSeenMs = nowMs
    this.clients = NO_CLIENTS
    this.routeSinceMs = undefined
  }
}

const NO_CLIENTS: readonly AskingClient[] = []

/**
 * The topics for which most lookups found no route, in a table of fixed size: a new topic takes the place of the one with the
 * lowest count and inherits it, so that every topic asked for more often than that is in the table (the space-saving algorithm of
 * Metwally, Agrawal and El Abbadi).
 */
export class TopicMisses {
  readonly #maxTopics: number
  readonly #dateMs: () => number
  #entries = new Map<string, Entry>()
  #left = 0
  /** Entries with {@link #lowestCount}, the next to leave last: one pass over the table finds them for many new topics. */
  #leastWanted: Entry[] = []
  #lowestCount = 0
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
    const name = topic.length > MAX_NAME_LENGTH ? cut(topic) : topic
    const nowMs = this.#dateMs()
    const entry = this.#entries.get(name) ?? this.#enter(name, nowMs)
    // It had a route in between: its earlier lookups were answered.
    if (entry.routeSinceMs !== undefined) this.#beginAfresh(entry, nowMs)
    entry.count++
    entry.lastSeenMs = nowMs
    if (entry.clients.length >= MAX_CLIENTS) return
    const { address, language, version } = client()
    const isKnown = entry.clients.some(
      (known) => known.address === address && known.language === language && known.version === version,
    )
    if (!isKnown) entry.clients = [...entry.clients, { address, language, version }]
  }

  /** Topics may have a route now. Those that have stay in the table until another topic needs their place. */
  onRoutesChanged(hasRoute: (topic: string) => boolean): void {
    this.#leastWanted = []
    for (const entry of this.#entries.values())
      if (entry.routeSinceMs === undefined && hasRoute(entry.topic)) entry.routeSinceMs = this.#dateMs()
  }

  /** The misses of a topic that is in the table. */
  get(topic: string): TopicMiss | undefined {
    const entry = this.#entries.get(topic)
    return entry && { ...entry }
  }

  /** All topics of the table, the most wanted first, but those that have a route by now last. */
  list(): TopicMiss[] {
    return Array.from(this.#entries.values(), (entry): TopicMiss => ({ ...entry })).sort(
      (a, b) => rank(a) - rank(b) || b.count - a.count || b.lastSeenMs - a.lastSeenMs,
    )
  }

  /** Gives a topic a free place, or else that of another one, whose count it inherits. */
  #enter(topic: string, nowMs: number): Entry {
    const isFull = this.#entries.size >= this.#maxTopics
    const entry = isFull ? this.#leave() : new Entry()
    entry.begin(topic, entry.routeSinceMs === undefined ? entry.count : 0, nowMs)
    this.#entries.set(topic, entry)
    if (!isFull) this.#leastWanted = []
    return entry
  }

  #beginAfresh(entry: Entry, nowMs: number): void {
    entry.begin(entry.topic, 0, nowMs)
    this.#leastWanted = []
  }

  /** Removes a topic that has a route, else one with the lowest count. @returns Its entry. */
  #leave(): Entry {
    const entry = this.#takeLeastWanted()
    this.#entries.delete(entry.topic)
    // V8 links each table that a map outgrows to the next one: once one of them is in the old generation, all later ones follow it there.
    if (++this.#left % this.#maxTopics === 0) this.#entries = new Map(this.#entries)
    return entry
  }

  /** Of the entries with a route, else of all, one with the lowest count. */
  #takeLeastWanted(): Entry {
    for (let entry = this.#leastWanted.pop(); entry !== undefined; entry = this.#leastWanted.pop())
      if (entry.count === this.#lowestCount) return entry
    let found: Entry[] = []
    for (const entry of this.#entries.values()) {
      const order = found[0] === undefined ? 0 : rank(found[0]) - rank(entry) || entry.count - found[0].count
      if (order < 0) found = []
      if (order <= 0) found.push(entry)
    }
    this.#leastWanted = found.reverse()
    const entry = found.pop() as Entry
    this.#lowestCount = entry.count
    return entry
  }
}

/** The beginning of a name, as a copy: a part would keep the whole text in memory. */
function cut(topic: string): string {
  return Buffer.from(topic.slice(0, MAX_NAME_LENGTH)).toString()
}

function rank({ routeSinceMs }: TopicMiss): number {
  return routeSinceMs === undefined ? 0 : 1
}
