import type { Run } from '../run-command.ts'

/** What a shell completes at a place. */
export type Completion =
  | 'topic'
  | 'broker'
  | 'cluster'
  | 'namespace'
  | 'config-key'
  /** A key of the configuration with `=`. */
  | 'assignment'
  | 'file'
  | 'none'

/** An argument of a command. */
export interface ArgumentDefinition {
  /** In lower case: `topic`. Shown as `<topic>`, `[topic]`, `<topic...>` or `[topic...]`. */
  readonly name: string
  readonly text: string
  readonly isOptional?: boolean
  readonly isList?: boolean
  readonly choices?: readonly string[]
  readonly completion?: Completion
}

/** An option of a command. */
export interface OptionDefinition {
  /** As commander has it: `-o, --output <format>`, `--impact`. */
  readonly flags: string
  readonly text: string
  /** Whether it takes several of its choices, separated by commas. */
  readonly isList?: boolean
  readonly choices?: readonly string[]
  readonly completion?: Completion
}

/** A command line and what it does. */
export interface Example {
  /** Without `mqnamesrv`. */
  readonly line: string
  readonly text: string
}

/**
 * A command: everything but the code, so that help, completion, documents and the man page need none of it. The code is loaded
 * when the command runs.
 */
export interface CommandDefinition {
  /** The words that select it: `topic route`. */
  readonly words: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Further sentences. */
  readonly description?: string
  readonly args?: readonly ArgumentDefinition[]
  readonly options?: readonly OptionDefinition[]
  readonly examples: readonly Example[]
  /** Whether it asks no NameServer: the options for that are missing. */
  readonly isLocal?: boolean
  /** Whether it changes something, and asks first: `-y` is among its options. */
  readonly isChange?: boolean
  /** Whether its output has one form only, and the options for others are missing: the dump, mqadmin's output. */
  readonly hasOwnOutput?: boolean
  /** Whether it runs like a server, with a log: signals do to it what they do to the server. */
  readonly isService?: boolean
  /** Whether it parses the words after its own itself, as `values.words`. */
  readonly hasOwnGrammar?: boolean
  readonly load: () => Promise<{ readonly run: Run }>
}

/** The options of every command that asks NameServers. */
export const SERVER_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: '-n, --namesrv <addresses>',
    text: 'NameServers to ask, separated by ; or , (default: $NAMESRV_ADDR, otherwise 127.0.0.1:9876)',
    completion: 'none',
  },
  {
    flags: '--timeout <duration>',
    text: 'max time for each response, such as 500ms, 3s or 1m (default: 3s)',
    completion: 'none',
  },
  { flags: '--tls', text: 'connect over TLS; without --tls-ca the server certificate is not verified' },
  {
    flags: '--tls-ca <file>',
    text: 'CA certificates to verify the server certificate with (PEM)',
    completion: 'file',
  },
  { flags: '--tls-cert <file>', text: 'client certificate (PEM)', completion: 'file' },
  { flags: '--tls-key <file>', text: 'private key of the client certificate (PEM)', completion: 'file' },
  {
    flags: '--tls-server-name <name>',
    text: 'name in the server certificate, if it differs from the host; needs --tls-ca',
    completion: 'none',
  },
  {
    flags: '--access-key <name>',
    text: 'account to sign requests with (default: that of $ROCKETMQ_HOME/conf/tools.yml)',
    completion: 'none',
  },
  { flags: '--secret-key-file <file>', text: 'file with the secret key of the account', completion: 'file' },
]

/** The options of every command that prints items. */
export const OUTPUT_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: '-o, --output <format>',
    text: 'table, wide (more columns), json, jsonl (one object per line), yaml, name (default: table)',
    choices: ['table', 'wide', 'json', 'jsonl', 'yaml', 'name'],
  },
  { flags: '--json', text: 'the same as -o json' },
  { flags: '--no-headers', text: 'omit the header line of tables' },
  {
    flags: '--color <when>',
    text: 'colours: auto, always, never (default: auto)',
    choices: ['auto', 'always', 'never'],
  },
]

/** The option of every command that changes something. */
export const CHANGE_OPTIONS: readonly OptionDefinition[] = [
  { flags: '-y, --yes', text: 'make the change without asking' },
]

/** All options of a command, its own first. */
export function optionsOf(definition: CommandDefinition): readonly OptionDefinition[] {
  return [...(definition.options ?? []), ...commonOptionsOf(definition)]
}

/** The options that a command shares with others. */
export function commonOptionsOf({
  isLocal = false,
  isChange = false,
  hasOwnOutput = false,
}: CommandDefinition): readonly OptionDefinition[] {
  return [
    ...(isLocal ? [] : SERVER_OPTIONS),
    ...(isChange ? CHANGE_OPTIONS : []),
    ...(hasOwnOutput ? [] : OUTPUT_OPTIONS),
  ]
}
