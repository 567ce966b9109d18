/**
 * Why a connection is closed before its first frame.
 *
 * - `ERR_PROXY_HEADER`: it begins as a PROXY header and goes on as none
 * - `ERR_PROXY_UNTRUSTED`: a PROXY header from a network whose headers are not believed
 * - `ERR_TLS_DISABLED`: TLS where it is disabled
 * - `ERR_TLS_REQUIRED`: plaintext where TLS is enforced
 * - `ERR_TLS_UNAVAILABLE`: TLS, but there is no usable certificate
 * - `ERR_TLS_HANDSHAKE`: the handshake failed; the cause says how
 * - `ERR_TLS_CLIENT_CERTIFICATE`: the client's certificate is missing or not trusted
 * - `ERR_TLS_HANDSHAKE_TIMEOUT`: the handshake took too long
 * - `ERR_TOO_MANY_CONNECTIONS`: as many as may be are open
 * - `ERR_TOO_MANY_OF_ADDRESS`: as many as may be are open from the peer's address
 */
export type HandshakeErrorCode =
  | 'ERR_PROXY_HEADER'
  | 'ERR_PROXY_UNTRUSTED'
  | 'ERR_TLS_DISABLED'
  | 'ERR_TLS_REQUIRED'
  | 'ERR_TLS_UNAVAILABLE'
  | 'ERR_TLS_HANDSHAKE'
  | 'ERR_TLS_CLIENT_CERTIFICATE'
  | 'ERR_TLS_HANDSHAKE_TIMEOUT'
  | 'ERR_TOO_MANY_CONNECTIONS'
  | 'ERR_TOO_MANY_OF_ADDRESS'

/** A connection that cannot come to its first frame: it is closed, and nothing of what it sent is carried out. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly code: HandshakeErrorCode

  constructor(code: HandshakeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
