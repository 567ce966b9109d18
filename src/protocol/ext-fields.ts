import type { ExtFields } from './remoting-command.ts'

/*
 * How Java turns ext fields into a typed request header: by exact name, unknown names ignored, and a value that is missing or
 * does not parse simply left null. What a null then means is each request's business.
 * @see RemotingCommand#decodeCommandCustomHeader in apache/rocketmq
 */

/** A field's text, or null if it is absent. */
export function stringField(fields: ExtFields | null, name: string): string | null {
  return fields?.get(name) ?? null
}

/** An int64 field; null if absent, not a number or out of range. */
export function longField(fields: ExtFields | null, name: string): bigint | null {
  const text = fields?.get(name)
  if (text === undefined || text === null || !/^[+-]?\d{1,19}$/.test(text)) return null
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : null
}

/** An int32 field; null if absent, not a number or out of range. */
export function intField(fields: ExtFields | null, name: string): number | null {
  const value = longField(fields, name)
  return value !== null && BigInt.asIntN(32, value) === value ? Number(value) : null
}

/** A boolean field: true if the text is "true" in any case; null if absent. */
export function booleanField(fields: ExtFields | null, name: string): boolean | null {
  const text = fields?.get(name)
  return text === undefined || text === null ? null : text.toLowerCase() === 'true'
}
