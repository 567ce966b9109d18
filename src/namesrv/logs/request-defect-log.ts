import type { Logger } from 'pino'
import type { LogThrottle } from '../../common/log-throttle.ts'
import type { RateLimit } from '../../common/rate-limit.ts'
import type { RequestContext } from '../../protocol/processor.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'

/** What a defect is counted and told with. */
export interface RequestDefectLogOptions {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
  readonly throttle: LogThrottle
}

/** Counts requests that fail in a way nobody expected, and says so. */
export class RequestDefectLog {
  readonly #options: RequestDefectLogOptions
  readonly #limit: RateLimit

  constructor(options: RequestDefectLogOptions) {
    this.#options = options
    this.#limit = options.throttle.limit('error', 'a request failed unexpectedly')
  }

  /** @param error - What was thrown; the peer sees SYSTEM_ERROR. */
  failed(error: unknown, request: RemotingCommand, { channel }: RequestContext): void {
    const { counters, events, logger } = this.#options
    counters.requestDefects++
    this.#limit.run((suppressed) => {
      const what = `request ${request.code}: ${error}`
      events.add('defect', channel.remoteAddress, what)
      const fields = { err: error, code: request.code, peer: channel.remoteAddress, suppressed }
      logger.error(fields, 'a request failed unexpectedly')
    }, channel.remoteAddress)
  }
}
