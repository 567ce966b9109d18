import type { JsonDialect } from '../protocol/json/json-text.ts'

/** What an encoded route depends on beside the tables. */
export interface RouteVariant {
  readonly dialect: JsonDialect
  readonly supportActingMaster: boolean
  readonly orderTopicConf: string | null
}

interface Entry {
  readonly variant: RouteVariant
  readonly body: Buffer
  /** Of all its queues, whether or not there is such a group. */
  readonly brokerNames: readonly string[]
  /** The last value of `#groupChanges` at which it was valid. */
  validAt: number
}

/** Whether two variants of one dialect are equal. Nearly always they are one value. */
function sameVariant(a: RouteVariant, b: RouteVariant): boolean {
  return a === b || (a.orderTopicConf === b.orderTopicConf && a.supportActingMaster === b.supportActingMaster)
}

/** Estimated bytes of an entry beside its body. */
const ENTRY_BYTES = 160

/** Max broker names whose last change is kept, before everything is dropped instead. */
const MAX_CHANGED_GROUPS = 10_000

/**
 * Encoded routes by topic and dialect: made on first use, dropped when a transition changes them, served while a transition is
 * under way. Limited in bytes: beyond that the oldest entries of the dialect with more entries are evicted.
 *
 * Entries are not searched when a broker group changes; each entry re-validates against its own groups on its next use.
 */
export class EncodedRouteCache {
  readonly #maxBytes: number
  #entries: Readonly<Record<JsonDialect, Map<string, Entry>>> = { legacy: new Map(), standard: new Map() }
  #bytes = 0
  /** Commits that changed groups. */
  #groupChanges = 0
  /** Number of the commit that last changed each group, by broker name. */
  readonly #changedAt = new Map<string, number>()

  /** @param maxBytes - 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes in use. */
  get bytes(): number {
    return this.#bytes
  }

  get(topic: string, variant: RouteVariant): Buffer | undefined {
    const entry = this.#entries[variant.dialect].get(topic)
    if (entry === undefined || !sameVariant(entry.variant, variant)) return undefined
    if (entry.validAt !== this.#groupChanges && !this.#isStillValid(entry)) {
      this.#delete(variant.dialect, topic)
      return undefined
    }
    return entry.body
  }

  #isStillValid(entry: Entry): boolean {
    for (const name of entry.brokerNames) if ((this.#changedAt.get(name) ?? 0) > entry.validAt) return false
    entry.validAt = this.#groupChanges
    return true
  }

  /** @param brokerNames - Of all queues of the topic. */
  set(topic: string, variant: RouteVariant, body: Buffer, brokerNames: readonly string[] = []): void {
    this.#delete(variant.dialect, topic)
    const entry = { variant, body, brokerNames, validAt: this.#groupChanges }
    const bytes = sizeOf(topic, entry)
    if (bytes > this.#maxBytes) return
    this.#bytes += bytes
    this.#entries[variant.dialect].set(topic, entry)
    while (this.#bytes > this.#maxBytes) this.#evictOldest(variant.dialect)
  }

  /** Of the dialect with more entries, so that neither evicts all of the other; never the entry just made. */
  #evictOldest(justMade: JsonDialect): void {
    const other = justMade === 'legacy' ? 'standard' : 'legacy'
    const dialect = this.#entries[other].size >= this.#entries[justMade].size ? other : justMade
    const [oldest] = this.#entries[dialect].keys()
    if (oldest !== undefined) this.#delete(dialect, oldest)
  }

  /** Drops the routes of topics that changed, and those with groups that changed. */
  drop(topics: readonly string[] | 'every', groups: ReadonlySet<string> = new Set()): void {
    if (groups.size > 0) this.#groupChanges++
    for (const name of groups) this.#changedAt.set(name, this.#groupChanges)
    if (topics === 'every' || this.#changedAt.size > MAX_CHANGED_GROUPS) {
      this.#entries = { legacy: new Map(), standard: new Map() }
      this.#bytes = 0
      this.#changedAt.clear()
      return
    }
    for (const topic of topics) for (const dialect of DIALECTS) this.#delete(dialect, topic)
  }

  #delete(dialect: JsonDialect, topic: string): void {
    const entry = this.#entries[dialect].get(topic)
    if (entry === undefined) return
    this.#entries[dialect].delete(topic)
    this.#bytes -= sizeOf(topic, entry)
  }
}

const DIALECTS: readonly JsonDialect[] = ['standard', 'legacy']

function sizeOf(topic: string, { body, brokerNames }: Entry): number {
  return body.length + 2 * topic.length + 8 * brokerNames.length + ENTRY_BYTES
}
