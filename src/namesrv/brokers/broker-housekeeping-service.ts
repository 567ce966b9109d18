import type { ChannelRef } from '../../protocol/processor.ts'
import type { RemotingServerEvents } from '../../remoting/server/remoting-server.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** After a pause of the process, connections that were lost in it are noticed within this time. */
const CATCH_UP_MS = 5_000

/**
 * Removes the brokers whose connections close.
 * @see BrokerHousekeepingService in apache/rocketmq
 */
export class BrokerHousekeepingService implements Pick<RemotingServerEvents, 'onChannelClose'> {
  readonly #context: NamesrvContext
  readonly #routeInfo: RouteInfoManager
  #keepsBrokers = false
  /** Connections that closed in this turn of the event loop. */
  #closed: number[] = []
  #catchingUpUntilMs = Number.NEGATIVE_INFINITY
  /** Connections that closed while catching up, and when their brokers must have registered again. */
  #lostInPause: number[] = []
  #returnByMs = 0

  constructor(context: NamesrvContext, routeInfo: RouteInfoManager) {
    this.#context = context
    this.#routeInfo = routeInfo
  }

  /**
   * Called after a pause of the process. Brokers that got no response may have closed their connections and opened others, in any
   * order: those whose connections closed have `registrationRoundMillis` to register again.
   */
  onPause(): void {
    const { clock, configuration } = this.#context
    this.#catchingUpUntilMs = clock.nowMs() + CATCH_UP_MS
    this.#returnByMs = clock.nowMs() + configuration.values.registrationRoundMillis
  }

  /** Called by the scanner: removes the brokers that did not register again in time after a pause. */
  removeLostInPause(): void {
    if (this.#lostInPause.length === 0 || this.#context.clock.nowMs() < this.#returnByMs) return
    this.#routeInfo.onChannelsDestroy(this.#lostInPause)
    this.#lostInPause = []
  }

  /** Shutting down: from now on brokers stay in the tables as their connections close. */
  keepBrokers(): void {
    this.#keepsBrokers = true
  }

  onChannelClose(channel: ChannelRef): void {
    this.#context.logger.debug({ peer: channel.remoteAddress }, 'connection closed')
    this.onClosed(channel.id)
  }

  /** An operator has closed the connection (request 1451): its brokers leave at once. */
  onClosedByOperator(channelId: number): void {
    if (!this.#keepsBrokers) this.#routeInfo.onChannelsDestroy([channelId], 'disconnected by operator')
  }

  /**
   * Removes the brokers of a closed connection; also called when a broker registered over it after it closed. A failing machine
   * or network closes many connections at once: their brokers leave in one batch, because each batch walks over all topics.
   */
  onClosed(channelId: number): void {
    this.#closed.push(channelId)
    if (this.#closed.length === 1) this.#context.scheduler.defer(() => this.#destroyClosed())
  }

  #destroyClosed(): void {
    const closed = this.#closed
    this.#closed = []
    if (this.#keepsBrokers) return
    if (this.#context.clock.nowMs() >= this.#catchingUpUntilMs) this.#routeInfo.onChannelsDestroy(closed)
    // Not spread: the number of arguments of a call is limited.
    else for (const channelId of closed) this.#lostInPause.push(channelId)
  }
}
