import type { Dispute } from '../../routeinfo/registration-guard.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { disputeEntry } from './audit-entries.ts'
import { nameOf } from './route-event-log.ts'

/** Counts a request that breaks a rule of the registration guard, logs it, and keeps it for views. */
export function reportDispute(dispute: Dispute, context: NamesrvContext): void {
  const { audit, counters, disputes, events, throttle } = context
  const { rule, broker, live, claimant, reason, isRejected } = dispute
  counters.registrationDisputes[rule] = (counters.registrationDisputes[rule] ?? 0) + 1
  audit.write(disputeEntry(dispute))
  throttle.log('warn', 'registration disputed', {
    peer: claimant.peer,
    rule,
    ...broker,
    claimant: claimant.owner,
    owner: live?.owner,
    ownerAddr: live?.brokerAddr,
    reason,
    rejected: isRejected,
  })
  const count = disputes.add(dispute)
  if (count === undefined) return
  const by = `by ${claimant.owner} (${claimant.peer})`
  const against = live === undefined ? '' : ` against ${live.owner}`
  const text = `${rule} ${by}${against}, ${isRejected ? 'rejected' : 'carried out'}; ${count} so far`
  events.add('registration_disputed', nameOf(broker), text)
}
