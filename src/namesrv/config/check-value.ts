import { isIPv6 } from 'node:net'
import { ConfigError } from './config-error.ts'
import {
  type ConfigKey,
  type ConfigNotice,
  type ConfigValue,
  type GivenText,
  HIDDEN,
  isReadWhileRunning,
  rangeOf,
} from './config-key.ts'

/** What shells and other formats give a meaning, at a place where a path or a host would hardly have it. */
const LITERAL_SIGNS = /^(["']).*\1$|^~(?:\/|$)|\$\{/
const LITERAL_NOTICE = 'quotes, ~ and $ have no meaning in a value; it is used as it stands'

/** A value that its key accepts, with a notice if it is not what the text says. */
export interface CheckedValue {
  readonly value: ConfigValue
  readonly notice?: ConfigNotice
}

/**
 * A text as the value of its key. What Java would ignore (a number it cannot read) or misread (`yes` is false to Java) is an
 * error here, and so is a number out of range. For a key that is read while the server runs, such a number must not stop a
 * start: only an update is rejected, otherwise the nearest number in the range is used.
 *
 * @returns The value, or an error: `ERR_CONFIG_VALUE`, `ERR_CONFIG_RANGE`.
 */
export function checkValue(key: ConfigKey, given: GivenText): CheckedValue | ConfigError {
  const { text, source, isStrict = false } = given
  const { place } = source
  const isUpdate = source.layer === 'update'
  const invalid = (why: string, spaces = '', code: ConfigError['code'] = 'ERR_CONFIG_VALUE'): ConfigError => {
    // Quoted as JSON: spaces at the ends are visible, and a line break cannot break the line.
    const value = key.secret === true ? '(hidden)' : JSON.stringify(text)
    const problem = `${key.name}=${value} ${why}${spacesHint(spaces)}`
    return new ConfigError(code, isUpdate ? problem : `${place}: ${problem}`)
  }
  const noticed = (used: number | boolean, message: string, more: object = {}): CheckedValue => {
    const fields = { source: place, key: key.name, value: text, used, ...more }
    return { value: used, notice: { level: 'warn', message, fields } }
  }
  if (key.type === 'boolean') {
    const word = text.toLowerCase()
    if (word === 'true' || word === 'false') {
      const problem = key.check?.(word)
      return problem === undefined ? { value: word === 'true' } : invalid(problem)
    }
    // Java reads `true` with spaces as false too, which is not what is meant.
    if (word.trim() === 'false') return noticed(false, 'value has spaces around it; read as false')
    return invalid('must be true or false', text)
  }
  if (key.type === 'string') {
    const trimmed = javaTrim(text)
    const value = key.exact === true ? text : trimmed
    if (key.words?.includes(value) === false) return invalid(`must be one of ${key.words.join(', ')}`, value)
    if (key.required === true && value === '') return invalid('must not be empty')
    if (key.secret === true && value === HIDDEN) {
      return invalid(`is ${HIDDEN}, which is shown in place of a secret; set the secret itself`)
    }
    const problem = nameProblem(key.names, given) ?? key.check?.(value)
    if (problem !== undefined) return invalid(problem, key.exact === true ? value : '')
    if (key.names === undefined || !LITERAL_SIGNS.test(trimmed)) return { value: trimmed }
    const fields = { source: place, key: key.name, value: trimmed }
    return { value: trimmed, notice: { level: 'warn', message: LITERAL_NOTICE, fields } }
  }
  const integer = javaInteger(text, key.type === 'int' ? 32 : 64)
  // Java cannot read a number of too many bits either: it is out of range.
  if (integer === undefined && !/^[+-]?\d+$/.test(text)) return invalid('must be a whole number', text)
  const number = Number(integer ?? text)
  const [min, max] = rangeOf(key)
  const value = Math.min(max, Math.max(min, number))
  if (value === number) return { value }
  if (isReadWhileRunning(key) && !isUpdate && !isStrict) {
    return noticed(value, 'value out of range; nearest value used', { min, max })
  }
  const unit = key.unit === undefined ? '' : ` ${key.unit}`
  return invalid(`must be from ${min} to ${max}${unit}`, '', 'ERR_CONFIG_RANGE')
}

/** White space at the end is easily overlooked, and Java keeps it. */
function spacesHint(text: string): string {
  if (text.trimEnd() !== text) return ' (it ends with white space)'
  return text.trimStart() === text ? '' : ' (it begins with white space)'
}

/** Why a text cannot name a path or a host, as the end of a sentence that begins with it. */
function nameProblem(names: ConfigKey['names'], { text, source }: GivenText): string | undefined {
  if (names === undefined) return undefined
  // The end is trimmed. A list of hosts may stand on several lines; elsewhere only an escape makes a control character.
  const checked = names === 'hosts' ? text.replaceAll(/\s*;\s*/g, ';').trim() : text.trimEnd()
  const control = Array.from(checked).find((character) => character < ' ' || character === '\x7f')
  if (control !== undefined) {
    const shown = JSON.stringify(control).slice(1, -1)
    return `contains the control character ${shown}: a single backslash begins an escape; write / or \\\\`
  }
  // Where the characters after the backslashes begin no escape, only the backslashes are lost.
  if (names === 'path' && source.layer === 'file' && /^[A-Za-z]:(?![\\/])./.test(text)) {
    return 'has no / after the drive: a single backslash begins an escape and is lost; write / or \\\\'
  }
  return undefined
}

/** A host without the brackets that an IPv6 address may have. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** Why a text is not an address to listen on, as the end of a sentence that begins with it; undefined if it may be one. */
export function bindAddressProblem(text: string): string | undefined {
  if (/^(?:\[.*\]|[^:]*):\d*$/.test(text)) return 'must not have a port; set it with listenPort'
  if (!/[[\]]/.test(text)) return undefined
  const host = withoutBrackets(text)
  return host !== text && isIPv6(host) ? undefined : 'must have an IPv6 address in its brackets'
}

/**
 * A text as Java reads it for an `int` or a `long`: decimal digits of any script, with an optional sign and no spaces.
 * @returns Undefined for what Java ignores without a message.
 * @see java.lang.Integer#parseInt(String) and java.lang.Long#parseLong(String)
 */
export function javaInteger(text: string, bits: 32 | 64): bigint | undefined {
  // Java looks at one UTF-16 unit at a time, and so knows no digit beyond the first plane.
  if (!/^[+-]?\p{Nd}+$/u.test(text) || /[\ud800-\udfff]/.test(text)) return undefined
  const digits = text.replace(/^[+-]/, '').replaceAll(/./g, digitOf)
  // A number of 64 bits has at most 19 digits; a long text must not become a huge number first.
  const significant = digits.replace(/^0+(?=.)/, '')
  if (significant.length > 19) return undefined
  const value = BigInt(significant) * (text.startsWith('-') ? -1n : 1n)
  return BigInt.asIntN(bits, value) === value ? value : undefined
}

/** The decimal digits of a script stand together from 0 to 9. */
function digitOf(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 128) return character
  let zero = code
  while (/\p{Nd}/u.test(String.fromCharCode(zero - 1))) zero--
  return String(code - zero)
}

/** A text without leading and trailing characters up to U+0020. @see java.lang.String#trim() */
export function javaTrim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= 32) start++
  while (end > start && text.charCodeAt(end - 1) <= 32) end--
  return text.slice(start, end)
}
