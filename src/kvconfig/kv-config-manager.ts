import { GroupCommit } from '../common/group-commit.ts'
import { LimitError } from '../common/limit-error.ts'
import { JsonError } from '../protocol/errors.ts'
import { JsonReader } from '../protocol/json/json-reader.ts'
import { objectText, quote } from '../protocol/json/json-text.ts'
import { KVShares } from './kv-shares.ts'

/** Namespace whose entries say how many queues of an ordered topic each broker has. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** Namespace to key to value. A null value is an entry that reads back as absent. Only `ORDER_TOPIC_CONFIG` may be empty. */
export type KVConfigTable = ReadonlyMap<string, ReadonlyMap<string, string | null>>

/**
 * Limits of the table. What a file has beyond them stays, and may only shrink. What one source puts may be as much as is left for
 * others, at most half; see {@link KVShares}.
 */
export interface KVConfigLimits {
  /** Max number of keys in all namespaces together. */
  readonly maxKVEntries: number
  /** Max bytes of all namespaces, keys and values together. */
  readonly maxKVBytes: number
  /** Max changes that wait while the file is written; one more is rejected. */
  readonly maxWaitingChanges: number
}

/**
 * Stores the table for the next start.
 * @param onStored - Called as soon as the next start would read it.
 * @throws (rejects) The table is not stored, or not for certain.
 */
export type PersistKVConfig = (file: Buffer, onStored: () => void) => Promise<void>

/**
 * The key-value service: small settings by namespace, kept in a file.
 *
 * A change takes effect when it is stored, so that memory and file agree even after a failure.
 *
 * @see KVConfigManager in apache/rocketmq
 */
export class KVConfigManager {
  /** The table that is stored. */
  #state: KVConfigDraft
  readonly #changes: GroupCommit<KVConfigDraft>

  constructor(table: KVConfigTable, persist: PersistKVConfig, limits: KVConfigLimits) {
    this.#state = new KVConfigDraft(table, sizeOfTable(table), limits, new KVShares())
    this.#changes = new GroupCommit({
      draft: () => {
        const { table, size, shares } = this.#state
        return new KVConfigDraft(table, size, limits, shares)
      },
      commit: (draft) =>
        persist(encodeKVConfigFile(draft.table), () => {
          this.#state = draft
        }),
      maxWaiting: limits.maxWaitingChanges,
    })
  }

  /** All namespaces, as they are now: later changes make another table. */
  get table(): KVConfigTable {
    return this.#state.table
  }

  /** Number of keys in all namespaces together. */
  get entries(): number {
    return this.#state.size.entries
  }

  /** Bytes of all namespaces, keys and values together. */
  get bytes(): number {
    return this.#state.size.bytes
  }

  /** Changes that wait for the disk. */
  get waitingChanges(): number {
    return this.#changes.waiting
  }

  /** A value, or null if there is none. */
  getKVConfig(namespace: string | null, key: string | null): string | null {
    if (namespace === null || key === null) return null
    return this.#state.table.get(namespace)?.get(key) ?? null
  }

  /** A namespace's entries, or null if it does not exist. */
  getKVListByNamespace(namespace: string | null): ReadonlyMap<string, string | null> | null {
    return namespace === null ? null : (this.#state.table.get(namespace) ?? null)
  }

  /**
   * Sets a value.
   * @param source - Whose share of the limits it uses; undefined if it has none.
   * @throws {LimitError} (rejects) `maxKVEntries`, `maxKVBytes` or `maxWaitingChanges`; or the error of persisting.
   */
  putKVConfig(namespace: string, key: string, value: string | null, source?: string): Promise<void> {
    return this.#changes.change((draft) => draft.put(namespace, key, value, source), source)
  }

  /**
   * Deletes a key, and its namespace with the last key. The file is written in any case.
   * @param source - As for {@link putKVConfig}.
   * @throws {LimitError} (rejects) `maxWaitingChanges`; or the error of persisting.
   */
  deleteKVConfig(namespace: string | null, key: string | null, source?: string): Promise<void> {
    return this.#changes.change((draft) => {
      if (namespace !== null && key !== null) draft.delete(namespace, key)
    }, source)
  }
}

/** What counts against the {@link KVConfigLimits}. */
export interface KVConfigSize {
  readonly entries: number
  readonly bytes: number
}

function sizeOfTable(table: KVConfigTable): KVConfigSize {
  let entries = 0
  let bytes = 0
  for (const [namespace, values] of table) {
    bytes += namespaceBytes(namespace, values.size)
    for (const [key, value] of values) bytes += entryBytes(key, value)
    entries += values.size
  }
  return { entries, bytes }
}

/** A copy of a table, to be changed. */
class KVConfigDraft {
  readonly table: Map<string, ReadonlyMap<string, string | null>>
  size: KVConfigSize
  readonly shares: KVShares
  readonly #limits: KVConfigLimits
  /** Namespaces that have been copied: many changes of one cost one copy. */
  readonly #copies = new Map<string, Map<string, string | null>>()

