import { Argument, Command, CommanderError, Option } from 'commander'
import { hintFor, nearestName } from '../common/nearest-name.ts'
import { CommandError } from './command-error.ts'
import { COMMANDS, commandOf, NOUNS, verbsOf } from './grammar/commands.ts'
import { type CommandDefinition, optionsOf } from './grammar/definition.ts'
import { MQADMIN_NAMES } from './grammar/mqadmin.ts'
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
  const definition = commandOf(argv)
  if (definition === undefined) {
    // Only a noun, perhaps with -h.
    if (isNoun(first) && others.every(isHelp)) return { action: 'help', text: nounHelp(first) }
    throw new CommandError('usage', unknownCommand(argv))
  }
  const rest = argv.slice(definition.words.split(' ').length)
  const { hasOwnGrammar = false } = definition
  const help = hasOwnGrammar ? rest.slice(0, 1) : rest.slice(0, endOfOptions(rest))
  if (help.some(isHelp)) return { action: 'help', text: commandHelp(definition) }
  return {
    action: 'run',
    definition,
    values: hasOwnGrammar ? { words: rest } : parseValues(definition, rest),
  }
}

/** The command that explains what the words begin with: `mqnamesrv help topic route`. */
export function helpFor(argv: readonly string[]): string {
  const words = argv[0] === 'help' ? argv.slice(1) : argv
  const noun = isNoun(words[0]) ? words[0] : undefined
  return ['mqnamesrv help', commandOf(words)?.words ?? noun].join(' ').trimEnd()
}

function helpOf(words: readonly string[]): string {
  const [first, ...others] = words
  if (first === undefined || isHelp(first)) return programHelp()
  if (first === 'options') return optionsHelp()
  const definition = commandOf(words)
  if (definition !== undefined) return commandHelp(definition)
  if (!isNoun(first) || others.length > 0) throw new CommandError('usage', unknownCommand(words))
  return nounHelp(first)
}

function isNoun(word: string | undefined): word is string {
  return word !== undefined && Object.hasOwn(NOUNS, word)
}

function isHelp(word: string): boolean {
  return word === '-h' || word === '--help'
}

/** Where the options end: at `--`. */
function endOfOptions(words: readonly string[]): number {
  const end = words.indexOf('--')
  return end < 0 ? words.length : end
}

function unknownCommand([first = '', second]: readonly string[]): string {
  const needed = isNoun(first) ? `${first} needs a command: ${verbsOf(first).join(', ')}` : undefined
  if (needed !== undefined && (second === undefined || second.startsWith('-'))) return needed
  const nearest = nearestCommand(first, second)
  const hint = nearest === undefined ? needed : `did you mean ${nearest}?`
  const unknown = `unknown command ${JSON.stringify(isNoun(first) ? `${first} ${second}` : first)}`
  return hint === undefined ? unknown : `${unknown}; ${hint}`
}

function nearestCommand(first: string, second = ''): string | undefined {
  // The words may be swapped: `list topics`.
  for (const [noun, verb] of [
    [first, second],
    [second, first],
  ] as const) {
    const nearest = nearestName(noun, Object.keys(NOUNS))
    const nearestVerb = nearest && nearestName(verb, verbsOf(nearest))
    if (nearestVerb !== undefined) return `${nearest} ${nearestVerb}`
  }
  if (isNoun(first)) return undefined
  const ofVerb = Object.keys(NOUNS).filter((noun) => verbsOf(noun).includes(first))
  if (ofVerb.length > 0) return anyOf(ofVerb.map((noun) => `${noun} ${first}`))
  // Also as one word, as mqadmin has them: `topicRoute`.
  const byWord = new Map([
    ...MQADMIN_NAMES.map((name) => [name.toLowerCase(), `mqadmin ${name}`] as const),
    ...[...Object.keys(NOUNS), ...COMMANDS.map(({ words }) => words), 'help'].map(
      (words) => [words.replace(' ', ''), words] as const,
    ),
  ])
  return byWord.get(nearestName(first, [...byWord.keys()]) ?? '')
}

function anyOf(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' or ')
}

/** @throws {CommandError} `usage` */
function parseValues(definition: CommandDefinition, words: readonly string[]): Values {
  const command = commanderOf(definition)
  try {
    command.parse([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    throw new CommandError('usage', usageMessage(error, command, definition))
  }
  const values: Record<string, string | boolean | readonly string[] | undefined> = command.opts()
  for (const [index, { choices, isList = false }] of optionsOf(definition).entries()) {
    const { long, key } = namesOf(command.options[index])
    const value = values[key]
    if (choices === undefined || typeof value !== 'string') continue
    const list = isList ? value.split(',') : [value]
    if (isList && list.includes('')) throw new CommandError('usage', `${long} has an empty ${key}`)
    for (const each of list) checkChoice(long, each, choices)
    if (isList) values[key] = list
  }
  for (const [index, { name, choices }] of (definition.args ?? []).entries()) {
    const value = command.processedArgs[index]
    // A shell variable that is not set. Only a value may be empty.
    if (name !== 'value' && (value === '' || (Array.isArray(value) && value.includes(''))))
      throw new CommandError('usage', `${name} is empty`)
    if (choices !== undefined && value !== undefined) checkChoice(name, value, choices)
    // An option of the same name keeps its value if the argument is missing.
    if (values[name] === undefined || value?.length > 0) values[name] = value
  }
  return values
}

function namesOf(option: Option | undefined): { readonly long: string; readonly key: string } {
  return { long: option?.long ?? '', key: option?.attributeName() ?? '' }
}

const MAX_LISTED = 10

/** @throws {CommandError} `usage` */
function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  // A long list is shown only if no value is near.
  const hint = choices.length > MAX_LISTED ? hintFor(value, choices) : ''
  const why = hint === '' ? `not one of ${choices.join(', ')}` : `unknown${hint}`
  throw new CommandError('usage', `${name} ${JSON.stringify(value)} is ${why}`)
}

function commanderOf(definition: CommandDefinition): Command {
  const command = new Command(definition.words)
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
  for (const { name, isOptional = false, isList = false } of definition.args ?? []) {
    const inner = `${name}${isList ? '...' : ''}`
    command.addArgument(new Argument(isOptional ? `[${inner}]` : `<${inner}>`))
  }
  for (const { flags } of optionsOf(definition)) command.addOption(new Option(flags))
  return command
}

function usageMessage(
  { code, message }: CommanderError,
  { args, registeredArguments }: Command,
  definition: CommandDefinition,
): string {
  // Of commander: `error: unknown option '--foo'`, `error: option '-n, --namesrv <addresses>' argument missing`.
  const [, name = ''] = /'(.*)'/s.exec(message) ?? []
  switch (code) {
    case 'commander.unknownOption': {
      const hint = hintFor(name, longOptions(definition))
      const isMaybeName = hint === '' && registeredArguments.length > 0
      return `unknown option ${name}${isMaybeName ? '; put -- before a name that begins with -' : hint}`
    }
    case 'commander.optionMissingArgument':
      return `option ${/--[\w-]+/.exec(name)?.[0]} needs a value`
    case 'commander.missingArgument':
      return `${name} is missing`
    case 'commander.excessArguments':
      return `unexpected argument ${JSON.stringify(args[registeredArguments.length])}`
    default:
      return message.replace(/^error: /, '')
  }
}

function longOptions(definition: CommandDefinition): string[] {
  return [...optionsOf(definition).map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? ''), '--help']
}
