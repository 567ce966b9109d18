import type { Logger } from 'pino'
import { FrameError } from '../protocol/errors.ts'
import type { ChannelRef } from '../protocol/processor.ts'
import type { PrefaceError } from '../remoting/preface-error.ts'
import type { RemotingServerEvents } from '../remoting/remoting-server.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { RateLimit } from './rate-limit.ts'

const FRAME_LIMIT_KEY = 'com.rocketmq.remoting.frameMaxLength'

/**
 * Keeps the tables true to the connections: a lost one takes its brokers with it.
 * @see BrokerHousekeepingService in apache/rocketmq
 */
export class BrokerHousekeepingService implements RemotingServerEvents {
  readonly #routeInfo: RouteInfoManager
  readonly #logger: Logger
  readonly #limit: RateLimit
  #keepsBrokers = false
  readonly #defer: (task: () => void) => void
  /** Connections that closed in this turn. */
  #closed: number[] = []

  /** @param defer - Runs a task in a later turn of the event loop. */
  constructor(
    routeInfo: RouteInfoManager,
    logger: Logger,
    limit: RateLimit,
    defer: (task: () => void) => void,
  ) {
    this.#routeInfo = routeInfo
    this.#logger = logger
    this.#limit = limit
    this.#defer = defer
  }

  /**
   * From now on a lost connection means nothing: in a shutdown brokers leave us, and must stay in the routes of those that are
   * still served.
   */
  keepBrokers(): void {
    this.#keepsBrokers = true
  }

  /**
   * A machine or a network that fails takes many connections at once. Their brokers leave in one batch, because each batch is a
   * walk over all topics.
   */
  onChannelClose(channel: ChannelRef): void {
    this.#logger.debug({ peer: channel.remoteAddress }, 'connection closed')
    this.#closed.push(channel.id)
    if (this.#closed.length === 1) this.#defer(() => this.#destroyClosed())
  }

  #destroyClosed(): void {
    const closed = this.#closed
    this.#closed = []
    if (!this.#keepsBrokers) this.#routeInfo.onChannelsDestroy(closed)
  }

  onChannelFailure(channel: ChannelRef, error: Error): void {
    const peer = channel.remoteAddress
    if (!(error instanceof FrameError)) {
      this.#logger.debug({ peer, error: error.message }, 'connection failed')
      return
    }
    this.#limit.run((suppressed) => {
      const { code, message } = error
      const hint = code === 'ERR_FRAME_TOO_LONG' ? `; ${FRAME_LIMIT_KEY} sets the limit` : ''
      this.#logger.warn(
        { peer, code, suppressed },
        `connection closed, its bytes are no frame: ${message}${hint}`,
      )
    })
  }

  onChannelDefect(channel: ChannelRef, err: unknown): void {
    this.#limit.run((suppressed) => {
      this.#logger.error(
        { err, peer: channel.remoteAddress, suppressed },
        'connection closed, it met a defect',
      )
    })
  }

  onChannelIdle(channel: Pick<ChannelRef, 'remoteAddress'>): void {
    this.#logger.debug({ peer: channel.remoteAddress }, 'connection closed, it was idle')
  }

  onConnectionRefused(peer: string, { code, message }: PrefaceError): void {
    this.#limit.run((suppressed) => {
      this.#logger.warn({ peer, code, suppressed }, `connection closed before its first frame: ${message}`)
    })
  }

  onServerFailure(error: Error): void {
    this.#limit.run((suppressed) => {
      this.#logger.error({ error: error.message, suppressed }, 'the listening socket failed')
    })
  }
}
