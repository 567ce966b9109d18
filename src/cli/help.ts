import { COMMANDS, NOUNS, verbsOf } from './grammar/commands.ts'
import {
  type ArgumentDefinition,
  CHANGE_OPTIONS,
  type CommandDefinition,
  commonOptionsOf,
  type OptionDefinition,
  OUTPUT_OPTIONS,
  optionsOf,
  SERVER_OPTIONS,
} from './grammar/definition.ts'
import { wrapped } from './output/wrapped.ts'

const WIDTH = 80

/** Commands of one word, then those of each noun. */
export const GROUPS: readonly (readonly [string, readonly CommandDefinition[]])[] = [
  ['Commands', COMMANDS.filter(({ words }) => !words.includes(' '))],
  ...Object.entries(NOUNS).map(([noun, text]) => [text, commandsOf(noun)] as const),
]

function commandsOf(noun: string): CommandDefinition[] {
  return COMMANDS.filter(({ words }) => words.startsWith(`${noun} `))
}

function summaryRow({ words, summary }: CommandDefinition): readonly [string, string] {
  return [words, summary]
}

/** The options that commands share, by the commands that have them. */
export const COMMON_OPTIONS: readonly (readonly [string, readonly OptionDefinition[]])[] = [
  ['Options of commands that ask NameServers', SERVER_OPTIONS],
  ['Option of commands that change something', CHANGE_OPTIONS],
  ['Options of commands that print items', OUTPUT_OPTIONS],
]

/** `mqnamesrv help`: commands of one word, one a line, then nouns with their verbs. */
export function programHelp(): string {
  return joined([
    'Usage: mqnamesrv <command> [options]    (without a command: the server, see -h)',
    ...rows([
      ...COMMANDS.filter(({ words }) => !words.includes(' ')).map(summaryRow),
      ...Object.keys(NOUNS).map((noun) => [noun, verbsOf(noun).join(', ')] as const),
    ]),
    'More: mqnamesrv help <command>, mqnamesrv help options (the common options).',
  ])
}

/** `mqnamesrv help topic`, also `mqnamesrv topic`; `mqnamesrv help options`. */
export function nounHelp(noun: string): string {
  return joined([
    `Usage: mqnamesrv ${noun} <command> [options]`,
    '',
    `${NOUNS[noun]}.`,
    '',
    'Commands:',
    ...rows(commandsOf(noun).map(summaryRow)),
    '',
    `mqnamesrv help ${noun} <command> explains a command.`,
  ])
}

/** `mqnamesrv help options`: what commands share. */
export function optionsHelp(): string {
  return joined([
    ...COMMON_OPTIONS.flatMap(([title, options], index) => [
      ...(index > 0 ? [''] : []),
      `${title}:`,
      ...optionRows(options),
    ]),
    '',
    'Exit codes: 0 yes, 1 no, 2 usage, 3 unreachable, 4 denied, 5 partial,',
    '130 interrupted.',
  ])
}

/** `mqnamesrv help topic route`, also `mqnamesrv topic route -h`. */
export function commandHelp(definition: CommandDefinition): string {
  const { summary, description, args = [], options = [], examples } = definition
  const common = commonOptionsOf(definition).map(({ flags }) => flags.split(',')[0]?.split(' ')[0] ?? '')
  return joined([
    `Usage: mqnamesrv ${usageOf(definition)}`,
    '',
    `${summary}.`,
    ...(description === undefined ? [] : ['', ...wrapped(description, WIDTH)]),
    ...(args.length === 0
      ? []
      : ['', 'Arguments:', ...rows(args.map((argument) => [shownArgument(argument), argument.text]))]),
    ...(options.length === 0 ? [] : ['', 'Options:', ...optionRows(options)]),
    ...(common.length === 0
      ? []
      : [
          '',
          'Common options (mqnamesrv help options):',
          ...wrapped(common.join(' '), WIDTH - 2).map((line) => `  ${line}`),
        ]),
    '',
    'Examples:',
    ...rows(examples.map(({ line, text }) => [`mqnamesrv ${line}`, text])),
  ])
}

/** The words, arguments and `[options]` of a command. */
export function usageOf(definition: CommandDefinition): string {
  const { words, args = [], hasOwnGrammar = false } = definition
  const hasOptions = !hasOwnGrammar && optionsOf(definition).length > 0
  return [words, ...args.map(shownArgument), ...(hasOptions ? ['[options]'] : [])].join(' ')
}

function shownArgument({ name, isOptional = false, isList = false }: ArgumentDefinition): string {
  const inner = `${name}${isList ? '...' : ''}`
  return isOptional ? `[${inner}]` : `<${inner}>`
}

function optionRows(options: readonly OptionDefinition[]): string[] {
  return rows(options.map(({ flags, text }) => [flags, text]))
}

/** Pairs in two columns; the second one is wrapped. */
function rows(
  pairs: readonly (readonly [string, string])[],
  left = Math.max(...pairs.map(([name]) => name.length)),
): string[] {
  return pairs.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrapped(text, Math.max(40, WIDTH - left - 4))
    return [
      `  ${name.padEnd(left)}  ${first}`.trimEnd(),
      ...rest.map((line) => `${' '.repeat(left + 4)}${line}`),
    ]
  })
}

function joined(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}
