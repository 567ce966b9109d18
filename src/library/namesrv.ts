import { availableParallelism } from 'node:os'
import type { NamesrvLogger } from '../common/logger.ts'
import { hintFor } from '../common/nearest-name.ts'
import { shownValue } from '../common/shown-value.ts'
import type { Views } from '../inspect/api-types.ts'
import type { Inspector } from '../inspect/inspector.ts'
import { ViewError } from '../inspect/view-error.ts'
import { type ViewArguments, type ViewPath, viewTarget } from '../inspect/view-target.ts'
import { ConfigError, type ConfigErrorCode, throwConfigErrors } from '../namesrv/config/config-error.ts'
import { shownText } from '../namesrv/config/config-key.ts'
import { findConfigKey } from '../namesrv/config/config-keys.ts'
import type { KeyText } from '../namesrv/config/config-layers.ts'
import { Configuration } from '../namesrv/config/configuration.ts'
import { NamesrvController } from '../namesrv/namesrv-controller.ts'
import { systemClock, systemScheduler } from '../namesrv/time.ts'
import { formatAddress } from '../remoting/address.ts'
import type { ConfigOptions } from './config-options.ts'
import { EventIterable } from './events.ts'
import { isOption, LIBRARY_DEFAULTS, OPTION_KEYS, PROGRAM_KEYS } from './option-keys.ts'

/** An event of a server: a broker registered or was lost, a topic was deleted, a request was rejected. */
export type NamesrvEvent = Views['/api/v1/events']['events'][number]

/** How a NameServer is started: any key of the configuration, by its name. */
export interface NamesrvOptions extends ConfigOptions {
  /** TCP port of the HTTP server for metrics, health checks, views and the page; `'any'` takes a free one. Default: 0, no HTTP server. */
  readonly httpListenPort?: number | 'any' | undefined
  /** Where the log is written: a logger of pino, or `console`. Default: nowhere. */
  readonly logger?: NamesrvLogger | undefined
}

/** A NameServer that runs in this process. */
export interface Namesrv {
  /**
   * `host:port` that it listens on, as brokers and clients on this machine take it in `namesrvAddr`. On other machines they need a
   * name or address of this one in place of `0.0.0.0` or `[::]`.
   */
  readonly address: string
  /** TCP port that it listens on. */
  readonly port: number
  /** Port of the HTTP server; undefined without one. */
  readonly httpPort: number | undefined
  /** Whether new clients may be sent here: all checks of `/readyz` hold. */
  readonly ready: boolean
  /**
   * Events: those that are kept, the last 4,096, then each one as it happens, until the shutdown. Every iteration begins with the
   * oldest; none of them costs memory. An iteration throws an {@link EventsLostError} if it is so slow that events are overwritten.
   */
  readonly events: AsyncIterable<NamesrvEvent>
  /**
   * What the server shows of itself, with the values and types of the HTTP API: `ns.view('/api/v1/topics/{topic}', { topic })`.
   * @param path - As in docs/http-api.md, with its `{names}`.
   * @param parameters - Of the path and the query.
   * @throws {ViewError} (rejects)
   */
  view<Path extends ViewPath>(path: Path, ...parameters: ViewArguments<Path>): Promise<Views[Path]>
  /**
   * Closes all connections, each after the response to its request, and frees the ports, within seconds; with
   * `enableShutdownGracefully` it first waits for clients to leave. Later calls return the same promise.
   */
  shutdown(): Promise<void>
}

const SILENT: NamesrvLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  isLevelEnabled: () => false,
}

/**
 * Starts a NameServer in this process.
 *
 * Unless options say otherwise it listens on the loopback interface only, has no HTTP server, keeps everything in memory, and
 * writes no log. It handles no signal, reads no environment variable, and never ends the process, which it keeps alive until its
 * shutdown. Any number of them can run in one process.
 *
 * @throws {ConfigError} (rejects) Options that cannot be used, or files that they name; the message has a line for each problem.
 * @throws (rejects) Node's error if a port cannot be bound: its `code` is `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL` or `ENOTFOUND`.
 */
export async function startNamesrv(options: NamesrvOptions = {}): Promise<Namesrv> {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw optionError('ERR_CONFIG_OPTION', `the options must be an object, not ${shownValue(options)}`)
  const { logger = SILENT, httpListenPort, ...others } = options
  const httpOnAnyPort = httpListenPort === 'any'
  // Any port but 0 stands for an HTTP server until it has one.
  const keys = { ...others, httpListenPort: httpOnAnyPort ? 1 : httpListenPort }
  const configuration = configurationOf(keys, loggerProblems(logger))
  const time = { clock: systemClock, scheduler: systemScheduler }
  const controller = new NamesrvController({ ...time, configuration, logger, httpOnAnyPort })
  try {
    const started = await controller.start()
    if (httpOnAnyPort) showHttpPort(configuration, started.httpPort)
    return new RunningNamesrv(controller, started)
  } catch (error) {
    await controller.shutdown()
    throw error
  }
}

