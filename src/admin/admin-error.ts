import { CodedError } from '../common/coded-error.ts'

/**
 * Why a NameServer could not be asked, or has not done what it was asked.
 *
 * - `usage`: an argument cannot be used
 * - `not_found`: what it names does not exist
 * - `failed`: the NameServer reports an error, such as a value that it does not accept
 * - `not_supported`: the NameServer does not have what is needed
 * - `unreachable`: no connection, or it was lost
 * - `timeout`: no response in time
 * - `tls`: the TLS handshake failed
 * - `protocol`: the peer does not speak RocketMQ's protocol
 * - `denied`: the NameServer does not allow it
 * - `interrupted`: the wait was ended before there was a response
 */
export type AdminErrorCode =
  | 'usage'
  | 'not_found'
  | 'failed'
  | 'not_supported'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'protocol'
  | 'denied'
  | 'interrupted'

/** A NameServer could not be asked, or has not done what it was asked. */
export class AdminError extends CodedError<AdminErrorCode> {}
