import type { Logger } from 'pino'
import type { NameServer } from '../../admin/name-server.ts'
import { healthRoutes } from '../../http/health-routes.ts'
import type { HttpRequest } from '../../http/http-server.ts'
import { type HttpRoute, metricsRoute } from '../../http/routes.ts'
import { ObservedMetrics } from '../../inspect/metrics/observed-metrics.ts'
import { shownObserved } from '../../inspect/observed-views.ts'
import type { Health, ObservedState } from '../../inspect/sources.ts'
import { AccessPolicy } from '../../namesrv/access/access-policy.ts'
import { Inspection } from '../../namesrv/inspection.ts'
import {
  createNamesrvContext,
  type NamesrvContext,
  type NamesrvEnvironment,
} from '../../namesrv/namesrv-context.ts'
import { Peers } from '../../namesrv/peers/peers.ts'
import { dumpedEvents } from '../../namesrv/state-dump.ts'
import { ServerTls } from '../../namesrv/tls/server-tls.ts'
import { lookupProcessor } from '../../processor/client-request-processor.ts'
import { ObservedNameServer, type Polling } from './observed-name-server.ts'
import { TableComparison } from './table-comparison.ts'

/** What is observed, and how. */
export interface ObservationOptions extends Omit<NamesrvEnvironment, 'logger'> {
  readonly logger: Logger
  /** At least one. */
  readonly servers: readonly NameServer[]
  readonly polling: Polling
  /** Whether the HTTP server takes any free port in place of `httpListenPort`. */
  readonly anyPort: boolean
}

/** One observed NameServer and what is shown of it. */
interface Observed {
  readonly context: NamesrvContext
  readonly server: ObservedNameServer
  readonly inspection: Inspection
  readonly peers: Peers
}

/**
 * NameServers that are polled, and one HTTP server that shows them: the first one at `/`, each at `/namesrv/<host:port>/`, with the
 * page and the views that a NameServer of ours has of itself.
 */
export class Observation {
  readonly #options: ObservationOptions
  /** Of the process, which are not about one NameServer. */
  readonly #context: NamesrvContext
  readonly #all: readonly Observed[]
  readonly #access: AccessPolicy
  readonly #tls: ServerTls

