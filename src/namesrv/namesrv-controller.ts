import type { Logger } from 'pino'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import { createProcessors } from '../processor/default-request-processor.ts'
import { RegistrationMemory } from '../processor/registration-memory.ts'
import type { RequestContext } from '../protocol/processor.ts'
import { type RemotingCommand, SerializeType } from '../protocol/remoting-command.ts'
import type { Connect } from '../remoting/outgoing-connection.ts'
import type { RemotingClient } from '../remoting/remoting-client.ts'
import { RemotingServer } from '../remoting/remoting-server.ts'
import { RequestDispatcher } from '../remoting/request-dispatcher.ts'
import { TrustedNetworks } from '../remoting/trusted-networks.ts'
import type { RouteEffect } from '../routeinfo/route-effect.ts'
import { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { Slicer } from '../routeinfo/slicer.ts'
import { Counters } from '../stats/counters.ts'
import { RecentEvents } from '../stats/recent-events.ts'
import { BrokerHousekeepingService } from './broker-housekeeping-service.ts'
import type { BrokerProbe } from './broker-probe.ts'
import { createBrokerProbe } from './broker-probe-factory.ts'
import type { Configuration } from './config/configuration.ts'
import { ConfigUpdates } from './config-updates.ts'
import { type DescriptorShares, descriptorShares, watchFileDescriptors } from './file-descriptors.ts'
import { loadKVConfig } from './kv-config-file.ts'
import { type MinBrokerIdChange, MinBrokerIdNotifier } from './min-broker-id-notifier.ts'
import { outgoingConnect, plainConnect } from './outgoing-connect.ts'
import { LOOK_MS, type Overload } from './overload.ts'
import { createOverload } from './overload-factory.ts'
import { ProductEnvironment } from './product-environment.ts'
import { RateLimit } from './rate-limit.ts'
import { RefusalLog } from './refusal-log.ts'
import { createRemotingClient } from './remoting-client-factory.ts'
import { noteRouteEffect } from './route-events.ts'
import { RouteSnapshots } from './route-snapshots.ts'
import type { Clock, Scheduler } from './time.ts'
import { ServerTls } from './tls/server-tls.ts'
import { WakingTime } from './waking-time.ts'

/** What a NameServer is made of besides its own code. */
export interface NamesrvControllerOptions {
  readonly configuration: Configuration
  readonly logger: Logger
  readonly clock: Clock
  readonly scheduler: Scheduler
}

/** How long connections may take to close in a shutdown before they are cut, in milliseconds. */
const CLOSE_PATIENCE_MS = 5_000

/**
 * One NameServer: puts tables, processors, sockets, time and files together and runs their life.
 * @see NamesrvController in apache/rocketmq
 */
export class NamesrvController {
  /** What it has done since it was made. */
  readonly counters = new Counters()
  /** What has happened lately. */
  readonly events = new RecentEvents()
  readonly #options: NamesrvControllerOptions
  readonly #time: WakingTime
  /** The clock below that, which does not leave out what the server was too late for. */
  readonly #machineClock: Clock
  readonly #refusals: RefusalLog
  readonly #routeInfo: RouteInfoManager
  readonly #errorLimit: RateLimit
  readonly #tls: ServerTls
  readonly #descriptors: DescriptorShares | undefined
  readonly #client: RemotingClient
  #connect: Connect = plainConnect
  readonly #notifier: MinBrokerIdNotifier
  readonly #housekeeping: BrokerHousekeepingService
  /** Undefined if routes are not kept. */
  readonly #snapshots: RouteSnapshots | undefined
  readonly #probe: BrokerProbe | undefined
  #dispatcher: RequestDispatcher | undefined
  #server: RemotingServer | undefined
  #started = false
  #shuttingDown = false
  #product: ProductEnvironment | undefined
  #endScans: (() => void) | undefined
  #endDescriptorWatch: (() => void) | undefined
  #endLooks: (() => void) | undefined

  constructor(options: NamesrvControllerOptions) {
    const { configuration, logger } = options
    this.#machineClock = options.clock
    this.#time = new WakingTime(options.clock, options.scheduler, (ms) => this.#onStandstill(ms))
    this.#options = { configuration, logger, clock: this.#time, scheduler: this.#time }
    const { clock, scheduler } = this.#options
    const { counters, events } = this
    const { values } = configuration
    this.#refusals = new RefusalLog({ counters, events, logger, nowMs: () => clock.nowMs() })
    this.#errorLimit = this.#rateLimit()
    this.#tls = new ServerTls(this.#options)
    this.#descriptors = descriptorShares(values.clientMaxConnections)
    this.#client = createRemotingClient(
      { ...values, clientMaxConnections: this.#descriptors?.own ?? values.clientMaxConnections },
      (address, onReady) => this.#connect(address, onReady),
      clock,
      scheduler,
      (bound, address, why) => this.#refusals.refused(bound, address, why),
    )
    this.#notifier = new MinBrokerIdNotifier(this.#client, logger, this.#rateLimit())
    this.#routeInfo = new RouteInfoManager({
      slicer: this.#slicer(),
      onEffect: (effect) => this.#onEffect(effect),
      onClosedMeanwhile: (channelId) => this.#housekeeping.onClosed(channelId),
      maxWaiters: values.maxWaitingRequests,
      maxEncodedRouteBytes: values.encodedRouteMaxBytes,
      unRegisterBrokerQueueCapacity: values.unRegisterBrokerQueueCapacity,
      bounds: values,
      counters,
    })
    this.#housekeeping = new BrokerHousekeepingService({
      routeInfo: this.#routeInfo,
      logger,
      limit: this.#rateLimit(),
      defer: (task) => scheduler.defer(task),
      counters,
      events,
      refusals: this.#refusals,
      nowMs: () => clock.nowMs(),
      registrationRoundMs: values.registrationRoundMillis,
    })
    if (values.brokerProbe) {
      this.#probe = createBrokerProbe(
        { ...this.#options, counters, events },
        this.#routeInfo,
        this.#rateLimit(),
      )
    }
    this.#snapshots = this.#createSnapshots()
  }

  /** Whether new clients may be sent here: from the end of the start to the beginning of a shutdown. */
  get ready(): boolean {
    return this.#started && !this.#shuttingDown
  }

  /** Brokers whose registrations are being read at this moment. */
  get registering(): number {
    return this.#routeInfo.registering
  }

  /**
   * Loads the KV file and the routes of the server before, sets up TLS and listens.
   * @returns The address and port that are bound.
   * @throws {ConfigError} if the KV file cannot be read or a TLS setting cannot be used; the socket's error if the port cannot
   * be had.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const { configuration, clock, scheduler } = this.#options
    const { values } = configuration
    const kvBounds = { maxEntries: values.maxKVEntries, maxBytes: values.maxKVBytes }
    const kvConfig = loadKVConfig(values.kvConfigPath, values.maxWaitingChanges, kvBounds)
    this.#snapshots?.load()
    if (values.clusterTest) this.#product = new ProductEnvironment(values, this.#client, this.#options)
    const server = this.#createServer(kvConfig)
    await this.#tls.start()
    this.#connect = await outgoingConnect(configuration)
    const bound = await server.start()
    this.#server = server
    this.#time.start()
    this.#endDescriptorWatch = watchFileDescriptors(
      this.#options.logger,
      (error) => {
        const kind = error === undefined ? 'descriptors free' : 'descriptors used up'
        this.events.add(kind, '', error ?? '')
      },
      (periodMs, task) => scheduler.every(periodMs, task),
    )
    this.#product?.start()
    this.#snapshots?.start()
    this.#probe?.start()
    this.#endScans = scheduler.every(values.scanNotActiveBrokerInterval, () => this.#evict(clock.nowMs()))
    const overload = this.#overload()
    this.#endLooks = scheduler.every(LOOK_MS, () => overload.look())
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
    this.#endScans?.()
    this.#probe?.stop()
    this.#endDescriptorWatch?.()
    this.#tls.stop()
    // It is the server that leaves, not the brokers: they stay in the routes of those whose turn has not come, and in those that
    // are written.
    this.#housekeeping.keepBrokers()
    if (first) await this.#letClientsGo()
    await this.#withPatience(CLOSE_PATIENCE_MS, async (patience) => this.#server?.stop(patience))
    // Not before: an overload ends at one of the looks.
    this.#endLooks?.()
    this.#product?.stop()
    this.#client.close()
    this.#time.stop()
    await this.#saveRoutes()
  }

  /** A disk that hangs does not hold up the end. */
  async #saveRoutes(): Promise<void> {
    if (this.#snapshots === undefined) return
    let isSaved = false
    const saving = this.#snapshots.stop().then(() => {
      isSaved = true
    })
    await this.#withPatience(CLOSE_PATIENCE_MS, (patience) => Promise.race([saving, patience]))
    if (!isSaved) this.#options.logger.warn('the last route snapshot takes too long: the one before it stays')
  }

  /**
   * @see NettyRemotingServer#shutdown in apache/rocketmq, which turns away those that have come back, too, and always waits for
   * the whole time.
   */
  async #letClientsGo(): Promise<void> {
    const { configuration, logger } = this.#options
    const { enableShutdownGracefully, shutdownWaitTimeSeconds } = configuration.values
    const server = this.#server
    if (!enableShutdownGracefully || server === undefined) return
    const connections = server.connections
    logger.info({ connections, shutdownWaitTimeSeconds }, 'clients are asked to go elsewhere')
    await this.#withPatience(shutdownWaitTimeSeconds * 1_000, (patience) => server.drain(patience))
    logger.info({ connections: server.connections }, 'the time for that is over, or all have gone elsewhere')
  }

  async #withPatience(ms: number, work: (patience: Promise<void>) => Promise<void>): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => {
      cancel = this.#options.scheduler.after(ms, resolve)
    })
    await work(patience)
    cancel()
  }

  #rateLimit(): RateLimit {
    return new RateLimit(() => this.#options.clock.nowMs())
  }

  #slicer(): Slicer {
    const { clock, scheduler } = this.#options
    return new Slicer({ nowMs: () => clock.nowMs(), defer: (task) => scheduler.defer(task) })
  }

  #createSnapshots(): RouteSnapshots | undefined {
    const { configuration, logger, clock, scheduler } = this.#options
    const { routeSnapshotPath, routeSnapshotIntervalMillis, routeSnapshotGraceMillis } = configuration.values
    if (routeSnapshotPath === '') return undefined
    return new RouteSnapshots({
      path: routeSnapshotPath,
      intervalMs: routeSnapshotIntervalMillis,
      graceMs: routeSnapshotGraceMillis,
      maxAgeMs: configuration.values.routeSnapshotMaxAgeMillis,
      routeInfo: this.#routeInfo,
      slicer: this.#slicer(),
      dateMs: () => Date.now(),
      logger,
      counters: this.counters,
      events: this.events,
      clock,
      scheduler,
    })
  }

  #createServer(kvConfig: KVConfigManager): RemotingServer {
    const { configuration, clock, scheduler } = this.#options
    const { values } = configuration
    const maxFrameBytes = values['com.rocketmq.remoting.frameMaxLength']
    const processors = createProcessors({
      routeInfo: this.#routeInfo,
      kvConfig,
      slicer: this.#slicer(),
      settings: values,
      configuration: new ConfigUpdates(configuration, this.#options.logger, this.#rateLimit(), {
        onTaken: (peer, keys) => {
          this.counters.configurationUpdates++
          this.events.add('configuration changed', peer, keys.join(', '))
        },
        onTooLong: (peer, why) => this.#refusals.countOnly('maxConfigUpdateBytes', peer, why),
      }),
      startedMs: clock.nowMs(),
      maxRequestBodyBytes: values.maxRequestBodyBytes,
      maxInflatedBytes: values.maxInflatedBytes,
      maxRegistrationsInFlight: values.maxRegistrationsInFlight,
      product: this.#product?.nameServers,
      memory: new RegistrationMemory(values.registrationMemoryMaxBytes),
      counters: this.counters,
    })
    const dispatcher = new RequestDispatcher(
      processors,
      (error, request, context) => this.#onError(error, request, context),
      this.counters,
      (bound, detail, { code }, { channel }) =>
        this.#refusals.refused(bound, channel.remoteAddress, `request ${code}: ${detail}`),
    )
    this.#dispatcher = dispatcher
    return new RemotingServer({
      dispatcher,
      bindAddress: values.bindAddress,
      listenPort: values.listenPort,
      mostConnections: this.#descriptors?.accepted,
      maxFrameBytes,
      maxHeaderBytes: values.maxHeaderBytes,
      // 0 means never, as it does to Netty's IdleStateHandler.
      maxIdleMs: () => values.serverChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
      serializeType: SerializeType[values.serializeType],
      sharedReadBuffer: values.sharedReadBuffer,
      nowMs: () => clock.nowMs(),
      every: (periodMs, task) => scheduler.every(periodMs, task),
      defer: (task, leastMs) => scheduler.defer(task, leastMs),
      preface: {
        ...this.#tls.preface,
        tlsHandshakeTimeoutMs: values.tlsHandshakeTimeoutMillis,
        proxyTrustedNetworks: TrustedNetworks.of(values.proxyProtocolTrustedNetworks),
      },
      events: this.#housekeeping,
      counters: this.counters,
      bounds: {
        ...values,
        maxConnectionsPerAddress: values.maxConnectionsPerAddress || Number.POSITIVE_INFINITY,
      },
    })
  }

  #overload(): Overload {
    const { configuration, logger } = this.#options
    return createOverload({
      values: configuration.values,
      waitingRequests: () => this.#routeInfo.waiting,
      shed: (codes) => this.#dispatcher?.shed(codes),
      nowMs: () => this.#machineClock.nowMs(),
      counters: this.counters,
      events: this.events,
      logger,
    })
  }

  /** @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq */
  #evict(nowMs: number): void {
    this.#housekeeping.removeLostMeanwhile()
    const silent = this.#routeInfo.scanNotActiveBroker(nowMs)
    if (silent.length > 0) this.#routeInfo.evict(silent)
  }

  #onStandstill(ms: number): void {
    const stoodStillMs = Math.round(ms)
    this.counters.standstills++
    this.events.add('stood still', '', `for ${stoodStillMs} ms`)
    this.#options.logger.warn(
      { stoodStillMs },
      'the process stood still: nobody is taken for silent because of it',
    )
    this.#housekeeping.catchUp()
  }

  #onEffect(effect: RouteEffect): void {
    noteRouteEffect(effect, { counters: this.counters, events: this.events, logger: this.#options.logger })
    if (effect.kind === 'channel silent') this.#server?.closeChannel(effect.channelId)
    else if (effect.kind === 'min broker id changed') this.#onMinBrokerIdChanged(effect)
  }

  /** A member that leaves matters only to a group with an acting master. @see RouteInfoManager#unRegisterBroker */
  #onMinBrokerIdChanged(change: MinBrokerIdChange): void {
    const { configuration } = this.#options
    const { offlineBrokerAddr, enableActingMaster } = change
    // In a shutdown brokers leave us, not their group.
    if (!configuration.values.notifyMinBrokerIdChanged || this.#shuttingDown) return
    if (offlineBrokerAddr === null || enableActingMaster) this.#notifier.notify(change)
  }

  #onError(error: unknown, request: RemotingCommand, { channel }: RequestContext): void {
    this.counters.requestDefects++
    this.#errorLimit.run((suppressed) => {
      const what = `request ${request.code}: ${error}`
      this.events.add('defect', channel.remoteAddress, what)
      const fields = { err: error, code: request.code, peer: channel.remoteAddress, suppressed }
      this.#options.logger.error(fields, 'a request failed unexpectedly')
    })
  }
}
