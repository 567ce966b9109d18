/**
 * The two dialects in which Java peers write and expect JSON bodies.
 *
 * - `legacy`: integer map keys without quotes; for every body but one
 * - `standard`: strict JSON; for the route of a topic asked for by a client of 4.9.4 or later
 */
export type JsonDialect = 'legacy' | 'standard'

/** Text that needs no escapes. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what has to be escaped
const ESCAPED = /["\\\u0000-\u001f]/g

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

function escapeUnit(unit: string): string {
  return SHORT_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

const SURROGATE = /[\ud800-\udfff]/

/** A surrogate without its other half, for which Java writes a question mark. */
const LONE_SURROGATE = /\p{Surrogate}/gu

/**
 * A JSON string with its quotes, escaped as 5.5.0 escapes it in headers and in both dialects: the quotation mark, the
 * backslash and U+0000 to U+001F, and nothing else. (5.3.3 and 4.x, with another JSON library, escape more.)
 */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  const paired = SURROGATE.test(text) ? text.replace(LONE_SURROGATE, '?') : text
  return `"${paired.replace(ESCAPED, escapeUnit)}"`
}

/** Max integer that a double holds exactly; the standard dialect quotes larger ones. */
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** A 64-bit integer; in the standard dialect one beyond ±(2^53 − 1) becomes a string. */
export function longText(value: bigint, dialect: JsonDialect): string {
  return dialect === 'standard' && (value > MAX_SAFE || value < -MAX_SAFE) ? `"${value}"` : `${value}`
}

/** `{"key":value,…}`; the values are JSON text already, and an integer key has quotes in the standard dialect only. */
export function objectText<Key extends string | number | bigint>(
  entries: Iterable<readonly [Key, string]>,
  dialect: JsonDialect,
): string {
  const members: string[] = []
  for (const [key, value] of entries) {
    const name = typeof key === 'string' ? quote(key) : dialect === 'standard' ? `"${key}"` : `${key}`
    members.push(`${name}:${value}`)
  }
  return `{${members.join(',')}}`
}

/** `["a","b",null]`. */
export function stringListText(list: Iterable<string | null>): string {
  const elements: string[] = []
  for (const element of list) elements.push(element === null ? 'null' : quote(element))
  return `[${elements.join(',')}]`
}

/** Entries in ascending order of their keys: numbers by value, strings by UTF-16 unit, as a Java sorted map has them. */
export function sortedEntries<Key extends string | number | bigint, Value>(
  map: ReadonlyMap<Key, Value>,
): [Key, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

/** UTF-16 units of text that are encoded at a time; a few microseconds of work. */
const CHUNK_UNITS = 16_384

/** Encodes a long text piece by piece, so that no single step blocks the event loop. */
export class TextChunks {
  #text = ''
  readonly #chunks: Buffer[] = []

  add(piece: string): void {
    this.#text += piece
    if (this.#text.length >= CHUNK_UNITS) this.#encode()
  }

  /** The whole text as UTF-8. */
  toBuffer(): Buffer {
    this.#encode()
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
  }

  #encode(): void {
    this.#chunks.push(Buffer.from(this.#text))
    this.#text = ''
  }
}
