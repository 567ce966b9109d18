import type { LimitName } from '../../common/limit-error.ts'

/**
 * Why a connection is closed before its first frame.
 *
 * - `ERR_PROXY_HEADER`: a malformed PROXY header
 * - `ERR_PROXY_UNTRUSTED`: a PROXY header from outside proxyProtocolTrustedNetworks
 * - `ERR_TLS_DISABLED`: a TLS handshake, but TLS is disabled
 * - `ERR_TLS_REQUIRED`: plaintext, but TLS is enforced
 * - `ERR_TLS_UNAVAILABLE`: TLS, but there is no usable certificate
 * - `ERR_TLS_HANDSHAKE`: the handshake failed; the cause says how
 * - `ERR_TLS_CLIENT_CERTIFICATE`: the client's certificate is missing or not trusted
 * - `ERR_TLS_HANDSHAKE_TIMEOUT`: the handshake took longer than tlsHandshakeTimeoutMillis
 * - `ERR_TOO_MANY_CONNECTIONS`: maxConnections reached
 * - `ERR_TOO_MANY_OF_ADDRESS`: maxConnectionsPerAddress reached for the peer's address
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

/** A connection that is closed before its first frame: nothing it sent is carried out. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly code: HandshakeErrorCode
  /** The limit that was reached, if that is the reason. */
  readonly limit: LimitName | undefined

  constructor(
    code: HandshakeErrorCode,
    message: string,
    options?: ErrorOptions & { readonly limit?: LimitName },
  ) {
    super(message, options)
    this.code = code
    this.limit = options?.limit
  }
}
