import type { Logger } from 'pino'
import { reach } from '../remoting/reachability.ts'
import type { RouteInfoManager } from '../routeinfo/route-info-manager.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'
import { BrokerProbe } from './broker-probe.ts'
import type { Configuration } from './config/configuration.ts'
import { plainConnect } from './outgoing-connect.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Clock, Scheduler } from './time.ts'

/** What every part of a server works with. */
interface Surroundings {
  readonly configuration: Configuration
  readonly logger: Logger
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly counters: Counters
  readonly events: RecentEvents
}

/** The probe of silent brokers as it is configured. Does nothing until it is started. */
export function createBrokerProbe(
  { configuration, logger, clock, scheduler, counters, events }: Surroundings,
  routeInfo: RouteInfoManager,
  limit: RateLimit,
): BrokerProbe {
  const { brokerProbeAfterPercent, brokerProbeTimeoutMillis, brokerProbeEvicts } = configuration.values
  const connecting = {
    // Also where brokers speak TLS: nothing is said.
    connect: plainConnect,
    connectTimeoutMs: brokerProbeTimeoutMillis,
    after: (delayMs: number, task: () => void) => scheduler.after(delayMs, task),
  }
  return new BrokerProbe({
    routeInfo,
    reach: (address) => reach(address, connecting),
    afterPercent: brokerProbeAfterPercent,
    evicts: brokerProbeEvicts,
    nowMs: () => clock.nowMs(),
    every: (periodMs, task) => scheduler.every(periodMs, task),
    random: Math.random,
    logger,
    limit,
    counters,
    events,
  })
}
