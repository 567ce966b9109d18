import { visibleYamlScalar } from './visible.ts'

/** Strings that YAML reads as themselves without quotes: no indicator, no number, no word with a meaning in YAML 1.1 or 1.2. */
const PLAIN = /^(?!(?:y|n|yes|no|on|off|true|false|null|~|e[\d_.]+)$)[A-Za-z_/][\w./%@-]*$/i

/**
 * A JSON value as YAML: block style, strings plain only where every YAML reader takes them as strings, otherwise quoted as in
 * JSON, which YAML includes.
 */
export function yaml(value: unknown): string {
  return `${lines(value, '').join('\n').trimStart()}\n`
}

function lines(value: unknown, indent: string): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [' []']
    // The first line of an element follows its dash; the others are indented as far.
    return value.flatMap((element) => {
      const [first = '', ...rest] = lines(element, `${indent}  `)
      return [`${indent}- ${first.trimStart()}`, ...rest]
    })
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined)
    if (entries.length === 0) return [' {}']
    return entries.flatMap(([name, member]) => {
      const [first = '', ...rest] = lines(member, `${indent}  `)
      const isBlock = first.startsWith(`${indent}  `)
      return [`${indent}${scalar(name)}:${isBlock ? '' : first}`, ...(isBlock ? [first] : []), ...rest]
    })
  }
  return [` ${scalar(value)}`]
}

function scalar(value: unknown): string {
  return typeof value === 'string' && PLAIN.test(value) ? value : visibleYamlScalar(value)
}
