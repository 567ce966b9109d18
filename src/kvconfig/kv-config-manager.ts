import { BoundError, JsonError } from '../protocol/errors.ts'
import { FieldNames } from '../protocol/json/field-names.ts'
import { JsonReader } from '../protocol/json/json-reader.ts'
import { objectText, quote } from '../protocol/json/json-text.ts'

/** Namespace whose entries say how many queues of an ordered topic each broker has. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** Namespace to key to value. A null value is an entry that reads back as absent. */
export type KVConfigTable = ReadonlyMap<string, ReadonlyMap<string, string | null>>

/** How much the table takes. */
export interface KVConfigBounds {
  /** Most keys, and most namespaces. */
  readonly maxEntries: number
  /** Most bytes of all namespaces, keys and values together. */
  readonly maxBytes: number
}

const UNBOUNDED: KVConfigBounds = { maxEntries: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }

/** Puts the table where a restart finds it; throws if that fails. */
export type PersistKVConfig = (file: Buffer) => void

/**
 * The key-value service: small settings by namespace, kept in a file.
 * @see KVConfigManager in apache/rocketmq
 */
export class KVConfigManager {
  #table: KVConfigTable
  readonly #persist: PersistKVConfig
  readonly #bounds: KVConfigBounds
  #entries = 0
  #bytes = 0

  /** @param bounds - What is in the table already may go beyond them: it stays, and does not grow. */
  constructor(table: KVConfigTable, persist: PersistKVConfig, bounds = UNBOUNDED) {
    this.#table = table
    this.#persist = persist
    this.#bounds = bounds
    for (const [namespace, entries] of table) {
      this.#bytes += Buffer.byteLength(namespace)
      for (const [key, value] of entries) this.#bytes += sizeOf(key, value)
      this.#entries += entries.size
    }
  }

  /** Keys of all namespaces together. */
  get entries(): number {
    return this.#entries
  }

  /** Bytes of all namespaces, keys and values. */
  get bytes(): number {
    return this.#bytes
  }

  /** A value, or null if there is none. */
  getKVConfig(namespace: string | null, key: string | null): string | null {
    if (namespace === null || key === null) return null
    return this.#table.get(namespace)?.get(key) ?? null
  }

  /** A namespace's entries, or null if it does not exist. */
  getKVListByNamespace(namespace: string | null): ReadonlyMap<string, string | null> | null {
    return namespace === null ? null : (this.#table.get(namespace) ?? null)
  }

  /**
   * Sets a value. If it cannot be stored on disk it is not set in memory either.
   * @throws {BoundError} if there is no room for it, and what persisting threw.
   */
  putKVConfig(namespace: string, key: string, value: string | null): void {
    const known = this.#table.get(namespace)
    const before = known?.get(key)
    const entries = this.#entries + (before === undefined ? 1 : 0)
    const bytes =
      this.#bytes +
      (known === undefined ? Buffer.byteLength(namespace) : 0) +
      sizeOf(key, value) -
      (before === undefined ? 0 : sizeOf(key, before))
    this.#checkRoom(entries, bytes, known === undefined)
    this.#replace(namespace, new Map(known).set(key, value))
    this.#entries = entries
    this.#bytes = bytes
  }

  #checkRoom(entries: number, bytes: number, newNamespace: boolean): void {
    const { maxEntries, maxBytes } = this.#bounds
    const namespaces = this.#table.size + (newNamespace ? 1 : 0)
    if (
      entries > Math.max(maxEntries, this.#entries) ||
      namespaces > Math.max(maxEntries, this.#table.size)
    ) {
      throw new BoundError('maxKVEntries', `there are as many entries as maxKVEntries allows, ${maxEntries}`)
    }
    if (bytes > Math.max(maxBytes, this.#bytes)) {
      const message = `there would be ${bytes} bytes of entries, and maxKVBytes allows ${maxBytes}`
      throw new BoundError('maxKVBytes', message)
    }
  }

  /** Removes a key; its namespace stays. The file is written in any case. @throws What persisting threw. */
  deleteKVConfig(namespace: string | null, key: string | null): void {
    const known = namespace === null ? undefined : this.#table.get(namespace)
    if (namespace === null || known === undefined) {
      this.#persist(encodeKVConfigFile(this.#table))
      return
    }
    const entries = new Map(known)
    const value = key === null ? undefined : known.get(key)
    if (key !== null) entries.delete(key)
    this.#replace(namespace, entries)
    if (key === null || value === undefined) return
    this.#entries--
    this.#bytes -= sizeOf(key, value)
  }

  #replace(namespace: string, entries: ReadonlyMap<string, string | null>): void {
    const table = new Map(this.#table).set(namespace, entries)
    this.#persist(encodeKVConfigFile(table))
    this.#table = table
  }
}

function sizeOf(key: string, value: string | null): number {
  return Buffer.byteLength(key) + Buffer.byteLength(value ?? '')
}

/** `{"configTable":{namespace:{key:value}}}`; null values are left out, empty namespaces stay. */
export function encodeKVConfigFile(table: KVConfigTable): Buffer {
  const namespaces: [string, string][] = []
  for (const [namespace, entries] of table) {
    const members: [string, string][] = []
    for (const [key, value] of entries) if (value !== null) members.push([key, quote(value)])
    namespaces.push([namespace, objectText(members, 'legacy')])
  }
  return Buffer.from(`{"configTable":${objectText(namespaces, 'legacy')}}`)
}

const FILE_FIELDS = new FieldNames('configTable')

/**
 * Reads a KV file. An empty one, or an empty array, is an empty table, as in Java.
 * @throws {JsonError} Also if there is no `configTable` object in it.
 */
export function decodeKVConfigFile(file: Buffer): KVConfigTable {
  const text = file.toString('utf8').trim()
  const table = new Map<string, ReadonlyMap<string, string | null>>()
  if (text === '' || text === '[]') return table
  const reader = new JsonReader(file)
  if (!reader.enterObject()) throw new JsonError('the file is null', 0)
  let found = false
  while (reader.nextField(FILE_FIELDS) !== undefined) {
    if (!reader.enterObject()) throw new JsonError('configTable is null', reader.offset)
    found = true
    for (let name = reader.nextName(); name !== undefined; name = reader.nextName()) {
      table.set(name, readEntries(reader))
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
