import type { ConfigType, ConfigValue } from './config-key.ts'

/** A text as a value, and the value as Java prints it. */
export interface Assigned {
  readonly value: Exclude<ConfigValue, undefined>
  readonly text: string
}

/**
 * A text as Java assigns it to a field of a configuration object.
 *
 * - `int`, `long`: decimal digits of any script with an optional sign, no blanks, within 32 or 64 bits
 * - `boolean`: true if the text is `true` in any case, and false for everything else
 * - `string`: without leading and trailing characters up to U+0020
 *
 * @returns Undefined for what Java ignores without a word. A long beyond the safe integers has an exact text but a rounded value.
 * @see org.apache.rocketmq.common.MixAll#properties2Object
 */
export function assignJavaStyle(type: ConfigType, text: string): Assigned | undefined {
  switch (type) {
    case 'int':
      return integer(text, 32)
    case 'long':
      return integer(text, 64)
    case 'boolean': {
      const value = text.toLowerCase() === 'true'
      return { value, text: String(value) }
    }
    case 'string': {
      const value = trim(text)
      return { value, text: value }
    }
    default:
      return type satisfies never
  }
}

/** @see java.lang.Integer#parseInt(String) and java.lang.Long#parseLong(String) */
function integer(text: string, bits: 32 | 64): Assigned | undefined {
  if (!/^[+-]?\p{Nd}+$/u.test(text)) return undefined
  let digits = ''
  for (const character of text.replace(/^[+-]/, '')) {
    // Java looks at one UTF-16 unit at a time, and so knows no digit beyond the first plane.
    if (character.length > 1) return undefined
    digits += digitOf(character)
  }
  // A number of 64 bits has 19 digits at most; a long text must not become a huge number first.
  const significant = digits.replace(/^0+(?=.)/, '')
  if (significant.length > 19) return undefined
  const value = text.startsWith('-') ? -BigInt(significant) : BigInt(significant)
  return BigInt.asIntN(bits, value) === value ? { value: Number(value), text: String(value) } : undefined
}

/** Decimal digits of a script stand together from 0 to 9. */
function digitOf(character: string): number {
  const code = character.charCodeAt(0)
  if (code < 128) return code - 48
  let zero = code
  while (/\p{Nd}/u.test(String.fromCharCode(zero - 1))) zero--
  return code - zero
}

function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 32) start++
  while (end > start && text.charCodeAt(end - 1) <= 32) end--
  return text.slice(start, end)
}
