import { createInterface } from 'node:readline'
import { styleText } from 'node:util'
import { AdminError } from '../admin/admin-error.ts'
import { NameServer } from '../admin/name-server.ts'
import { DEFAULT_NAMESRV, parseAddresses } from './client/addresses.ts'
import { askAll, failureAt } from './client/ask-all.ts'
import { commandConnect } from './client/connect.ts'
import { findCredentials } from './client/credentials.ts'
import { AllFailedError, CommandError } from './command-error.ts'
import type { ServingProcess } from './daemon/serve.ts'
import { durationMs } from './duration.ts'
import { ExitCode } from './exit-code.ts'
import type { CommandDefinition } from './grammar/definition.ts'
import {
  type CommandFailure,
  exitCodeOf,
  type Failure,
  FORMATS,
  type Format,
  failureText,
  namesrvOf,
  type Report,
  reportText,
  worstOf,
} from './output/report.ts'
import { visible } from './output/visible.ts'
import { columnsOf, cut } from './output/width.ts'
import { helpFor, parseCommand, type Values } from './parse.ts'

/** The process, as far as a command needs it. */
export interface CommandWorld {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream & {
    readonly isTTY?: boolean | undefined
    readonly setRawMode?: (isRaw: boolean) => unknown
  }
  readonly stdout: NodeJS.WritableStream & {
    readonly isTTY?: boolean | undefined
    readonly columns?: number
    readonly rows?: number
  }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined; readonly columns?: number }
  /** For all commands but services: from now on signals end the process, and one that has arrived before does so at once. */
  readonly endOnSignals: () => void
  /** For a service, which handles all signals: the process, with the signals that have arrived before. */
  readonly takeProcess: () => ServingProcess
  /**
   * For a command that goes on until it is interrupted: the signal is aborted by the first SIGINT or SIGTERM, which otherwise end
   * the process.
   */
  readonly takeInterrupts: () => AbortSignal
  /** Resolves after that time, or when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What {@link CommandContext.askEach} found. */
export interface Asked<Item> {
  /** In the order of the NameServers. */
  readonly items: readonly (Item & { readonly namesrv: string })[]
  /** NameServers that failed while others responded, in that order, too. */
  readonly failures: readonly Failure[]
}

