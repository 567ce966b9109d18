import { escaped, INVISIBLE, visible } from '../../common/visible.ts'

export { visible }

/** A JSON value with all its strings made visible. */
export function visibleStrings<Value>(value: Value): Value {
  if (typeof value === 'string') return visible(value) as Value
  if (Array.isArray(value)) return value.map(visibleStrings) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [visible(name), visibleStrings(member)]),
  ) as Value
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
