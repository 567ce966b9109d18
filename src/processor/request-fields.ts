import { cutText } from '../common/log-throttle.ts'
import type { MaybePromise } from '../common/time-slicer.ts'
import { JsonError, RemotingCommandError } from '../protocol/errors.ts'
import type { ExtFields, RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'

/** A response without remark, fields or body. */
export const SUCCESS: RemotingResponse = { code: ResponseCode.SUCCESS }

/*
 * Ext fields as Java turns them into a typed request header: by exact name, unknown names ignored, and null for a value that is
 * missing or cannot be parsed. What a null means is up to each request.
 * @see RemotingCommand#decodeCommandCustomHeader in apache/rocketmq
 */

/** A field's text, or null if it is absent. */
export function stringField(fields: ExtFields | null, name: string): string | null {
  return fields?.get(name) ?? null
}

/** An int64 field; null if absent, not a number or out of range. */
export function longField(fields: ExtFields | null, name: string): bigint | null {
  const text = fields?.get(name)
  if (text == null || !/^[+-]?\d{1,19}$/.test(text)) return null
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
  return text == null ? null : text.toLowerCase() === 'true'
}

/**
 * A field without which the request makes no sense. Java fails with a null pointer later, sometimes with half of the work done;
 * here nothing has changed yet.
 * @throws {RemotingCommandError} `SYSTEM_ERROR`
 */
export function requiredField(request: RemotingCommand, name: string): string {
  const value = stringField(request.extFields, name)
  if (value === null) throw invalidField(`${name} is missing`)
  return value
}

/** An int64 field without which the request makes no sense. @throws {RemotingCommandError} `SYSTEM_ERROR` */
export function requiredLongField(request: RemotingCommand, name: string): bigint {
  const text = requiredField(request, name)
  const value = longField(request.extFields, name)
  if (value === null) throw invalidField(`${name}=${JSON.stringify(cutText(text))} is not an int64`)
  return value
}

function invalidField(problem: string): RemotingCommandError {
  return new RemotingCommandError(ResponseCode.SYSTEM_ERROR, `request field ${problem}`)
}

/**
 * Decodes a request body.
 * @param type - Name of what is in it, for the remark.
 * @throws {RemotingCommandError} `SYSTEM_ERROR` for the decoder's JsonError.
 */
export function decodeBody<Content>(type: string, decode: () => Content): Content {
  try {
    return decode()
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    const remark = `the ${type} is not readable: ${cause.message}`
    throw new RemotingCommandError(ResponseCode.SYSTEM_ERROR, remark, { cause })
  }
}

/** Continues with a result: at once if it is there, else when it comes. */
export function andThen<From, To>(
  result: MaybePromise<From>,
  then: (result: From) => MaybePromise<To>,
): MaybePromise<To> {
  return result instanceof Promise ? result.then(then) : then(result)
}
