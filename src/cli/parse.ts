import { Argument, Command, CommanderError, Option } from 'commander'
import { hintFor, nearestName } from '../common/nearest-name.ts'
import { CommandError } from './command-error.ts'
import { COMMANDS, NOUNS } from './grammar/commands.ts'
import { type CommandDefinition, optionsOf } from './grammar/definition.ts'
import { commandHelp, nounHelp, optionsHelp, programHelp } from './help.ts'

/** The values of a command line, by the name of the argument or the option (`tlsCa` for `--tls-ca`). */
export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** What the words after `mqnamesrv` ask for. */
export type ParsedCommand =
  | { readonly action: 'help'; readonly text: string }
  | { readonly action: 'run'; readonly definition: CommandDefinition; readonly values: Values }

/**
 * Parses the words of a command.
 * @throws {CommandError} `usage`, with the nearest command or option.
 */
export function parseCommand(argv: readonly string[]): ParsedCommand {
  const [first = '', ...others] = argv
  if (first === 'help') return { action: 'help', text: helpOf(others) }
  const { definition, rest } = findCommand(argv)
  if (definition === undefined) {
    // Only a noun, perhaps with -h.
    if (rest.every((word) => word === '-h' || word === '--help'))
      return { action: 'help', text: nounHelp(first) }
    throw new CommandError('usage', unknownWord(argv))
  }
  const help = definition.hasOwnGrammar === true ? rest.slice(0, 1) : rest.slice(0, endOfOptions(rest))
  if (help.includes('-h') || help.includes('--help')) return { action: 'help', text: commandHelp(definition) }
  const values = definition.hasOwnGrammar === true ? { words: rest } : parseValues(definition, rest)
  return { action: 'run', definition, values }
}

/** The command whose words the arguments begin with; none if they are a noun without a known verb. */
export function findCommand(argv: readonly string[]): {
  readonly definition: CommandDefinition | undefined
  readonly rest: readonly string[]
} {
  const [first = '', second = ''] = argv
  for (const definition of COMMANDS) {
    if (definition.words === `${first} ${second}`) return { definition, rest: argv.slice(2) }
    if (definition.words === first) return { definition, rest: argv.slice(1) }
  }
  if (!Object.hasOwn(NOUNS, first)) throw new CommandError('usage', unknownWord(argv))
  return { definition: undefined, rest: argv.slice(1) }
}

function helpOf(words: readonly string[]): string {
  if (words.length === 0 || words[0] === '-h' || words[0] === '--help') return programHelp()
  if (words[0] === 'options') return optionsHelp()
  const { definition, rest } = findCommand(words)
  if (definition !== undefined) return commandHelp(definition)
  if (rest.length > 0) throw new CommandError('usage', unknownWord(words))
  return nounHelp(words[0] ?? '')
}

/** Where the options end: at `--`. */
function endOfOptions(words: readonly string[]): number {
  const end = words.indexOf('--')
  return end < 0 ? words.length : end
}

function unknownWord([first = '', second]: readonly string[]): string {
  const isNoun = Object.hasOwn(NOUNS, first)
  const known = COMMANDS.map(({ words }) => words.split(' '))
  const candidates = isNoun
    ? known.filter(([noun]) => noun === first).map(([, verb = '']) => verb)
    : [...new Set(known.map(([word = '']) => word)), 'help']
  if (isNoun && (second === undefined || second.startsWith('-')))
    return `${first} needs a command: ${candidates.join(', ')}`
  const word = isNoun ? (second ?? '') : first
  const nearest = nearestName(word, candidates)
  const hint = nearest === undefined ? '' : `; did you mean ${isNoun ? `${first} ` : ''}${nearest}?`
  return `unknown command ${JSON.stringify(isNoun ? `${first} ${word}` : word)}${hint}`
}

/** @throws {CommandError} `usage` */
function parseValues(definition: CommandDefinition, words: readonly string[]): Values {
  const command = commanderOf(definition)
  try {
    command.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw new CommandError('usage', usageMessage(error, definition))
  }
  const values: Record<string, string | boolean | readonly string[] | undefined> = command.opts()
  for (const [index, { name }] of (definition.args ?? []).entries()) {
    const value = command.processedArgs[index]
    // A shell variable that is not set. Only a value may be empty.
    if (name !== 'value' && (value === '' || (Array.isArray(value) && value.includes(''))))
      throw new CommandError('usage', `${name} is empty`)
    // An option of the same name keeps its value if the argument is missing.
    if (values[name] === undefined || value?.length > 0) values[name] = value
  }
  return values
}

function commanderOf(definition: CommandDefinition): Command {
  const command = new Command(definition.words)
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
  for (const { name, isOptional = false, isList = false, choices } of definition.args ?? []) {
    const inner = `${name}${isList ? '...' : ''}`
    const argument = new Argument(isOptional ? `[${inner}]` : `<${inner}>`)
    command.addArgument(choices === undefined ? argument : argument.choices([...choices]))
  }
  for (const { flags, text, choices } of optionsOf(definition)) {
    const option = new Option(flags, text)
    command.addOption(choices === undefined ? option : option.choices([...choices]))
  }
  return command
}

/** Of commander: `option '-o, --output <format>' argument 'xml' is invalid. …`. */
const INVALID_CHOICE =
  /^(?:option '.*?(--[\w-]+).*?' argument|command-argument value) '(.*)' is invalid(?: for argument '(.*?)')?\. Allowed choices are (.*)\.$/s

function usageMessage({ code, message }: CommanderError, definition: CommandDefinition): string {
  const text = message.replace(/^error: /, '')
  const [, option, value = '', argument, choices] = INVALID_CHOICE.exec(text) ?? []
  if (choices !== undefined) return `${option ?? argument} ${JSON.stringify(value)} is not one of ${choices}`
  if (code !== 'commander.unknownOption') return text
  const name = /'([^']*)'/.exec(text)?.[1] ?? ''
  return text + hintFor(name, longOptions(definition))
}

function longOptions(definition: CommandDefinition): string[] {
  return [...optionsOf(definition).map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? ''), '--help']
}
