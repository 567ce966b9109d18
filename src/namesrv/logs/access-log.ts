import type { Denial, GateEvents } from '../../access/gate.ts'
import { cutText } from '../../common/log-throttle.ts'
import { visible } from '../../common/visible.ts'
import { originOf, type RequestContext } from '../../protocol/processor.ts'
import type { RemotingCommand } from '../../protocol/remoting-command.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import type { NamesrvContext } from '../namesrv-context.ts'
import { subjectOf } from './audit-log.ts'
import { senderName, senderOf } from './processor-events.ts'
import { logRateLetPass } from './request-log.ts'

/** How often one address and account are logged that use a previous secret, and how many of them. */
const PREVIOUS_PERIOD_MS = 60_000
const MAX_PREVIOUS = 1_000

/** A longer access key is cut. */
const MAX_KEY_CHARACTERS = 100

/** Counts, keeps and logs the requests that the access policy rejects. */
export function createAccessLog(context: NamesrvContext): GateEvents {
  const previous = new Set<string>()
  let periodStartMs = Number.NEGATIVE_INFINITY
  return {
    onPreviousSecret: (accessKey, { channel, nowMs }) => {
      if (nowMs - periodStartMs >= PREVIOUS_PERIOD_MS) {
        periodStartMs = nowMs
        previous.clear()
      }
      const user = `${accessKey} ${channel.host}`
      if (previous.has(user) || previous.size >= MAX_PREVIOUS) return
      previous.add(user)
      context.throttle.log('info', 'signed with the previous secret', {
        peer: channel.remoteAddress,
        accessKey,
      })
    },
    onDenied: (denial, request, sender) => logDenial(context, denial, request, sender),
    onRateLetPass: (error, { code, extFields }, sender) =>
      logRateLetPass(context, error, originOf(code, sender), subjectOf(extFields)),
  }
}

function logDenial(
  { audit, counters, denials, events, history, throttle }: NamesrvContext,
  { group, rule, accessKey, unproven, nearMiss, isEnforced }: Denial,
  { code, extFields }: RemotingCommand,
  context: RequestContext,
): void {
  const { peer, account } = senderOf(context)
  const { host } = context.channel
  const counts = isEnforced ? counters.denied : counters.deniedInAudit
  counts.set(group, (counts.get(group) ?? 0) + 1)
  const denied = {
    host,
    code,
    group,
    identity: account ?? null,
    accessKey,
    rule,
    unproven: unproven ?? null,
    nearMiss: nearMiss ?? null,
  }
  denials.add({ ...denied, isEnforced }, peer)
  const givenKey = accessKey === null ? undefined : visible(cutText(accessKey, MAX_KEY_CHARACTERS))
  const proof = unproven === undefined ? [] : [`accessKey ${givenKey ?? 'missing'}: ${unproven}`]
  const reasons = nearMiss === undefined ? proof : [...proof, nearMiss]
  const reason = reasons.length === 0 ? undefined : reasons.join('; ')
  audit.write({
    event: 'request_denied',
    by: originOf(code, context),
    over: subjectOf(extFields),
    result: isEnforced ? 'rejected' : 'let pass',
    rule,
    reason,
  })
  if (isEnforced && code === RequestCode.REGISTER_BROKER) {
    counters.registrationsRejected++
    const brokerName = extFields?.get('brokerName') ?? ''
    const brokerAddr = extFields?.get('brokerAddr') ?? ''
    const registration = { brokerName, brokerAddr, by: senderName(context), limit: undefined }
    const why = [`access: ${rule}`, ...reasons].join('; ')
    if (brokerName !== '') history.onRegistrationRejected({ ...registration, reason: why })
  }
  const line = isEnforced ? 'request denied' : 'request would be denied (mode audit)'
  const fields = { peer, host, code, group, rule, account, accessKey: givenKey, unproven, nearMiss }
  if (!throttle.log('warn', line, fields)) return
  const who = account ?? (givenKey === undefined ? 'anonymous' : `unproven ${givenKey}`)
  const outcome = isEnforced ? '' : ', let pass in the mode audit'
  events.add('request_denied', peer, `request ${code} (${group}) of ${who} by ${rule}${outcome}`)
}
