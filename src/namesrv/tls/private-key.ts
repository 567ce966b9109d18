import { createPrivateKey, type KeyObject } from 'node:crypto'
import { decryptLegacyKey, MAX_ITERATIONS } from './legacy-key-encryption.ts'
import { TlsContextError } from './tls-settings.ts'

/** A private key with its file, and its password with the key of the configuration that sets it. */
export interface PrivateKeySource {
  readonly pem: Buffer
  readonly path: string
  readonly passwordKey: 'tls.server.keyPassword' | 'tls.client.keyPassword'
  readonly password: string | undefined
}

/** The first private key of a PEM file, as OpenSSL takes it too. */
const PEM_KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----([\s\S]*?)-----END \1-----/
const ENCRYPTED_PKCS8 = 'ENCRYPTED PRIVATE KEY'
/** The header of an encrypted key in the format before PKCS#8. */
const ENCRYPTED_HEADER = /^DEK-Info:/m

/**
 * Reads a private key, also one encrypted with an old cipher that Node.js does not have; returns PEM without encryption.
 * @throws {TlsContextError} `ERR_TLS_KEY`, with the file and, for an unsupported cipher, the command that converts it.
 */
export function readPrivateKey({ pem, path, passwordKey, password }: PrivateKeySource): string {
  const keyError = (why: string, cause?: unknown): TlsContextError =>
    new TlsContextError('ERR_TLS_KEY', why, { cause })
  const [, label, body = ''] = PEM_KEY.exec(pem.toString('latin1')) ?? []
  if (label === undefined) throw keyError(`${path} has no private key in PEM format`)
  if (label !== ENCRYPTED_PKCS8 && !ENCRYPTED_HEADER.test(body)) {
    try {
      return pemOf(createPrivateKey(pem))
    } catch (cause) {
      const { reason, message } = cause as Error & { reason?: string }
      throw keyError(`the private key in ${path} cannot be read: ${reason ?? message}`, cause)
    }
  }
  if (password === undefined) throw keyError(`the private key in ${path} is encrypted: set ${passwordKey}`)
  try {
    const key = decrypt(pem, label === ENCRYPTED_PKCS8 ? Buffer.from(body, 'base64') : undefined, password)
    if (key !== undefined) return pemOf(key)
  } catch (cause) {
    const why = 'the password is wrong, or the file is damaged'
    throw keyError(`${passwordKey} does not decrypt the private key in ${path}: ${why}`, cause)
  }
  throw keyError(
    `the private key in ${path} is encrypted with an unsupported cipher, or with more than ${MAX_ITERATIONS} iterations; ` +
      `convert it with: openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes256 -in ${path} -out NEW`,
  )
}

/** Undefined for an unsupported cipher. @throws {Error} The password is wrong, or the key is damaged. */
function decrypt(pem: Buffer, pkcs8: Buffer | undefined, passphrase: string): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch (error) {
    const { library, reason } = error as { library?: string; reason?: string }
    // OpenSSL's default provider does not have the cipher.
    if (library !== 'digital envelope routines' || reason !== 'unsupported') throw error
  }
  const key = pkcs8 && decryptLegacyKey(pkcs8, passphrase)
  return key && createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Makes a {@link readPrivateKey} that decrypts a key again only if its file or its password has changed: decryption can block the
 * event loop for more than a second.
 */
export function privateKeyReader(read: typeof readPrivateKey = readPrivateKey): typeof readPrivateKey {
  let last: { readonly source: PrivateKeySource; readonly key: string } | undefined
  return (source) => {
    if (last?.source.password !== source.password || !last?.source.pem.equals(source.pem)) {
      last = { source, key: read(source) }
    }
    return last.key
  }
}