  constructor(options: ObservationOptions) {
    this.#options = options
    const context = createNamesrvContext(options)
    this.#context = context
    this.#access = new AccessPolicy(context)
    this.#tls = new ServerTls(context)
    const polled = options.servers.map((server) => {
      const logger = options.logger.child({ namesrv: server.address })
      const own = createNamesrvContext({ ...options, logger })
      return { context: own, server: new ObservedNameServer(own, server, options.polling) }
    })
    this.#all = polled.map(({ context: own, server }) => {
      const others = polled.filter((other) => other.server !== server)
      const comparisons = others.map((other) => new TableComparison(server, other.server, own.slicer))
      const peers = new Peers(own, comparisons)
      const states = () => polled.map((each) => each.server.state)
      return { context: own, server, peers, inspection: this.#inspectionOf(own, server, peers, states) }
    })
  }

  /**
   * Serves what is known, which is nothing at first, and begins to poll.
   * @returns The address and port that are bound.
   * @throws {ConfigError} (rejects) What is wrong with the access file or a certificate.
   * @throws (rejects) The socket's error.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    try {
      return await this.#listen()
    } catch (error) {
      await this.shutdown()
      throw error
    }
  }

  /** Opens the audit log and reads the access file again. */
  reload(): void {
    this.#context.audit.reopen()
    this.#access.reload()
  }

  /** For a state dump. */
  state(): Record<string, unknown> {
    return {
      observed: this.#all.map(({ server, inspection }) => ({
        ...shownObserved(server.state, inspection.sources),
        tables: server.routeInfo.tableSizes,
      })),
      events: this.#all.flatMap(({ context: { events } }) => dumpedEvents(events)),
    }
  }

  async shutdown(): Promise<void> {
    this.#access.stop()
    this.#tls.stop()
    for (const { server, peers, inspection } of this.#all) {
      server.stop()
      peers.stop()
      inspection.endFindings()
    }
    for (const { inspection, context } of this.#all) {
      await inspection.stop()
      context.throttle.end()
    }
    this.#context.throttle.end()
  }

  async #listen(): Promise<{ readonly address: string; readonly port: number }> {
    const { values } = this.#options.configuration
    await this.#context.audit.start()
    await this.#access.start()
    if (values.httpTls) await this.#tls.start()
    const bound = await this.#first.inspection.start({
      remotingPort: values.listenPort,
      tls: this.#tls,
      maxConnections: values.httpMaxConnections,
      anyPort: this.#options.anyPort,
      moreRoutes: this.#routes(),
      context: this.#context,
    })
    if (bound === undefined) throw new Error('httpListenPort is 0')
    for (const { server, inspection, peers } of this.#all) {
      server.start()
      peers.start()
      inspection.startFindings()
    }
    return bound
  }

  get #first(): Observed {
    const [first] = this.#all
    if (first === undefined) throw new Error('no NameServer is observed')
    return first
  }

  #inspectionOf(
    context: NamesrvContext,
    server: ObservedNameServer,
    peers: Peers,
    states: () => readonly ObservedState[],
  ): Inspection {
    const { routeInfo, kvConfig } = server
    const isOn = (key: string): boolean => server.lists.config.get(key) === 'true'
    const settings = {
      get orderMessageEnable() {
        return isOn('orderMessageEnable')
      },
      get supportActingMaster() {
        return isOn('supportActingMaster')
      },
      needWaitForService: false,
      waitSecondsForService: 0,
    }
    const lookups = { routeInfo, kvConfig, settings, startedMs: 0, onNoRoute: () => {} }
    return new Inspection(context, {
      routeInfo,
      kvConfig,
      peers,
      observed: {
        get state() {
          return server.state
        },
        get all() {
          return states()
        },
      },
      comparableConfig: () => server.lists.config,
      health: healthOf(() => [server.state]),
      connections: { open: () => [], closed: () => [] },
      processLookup: lookupProcessor(lookups, undefined),
      suspicionOf: () => undefined,
      certificates: () => this.#tls.certificates,
      access: () => this.#access.state,
      rates: () => [],
      limits: () => [],
      snapshotAgeMs: () => undefined,
    })
  }

  /** Those of the process, and of each NameServer under its own prefix. */
  #routes(): HttpRoute[] {
    const { sources: own } = this.#first.inspection
    const sources = this.#all.map(({ inspection }) => inspection.sources)
    const states = () => this.#all.map(({ server }) => server.state)
    return [
      ...healthRoutes(healthOf(states), own.identity),
      metricsRoute(new ObservedMetrics(sources, own.process)),
      ...this.#all.flatMap(({ server, inspection }) =>
        inspection
          .routes(0)
          // Its metrics are those of a server.
          .filter(({ path }) => path !== '/metrics')
          .map((route) => under(`/namesrv/${server.address}`, route)),
      ),
    ]
  }
}

/** Ready as soon as one of them has been read and responds: the others are what is to be seen. */
function healthOf(states: () => readonly ObservedState[]): Health {
  const problem = (): string | undefined => {
    const reasons = states().map(({ namesrv, readMs, unreachableMs, reason = '' }) =>
      readMs !== undefined && unreachableMs === undefined ? undefined : `${namesrv}: ${reason}`,
    )
    return reasons.includes(undefined) ? undefined : reasons.join('; ')
  }
  return {
    get ready() {
      return problem() === undefined
    },
    provisional: false,
    checks: () => [{ name: 'observed', problem: problem() }],
  }
}

/** A route at a path with a prefix. */
function under(prefix: string, { path, label, handle, ...route }: HttpRoute): HttpRoute {
  const inner = (outer: string): string => outer.slice(prefix.length)
  return {
    ...route,
    path: `${prefix}${path}`,
    label: (outer) => label?.(inner(outer)) ?? path,
    handle: (request) => handle(withPath(request, inner(request.path))),
  }
}

/** The request for another path. */
function withPath(request: HttpRequest, path: string): HttpRequest {
  const { query, header, peer, local } = request
  return {
    ...{ path, query, header, peer, local },
    get closed() {
      return request.closed
    },
  }
}
