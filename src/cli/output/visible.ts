/** Control, format (bidi, tags), private use and unassigned characters, lone surrogates, fillers, and spaces that look like a space. */
const INVISIBLE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu

/**
 * A name from a stranger, with every character that a terminal would obey or hide as `\uXXXX`: names of topics, brokers and
 * clients may contain any, and must neither move the cursor nor look like another name.
 */
export function visible(text: string): string {
  return text.replace(INVISIBLE, escaped)
}

/** A JSON value with all its strings made visible. */
export function visibleStrings<Value>(value: Value): Value {
  if (typeof value === 'string') return visible(value) as Value
  if (Array.isArray(value)) return value.map(visibleStrings) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [visible(name), visibleStrings(member)]),
  ) as Value
}

function escaped(character: string): string {
  let text = ''
  // In UTF-16 units, so that the same escapes are right in JSON.
  for (let index = 0; index < character.length; index++)
    text += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`
  return text
}

/** JSON in which those characters are escaped: it reads back as the same value, and is safe on a terminal. */
export function visibleJson(value: unknown, indent = 0, escapeOf = escaped): string {
  const text = JSON.stringify(value, null, indent)
  // Line feeds are the indentation's own: JSON.stringify escapes those of strings.
  return text.replace(INVISIBLE, (character) => (character === '\n' ? character : escapeOf(character)))
}

/** A scalar as JSON that YAML reads as the same: YAML takes no surrogate pairs, but has eight digits for such characters. */
export function visibleYamlScalar(value: unknown): string {
  return visibleJson(value, 0, (character) =>
    character.length === 1
      ? escaped(character)
      : `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
  )
}
