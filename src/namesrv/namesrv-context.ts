import type { Logger } from 'pino'
import { LogThrottle } from '../common/log-throttle.ts'
import { TimeSlicer } from '../common/time-slicer.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import type { Configuration } from './config/configuration.ts'
import { RejectionLog } from './logs/rejection-log.ts'
import type { Clock, Scheduler } from './time.ts'

/** What every part of a server uses: configuration, time, log, counters and events. */
export interface NamesrvContext extends NamesrvContextParts {
  readonly slicer: TimeSlicer
  readonly rejections: RejectionLog
  /** Limits every log line that a peer can cause. */
  readonly throttle: LogThrottle
}

/** What a context is created from. */
export interface NamesrvContextParts {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: Logger
  readonly counters: Counters
  readonly events: RecentEvents
}

/** Creates the context of one server. */
export function createNamesrvContext(given: NamesrvContextParts): NamesrvContext {
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
    slicer: new TimeSlicer({ nowMs, defer: (task) => scheduler.defer(task) }),
    rejections: new RejectionLog({ counters, events, logger, throttle }),
    throttle,
  }
}
