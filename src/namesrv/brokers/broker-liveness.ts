import type { AccessPolicies } from '../../access/policy.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import type { RegistrationGuardOptions } from '../../routeinfo/registration-guard.ts'
import type { RouteEvent } from '../../routeinfo/route-changes.ts'
import { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { routeEventEntry } from '../logs/audit-entries.ts'
import { reportDispute } from '../logs/dispute-log.ts'
import { logRouteEvent } from '../logs/route-event-log.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { BrokerHousekeepingService } from './broker-housekeeping-service.ts'
import { BrokerProbe } from './broker-probe.ts'
import { isLocalHost } from './local-host.ts'
import { type MinBrokerIdChange, notifyMinBrokerId } from './min-broker-id-notifier.ts'

/**
 * The route tables, and what removes brokers from them without a request: lost connections, and the scanner for inactive brokers.
 * What happens to brokers is logged, and their groups are notified, from here.
 */
export class BrokerLiveness {
  readonly routeInfo: RouteInfoManager
  /** Receives the connections that close. */
  readonly housekeeping: BrokerHousekeepingService
  readonly #context: NamesrvContext
  readonly #closeChannel: (channelId: number) => void
  readonly #client: RemotingClient
  readonly #access: Pick<AccessPolicies, 'current'>
  readonly #probe: BrokerProbe | undefined
  #isStopped = false
  #endScans: (() => void) | undefined

  /**
   * @param client - Sends notifications to brokers.
   * @param access - Has the account that signs them, and says which networks own their brokers together.
   * @param closeChannel - Closes the connection of a broker that is inactive.
   */
  constructor(
    context: NamesrvContext,
    client: RemotingClient,
    access: Pick<AccessPolicies, 'current'>,
    closeChannel: (channelId: number) => void,
  ) {
    this.#context = context
    this.#access = access
    this.#closeChannel = closeChannel
    this.#client = client
    this.routeInfo = this.#createRouteInfo()
    this.housekeeping = new BrokerHousekeepingService(context, this.routeInfo)
    if (context.configuration.values.brokerProbe) this.#probe = new BrokerProbe(context, this.routeInfo)
  }

  /** Starts the scanner for inactive brokers. */
  start(): void {
    const { configuration, clock, scheduler } = this.#context
    this.#probe?.start()
    const periodMs = configuration.values.scanNotActiveBrokerInterval
    this.#endScans = scheduler.every(periodMs, () => this.#scan(clock.nowMs()))
  }

  /**
   * Shutting down: keeps brokers in the tables as their connections close, so that clients still being served, and the last
   * snapshot, see every route. Groups are not notified any more.
   */
  stop(): void {
    this.#isStopped = true
    this.#endScans?.()
    this.#probe?.stop()
    this.housekeeping.keepBrokers()
  }

  /** @see BrokerProbe.suspicionOf */
  suspicionOf(clusterName: string, brokerAddr: string): string | undefined {
    return this.#probe?.suspicionOf(clusterName, brokerAddr)
  }

  /** Called after a pause of the process, in which no heartbeat could be read. */
  onPause(ms: number): void {
    const { clock, counters, events, logger } = this.#context
    const pausedMs = Math.round(ms)
    counters.pauses++
    events.add('process_paused', '', `for ${pausedMs} ms`)
    logger.warn({ pausedMs }, 'process paused; broker timeouts extended')
    this.routeInfo.extendTimeouts(ms, clock.nowMs())
    this.#probe?.forgetAll()
    this.housekeeping.onPause()
  }

  #createRouteInfo(): RouteInfoManager {
    const { configuration, slicer, viewSlicer, counters, durations, clock } = this.#context
    const { values } = configuration
    return new RouteInfoManager({
      slicer,
      viewSlicer,
      lockDurations: durations.lock,
      nowMs: () => clock.nowMs(),
      onEvent: (event) => this.#onRouteEvent(event),
      onClosedMeanwhile: (channelId) => this.housekeeping.onClosed(channelId),
      maxWaiters: values.maxWaitingRequests,
      maxEncodedRouteBytes: values.encodedRouteMaxBytes,
      unRegisterBrokerQueueCapacity: values.unRegisterBrokerQueueCapacity,
      limits: values,
      guard: guardOptions(this.#context, this.#access),
      counters,
    })
  }

  /** @see RouteInfoManager#scanNotActiveBroker in apache/rocketmq */
  #scan(nowMs: number): void {
    this.housekeeping.removeLostInPause()
    const inactive = this.routeInfo.scanNotActiveBroker(nowMs)
    if (inactive.length > 0) this.routeInfo.evict(inactive)
    this.routeInfo.evictRestored(nowMs)
  }

  #onRouteEvent(event: RouteEvent): void {
    const { audit, history, misses } = this.#context
    logRouteEvent(event, this.#context)
    const entry = routeEventEntry(event)
    if (entry !== undefined) audit.write(entry)
    history.onRouteEvent(event)
    if (event.kind === 'broker registered' || event.kind === 'topics changed')
      misses.onRoutesChanged((topic) => this.routeInfo.hasRoute(topic))
    if (event.kind === 'connection inactive') this.#closeChannel(event.channelId)
    else if (event.kind === 'min broker id changed') this.#onMinBrokerIdChanged(event)
  }

  /** A member that leaves matters only to a group with an acting master. @see RouteInfoManager#unRegisterBroker */
  #onMinBrokerIdChanged(change: MinBrokerIdChange): void {
    const { offlineBrokerAddr, enableActingMaster } = change
    if (!this.#context.configuration.values.notifyMinBrokerIdChanged || this.#isStopped) return
    if (offlineBrokerAddr === null || enableActingMaster)
      notifyMinBrokerId(change, this.#client, this.#context, this.#access.current.accounts, (brokerAddr) =>
        this.routeInfo.isProven(brokerAddr),
      )
  }
}

/**
 * How the registration guard decides: as the access file says, otherwise as the configuration does. It rejects nothing while the
 * policy does not.
 */
function guardOptions(
  context: NamesrvContext,
  access: Pick<AccessPolicies, 'current'>,
): RegistrationGuardOptions {
  const { registrationGuard, maxHeartbeatTimeoutMillis } = context.configuration.values
  return {
    get mode() {
      const { guard, mode } = access.current
      const takeOver = guard.takeOver ?? registrationGuard
      return takeOver === 'refuse' && mode !== 'enforce' ? 'log' : takeOver
    },
    get maxHeartbeatTimeoutMs() {
      return access.current.guard.maxHeartbeatTimeoutMillis ?? maxHeartbeatTimeoutMillis
    },
    networkOf: (host) => access.current.brokerNetworkOf(host),
    isLocalHost,
    onDispute: (dispute) => reportDispute(dispute, context),
  }
}
