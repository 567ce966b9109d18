import type { AdminChange } from '../../processor/processor-events.ts'
import { type Origin, originOf, type RequestContext } from '../../protocol/processor.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import type { Dispute } from '../../routeinfo/registration-guard.ts'
import type { RouteEvent } from '../../routeinfo/route-changes.ts'
import type { AuditEntry, AuditSubject } from './audit-log.ts'

/** What a registration (103) or unregistration (104) has done; undefined for events that no request caused. */
export function routeEventEntry(event: RouteEvent): AuditEntry | undefined {
  const kind = ROUTE_EVENTS[event.kind]
  if (kind === undefined || !('broker' in event)) return undefined
  const { broker, by } = event
  if (by === undefined) return undefined
  const { clusterName: cluster, brokerName, brokerAddr: address } = broker
  const brokerId = 'brokerId' in broker ? broker.brokerId?.toString() : undefined
  return {
    ...kind,
    by,
    over: { cluster, broker: brokerName, brokerId, address },
    reason: event.kind === 'registration ignored' ? `held by ${event.currentAddr}` : undefined,
  }
}

const ROUTE_EVENTS: Readonly<Partial<Record<RouteEvent['kind'], Pick<AuditEntry, 'event' | 'result'>>>> = {
  'broker registered': { event: 'broker_registered', result: 'done' },
  'broker changed': { event: 'broker_changed', result: 'done' },
  'topics changed': { event: 'topics_changed', result: 'done' },
  'override ended': { event: 'permission_restored', result: 'done' },
  'registration ignored': { event: 'registration_ignored', result: 'ignored' },
  'broker unregistered': { event: 'broker_left', result: 'done' },
  'removal fenced': { event: 'removal_fenced', result: 'ignored' },
}

/** What a request of an operator has changed. */
export function adminChangeEntry(change: AdminChange, context: RequestContext): AuditEntry {
  const { event, code, isChange, over } = adminChange(change)
  return { event, by: originOf(code, context), over, result: isChange ? 'done' : 'unchanged' }
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
    by: claimant.by ?? claimant,
    over: { cluster, broker: brokerName, address },
    result: isRejected ? 'rejected' : 'let pass',
    rule,
    reason: live === undefined ? reason : `${reason}: ${live.owner}`,
  }
}

/**
 * A connection or a request that is rejected, other than by the access policy or the registration guard.
 *
 * @param rule - Name of the limit; without one, of the key of the configuration or the error code that says why.
 * @param isEnforced - False if it is let pass: the mode is `audit`.
 */
export function rejectionEntry(
  rule: string,
  reason: string,
  by: Origin,
  {
    over,
    isEnforced = true,
  }: { readonly over?: AuditSubject | undefined; readonly isEnforced?: boolean } = {},
): AuditEntry {
  return { event: 'rejected', by, over, result: isEnforced ? 'rejected' : 'let pass', rule, reason }
}
