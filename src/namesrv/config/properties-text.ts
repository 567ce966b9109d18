/** What `.properties` syntax would take for something else at any place of a key or a value. */
const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\f': '\\f',
}

/**
 * Pairs as the text of a `.properties` file, one line each, that reads back as the same pairs. Where nothing needs an escape
 * it is byte for byte what Java stores. Java escapes nothing, so that a backslash is lost, other letters than those of ASCII
 * are garbled and a line break in a value makes a pair of its own, of any key.
 *
 * @see MixAll#properties2String in apache/rocketmq
 */
export function propertiesText(pairs: Iterable<readonly [key: string, value: string]>): string {
  let text = ''
  for (const [key, value] of pairs) text += `${propertyLine(key, value)}\n`
  return text
}

/** A pair as a line of a `.properties` file, without the line break. */
export function propertyLine(key: string, value: string): string {
  const name = escaped(key).replace(/[ =:]/g, '\\$&').replace(/^[#!]/, '\\$&')
  return `${name}=${escaped(value).replace(/^ /, '\\ ')}`
}

function escaped(text: string): string {
  return text.replace(/[^ -[\]-~]/g, (unit) => SPECIAL[unit] ?? unicodeEscape(unit))
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
