import { quote } from '../../protocol/json/json-text.ts'
import { visible } from '../output/visible.ts'

/** A JSON value whose members have the order of the map; integer keys are written without quotes, as Java does. */
export type JavaJson =
  | string
  | number
  | bigint
  | boolean
  | readonly JavaJson[]
  | ReadonlyMap<string | number | bigint, JavaJson>

/** An object from members, without those that are null. */
export function members(object: Readonly<Record<string, JavaJson | null>>): ReadonlyMap<string, JavaJson> {
  return new Map(Object.entries(object).filter((entry): entry is [string, JavaJson] => entry[1] !== null))
}

/** The text that fastjson2 writes, with `PrettyFormat` if it `isPretty`; hidden characters are escaped, too. */
export function javaJson(value: JavaJson, isPretty: boolean): string {
  return textOf(value, isPretty ? '\n' : '')
}

function textOf(value: JavaJson, lineBreak: string): string {
  if (typeof value === 'string') return visible(quote(value))
  if (typeof value !== 'object') return `${value}`
  const inner = lineBreak === '' ? '' : `${lineBreak}\t`
  const isList = Array.isArray(value)
  const parts: string[] = isList
    ? value.map((element) => textOf(element, inner))
    : [...(value as ReadonlyMap<string | number | bigint, JavaJson>)].map(
        ([key, member]) => `${typeof key === 'string' ? visible(quote(key)) : key}:${textOf(member, inner)}`,
      )
  const [open, close] = isList ? '[]' : '{}'
  if (parts.length === 0) return `${open}${close}`
  return `${open}${inner}${parts.join(`,${inner}`)}${lineBreak}${close}`
}
