import type { Logger } from 'pino'
import type { KVConfigManager } from '../kvconfig/kv-config-manager.ts'
import { createProcessors } from '../processor/default-request-processor.ts'
import { RegistrationMemory } from '../processor/registration-memory.ts'
import type { RequestContext } from '../protocol/processor.ts'
import { type RemotingCommand, SerializeType } from '../protocol/remoting-command.ts'
import { RemotingServer } from '../remoting/remoting-server.ts'
import { RequestDispatcher } from '../remoting/request-dispatcher.ts'
import type { RouteEffect } from '../routeinfo/route-effect.ts'
import { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import { Slicer } from '../routeinfo/slicer.ts'
import { BrokerHousekeepingService } from './broker-housekeeping-service.ts'
import type { Configuration } from './config/configuration.ts'
import { loadKVConfig } from './kv-config-file.ts'
import { RateLimit } from './rate-limit.ts'
import type { Clock, Scheduler } from './time.ts'

/** What a NameServer is made of besides its own code. */
export interface NamesrvControllerOptions {
  readonly configuration: Configuration
  readonly logger: Logger
  readonly clock: Clock
  readonly scheduler: Scheduler
}

/** How long connections may take to close in a shutdown before they are cut, in milliseconds. */
const CLOSE_PATIENCE_MS = 5_000

/** A compressed registration may grow to four times the largest frame: 64 MiB with the default frame limit. */
const INFLATED_FRAMES = 4

/**
 * One NameServer: puts tables, processors, sockets, time and files together and runs their life.
 * @see NamesrvController in apache/rocketmq
 */
export class NamesrvController {
  readonly #options: NamesrvControllerOptions
  readonly #routeInfo: RouteInfoManager
  readonly #errorLimit: RateLimit
  #server: RemotingServer | undefined
  #endScans: (() => void) | undefined

  constructor(options: NamesrvControllerOptions) {
    this.#options = options
    const { configuration, clock } = options
    this.#errorLimit = new RateLimit(() => clock.nowMs())
    this.#routeInfo = new RouteInfoManager({
      slicer: this.#slicer(),
      onEffect: (effect) => this.#onEffect(effect),
      maxEncodedRouteBytes: configuration.values.encodedRouteMaxBytes,
      unRegisterBrokerQueueCapacity: configuration.values.unRegisterBrokerQueueCapacity,
    })
  }

  /**
   * Loads the KV file and listens.
   * @returns The address and port that are bound.
   * @throws {ConfigError} if the KV file cannot be read; the socket's error if the port cannot be had.
   */
  async start(): Promise<{ readonly address: string; readonly port: number }> {
    const { configuration, clock, scheduler } = this.#options
    const { values } = configuration
    const server = this.#createServer(loadKVConfig(values.kvConfigPath))
    const bound = await server.start()
    this.#server = server
    this.#endScans = scheduler.every(values.scanNotActiveBrokerInterval, () => this.#evict(clock.nowMs()))
    return bound
  }

  /** Stops accepting, answers what is being worked on, closes all connections and frees the port; within six seconds. */
  async shutdown(): Promise<void> {
    this.#endScans?.()
    let cancel: (() => void) | undefined
    const patience = new Promise<void>((resolve) => {
      cancel = this.#options.scheduler.after(CLOSE_PATIENCE_MS, resolve)
    })
    await this.#server?.stop(patience)
    cancel?.()
  }

  #slicer(): Slicer {
    const { clock, scheduler } = this.#options
    return new Slicer({ nowMs: () => clock.nowMs(), defer: (task) => scheduler.defer(task) })
  }

  #createServer(kvConfig: KVConfigManager): RemotingServer {
    const { configuration, logger, clock, scheduler } = this.#options
    const { values } = configuration
    const maxFrameBytes = values['com.rocketmq.remoting.frameMaxLength']
    const processors = createProcessors({
      routeInfo: this.#routeInfo,
      kvConfig,
      slicer: this.#slicer(),
      settings: values,
      startedMs: clock.nowMs(),
      maxInflatedBytes: INFLATED_FRAMES * maxFrameBytes,
      memory: new RegistrationMemory(values.registrationMemoryMaxBytes),
    })
    return new RemotingServer({
      dispatcher: new RequestDispatcher(processors, (error, request, context) =>
        this.#onError(error, request, context),
      ),
      bindAddress: values.bindAddress,
      listenPort: values.listenPort,
      maxFrameBytes,
      // 0 means never, as it does to Netty's IdleStateHandler.
      maxIdleMs: () => values.serverChannelMaxIdleTimeSeconds * 1_000 || Number.POSITIVE_INFINITY,
      serializeType: SerializeType[values.serializeType],
      sharedReadBuffer: values.sharedReadBuffer,
      nowMs: () => clock.nowMs(),
      every: (periodMs, task) => scheduler.every(periodMs, task),
      events: new BrokerHousekeepingService(
        this.#routeInfo,
        logger,
        new RateLimit(() => clock.nowMs()),
        (task) => scheduler.defer(task),
      ),
    })
  }

  /** @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq */
  #evict(nowMs: number): void {
    const silent = this.#routeInfo.scanNotActiveBroker(nowMs)
    if (silent.length === 0) return
    this.#routeInfo.evict(silent)
    for (const { channelId } of silent) this.#server?.closeChannel(channelId)
  }

  #onEffect(effect: RouteEffect): void {
    const { logger } = this.#options
    switch (effect.kind) {
      case 'broker registered': {
        const { broker, haServerAddr, topics } = effect
        logger.info({ ...broker, brokerId: `${broker.brokerId}`, haServerAddr, topics }, 'broker registered')
        return
      }
      case 'registration ignored': {
        const { broker, currentAddr } = effect
        const fields = { ...broker, brokerId: `${broker.brokerId}`, currentAddr }
        logger.warn(
          fields,
          'registration ignored: the broker that has this id is further in its state version',
        )
        return
      }
      case 'broker unregistered':
        logger.info({ ...effect.broker, reason: effect.reason }, UNREGISTERED[effect.reason])
        return
      case 'removal fenced':
        logger.info(
          { ...effect.broker, reason: effect.reason },
          'removal skipped: the broker has been heard from since',
        )
        return
      case 'min broker id changed':
        logger.debug({ brokerName: effect.brokerName }, 'smallest broker id changed')
        return
      default:
        effect satisfies never
    }
  }

  #onError(error: unknown, request: RemotingCommand, { channel }: RequestContext): void {
    this.#errorLimit.run((suppressed) => {
      const fields = { err: error, code: request.code, peer: channel.remoteAddress, suppressed }
      this.#options.logger.error(fields, 'a request failed unexpectedly')
    })
  }
}

const UNREGISTERED = {
  request: 'broker unregistered',
  expired: 'broker evicted: no sign of life within its heartbeat timeout',
  'connection lost': 'broker unregistered: its connection is lost',
} as const
