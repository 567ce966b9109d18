import { firstLine } from '../common/describe-errno.ts'
import { propertiesText } from '../namesrv/config/java-properties.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { RemotingClientError } from '../remoting/errors.ts'
import { AdminError } from './admin-error.ts'
import { noBrokerGroup } from './brokers.ts'
import { kvValue } from './kv.ts'
import { type NameServer, responseError } from './name-server.ts'

/** What is said of a change without a response. */
export const UNKNOWN_RESULT = 'it may have been changed'

/**
 * What a change results in. Without a response it is unknown whether the request was carried out: the error says so.
 * @throws {AdminError} (rejects)
 */
export async function applied<Result>(
  change: Promise<Result>,
  interrupted?: Promise<never>,
): Promise<Result> {
  try {
    return await (interrupted === undefined ? change : Promise.race([change, interrupted]))
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    const { cause } = error
    // Without a connection nothing was sent.
    if (!(cause instanceof RemotingClientError) || cause.code === 'ERR_CONNECT') throw error
    throw new AdminError(error.code, `${error.message}; ${UNKNOWN_RESULT}`)
  }
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

/** A change of the write permission of a broker group, and the ext field of its response with the number of topics. */
export const PERMISSION_CHANGES = {
  wipe: { code: RequestCode.WIPE_WRITE_PERM_OF_BROKER, countField: 'wipeTopicCount' },
  restore: { code: RequestCode.ADD_WRITE_PERM_OF_BROKER, countField: 'addTopicCount' },
} as const

/**
 * Takes the write permission of a broker group's topics away (205), or gives it back (327).
 * @returns Number of its topics, whether they have changed or not; null if the server does not say.
 * @throws {AdminError} (rejects)
 */
export async function changePermission(
  server: NameServer,
  change: keyof typeof PERMISSION_CHANGES,
  brokerName: string,
): Promise<number | null> {
  const { code, countField } = PERMISSION_CHANGES[change]
  const response = await server.invoke(code, { brokerName })
  if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
  const count = response.extFields?.get(countField)
  return count === undefined ? null : Number(count)
}

/** A server says nothing of a name that it does not know. @throws {AdminError} (rejects) `not_found` */
export async function checkBroker(server: NameServer, name: string): Promise<void> {
  const groups = await server.brokerGroups()
  if (!groups.has(name)) throw noBrokerGroup(name, server.address, groups.keys())
}

/**
 * Updates the configuration (318). Ours accepts all values or none; Java's ignores keys and values that it does not know.
 * @returns What the server says of it; empty if nothing.
 * @throws {AdminError} (rejects)
 */
export async function updateConfiguration(
  server: NameServer,
  values: Iterable<readonly [key: string, value: string]>,
): Promise<string> {
  const response = await server.invoke(
    RequestCode.UPDATE_NAMESRV_CONFIG,
    {},
    Buffer.from(propertiesText(values)),
  )
  if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
  return firstLine(response.remark ?? '')
}
