import { CodedError } from '../../common/coded-error.ts'
import { checkValue } from '../config/check-value.ts'
import { ConfigError, throwConfigErrors } from '../config/config-error.ts'
import type { ConfigNotice } from '../config/config-key.ts'
import { findConfigKey, type NamesrvConfig } from '../config/config-keys.ts'
import type { Configuration } from '../config/configuration.ts'
import { type JavaProperty, parseJavaProperties } from '../config/java-properties.ts'
import { readFileOrStream, readRegularFile } from '../config/read-file.ts'

/** The keys that `tls.config.file` may set. */
const FILE_KEYS = [
  'tls.test.mode.enable',
  'tls.server.need.client.auth',
  'tls.server.keyPath',
  'tls.server.keyPassword',
  'tls.server.certPath',
  'tls.server.authClient',
  'tls.server.trustCertPath',
  'tls.client.keyPath',
  'tls.client.keyPassword',
  'tls.client.certPath',
  'tls.client.authServer',
  'tls.client.trustCertPath',
  'tls.ciphers',
  'tls.protocols',
] as const

type FileKey = (typeof FILE_KEYS)[number]

/** The TLS keys in effect: the configuration's, overridden by those of `tls.config.file`. */
export interface TlsSettings {
  readonly values: Pick<NamesrvConfig, FileKey>
  /** The file, if there is one. */
  readonly configFile: string | undefined
  /** Keys of the file that it cannot set. */
  readonly ignoredKeys: readonly string[]
  /** Warnings about its values. */
  readonly warnings: readonly ConfigNotice[]
  /** The source of a key and its value, as the beginning of a message. */
  describe(key: 'tls.ciphers' | 'tls.protocols'): string
}

/**
 * Reads the TLS settings, and `tls.config.file` at each call.
 *
 * @throws {ConfigError} The file exists and cannot be read, or values in it cannot be used; all of them are named.
 * @see TlsHelper#extractTlsConfigFromFile in apache/rocketmq, which ignores a file that it may not read
 */
export function readTlsSettings(configuration: Configuration): TlsSettings {
  const path = configuration.values['tls.config.file']
  const pairs = readPairs(configuration)
  const values: Record<string, unknown> = { ...configuration.values }
  const ignoredKeys: string[] = []
  const warnings: ConfigNotice[] = []
  const errors: ConfigError[] = []
  for (const [name, { value: text, line }] of pairs ?? []) {
    const key = FILE_KEYS.some((known) => known === name) ? findConfigKey(name) : undefined
    if (key === undefined) {
      ignoredKeys.push(name)
      continue
    }
    const checked = checkValue(key, { text, source: { layer: 'file', place: `${path}:${line}` } })
    if (checked instanceof ConfigError) {
      errors.push(checked)
      continue
    }
    values[name] = checked.value
    if (checked.notice !== undefined) warnings.push(checked.notice)
  }
  throwConfigErrors(errors)
  return {
    values: values as unknown as TlsSettings['values'],
    configFile: pairs === undefined ? undefined : path,
    warnings,
    ignoredKeys,
    describe: (key) => {
      const line = pairs?.get(key)?.line
      const place = line === undefined ? configuration.sourceOf(key)?.place : `${path}:${line}`
      return `${place}: ${key}=${JSON.stringify(values[key])}`
    },
  }
}

/**
 * Whether client certificates prove who a client is: they must be verified, and not by public authorities, of which anyone gets one.
 * @throws {ConfigError} As `readTlsSettings`.
 */
export function provesClients(configuration: Configuration): boolean {
  if (configuration.values['tls.server.mode'] === 'disabled') return false
  const { values } = readTlsSettings(configuration)
  const isAsked = values['tls.server.need.client.auth'].toLowerCase() !== 'none'
  const isVerified = values['tls.server.authClient'] && (values['tls.server.trustCertPath'] ?? '') !== ''
  return !values['tls.test.mode.enable'] && isAsked && isVerified
}

/** The pairs in `tls.config.file`; undefined if there is no such file. @throws {ConfigError} */
function readPairs(configuration: Configuration): Map<string, JavaProperty> | undefined {
  const path = configuration.values['tls.config.file']
  let bytes: Buffer
  try {
    bytes = readFileOrStream(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const source = configuration.sourceOf('tls.config.file')?.place ?? 'default'
    throw new ConfigError(
      'ERR_CONFIG_FILE',
      `${source}: tls.config.file=${JSON.stringify(path)} cannot be read: ${message}; ` +
        'name a .properties file that this user may read, or one that does not exist if none is needed',
      { cause },
    )
  }
  return parseJavaProperties(bytes, path)
}

/**
 * Reads the file that a key names; undefined if the key is not set.
 * @throws {TlsContextError} `ERR_TLS_FILE`
 */
export function readTlsFile(values: TlsSettings['values'], key: TlsFileKey): Buffer | undefined {
  const path = values[key]
  if (path === undefined || path === '') return undefined
  try {
    return readRegularFile(path).bytes
  } catch (cause) {
    const { message } = cause as Error
    throw new TlsContextError('ERR_TLS_FILE', `cannot read ${key}=${JSON.stringify(path)}: ${message}`, {
      cause,
    })
  }
}

type TlsFileKey = `tls.${'server' | 'client'}.${'keyPath' | 'certPath' | 'trustCertPath'}`

/** Why TLS cannot be set up. */
export type TlsContextErrorCode =
  /** Not in test mode, and no key or no certificate is set. */
  | 'ERR_TLS_NO_CERTIFICATE'
  /** A file cannot be read. */
  | 'ERR_TLS_FILE'
  /** A private key cannot be read or decrypted. */
  | 'ERR_TLS_KEY'
  /** A certificate is too weak for OpenSSL, and `tlsAllowWeakCertificates` is off. */
  | 'ERR_TLS_WEAK_CERTIFICATE'
  /** Key, certificates and ciphers do not fit together, or a certificate cannot be read. */
  | 'ERR_TLS_CONTEXT'

/** TLS cannot be set up: the previous context stays in effect, or TLS connections are rejected. */
export class TlsContextError extends CodedError<TlsContextErrorCode> {}
