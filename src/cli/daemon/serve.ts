import type { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import type { Logger } from 'pino'
import { firstLine } from '../../common/describe-errno.ts'
import { printable, type ResolvedKey } from '../../namesrv/config/config-key.ts'
import type { Configuration } from '../../namesrv/config/configuration.ts'
import { packageVersion } from '../../namesrv/package-version.ts'
import type { Log } from './logger.ts'

/** Maximum time from the first signal to the end of the process, without the time for draining clients. */
export const SHUTDOWN_DEADLINE_MS = 15_000

/** What runs until a signal ends it: a server, or the observation of other servers. */
export interface Service<Started> {
  /** Listens. */
  start(): Promise<Started>
  shutdown(): Promise<void>
  /** Reads again what is read again on SIGHUP, besides the log. */
  reload(): void
  /** The state as plain values, for a state dump. */
  state(): Record<string, unknown>
}

export type Signals = readonly NodeJS.Signals[]

/** The process, as far as a service needs it. */
export interface ServingProcess {
  /** Emits signals by name and `uncaughtException`, as `process` does. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>
  /** Signals that arrived before `events` had listeners. */
  readonly earlySignals: Signals
  /** All signals whose default action would end the process or open Node's debugger port. */
  readonly signals: Signals
  readonly stderr: { write(text: string): unknown }
  /** Ends the process at once, or within a second if a disk hangs. */
  exit(code: number): void
}

/** Logs the first lines: version, state files, and the keys that differ from their defaults; at debug, all keys. */
export function logConfiguration(logger: Logger, configuration: Configuration): void {
  const keys = configuration.keys()
  const changed = keys
    .filter(differsFromDefault)
    .map((resolved) => [resolved.key.name, `${printable(resolved)} (${resolved.source.place})`])
  const configFile = configuration.file ?? 'none'
  const { kvConfigPath, configStorePath, routeSnapshotPath } = configuration.values
  logger.info({ version: packageVersion(), node: process.version, configFile }, 'mqnamesrv starting')
  const stateFiles = {
    kvConfigPath,
    // Updates are not stored in the default file, see LiveConfiguration.
    configStorePath:
      configuration.sourceOf('configStorePath')?.layer === 'default' ? 'none' : configStorePath,
    routeSnapshotPath: routeSnapshotPath === '' ? 'off' : routeSnapshotPath,
  }
  logger.info(stateFiles, 'state files')
  if (changed.length === 0) logger.info('all keys have their defaults')
  else logger.info({ keys: Object.fromEntries(changed) }, 'keys that differ from their defaults')
  const used = keys.filter(({ key, source }) => source.layer !== 'default' || key.effect !== 'none')
  const items = used.map((resolved) => [resolved.key.name, printable(resolved)])
  logger.debug({ configuration: Object.fromEntries(items) }, 'configuration in effect')
}

/** Neither a key that is set to its default differs from it, nor the path of the file of `-c`. */
export function differsFromDefault({ key, value, source }: ResolvedKey): boolean {
  if (source.layer === 'default') return false
  if (source.layer === 'file' && key.name === 'configStorePath') return false
  return typeof key.default === 'object' || value !== key.default
}

/**
 * Runs a service until a signal ends it. The first SIGTERM or SIGINT shuts it down, within {@link SHUTDOWN_DEADLINE_MS} and,
 * with `enableShutdownGracefully`, `shutdownWaitTimeSeconds` more; a second one ends the process at once.
 *
 * No other signal ends it: SIGHUP opens the log file and reads the access file again, SIGQUIT logs the state, and the rest is ignored with a line.
 *
 * @param onStarted - Called when the service listens, to say so.
 * @returns The exit code: 0 after a shutdown in time, 1 after one that failed or took too long.
 * @throws (rejects) What `service.start()` throws.
 */
export async function serve<Started>(
  service: Service<Started>,
  configuration: Configuration,
  log: Log,
  { events, earlySignals, signals, stderr, exit }: ServingProcess,
  onStarted: (started: Started) => void,
): Promise<number> {
  const { logger } = log
  // An operator asked for the state dump, so it is written at every `logLevel`.
  const dumpLogger = logger.child({}, { level: 'info' })
  let onFirst = (_signal: string): void => {}
  const first = new Promise<string>((resolve) => {
    onFirst = resolve
  })
  let onLate = (_code: number): void => {}
  const late = new Promise<number>((resolve) => {
    onLate = resolve
  })
  let deadline: NodeJS.Timeout | undefined

  const onShutdownSignal = (signal: NodeJS.Signals): void => {
    if (deadline !== undefined) {
      logger.warn({ signal }, 'second signal: exiting at once')
      exit(128 + constants.signals[signal])
      return
    }
    const { enableShutdownGracefully, shutdownWaitTimeSeconds } = configuration.values
    const deadlineMs = SHUTDOWN_DEADLINE_MS + (enableShutdownGracefully ? shutdownWaitTimeSeconds * 1_000 : 0)
    deadline = setTimeout(() => {
      logger.error({ deadlineMs }, 'shutdown timed out: exiting')
      stderr.write(`mqnamesrv: shutdown not finished within ${deadlineMs} ms\n`)
      onLate(1)
    }, deadlineMs)
    onFirst(signal)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') onShutdownSignal(signal)
    else if (signal === 'SIGHUP') {
      log.reopen()
      service.reload()
    } else if (signal === 'SIGQUIT') {
      dumpLogger.info({ signal, ...processState(configuration), ...service.state() }, 'state dump')
    } else logger.info({ signal }, 'signal ignored')
  }
  const onUncaught = (err: unknown): void => {
    try {
      logger.fatal({ err }, 'uncaught exception: exiting')
      stderr.write(`mqnamesrv: uncaught exception: ${firstLine(err)}\n`)
    } finally {
      exit(1)
    }
  }

  events.on('uncaughtException', onUncaught)
  for (const signal of signals) events.on(signal, onSignal)
  for (const signal of earlySignals) onSignal(signal)
  try {
    const ended = startAndShutDown(service, logger, first, stderr, onStarted)
    return await Promise.race([late, ended])
  } finally {
    clearTimeout(deadline)
    events.off('uncaughtException', onUncaught)
    for (const signal of signals) events.off(signal, onSignal)
  }
}

async function startAndShutDown<Started>(
  service: Service<Started>,
  logger: Logger,
  firstSignal: Promise<string>,
  stderr: ServingProcess['stderr'],
  onStarted: (started: Started) => void,
): Promise<number> {
  onStarted(await service.start())
  logger.info({ signal: await firstSignal }, 'shutting down')
  try {
    await service.shutdown()
  } catch (err) {
    logger.error({ err }, 'shutdown failed: exiting')
    stderr.write(`mqnamesrv: shutdown failed: ${firstLine(err)}\n`)
    return 1
  }
  logger.info('shutdown complete')
  return 0
}

/** The state of the process, for a state dump. */
function processState(configuration: Configuration): Record<string, unknown> {
  return {
    version: packageVersion(),
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    configFile: configuration.file,
    memory: process.memoryUsage(),
  }
}
