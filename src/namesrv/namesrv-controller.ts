import type { Logger } from 'pino'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import type { Connect } from '../remoting/client/outgoing-connection.ts'
import type { RemotingClient } from '../remoting/client/remoting-client.ts'
import type { RemotingServer } from '../remoting/server/remoting-server.ts'
import type { RequestDispatcher } from '../remoting/server/request-dispatcher.ts'
import { Counters } from '../stats/counters.ts'
import { RecentEvents } from '../stats/recent-events.ts'
import { BrokerLiveness } from './brokers/broker-liveness.ts'
import type { Configuration } from './config/configuration.ts'
import { loadKVConfig } from './files/kv-config-file.ts'
import { removeLeftovers } from './files/leftovers.ts'
import type { RouteSnapshots } from './files/route-snapshots.ts'
import { createRouteSnapshots } from './files/route-snapshots-factory.ts'
import { type DescriptorShares, descriptorShares, watchFileDescriptors } from './limits/file-descriptors.ts'
import { createOverload, LOOK_MS } from './limits/overload.ts'
import { createNamesrvContext, type NamesrvContext } from './namesrv-context.ts'
import { outgoingConnect, plainConnect } from './outgoing/outgoing-connect.ts'
import { createRemotingClient } from './outgoing/remoting-client-factory.ts'
import { ProductEnvironment } from './product-environment/product-environment.ts'
import { createRemotingServer } from './remoting-server-factory.ts'
import { createRequestDispatcher } from './request-dispatcher-factory.ts'
import { closeConnections, letClientsGo, saveRoutes } from './shutdown-steps.ts'
import { stateDump } from './state-dump.ts'
import type { Clock, Scheduler } from './time.ts'
import { ServerTls } from './tls/server-tls.ts'
import { WakingTime } from './waking-time.ts'

/** What a NameServer is made of besides its own code. */
export interface NamesrvControllerOptions {
  readonly configuration: Configuration
  readonly logger: Logger
  readonly clock: Clock
  readonly scheduler: Scheduler
  /** How the file descriptors are shared. Default: {@link descriptorShares}, from the limit of this process. */
  readonly descriptors?: DescriptorShares
}

/**
 * One NameServer: puts tables, requests, sockets, time and files together and runs their life.
 * @see NamesrvController in apache/rocketmq
 */
export class NamesrvController {
  /** What it has done since it was made. */
  readonly counters = new Counters()
  /** What has happened lately. */
  readonly events = new RecentEvents()
  readonly #context: NamesrvContext
  readonly #time: WakingTime
  /** The clock below that, which does not leave out what the server was too late for. */
  readonly #machineClock: Clock
  readonly #tls: ServerTls
  readonly #descriptors: DescriptorShares | undefined
  readonly #client: RemotingClient
  #connect: Connect = plainConnect
  readonly #routes: BrokerLiveness
  /** Undefined if routes are not kept. */
  readonly #snapshots: RouteSnapshots | undefined
  #product: ProductEnvironment | undefined
  #server: RemotingServer | undefined
  #kvConfig: KVConfigManager | undefined
  #started = false
  #shuttingDown = false
  #endDescriptorWatch: (() => void) | undefined
  #endLooks: (() => void) | undefined

