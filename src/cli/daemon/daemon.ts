import type { Logger } from 'pino'
import { describeErrno, firstLine } from '../../common/describe-errno.ts'
import { ConfigError, throwConfigErrors } from '../../namesrv/config/config-error.ts'
import type { ConfigFile } from '../../namesrv/config/config-layers.ts'
import { Configuration, type ResolveOptions } from '../../namesrv/config/configuration.ts'
import { packageVersion } from '../../namesrv/package-version.ts'
import { formatAddress } from '../../remoting/address.ts'
import { endProcess } from '../end-process.ts'
import { parseCommandLine, UsageError } from './command-line.ts'
import { homeErrors, noticeText } from './config-file.ts'
import { describeFailure } from './errno.ts'
import type { Log } from './logger.ts'
import { setOptimizing } from './optimizing.ts'
import { processWorld } from './process-world.ts'
import { logConfiguration, type Service, type ServingProcess, type Signals, serve } from './serve.ts'
import { type Bound, type Interfaces, startSummary } from './start-summary.ts'

/** Exit codes of the program. */
export const ExitCode = {
  OK: 0,
  /** The start or the shutdown failed: a bad value, an unreadable file, a port in use. */
  FAILURE: 1,
  /** The command line is invalid. */
  USAGE: 2,
} as const

/** How a start is shown to people, beside the log. */
interface StartDisplay {
  /** Called when the server listens, before the log says so. */
  onListening(): void
  /** Called after the log has said so. */
  onStarted(bound: Bound): void
}

/** Everything outside of the program, so that tests can replace it. */
export interface CliWorld extends ServingProcess {
  /** Arguments, without the program. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined if the user has none. */
  readonly homeDirectory: string | undefined
  readonly processors: number
  readonly stdout: {
    /** @param onWritten - Gets the error of a write that failed. */
    write(text: string, onWritten?: (error?: Error | null) => void): unknown
    readonly isTTY?: boolean | undefined
  }
  interfaces(): Interfaces
  readConfigFile(path: string): ConfigFile
  openLog(configuration: Configuration): Promise<Log>
  createController(configuration: Configuration, logger: Logger): Promise<Service<Bound>>
}

/**
 * Runs the program: prints help, version or configuration, or runs the server until a signal ends it.
 *
 * @returns The exit code, see {@link ExitCode}. A failure is one line on stderr, or one for each bad value of the configuration,
 *   without a stack trace, and one line of the log unless the command line is invalid.
 */
export async function run(world: CliWorld): Promise<number> {
  const { env, homeDirectory, processors, stderr } = world
  let options: ResolveOptions = { env, homeDirectory, processors }
  let isPrinting = false
  let log: Log | undefined
  try {
    const commandLine = parseCommandLine(world.argv, packageVersion())
    if (commandLine.action === 'show') return await print(world, commandLine.text)
    const { configFile } = commandLine
    isPrinting = commandLine.action === 'print'
    options = { ...options, args: commandLine.keys }
    if (configFile !== undefined) options = { ...options, file: world.readConfigFile(configFile) }
    const { configuration, notices } = Configuration.resolve(options)
    if (isPrinting) {
      for (const notice of notices)
        if (notice.level === 'warn') stderr.write(`mqnamesrv: ${noticeText(notice)}\n`)
      return await print(world, `${configuration.printedLines().join('\n')}\n`)
    }
    throwConfigErrors(homeErrors(configuration))
    log = await world.openLog(configuration)
    const display = startDisplay(world, configuration, log.logger)
    logConfiguration(log.logger, configuration)
    for (const { level, message, fields } of notices) log.logger[level](fields, message)
    const controller = await world.createController(configuration, log.logger)
    // Nearly all modules are loaded, and a large route snapshot is read before the server listens.
    setOptimizing(true)
    const { logger } = log
    return await serve(controller, configuration, log, world, (bound) =>
      showStart(bound, configuration, logger, display),
    )
  } catch (error) {
    const isUsage = error instanceof UsageError
    const exitCode = isUsage ? ExitCode.USAGE : ExitCode.FAILURE
    const problems = (error instanceof ConfigError ? error.problems : [describeFailure(error)]).map(
      (problem) => `${firstLine(problem)}${isUsage ? ' (try mqnamesrv -h)' : ''}`,
    )
    for (const problem of problems) stderr.write(`mqnamesrv: ${problem}\n`)
    if (!isPrinting && !isUsage)
      await logFailedStart(world, options, log, { error: problems.join('; '), exitCode })
    return exitCode
  }
}

/** Writes what a program may keep: a configuration that is cut off must not look like a whole one. @returns The exit code. */
function print({ stdout, stderr }: CliWorld, text: string): Promise<number> {
  return new Promise((resolve) => {
    stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      // A reader that exits early, such as head, has what it wants.
      const isWritten = error == null || error.code === 'EPIPE'
      if (!isWritten) stderr.write(`mqnamesrv: cannot write the output: ${describeErrno(error)}\n`)
      resolve(isWritten ? ExitCode.OK : ExitCode.FAILURE)
    })
  })
}

/**
 * Shows a start on a terminal in five lines: those of the log that are no warnings are left out until the server listens, and a
 * summary follows. Undefined if a program reads the log, or if a format or a level was asked for.
 */
function startDisplay(
  { stdout, interfaces }: CliWorld,
  configuration: Configuration,
  logger: Logger,
): StartDisplay | undefined {
  const { logFormat, logLevel, logPath } = configuration.values
  if (stdout.isTTY !== true || logFormat !== 'auto' || logLevel !== 'info') return undefined
  if (logPath === '') logger.level = 'warn'
  return {
    onListening: () => {
      logger.level = logLevel
    },
    onStarted: (bound) => {
      stdout.write(`${startSummary(configuration, bound, interfaces()).join('\n')}\n`)
    },
  }
}

function showStart(
  bound: Bound,
  configuration: Configuration,
  logger: Logger,
  display: StartDisplay | undefined,
): void {
  const { address, port } = bound
  const { serializeType } = configuration.values
  display?.onListening()
  // Java's words: scripts wait for them.
  logger.info(
    { address, port },
    `The Name Server boot success. serializeType=${serializeType}, address ${formatAddress(address, port)}`,
  )
  display?.onStarted(bound)
}

/** Logs the failure to a log file or a log that a program reads; on a terminal, stderr is enough. */
async function logFailedStart(
  world: CliWorld,
  options: ResolveOptions,
  log: Log | undefined,
  fields: object,
): Promise<void> {
  // Keys may be the reason: those that can be used still say where the log is.
  const { configuration } = Configuration.resolveUsable(options)
  const { logFormat, logPath } = configuration.values
  if (world.stdout.isTTY === true && logFormat !== 'json' && logPath === '') return
  try {
    const { logger } = log ?? (await world.openLog(configuration))
    // At every `logLevel`: it is the last line.
    logger.child({}, { level: 'error' }).error(fields, 'start failed')
  } catch {
    // The log may be the reason; stderr has the message.
  }
}

/**
 * Runs the program in this process, and ends the process.
 * @param earlySignals - Signals that arrived while the program was loaded; the loader adds to this list.
 * @param signals - All signals that the loader handles.
 */
export async function main(
  earlySignals: Signals = [],
  signals: Signals = ['SIGINT', 'SIGTERM'],
): Promise<void> {
  // A reader that exits early, such as head, or a closed terminal must not end the server.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const code = await run(processWorld(earlySignals, signals))
  // Called after everything has been written, also if stdout is a pipe, which is asynchronous.
  process.stdout.write('', () => endProcess(code))
}
