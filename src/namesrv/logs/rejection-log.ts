import type { Logger } from 'pino'
import type { LogThrottle } from '../../common/log-throttle.ts'
import type { Counters, LimitName } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'

/** What a rejection is counted and told with. */
export interface RejectionLogOptions {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
  readonly throttle: LogThrottle
}

/** Counts what is refused for a bound, and says so: each limit has lines and events of its own, and they are throttled. */
export class RejectionLog {
  readonly #options: RejectionLogOptions

  constructor(options: RejectionLogOptions) {
    this.#options = options
  }

  /** @param peer - `host:port` of whom it was refused to. */
  rejected(bound: LimitName, peer: string, why: string): void {
    const { counters, events, logger, throttle } = this.#options
    counters.rejected[bound]++
    throttle.limit('warn', `rejected: ${bound}`).run((suppressed) => {
      events.add('rejected', peer, `${bound}: ${why}`)
      logger.warn({ peer, bound, suppressed }, `rejected: ${why}; ${bound} sets the limit`)
    }, peer)
  }
}
