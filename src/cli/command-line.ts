import { CodedError } from '../common/coded-error.ts'
import { CONFIG_NAMES, findConfigKey, nearestName } from '../namesrv/config/config-keys.ts'
import type { KeyText } from '../namesrv/config/config-layers.ts'

/**
 * Why a command line is invalid.
 *
 * - `ERR_USAGE_UNKNOWN_OPTION`: neither an option of the program nor a key of the configuration
 * - `ERR_USAGE_MISSING_VALUE`: an option without the value it takes
 * - `ERR_USAGE_WORD`: a word that belongs to no option
 */
export type UsageErrorCode = 'ERR_USAGE_UNKNOWN_OPTION' | 'ERR_USAGE_MISSING_VALUE' | 'ERR_USAGE_WORD'

/** An invalid command line: one line on stderr, exit code 2. */
export class UsageError extends CodedError<UsageErrorCode> {}

/** What a command line asks for. */
export type CommandLine =
  | { readonly action: 'show' /** Help or version, for stdout. */; readonly text: string }
  | {
      readonly action: 'print' | 'start'
      readonly configFile: string | undefined
      /** The keys that it sets, in its order. */
      readonly keys: readonly KeyText[]
    }

const HELP = `Usage: mqnamesrv [options] [--KEY VALUE ...]

A RocketMQ NameServer: brokers register with it, and clients look up routes.

Options:
  -c, --configFile <file>        configuration, a Java .properties file; updates from mqadmin
                                 are written to it
  -p, --printConfigItem          print all keys and their values as a file for -c, and exit
  -n, --namesrvAddr <addresses>  ignored; accepted for compatibility with Java
  -v, --version                  print the version and exit
  -h, --help                     print this help and exit

Any key of the configuration can also be set by --KEY VALUE or --KEY=VALUE:
  mqnamesrv --listenPort 9999 --scanNotActiveBrokerInterval=5000
or by an environment variable, MQNAMESRV_LISTEN_PORT=9999. The command line overrides the
environment, the environment the file, and the file the defaults.
docs/configuration.md describes all keys; -p prints them with their values.

Exit codes: 0 after -h, -v, -p and a shutdown by SIGTERM or SIGINT; 1 if the start or the
shutdown fails; 2 if the command line is invalid; 130 or 143 if a second SIGINT or SIGTERM
ends the process at once.
`

/** The options that are no keys of the configuration. */
const OPTIONS = [
  { short: '-c', long: '--configFile', takesValue: true },
  { short: '-p', long: '--printConfigItem', takesValue: false },
  { short: '-n', long: '--namesrvAddr', takesValue: true },
  { short: '-v', long: '--version', takesValue: false },
  { short: '-h', long: '--help', takesValue: false },
] as const

const OPTION_NAMES = [...OPTIONS.map(({ long }) => long), ...CONFIG_NAMES.map((key) => `--${key}`)]

/**
 * Parses a command line. Options are accepted in all forms that Java's command line has: `-c value`, `-c=value`, `-cvalue`,
 * `-configFile value`, `--configFile=value`.
 *
 * @param argv - The arguments, without the program.
 * @throws {UsageError}
 * @see org.apache.rocketmq.namesrv.NamesrvStartup#parseCommandlineAndConfigFile
 */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  let action: 'print' | 'start' = 'start'
  let configFile: string | undefined
  const keys: KeyText[] = []
  const pending = [...argv]
  for (let argument = pending.shift(); argument !== undefined; argument = pending.shift()) {
    if (!argument.startsWith('-') || argument === '-') {
      throw new UsageError('ERR_USAGE_WORD', `unexpected argument ${JSON.stringify(argument)}`)
    }
    const { name, inline } = splitArgument(argument)
    const option = findOption(name)
    if (option?.takesValue === false) {
      if (inline !== undefined) throw new UsageError('ERR_USAGE_WORD', `option ${name} takes no value`)
      if (option.long === '--help') return { action: 'show', text: HELP }
      if (option.long === '--version') return { action: 'show', text: `mqnamesrv ${version}\n` }
      action = 'print'
      continue
    }
    const key = name.slice(2)
    if (option === undefined && (!name.startsWith('--') || findConfigKey(key) === undefined)) {
      const nearest = nearestName(name, OPTION_NAMES)
      const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`
      throw new UsageError('ERR_USAGE_UNKNOWN_OPTION', `unknown option ${name}${hint}`)
    }
    const value = inline ?? valueAfter(name, pending)
    if (option === undefined) keys.push({ key, value })
    else if (option.long === '--configFile') configFile = value
  }
  return { action, configFile, keys }
}

function findOption(name: string): (typeof OPTIONS)[number] | undefined {
  return OPTIONS.find(({ short, long }) => name === short || name === long || `-${name}` === long)
}

/** Name and value of an argument, which may be in one: `--name=value`, or `-cvalue` for a short option that takes a value. */
function splitArgument(argument: string): { name: string; inline: string | undefined } {
  const equals = argument.indexOf('=')
  const name = equals < 0 ? argument : argument.slice(0, equals)
  const short = OPTIONS.find((option) => option.takesValue && name.startsWith(option.short))?.short
  if (short !== undefined && findOption(name) === undefined) {
    return { name: short, inline: argument.slice(short.length) }
  }
  return { name, inline: equals < 0 ? undefined : argument.slice(equals + 1) }
}

/** The next argument, unless it looks like an option; a negative number does not. */
function valueAfter(name: string, pending: string[]): string {
  const next = pending.shift()
  if (next === undefined || /^-(?!\d|$)/.test(next)) {
    throw new UsageError('ERR_USAGE_MISSING_VALUE', `option ${name} needs a value`)
  }
  return next
}
