import type { Logger } from 'pino'
import { Slicer } from '../routeinfo/slicer.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import { LogThrottle } from './bounds/log-throttle.ts'
import { RefusalLog } from './bounds/refusal-log.ts'
import type { Configuration } from './config/configuration.ts'
import type { Clock, Scheduler } from './time.ts'

/** What every part of a server works with: its settings, its time, and those who are told what happens. */
export interface Surroundings extends GivenSurroundings {
  readonly slicer: Slicer
  readonly refusals: RefusalLog
  /** Limits every log line that a peer can cause. */
  readonly throttle: LogThrottle
}

/** What they are made of. */
export interface GivenSurroundings {
  readonly configuration: Configuration
  /** Leaves out the time during which the process stood still. */
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly counters: Counters
  readonly events: RecentEvents
}

/** The surroundings of one server. */
export function createSurroundings(given: GivenSurroundings): Surroundings {
  const { configuration, clock, scheduler, logger, counters, events } = given
  const nowMs = (): number => clock.nowMs()
  const throttle = new LogThrottle({
    logger,
    nowMs,
    after: (delayMs, task) => scheduler.after(delayMs, task),
  })
  return {
    configuration,
    clock,
    scheduler,
    logger,
    counters,
    events,
    slicer: new Slicer({ nowMs, defer: (task) => scheduler.defer(task) }),
    refusals: new RefusalLog({ counters, events, logger, throttle }),
    throttle,
  }
}
