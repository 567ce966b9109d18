import { Gate } from '../access/gate.ts'
import type { Policy } from '../access/policy.ts'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import { lookupProcessor } from '../processor/client-request-processor.ts'
import { DefaultRequestProcessor } from '../processor/default-request-processor.ts'
import { RegistrationCache } from '../processor/registration-cache.ts'
import { originOf, type Processor } from '../protocol/processor.ts'
import { SerializeType } from '../protocol/remoting-command.ts'
import { RequestCode } from '../protocol/request-code.ts'
import type { Connect } from '../remoting/client/outgoing-connection.ts'
import { RemotingClient } from '../remoting/client/remoting-client.ts'
import { TrustedNetworks } from '../remoting/server/proxy-header.ts'
import { RemotingServer } from '../remoting/server/remoting-server.ts'
import { RequestDispatcher } from '../remoting/server/request-dispatcher.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import { AccessPolicy } from './access/access-policy.ts'
import { BrokerLiveness } from './brokers/broker-liveness.ts'
import { ClusterTestMode } from './cluster-test/cluster-test-mode.ts'
import { withoutBrackets } from './config/check-value.ts'
import { recountDigest } from './digest-recount.ts'
import { removeLeftovers } from './files/atomic-file.ts'
import { loadKVConfig } from './files/kv-config-file.ts'
import { RouteSnapshots } from './files/route-snapshots.ts'
import { Inspection } from './inspection.ts'
import { type DescriptorShares, descriptorShares, watchFileDescriptors } from './limits/file-descriptors.ts'
import { limitUses } from './limits/limit-uses.ts'
import { CHECK_INTERVAL_MS, Overload } from './limits/overload.ts'
import { LiveConfiguration } from './live-configuration.ts'
import { createAccessLog } from './logs/access-log.ts'
import { rejectionEntry } from './logs/audit-entries.ts'
import { subjectOf } from './logs/audit-log.ts'
import { createConnectionLog } from './logs/connection-log.ts'
import { createProcessorEvents } from './logs/processor-events.ts'
import { logInternalError, logRateLetPass, logRejection } from './logs/request-log.ts'
import {
  createNamesrvContext,
  type NamesrvContext,
  type NamesrvEnvironment,
  timeOf,
} from './namesrv-context.ts'
import { outgoingConnect, plainConnect } from './outgoing-connect.ts'
import { PauseDetector } from './pause-detector.ts'
import { comparableConfig, comparisonsOf, Peers } from './peers/peers.ts'
import { Readiness } from './readiness.ts'
import { SelfProbe } from './self-probe.ts'
import { closeConnections, drainClients, writeLastSnapshot } from './shutdown-steps.ts'
import { stateDump } from './state-dump.ts'
import { ServerTls } from './tls/server-tls.ts'

/** What a NameServer needs from the program that runs it. */
export interface NamesrvControllerOptions extends NamesrvEnvironment {
  /** How the file descriptors are shared. Default: {@link descriptorShares}, from the limit of this process. */
  readonly descriptors?: DescriptorShares
  /** Whether the HTTP server takes any free port in place of `httpListenPort`. Default: false. */
  readonly httpOnAnyPort?: boolean
}

/**
 * One NameServer: creates its parts, starts them and shuts them down.
 * @see NamesrvController in apache/rocketmq
 */
export class NamesrvController {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly #context: NamesrvContext
  readonly #pauses: PauseDetector
  readonly #readiness: Readiness
  readonly #tls: ServerTls
  readonly #descriptors: DescriptorShares | undefined
  readonly #client: RemotingClient
  #connect: Connect = plainConnect
  readonly #access: AccessPolicy
  /** Of the policy in effect. */
  #gate: Gate
  readonly #liveness: BrokerLiveness
  /** Undefined if `routeSnapshotPath` is empty. */
  readonly #snapshots: RouteSnapshots | undefined
  #clusterTest: ClusterTestMode | undefined
  #server: RemotingServer | undefined
  #kvConfig: KVConfigManager | undefined
  #inspection: Inspection | undefined
  /** Serves lookups without logging those without a route. */
  #ownLookup: Processor | undefined
  /** Undefined if the HTTP server, which shows what it finds, is off. */
  #selfProbe: SelfProbe | undefined
  #peers: Peers | undefined
  readonly #httpOnAnyPort: boolean
  #shuttingDown = false
  #endChecks: (() => void)[] = []

