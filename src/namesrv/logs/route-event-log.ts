import { counted } from '../../common/counted.ts'
import { cutText, type LineLevel } from '../../common/log-throttle.ts'
import {
  type BrokerIdentity,
  type RouteEvent,
  TopicTally,
  type UnregisterReason,
} from '../../routeinfo/route-changes.ts'
import type { EventKind, EventObject } from '../../stats/recent-events.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Topics that an event names of each kind of change. */
const MAX_NAMES = 5

/** Counts an event of a broker, adds it to the recent events, and logs it. */
export function logRouteEvent(event: RouteEvent, context: NamesrvContext): void {
  const { counters, events, history, logger, throttle } = context
  const log = (level: LineLevel, line: string, about: BrokerEvent, details: object = {}): void => {
    const { peer, broker, topicChanges } = about
    const { clusterName, brokerName, brokerAddr, brokerId } = broker
    const names = { clusterName, brokerName, brokerId: brokerId?.toString(), brokerAddr }
    throttle.log(level, line, { peer, ...names, ...details, ...topicFields(topicChanges) })
  }
  const add = (kind: EventKind, { broker }: BrokerEvent, text: string): void =>
    events.add(kind, nameOf(broker), text, eventObject(broker))
  switch (event.kind) {
    case 'broker registered': {
      const { broker, haServerAddr, topics } = event
      counters.brokersRegistered++
      const text = `id ${broker.brokerId}, ${counted(topics, 'topic')}${tallyText(event.topicChanges)}`
      add('broker_registered', event, text)
      log('info', 'broker registered', event, { haServerAddr, topics })
      return
    }
    case 'broker listed':
      add('broker_listed', event, `id ${event.broker.brokerId}`)
      log('info', 'broker listed', event)
      return
    case 'topics observed':
      add('topics_changed', event, tallyText(event.topicChanges).slice(2))
      log('info', 'topics changed', event)
      return
    case 'broker changed': {
      const { haServerAddr, zoneName, enableActingMaster } = event
      log('info', 'broker changed by a registration', event, { haServerAddr, zoneName, enableActingMaster })
      return
    }
    case 'topics changed':
      add('topics_changed', event, tallyText(event.topicChanges).slice(2))
      log('info', 'topics changed by a registration', event)
      return
    case 'override ended': {
      const { brokerName, clusterName: cluster } = event.broker
      if (history.permissionChange(brokerName)?.kind !== 'wiped') return
      events.add('permission_restored', brokerName, 'by its registration', { cluster, brokerName })
      log('info', 'write permission restored by a registration', event)
      return
    }
    case 'registration ignored': {
      const line = 'registration ignored: this brokerId is held by a broker with a newer stateVersion'
      const { broker, currentAddr } = event
      add('registration_ignored', event, `id ${broker.brokerId} is held by ${currentAddr}`)
      log('warn', line, event, { currentAddr })
      return
    }
    case 'broker unregistered': {
      const { reason } = event
      const { level, counter, kind, line } = UNREGISTRATIONS[reason]
      counters[counter]++
      add(kind, event, `${line.slice(line.indexOf(': ') + 2)}${tallyText(event.topicChanges)}`)
      log(level, line, event, { reason })
      return
    }
    case 'removal fenced': {
      const { reason: removalReason } = event
      counters.removalsFenced++
      add('removal_fenced', event, `removal reason: ${removalReason}`)
      log('info', 'removal fenced: the broker has registered again', event, { removalReason })
      return
    }
    case 'min broker id changed':
      logger.debug({ brokerName: cutText(event.brokerName) }, 'min broker id changed')
      return
    case 'connection inactive':
      return
    default:
      event satisfies never
  }
}

/** What an event says about a broker. */
interface BrokerEvent {
  readonly peer?: string | undefined
  readonly broker: Omit<BrokerIdentity, 'brokerId'> & { readonly brokerId?: bigint | undefined }
  readonly topicChanges?: TopicTally | undefined
}

/** Counts and first names of the topics that are new, changed or deleted; kinds without topics are omitted. */
function topicFields(tally: TopicTally | undefined): Record<string, unknown> {
  if (tally === undefined) return {}
  const { counts } = tally
  const firstNames = {
    new: tally.firstNames.new.slice(0, MAX_NAMES),
    changed: tally.firstNames.changed.slice(0, MAX_NAMES),
    deleted: tally.firstNames.deleted.slice(0, MAX_NAMES),
  }
  return {
    ...(counts.new > 0 && { newTopics: counts.new, firstNewTopics: firstNames.new }),
    ...(counts.changed > 0 && { changedTopics: counts.changed, firstChangedTopics: firstNames.changed }),
    ...(counts.deleted > 0 && { deletedTopics: counts.deleted, firstDeletedTopics: firstNames.deleted }),
  }
}

/** The same in words, such as `; topics: 1 new (TopicA), 2 deleted (TopicB, TopicC)`. */
function tallyText({ counts, firstNames } = new TopicTally()): string {
  const parts = (['new', 'changed', 'deleted'] as const)
    .filter((change) => counts[change] > 0)
    .map((change) => {
      const names = firstNames[change].slice(0, MAX_NAMES)
      const more = counts[change] > names.length ? ', …' : ''
      return `${counts[change]} ${change} (${names.join(', ')}${more})`
    })
  return parts.length === 0 ? '' : `; topics: ${parts.join(', ')}`
}

/** Address, name and cluster, each shortened; only the name if the others are not known. */
export function nameOf({ clusterName, brokerName, brokerAddr }: Omit<BrokerIdentity, 'brokerId'>): string {
  if (brokerAddr === '' && clusterName === '') return brokerName.slice(0, 60)
  return `${brokerAddr.slice(0, 60)} ${brokerName.slice(0, 60)} of ${clusterName.slice(0, 60)}`
}

/** The same for programs. */
export function eventObject({
  clusterName: cluster,
  brokerName,
  brokerAddr: address,
  brokerId,
}: BrokerEvent['broker']): EventObject {
  return { cluster, brokerName, brokerId, address }
}

/** How a removal is counted and logged, by its reason. */
const UNREGISTRATIONS = {
  request: {
    level: 'info',
    counter: 'brokersUnregistered',
    kind: 'broker_left',
    line: 'broker unregistered: by its own request',
  },
  renamed: {
    level: 'info',
    counter: 'brokersUnregistered',
    kind: 'broker_left',
    line: 'broker unregistered: its address registered under another broker name',
  },
  'connection lost': {
    level: 'warn',
    counter: 'brokersLost',
    kind: 'broker_lost',
    line: 'broker lost: its connection closed',
  },
  'disconnected by operator': {
    level: 'info',
    counter: 'brokersLost',
    kind: 'broker_lost',
    line: 'broker lost: an operator closed its connection',
  },
  expired: {
    level: 'warn',
    counter: 'brokersExpired',
    kind: 'broker_expired',
    line: 'broker expired: no heartbeat within its timeout',
  },
  unreachable: {
    level: 'warn',
    counter: 'brokersUnreachable',
    kind: 'broker_unreachable',
    line: 'broker unreachable: no heartbeat and its address does not accept connections',
  },
  'not listed': {
    level: 'warn',
    counter: 'brokersLost',
    kind: 'broker_not_listed',
    line: 'broker missing: the NameServer does not list it any more',
  },
  'not returned': {
    level: 'warn',
    counter: 'brokersNotReturned',
    kind: 'broker_not_returned',
    line: 'broker not returned: it did not register again within the snapshot grace period',
  },
} as const satisfies Record<UnregisterReason, object>
