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
}

/** Whether two variants of one dialect show the same. Nearly always they are one value. */
function sameVariant(a: RouteVariant, b: RouteVariant): boolean {
  return a === b || (a.orderTopicConf === b.orderTopicConf && a.supportActingMaster === b.supportActingMaster)
}

/** Bytes an entry is reckoned to need beside its body. */
const ENTRY_BYTES = 160

/**
 * Finished route bodies by topic and dialect: made when first asked for, dropped when a transition changes what they show. An
 * entry is a consistent snapshot, so it may be served while a long transition is still at work. Bounded in bytes: beyond that
 * the oldest entries go, of the dialect that has more.
 */
export class EncodedRouteCache {
  readonly #maxBytes: number
  #entries: Readonly<Record<JsonDialect, Map<string, Entry>>> = { legacy: new Map(), standard: new Map() }
  #bytes = 0

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
    return entry !== undefined && sameVariant(entry.variant, variant) ? entry.body : undefined
  }

  set(topic: string, variant: RouteVariant, body: Buffer): void {
    this.#delete(variant.dialect, topic)
    const bytes = sizeOf(topic, body)
    if (bytes > this.#maxBytes) return
    this.#bytes += bytes
    this.#entries[variant.dialect].set(topic, { variant, body })
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

  /** Drops the topics that changed. */
  drop(topics: readonly string[] | 'every'): void {
    if (topics === 'every') {
      this.#entries = { legacy: new Map(), standard: new Map() }
      this.#bytes = 0
      return
    }
    for (const topic of topics) for (const dialect of DIALECTS) this.#delete(dialect, topic)
  }

  #delete(dialect: JsonDialect, topic: string): void {
    const entry = this.#entries[dialect].get(topic)
    if (entry === undefined) return
    this.#entries[dialect].delete(topic)
    this.#bytes -= sizeOf(topic, entry.body)
  }
}

const DIALECTS: readonly JsonDialect[] = ['standard', 'legacy']

function sizeOf(topic: string, body: Buffer): number {
  return body.length + 2 * topic.length + ENTRY_BYTES
}
