import { hostname } from 'node:os'
import type { SecureContextOptions } from 'node:tls'
import type { RequestSubject } from '../access/policy.ts'
import { describeErrno } from '../common/describe-errno.ts'
import { hostOf } from '../common/host-of.ts'
import { LOOPBACK } from '../common/networks.ts'
import { addressService } from '../http/address-service.ts'
import { healthRoutes } from '../http/health-routes.ts'
import { HttpServer } from '../http/http-server.ts'
import { pageRoutes } from '../http/page-files.ts'
import { RequestGuard } from '../http/request-guard.ts'
import { apiRoute, type HttpRoute, handleBy, labelOf, metricsRoute, routeOf } from '../http/routes.ts'
import { Watchers } from '../http/watchers.ts'
import { takeCensus } from '../inspect/connections/census.ts'
import { EVALUATION_PERIOD_MS, Findings } from '../inspect/findings/findings.ts'
import { Inspector } from '../inspect/inspector.ts'
import { Metrics } from '../inspect/metrics/metrics.ts'
import { RouteIndexCache } from '../inspect/route-index.ts'
import type { InspectSources, ServerIdentity } from '../inspect/sources.ts'
import { allViews } from '../inspect/views.ts'
import type { Origin, Processor } from '../protocol/processor.ts'
import { withoutBrackets } from './config/check-value.ts'
import { addressesOf } from './config/inspect-config-keys.ts'
import { readBuiltPage } from './files/built-page.ts'
import { HttpToken } from './http-token.ts'
import { lookupOf, shownKeys } from './inspection-sources.ts'
import { rejectionEntry } from './logs/audit-entries.ts'
import { logInternalError } from './logs/request-log.ts'
import { type NamesrvContext, timeOf } from './namesrv-context.ts'
import { packageCommit, packageVersion } from './package-version.ts'
import { ProcessMonitor } from './process-monitor.ts'
import type { ServerTls } from './tls/server-tls.ts'

/** What a server is made of, as far as it shows it. */
export interface InspectedParts
  extends Pick<
    InspectSources,
    | 'routeInfo'
    | 'kvConfig'
    | 'comparableConfig'
    | 'peers'
    | 'health'
    | 'suspicionOf'
    | 'certificates'
    | 'access'
    | 'rates'
    | 'limits'
    | 'snapshotAgeMs'
    | 'observed'
  > {
  readonly connections: Omit<InspectSources['connections'], 'census'>
  /** Serves lookups (105), without counting or logging those without a route. */
  readonly processLookup: Processor
}

/** A request for a view names nothing. */
const INSPECT: RequestSubject = {
  group: 'inspect',
  clusterName: null,
  brokerName: null,
  topic: null,
  announced: [],
}

/** What the HTTP server needs from the server for brokers and clients. */
export interface HttpStart {
  /** Its port. */
  readonly remotingPort: number
  readonly tls: ServerTls
  readonly maxConnections: number
  /** Take any free port in place of `httpListenPort`. */
  readonly anyPort: boolean
  /** Served before the own routes. Default: none. */
  readonly moreRoutes?: readonly HttpRoute[]
  /** Log, counters and audit of the HTTP server. Default: those of what is shown. */
  readonly context?: NamesrvContext
}

/** What a server shows of itself, at the HTTP port and by request code 1450. */
export class Inspection {
  readonly inspector: Inspector
  /** What it shows. */
  readonly sources: InspectSources
  readonly #context: NamesrvContext
  /** Of the HTTP server. */
  #httpContext: NamesrvContext
  readonly #watchers: Watchers
  readonly #token: HttpToken | undefined
  #http: HttpServer | undefined
  #isStopped = false
  readonly #metrics: Metrics
  readonly #process: ProcessMonitor
  #endFindings: (() => void) | undefined

