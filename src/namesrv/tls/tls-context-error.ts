/**
 * Why TLS cannot be set up.
 *
 * - `ERR_TLS_NO_CERTIFICATE`: outside of the test mode, and no key or no certificate is named
 * - `ERR_TLS_FILE`: a file cannot be read
 * - `ERR_TLS_KEY`: a private key cannot be read or decrypted
 * - `ERR_TLS_WEAK_CERTIFICATE`: a certificate is too weak for OpenSSL, and `tlsAllowWeakCertificates` is off
 * - `ERR_TLS_CONTEXT`: key, certificates or ciphers do not fit together, or a certificate cannot be read
 */
export type TlsContextErrorCode =
  | 'ERR_TLS_NO_CERTIFICATE'
  | 'ERR_TLS_FILE'
  | 'ERR_TLS_KEY'
  | 'ERR_TLS_WEAK_CERTIFICATE'
  | 'ERR_TLS_CONTEXT'

/** TLS that cannot be set up: the previous context stays in effect, or TLS connections are rejected. */
export class TlsContextError extends Error {
  override readonly name = 'TlsContextError'
  readonly code: TlsContextErrorCode

  constructor(code: TlsContextErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
