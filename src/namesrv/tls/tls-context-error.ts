/**
 * Why TLS cannot be set up.
 *
 * - `ERR_TLS_NO_CERTIFICATE`: outside of the test mode, and no key or no certificate is named
 * - `ERR_TLS_FILE`: a file cannot be read
 * - `ERR_TLS_CONTEXT`: key, password, certificates or ciphers do not fit together, or cannot be read
 */
export type TlsContextErrorCode = 'ERR_TLS_NO_CERTIFICATE' | 'ERR_TLS_FILE' | 'ERR_TLS_CONTEXT'

/** TLS that cannot be set up: what was in force stays so, or TLS clients are turned away. */
export class TlsContextError extends Error {
  override readonly name = 'TlsContextError'
  readonly code: TlsContextErrorCode

  constructor(code: TlsContextErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
