import type { Logger } from 'pino'
import type { LimitName } from '../../common/limit-error.ts'
import type { LogThrottle } from '../../common/log-throttle.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'

/** Where a rejection is counted and logged. */
export interface RejectionLogOptions {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
  readonly throttle: LogThrottle
}

/** Counts and logs what a limit rejects. The lines and events of each limit are throttled on their own. */
export class RejectionLog {
  readonly #options: RejectionLogOptions

  constructor(options: RejectionLogOptions) {
    this.#options = options
  }

  /**
   * @param peer - `host:port`
   * @param reason - Names the limit.
   */
  rejected(limit: LimitName, peer: string, reason: string): void {
    const { counters, events, logger, throttle } = this.#options
    counters.rejected[limit]++
    throttle.limit('warn', `rejected: limit reached (${limit})`).run((suppressed) => {
      events.add('rejected', peer, reason)
      logger.warn({ peer, limit, reason, suppressed }, 'rejected: limit reached')
    }, peer)
  }
}
