import { LimitError } from '../common/limit-error.ts'
import { Shares } from '../common/shares.ts'
import type { KVConfigLimits, KVConfigSize } from './kv-config-manager.ts'

interface KVEntry {
  readonly namespace: string
  readonly key: string
  /** With the name of its namespace, whether or not others are in it. */
  readonly bytes: number
}

/**
 * Which entries of the key-value table use a share of its limits: those put since the start by a source that has one, until they are
 * deleted or put by another. The file does not say where its entries are from.
 */
export class KVShares {
  readonly #entries: Map<string, { readonly source: string; readonly bytes: number }>
  readonly #numbers: Shares
  readonly #bytes: Shares

  /** @param other - To begin with a copy of these. */
  constructor(other?: KVShares) {
    this.#entries = new Map(other === undefined ? [] : other.#entries)
    this.#numbers = new Shares(other === undefined ? undefined : other.#numbers)
    this.#bytes = new Shares(other === undefined ? undefined : other.#bytes)
  }

  /** An entry is put into a table of one size, which then has another. @throws {LimitError} with nothing changed. */
  put(
    { namespace, key, bytes }: KVEntry,
    source: string | undefined,
    { maxKVEntries, maxKVBytes }: KVConfigLimits,
    before: KVConfigSize,
    after: KVConfigSize,
  ): void {
    if (source === undefined) {
      this.delete(namespace, key)
      return
    }
    const id = idOf(namespace, key)
    const known = this.#entries.get(id)
    const added = known?.source === source ? bytes - known.bytes : bytes
    if (after.entries > before.entries)
      check(this.#numbers, 'maxKVEntries', maxKVEntries, before.entries, source, 1)
    if (after.bytes > before.bytes) check(this.#bytes, 'maxKVBytes', maxKVBytes, before.bytes, source, added)
    this.delete(namespace, key)
    this.#entries.set(id, { source, bytes })
    this.#numbers.add(source, 1)
    this.#bytes.add(source, bytes)
  }

  delete(namespace: string, key: string): void {
    const id = idOf(namespace, key)
    const known = this.#entries.get(id)
    if (known === undefined) return
    this.#entries.delete(id)
    this.#numbers.add(known.source, -1)
    this.#bytes.add(known.source, -known.bytes)
  }
}

function check(...[shares, limit, ...rest]: [Shares, ...Parameters<Shares['excess']>]): void {
  const reason = shares.excess(limit, ...rest)
  if (reason !== undefined) throw new LimitError(limit, reason)
}

function idOf(namespace: string, key: string): string {
  return `${namespace.length}:${namespace}${key}`
}
