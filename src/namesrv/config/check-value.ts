import { ConfigError } from './config-error.ts'
import type { OwnedConfigKey } from './config-key.ts'
import type { GivenText } from './config-layers.ts'
import { describeSource } from './config-source.ts'
import { type Assigned, assignJavaStyle } from './java-conversion.ts'
import { placeProblem } from './places.ts'

/**
 * A text as the value of its key, for the start of the program: what Java would ignore (a number it cannot read) or misread
 * (`yes` is false to Java) is an error, and so is a number out of range, except where it is {@link withinRange nearest} that
 * counts.
 *
 * @throws {ConfigError} `ERR_CONFIG_VALUE`, `ERR_CONFIG_RANGE`
 */
export function checkValue(row: OwnedConfigKey, given: GivenText): Assigned {
  const assigned = assignJavaStyle(row.type, row.type === 'boolean' ? booleanText(given.text) : given.text)
  if (row.type === 'int' || row.type === 'long') {
    // What Java cannot read may still be a number, only one of too many bits.
    if (assigned === undefined && !/^[+-]?\d+$/.test(given.text)) {
      throw refused('ERR_CONFIG_VALUE', row, given, `is not a whole number${blankHint(given.text)}`)
    }
    const [min, max] = rangeOf(row)
    const number = Number(assigned?.value)
    if (assigned === undefined || ((number < min || number > max) && !takesNearest(row))) {
      throw refused('ERR_CONFIG_RANGE', row, given, `is not within ${min} and ${max}${unit(row)}`)
    }
    return withinRange(row, assigned)
  }
  if (
    assigned === undefined ||
    (row.type === 'boolean' && !/^(?:true|false)$/i.test(booleanText(given.text)))
  ) {
    throw refused('ERR_CONFIG_VALUE', row, given, `is neither true nor false${blankHint(given.text)}`)
  }
  if (row.absent?.value === assigned.text) {
    const file = given.source.layer === 'file' ? given.source.path : 'FILE'
    throw refused('ERR_CONFIG_VALUE', row, given, row.absent.advice(file))
  }
  const word = row.exact === true ? given.text : assigned.text
  if (row.words !== undefined && !row.words.includes(word)) {
    throw refused('ERR_CONFIG_VALUE', row, given, `is not one of ${row.words.join(', ')}${blankHint(word)}`)
  }
  if (row.required === true && assigned.text === '') {
    throw refused('ERR_CONFIG_VALUE', row, given, 'must not be empty')
  }
  const misplaced = row.place === undefined ? undefined : placeProblem(row.place, given)
  const problem = misplaced ?? row.check?.(word)
  if (problem !== undefined) {
    const hint = row.exact === true ? blankHint(word) : ''
    throw refused('ERR_CONFIG_VALUE', row, given, `${problem}${hint}`)
  }
  return assigned
}

/** What Java reads as false although it does not look the same; `true` with spaces is false to Java, too, and not meant so. */
function booleanText(text: string): string {
  return /^\s*false\s*$/i.test(text) ? text.trim() : text
}

/** What the log says of a `false` with spaces around it; undefined for every other text. */
export function spacesWarning(row: OwnedConfigKey, given: GivenText): string | undefined {
  if (row.type !== 'boolean' || booleanText(given.text) === given.text) return undefined
  const value = JSON.stringify(given.text)
  return `${describeSource(given.source)}: ${row.key}=${value} has spaces around it and is read as false`
}

/**
 * The value in force of a number that its key takes as it comes: an update may set it to anything at any time, as with Java,
 * and so may a start. Beyond the range the nearest number within counts; what is shown and stored is the number that was given.
 */
export function withinRange(row: OwnedConfigKey, assigned: Assigned): Assigned {
  if (typeof assigned.value !== 'number' || !takesNearest(row)) return assigned
  const [min, max] = rangeOf(row)
  return { text: assigned.text, value: Math.min(max, Math.max(min, assigned.value)) }
}

/** Keys that are read while the server runs; one that is read at the start only can be refused there. */
function takesNearest(row: OwnedConfigKey): boolean {
  return row.effect === 'live' || row.effect === 'connection'
}

/** Least and greatest number of a key, both included. */
export function rangeOf(row: OwnedConfigKey): readonly [number, number] {
  const most = row.type === 'int' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER
  const least = row.type === 'int' ? -(2 ** 31) : Number.MIN_SAFE_INTEGER
  return [row.min ?? least, row.max ?? most]
}

function refused(code: ConfigError['code'], row: OwnedConfigKey, given: GivenText, why: string): ConfigError {
  // Quoted as JSON: blanks at the ends can be seen, and a line break cannot break the line.
  const value = row.secret === true ? '(hidden)' : JSON.stringify(given.text)
  return new ConfigError(code, `${describeSource(given.source)}: ${row.key}=${value} ${why}`)
}

/** A blank at the end is easily overlooked, and Java keeps it. */
function blankHint(text: string): string {
  if (text.trimEnd() !== text) return ' (it ends with a blank)'
  return text.trimStart() === text ? '' : ' (it begins with a blank)'
}

function unit(row: OwnedConfigKey): string {
  return row.unit === undefined ? '' : ` ${row.unit}`
}
