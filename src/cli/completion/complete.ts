import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../../admin/kv.ts'
import type { NameServer } from '../../admin/name-server.ts'
import type { ServerKey } from '../../admin/server-key.ts'
import { ExitCode } from '../exit-code.ts'
import { COMMANDS, commandOf, NOUNS } from '../grammar/commands.ts'
import {
  type CommandDefinition,
  type Completion,
  type OptionDefinition,
  optionsOf,
} from '../grammar/definition.ts'
import { visible } from '../output/visible.ts'
import type { Values } from '../parse.ts'
import { type CommandWorld, openServers } from '../run-command.ts'
import { type Candidate, FILES, readLine, replyLine, type TypedLine } from './shells.ts'

/** Max time for what NameServers respond: a person waits. */
const TIMEOUT = '300ms'

/**
 * `__complete SHELL …`, which the scripts of `completion` run: prints what the last word may become, one a line. Whatever fails
 * completes nothing, and says nothing.
 */
export async function complete({
  argv,
  env,
  stdout,
}: Pick<CommandWorld, 'argv' | 'env' | 'stdout'>): Promise<ExitCode> {
  const typed = readLine(argv.slice(1))
  const found = await completionsOf(typed, (kind, values) => liveNames(kind, values, env)).catch(() => [])
  if (found === 'files') stdout.write(FILES)
  else {
    const wanted = found.filter(({ value }) => value.startsWith(typed.current) && visible(value) === value)
    for (const candidate of wanted) stdout.write(replyLine(candidate, typed))
  }
  return ExitCode.YES
}

type Completions = readonly Candidate[] | 'files'
type AskNames = (kind: Completion | undefined, values: Values) => Promise<Completions>

async function completionsOf({ words, current }: TypedLine, ask: AskNames): Promise<Completions> {
  const [first] = words
  // An option of the server: most take a file.
  if (first?.startsWith('-')) return 'files'
  if (first === 'help') return commandWords(words.slice(1))
  const definition = commandOf(words)
  if (definition === undefined) return commandWords(words)
  return valuesOf(definition, words.slice(definition.words.split(' ').length), current, ask)
}

/** The words that may follow those of a command. */
function commandWords([noun, ...others]: readonly string[]): Candidate[] {
  if (others.length > 0) return []
  if (noun !== undefined)
    return COMMANDS.filter(({ words }) => words.startsWith(`${noun} `)).map(({ words, summary }) => ({
      value: words.slice(noun.length + 1),
      text: summary,
    }))
  const alone = COMMANDS.filter(({ words }) => !words.includes(' '))
  return [
    ...alone.map(({ words, summary }) => ({ value: words, text: summary })),
    ...Object.entries(NOUNS).map(([value, text]) => ({ value, text })),
    { value: 'help', text: 'Explains a command' },
  ]
}

async function valuesOf(
  definition: CommandDefinition,
  words: readonly string[],
  current: string,
  ask: AskNames,
): Promise<Completions> {
  const options = optionsOf(definition)
  const { values, count, pending, isEnded } = readWords(options, words)
  if (pending !== undefined) return optionValues(pending, current, values, ask)
  if (!isEnded && current.startsWith('-')) {
    const [name = '', inline] = current.split('=', 2)
    const option =
      inline === undefined ? undefined : options.find(({ flags }) => namesOf(flags).includes(name))
    if (option === undefined)
      return [...options.map(({ flags, text }) => ({ value: longName(flags), text })), HELP]
    const found = await optionValues(option, inline ?? '', values, ask)
    return found === 'files' ? found : found.map(({ value }) => ({ value: `${name}=${value}` }))
  }
  const args = definition.args ?? []
  const argument = args[count] ?? (args.at(-1)?.isList === true ? args.at(-1) : undefined)
  return argument === undefined ? [] : choicesOr(argument, values, ask)
}

const HELP: Candidate = { value: '--help', text: 'explain the command' }

