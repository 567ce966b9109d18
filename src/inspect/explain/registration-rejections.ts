import type { RouteView } from '../../routeinfo/route-view.ts'
import type { RegistrationRejection } from '../history/route-history.ts'
import type { InspectSources } from '../sources.ts'

/** An older rejection has been overcome: brokers register at least every minute. */
const RECENT_REJECTION_MS = 120_000

/** Whether the broker of a rejected registration has not registered since. */
export function isRejected(
  { atMs, brokerName, brokerAddr }: RegistrationRejection,
  { tables }: RouteView,
  { nowMs }: Pick<InspectSources, 'nowMs'>,
): boolean {
  if (nowMs() - atMs >= RECENT_REJECTION_MS) return false
  return !tables.liveAt(brokerAddr).some((live) => live.brokerName === brokerName && live.registeredMs > atMs)
}