  constructor(options: NamesrvControllerOptions) {
    this.#machineClock = options.clock
    this.#time = new WakingTime(options.clock, options.scheduler, (ms) => this.#routes.onStandstill(ms))
    this.#context = createNamesrvContext({
      ...options,
      clock: this.#time,
      scheduler: this.#time,
      counters: this.counters,
      events: this.events,
    })
    this.#tls = new ServerTls(this.#context)
    this.#descriptors =
      options.descriptors ?? descriptorShares(options.configuration.values.clientMaxConnections)
    this.#client = createRemotingClient(
      this.#context,
      (address, onReady) => this.#connect(address, onReady),
      this.#descriptors?.own,
    )
    this.#routes = new BrokerLiveness(this.#context, {
      client: this.#client,
      closeChannel: (channelId) => this.#server?.closeChannel(channelId),
    })
    this.#snapshots = createRouteSnapshots(this.#context, this.#routes.routeInfo)
  }

  /** Whether new clients may be sent here: from the end of the start to the beginning of a shutdown. */
  get ready(): boolean {
    return this.#started && !this.#shuttingDown
  }

  /** Brokers whose registrations are being read at this moment. */
  get registering(): number {
    return this.#routes.routeInfo.registering
  }

  /** The state of the server as plain values: sizes, counters and recent events, and nothing secret. */
  state(): Record<string, unknown> {
    return stateDump({
      routeInfo: this.#routes.routeInfo,
      counters: this.counters,
      events: this.events,
      client: this.#client,
      server: this.#server,
      kvConfig: this.#kvConfig,
    })
  }

  /**
   * Loads the KV file and the routes of the server before, sets up TLS and listens.
   * @returns The address and port that are bound.
   * @throws {ConfigError} if the KV file cannot be read or a TLS setting cannot be used; the socket's error if the port cannot
   * be had.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const dispatcher = this.#loadTables()
    const server = createRemotingServer(this.#context, {
      dispatcher,
      events: this.#routes.housekeeping,
      tls: this.#tls.preface,
      maxConnectionsByOpenFiles: this.#descriptors?.accepted,
    })
    await this.#tls.start()
    this.#connect = await outgoingConnect(this.#context.configuration, this.#context.logger)
    const bound = await server.start()
    this.#removeLeftovers()
    this.#server = server
    this.#startWatching(dispatcher)
    this.#started = true
    return bound
  }

  /**
   * Is not {@link ready} any more. With `enableShutdownGracefully`, the first call then tells those that are connected and
   * understand it to go away, serves all others, and waits until none of those connections is left or
   * `shutdownWaitTimeSeconds` are over. After that it stops accepting, closes all connections a few at a time, each when it has
   * been answered, and frees the port, within six seconds, and writes the routes, within five more. Whoever is connected until
   * then finds every route.
   */
  async shutdown(): Promise<void> {
    const first = !this.#shuttingDown
    this.#shuttingDown = true
    this.#routes.stop()
    this.#endDescriptorWatch?.()
    this.#tls.stop()
    if (first && this.#server !== undefined) await letClientsGo(this.#server, this.#context)
    if (this.#server !== undefined) await closeConnections(this.#server, this.#context)
    // Not before: an overload ends at one of the looks.
    this.#endLooks?.()
    this.#product?.stop()
    this.#client.close()
    this.#context.throttle.end()
    this.#time.stop()
    if (this.#snapshots !== undefined) await saveRoutes(this.#snapshots, this.#context)
  }

  /** What was kept on the disk, and the requests on it. */
  #loadTables(): RequestDispatcher {
    const { configuration, logger } = this.#context
    const { values } = configuration
    const kvBounds = { maxEntries: values.maxKVEntries, maxBytes: values.maxKVBytes }
    this.#kvConfig = loadKVConfig(values.kvConfigPath, values.maxWaitingChanges, kvBounds, logger)
    this.#snapshots?.load()
    if (values.clusterTest) this.#product = new ProductEnvironment(values, this.#client, this.#context)
    return createRequestDispatcher(this.#context, {
      routeInfo: this.#routes.routeInfo,
      kvConfig: this.#kvConfig,
      product: this.#product?.nameServers,
    })
  }

  /** What a process that was killed has left beside the files of this server. */
  #removeLeftovers(): void {
    const { configuration, logger } = this.#context
    const { kvConfigPath, configStorePath, routeSnapshotPath } = configuration.values
    const files = removeLeftovers(
      [kvConfigPath, configStorePath, routeSnapshotPath].filter((path) => path !== ''),
    )
    if (files.length > 0) logger.info({ files }, 'temporary files of an interrupted write removed')
  }

  /** Begins with all that goes on by itself while requests are served. */
  #startWatching(dispatcher: RequestDispatcher): void {
    this.#time.start()
    this.#endDescriptorWatch = watchFileDescriptors(this.#context)
    this.#product?.start()
    this.#snapshots?.start()
    this.#routes.start()
    const overload = createOverload(this.#context, {
      waitingRequests: () => this.#routes.routeInfo.waiting,
      requestBytesInProgress: () => this.#server?.requestBytesInProgress ?? 0,
      shed: (codes) => dispatcher.shed(codes),
      nowMs: () => this.#machineClock.nowMs(),
    })
    this.#endLooks = this.#time.every(LOOK_MS, () => overload.look())
  }
}
