import type { Logger } from 'pino'
import { FrameError } from '../protocol/errors.ts'
import type { ChannelRef } from '../protocol/processor.ts'
import type { RemotingServerEvents } from '../remoting/remoting-server.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { RateLimit } from './rate-limit.ts'

/**
 * Keeps the tables true to the connections: a lost one takes its brokers with it.
 * @see BrokerHousekeepingService in apache/rocketmq
 */
export class BrokerHousekeepingService implements RemotingServerEvents {
  readonly #routeInfo: RouteInfoManager
  readonly #logger: Logger
  readonly #limit: RateLimit
  #keepsBrokers = false

  constructor(routeInfo: RouteInfoManager, logger: Logger, limit: RateLimit) {
    this.#routeInfo = routeInfo
    this.#logger = logger
    this.#limit = limit
  }

  /**
   * From now on a lost connection means nothing: brokers that were told to go away leave, and must stay in the routes of those
   * that are still served.
   */
  keepBrokers(): void {
    this.#keepsBrokers = true
  }

  onChannelClose(channel: ChannelRef): void {
    this.#logger.debug({ peer: channel.remoteAddress }, 'connection closed')
    if (!this.#keepsBrokers) this.#routeInfo.onChannelDestroy(channel.id)
  }

  onChannelFailure(channel: ChannelRef, error: Error): void {
    const peer = channel.remoteAddress
    if (!(error instanceof FrameError)) {
      this.#logger.debug({ peer, error: error.message }, 'connection failed')
      return
    }
    this.#limit.run((suppressed) => {
      const { code, message } = error
      this.#logger.warn({ peer, code, suppressed }, `connection closed, its bytes are no frame: ${message}`)
    })
  }

  onChannelIdle(channel: ChannelRef): void {
    this.#logger.debug({ peer: channel.remoteAddress }, 'connection closed, it was idle')
  }

  onServerFailure(error: Error): void {
    this.#limit.run((suppressed) => {
      this.#logger.error({ error: error.message, suppressed }, 'the listening socket failed')
    })
  }
}
