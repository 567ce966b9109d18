import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { AdminError } from './admin-error.ts'
import { type NameServer, responseError } from './name-server.ts'

/** The namespace that RocketMQ itself uses. @see NamesrvUtil in apache/rocketmq */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG'

/** An entry of the key-value table. */
export interface KVEntry {
  readonly namespace: string
  readonly key: string
  /** Null reads back as absent. */
  readonly value: string | null
}

/** The value of an entry (101); undefined if there is no such entry. @throws {AdminError} (rejects) */
export async function kvValue(
  server: NameServer,
  namespace: string,
  key: string,
): Promise<string | undefined> {
  const response = await server.invoke(RequestCode.GET_KV_CONFIG, { namespace, key })
  if (response.code === ResponseCode.QUERY_NOT_FOUND) return undefined
  if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
  return response.extFields?.get('value') ?? ''
}

/** That an entry does not exist. */
export function noEntry(namespace: string, key: string, { address }: NameServer): AdminError {
  return new AdminError(
    'not_found',
    `no entry ${JSON.stringify(key)} in ${JSON.stringify(namespace)} on ${address}`,
  )
}