  constructor(options: NamesrvControllerOptions) {
    this.#pauses = new PauseDetector(options.clock, options.scheduler, (pausedMs) => {
      this.#liveness.onPause(pausedMs)
      this.#server?.extendIdleTimes(pausedMs)
    })
    this.#context = createNamesrvContext({ ...options, scheduler: this.#pauses })
    this.#httpOnAnyPort = options.httpOnAnyPort ?? false
    this.counters = this.#context.counters
    this.events = this.#context.events
    this.#access = new AccessPolicy(this.#context)
    this.#gate = this.#gateOf(this.#access.current)
    this.#tls = new ServerTls(this.#context)
    this.#descriptors = options.descriptors ?? descriptorShares(options.configuration.values)
    this.#client = this.#createClient()
    this.#liveness = new BrokerLiveness(this.#context, this.#client, this.#access, (channelId) =>
      this.#server?.closeChannel(channelId),
    )
    this.#readiness = new Readiness(this.#context, () => this.#liveness.routeInfo.isRestored)
    if (options.configuration.values.routeSnapshotPath !== '') {
      this.#snapshots = new RouteSnapshots(this.#context, this.#liveness.routeInfo)
    }
  }

  /** Whether new clients may be sent here: all checks of `/readyz` hold. */
  get ready(): boolean {
    return this.#readiness.ready
  }

  /** The state of the server as plain values: sizes, counters and recent events, and nothing secret. */
  state(): Record<string, unknown> {
    return stateDump(this.#context, this.#liveness.routeInfo, this.#client, this.#server, this.#kvConfig)
  }

  /**
   * Loads the access file, the KV file and the route snapshot, sets up TLS and listens.
   * @returns The address and port that are bound, the HTTP port, if it is served, and what the server shows of itself.
   * @throws {ConfigError} (rejects) if the access file cannot be used, the KV file cannot be read or a TLS setting cannot be used.
   * @throws (rejects) The socket's error if the port, or with `httpRequired` the HTTP port, cannot be bound.
   */
  async start(): Promise<{
    readonly address: string
    readonly port: number
    readonly httpPort: number | undefined
    readonly inspection: Inspection
  }> {
    const { configuration, logger } = this.#context
    await this.#context.audit.start()
    await this.#access.start()
    const { dispatcher, inspection } = this.#loadState()
    const server = this.#createServer(dispatcher)
    // Before it listens, so that a shutdown after a start that failed closes it.
    this.#server = server
    await this.#tls.start()
    this.#connect = await outgoingConnect(configuration, logger)
    const bound = await server.start()
    const http = await this.#startHttp(inspection, server, bound.port)
    this.#removeLeftovers()
    this.#startTasks(dispatcher)
    if (configuration.values.httpListenPort !== 0) this.#startSelfProbe(server)
    this.#readiness.onStarted()
    return { ...bound, httpPort: http?.port, inspection }
  }

  /** Reads the access file again. */
  reload(): void {
    this.#context.audit.reopen()
    this.#access.reload()
  }

  #startSelfProbe(server: RemotingServer): void {
    if (this.#ownLookup === undefined) return
    const probe = new SelfProbe(
      this.#context,
      server,
      this.#ownLookup,
      () => this.#liveness.routeInfo.anyTopic,
    )
    this.#readiness.add('selfProbe', () => probe.problem)
    this.#selfProbe = probe
    probe.start()
  }

  async #startHttp(inspection: Inspection, server: RemotingServer, remotingPort: number) {
    const { httpMaxConnections } = this.#context.configuration.values
    try {
      return await inspection.start({
        remotingPort,
        tls: this.#tls,
        maxConnections: Math.min(httpMaxConnections, this.#descriptors?.http ?? httpMaxConnections),
        anyPort: this.#httpOnAnyPort,
      })
    } catch (error) {
      this.#tls.stop()
      await server.stop(Promise.resolve())
      throw error
    }
  }

  /**
   * Ends {@link ready}. With `enableShutdownGracefully`, sends GO_AWAY to the connected clients that understand it, serves all
   * others, and waits until those clients have left, at most `shutdownWaitTimeSeconds`. Then stops accepting, closes the connections
   * gradually, each after the response to its request, and frees the port, within six seconds. Finally writes the route snapshot,
   * within five more, and ends the HTTP server, within one. Clients that are still connected see every route.
   */
  async shutdown(): Promise<void> {
    const first = !this.#shuttingDown
    this.#shuttingDown = true
    this.#readiness.onShutdown()
    this.#liveness.stop()
    this.#inspection?.endFindings()
    this.#selfProbe?.stop()
    this.#access.stop()
    this.#tls.stop()
    if (first && this.#server !== undefined) await drainClients(this.#server, this.#context)
    if (this.#server !== undefined) await closeConnections(this.#server, this.#context)
    // Kept until here: an overload that began before is still reported as over.
    for (const end of this.#endChecks) end()
    this.#clusterTest?.stop()
    this.#peers?.stop()
    this.#client.close()
    this.#pauses.stop()
    if (this.#snapshots !== undefined) await writeLastSnapshot(this.#snapshots, this.#context)
    // Last, so that probes see a server that is alive but not ready for as long as it works.
    await this.#inspection?.stop()
    this.#context.audit.stop()
    this.#context.throttle.end()
  }

  /** The client for requests to brokers and other NameServers. */
  #createClient(): RemotingClient {
    const { values } = this.#context.configuration
    return new RemotingClient({
      ...timeOf(this.#context),
      connect: (address, onReady) => this.#connect(address, onReady),
      connectTimeoutMs: values.connectTimeoutMillis,
      // 0 means never, as in Netty's IdleStateHandler.
      maxIdleMs: values.clientChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
      closeIfTimeout: values.clientCloseSocketIfTimeout,
      maxConnections: this.#descriptors?.own ?? values.clientMaxConnections,
      maxQueuedBytes: values.clientMaxQueuedBytes,
      maxOneways: values.clientOnewaySemaphoreValue,
      maxRequests: values.clientAsyncSemaphoreValue,
      maxFrameBytes: values['com.rocketmq.remoting.frameMaxLength'],
      serializeType: SerializeType[values.serializeType],
      onRejected: ({ limit, message }, address) => logRejection(this.#context, limit, address, message),
    })
  }

  /** Loads what is on the disk. `waitSecondsForService` counts from here. */
  #loadState(): { readonly dispatcher: RequestDispatcher; readonly inspection: Inspection } {
    const { configuration, clock, slicer, counters } = this.#context
    const { values } = configuration
    this.#kvConfig = loadKVConfig(this.#context)
    this.#snapshots?.load()
    if (values.clusterTest) this.#clusterTest = new ClusterTestMode(this.#context, this.#client)
    const { routeInfo } = this.#liveness
    const kvConfig = this.#kvConfig
    const compared = { routeInfo, kvConfig, comparableConfig: () => comparableConfig(configuration) }
    this.#peers = new Peers(this.#context, comparisonsOf(this.#context, this.#client, compared))
    const lookups = { routeInfo, kvConfig, settings: values, startedMs: clock.nowMs() }
    const quietLookups = { ...lookups, onNoRoute: () => {} }
    this.#ownLookup = lookupProcessor(quietLookups, undefined)
    const inspection = new Inspection(this.#context, {
      ...compared,
      peers: this.#peers,
      limits: () =>
        limitUses(this.#context, {
          routeInfo,
          kvConfig,
          client: this.#client,
          server: this.#server,
          clusterTest: this.#clusterTest,
          descriptors: this.#descriptors,
        }),
      snapshotAgeMs: () => this.#snapshots?.ageMs,
      health: this.#readiness,
      connections: {
        open: () => this.#server?.openConnections() ?? [],
        closed: () => this.#server?.closedConnections() ?? [],
      },
      processLookup: lookupProcessor(quietLookups, this.#clusterTest),
      suspicionOf: (clusterName, brokerAddr) => this.#liveness.suspicionOf(clusterName, brokerAddr),
      certificates: () => this.#tls.certificates,
      access: () => this.#access.state,
      rates: () => this.#gate.rates.excesses,
    })
    this.#inspection = inspection
    const { processors } = new DefaultRequestProcessor({
      ...lookups,
      slicer,
      configuration: new LiveConfiguration(this.#context),
      inspection: inspection.inspector,
      connections: {
        close: (id, address, sender) => {
          const isClosed = this.#server?.closeNamed(id, address, sender) ?? false
          if (isClosed) this.#liveness.housekeeping.onClosedByOperator(id)
          return isClosed
        },
      },
      product: this.#clusterTest,
      registrations: new RegistrationCache(values.registrationMemoryMaxBytes),
      counters,
      ...createProcessorEvents(this.#context),
    })
    this.#gate = this.#gateOf(this.#access.current)
    const dispatcher = new RequestDispatcher(
      this.#gate.guarded(processors),
      (error, { code }, { channel }) => {
        counters.requestInternalErrors++
        logInternalError(this.#context, 'request failed', channel.remoteAddress, error, { code })
      },
      counters,
      ({ limit, message }, { code, extFields }, sender) => {
        const by = originOf(code, sender)
        logRejection(this.#context, limit, by.peer, `request ${code}: ${message}`, by.identity?.name)
        // What the processor of registrations rejects it has reported, with the broker's name.
        if (code !== RequestCode.REGISTER_BROKER || limit.startsWith('rates.'))
          this.#context.audit.write(rejectionEntry(limit, message, by, { over: subjectOf(extFields) }))
      },
    )
    this.#access.onChange((policy) => {
      this.#gate = this.#gateOf(policy, this.#gate)
      dispatcher.serve(this.#gate.guarded(processors))
    })
    return { dispatcher, inspection }
  }

  #gateOf(policy: Policy, previous?: Gate): Gate {
    return new Gate(policy, createAccessLog(this.#context), previous)
  }

  /** The server for brokers and clients. */
  #createServer(dispatcher: RequestDispatcher): RemotingServer {
    const { values } = this.#context.configuration
    return new RemotingServer({
      ...timeOf(this.#context),
      dispatcher,
      bindAddress: withoutBrackets(values.bindAddress),
      listenPort: values.listenPort,
      maxConnectionsByOpenFiles: this.#descriptors?.accepted,
      maxFrameBytes: values['com.rocketmq.remoting.frameMaxLength'],
      maxHeaderBytes: values.maxHeaderBytes,
      // 0 means never, as in Netty's IdleStateHandler.
      maxIdleMs: () => values.serverChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
      serializeType: SerializeType[values.serializeType],
      sharedReadBuffer: values.sharedReadBuffer,
      handshake: {
        ...this.#tls.handshakeOptions,
        tlsHandshakeTimeoutMs: values.tlsHandshakeTimeoutMillis,
        proxyTrustedNetworks: new TrustedNetworks(values.proxyProtocolTrustedNetworks),
      },
      events: {
        ...createConnectionLog(this.#context),
        onChannelClose: (channel) => this.#liveness.housekeeping.onChannelClose(channel),
      },
      counters: this.counters,
      durations: this.#context.durations.requests,
      rates: {
        excess: (kind, { host, remoteAddress: peer }, nowMs) => {
          const excess = this.#gate.rates.ofConnection(kind, host, nowMs)
          if (excess === undefined || excess.isEnforced) return excess?.error
          logRateLetPass(this.#context, excess.error, { peer })
          return undefined
        },
      },
      limits: {
        ...values,
        maxConnectionsPerAddress: values.maxConnectionsPerAddress || Number.POSITIVE_INFINITY,
      },
    })
  }

  /** Removes the temporary files of a process that was killed while it wrote. */
  #removeLeftovers(): void {
    const { configuration, logger } = this.#context
    const { kvConfigPath, configStorePath, routeSnapshotPath } = configuration.values
    const files = removeLeftovers(
      [kvConfigPath, configStorePath, routeSnapshotPath].filter((path) => path !== ''),
    )
    if (files.length > 0) logger.info({ files }, 'temporary files of an interrupted write removed')
  }

  /** Starts everything that runs periodically while requests are served. */
  #startTasks(dispatcher: RequestDispatcher): void {
    this.#pauses.start()
    this.#clusterTest?.start()
    this.#snapshots?.start()
    this.#liveness.start()
    this.#peers?.start()
    this.#inspection?.startFindings()
    const overload = new Overload(this.#context, {
      requestBytesInProgress: () => this.#server?.requestBytesInProgress ?? 0,
      waitingRequests: () => this.#liveness.routeInfo.waiting,
      shed: (codes) => dispatcher.shed(codes),
    })
    this.#endChecks = [
      watchFileDescriptors(this.#context),
      recountDigest(this.#context, this.#liveness.routeInfo),
      this.#context.scheduler.every(CHECK_INTERVAL_MS, () => overload.check()),
    ]
  }
}