/** The views show the port that the HTTP server has. */
function showHttpPort(configuration: Configuration, value: number | undefined): void {
  const state = new Map(configuration.state)
  for (const resolved of configuration.keys())
    if (resolved.key.name === 'httpListenPort') state.set('httpListenPort', { ...resolved, value })
  configuration.putIntoEffect(state)
}

class RunningNamesrv implements Namesrv {
  readonly address: string
  readonly port: number
  readonly httpPort: number | undefined
  readonly events: EventIterable
  readonly #controller: NamesrvController
  readonly #inspector: Inspector
  #shutdown: Promise<void> | undefined

  constructor(
    controller: NamesrvController,
    { address, port, httpPort, inspection }: Awaited<ReturnType<NamesrvController['start']>>,
  ) {
    this.address = formatAddress(address, port)
    this.port = port
    this.httpPort = httpPort
    this.#controller = controller
    this.events = new EventIterable(controller.events, inspection.bootId)
    this.#inspector = inspection.inspector
  }

  get ready(): boolean {
    return this.#controller.ready
  }

  async view<Path extends ViewPath>(path: Path, ...[parameters]: ViewArguments<Path>): Promise<Views[Path]> {
    const { status, body } = await this.#inspector.ask({
      target: viewTarget(path, parameters),
      owner: { closed: false },
      sender: { identity: undefined, host: '127.0.0.1', isTls: false },
    })
    const value = JSON.parse(body.toString())
    if (status !== 200) throw new ViewError(value.error.code, value.error.message)
    return value
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= this.#controller.shutdown().finally(() => this.events.end())
    return this.#shutdown
  }
}

function optionError(code: ConfigErrorCode, problem: string): ConfigError {
  return new ConfigError(code, `startNamesrv: ${problem}`)
}

/** A logger without one of them would end the server with the first line of that level. */
function loggerProblems(logger: NamesrvLogger): ConfigError[] {
  const missing = (['debug', 'info', 'warn', 'error'] as const).filter(
    (level) => typeof logger?.[level] !== 'function',
  )
  if (missing.length === 0) return []
  const problem =
    typeof logger === 'object' && logger !== null
      ? `logger has no function ${missing.join(', ')}`
      : `logger must be an object, not ${shownValue(logger)}`
  return [optionError('ERR_CONFIG_VALUE', `${problem}; give one of pino, or console, or leave it out`)]
}

/** @param problems - Of other options. @throws {ConfigError} With all problems. */
function configurationOf(
  options: Readonly<Record<string, unknown>>,
  problems: readonly ConfigError[],
): Configuration {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  throwConfigErrors([...problems, ...given.flatMap(([name, value]) => problemOf(name, value) ?? [])])
  const { configuration, errors } = Configuration.resolveUsable({
    args: given.map(([key, value]): KeyText => ({ key, value: `${value}` })),
    caller: 'startNamesrv',
    defaults: LIBRARY_DEFAULTS,
    homeDirectory: undefined,
    processors: availableParallelism(),
  })
  throwConfigErrors(errors)
  return configuration
}

/** Why an option cannot be one, or has a value of another type. */
function problemOf(name: string, value: unknown): ConfigError | undefined {
  const key = findConfigKey(name)
  if (key === undefined || key.name !== name) {
    const hint = key === undefined ? hintFor(name, OPTION_NAMES) : `; it is called ${key.name}`
    return optionError('ERR_CONFIG_OPTION', `no option ${JSON.stringify(name.slice(0, 100))}${hint}`)
  }
  if (!isOption(key)) {
    const remedy = PROGRAM_KEYS[name] ?? 'it has no effect in this server; leave it out'
    return optionError('ERR_CONFIG_OPTION', `${name} is no option: ${remedy}`)
  }
  const type = key.type === 'int' || key.type === 'long' ? 'number' : key.type
  const isInteger = typeof value !== 'number' || Number.isSafeInteger(value)
  if (typeof value === type && isInteger) return undefined
  const shown = shownValue(typeof value === 'string' ? shownText(key, value) : value)
  const wanted = `a ${isInteger ? type : 'whole number'}${name === 'httpListenPort' ? " or 'any'" : ''}`
  return optionError('ERR_CONFIG_VALUE', `${name} must be ${wanted}, not ${shown}`)
}

const OPTION_NAMES = [...OPTION_KEYS.map(({ name }) => name), 'logger']