/** What a command has at hand. */
export interface CommandContext {
  /** Arguments and options. */
  readonly values: Values
  readonly format: Format
  /** Columns of the terminal that texts are wrapped to; undefined without a terminal, and with `-o wide`. */
  readonly columns: number | undefined
  readonly world: CommandWorld
  /** The NameServers, in the order given. */
  readonly servers: readonly NameServer[]
  /**
   * For a command with a grammar of its own: the NameServers of these options. They are closed when the command has run.
   * @throws {CommandError} (rejects) `usage`
   */
  readonly openServers: (values: Values) => Promise<readonly NameServer[]>
  /**
   * Asks all NameServers at once.
   * @throws {AllFailedError} (rejects) None responded.
   */
  readonly askEach: <Item extends object>(
    ask: (server: NameServer) => Promise<readonly Item[]>,
  ) => Promise<Asked<Item>>
  /**
   * Shows what a command is about to change and asks whether to go on; does not ask with `--yes`.
   * @param changes - One line each.
   * @throws {CommandError} (rejects) `usage`: there is no terminal to ask. `failed`: the person says no. `interrupted`.
   */
  readonly confirm: (changes: readonly string[]) => Promise<void>
  /** Shows a line on stderr in place of the one before, and clears it with ''; does nothing unless stderr is a terminal. */
  readonly progress: (line: string) => void
  /** Text in a colour, if colours are on. */
  readonly paint: (colour: Colour, text: string) => string
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim'

/**
 * Runs a command. Returns a report, or, if it has written its output itself, the exit code.
 * @throws {CommandError} {AllFailedError} (rejects)
 */
export type Run = (context: CommandContext) => Promise<AnyReport | ExitCode>

// biome-ignore lint/suspicious/noExplicitAny: each command has items of its own, and only its own view reads them.
export type AnyReport = Report<any>

/** Runs the command of a process. Data goes to stdout, everything else to stderr. @returns The exit code. */
export async function runCommand(world: CommandWorld): Promise<ExitCode> {
  const { argv, stdout, stderr } = world
  let format = formatOf(argv)
  let servers: readonly NameServer[] = []
  try {
    const parsed = parseCommand(argv)
    if (parsed.action === 'help') {
      stdout.write(parsed.text)
      return ExitCode.YES
    }
    const { definition, values } = parsed
    format = formatOf(argv, values)
    const { isLocal = false, hasOwnGrammar = false, isService = false } = definition
    if (!isService) world.endOnSignals()
    servers = isLocal || hasOwnGrammar ? [] : await openServers(values, world.env)
    const { run } = await definition.load()
    const open = async (given: Values): Promise<readonly NameServer[]> => {
      servers = await openServers(given, world.env)
      return servers
    }
    const result = await run(contextOf({ definition, values, format, world, servers, open }))
    if (typeof result === 'number') return result
    stdout.write(
      reportText(result, {
        format,
        hasHead: values['headers'] !== false,
        columns: columnsOf(stdout),
        areSeveral: servers.length > 1,
      }),
    )
    for (const note of [...inOrder(result.notes ?? [], servers), ...withoutItems(result, servers)])
      stderr.write(`${visible(note)}\n`)
    for (const failure of result.failures ?? []) stderr.write(failureLine(failure, servers, argv))
    return exitCodeOf(result)
  } catch (error) {
    const failures = failuresOf(error, servers)
    stdout.write(failureText(failures, format))
    for (const failure of failures) stderr.write(failureLine(failure, servers, argv))
    return worstOf(failures)
  } finally {
    for (const server of servers) server.close()
  }
}

/** Notes in the order of the NameServers that they name, whichever responded first; those that name none at the end. */
function inOrder(notes: readonly string[], servers: readonly NameServer[]): readonly string[] {
  const place = (note: string): number => {
    const words = note.split(/[:,;]? /)
    const index = servers.findIndex(({ address }) => words.includes(address))
    return index < 0 ? servers.length : index
  }
  return notes.toSorted((a, b) => place(a) - place(b))
}

/** A line for each NameServer that responded and has nothing to show. */
function withoutItems(
  { items, failures = [], none }: AnyReport,
  servers: readonly NameServer[],
): readonly string[] {
  if (none === undefined) return []
  const others = new Set([...items.map(namesrvOf), ...failures.map(({ namesrv }) => namesrv)])
  return servers.filter(({ address }) => !others.has(address)).map(({ address }) => `${address}: ${none}`)
}

/** @throws What is no failure of a command: a defect. */
function failuresOf(error: unknown, servers: readonly NameServer[]): readonly CommandFailure[] {
  if (error instanceof AllFailedError) return error.failures
  if (error instanceof AdminError) return [{ error }]
  const [server, ...others] = servers
  if (server === undefined) throw error
  if (others.length === 0) return [{ namesrv: server.address, error: failureAt(server.address, error) }]
  return [{ error: failureAt('a NameServer', error) }]
}

/** One line. Of several NameServers it says which one failed. */
function failureLine(
  { namesrv = '', error: { code, message } }: CommandFailure,
  servers: readonly NameServer[],
  argv: readonly string[],
): string {
  const where = servers.length < 2 || message.includes(namesrv) ? '' : `${namesrv}: `
  const hint = code === 'usage' ? ` (try ${helpFor(argv)})` : ''
  return `mqnamesrv: ${visible(where + message)}${hint}\n`
}

/** The format, also of a command line that is invalid otherwise: its error has it too. */
function formatOf(argv: readonly string[], values?: Values): Format {
  if (values === undefined) {
    const index = argv.findIndex((word) => /^(-o|--output)/.test(word))
    const word = argv[index]?.replace(/^(-o|--output)=?/, '') || argv[index + 1]
    if (argv.includes('--json')) return 'json'
    return FORMATS.find((format) => index >= 0 && format === word) ?? 'table'
  }
  if (values['json'] === true) return 'json'
  return FORMATS.find((format) => format === values['output']) ?? 'table'
}

/** The NameServers of a command line. @throws {CommandError} (rejects) `usage` */
export async function openServers(values: Values, env: CommandWorld['env']): Promise<NameServer[]> {
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const { namesrv } = values
  // A list if they are arguments, empty if there are none.
  const given = Array.isArray(namesrv) ? namesrv.join(';') || undefined : text('namesrv')
  const addresses = parseAddresses(given ?? (env['NAMESRV_ADDR'] || DEFAULT_NAMESRV))
  const connection = await commandConnect({
    isTls: values['tls'] === true,
    ca: text('tlsCa'),
    cert: text('tlsCert'),
    key: text('tlsKey'),
    serverName: text('tlsServerName'),
  })
  const credentials = await findCredentials(values, env)
  const timeoutMs = durationMs(text('timeout') ?? '3s', '--timeout')
  return addresses.map(
    (address) =>
      new NameServer(address, { ...connection, timeoutMs, credentials, optionName: (name) => `--${name}` }),
  )
}

function contextOf(given: {
  readonly definition: CommandDefinition
  readonly values: Values
  readonly format: Format
  readonly world: CommandWorld
  readonly servers: readonly NameServer[]
  readonly open: CommandContext['openServers']
}): CommandContext {
  const { definition, values, format, world, servers, open } = given
  const hasColour = isColoured(values['color'], world)
  return {
    values,
    format,
    columns: format === 'wide' ? undefined : columnsOf(world.stdout),
    world,
    servers,
    openServers: open,
    askEach: (ask) => askEach(servers, ask),
    confirm: (changes) => confirm(changes, { definition, isYes: values['yes'] === true, world }),
    progress: progressLine(world),
    paint: (colour, text) => (hasColour ? styleText(colour, text, { validateStream: false }) : text),
  }
}

function isColoured(when: Values[string], { env, stdout }: CommandWorld): boolean {
  if (when === 'always' || when === 'never') return when === 'always'
  return stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

async function askEach<Item extends object>(
  servers: readonly NameServer[],
  ask: (server: NameServer) => Promise<readonly Item[]>,
): Promise<Asked<Item>> {
  const { found, failures } = await askAll(servers, ask)
  if (failures.length === servers.length) throw new AllFailedError(failures)
  const items = found.flatMap(({ server, value }) =>
    value.map((item) => ({ namesrv: server.address, ...item })),
  )
  return { items, failures }
}

async function confirm(
  changes: readonly string[],
  { definition, isYes, world }: { definition: CommandDefinition; isYes: boolean; world: CommandWorld },
): Promise<void> {
  const { stdin, stderr } = world
  for (const change of changes) stderr.write(`${visible(change)}\n`)
  if (isYes) return
  if (stdin.isTTY !== true || stderr.isTTY !== true)
    throw new CommandError('usage', `${definition.words} changes the NameServer: confirm it with -y`)
  const text = await reply(world)
  if (text === undefined) throw new CommandError('interrupted', 'nothing was changed')
  if (!/^y(es)?$/i.test(text)) throw new CommandError('failed', 'nothing was changed')
}

/** The reply of a person; empty at the end of the input, undefined after Ctrl-C. The cursor is on a new line then. */
function reply({ stdin, stderr }: CommandWorld): Promise<string | undefined> {
  const questions = createInterface({ input: stdin, output: stderr })
  return new Promise((resolve) => {
    const end = (text: string | undefined, lineEnd: string): void => {
      questions.removeAllListeners('close').close()
      stderr.write(lineEnd)
      resolve(text)
    }
    questions.on('SIGINT', () => end(undefined, '\n'))
    questions.on('close', () => end('', '\n'))
    questions.question('Continue? [y/N] ', (text) => end(text.trim(), ''))
  })
}

function progressLine({ stderr }: CommandWorld): (line: string) => void {
  if (stderr.isTTY !== true) return () => {}
  let isShown = false
  return (line) => {
    if (line === '' && !isShown) return
    isShown = line !== ''
    stderr.write(`\r\x1b[K${cut(visible(line), (columnsOf(stderr) ?? 80) - 1)}`)
  }
}
