import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import type { RouteEvent } from '../../routeinfo/route-event.ts'
import { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { logRouteEvent } from '../logs/route-event-log.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { BrokerHousekeepingService } from './broker-housekeeping-service.ts'
import type { BrokerProbe } from './broker-probe.ts'
import { createBrokerProbe } from './broker-probe-factory.ts'
import { type MinBrokerIdChange, MinBrokerIdNotifier, NOT_NOTIFIED } from './min-broker-id-notifier.ts'

/** How brokers are reached. */
export interface BrokerLivenessOptions {
  /** For what brokers are told. */
  readonly client: RemotingClient
  /** Closes the connection of a broker that is silent. */
  readonly closeChannel: (channelId: number) => void
}

/**
 * The route tables, and what keeps them true besides requests: brokers whose connections are lost or who are silent leave, and
 * whoever has to know of a change is told.
 */
export class BrokerLiveness {
  readonly routeInfo: RouteInfoManager
  /** To be told what happens to connections. */
  readonly housekeeping: BrokerHousekeepingService
  readonly #context: NamesrvContext
  readonly #closeChannel: (channelId: number) => void
  readonly #notifier: MinBrokerIdNotifier
  readonly #probe: BrokerProbe | undefined
  #isStopped = false
  #endScans: (() => void) | undefined

  constructor(context: NamesrvContext, { client, closeChannel }: BrokerLivenessOptions) {
    const { configuration, logger, throttle } = context
    this.#context = context
    this.#closeChannel = closeChannel
    this.#notifier = new MinBrokerIdNotifier(client, logger, throttle.limit('warn', NOT_NOTIFIED))
    this.routeInfo = this.#createRouteInfo()
    this.housekeeping = this.#createHousekeeping()
    if (configuration.values.brokerProbe) {
      this.#probe = createBrokerProbe(context, this.routeInfo, throttle.limit('warn', 'broker suspected'))
    }
  }

  /** From now on it is looked for brokers that are silent. */
  start(): void {
    const { configuration, clock, scheduler } = this.#context
    this.#probe?.start()
    const periodMs = configuration.values.scanNotActiveBrokerInterval
    this.#endScans = scheduler.every(periodMs, () => this.#evict(clock.nowMs()))
  }

  /**
   * It is the server that leaves, not the brokers: from now on they stay in the routes of those whose turn has not come, and in
   * those that are written, and nobody is told of a change.
   */
  stop(): void {
    this.#isStopped = true
    this.#endScans?.()
    this.#probe?.stop()
    this.housekeeping.keepBrokers()
  }

  /** The process stood still for so long. */
  onStandstill(ms: number): void {
    const { counters, events, logger } = this.#context
    const pausedMs = Math.round(ms)
    counters.standstills++
    events.add('stood still', '', `for ${pausedMs} ms`)
    logger.warn({ pausedMs }, 'process paused; broker timeouts extended')
    this.housekeeping.catchUp()
  }

  #createRouteInfo(): RouteInfoManager {
    const { configuration, slicer, counters } = this.#context
    const { values } = configuration
    return new RouteInfoManager({
      slicer,
      onEvent: (event) => this.#onRouteEvent(event),
      onClosedMeanwhile: (channelId) => this.housekeeping.onClosed(channelId),
      maxWaiters: values.maxWaitingRequests,
      maxEncodedRouteBytes: values.encodedRouteMaxBytes,
      unRegisterBrokerQueueCapacity: values.unRegisterBrokerQueueCapacity,
      limits: values,
      counters,
    })
  }

  #createHousekeeping(): BrokerHousekeepingService {
    const { configuration, logger, clock, scheduler, counters, events, rejections, throttle } = this.#context
    return new BrokerHousekeepingService({
      routeInfo: this.routeInfo,
      logger,
      throttle,
      defer: (task) => scheduler.defer(task),
      counters,
      events,
      rejections,
      nowMs: () => clock.nowMs(),
      registrationRoundMs: configuration.values.registrationRoundMillis,
    })
  }

  /** @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq */
  #evict(nowMs: number): void {
    this.housekeeping.removeLostMeanwhile()
    const silent = this.routeInfo.scanNotActiveBroker(nowMs)
    if (silent.length > 0) this.routeInfo.evict(silent)
    this.routeInfo.evictRestored(nowMs)
  }

  #onRouteEvent(event: RouteEvent): void {
    logRouteEvent(event, this.#context)
    if (event.kind === 'connection inactive') this.#closeChannel(event.channelId)
    else if (event.kind === 'min broker id changed') this.#onMinBrokerIdChanged(event)
  }

  /** A member that leaves matters only to a group with an acting master. @see RouteInfoManager#unRegisterBroker */
  #onMinBrokerIdChanged(change: MinBrokerIdChange): void {
    const { offlineBrokerAddr, enableActingMaster } = change
    // In a shutdown brokers leave us, not their group.
    if (!this.#context.configuration.values.notifyMinBrokerIdChanged || this.#isStopped) return
    if (offlineBrokerAddr === null || enableActingMaster) this.#notifier.notify(change)
  }
}
