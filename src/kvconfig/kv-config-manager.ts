import { GroupCommit } from '../common/group-commit.ts'
import { LimitError } from '../common/limit-error.ts'
import { JsonError } from '../protocol/errors.ts'
import { FieldNames } from '../protocol/json/field-names.ts'
import { JsonReader } from '../protocol/json/json-reader.ts'
import { objectText, quote } from '../protocol/json/json-text.ts'

/** Namespace whose entries say how many queues of an ordered topic each broker has. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** Namespace to key to value. A null value is an entry that reads back as absent. Only `ORDER_TOPIC_CONFIG` may be empty. */
export type KVConfigTable = ReadonlyMap<string, ReadonlyMap<string, string | null>>

/** How much the table takes. */
export interface KVConfigBounds {
  /** Max number of keys in all namespaces together; each namespace has one at least. */
  readonly maxEntries: number
  /** Most bytes of all namespaces, keys and values together. */
  readonly maxBytes: number
}

const UNLIMITED: KVConfigBounds = { maxEntries: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }

/**
 * Puts the table where a restart finds it.
 * @param onStored - Called at the moment from which on a restart finds it.
 * @throws (rejects) It is not, or not for certain, stored.
 */
export type PersistKVConfig = (file: Buffer, onStored: () => void) => Promise<void>

/**
 * The key-value service: small settings by namespace, kept in a file.
 *
 * A change is in force when the file has it, and not before; whatever fails, memory and file agree.
 *
 * @see KVConfigManager in apache/rocketmq
 */
export class KVConfigManager {
  #table: KVConfigTable
  #size: KVConfigSize
  readonly #changes: GroupCommit<KVConfigDraft>

  /**
   * @param maxWaitingChanges - Most changes that may wait while the file is written.
   * @param limits - What is in the table already may go beyond them: it stays, and does not grow.
   */
  constructor(
    table: KVConfigTable,
    persist: PersistKVConfig,
    maxWaitingChanges: number,
    limits: KVConfigBounds = UNLIMITED,
  ) {
    this.#table = table
    this.#size = sizeOfTable(table)
    this.#changes = new GroupCommit({
      draft: () => new KVConfigDraft(this.#table, this.#size, limits),
      commit: ({ table: changed, size }) =>
        persist(encodeKVConfigFile(changed), () => {
          this.#table = changed
          this.#size = size
        }),
      maxWaiting: maxWaitingChanges,
    })
  }

  /** Keys of all namespaces together. */
  get entries(): number {
    return this.#size.entries
  }

  /** Bytes of all namespaces, keys and values. */
  get bytes(): number {
    return this.#size.bytes
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
   * Sets a value.
   * @throws {LimitError} (rejects) and what persisting rejected with.
   */
  putKVConfig(namespace: string, key: string, value: string | null): Promise<void> {
    return this.#changes.change((draft) => draft.put(namespace, key, value))
  }

  /**
   * Deletes a key, and its namespace with the last key. The file is written in any case.
   * @throws {LimitError} (rejects) and what persisting rejected with.
   */
  deleteKVConfig(namespace: string | null, key: string | null): Promise<void> {
    return this.#changes.change((draft) => {
      if (namespace !== null && key !== null) draft.delete(namespace, key)
    })
  }
}

/** How much is in a table. */
interface KVConfigSize {
  readonly entries: number
  readonly bytes: number
}

function sizeOfTable(table: KVConfigTable): KVConfigSize {
  let entries = 0
  let bytes = 0
  for (const [namespace, values] of table) {
    bytes += namespaceBytes(namespace, values.size)
    for (const [key, value] of values) bytes += sizeOf(key, value)
    entries += values.size
  }
  return { entries, bytes }
}

/** A table that is being changed. The one it comes from stays as it is. */
class KVConfigDraft {
  readonly #table: Map<string, ReadonlyMap<string, string | null>>
  #size: KVConfigSize
  readonly #limits: KVConfigBounds
  /** Namespaces that are copies already, so that many changes of one cost one copy. */
  readonly #copies = new Map<string, Map<string, string | null>>()

  constructor(table: KVConfigTable, size: KVConfigSize, limits: KVConfigBounds) {
    this.#table = new Map(table)
    this.#size = size
    this.#limits = limits
  }

  get table(): KVConfigTable {
    return this.#table
  }

  get size(): KVConfigSize {
    return this.#size
  }

  /** @throws {LimitError} with nothing changed. */
  put(namespace: string, key: string, value: string | null): void {
    const known = this.#table.get(namespace)
    const before = known?.get(key)
    const isNew = before === undefined
    const size = {
      entries: this.#size.entries + (isNew ? 1 : 0),
      bytes:
        this.#size.bytes +
        namespaceBytes(namespace, 1) -
        namespaceBytes(namespace, known?.size ?? 0) +
        sizeOf(key, value) -
        (isNew ? 0 : sizeOf(key, before)),
    }
    this.#checkRoom(size)
    this.#entriesOf(namespace).set(key, value)
    this.#size = size
  }

  delete(namespace: string, key: string): void {
    const value = this.#table.get(namespace)?.get(key)
    if (value === undefined) return
    const entries = this.#entriesOf(namespace)
    entries.delete(key)
    this.#size = {
      entries: this.#size.entries - 1,
      bytes:
        this.#size.bytes -
        sizeOf(key, value) -
        namespaceBytes(namespace, 1) +
        namespaceBytes(namespace, entries.size),
    }
    if (entries.size > 0 || staysWhenEmpty(namespace)) return
    this.#table.delete(namespace)
    this.#copies.delete(namespace)
  }

  #checkRoom({ entries, bytes }: KVConfigSize): void {
    const { maxEntries, maxBytes } = this.#limits
    if (entries > Math.max(maxEntries, this.#size.entries)) {
      throw new LimitError('maxKVEntries', `there are as many entries as maxKVEntries allows, ${maxEntries}`)
    }
    if (bytes > Math.max(maxBytes, this.#size.bytes)) {
      const message = `there would be ${bytes} bytes of entries, and maxKVBytes allows ${maxBytes}`
      throw new LimitError('maxKVBytes', message)
    }
  }

  /** A namespace's entries, to be changed; it is made if it is not there. */
  #entriesOf(namespace: string): Map<string, string | null> {
    const copied = this.#copies.get(namespace)
    if (copied !== undefined) return copied
    const copy = new Map(this.#table.get(namespace))
    this.#copies.set(namespace, copy)
    this.#table.set(namespace, copy)
    return copy
  }
}

function sizeOf(key: string, value: string | null): number {
  return Buffer.byteLength(key) + Buffer.byteLength(value ?? '')
}

/** The bytes of a namespace's name; none while it is empty. */
function namespaceBytes(namespace: string, entries: number): number {
  return entries === 0 ? 0 : Buffer.byteLength(namespace)
}

/**
 * Whether a namespace outlives its last key. A registration whose response has an empty order table makes the broker clear the
 * order flag of its topics; one without a table leaves them as they are.
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

const FILE_FIELDS = new FieldNames('configTable')

/**
 * Reads a KV file. An empty one, or an empty array, is an empty table, as in Java. Empty namespaces are dropped.
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
