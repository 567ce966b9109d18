/**
 * Why a command did not reach its peer, or got no response. Limits of the client are LimitErrors.
 *
 * - `ERR_ADDRESS`: not `host:port`
 * - `ERR_CONNECT`: no connection, or none in time
 * - `ERR_CONNECTION_LOST`: the connection closed before the command was sent or its response came
 * - `ERR_TIMEOUT`: no response in time
 * - `ERR_CLIENT_CLOSED`: the client is closed
 */
export type RemotingClientErrorCode =
  | 'ERR_ADDRESS'
  | 'ERR_CONNECT'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_TIMEOUT'
  | 'ERR_CLIENT_CLOSED'

/** A command to a peer failed. */
export class RemotingClientError extends Error {
  override readonly name = 'RemotingClientError'
  readonly code: RemotingClientErrorCode

  constructor(code: RemotingClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
