import type { LimitName } from '../../common/limit-error.ts'
import type { AdminChange } from '../../processor/processor-events.ts'
import type { RequestContext } from '../../protocol/processor.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import type { Dispute, DisputeRule } from '../../routeinfo/registration-guard.ts'
import type { RouteEvent } from '../../routeinfo/route-changes.ts'
import type { AuditEntry, AuditSubject } from './audit-log.ts'

/** What a registration (103) or unregistration (104) has done; undefined for events that no request caused. */
export function routeEventEntry(event: RouteEvent): AuditEntry | undefined {
  const kind = ROUTE_EVENTS[event.kind]
  if (kind === undefined || !('broker' in event)) return undefined
  const { broker, peer = '', by } = event
  const isLeaving = 'reason' in event
  if (isLeaving && event.reason !== 'request' && event.reason !== 'renamed') return undefined
  const isUnregistration = isLeaving && event.reason === 'request'
  const { clusterName: cluster, brokerName, brokerAddr: address } = broker
  const brokerId = 'brokerId' in broker ? broker.brokerId?.toString() : undefined
  return {
    ...kind,
    code: isUnregistration ? RequestCode.UNREGISTER_BROKER : RequestCode.REGISTER_BROKER,
    peer,
    identity: by,
    over: { cluster, broker: brokerName, brokerId, address },
    reason: event.kind === 'registration ignored' ? `held by ${event.currentAddr}` : undefined,
  }
}

const ROUTE_EVENTS: Readonly<Partial<Record<RouteEvent['kind'], Pick<AuditEntry, 'event' | 'result'>>>> = {
  'broker registered': { event: 'broker_registered', result: 'done' },
  'topics changed': { event: 'topics_changed', result: 'done' },
  'override ended': { event: 'permission_restored', result: 'done' },
  'registration ignored': { event: 'registration_ignored', result: 'ignored' },
  'broker unregistered': { event: 'broker_left', result: 'done' },
  'removal fenced': { event: 'removal_fenced', result: 'ignored' },
}

/** What a request of an operator has changed. */
export function adminChangeEntry(change: AdminChange, { channel, identity }: RequestContext): AuditEntry {
  const { event, code, isChange, over } = adminChange(change)
  return { event, code, peer: channel.remoteAddress, identity, over, result: isChange ? 'done' : 'unchanged' }
}

function adminChange(change: AdminChange): {
  readonly event: string
  readonly code: RequestCode
  readonly isChange: boolean
  readonly over: AuditSubject
} {
  switch (change.kind) {
    case 'permission wiped':
    case 'permission restored': {
      const { brokerName: broker, changed: isChange } = change
      return change.kind === 'permission wiped'
        ? {
            event: 'permission_wiped',
            code: RequestCode.WIPE_WRITE_PERM_OF_BROKER,
            isChange,
            over: { broker },
          }
        : {
            event: 'permission_restored',
            code: RequestCode.ADD_WRITE_PERM_OF_BROKER,
            isChange,
            over: { broker },
          }
    }
    case 'topic deleted': {
      const { topic, clusterName: cluster, brokers } = change
      const code = RequestCode.DELETE_TOPIC_IN_NAMESRV
      return { event: 'topic_deleted', code, isChange: brokers > 0, over: { cluster, topic } }
    }
    case 'topic registered': {
      const { topic, brokers } = change
      const code = RequestCode.REGISTER_TOPIC_IN_NAMESRV
      return { event: 'topic_registered', code, isChange: brokers > 0, over: { topic } }
    }
    case 'KV entry put':
    case 'KV entry deleted': {
      const over = { namespace: change.namespace, key: change.key }
      return change.kind === 'KV entry put'
        ? { event: 'kv_put', code: RequestCode.PUT_KV_CONFIG, isChange: true, over }
        : { event: 'kv_deleted', code: RequestCode.DELETE_KV_CONFIG, isChange: true, over }
    }
    case 'connection closed': {
      const { address } = change
      return {
        event: 'connection_closed',
        code: RequestCode.CLOSE_CONNECTION,
        isChange: true,
        over: { address },
      }
    }
    default:
      return change satisfies never
  }
}

/** A request about a broker that is not its sender's. */
export function disputeEntry({ rule, broker, claimant, live, reason, isRejected }: Dispute): AuditEntry {
  const { clusterName: cluster, brokerName, brokerAddr: address } = broker
  return {
    event: 'registration_disputed',
    code: CODE_OF_RULE[rule],
    peer: claimant.peer,
    identity: claimant.by,
    over: { cluster, broker: brokerName, address },
    result: isRejected ? 'rejected' : 'let pass',
    rule,
    reason: live === undefined ? reason : `${reason}: ${live.owner}`,
  }
}

/** Heartbeats are 904 and 322; queues are registered by 103 and 217. */
const CODE_OF_RULE: Readonly<Partial<Record<DisputeRule, RequestCode>>> = {
  broker_id_taken: RequestCode.REGISTER_BROKER,
  address_taken: RequestCode.REGISTER_BROKER,
  negative_broker_id: RequestCode.REGISTER_BROKER,
  heartbeat_timeout: RequestCode.REGISTER_BROKER,
  announced_address: RequestCode.REGISTER_BROKER,
  group_flags: RequestCode.REGISTER_BROKER,
  unregistration: RequestCode.UNREGISTER_BROKER,
  topic: RequestCode.REGISTER_TOPIC_IN_NAMESRV,
}

/** A connection, or a request, that a limit rejects. */
export function limitEntry(
  limit: LimitName,
  peer: string,
  reason: string,
  { code, over }: Pick<AuditEntry, 'code' | 'over'> = {},
): AuditEntry {
  return { event: 'rejected', code, peer, over, result: 'rejected', rule: limit, reason }
}
