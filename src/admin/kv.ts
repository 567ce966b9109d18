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

/** Sets an entry (100), and reads it back. @throws {AdminError} (rejects) */
export async function putKV(
  server: NameServer,
  namespace: string,
  key: string,
  value: string,
): Promise<void> {
  await server.ask(RequestCode.PUT_KV_CONFIG, { namespace, key, value })
  const now = await kvValue(server, namespace, key)
  if (now !== value)
    throw new AdminError('failed', `after the change the value is ${JSON.stringify(now ?? null)}`)
}

/** Deletes an entry (102), and reads it back. @throws {AdminError} (rejects) */
export async function deleteKV(server: NameServer, namespace: string, key: string): Promise<void> {
  await server.ask(RequestCode.DELETE_KV_CONFIG, { namespace, key })
  const now = await kvValue(server, namespace, key)
  if (now !== undefined)
    throw new AdminError('failed', `after the deletion the value is ${JSON.stringify(now)}`)
}

/** That an entry does not exist. */
export function noEntry(namespace: string, key: string, { address }: NameServer): AdminError {
  return new AdminError(
    'not_found',
    `no entry ${JSON.stringify(key)} in ${JSON.stringify(namespace)} on ${address}`,
  )
}
