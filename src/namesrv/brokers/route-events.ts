import type { Logger } from 'pino'
import type { RouteEffect, UnregisterReason } from '../../routeinfo/route-effect.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'

/** What brokers do is told to. */
export interface RouteEffectNotes {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
}

/** Counts what happens to brokers, keeps it among the recent events, and writes a line each. */
export function noteRouteEffect(effect: RouteEffect, notes: RouteEffectNotes): void {
  const { counters, events, logger } = notes
  switch (effect.kind) {
    case 'broker registered': {
      const { broker, haServerAddr, topics } = effect
      counters.brokersRegistered++
      events.add('broker registered', nameOf(broker), `id ${broker.brokerId}, ${topics} topics`)
      logger.info({ ...broker, brokerId: `${broker.brokerId}`, haServerAddr, topics }, 'broker registered')
      return
    }
    case 'registration ignored': {
      const { broker, currentAddr } = effect
      const fields = { ...broker, brokerId: `${broker.brokerId}`, currentAddr }
      logger.warn(fields, 'registration ignored: the broker that has this id is further in its state version')
      return
    }
    case 'broker unregistered': {
      const { broker, reason } = effect
      const { counter, event, text, line } = DEPARTURES[reason]
      counters[counter]++
      events.add(event, nameOf(broker), text)
      logger.info({ ...broker, reason }, line)
      return
    }
    case 'removal fenced':
      counters.removalsFenced++
      events.add('removal fenced', nameOf(effect.broker), effect.reason)
      logger.info(
        { ...effect.broker, reason: effect.reason },
        'removal skipped: the broker has been heard from since',
      )
      return
    case 'min broker id changed':
      logger.debug({ brokerName: effect.brokerName }, 'smallest broker id changed')
      return
    case 'channel silent':
      return
    default:
      effect satisfies never
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

/** What is counted, kept and written for each reason why a broker leaves. */
const DEPARTURES = {
  request: {
    counter: 'brokersUnregistered',
    event: 'broker unregistered',
    text: 'by its own request',
    line: 'broker unregistered',
  },
  expired: {
    counter: 'brokersEvicted',
    event: 'broker evicted',
    text: 'no sign of life within its heartbeat timeout',
    line: 'broker evicted: no sign of life within its heartbeat timeout',
  },
  unreachable: {
    counter: 'brokersEvicted',
    event: 'broker evicted',
    text: 'silent, and it cannot be reached',
    line: 'broker evicted: it is silent and cannot be reached',
  },
  'connection lost': {
    counter: 'brokersLost',
    event: 'broker lost',
    text: 'its connection is lost',
    line: 'broker unregistered: its connection is lost',
  },
  'not returned': {
    counter: 'brokersEvicted',
    event: 'broker evicted',
    text: 'known from the route snapshot, and not back in time',
    line: 'broker dropped: known from the route snapshot, it did not register again in time',
  },
  renamed: {
    counter: 'brokersUnregistered',
    event: 'broker unregistered',
    text: 'its address registered under another broker name',
    line: 'broker unregistered: its address registered under another broker name',
  },
} as const satisfies Record<UnregisterReason, unknown>
