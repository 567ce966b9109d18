import type { Logger } from 'pino'
import type { Bound, Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'
import { RateLimit } from './rate-limit.ts'

/** What a refusal is counted and told with. */
export interface RefusalLogOptions {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
  readonly nowMs: () => number
}

/** Counts what is refused for a bound, and says so: each bound has lines and events of its own, and only so many in a while. */
export class RefusalLog {
  readonly #options: RefusalLogOptions
  readonly #limits = new Map<Bound, RateLimit>()

  constructor(options: RefusalLogOptions) {
    this.#options = options
  }

  /** @param peer - `host:port` of whom it was refused to. */
  refused(bound: Bound, peer: string, why: string): void {
    this.#count(bound, peer, why, (suppressed) => {
      this.#options.logger.warn({ peer, bound, suppressed }, `refused: ${why}; ${bound} sets the limit`)
    })
  }

  /** The same, without a line: for what somebody else logs. */
  countOnly(bound: Bound, peer: string, why: string): void {
    this.#count(bound, peer, why, () => {})
  }

  #count(bound: Bound, peer: string, why: string, log: (suppressed: number) => void): void {
    const { counters, events, nowMs } = this.#options
    counters.refused[bound]++
    let limit = this.#limits.get(bound)
    if (limit === undefined) {
      limit = new RateLimit(nowMs)
      this.#limits.set(bound, limit)
    }
    limit.run((suppressed) => {
      events.add('refused', peer, `${bound}: ${why}`)
      log(suppressed)
    })
  }
}
