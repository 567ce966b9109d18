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
  /** Names it leads to, also of groups that are not there. */
  readonly brokerNames: readonly string[]
  /** As of when it is known to be right, see `#now`. */
  checked: number
}

/** Whether two variants of one dialect show the same. Nearly always they are one value. */
function sameVariant(a: RouteVariant, b: RouteVariant): boolean {
  return a === b || (a.orderTopicConf === b.orderTopicConf && a.supportActingMaster === b.supportActingMaster)
}

/** Bytes an entry is reckoned to need beside its body. */
const ENTRY_BYTES = 160

/** Most broker names whose last change is known, before everything is dropped instead. */
const MOST_CHANGED_GROUPS = 10_000

/**
 * Finished route bodies by topic and dialect: made when first asked for, dropped when a transition changes what they show. An
 * entry is a consistent snapshot, so it may be served while a long transition is still at work. Bounded in bytes: beyond that
 * the oldest entries go, of the dialect that has more.
 *
 * A group that changes may be in the routes of every topic or of none. It is not looked for: an entry asks, once after each such
 * change, whether it was one of its own groups.
 */
export class EncodedRouteCache {
  readonly #maxBytes: number
  #entries: Readonly<Record<JsonDialect, Map<string, Entry>>> = { legacy: new Map(), standard: new Map() }
  #bytes = 0
  /** Counts the commits that changed groups. */
  #now = 0
  /** When a group last changed, by broker name. */
  readonly #changed = new Map<string, number>()

  /** @param maxBytes - 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes held at present. */
  get bytes(): number {
    return this.#bytes
  }

  get(topic: string, variant: RouteVariant): Buffer | undefined {
    const entry = this.#entries[variant.dialect].get(topic)
    if (entry === undefined || !sameVariant(entry.variant, variant)) return undefined
    if (entry.checked !== this.#now && !this.#isStillRight(entry)) {
      this.#delete(variant.dialect, topic)
      return undefined
    }
    return entry.body
  }

  #isStillRight(entry: Entry): boolean {
    for (const name of entry.brokerNames) if ((this.#changed.get(name) ?? 0) > entry.checked) return false
    entry.checked = this.#now
    return true
  }

  /** @param brokerNames - Of all queues of the topic. */
  set(topic: string, variant: RouteVariant, body: Buffer, brokerNames: readonly string[] = []): void {
    this.#delete(variant.dialect, topic)
    const entry = { variant, body, brokerNames, checked: this.#now }
    const bytes = sizeOf(topic, entry)
    if (bytes > this.#maxBytes) return
    this.#bytes += bytes
    this.#entries[variant.dialect].set(topic, entry)
    while (this.#bytes > this.#maxBytes) this.#dropOldest(variant.dialect)
  }

  /** Of the dialect with more entries, so that neither pushes the other out; the entry just made is never the one. */
  #dropOldest(justMade: JsonDialect): void {
    const other = justMade === 'legacy' ? 'standard' : 'legacy'
    const dialect = this.#entries[other].size >= this.#entries[justMade].size ? other : justMade
    for (const oldest of this.#entries[dialect].keys()) {
      this.#delete(dialect, oldest)
      return
    }
  }

  /** Drops the topics that changed, and those that lead to groups that did. */
  drop(topics: readonly string[] | 'every', groups: ReadonlySet<string> = new Set()): void {
    if (groups.size > 0) this.#now++
    for (const name of groups) this.#changed.set(name, this.#now)
    if (topics === 'every' || this.#changed.size > MOST_CHANGED_GROUPS) {
      this.#entries = { legacy: new Map(), standard: new Map() }
      this.#bytes = 0
      this.#changed.clear()
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
