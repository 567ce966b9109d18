/**
 * Why a command did not reach its peer, or brought no answer. Whatever the reason, the recovery is the same: ask another peer,
 * or do without.
 *
 * - `ERR_ADDRESS`: not `host:port`
 * - `ERR_TOO_MANY_CONNECTIONS`: as many as may be are open, and all of them busy
 * - `ERR_TOO_MANY_COMMANDS`: as many as may be wait to be sent, or for their answers
 * - `ERR_QUEUE_FULL`: the peer takes its commands too slowly, or not at all
 * - `ERR_CONNECT`: no connection, or none in time
 * - `ERR_CONNECTION_LOST`: the connection closed before the command was sent or answered
 * - `ERR_TIMEOUT`: no answer in time
 * - `ERR_CLIENT_CLOSED`: the client is closed
 */
export type RemotingClientErrorCode =
  | 'ERR_ADDRESS'
  | 'ERR_TOO_MANY_CONNECTIONS'
  | 'ERR_TOO_MANY_COMMANDS'
  | 'ERR_QUEUE_FULL'
  | 'ERR_CONNECT'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_TIMEOUT'
  | 'ERR_CLIENT_CLOSED'

/** A command of ours failed. */
export class RemotingClientError extends Error {
  override readonly name = 'RemotingClientError'
  readonly code: RemotingClientErrorCode

  constructor(code: RemotingClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
