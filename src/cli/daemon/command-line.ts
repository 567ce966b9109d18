import { Command, CommanderError } from 'commander'
import { CodedError } from '../../common/coded-error.ts'
import { hintFor } from '../../common/nearest-name.ts'
import { CONFIG_NAMES, findConfigKey } from '../../namesrv/config/config-keys.ts'
import type { KeyText } from '../../namesrv/config/config-layers.ts'
import { commandOf } from '../grammar/commands.ts'

/** Why a command line is invalid. */
export type UsageErrorCode =
  /** Neither an option of the program nor a key of the configuration. */
  | 'ERR_USAGE_UNKNOWN_OPTION'
  /** An option without the value it takes. */
  | 'ERR_USAGE_MISSING_VALUE'
  /** A word that belongs to no option. */
  | 'ERR_USAGE_WORD'

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

const AFTER_HELP = `
Any key of the configuration can also be set by --KEY VALUE or --KEY=VALUE:
  mqnamesrv --listenPort 9999 --scanNotActiveBrokerInterval=5000
or by an environment variable, MQNAMESRV_LISTEN_PORT=9999. The command line
overrides the environment, the environment the file, and the file the defaults.
mqnamesrv init writes a file that explains all keys; -p prints their values.

Commands ask running NameServers, this one or Java's; mqnamesrv help lists them:
  mqnamesrv topic list --namesrv HOST:9876

Exit codes: 0 after -h, -v, -p and a shutdown by SIGTERM or SIGINT; 1 if the
start or the shutdown fails; 2 if the command line is invalid; 130 or 143 if a
second SIGINT or SIGTERM ends the process at once.
`

/**
 * Parses a command line: Java's options and ours.
 *
 * @param argv - The arguments, without the program.
 * @throws {UsageError}
 * @see org.apache.rocketmq.namesrv.NamesrvStartup#parseCommandlineAndConfigFile
 */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  try {
    return parseArguments(argv, version)
  } catch (error) {
    const command = argv.map((_, index) => commandOf(argv.slice(index))).find((each) => each !== undefined)
    if (command === undefined) throw error
    const usage = `mqnamesrv ${command.words} [options]`
    throw new UsageError('ERR_USAGE_WORD', `the options of a command follow it: ${usage}`)
  }
}

function parseArguments(argv: readonly string[], version: string): CommandLine {
  let shown = ''
  const program = new Command('mqnamesrv')
    .description('A RocketMQ NameServer: brokers register with it, and clients look up routes.')
    .usage('[options] [--KEY VALUE ...]')
    .option(
      '-c, --configFile <file>',
      'configuration, a Java .properties file; updates from mqadmin are written to it',
    )
    .option('-p, --printConfigItem', 'print all keys and their values as a file for -c, and exit')
    .option('-n, --namesrvAddr <addresses>', 'ignored; accepted for compatibility with Java')
    .version(`mqnamesrv ${version}`, '-v, --version', 'print the version and exit')
    .helpOption('-h, --help', 'print this help and exit')
    .addHelpText('after', AFTER_HELP)
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({ writeOut: (text) => (shown += text), writeErr: () => {}, getOutHelpWidth: () => 80 })

  const options = optionsOf(program)
  const { keys, rest } = withoutKeys(argv, options)
  try {
    program.parse(rest, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error
    return { action: 'show', text: shown }
  }
  const [word] = program.args
  if (word !== undefined) {
    const before = argv[argv.indexOf(word) - 1] ?? ''
    const hint = findOption(before, options) === undefined ? hintFor(before, options.map(longOf)) : ''
    throw new UsageError('ERR_USAGE_WORD', `unexpected argument ${JSON.stringify(word)}${hint}`)
  }
  const { configFile, printConfigItem } = program.opts<{ configFile?: string; printConfigItem?: boolean }>()
  return { action: printConfigItem === true ? 'print' : 'start', configFile, keys }
}

/** An option of the program itself, not a key of the configuration. */
interface ProgramOption {
  /** `-c`. */
  readonly short: string
  /** `--configFile`. */
  readonly long: string
  readonly takesValue: boolean
}

function optionsOf(program: Command): ProgramOption[] {
  return program
    .createHelp()
    .visibleOptions(program)
    .map(({ short = '', long = '', required }) => ({ short, long, takesValue: required }))
}

/**
 * Separates the keys of the configuration, `--KEY VALUE` and `--KEY=VALUE`, which are too many for the help text.
 *
 * @returns As `rest` everything else in its order, with the program's options as `--long value`, from all forms that Java's
 * command line has: `-c value`, `-c=value`, `-cvalue`, `-configFile value`, `--configFile=value`.
 * @throws {UsageError} An unknown option, or one without its value.
 */
function withoutKeys(
  argv: readonly string[],
  options: readonly ProgramOption[],
): { keys: KeyText[]; rest: string[] } {
  const keys: KeyText[] = []
  const rest: string[] = []
  const pending = [...argv]
  for (let argument = pending.shift(); argument !== undefined; argument = pending.shift()) {
    if (!argument.startsWith('-') || argument === '-') {
      rest.push(argument)
      continue
    }
    const { name, inline } = splitArgument(argument, options)
    const option = findOption(name, options)
    if (option !== undefined) {
      rest.push(option.long)
      if (option.takesValue) rest.push(inline ?? valueAfter(name, pending))
      else if (inline !== undefined) throw new UsageError('ERR_USAGE_WORD', `option ${name} takes no value`)
      continue
    }
    const key = name.slice(2)
    if (!name.startsWith('--') || findConfigKey(key) === undefined) throw unknown(name, options)
    keys.push({ key, value: inline ?? valueAfter(name, pending) })
  }
  return { keys, rest }
}

function longOf({ long }: ProgramOption): string {
  return long
}

function findOption(name: string, options: readonly ProgramOption[]): ProgramOption | undefined {
  return options.find(({ short, long }) => name === short || name === long || `-${name}` === long)
}

/** Name and value of an argument, which may be in one: `--name=value`, or `-cvalue` for a short option that takes a value. */
function splitArgument(
  argument: string,
  options: readonly ProgramOption[],
): { name: string; inline: string | undefined } {
  const equals = argument.indexOf('=')
  const name = equals < 0 ? argument : argument.slice(0, equals)
  const short = options.find((option) => option.takesValue && name.startsWith(option.short))?.short
  if (short !== undefined && findOption(name, options) === undefined) {
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

function unknown(name: string, options: readonly ProgramOption[]): UsageError {
  const hint = hintFor(name, [...options.map(longOf), ...CONFIG_NAMES.map((key) => `--${key}`)])
  return new UsageError('ERR_USAGE_UNKNOWN_OPTION', `unknown option ${name}${hint}`)
}
