import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Configuration } from '../namesrv/config/configuration.ts'
import { describeSource, printable, type ResolvedKey } from '../namesrv/config/resolved-key.ts'
import { formatAddress } from '../remoting/peer-address.ts'
import { firstLine } from './errno.ts'

/** Maximum time from the first signal to the end of the process, without the time for draining clients. */
export const SHUTDOWN_DEADLINE_MS = 15_000

/** The signals that shut the server down, and their numbers. */
const SHUTDOWN_SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGTERM: 15 }

/** The server, as far as the command line needs it. */
export interface Controller {
  /** Listens. @returns The address and port that are bound. */
  start(): Promise<{ readonly address: string; readonly port: number }>
  shutdown(): Promise<void>
  /** The state of the server as plain values, for a state dump. */
  state(): Record<string, unknown>
}

/** The process, as far as a running server needs it. */
export interface ServingProcess {
  /** Emits signals by name and `uncaughtException`, as `process` does. */
  readonly events: Pick<EventEmitter, 'on' | 'off'>
  /** Signals that arrived before `events` had listeners. */
  readonly earlySignals: readonly string[]
  /** All signals whose default action would end the process or open Node's debugger port. */
  readonly signals: readonly string[]
  readonly stderr: { write(text: string): unknown }
  /** Opens the log file again, and logs the outcome. */
  reopenLog(logger: Logger): void
  /** Ends the process at once, or within a second if a disk hangs. */
  exit(code: number): void
}

/** The version of the package; package.json is two folders above this file, in `src` as well as in `dist`. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Logs the first lines: version, state files, and the keys that differ from their defaults; at debug, all keys. */
export function logConfiguration(logger: Logger, configuration: Configuration): void {
  const items: Record<string, string> = {}
  const changed: Record<string, string> = {}
  for (const resolved of configuration.keys()) {
    const { key, source } = resolved
    if (source.layer === 'default' && key.effect === 'none') continue
    items[key.name] = printable(resolved)
    if (differsFromDefault(resolved)) changed[key.name] = `${printable(resolved)} (${describeSource(source)})`
  }
  const configFile = fileOf(configuration) ?? 'none'
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
  if (Object.keys(changed).length === 0) logger.info('all keys have their defaults')
  else logger.info({ keys: changed }, 'keys that differ from their defaults')
  logger.debug({ configuration: items }, 'configuration in effect')
}

/** Neither a key that is set to its default differs from it, nor the path of the file of `-c`. */
function differsFromDefault({ key, value, source }: ResolvedKey): boolean {
  if (source.layer === 'default') return false
  if (source.layer === 'file' && source.line === undefined) return false
  return typeof key.default === 'object' || value !== key.default
}

/** The file of `-c`. */
function fileOf(configuration: Configuration): string | undefined {
  const store = configuration.sourceOf('configStorePath')
  return store?.layer === 'file' ? store.path : undefined
}

/**
 * Runs the server until a signal ends it. The first SIGTERM or SIGINT shuts it down, within {@link SHUTDOWN_DEADLINE_MS} and,
 * with `enableShutdownGracefully`, `shutdownWaitTimeSeconds` more; a second one ends the process at once.
 *
 * @returns The exit code: 0 after a shutdown in time, 1 after one that failed or took too long.
 * @throws (rejects) What `controller.start()` throws.
 */
export async function serve(
  controller: Controller,
  configuration: Configuration,
  logger: Logger,
  serving: ServingProcess,
): Promise<number> {
  const { events, earlySignals, stderr, exit } = serving
  const onUncaught = (err: unknown): void => {
    try {
      logger.fatal({ err }, 'uncaught exception: exiting')
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
  const onShutdownSignal = (signal: string): void => {
    if (deadline !== undefined) {
      logger.warn({ signal }, 'second signal: exiting at once')
      exit(128 + (SHUTDOWN_SIGNALS[signal] ?? 0))
      return
    }
    const { enableShutdownGracefully, shutdownWaitTimeSeconds } = configuration.values
    const deadlineMs = SHUTDOWN_DEADLINE_MS + (enableShutdownGracefully ? shutdownWaitTimeSeconds * 1_000 : 0)
    deadline = setTimeout(() => {
      logger.error({ deadlineMs }, 'shutdown timed out: exiting')
      stderr.write(`mqnamesrv: shutdown not finished within ${deadlineMs} ms\n`)
      onLate?.(1)
    }, deadlineMs)
    onFirst?.(signal)
  }

  const listeners: Record<string, (error: unknown) => void> = { uncaughtException: onUncaught }
  for (const signal of Object.keys(SHUTDOWN_SIGNALS)) listeners[signal] = () => onShutdownSignal(signal)
  for (const [event, listener] of Object.entries(listeners)) events.on(event, listener)
  const state = () => ({ ...processState(configuration), ...controller.state() })
  const endSignals = handleOtherSignals(serving, logger, state)
  for (const signal of earlySignals) if (signal in SHUTDOWN_SIGNALS) onShutdownSignal(signal)
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
  // Java's words: scripts wait for them.
  logger.info(
    { address, port },
    `The Name Server boot success. serializeType=${serializeType}, address ${formatAddress(address, port)}`,
  )
  logger.info({ signal: await firstSignal }, 'shutting down')
  try {
    await controller.shutdown()
  } catch (err) {
    logger.error({ err }, 'shutdown failed: exiting')
    stderr.write(`mqnamesrv: shutdown failed: ${firstLine(err)}\n`)
    return 1
  }
  logger.info('shutdown complete')
  return 0
}

/**
 * Handles every signal that must not end the process: SIGHUP reopens the log file, SIGQUIT logs the state, the others are ignored
 * with a line. Node resets what `nohup` set, so that an ignored SIGHUP looks like any other; with the log on stdout it does nothing.
 *
 * @returns A function that removes the handlers.
 */
export function handleOtherSignals(
  { events, signals, earlySignals, reopenLog }: Omit<ServingProcess, 'stderr' | 'exit'>,
  logger: Logger,
  state: () => Record<string, unknown>,
): () => void {
  // An operator asked for the state dump, so it is written at every `logLevel`.
  const dumpLogger = logger.child({}, { level: 'info' })
  const handle = (signal: string): void => {
    if (signal === 'SIGHUP') reopenLog(logger)
    else if (signal === 'SIGQUIT') dumpLogger.info({ signal, ...state() }, 'state dump')
    else logger.info({ signal }, 'signal ignored')
  }
  const others = signals.filter((signal) => !(signal in SHUTDOWN_SIGNALS))
  const listeners = others.map((signal) => ({ signal, listener: () => handle(signal) }))
  for (const { signal, listener } of listeners) events.on(signal, listener)
  for (const signal of earlySignals) if (!(signal in SHUTDOWN_SIGNALS)) handle(signal)
  return () => {
    for (const { signal, listener } of listeners) events.off(signal, listener)
  }
}

/** The state of the process, for a state dump. */
function processState(configuration: Configuration): Record<string, unknown> {
  return {
    version: packageVersion(),
    node: process.version,
    uptimeSeconds: Math.round(process.uptime()),
    configFile: fileOf(configuration),
    memory: process.memoryUsage(),
  }
}
