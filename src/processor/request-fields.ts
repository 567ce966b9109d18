import { LimitError } from '../common/limit-error.ts'
import type { MaybePromise } from '../common/time-slicer.ts'
import { RemotingCommandError } from '../protocol/errors.ts'
import { stringField } from '../protocol/ext-fields.ts'
import type { Processor } from '../protocol/processor.ts'
import type { RemotingCommand, RemotingResponse } from '../protocol/remoting-command.ts'
import { ResponseCode } from '../protocol/response-code.ts'

/** An answer that says no more than that it went well. */
export const SUCCESS: RemotingResponse = { code: ResponseCode.SUCCESS }

/**
 * A field without which the request makes no sense. Java runs into a null pointer at some later point, partly with half of
 * the work done; here nothing has been touched yet.
 * @throws {RemotingCommandError} `SYSTEM_ERROR`
 */
export function requiredField(request: RemotingCommand, name: string): string {
  const value = stringField(request.extFields, name)
  if (value === null) throw missing(name)
  return value
}

/** The error for a request whose field is missing or cannot be read. */
export function missing(name: string): RemotingCommandError {
  return new RemotingCommandError(
    ResponseCode.SYSTEM_ERROR,
    `the request field ${name} is missing or not readable`,
  )
}

/** Refuses a body that would hold up everybody while it is read. */
export function boundedBody(maxBytes: number, processor: Processor): Processor {
  return (request, context) => {
    const bytes = request.body?.length ?? 0
    if (bytes <= maxBytes) return processor(request, context)
    const remark = `a body of ${bytes} bytes is longer than maxRequestBodyBytes, ${maxBytes}`
    throw new LimitError('maxRequestBodyBytes', remark)
  }
}

/** Goes on with a result at once if it is there, or when it comes. */
export function andThen<From, To>(
  result: MaybePromise<From>,
  then: (result: From) => MaybePromise<To>,
): MaybePromise<To> {
  return result instanceof Promise ? result.then(then) : then(result)
}
