import type { Policy } from '../../access/policy.ts'
import { signatureOf } from '../../access/signature.ts'
import { cutText } from '../../common/log-throttle.ts'
import type { ExtFields } from '../../protocol/remoting-command.ts'
import { NOTIFY_MIN_BROKER_ID_CHANGE } from '../../protocol/request-code.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import type { RemotingClientError } from '../../remoting/errors.ts'
import type { RouteEvent } from '../../routeinfo/route-changes.ts'
import { minBrokerId } from '../../routeinfo/route-tables.ts'
import type { NamesrvContext } from '../namesrv-context.ts'

/** The min broker id of a group has changed. */
export type MinBrokerIdChange = Extract<RouteEvent, { kind: 'min broker id changed' }>

/**
 * Notifies the brokers of a group of its new min broker id (905). A failure is only logged: brokers query the group every second
 * anyway.
 * @param accounts - Among them the one that signs.
 * @param isProven - Whether the live broker at an address registered with a proven identity.
 * @see RouteInfoManager#notifyMinBrokerIdChanged in apache/rocketmq
 */
export function notifyMinBrokerId(
  change: MinBrokerIdChange,
  client: RemotingClient,
  context: NamesrvContext,
  accounts: Policy['accounts'],
  isProven: (brokerAddr: string) => boolean,
): void {
  const { logger, throttle } = context
  const { brokerName, brokerAddrs } = change
  const unsigned = extFieldsOf(change)
  if (unsigned === null) return
  const strangerAddr = [...brokerAddrs.values()].find((address) => !isProven(address))
  const extFields = signed(unsigned, accounts, strangerAddr, context)
  const recipients = recipientsOf(change)
  logger.debug(
    { brokerName: cutText(brokerName), recipients: recipients.length },
    'notifying brokers of the min broker id',
  )
  const command = client.createRequest(NOTIFY_MIN_BROKER_ID_CHANGE, extFields, { oneway: true })
  for (const brokerAddr of recipients) {
    client.invokeOneway(brokerAddr, command).catch((error: unknown) => {
      const { code, message } = error as Partial<RemotingClientError>
      if (code === 'ERR_CLIENT_CLOSED') return
      const fields = { brokerName, brokerAddr, code, error: message }
      throttle.log('warn', 'broker not notified of the min broker id', fields)
    })
  }
}

/**
 * Signs as `notifyAccessKey`, which brokers with `authenticationEnabled` require; Java does not sign.
 * @param strangerAddr - A member of the group without a proven identity: members choose what is signed, and get the signature.
 */
function signed(
  extFields: ExtFields,
  accounts: Policy['accounts'],
  strangerAddr: string | undefined,
  { configuration, throttle }: NamesrvContext,
): ExtFields {
  const { notifyAccessKey } = configuration.values
  if (notifyAccessKey === '') return extFields
  if (strangerAddr !== undefined) {
    const line = 'notification of brokers not signed: a member of the group has no proven identity'
    throttle.log('warn', line, { brokerAddr: cutText(strangerAddr) })
    return extFields
  }
  const secret = accounts.get(notifyAccessKey)?.secrets[0]
  if (secret === undefined) {
    const line = 'notification of brokers not signed: notifyAccessKey is no account of accessFile'
    throttle.log('warn', line, { notifyAccessKey })
    return extFields
  }
  const fields = new Map([...extFields, ['AccessKey', notifyAccessKey]])
  return fields.set('Signature', signatureOf(fields, null, secret))
}

/** In the order of Java's hash table. Null if the group is empty. */
function extFieldsOf({ brokerAddrs, offlineBrokerAddr, haBrokerAddr }: MinBrokerIdChange): ExtFields | null {
  const minId = minBrokerId(brokerAddrs)
  if (minId === undefined) return null
  const fields = new Map<string, string>()
  if (haBrokerAddr !== null) fields.set('haBrokerAddr', haBrokerAddr)
  if (offlineBrokerAddr !== null) fields.set('offlineBrokerAddr', offlineBrokerAddr)
  fields.set('minBrokerAddr', brokerAddrs.get(minId) as string)
  return fields.set('minBrokerId', `${minId}`)
}

/** A broker that registered with the lowest id knows it. @see RouteInfoManager#chooseBrokerAddrsToNotify in apache/rocketmq */
function recipientsOf({ brokerAddrs, offlineBrokerAddr }: MinBrokerIdChange): string[] {
  if (offlineBrokerAddr !== null || brokerAddrs.size === 1) return [...brokerAddrs.values()]
  const minId = minBrokerId(brokerAddrs)
  return [...brokerAddrs].filter(([id]) => id !== minId).map(([, addr]) => addr)
}
