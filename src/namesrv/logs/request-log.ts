import type { LimitName } from '../../common/limit-error.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Counts and logs what a limit rejects. */
export function logRejection(
  { counters, events, throttle }: Pick<NamesrvContext, 'counters' | 'events' | 'throttle'>,
  limit: LimitName,
  peer: string,
  reason: string,
): void {
  counters.rejected[limit]++
  if (throttle.log('warn', 'rejected: limit reached', { peer, limit, reason })) {
    events.add('rejected', peer, reason, { address: peer })
  }
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
