import type { LimitError, LimitName } from '../../common/limit-error.ts'
import type { Origin } from '../../protocol/processor.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { rejectionEntry } from './audit-entries.ts'
import type { AuditSubject } from './audit-log.ts'

/** Counts and logs what a limit rejects. */
export function logRejection(
  { counters, events, throttle }: Pick<NamesrvContext, 'counters' | 'events' | 'throttle'>,
  limit: LimitName,
  peer: string,
  reason: string,
  account?: string,
): void {
  counters.rejected[limit]++
  if (throttle.log('warn', 'rejected: limit reached', { peer, account, limit, reason })) {
    events.add('rejected', peer, reason, { address: peer })
  }
}

/** Logs what exceeds a rate of the access file, and is let pass: the mode is `audit`. */
export function logRateLetPass(
  { audit, events, throttle }: NamesrvContext,
  { limit, message: reason }: LimitError,
  by: Origin,
  over?: AuditSubject,
): void {
  audit.write(rejectionEntry(limit, reason, by, { over, isEnforced: false }))
  const { code, peer, identity } = by
  const fields = { peer, code, account: identity?.name, limit, reason }
  if (throttle.log('warn', 'rate exceeded (mode audit)', fields))
    events.add('rejected', peer, `${reason}, let pass in the mode audit`, { address: peer })
}

/** Logs an unexpected error. @param line - What failed because of it. */
export function logInternalError(
  { events, throttle }: Pick<NamesrvContext, 'events' | 'throttle'>,
  line: string,
  peer: string,
  err: unknown,
  fields: { readonly code?: number } = {},
): void {
  if (throttle.log('error', `${line}: internal error`, { err, ...fields, peer })) {
    const request = fields.code === undefined ? '' : ` (code ${fields.code})`
    events.add('internal_error', peer, `${line}${request}: ${err}`, peer === '' ? {} : { address: peer })
  }
}
