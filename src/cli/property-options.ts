import { CONFIG_NAMES, findConfigKey } from '../namesrv/config/config-keys.ts'
import type { PropertyOption } from '../namesrv/config/config-layers.ts'
import { didYouMean } from '../namesrv/config/nearest-key.ts'
import { UsageError } from './usage-error.ts'

/** An option of the program itself. */
export interface ProgramOption {
  /** A dash and a letter. */
  readonly short: string
  /** Two dashes and a name. */
  readonly long: string
  readonly takesValue: boolean
}

/** A command line taken apart. */
export interface SplitArguments {
  readonly properties: PropertyOption[]
  /** What is not a property, in order: the program's options and their values, and words. */
  readonly rest: string[]
}

/**
 * Takes the properties, `--key value` and `--key=value`, out of a command line. There are some ninety of them, too many to be
 * options in a help text; the table of keys says what they are.
 *
 * The program's options are brought into the form `--long value`, from all forms that Java's command line has: `-c value`,
 * `-c=value`, `-cvalue`, `-configFile value`, `--configFile=value`.
 *
 * @throws {UsageError} An unknown option, or one without its value.
 */
export function splitArguments(
  argv: readonly string[],
  programOptions: readonly ProgramOption[],
): SplitArguments {
  const split: SplitArguments = { properties: [], rest: [] }
  const pending = [...argv]
  for (let argument = pending.shift(); argument !== undefined; argument = pending.shift()) {
    if (!argument.startsWith('-') || argument === '-') {
      split.rest.push(argument)
      continue
    }
    const { name, inline } = takeApart(argument, programOptions)
    const option = programOptions.find(
      ({ short, long }) => name === short || name === long || `-${name}` === long,
    )
    if (option !== undefined) {
      split.rest.push(option.long)
      if (option.takesValue) split.rest.push(inline ?? valueAfter(name, pending))
      else if (inline !== undefined) throw new UsageError('ERR_USAGE_WORD', `option ${name} takes no value`)
      continue
    }
    const key = name.slice(2)
    if (!name.startsWith('--') || findConfigKey(key) === undefined) throw unknown(name, programOptions)
    split.properties.push({ key, value: inline ?? valueAfter(name, pending) })
  }
  return split
}

/** Name and value of an argument that may hold both: `--name=value`, or `-cvalue` for a short option that takes one. */
function takeApart(
  argument: string,
  programOptions: readonly ProgramOption[],
): { name: string; inline: string | undefined } {
  const equals = argument.indexOf('=')
  const name = equals < 0 ? argument : argument.slice(0, equals)
  const isLong = name.startsWith('--') || programOptions.some(({ long }) => `-${name}` === long)
  const short = isLong
    ? undefined
    : programOptions.find((option) => option.takesValue && name.startsWith(option.short))
  if (short !== undefined && name.length > short.short.length) {
    return { name: short.short, inline: argument.slice(short.short.length) }
  }
  return { name, inline: equals < 0 ? undefined : argument.slice(equals + 1) }
}

/** The next argument, unless it looks like an option; a negative number does not. */
function valueAfter(name: string, pending: string[]): string {
  const next = pending[0]
  if (next === undefined || /^-(?!\d|$)/.test(next)) {
    throw new UsageError('ERR_USAGE_MISSING_VALUE', `option ${name} needs a value`)
  }
  pending.shift()
  return next
}

function unknown(name: string, programOptions: readonly ProgramOption[]): UsageError {
  const candidates = [...programOptions.map(({ long }) => long), ...CONFIG_NAMES.map((key) => `--${key}`)]
  return new UsageError('ERR_USAGE_UNKNOWN_OPTION', `unknown option ${name}${didYouMean(name, candidates)}`)
}
