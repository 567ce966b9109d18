import { JsonError } from '../protocol/errors.ts'
import { FieldNames } from '../protocol/json/field-names.ts'
import { JsonReader } from '../protocol/json/json-reader.ts'
import { objectText, quote } from '../protocol/json/json-text.ts'
import { GroupCommit } from './group-commit.ts'

/** Namespace whose entries say how many queues of an ordered topic each broker has. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** Namespace to key to value. A null value is an entry that reads back as absent. */
export type KVConfigTable = ReadonlyMap<string, ReadonlyMap<string, string | null>>

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
  readonly #changes: GroupCommit<KVConfigDraft>

  /** @param maxWaitingChanges - Most changes that may wait while the file is written. */
  constructor(table: KVConfigTable, persist: PersistKVConfig, maxWaitingChanges: number) {
    this.#table = table
    this.#changes = new GroupCommit({
      draft: () => new KVConfigDraft(this.#table),
      commit: ({ table: changed }) =>
        persist(encodeKVConfigFile(changed), () => {
          this.#table = changed
        }),
      maxWaiting: maxWaitingChanges,
    })
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
   * @throws {TooManyChangesError} (rejects) and what persisting rejected with.
   */
  putKVConfig(namespace: string, key: string, value: string | null): Promise<void> {
    return this.#changes.change((draft) => {
      draft.entriesOf(namespace).set(key, value)
    })
  }

  /**
   * Removes a key; its namespace stays. The file is written in any case.
   * @throws {TooManyChangesError} (rejects) and what persisting rejected with.
   */
  deleteKVConfig(namespace: string | null, key: string | null): Promise<void> {
    return this.#changes.change((draft) => {
      if (namespace === null || key === null || !draft.table.has(namespace)) return
      draft.entriesOf(namespace).delete(key)
    })
  }
}

/** A table that is being changed. The one it comes from stays as it is. */
class KVConfigDraft {
  readonly #table: Map<string, ReadonlyMap<string, string | null>>
  /** Namespaces that are copies already, so that many changes of one cost one copy. */
  readonly #copies = new Map<string, Map<string, string | null>>()

  constructor(table: KVConfigTable) {
    this.#table = new Map(table)
  }

  get table(): KVConfigTable {
    return this.#table
  }

  /** A namespace's entries, to be changed; it is made if it is not there. */
  entriesOf(namespace: string): Map<string, string | null> {
    const copied = this.#copies.get(namespace)
    if (copied !== undefined) return copied
    const copy = new Map(this.#table.get(namespace))
    this.#copies.set(namespace, copy)
    this.#table.set(namespace, copy)
    return copy
  }
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
