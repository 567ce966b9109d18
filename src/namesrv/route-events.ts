import type { RouteEffect } from '../routeinfo/route-effect.ts'
import type { Counters } from '../stats/counters.ts'
import type { RecentEvents } from '../stats/recent-events.ts'

/** Counts what happens to brokers and keeps it among the recent events. */
export function noteRouteEffect(effect: RouteEffect, counters: Counters, events: RecentEvents): void {
  switch (effect.kind) {
    case 'broker registered': {
      const { broker, topics } = effect
      counters.brokersRegistered++
      events.add('broker registered', nameOf(broker), `id ${broker.brokerId}, ${topics} topics`)
      return
    }
    case 'broker unregistered':
      noteLeft(effect, counters, events)
      return
    case 'removal fenced':
      counters.removalsFenced++
      events.add('removal fenced', nameOf(effect.broker), effect.reason)
      return
    default:
  }
}

function noteLeft(
  { broker, reason }: Extract<RouteEffect, { kind: 'broker unregistered' }>,
  counters: Counters,
  events: RecentEvents,
): void {
  switch (reason) {
    case 'request':
      counters.brokersUnregistered++
      events.add('broker unregistered', nameOf(broker), 'by its own request')
      return
    case 'expired':
      counters.brokersEvicted++
      events.add('broker evicted', nameOf(broker), 'no sign of life within its heartbeat timeout')
      return
    case 'unreachable':
      counters.brokersEvicted++
      events.add('broker evicted', nameOf(broker), 'silent, and it cannot be reached')
      return
    case 'not returned':
      counters.brokersEvicted++
      events.add('broker evicted', nameOf(broker), 'known from the route snapshot, and not back in time')
      return
    case 'connection lost':
      counters.brokersLost++
      events.add('broker lost', nameOf(broker), 'its connection is lost')
      return
    default:
      reason satisfies never
  }
}

/** As an operator looks for it: each part may be long, and the address is what tells two of a name apart. */
export function nameOf(broker: {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerAddr: string
}): string {
  const { clusterName, brokerName, brokerAddr } = broker
  return `${brokerAddr.slice(0, 60)} ${brokerName.slice(0, 60)} of ${clusterName.slice(0, 60)}`
}
