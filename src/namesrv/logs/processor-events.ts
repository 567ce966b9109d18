import { counted } from '../../common/counted.ts'
import { cutText, type LineFields } from '../../common/log-throttle.ts'
import type { AdminChange, ProcessorEvents } from '../../processor/processor-events.ts'
import { originOf, type RequestContext } from '../../protocol/processor.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { AUTO_CREATE_TOPIC } from '../../routeinfo/table-queries.ts'
import { HIDDEN } from '../config/config-key.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { adminChangeEntry } from './audit-entries.ts'

/** Keys whose values may be secrets: the log does not show them. */
const SECRET_KEY = /password|passwd|secret|token|credential/i

/** Logs what processors report, with the peer, and keeps what the views show of it. */
export function createProcessorEvents(context: NamesrvContext): ProcessorEvents {
  const { audit, history, logger, misses, throttle } = context
  const logsNoRoute = logger.isLevelEnabled?.('debug') ?? true
  return {
    log: (level, line, fields, sender) => void throttle.log(level, line, { ...senderOf(sender), ...fields }),

    onAdminChange: (change, sender) => {
      const { line, fields } = lineOf(change)
      throttle.log('info', line, { ...senderOf(sender), ...fields })
      keep(change, senderName(sender), context)
      audit.write(adminChangeEntry(change, sender))
    },

    onRegistrationRejected: ({ brokerName, brokerAddr, limit, isDisputed, reason }, sender) => {
      // What a limit or the guard rejects is logged as such.
      if (limit === undefined && !isDisputed)
        throttle.log('warn', 'registration rejected', { ...senderOf(sender), brokerName, brokerAddr, reason })
      if (!isDisputed)
        audit.write({
          event: 'registration_rejected',
          by: originOf(RequestCode.REGISTER_BROKER, sender),
          over: { broker: brokerName, address: brokerAddr },
          result: 'rejected',
          rule: limit,
          reason,
        })
      if (brokerName === null) return
      const by = senderName(sender)
      history.onRegistrationRejected({
        brokerName,
        brokerAddr: brokerAddr ?? '',
        by,
        limit,
        isDisputed,
        reason,
      })
    },

    onNoRoute: (topic, { language, version }, { channel: { remoteAddress: peer } }) => {
      // Producers ask for it after each lookup of another topic that found no route.
      if (topic !== AUTO_CREATE_TOPIC)
        misses.add(topic, () => ({ address: peer.slice(0, peer.lastIndexOf(':')), language, version }))
      if (logsNoRoute) logger.debug({ peer, topic: cutText(topic) }, 'no route for topic')
    },
  }
}

/** The sender of a request in a log line. */
export function senderOf({ channel: { remoteAddress: peer }, identity }: RequestContext): {
  readonly peer: string
  readonly account: string | undefined
} {
  return { peer, account: identity?.name }
}

/** The sender of a request in words: `10.0.0.1:5000`, or `ops (10.0.0.1:5000)` if it is proven. */
export function senderName({ channel: { remoteAddress }, identity }: RequestContext): string {
  return identity === undefined ? remoteAddress : `${identity.name} (${remoteAddress})`
}

function lineOf(change: AdminChange): { readonly line: string; readonly fields: LineFields } {
  const { kind, ...fields } = change
  switch (kind) {
    case 'permission wiped':
      return { line: 'write permission wiped', fields }
    case 'permission restored':
      return { line: 'write permission added', fields }
    case 'connection closed':
      return { line: 'connection closed by an operator', fields }
    case 'KV entry put':
      return { line: kind, fields: SECRET_KEY.test(`${change.key}`) ? { ...fields, value: HIDDEN } : fields }
    default:
      return { line: kind, fields }
  }
}

/** An event for each change, however many there are; not for a request that changed nothing. */
function keep(change: AdminChange, by: string, { events, history, misses }: NamesrvContext): void {
  switch (change.kind) {
    case 'permission wiped':
    case 'permission restored': {
      const { brokerName, topics, changed } = change
      if (topics === 0 || !changed) return
      const isWiped = change.kind === 'permission wiped'
      history.onPermissionChange(brokerName, { kind: isWiped ? 'wiped' : 'restored', by, topics })
      const kind = isWiped ? 'permission_wiped' : 'permission_restored'
      const now = isWiped ? 'without write permission' : 'with read and write permission'
      events.add(kind, brokerName, `${counted(topics, 'topic')} now ${now}, by ${by}`, { brokerName })
      return
    }
    case 'topic deleted': {
      const { topic, clusterName, brokers } = change
      if (brokers === 0) return
      history.onTopicDeleted(topic, { by, clusterName, brokers })
      events.add('topic_deleted', topic, `on ${counted(brokers, 'broker')}, by ${by}`, {
        cluster: clusterName,
        topic,
      })
      return
    }
    case 'topic registered': {
      const { topic, brokers } = change
      if (brokers === 0) return
      history.onTopicRegistered(topic, { by, brokers })
      misses.onRoutesChanged((name) => name === topic)
      events.add('topic_registered', topic, `on ${counted(brokers, 'broker')}, by ${by}`, { topic })
      return
    }
    case 'KV entry put':
    case 'KV entry deleted': {
      const what = change.kind === 'KV entry put' ? 'put' : 'deleted'
      events.add('kv_changed', by, `${change.namespace}/${change.key} ${what}`, { address: by })
      return
    }
    case 'connection closed': {
      const { address, connectionId } = change
      events.add('connection_closed', address, `connection ${connectionId}, by ${by}`, { address })
      return
    }
    default:
      change satisfies never
  }
}
