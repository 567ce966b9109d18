import type { Logger } from 'pino'
import { cutName, cutText } from '../../common/log-text.ts'
import type { RateLimit } from '../../common/rate-limit.ts'
import type { ExtFields } from '../../protocol/remoting-command.ts'
import { NOTIFY_MIN_BROKER_ID_CHANGE } from '../../protocol/request-code.ts'
import type { RemotingClient } from '../../remoting/client/remoting-client.ts'
import { RemotingClientError } from '../../remoting/client/remoting-client-error.ts'
import type { RouteEvent } from '../../routeinfo/route-event.ts'
import { minBrokerId } from '../../routeinfo/route-tables.ts'

/** A group whose least id is another one than before. */
export type MinBrokerIdChange = Extract<RouteEvent, { kind: 'min broker id changed' }>

/** Begins the line about a broker that could not be told. */
export const NOT_NOTIFIED = 'broker not notified of the min broker id'

/**
 * Tells the brokers of a group of its new least id (905). Whoever cannot be reached is not told; brokers ask every second
 * anyway. Nobody waits for it.
 * @see RouteInfoManager#notifyMinBrokerIdChanged in apache/rocketmq
 */
export class MinBrokerIdNotifier {
  readonly #client: RemotingClient
  readonly #logger: Logger
  readonly #limit: RateLimit

  constructor(client: RemotingClient, logger: Logger, limit: RateLimit) {
    this.#client = client
    this.#logger = logger
    this.#limit = limit
  }

  notify(change: MinBrokerIdChange): void {
    const { brokerName } = change
    const extFields = extFieldsOf(change)
    if (extFields === null) return
    const recipients = recipientsOf(change)
    this.#logger.debug(
      { brokerName: cutName(brokerName), recipients: recipients.length },
      'min broker id changed: notifying the brokers of the group',
    )
    const command = this.#client.createRequest(NOTIFY_MIN_BROKER_ID_CHANGE, extFields, { oneway: true })
    for (const brokerAddr of recipients) {
      this.#client
        .invokeOneway(brokerAddr, command)
        .catch((error: unknown) => this.#onFailure(brokerName, brokerAddr, error))
    }
  }

  #onFailure(brokerName: string, brokerAddr: string, error: unknown): void {
    if (error instanceof RemotingClientError && error.code === 'ERR_CLIENT_CLOSED') return
    this.#limit.run((suppressed) => {
      const { code, message } = error as Partial<RemotingClientError>
      const fields = { brokerName: cutName(brokerName), brokerAddr: cutName(brokerAddr), code, suppressed }
      this.#logger.warn(fields, `${NOT_NOTIFIED}: ${cutText(`${message}`)}`)
    }, brokerAddr)
  }
}

/** In the order in which Java's hash table has them. Null if there is nobody in the group. */
function extFieldsOf({ brokerAddrs, offlineBrokerAddr, haBrokerAddr }: MinBrokerIdChange): ExtFields | null {
  const minId = minBrokerId(brokerAddrs)
  if (minId === undefined) return null
  const fields = new Map<string, string>()
  if (haBrokerAddr !== null) fields.set('haBrokerAddr', haBrokerAddr)
  if (offlineBrokerAddr !== null) fields.set('offlineBrokerAddr', offlineBrokerAddr)
  fields.set('minBrokerAddr', brokerAddrs.get(minId) as string)
  return fields.set('minBrokerId', `${minId}`)
}

/** A broker that comes with a lower id knows it. @see RouteInfoManager#chooseBrokerAddrsToNotify in apache/rocketmq */
function recipientsOf({ brokerAddrs, offlineBrokerAddr }: MinBrokerIdChange): string[] {
  if (offlineBrokerAddr !== null || brokerAddrs.size === 1) return [...brokerAddrs.values()]
  const minId = minBrokerId(brokerAddrs)
  return [...brokerAddrs].filter(([id]) => id !== minId).map(([, addr]) => addr)
}
