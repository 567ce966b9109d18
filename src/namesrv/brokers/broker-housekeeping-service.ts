import type { Logger } from 'pino'
import { LimitError } from '../../common/limit-error.ts'
import type { LineLevel, LogThrottle } from '../../common/log-throttle.ts'
import { FrameError } from '../../protocol/errors.ts'
import type { ChannelRef } from '../../protocol/processor.ts'
import type { HandshakeError } from '../../remoting/server/handshake-error.ts'
import type { RemotingServerEvents } from '../../remoting/server/remoting-server.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'
import type { RejectionLog } from '../logs/rejection-log.ts'

/** As the others' codes, for connections that the system has no room for. */
const NO_DESCRIPTOR = 'ERR_NO_DESCRIPTOR'

/** What the service keeps true, counts and tells. */
export interface BrokerHousekeepingOptions {
  readonly routeInfo: RouteInfoManager
  readonly logger: Logger
  readonly throttle: LogThrottle
  readonly nowMs: () => number
  /** Runs a task in a later turn of the event loop. */
  readonly defer: (task: () => void) => void
  /** The period in which brokers register, in milliseconds. */
  readonly registrationRoundMs: number
  readonly counters: Counters
  readonly events: RecentEvents
  readonly rejections: RejectionLog
}

/** So long after a standstill, what was lost during it may come to be noticed. */
const CATCH_UP_MS = 5_000

/**
 * Keeps the tables true to the connections: a lost one takes its brokers with it.
 * @see BrokerHousekeepingService in apache/rocketmq
 */
export class BrokerHousekeepingService implements RemotingServerEvents {
  readonly #options: BrokerHousekeepingOptions
  readonly #logger: Logger
  #keepsBrokers = false
  /** Connections that closed in this turn. */
  #closed: number[] = []
  #catchingUpUntilMs = Number.NEGATIVE_INFINITY
  /** Connections that closed while catching up, and when their brokers have had their round. */
  #lostMeanwhile: number[] = []
  #roundOverMs = 0

  constructor(options: BrokerHousekeepingOptions) {
    this.#options = options
    this.#logger = options.logger
  }

  /**
   * The process stood still. Brokers that had no answer have closed their connections meanwhile and opened others, and that is
   * noticed now, in any order, while they live: those whose connections are lost have a round to register again.
   */
  catchUp(): void {
    const nowMs = this.#options.nowMs()
    this.#catchingUpUntilMs = nowMs + CATCH_UP_MS
    this.#roundOverMs = nowMs + this.#options.registrationRoundMs
  }

  /** To be called now and then: the brokers that have had their round and are not back leave. */
  removeLostMeanwhile(): void {
    if (this.#lostMeanwhile.length === 0 || this.#options.nowMs() < this.#roundOverMs) return
    this.#options.routeInfo.onChannelsDestroy(this.#lostMeanwhile)
    this.#lostMeanwhile = []
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
    this.onClosed(channel.id)
  }

  /** A connection is gone; also to be called when one of its brokers has come into the tables after that. */
  onClosed(channelId: number): void {
    this.#closed.push(channelId)
    if (this.#closed.length === 1) this.#options.defer(() => this.#destroyClosed())
  }

  #destroyClosed(): void {
    const closed = this.#closed
    this.#closed = []
    if (this.#keepsBrokers) return
    if (this.#options.nowMs() >= this.#catchingUpUntilMs) this.#options.routeInfo.onChannelsDestroy(closed)
    // One by one: a call has only so many arguments.
    else for (const channelId of closed) this.#lostMeanwhile.push(channelId)
  }

  onChannelFailure(channel: ChannelRef, error: Error): void {
    const peer = channel.remoteAddress
    const { counters, events, rejections } = this.#options
    if (error instanceof LimitError) {
      rejections.rejected(error.limit, peer, error.message)
      return
    }
    if (!(error instanceof FrameError)) {
      counters.connectionsFailed++
      this.#logger.debug({ peer, error: error.message }, 'connection failed')
      return
    }
    const { code, message, limit } = error
    counters.framesRejected[code] = (counters.framesRejected[code] ?? 0) + 1
    if (limit !== undefined) counters.rejected[limit]++
    const line = code === 'ERR_FOREIGN_PROTOCOL' ? 'connection closed' : 'connection closed: invalid frame'
    this.#throttled('warn', line, peer, (suppressed) => {
      if (limit !== undefined) events.add('rejected', peer, message)
      this.#logger.warn({ peer, code, suppressed }, `${line}: ${message}`)
    })
  }

  onChannelDefect(channel: ChannelRef, err: unknown): void {
    const { counters, events } = this.#options
    counters.connectionsDefect++
    const peer = channel.remoteAddress
    const line = 'connection closed: defect'
    this.#throttled('error', line, peer, (suppressed) => {
      events.add('defect', peer, `connection closed: ${err}`)
      this.#logger.error({ err, peer, suppressed }, line)
    })
  }

  onChannelIdle(channel: Pick<ChannelRef, 'remoteAddress'>): void {
    this.#options.counters.connectionsIdle++
    this.#logger.debug({ peer: channel.remoteAddress }, 'connection closed: idle')
  }

  onConnectionRejected(peer: string, { code, message, limit }: HandshakeError): void {
    const { counters, rejections } = this.#options
    const { connectionsRejected } = counters
    connectionsRejected[code] = (connectionsRejected[code] ?? 0) + 1
    if (limit !== undefined) rejections.rejected(limit, peer, message)
    else {
      const line = 'connection closed before its first frame'
      this.#throttled('warn', line, peer, (suppressed) => {
        this.#logger.warn({ peer, code, suppressed }, `${line}: ${message}`)
      })
    }
  }

  onConnectionDropped(peer: string, maxConnections: number): void {
    const { counters, events } = this.#options
    const { connectionsRejected } = counters
    connectionsRejected[NO_DESCRIPTOR] = (connectionsRejected[NO_DESCRIPTOR] ?? 0) + 1
    this.#throttled('warn', 'connection rejected: open-file limit reached', peer, (suppressed) => {
      events.add('rejected', peer, `the open-file limit leaves room for ${maxConnections} connections`)
      const fields = { peer, maxConnections, suppressed }
      this.#logger.warn(fields, 'connection rejected: open-file limit reached')
    })
  }

  onServerFailure(error: Error): void {
    const { counters, events } = this.#options
    counters.serverFailures++
    const line = 'the listening socket failed'
    this.#throttled('error', line, '', (suppressed) => {
      events.add('server failure', '', error.message)
      this.#logger.error({ error: error.message, suppressed }, line)
    })
  }

  #throttled(
    level: LineLevel,
    line: string,
    peer: string,
    log: (suppressed: number | undefined) => void,
  ): void {
    this.#options.throttle.limit(level, line).run(log, peer)
  }
}
