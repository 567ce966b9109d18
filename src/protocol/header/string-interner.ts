/** Number of strings kept; a power of two. */
const SLOTS = 4_096

/** Longer strings are not kept, so that an interner holds at most half a megabyte. */
const MAX_INTERNED_LENGTH = 128

/** The hash of a string extended by one byte; that of the empty string is 0. */
export function extendHash(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0
}

/**
 * Field names and topics that are decoded again and again, each in the slot of its hash. A string found here is not allocated, and
 * its hash for later lookups in maps is already known.
 */
export class StringInterner {
  readonly #slots: string[] = Array(SLOTS).fill('')

  /** The string of ASCII bytes. @param hash - Their hash by {@link extendHash}. */
  ascii(bytes: Buffer, from: number, to: number, hash: number): string {
    if (to - from > MAX_INTERNED_LENGTH) return bytes.toString('latin1', from, to)
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
    const kept = this.#slots[slot] as string
    if (equals(kept, bytes, from, to)) return kept
    const text = bytes.toString('latin1', from, to)
    this.#slots[slot] = text
    return text
  }

  /** The string of UTF-8 bytes. */
  utf8(bytes: Buffer, from: number, to: number): string {
    let hash = 0
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number
      if (byte >= 0x80) return bytes.toString('utf8', from, to)
      hash = extendHash(hash, byte)
    }
    return this.ascii(bytes, from, to, hash)
  }
}

function equals(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false
  for (let at = from; at < to; at++) if (text.charCodeAt(at - from) !== bytes[at]) return false
  return true
}