/** The options and the number of arguments in words, and the option whose value comes next. */
function readWords(options: readonly OptionDefinition[], words: readonly string[]) {
  const values: Record<string, string | boolean> = {}
  let count = 0
  let isEnded = false
  let pending: OptionDefinition | undefined
  for (const word of words) {
    if (pending !== undefined) {
      values[keyOf(pending)] = word
      pending = undefined
    } else if (word === '--') isEnded = true
    else if (isEnded || !word.startsWith('-')) count++
    else {
      const [name = '', inline] = word.split('=', 2)
      const option = options.find(({ flags }) => namesOf(flags).includes(name))
      if (option === undefined) continue
      if (!option.flags.includes('<')) values[keyOf(option)] = true
      else if (inline === undefined) pending = option
      else values[keyOf(option)] = inline
    }
  }
  return { values, count, isEnded, pending }
}

function namesOf(flags: string): readonly string[] {
  return flags.match(/(?<!\w)--?\w[\w-]*/g) ?? []
}

function longName(flags: string): string {
  return namesOf(flags).at(-1) ?? ''
}

/** `tlsCa` for `--tls-ca`. */
function keyOf({ flags }: OptionDefinition): string {
  return longName(flags)
    .slice(2)
    .replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

/** The values that an option takes; of one that takes several, behind those that are there already. */
async function optionValues(
  option: OptionDefinition,
  current: string,
  values: Values,
  ask: AskNames,
): Promise<Completions> {
  const found = await choicesOr(option, values, ask)
  if (option.isList !== true || found === 'files') return found
  const before = current.slice(0, current.lastIndexOf(',') + 1)
  return found.map(({ value }) => ({ value: before + value }))
}

async function choicesOr(
  { choices, completion }: { readonly choices?: readonly string[]; readonly completion?: Completion },
  values: Values,
  ask: AskNames,
): Promise<Completions> {
  return choices === undefined ? ask(completion, values) : choices.map((value) => ({ value }))
}

/** Names that the NameServers know, each once, in order. */
async function liveNames(
  kind: Completion | undefined,
  values: Values,
  env: CommandWorld['env'],
): Promise<Completions> {
  if (kind === undefined || kind === 'none') return []
  if (kind === 'file') return 'files'
  const servers = await openServers({ ...values, timeout: TIMEOUT }, env)
  const lists = await Promise.allSettled(servers.map((server) => NAMES[kind](server)))
  for (const server of servers) server.close()
  const names = lists.flatMap((list) => (list.status === 'fulfilled' ? [...list.value] : []))
  return [...new Set(names)].sort().map((value) => ({ value }))
}

type Live = Exclude<Completion, 'none' | 'file'>

const NAMES: Readonly<Record<Live, (server: NameServer) => Promise<Iterable<string>>>> = {
  topic: (server) => server.topicNames(),
  broker: async (server) => (await server.brokerGroups()).keys(),
  cluster: async (server) => [...(await server.brokerGroups()).values()].map(({ cluster }) => cluster ?? ''),
  namespace: async (server) => {
    const kv = await server.viewIfAny<{ readonly entries: readonly { readonly namespace: string }[] }>(
      '/api/v1/kv?limit=10000',
    )
    // Java cannot list namespaces; this is the one that brokers and clients use.
    return [NAMESPACE_ORDER_TOPIC_CONFIG, ...(kv?.entries ?? []).map(({ namespace }) => namespace)]
  },
  'config-key': async (server) => (await configKeys(server)).map(({ key }) => key),
  assignment: async (server) =>
    (await configKeys(server)).filter(({ updatable }) => updatable !== false).map(({ key }) => `${key}=`),
}

async function configKeys(server: NameServer): Promise<readonly ServerKey[]> {
  const { configurationOf } = await import('../../admin/configuration.ts')
  return (await configurationOf(server)).keys
}
