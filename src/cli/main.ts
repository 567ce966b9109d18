import type { Logger } from 'pino'
import { ConfigError } from '../namesrv/config/config-error.ts'
import { type ConfigFile, pairsOf } from '../namesrv/config/config-layers.ts'
import { Configuration } from '../namesrv/config/configuration.ts'
import { propertiesText } from '../namesrv/config/java-properties.ts'
import { type CommandLine, parseCommandLine, UsageError } from './command-line.ts'
import { describeFailure, firstLine } from './errno.ts'
import { endProcess, processWorld } from './process-world.ts'
import { type Controller, logConfiguration, packageVersion, type ServingProcess, serve } from './serve.ts'

/** Exit codes of the program. */
export const ExitCode = {
  OK: 0,
  /** The start or the shutdown failed: a bad value, an unreadable file, a port in use. */
  FAILURE: 1,
  /** The command line is invalid. */
  USAGE: 2,
} as const

/** A command line that needs the configuration. */
type RunCommand = Exclude<CommandLine, { action: 'show' }>

/** Everything outside of the program, so that tests can replace it. */
export interface CliWorld extends ServingProcess {
  /** Arguments, without the program. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Undefined if the user has none. */
  readonly homeDirectory: string | undefined
  readonly processors: number
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean | undefined }
  readConfigFile(path: string): ConfigFile
  createLogger(configuration: Configuration): Promise<Logger>
  createController(configuration: Configuration, logger: Logger): Promise<Controller>
}

/**
 * Runs the program: prints help, version or configuration, or runs the server until a signal ends it.
 *
 * @returns The exit code, see {@link ExitCode}. A failure is one line on stderr, or one for each bad value of the configuration,
 *   without a stack trace, and one line of the log.
 */
export async function run(world: CliWorld): Promise<number> {
  let commandLine: RunCommand | undefined
  const log: { logger?: Logger } = {}
  try {
    const parsed = parseCommandLine(world.argv, packageVersion())
    if (parsed.action === 'show') {
      world.stdout.write(parsed.text)
      return ExitCode.OK
    }
    commandLine = parsed
    return await runConfigured(commandLine, world, (logger) => {
      log.logger = logger
    })
  } catch (error) {
    const isUsage = error instanceof UsageError
    const exitCode = isUsage ? ExitCode.USAGE : ExitCode.FAILURE
    const problems = (error instanceof ConfigError ? error.problems : [describeFailure(error)]).map(
      (problem) => `${firstLine(problem)}${isUsage ? ' (try mqnamesrv -h)' : ''}`,
    )
    for (const problem of problems) world.stderr.write(`mqnamesrv: ${problem}\n`)
    if (commandLine?.action !== 'print') {
      await logFailedStart(world, commandLine, log.logger, problems.join('; '), exitCode)
    }
    return exitCode
  }
}

/** Logs the failure to a log file or a log that a program reads; on a terminal, stderr is enough. */
async function logFailedStart(
  world: CliWorld,
  commandLine: RunCommand | undefined,
  known: Logger | undefined,
  error: string,
  exitCode: number,
): Promise<void> {
  const configuration = loggingConfiguration(world, commandLine)
  const { logFormat, logPath } = configuration.values
  if (world.stdout.isTTY === true && logFormat !== 'json' && logPath === '') return
  try {
    const logger = known ?? (await world.createLogger(configuration))
    logger.error({ error, exitCode }, 'start failed')
  } catch {
    // The log may be the reason; stderr has the message.
  }
}

/** Keys that say where and how the log is written. */
const isLogKey = ({ key }: { readonly key: string }): boolean => key === 'logPath' || key === 'logFormat'

/** A configuration of the log keys only, because the others may be wrong; the defaults if the log keys are wrong too. */
function loggingConfiguration(world: CliWorld, commandLine: RunCommand | undefined): Configuration {
  const { homeDirectory, processors } = world
  const args = commandLine?.properties.filter(isLogKey) ?? []
  const env = Object.fromEntries(
    Object.entries(world.env).filter(([name]) => /^MQNAMESRV_LOG_(PATH|FORMAT)$/.test(name)),
  )
  const file = filePartOf(world, commandLine?.configFile)
  for (const layers of [
    { file, env, args },
    { env, args },
  ]) {
    try {
      return Configuration.resolve({ ...layers, homeDirectory, processors }).configuration
    } catch {
      // Try again without the file, then with the defaults.
    }
  }
  return Configuration.resolve({ homeDirectory, processors }).configuration
}

/** The configuration file reduced to the log keys; undefined if it cannot be read. */
function filePartOf(world: CliWorld, path: string | undefined): ConfigFile | undefined {
  if (path === undefined) return undefined
  try {
    const pairs = [...pairsOf(world.readConfigFile(path)).pairs.values()].filter(isLogKey)
    return { path, bytes: Buffer.from(propertiesText(pairs.map(({ key, value }) => [key, value]))) }
  } catch {
    return undefined
  }
}

async function runConfigured(
  { action, configFile, properties }: RunCommand,
  world: CliWorld,
  onLogger: (logger: Logger) => void,
): Promise<number> {
  const { configuration, notices } = Configuration.resolve({
    file: configFile === undefined ? undefined : world.readConfigFile(configFile),
    env: world.env,
    args: properties,
    homeDirectory: world.homeDirectory,
    processors: world.processors,
  })
  if (action === 'print') {
    world.stdout.write(`${configuration.printedLines().join('\n')}\n`)
    for (const { level, message } of notices) {
      if (level === 'warn') world.stderr.write(`mqnamesrv: ${message}\n`)
    }
    return ExitCode.OK
  }

  const homeless = configuration.keysWithoutHome()
  if (homeless.length > 0) {
    const message = `no home directory for the defaults of ${homeless.join(', ')}: set these keys, or HOME or user.home`
    throw new ConfigError('ERR_CONFIG_VALUE', message)
  }

  const logger = await world.createLogger(configuration)
  onLogger(logger)
  logConfiguration(logger, configuration)
  for (const { level, message, keys } of notices) logger[level]({ keys }, message)
  const controller = await world.createController(configuration, logger)
  return await serve(controller, configuration, logger, world)
}

/**
 * Runs the program in this process, and ends the process.
 * @param earlySignals - Signals that arrived while the program was loaded; the loader adds to this list.
 * @param signals - All signals that the loader handles.
 */
export async function main(
  earlySignals: readonly string[] = [],
  signals: readonly string[] = [],
): Promise<void> {
  // A reader that exits early, such as head, or a closed terminal must not end the server.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const code = await run(processWorld(earlySignals, signals))
  // Called after everything has been written, also if stdout is a pipe, which is asynchronous.
  process.stdout.write('', () => endProcess(code))
}