  /** @throws {ConfigError} `httpTokenFile` cannot be used. */
  constructor(context: NamesrvContext, { processLookup, connections, ...parts }: InspectedParts) {
    const {
      clock,
      counters,
      audit,
      denials,
      disputes,
      durations,
      events,
      history,
      misses,
      throttle,
      viewSlicer: slicer,
    } = context
    this.#context = context
    this.#httpContext = context
    this.#process = new ProcessMonitor(() => clock.nowMs())
    const sources = {
      ...parts,
      routeIndex: new RouteIndexCache(parts.routeInfo, slicer),
      lookup: lookupOf(processLookup, context),
      identity: identityOf(context, parts.observed?.state.namesrv),
      configuration: () => shownKeys(context.configuration),
      process: () => this.#process.read(),
      auditProblem: () => audit.problem,
      counters,
      denials,
      durations,
      events,
      connections: { ...connections, census: () => takeCensus(connections.open()) },
      history,
      disputes,
      misses,
      slicer,
      nowMs: () => clock.nowMs(),
      dateMs: () => Date.now(),
    }
    this.sources = { ...sources, findings: new Findings(sources, throttle) }
    this.#metrics = new Metrics(this.sources, context.configuration.values)
    const { bootId } = sources.identity
    this.#watchers = new Watchers({
      ...timeOf(context),
      events,
      counters,
      bootId,
      needsToken: () => this.#token?.value !== undefined,
    })
    if (context.configuration.values.httpListenPort !== 0) this.#token = new HttpToken(context)
    this.inspector = new Inspector(allViews(this.sources), slicer)
  }

  /** Begins the ids of this run's events. */
  get bootId(): string {
    return this.sources.identity.bootId
  }

  /**
   * Starts the HTTP server, unless `httpListenPort` is 0.
   * @returns Address and port that are bound; undefined if there is no HTTP server.
   * @throws (rejects) The socket's error if the port cannot be bound, or what is wrong with the certificate, if `httpRequired` is on.
   */
  async start(options: HttpStart): Promise<{ readonly address: string; readonly port: number } | undefined> {
    const { httpListenPort, httpRequired, httpTls } = this.#context.configuration.values
    this.#httpContext = options.context ?? this.#context
    if (httpListenPort === 0) return undefined
    try {
      const tls = httpTls
        ? await options.tls.httpsOptions((changed) => this.#onCertificate(options, changed))
        : undefined
      return await this.#listen(options, tls)
    } catch (error) {
      if (httpRequired) throw error
      this.#logNotStarted(error)
      return undefined
    }
  }

  /** Serves with another certificate; without one that can be used, the HTTP server has not been started. */
  async #onCertificate(options: HttpStart, changed: SecureContextOptions): Promise<void> {
    if (this.#http !== undefined) {
      this.#http.setTls(changed)
      return
    }
    await this.#listen(options, changed).catch((error) => this.#logNotStarted(error))
  }

  async #listen(options: HttpStart, tls: SecureContextOptions | undefined) {
    const { configuration, logger } = this.#httpContext
    const { httpBindAddress, httpTls } = configuration.values
    const http = this.#createServer(options, tls)
    const bound = await http.start()
    if (this.#isStopped) {
      await http.stop()
      return undefined
    }
    this.#http = http
    this.#process.start()
    this.#token?.start()
    logger.info({ ...bound, tls: httpTls }, 'HTTP server started')
    if (!LOOPBACK.has(bound.address) && this.#token?.value === undefined)
      logger.warn({ httpBindAddress }, '/metrics is open to other machines without a token')
    return bound
  }

  #logNotStarted(error: unknown): void {
    const { configuration, logger } = this.#httpContext
    const { httpBindAddress, httpListenPort } = configuration.values
    const fields = { httpBindAddress, httpListenPort, error: describeErrno(error) }
    logger.warn(fields, 'HTTP server not started: serving without it')
  }

  /** Evaluates the findings periodically. */
  startFindings(): void {
    const { findings } = this.sources
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
    this.#isStopped = true
    this.#token?.stop()
    const http = this.#http
    if (http === undefined) return
    this.#process.stop()
    const cut = this.#context.scheduler.after(1_000, () => http.cut())
    this.#watchers.stop()
    await http.stop()
    cut()
  }

  /** @param remotingPort - Of the server for brokers and clients. */
  routes(remotingPort: number): HttpRoute[] {
    const { nsAddrService, nsAddrList } = this.#context.configuration.values
    const { health, identity } = this.sources
    return [
      ...healthRoutes(health, identity),
      ...(nsAddrService ? addressService({ addresses: addressesOf(nsAddrList), remotingPort }) : []),
      this.#watchers.route,
      metricsRoute(this.#metrics),
      apiRoute(this.inspector),
      ...pageRoutes(readBuiltPage()),
    ]
  }

  #createServer(
    { remotingPort, maxConnections, anyPort, moreRoutes = [] }: HttpStart,
    tls: SecureContextOptions | undefined,
  ): HttpServer {
    const { audit, configuration, throttle } = this.#httpContext
    const { httpListenPort, httpBindAddress, httpAllowedHosts } = configuration.values
    const routes = [...moreRoutes, ...this.routes(remotingPort)]
    return new HttpServer({
      bindAddress: withoutBrackets(httpBindAddress),
      listenPort: anyPort ? 0 : httpListenPort,
      tls,
      maxConnections,
      guard: new RequestGuard({
        token: () => this.#token?.value,
        denialOf: (path, peer) => this.#denialOf(path, { peer, isTls: tls !== undefined }),
        allowedHosts: httpAllowedHosts
          .split(',')
          .map((host) => host.trim())
          .filter((host) => host !== ''),
        isOpen: (path) => routeOf(routes, path)?.isOpen === true,
        needsToken: (path) => routeOf(routes, path)?.needsToken ?? true,
      }),
      handle: handleBy(routes),
      onRejected: (peer, { status, rule, reason }) => {
        throttle.log('warn', 'HTTP request rejected', { peer, status, reason })
        // As at the other port, the rejection of a malformed request is not an access decision.
        if (rule !== undefined) audit.write(rejectionEntry(rule, reason, { peer, isTls: tls !== undefined }))
      },
      onFailure: (peer, path, error) =>
        logInternalError(this.#httpContext, `HTTP request ${path} failed`, peer, error),
      onResponse: (path, status) => this.#count(labelOf(routes, path), status),
    })
  }

  /** Requests without a token are anonymous. `/metrics` is open: Prometheus is on another machine, often without a token. */
  #denialOf(path: string, by: Origin): { readonly rule: string; readonly reason: string } | undefined {
    const { policy } = this.sources.access()
    if (path === '/metrics' || policy.mode === 'off') return undefined
    const host = hostOf(by.peer)
    const { isAllowed, rule } = policy.decide({ identity: undefined, host, isTls: false }, INSPECT)
    if (isAllowed) return undefined
    const reason = `from ${host}, the group "inspect" is rejected by ${rule}; set httpTokenFile, or allow it in accessFile: docs/security.md#inspect`
    if (policy.mode !== 'audit') return { rule, reason }
    const { audit, throttle } = this.#httpContext
    throttle.log('warn', 'HTTP request would be rejected', { peer: by.peer, rule })
    audit.write(rejectionEntry(rule, reason, by, { isEnforced: false }))
    return undefined
  }

  #count(label: string, status: number): void {
    const { httpResponses } = this.#httpContext.counters
    const ofPath = httpResponses.get(label) ?? new Map<number, number>()
    httpResponses.set(label, ofPath.set(status, (ofPath.get(status) ?? 0) + 1))
  }
}

/** @param observed - The NameServer whose state is shown, if it is not this server. */
function identityOf({ clock, configuration }: NamesrvContext, observed: string | undefined): ServerIdentity {
  const { nodeId, listenPort } = configuration.values
  return {
    version: packageVersion(),
    commit: packageCommit(),
    protocolVersion: '5.5.0',
    nodeId: observed ?? (nodeId === '' ? `${hostname()}:${listenPort}` : nodeId),
    bootId: Date.now().toString(36),
    startedMs: clock.nowMs(),
  }
}