  constructor(table: KVConfigTable, size: KVConfigSize, limits: KVConfigLimits, shares: KVShares) {
    this.table = new Map(table)
    this.size = size
    this.shares = new KVShares(shares)
    this.#limits = limits
  }

  /** @throws {LimitError} with nothing changed. */
  put(namespace: string, key: string, value: string | null, source: string | undefined): void {
    const size = this.#sizeWith(namespace, key, value)
    const { maxKVEntries, maxKVBytes } = this.#limits
    if (size.entries > Math.max(maxKVEntries, this.size.entries)) {
      throw new LimitError('maxKVEntries', `maxKVEntries (${maxKVEntries}) reached`)
    }
    if (size.bytes > Math.max(maxKVBytes, this.size.bytes)) {
      throw new LimitError('maxKVBytes', `${size.bytes} bytes of entries exceed maxKVBytes (${maxKVBytes})`)
    }
    const bytes = Buffer.byteLength(namespace) + entryBytes(key, value)
    this.shares.put({ namespace, key, bytes }, source, this.#limits, this.size, size)
    this.#copyOf(namespace).set(key, value)
    this.size = size
  }

  delete(namespace: string, key: string): void {
    if (this.table.get(namespace)?.has(key) !== true) return
    this.size = this.#sizeWith(namespace, key, undefined)
    this.shares.delete(namespace, key)
    const entries = this.#copyOf(namespace)
    entries.delete(key)
    if (entries.size > 0 || staysWhenEmpty(namespace)) return
    this.table.delete(namespace)
    this.#copies.delete(namespace)
  }

  /** The size with this value of the key; undefined for none. */
  #sizeWith(namespace: string, key: string, value: string | null | undefined): KVConfigSize {
    const known = this.table.get(namespace)
    const before = known?.get(key)
    const keysBefore = known?.size ?? 0
    const keys = keysBefore + (value === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
    const entry = entryBytes(key, value) - entryBytes(key, before)
    const name = namespaceBytes(namespace, keys) - namespaceBytes(namespace, keysBefore)
    return { entries: this.size.entries + keys - keysBefore, bytes: this.size.bytes + entry + name }
  }

  /** A namespace's entries, to be changed; created if it does not exist. */
  #copyOf(namespace: string): Map<string, string | null> {
    const copied = this.#copies.get(namespace)
    if (copied !== undefined) return copied
    const copy = new Map(this.table.get(namespace))
    this.#copies.set(namespace, copy)
    this.table.set(namespace, copy)
    return copy
  }
}

/** The bytes of a key and its value; undefined is no entry. */
function entryBytes(key: string, value: string | null | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(key) + Buffer.byteLength(value ?? '')
}

/** The bytes of a namespace's name; an empty namespace does not count. */
function namespaceBytes(namespace: string, entries: number): number {
  return entries === 0 ? 0 : Buffer.byteLength(namespace)
}

/**
 * Whether a namespace stays when its last key is deleted. A broker clears the order flag of its topics when the response to its
 * registration has an empty order table, and leaves them as they are when it has none.
 */
function staysWhenEmpty(namespace: string): boolean {
  return namespace === NAMESPACE_ORDER_TOPIC_CONFIG
}

/** `{"configTable":{namespace:{key:value}}}`; null values are left out. */
export function encodeKVConfigFile(table: KVConfigTable): Buffer {
  const namespaces: [string, string][] = []
  for (const [namespace, entries] of table) {
    const members: [string, string][] = []
    for (const [key, value] of entries) if (value !== null) members.push([key, quote(value)])
    namespaces.push([namespace, objectText(members, 'legacy')])
  }
  return Buffer.from(`{"configTable":${objectText(namespaces, 'legacy')}}`)
}

/**
 * Reads a KV file. As in Java, an empty file or an empty array is an empty table. Empty namespaces are dropped.
 * @throws {JsonError} Also if there is no `configTable` object in it.
 */
export function decodeKVConfigFile(file: Buffer): KVConfigTable {
  const text = file.toString('utf8').trim()
  const table = new Map<string, ReadonlyMap<string, string | null>>()
  if (text === '' || text === '[]') return table
  const reader = new JsonReader(file)
  if (!reader.enterObject()) throw new JsonError('the file is null', 0)
  let found = false
  while (reader.nextField(['configTable']) !== undefined) {
    if (!reader.enterObject()) throw new JsonError('configTable is null', reader.offset)
    found = true
    for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
      const entries = readEntries(reader)
      if (entries.size > 0 || staysWhenEmpty(name)) table.set(name, entries)
      else table.delete(name)
    }
  }
  reader.expectEnd()
  if (!found) throw new JsonError('there is no configTable', reader.offset)
  return table
}

function readEntries(reader: JsonReader): ReadonlyMap<string, string | null> {
  const entries = new Map<string, string | null>()
  if (!reader.enterObject()) return entries
  for (let key = reader.nextName(); key !== undefined; key = reader.nextName())
    entries.set(key, reader.readString())
  return entries
}
