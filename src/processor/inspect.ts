import type { Sender } from '../access/policy.ts'
import type { Processor } from '../protocol/processor.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { LockOwner } from '../routeinfo/read-write-lock.ts'
import { requiredField } from './request-fields.ts'

/** Gives the JSON of a path, as the HTTP port does. */
export interface Inspection {
  ask(request: { readonly target: string; readonly owner: LockOwner; readonly sender: Sender }): Promise<{
    /** As in HTTP. */
    readonly status: number
    readonly body: Buffer
  }>
}

/** By the status of HTTP. */
const CODES: Readonly<Record<number, number>> = {
  404: ResponseCode.QUERY_NOT_FOUND,
  503: ResponseCode.SYSTEM_BUSY,
}

/**
 * INSPECT: the JSON of `/api/v1/…` for the ext field `path`, query included. The ext field `status` of the response is that of HTTP.
 * There is no such request in Java.
 */
export function inspect(inspection: Inspection): Processor {
  return async (request, { channel, identity }) => {
    const target = requiredField(request, 'path')
    const { host, isTls } = channel
    const sender = { identity, host, isTls }
    const { status, body } = await inspection.ask({ target, owner: channel, sender })
    const extFields = new Map([['status', `${status}`]])
    if (status === 200) return { code: ResponseCode.SUCCESS, extFields, body }
    const remark = body.toString().trimEnd()
    return { code: CODES[status] ?? ResponseCode.SYSTEM_ERROR, remark, extFields, body }
  }
}
