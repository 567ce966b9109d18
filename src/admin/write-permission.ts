import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { noBrokerGroup } from './brokers.ts'
import { type NameServer, responseError } from './name-server.ts'

/** A change of the write permission of a broker group, and the ext field of its response with the number of topics. */
const PERMISSION_CHANGES = {
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
