import { hostname } from 'node:os'
import { healthRoutes } from '../http/health-routes.ts'
import { HttpServer } from '../http/http-server.ts'
import { RequestGuard } from '../http/request-guard.ts'
import { apiRoute, type HttpRoute, handleBy, metricsRoute, routeOf } from '../http/routes.ts'
import { EVALUATION_PERIOD_MS, Findings } from '../inspect/findings/findings.ts'
import { Inspector } from '../inspect/inspector.ts'
import { Metrics } from '../inspect/metrics/metrics.ts'
import { RouteIndexCache } from '../inspect/route-index.ts'
import type { InspectSources, ServerIdentity } from '../inspect/sources.ts'
import { allViews } from '../inspect/views.ts'
import type { Processor } from '../protocol/processor.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { withoutBrackets } from './config/check-value.ts'
import { logInternalError } from './logs/request-log.ts'
import type { NamesrvContext } from './namesrv-context.ts'
import { packageCommit, packageVersion } from './package-version.ts'
import { ProcessMonitor } from './process-monitor.ts'

/** What a server is made of, as far as it shows it. */
export interface InspectedParts
  extends Pick<
    InspectSources,
    'routeInfo' | 'kvConfig' | 'health' | 'suspects' | 'certificate' | 'limits' | 'snapshotAgeMs'
  > {
  /** Serves lookups (105), without counting or logging those without a route. */
  readonly processLookup: Processor
}

/** What a server shows of itself, at the HTTP port and by request code 1450. */
export class Inspection {
  readonly inspector: Inspector
  readonly #context: NamesrvContext
  readonly #sources: InspectSources
  #http: HttpServer | undefined
  readonly #metrics: Metrics
  readonly #process = new ProcessMonitor()
  #endFindings: (() => void) | undefined

  constructor(context: NamesrvContext, { processLookup, ...parts }: InspectedParts) {
    const { clock, counters, durations, events, slicer, throttle, configuration } = context
    this.#context = context
    const sources = {
      ...parts,
      routeIndex: new RouteIndexCache(parts.routeInfo, slicer),
      lookup: lookupOf(processLookup, context),
      identity: identityOf(context),
      counters,
      durations,
      events,
      slicer,
      nowMs: () => clock.nowMs(),
      dateMs: () => Date.now(),
    }
    this.#sources = { ...sources, findings: new Findings(sources, throttle) }
    this.#metrics = new Metrics(this.#sources, {
      ...configuration.values,
      processFigures: () => this.#process.read(),
    })
    this.inspector = new Inspector(allViews(this.#sources), slicer)
  }

  /**
   * Starts the HTTP server, unless `httpListenPort` is 0.
   * @param anyPort - Take any free port in place of `httpListenPort`.
   * @returns Address and port that are bound; undefined if there is no HTTP server.
   * @throws (rejects) The socket's error if the port cannot be bound and `httpRequired` is on.
   */
  async start(anyPort = false): Promise<{ readonly address: string; readonly port: number } | undefined> {
    const { configuration, logger } = this.#context
    const { httpListenPort, httpBindAddress, httpRequired } = configuration.values
    if (httpListenPort === 0 && !anyPort) return undefined
    const http = this.#createServer(anyPort ? 0 : httpListenPort)
    try {
      const bound = await http.start()
      this.#http = http
      this.#process.start()
      logger.info(bound, 'HTTP server started')
      return bound
    } catch (error) {
      if (httpRequired) throw error
      const fields = { httpBindAddress, httpListenPort, error: (error as Error).message }
      logger.warn(fields, 'HTTP server not started: the port cannot be bound')
      return undefined
    }
  }

  /** Evaluates the findings periodically. */
  startFindings(): void {
    const { findings } = this.#sources
    this.#endFindings = this.#context.scheduler.every(EVALUATION_PERIOD_MS, () => {
      findings
        .evaluate()
        .catch((error) => logInternalError(this.#context, 'findings not evaluated', '', error))
    })
  }

  /** Shutting down: what happens from now on is no finding. */
  endFindings(): void {
    this.#endFindings?.()
  }

  /** Ends the HTTP server; responses under way have a second to be taken. */
  async stop(): Promise<void> {
    const http = this.#http
    if (http === undefined) return
    this.#process.stop()
    const cut = this.#context.scheduler.after(1_000, () => http.cut())
    await http.stop()
    cut()
  }

  #routes(): HttpRoute[] {
    const { health, identity } = this.#sources
    return [...healthRoutes(health, identity), metricsRoute(this.#metrics), apiRoute(this.inspector)]
  }

  #createServer(listenPort: number): HttpServer {
    const { configuration, throttle } = this.#context
    const { httpBindAddress, httpMaxConnections, httpAllowedHosts } = configuration.values
    const routes = this.#routes()
    return new HttpServer({
      bindAddress: withoutBrackets(httpBindAddress),
      listenPort,
      maxConnections: httpMaxConnections,
      guard: new RequestGuard({
        token: undefined,
        allowedHosts: httpAllowedHosts.split(',').map((host) => host.trim()),
        isOpen: (path) => routeOf(routes, path)?.isOpen === true,
      }),
      handle: handleBy(routes),
      onRejected: (peer, { status, reason }) =>
        void throttle.log('warn', 'HTTP request rejected', { peer, status, reason }),
      onFailure: (peer, path, error) =>
        logInternalError(this.#context, `HTTP request ${path} failed`, peer, error),
      onResponse: () => {},
    })
  }
}

/** Looks a topic up as a client does. */
function lookupOf(process: Processor, { clock }: NamesrvContext): InspectSources['lookup'] {
  const channel = { id: 0, remoteAddress: 'http', isLoopback: true, closed: false }
  const code = RequestCode.GET_ROUTEINFO_BY_TOPIC
  const request = { code, language: 'OTHER' as const, opaque: 0, flag: 0, remark: null, body: null }
  return (given) => process({ ...request, ...given }, { channel, nowMs: clock.nowMs() })
}

function identityOf({ clock, configuration }: NamesrvContext): ServerIdentity {
  const { nodeId, listenPort } = configuration.values
  return {
    version: packageVersion(),
    commit: packageCommit(),
    protocolVersion: '5.5.0',
    nodeId: nodeId === '' ? `${hostname()}:${listenPort}` : nodeId,
    bootId: Date.now().toString(36),
    startedMs: clock.nowMs(),
  }
}
