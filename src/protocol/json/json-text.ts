/**
 * The two dialects in which Java peers write and expect JSON bodies.
 *
 * - `legacy`: integer map keys without quotes; for every body but one
 * - `standard`: strict JSON; for the route of a topic asked for by a client of 4.9.4 or later
 */
export type JsonDialect = 'legacy' | 'standard'

/** Text that both dialects write as it stands. */
const PLAIN = /^[ !#-.0-[\]-~]*$/

// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what has to be escaped
const LEGACY_ESCAPED = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what has to be escaped
const STANDARD_ESCAPED = /["\\/\u0000-\u001f\u007f-\uffff]/g

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
}

function escapeUnit(unit: string): string {
  return SHORT_ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/** A JSON string with its quotes, escaped as Java escapes it in that dialect. */
export function quote(text: string, dialect: JsonDialect): string {
  if (PLAIN.test(text)) return `"${text}"`
  return `"${text.replace(dialect === 'legacy' ? LEGACY_ESCAPED : STANDARD_ESCAPED, escapeUnit)}"`
}

/** Largest integer that a double holds exactly; the standard dialect quotes what lies beyond. */
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** A 64-bit integer; in the standard dialect one beyond ±(2^53 − 1) becomes a string. */
export function longText(value: bigint, dialect: JsonDialect): string {
  return dialect === 'standard' && (value > MAX_SAFE || value < -MAX_SAFE) ? `"${value}"` : `${value}`
}

/** `{"key":value,…}` of a map whose values are text already; an integer key has quotes in the standard dialect only. */
export function objectText<Key extends string | number | bigint>(
  entries: Iterable<readonly [Key, string]>,
  dialect: JsonDialect,
): string {
  const members: string[] = []
  for (const [key, value] of entries) {
    const name = typeof key === 'string' ? quote(key, dialect) : dialect === 'standard' ? `"${key}"` : `${key}`
    members.push(`${name}:${value}`)
  }
  return `{${members.join(',')}}`
}

/** `["a","b",null]`. */
export function stringListText(list: Iterable<string | null>, dialect: JsonDialect): string {
  const elements: string[] = []
  for (const element of list) elements.push(element === null ? 'null' : quote(element, dialect))
  return `[${elements.join(',')}]`
}

/** Entries in ascending order of their keys: numbers by value, strings by UTF-16 unit, as a Java sorted map has them. */
export function sortedEntries<Key extends string | number | bigint, Value>(
  map: ReadonlyMap<Key, Value>,
): [Key, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
