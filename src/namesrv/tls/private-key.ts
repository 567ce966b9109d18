import { createPrivateKey } from 'node:crypto'
import { type KeyEncryption, readKeyEncryption } from './legacy-key-encryption.ts'
import { readTlsFile, TlsContextError, type TlsSettings } from './tls-settings.ts'

/**
 * Reads key and certificate chain of one side, PEM; undefined for each whose file is not set.
 * @throws {TlsContextError} `ERR_TLS_FILE`, `ERR_TLS_KEY`
 */
export function readIdentity(
  side: 'server' | 'client',
  values: TlsSettings['values'],
  readKey: typeof readPrivateKey = readPrivateKey,
): { readonly key: string | undefined; readonly cert: Buffer | undefined } {
  const pem = readTlsFile(values, `tls.${side}.keyPath`)
  const cert = readTlsFile(values, `tls.${side}.certPath`)
  const passwordKey = `tls.${side}.keyPassword` as const
  const password = values[passwordKey]
  const path = values[`tls.${side}.keyPath`] ?? ''
  return {
    key: pem && readKey({ pem, path, passwordKey, password: password === '' ? undefined : password }),
    cert,
  }
}

/** A private key with its file, and its password with the key of the configuration that sets it. */
export interface PrivateKeySource {
  readonly pem: Buffer
  readonly path: string
  readonly passwordKey: 'tls.server.keyPassword' | 'tls.client.keyPassword'
  readonly password: string | undefined
}

/** The first private key of a PEM file, as OpenSSL takes it too. */
const PEM_KEY = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----([\s\S]*?)-----END \1-----/

/** Ciphers of the format before PKCS#8 that only the legacy provider of OpenSSL 3 has. */
const LEGACY_DEK = /^(?:DES-(?!EDE)|RC2|RC4|RC5|IDEA|BF|CAST|SEED)/

/**
 * Reads a private key, also one encrypted with a cipher of OpenSSL 3's legacy provider; returns PEM without encryption.
 * @throws {TlsContextError} `ERR_TLS_KEY`, with the file and, for an unsupported cipher, the command that converts it.
 */
export function readPrivateKey({ pem, path, passwordKey, password }: PrivateKeySource): string {
  const keyError = (why: string, cause?: unknown): TlsContextError =>
    new TlsContextError('ERR_TLS_KEY', why, { cause })
  const [, label, body = ''] = PEM_KEY.exec(pem.toString('latin1')) ?? []
  if (label === undefined) throw keyError(`${path} has no private key in PEM format`)
  const encryption = encryptionOf(label, body)
  if (encryption?.legacyName !== undefined && encryption.decrypt === undefined) {
    const command = `openssl pkcs8 -provider legacy -provider default -topk8 -v2 aes256 -in ${path} -out NEW`
    throw keyError(
      `the private key in ${path} is encrypted with ${encryption.legacyName}, which is not supported; ` +
        `convert it with: ${command}`,
    )
  }
  if (encryption !== undefined && password === undefined) {
    throw keyError(`the private key in ${path} is encrypted: set ${passwordKey}`)
  }
  try {
    const key =
      encryption?.decrypt === undefined
        ? createPrivateKey({
            key: pem,
            ...(encryption && password !== undefined && { passphrase: password }),
          })
        : createPrivateKey({ key: encryption.decrypt(password ?? ''), format: 'der', type: 'pkcs8' })
    return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch (cause) {
    if (encryption !== undefined) {
      const cipher = encryption.legacyName === undefined ? '' : ` (${encryption.legacyName})`
      throw keyError(
        `${passwordKey} does not decrypt the private key in ${path}${cipher}: the password is wrong, or the file is damaged`,
        cause,
      )
    }
    const { reason, message } = cause as Error & { reason?: string }
    throw keyError(`the private key in ${path} cannot be read: ${reason ?? message}`, cause)
  }
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

/** Undefined if it is not encrypted. */
function encryptionOf(label: string, body: string): KeyEncryption | undefined {
  if (label === 'ENCRYPTED PRIVATE KEY') {
    try {
      return readKeyEncryption(Buffer.from(body, 'base64'))
    } catch {
      // OpenSSL reports what is wrong with it.
      return { legacyName: undefined, decrypt: undefined }
    }
  }
  const [, dek] = /^DEK-Info: *([^,\s]+)/m.exec(body) ?? []
  if (dek === undefined) return undefined
  return { legacyName: LEGACY_DEK.test(dek) ? dek : undefined, decrypt: undefined }
}
