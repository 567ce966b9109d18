import type { Logger } from 'pino'
import type { Bound, Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'
import type { LogThrottle } from './log-throttle.ts'

/** What a refusal is counted and told with. */
export interface RefusalLogOptions {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
  readonly throttle: LogThrottle
}

/** Counts what is refused for a bound, and says so: each limit has lines and events of its own, and they are throttled. */
export class RefusalLog {
  readonly #options: RefusalLogOptions

  constructor(options: RefusalLogOptions) {
    this.#options = options
  }

  /** @param peer - `host:port` of whom it was refused to. */
  refused(bound: Bound, peer: string, why: string): void {
    const { counters, events, logger, throttle } = this.#options
    counters.refused[bound]++
    throttle.limit('warn', `refused: ${bound}`).run((suppressed) => {
      events.add('refused', peer, `${bound}: ${why}`)
      logger.warn({ peer, bound, suppressed }, `refused: ${why}; ${bound} sets the limit`)
    }, peer)
  }
}
