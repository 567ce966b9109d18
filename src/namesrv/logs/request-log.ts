import type { LimitName } from '../../common/limit-error.ts'
import { cutText } from '../../common/log-throttle.ts'
import type { ProcessorOptions } from '../../processor/default-request-processor.ts'
import { HIDDEN } from '../config/config-key.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** Keys whose values may be secrets: the log does not show them. */
const SECRET_KEY = /password|passwd|secret|token|credential/i

/** Logs what processors report, with the peer. */
export function createRequestLog({
  logger,
  throttle,
}: Pick<NamesrvContext, 'logger' | 'throttle'>): Pick<ProcessorOptions, 'log' | 'logNoRoute'> {
  return {
    log: (level, line, fields, { channel: { remoteAddress: peer } }) => {
      const isSecret = 'value' in fields && SECRET_KEY.test(`${fields['key']}`)
      throttle.log(level, line, { peer, ...fields, ...(isSecret && { value: HIDDEN }) })
    },
    logNoRoute: logger.isLevelEnabled('debug')
      ? (topic, { channel: { remoteAddress: peer } }) =>
          logger.debug({ peer, topic: cutText(topic) }, 'no route for topic')
      : undefined,
  }
}

/** Counts and logs what a limit rejects. */
export function logRejection(
  { counters, events, throttle }: Pick<NamesrvContext, 'counters' | 'events' | 'throttle'>,
  limit: LimitName,
  peer: string,
  reason: string,
): void {
  counters.rejected[limit]++
  if (throttle.log('warn', 'rejected: limit reached', { peer, limit, reason })) {
    events.add('rejected', peer, reason)
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
    events.add('internal_error', peer, `${line}${request}: ${err}`)
  }
}
