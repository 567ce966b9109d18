import { LogThrottle } from '../common/log-throttle.ts'
import type { NamesrvLogger } from '../common/logger.ts'
import { SharedTimeSlicer, TimeSlicer } from '../common/time-slicer.ts'
import { RegistrationDisputes } from '../inspect/history/registration-disputes.ts'
import { RouteHistory } from '../inspect/history/route-history.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { Counters } from '../stats/counters.ts'
import { DURATION_BOUNDS, type Durations, LockDurations, RequestDurations } from '../stats/durations.ts'
import { Histogram } from '../stats/histogram.ts'
import { RecentDenials } from '../stats/recent-denials.ts'
import { RecentEvents } from '../stats/recent-events.ts'
import { TopicMisses } from '../stats/topic-misses.ts'
import type { Configuration } from './config/configuration.ts'
import { AuditLog } from './logs/audit-log.ts'
import type { Clock, Scheduler } from './time.ts'

/** Shorter than a slice of requests, which may run in the same turn. */
const VIEW_SLICE_MS = 0.5

/** What every part of a server uses: configuration, time, log, and what it remembers for its views. */
export interface NamesrvContext extends NamesrvEnvironment {
  readonly audit: AuditLog
  readonly counters: Counters
  readonly denials: RecentDenials
  readonly durations: Durations
  readonly events: RecentEvents
  readonly history: RouteHistory
  readonly disputes: RegistrationDisputes
  readonly misses: TopicMisses
  readonly slicer: TimeSlicer
  /** For views, metrics and findings: together they take one slice of each turn of the event loop. */
  readonly viewSlicer: TimeSlicer
  /** Limits every log line that a peer can cause. */
  readonly throttle: LogThrottle
}

/** What a server is given. */
export interface NamesrvEnvironment {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly logger: NamesrvLogger
}

/** Creates the context of one server. */
export function createNamesrvContext(environment: NamesrvEnvironment): NamesrvContext {
  const { configuration, clock, scheduler, logger } = environment
  const time = timeOf(environment)
  const counters = new Counters()
  const throttle = new LogThrottle({ logger, ...time })
  return {
    audit: new AuditLog({ path: configuration.values.auditLogPath, throttle, counters, ...time }),
    configuration,
    clock,
    scheduler,
    logger,
    counters,
    denials: new RecentDenials(),
    durations: {
      requests: new RequestDurations({
        codes: Object.values(RequestCode),
        sampledCode: RequestCode.GET_ROUTEINFO_BY_TOPIC,
        rpcLatencies: configuration.values.rpcLatencyMetrics,
      }),
      lock: new LockDurations(),
      selfProbe: new Histogram(DURATION_BOUNDS),
    },
    events: new RecentEvents(),
    history: new RouteHistory(time.nowMs),
    disputes: new RegistrationDisputes(time.nowMs),
    misses: new TopicMisses(configuration.values.topicMissLimit),
    slicer: new TimeSlicer(time),
    viewSlicer: new SharedTimeSlicer({ ...time, sliceMs: VIEW_SLICE_MS }),
    throttle,
  }
}

/** Clock and scheduler as functions, as the layers below take them. */
export function timeOf({ clock, scheduler }: Pick<NamesrvEnvironment, 'clock' | 'scheduler'>) {
  return {
    nowMs: (): number => clock.nowMs(),
    every: (periodMs: number, task: () => void) => scheduler.every(periodMs, task),
    after: (delayMs: number, task: () => void) => scheduler.after(delayMs, task),
    defer: (task: () => void, minMs?: number) => scheduler.defer(task, minMs),
  }
}
