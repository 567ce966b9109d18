import { availableParallelism, homedir, userInfo } from 'node:os'
import type { Logger } from 'pino'
import { ConfigError } from '../namesrv/config/config-error.ts'
import { type ConfigFile, pairsOf } from '../namesrv/config/config-layers.ts'
import { Configuration } from '../namesrv/config/configuration.ts'
import { propertiesText } from '../namesrv/config/java-properties.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { readConfigFile } from './config-file.ts'
import { endProcess } from './end-process.ts'
import { describeErrno, describeFailure, firstLine } from './errno.ts'
import { limitHeapGrowth } from './heap-growth.ts'
import { type ReopenableFile, reopenLogFile } from './log-file.ts'
import { packageVersion } from './package-version.ts'
import { type Controller, logConfiguration, type ServingProcess, serve } from './serve.ts'
import { UsageError } from './usage-error.ts'

/** Exit codes of the program. */
export const ExitCode = {
  OK: 0,
  /** The start or the shutdown failed: a bad value, an unreadable file, a port in use. */
  FAILURE: 1,
  /** The command line cannot be understood. */
  USAGE: 2,
} as const

/** The world outside, so that tests can bring their own. */
export interface CliWorld extends ServingProcess {
  /** Arguments without the program and its file. */
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
 * Runs the program: prints what is asked for, or serves until a signal ends it.
 *
 * @returns Its exit code, see {@link ExitCode}. A failure is a line on stderr, or one for each bad value of the configuration;
 *   never a stack trace. The log has a line for it, too.
 */
export async function run(world: CliWorld): Promise<number> {
  let commandLine: Exclude<CommandLine, { action: 'show' }> | undefined
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

/** A log that a program reads, or a file keeps, has a line of its own for it; on a terminal stderr is enough. */
async function logFailedStart(
  world: CliWorld,
  commandLine: Exclude<CommandLine, { action: 'show' }> | undefined,
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
    // The log may be why the start failed; stderr has said so.
  }
}

/** Keys that say where the log is and how it is written. */
const isPlaceOfLog = ({ key }: { readonly key: string }): boolean => key === 'logPath' || key === 'logFormat'

/** Only the log's place, since the other keys may be what is wrong; the defaults if it is wrong as well. */
function loggingConfiguration(
  world: CliWorld,
  commandLine: Exclude<CommandLine, { action: 'show' }> | undefined,
): Configuration {
  const { homeDirectory, processors } = world
  const args = commandLine?.properties.filter(isPlaceOfLog) ?? []
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
      // The next layers have fewer values that can be wrong.
    }
  }
  return Configuration.resolve({ homeDirectory, processors }).configuration
}

/** The configuration file with nothing but the log's place; undefined if it cannot be read. */
function filePartOf(world: CliWorld, path: string | undefined): ConfigFile | undefined {
  if (path === undefined) return undefined
  try {
    const pairs = [...pairsOf(world.readConfigFile(path)).pairs.values()].filter(isPlaceOfLog)
    return { path, bytes: Buffer.from(propertiesText(pairs.map(({ key, value }) => [key, value]))) }
  } catch {
    return undefined
  }
}

async function runConfigured(
  { action, configFile, properties }: Exclude<CommandLine, { action: 'show' }>,
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
    const message = `there is no home directory for the default of ${homeless.join(', ')}: set each of them, or HOME or user.home`
    throw new ConfigError('ERR_CONFIG_VALUE', message)
  }

  const logger = await world.createLogger(configuration)
  onLogger(logger)
  logConfiguration(logger, configuration, packageVersion())
  for (const { level, message, keys } of notices) logger[level]({ keys }, message)
  const controller = await world.createController(configuration, logger)
  return await serve(controller, configuration, logger, world)
}

/** The process this program runs in. What only a server needs is loaded when a server is started. */
function processWorld(earlySignals: readonly string[], signals: readonly string[]): CliWorld {
  let logFile: ReopenableFile | undefined
  let logPath = ''
  return {
    earlySignals,
    signals,
    argv: process.argv.slice(2),
    env: process.env,
    homeDirectory: javaUserHome(),
    processors: availableParallelism(),
    stdout: process.stdout,
    stderr: process.stderr,
    events: process,
    exit: endProcess,
    readConfigFile,
    createLogger: async ({ values }) => {
      const { createLogger } = await import('./logger.ts')
      logPath = values.logPath
      return createLogger({
        level: values.logLevel,
        format: values.logFormat,
        isTerminal: logPath === '' && process.stdout.isTTY === true,
        path: logPath,
        onFile: (file) => {
          logFile = file
        },
        onWriteError: onceOnStderr(),
      })
    },
    reopenLog: (logger) => reopenLogFile(logger, logPath, logFile),
    createController: async (configuration, logger) => {
      limitHeapGrowth()
      const { NamesrvController } = await import('../namesrv/namesrv-controller.ts')
      const { descriptorShares, warnOfFewDescriptors } = await import('../namesrv/limits/file-descriptors.ts')
      const shares = descriptorShares(configuration.values.clientMaxConnections)
      warnOfFewDescriptors(shares, { configuration, logger })
      const { systemClock, systemScheduler } = await import('../namesrv/time.ts')
      return new NamesrvController({
        configuration,
        logger,
        clock: systemClock,
        scheduler: systemScheduler,
        ...(shares && { descriptors: shares }),
      })
    },
  }
}

/** A log that cannot be written must not end the server; to say so once is all that is left. */
function onceOnStderr(): (error: Error) => void {
  let said = false
  return (error) => {
    if (said) return
    said = true
    process.stderr.write(`mqnamesrv: cannot write the log, going on without: ${describeErrno(error)}\n`)
  }
}

/**
 * The home directory of the user database comes first, as in Java, whatever HOME says: the default paths are Java's.
 * @returns Undefined for a user id that the database does not have, if HOME is not set.
 */
function javaUserHome(): string | undefined {
  for (const home of [() => userInfo().homedir, homedir]) {
    try {
      const folder = home()
      if (folder !== '') return folder
    } catch {
      // The user is not in the database.
    }
  }
  return undefined
}

/**
 * Runs the program in this process, and ends the process.
 * @param earlySignals - Signals that came while the program was being loaded; the loader adds to the list.
 * @param signals - All signals that the loader keeps so.
 */
export async function main(
  earlySignals: readonly string[] = [],
  signals: readonly string[] = [],
): Promise<void> {
  // A reader that leaves early, such as head, or a terminal that is closed, must not end the server.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const code = await run(processWorld(earlySignals, signals))
  // Called when all that was written before is out, also where a pipe is written asynchronously.
  process.stdout.write('', () => endProcess(code))
}
