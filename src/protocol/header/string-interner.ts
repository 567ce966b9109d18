/** How many strings are remembered; a power of two. */
const SLOTS = 4_096

/** Longest string that is remembered, in characters; half a megabyte in all. */
const MOST_REMEMBERED = 128

/**
 * Strings that came before, each in the slot of its hash: the names of fields, and the topics that are asked for again and again.
 * To find one here costs no memory, and what is then looked up by it need not hash it.
 */
const remembered: string[] = Array(SLOTS).fill('')

/** The hash of a string with one more byte at its end; that of the empty string is 0. */
export function hashWith(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0
}

/** The string of ASCII bytes that have this hash. */
export function asciiString(bytes: Buffer, from: number, to: number, hash: number): string {
  if (to - from > MOST_REMEMBERED) return bytes.toString('latin1', from, to)
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
  const known = remembered[slot] as string
  if (isAt(bytes, from, to, known)) return known
  const text = bytes.toString('latin1', from, to)
  remembered[slot] = text
  return text
}

/** The string of UTF-8 bytes. */
export function utf8String(bytes: Buffer, from: number, to: number): string {
  let hash = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (byte >= 0x80) return bytes.toString('utf8', from, to)
    hash = hashWith(hash, byte)
  }
  return asciiString(bytes, from, to, hash)
}

function isAt(bytes: Buffer, from: number, to: number, text: string): boolean {
  if (text.length !== to - from) return false
  for (let at = from; at < to; at++) if (text.charCodeAt(at - from) !== bytes[at]) return false
  return true
}
