import { firstLine } from '../common/describe-errno.ts'
import { hintFor } from '../common/nearest-name.ts'
import { javaInteger, javaTrim } from '../namesrv/config/check-value.ts'
import { type ConfigValue, isUpdatable, shownText } from '../namesrv/config/config-key.ts'
import { findConfigKey } from '../namesrv/config/config-keys.ts'
import { parseJavaProperties, propertiesText } from '../namesrv/config/java-properties.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { AdminError } from './admin-error.ts'
import { type NameServer, responseError } from './name-server.ts'
import type { ServerKey } from './server-key.ts'

/** When a change of a key takes effect, for people. */
export const EFFECT_WORDS = {
  live: 'at once',
  connection: 'new connections',
  start: 'restart',
  none: 'never',
} as const

/** The configuration of a NameServer. */
export interface ServerConfiguration {
  readonly keys: readonly ServerKey[]
  readonly isOurs: boolean
  /** Why it is only what request 319 shows; undefined if it is everything. */
  readonly limitation: string | undefined
}

/** Every key of ours; of Java's, and of one that shows its views to its own machine only, what 319 shows. @throws {AdminError} (rejects) */
export async function configurationOf(server: NameServer): Promise<ServerConfiguration> {
  let isOurs = false
  const view = await server.viewIfAny<{ readonly keys: readonly ServerKey[] }>('/api/v1/config', (reason) => {
    isOurs = reason.code === 'denied'
  })
  if (view !== undefined) return { keys: server.listIn(view, 'keys'), isOurs: true, limitation: undefined }
  const body = await server.ask(RequestCode.GET_NAMESRV_CONFIG)
  const pairs = isOurs ? pairsOfOurs(body) : pairsOfJava(body)
  const keys = [...pairs].map(([name, text]): ServerKey => {
    const known = findConfigKey(name)
    return {
      ...{ key: name, value: typedValue(name, shownText(known, text)), default: null, source: null },
      // Java's NameServer reads its own keys when ours does; of those that ours does not read, nothing is known.
      effect: known === undefined || known.effect === 'none' ? null : known.effect,
      ...{ unit: null, updatable: isOurs && known ? isUpdatable(known) : null, meaning: null },
    }
  })
  return { keys, isOurs, limitation: `${server.address} shows neither all keys nor where values come from` }
}

function pairsOfOurs(body: Buffer): Map<string, string> {
  return new Map([...parseJavaProperties(body).values()].map(({ key, value }) => [key, value]))
}

/** Java escapes nothing, so its text is not a `.properties` file. @see MixAll#properties2String in apache/rocketmq */
function pairsOfJava(body: Buffer): Map<string, string> {
  const lines = body.toString().split('\n')
  return new Map(
    lines
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** A text as a value of the type of its key, as views have it: `TRUE` is true, `010` is 10. Of an unknown key it is the text. */
export function typedValue(name: string, text: string): NonNullable<ConfigValue> {
  const type = findConfigKey(name)?.type
  if (type === 'boolean' && /^(?:true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  const number = type === 'int' || type === 'long' ? Number(javaInteger(text, 64)) : Number.NaN
  return Number.isSafeInteger(number) ? number : text
}

/** That a NameServer, as Java's does, has accepted a key and ignored it. @param keys - Those that it shows. */
export function ignoredKey(key: string, address: string, keys: readonly ServerKey[]): string {
  const names = keys.map((each) => each.key)
  const why = names.includes(key) ? 'it rejects the value' : `it has no such key${hintFor(key, names)}`
  return `${address} accepted ${key} and did not change it: ${why}`
}

/** Why a NameServer cannot keep a value. Java's NameServer 5 removes outer spaces of texts, and ignores such numbers. */
export function valueProblem(key: string, value: string): string | undefined {
  if (javaTrim(value) === value) return undefined
  return `${key}=${JSON.stringify(value)} begins or ends with white space, which a NameServer does not keep; leave it out`
}

/**
 * Updates the configuration (318). Ours accepts all values or none; Java's ignores keys and values that it does not know.
 * @returns What the server says of it; empty if nothing.
 * @throws {AdminError} (rejects) `usage`: a value begins or ends with white space; nothing was sent.
 */
export async function updateConfiguration(
  server: NameServer,
  values: readonly (readonly [key: string, value: string])[],
): Promise<string> {
  const problems = values.flatMap(([key, value]) => valueProblem(key, value) ?? [])
  if (problems.length > 0) throw new AdminError('usage', problems.join('; '))
  const response = await server.invoke(
    RequestCode.UPDATE_NAMESRV_CONFIG,
    {},
    Buffer.from(propertiesText(values)),
  )
  if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
  return firstLine(response.remark ?? '')
}
