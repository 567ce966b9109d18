import { CodedError } from '../common/coded-error.ts'

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
 * - `ERR_RATE_EXCEEDED`: too many connections, or TLS handshakes, of the peer's address within a time
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
  | 'ERR_RATE_EXCEEDED'

/** A connection that is closed before its first frame: nothing it sent is carried out. */
export class HandshakeError extends CodedError<HandshakeErrorCode> {}

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
export class RemotingClientError extends CodedError<RemotingClientErrorCode> {}
