import type { EventEmitter } from 'node:events'
import type { Logger } from 'pino'
import { type ConfigEntry, printable } from '../namesrv/config/config-entry.ts'
import { describeSource } from '../namesrv/config/config-source.ts'
import type { Configuration } from '../namesrv/config/configuration.ts'
import { formatAddress } from '../remoting/address.ts'
import { firstLine } from './errno.ts'
import { packageVersion } from './package-version.ts'
import { handleSignals } from './signals.ts'

/** Longest time from the first signal to the end of the process, besides the time that clients are given to go elsewhere. */
export const SHUTDOWN_DEADLINE_MS = 15_000

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

/** The server as the command line needs it. */
export interface Controller {
  /** Listens; the address and port are those really bound. */
  start(): Promise<{ readonly address: string; readonly port: number }>
  shutdown(): Promise<void>
  /** The state of the server as plain values, for a state dump. */
  state(): Record<string, unknown>
}

/** The parts of the process that a serving program uses. */
export interface ServingProcess {
  /** Emits signals by their names and `uncaughtException`, as `process` does. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>
  /** Signals that came before anybody listened to `events`. */
  readonly earlySignals: readonly string[]
  /** The signals whose default is not wanted: they would end the process, or open Node's debugger port. */
  readonly signals: readonly string[]
  readonly stderr: { write(text: string): unknown }
  /** Opens the log file again, and logs how that went. */
  reopenLog(logger: Logger): void
  /** Ends the process at once, or within a second if a disk hangs. */
  exit(code: number): void
}

/** The first lines: version and file read, where state is kept, and what differs from the defaults; all of it at debug. */
export function logConfiguration(logger: Logger, configuration: Configuration, version: string): void {
  const items: Record<string, string> = {}
  const changed: Record<string, string> = {}
  for (const entry of configuration.entries()) {
    const { row, source } = entry
    if (source.layer === 'default' && row.effect === 'none') continue
    items[row.key] = printable(entry)
    if (differsFromDefault(entry)) changed[row.key] = `${printable(entry)} (${describeSource(source)})`
  }
  const configFile = fileOf(configuration) ?? 'none'
  const { kvConfigPath, configStorePath, routeSnapshotPath } = configuration.values
  logger.info({ version, node: process.version, configFile }, 'mqnamesrv starting')
  const stateFiles = {
    kvConfigPath,
    // Nothing is stored in the default file, see ConfigUpdates.
    configStorePath:
      configuration.sourceOf('configStorePath')?.layer === 'default' ? 'none' : configStorePath,
    routeSnapshotPath: routeSnapshotPath === '' ? 'off' : routeSnapshotPath,
  }
  logger.info(stateFiles, 'state files')
  if (Object.keys(changed).length === 0) logger.info('all keys have their defaults')
  else logger.info({ keys: changed }, 'keys that differ from their defaults')
  logger.debug({ configuration: items }, 'configuration in effect')
}

/** A key that is set to its default does not differ from it; nor is the file's own path a setting. */
function differsFromDefault({ row, value, source }: ConfigEntry): boolean {
  if (source.layer === 'default') return false
  if (source.layer === 'file' && source.line === undefined) return false
  return typeof row.default === 'object' || value !== row.default
}

/** The file of `-c`. */
function fileOf(configuration: Configuration): string | undefined {
  const store = configuration.sourceOf('configStorePath')
  return store?.layer === 'file' ? store.path : undefined
}

/** What a state dump says of the process. */
function processState(configuration: Configuration): Record<string, unknown> {
  return {
    version: packageVersion(),
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    configFile: fileOf(configuration),
    memory: process.memoryUsage(),
  }
}

/**
 * Runs the server until a signal ends it. The first SIGTERM or SIGINT shuts it down, within {@link SHUTDOWN_DEADLINE_MS}
 * and, with `enableShutdownGracefully`, `shutdownWaitTimeSeconds` more; a second one ends the process at once.
 *
 * @returns Exit code: 0 after a shutdown in time, 1 after a failed or late one.
 * @throws What `controller.start()` throws.
 */
export async function serve(
  controller: Controller,
  configuration: Configuration,
  logger: Logger,
  { events, earlySignals, signals, stderr, exit, reopenLog }: ServingProcess,
): Promise<number> {
  const onUncaught = (err: unknown): void => {
    try {
      logger.fatal({ err }, 'uncaught exception: the process ends')
      stderr.write(`mqnamesrv: uncaught exception: ${firstLine(err)}\n`)
    } finally {
      exit(1)
    }
  }
  let deadline: NodeJS.Timeout | undefined
  let onLate: ((code: number) => void) | undefined
  let onFirst: ((signal: string) => void) | undefined
  const late = new Promise<number>((resolve) => {
    onLate = resolve
  })
  const first = new Promise<string>((resolve) => {
    onFirst = resolve
  })
  const onSignal = (signal: keyof typeof SIGNALS): void => {
    if (deadline !== undefined) {
      logger.warn({ signal }, 'second signal: the process ends at once')
      exit(128 + SIGNALS[signal])
      return
    }
    const { enableShutdownGracefully, shutdownWaitTimeSeconds } = configuration.values
    const deadlineMs = SHUTDOWN_DEADLINE_MS + (enableShutdownGracefully ? shutdownWaitTimeSeconds * 1_000 : 0)
    deadline = setTimeout(() => {
      logger.error({ deadlineMs }, 'the shutdown takes too long: the process ends')
      stderr.write(`mqnamesrv: the shutdown takes longer than ${deadlineMs} ms\n`)
      onLate?.(1)
    }, deadlineMs)
    onFirst?.(signal)
  }

  const listeners = {
    SIGINT: () => onSignal('SIGINT'),
    SIGTERM: () => onSignal('SIGTERM'),
    uncaughtException: onUncaught,
  }
  for (const [event, listener] of Object.entries(listeners)) events.on(event, listener)
  const state = () => ({ ...processState(configuration), ...controller.state() })
  const endSignals = handleSignals({ events, signals, earlySignals, logger, reopenLog, state })
  for (const signal of earlySignals) if (signal === 'SIGINT' || signal === 'SIGTERM') onSignal(signal)
  try {
    return await Promise.race([late, startAndShutDown(controller, configuration, logger, first, stderr)])
  } finally {
    clearTimeout(deadline)
    endSignals()
    for (const [event, listener] of Object.entries(listeners)) events.off(event, listener)
  }
}

async function startAndShutDown(
  controller: Controller,
  configuration: Configuration,
  logger: Logger,
  firstSignal: Promise<string>,
  stderr: ServingProcess['stderr'],
): Promise<number> {
  const { address, port } = await controller.start()
  const { serializeType } = configuration.values
  // Java's words, which scripts wait for.
  logger.info(
    { address, port },
    `The Name Server boot success. serializeType=${serializeType}, address ${formatAddress(address, port)}`,
  )
  logger.info({ signal: await firstSignal }, 'shutting down')
  try {
    await controller.shutdown()
  } catch (err) {
    logger.error({ err }, 'the shutdown failed: the process ends')
    stderr.write(`mqnamesrv: the shutdown failed: ${firstLine(err)}\n`)
    return 1
  }
  logger.info('the Name Server is shut down')
  return 0
}
