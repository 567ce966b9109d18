import type { Logger } from 'pino'
import { cutName } from '../../common/log-text.ts'
import type { LineLevel, LogThrottle } from '../../common/log-throttle.ts'
import type { RouteEvent, TopicTally, UnregisterReason } from '../../routeinfo/route-changes.ts'
import type { Counters } from '../../stats/counters.ts'
import type { RecentEvents } from '../../stats/recent-events.ts'

/** Where events of brokers are counted and logged. */
export interface RouteEventSinks {
  readonly counters: Counters
  readonly events: RecentEvents
  readonly logger: Logger
  readonly throttle: LogThrottle
}

/** Counts an event of a broker, adds it to the recent events, and logs it. */
export function logRouteEvent(effect: RouteEvent, sinks: RouteEventSinks): void {
  const { counters, events, logger } = sinks
  switch (effect.kind) {
    case 'broker registered': {
      const { broker, haServerAddr, topics, topicChanges } = effect
      counters.brokersRegistered++
      events.add('broker registered', nameOf(broker), `id ${broker.brokerId}, ${topics} topics`)
      const fields = () => ({ haServerAddr: cutName(haServerAddr), topics, ...topicFields(topicChanges) })
      write('info', 'broker registered', effect, fields, sinks)
      return
    }
    case 'topics changed':
      write('info', 'topics changed by a registration', effect, () => topicFields(effect.topicChanges), sinks)
      return
    case 'registration ignored': {
      const line = 'registration ignored: this brokerId is held by a broker with a newer stateVersion'
      write('warn', line, effect, () => ({ currentAddr: cutName(effect.currentAddr) }), sinks)
      return
    }
    case 'broker unregistered': {
      const { broker, reason } = effect
      const { counter, event, text, level, line } = UNREGISTRATIONS[reason]
      counters[counter]++
      events.add(event, nameOf(broker), text)
      write(level, line, effect, () => ({ reason, ...topicFields(effect.topicChanges) }), sinks)
      return
    }
    case 'removal fenced': {
      const { broker, reason } = effect
      counters.removalsFenced++
      events.add('removal fenced', nameOf(broker), reason)
      write(
        'info',
        'removal fenced: the broker registered again before it was carried out',
        effect,
        () => ({ reason }),
        sinks,
      )
      return
    }
    case 'min broker id changed':
      logger.debug({ brokerName: cutName(effect.brokerName) }, 'min broker id changed')
      return
    case 'connection inactive':
      return
    default:
      effect satisfies never
  }
}

/** The broker of a log line. */
interface BrokerEvent {
  readonly peer?: string | undefined
  readonly broker: {
    readonly clusterName: string
    readonly brokerName: string
    readonly brokerAddr: string
    readonly brokerId?: bigint
  }
}

function write(
  level: LineLevel,
  line: string,
  { peer, broker }: BrokerEvent,
  fields: () => Record<string, unknown>,
  { logger, throttle }: RouteEventSinks,
): void {
  // A broker restored from the snapshot has no connection: its address takes the place of the peer's.
  throttle.limit(level, line).run((suppressed) => {
    const { clusterName, brokerName, brokerAddr, brokerId } = broker
    const names = {
      clusterName: cutName(clusterName),
      brokerName: cutName(brokerName),
      brokerId: brokerId === undefined ? undefined : `${brokerId}`,
      brokerAddr: cutName(brokerAddr),
    }
    logger[level]({ peer, ...names, ...fields(), suppressed }, line)
  }, peer ?? broker.brokerAddr)
}

/** Counts and first names of the topics that are new, changed or deleted; kinds without topics are omitted. */
function topicFields(tally: TopicTally | undefined): Record<string, unknown> {
  if (tally === undefined) return {}
  const { counts, firstNames } = tally
  const names = (kind: keyof typeof firstNames) => firstNames[kind].map((name) => cutName(name))
  return {
    ...(counts.new > 0 && { newTopics: counts.new, firstNewTopics: names('new') }),
    ...(counts.changed > 0 && { changedTopics: counts.changed, firstChangedTopics: names('changed') }),
    ...(counts.deleted > 0 && { deletedTopics: counts.deleted, firstDeletedTopics: names('deleted') }),
  }
}

/** Address, name and cluster, each shortened. */
export function nameOf(broker: {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerAddr: string
}): string {
  const { clusterName, brokerName, brokerAddr } = broker
  return `${brokerAddr.slice(0, 60)} ${brokerName.slice(0, 60)} of ${clusterName.slice(0, 60)}`
}

/** Counter, event and log line for each reason why a broker is unregistered. */
const UNREGISTRATIONS = {
  request: {
    counter: 'brokersUnregistered',
    event: 'broker unregistered',
    text: 'by its own request',
    level: 'info',
    line: 'broker unregistered',
  },
  expired: {
    counter: 'brokersEvicted',
    event: 'broker evicted',
    text: 'no heartbeat within its timeout',
    level: 'warn',
    line: 'broker expired: no heartbeat within its timeout',
  },
  unreachable: {
    counter: 'brokersEvicted',
    event: 'broker evicted',
    text: 'no heartbeat, and unreachable',
    level: 'warn',
    line: 'broker unreachable: no heartbeat and its address takes no connection',
  },
  'connection lost': {
    counter: 'brokersLost',
    event: 'broker lost',
    text: 'its connection closed',
    level: 'warn',
    line: 'broker lost: its connection closed',
  },
  'not returned': {
    counter: 'brokersEvicted',
    event: 'broker evicted',
    text: 'not registered again within the snapshot grace period',
    level: 'warn',
    line: 'broker not returned: it did not register again within the snapshot grace period',
  },
  renamed: {
    counter: 'brokersUnregistered',
    event: 'broker unregistered',
    text: 'its address registered under another broker name',
    level: 'info',
    line: 'broker unregistered: its address registered under another broker name',
  },
} as const satisfies Record<UnregisterReason, { readonly level: LineLevel } & Record<string, string>>
