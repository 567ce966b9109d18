import type { ChannelRef, Processor } from '../protocol/processor.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { ProcessorEvents } from './processor-events.ts'
import { requiredField, requiredLongField, SUCCESS } from './request-fields.ts'

/** Open connections, as far as a request can close them. */
export interface ClosableConnections {
  /** @returns Whether a connection with this id is open, and its peer has this address. */
  close(id: number, address: string, sender: ChannelRef): boolean
}

/**
 * CLOSE_CONNECTION: closes the connection with the id `connectionId` and the peer `address`, both as `/api/v1/connections` shows
 * them. There is no such request in Java.
 */
export function closeConnection(
  connections: ClosableConnections,
  { onAdminChange }: Pick<ProcessorEvents, 'onAdminChange'>,
): Processor {
  return async (request, context) => {
    const { channel } = context
    const connectionId = Number(requiredLongField(request, 'connectionId'))
    const address = requiredField(request, 'address')
    // From here on the request is in progress, so that the connection that asks can be closed after its response.
    await undefined
    if (connections.close(connectionId, address, channel)) {
      onAdminChange({ kind: 'connection closed', connectionId, address }, context)
      return SUCCESS
    }
    const remark = `no open connection ${connectionId} of ${address}`
    return { code: ResponseCode.QUERY_NOT_FOUND, remark }
  }
}
