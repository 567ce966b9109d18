import type { RateLimit } from '../../common/rate-limit.ts'
import { reach } from '../../remoting/client/outgoing-connection.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { plainConnect } from '../outgoing/outgoing-connect.ts'
import { BrokerProbe } from './broker-probe.ts'

/** The probe of silent brokers as it is configured. Does nothing until it is started. */
export function createBrokerProbe(
  { configuration, logger, clock, scheduler, counters, events }: NamesrvContext,
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
