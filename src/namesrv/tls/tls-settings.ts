import { readFileSync } from 'node:fs'
import { CodedError } from '../../common/coded-error.ts'
import { checkValue, spacesWarning } from '../config/check-value.ts'
import { ConfigError } from '../config/config-error.ts'
import { findConfigKey, type NamesrvConfig } from '../config/config-keys.ts'
import type { Configuration } from '../config/configuration.ts'
import { type JavaProperty, parseJavaProperties } from '../config/java-properties.ts'
import { type ConfigSource, describeSource } from '../config/resolved-key.ts'

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
  /** Warnings about its values, a line each. */
  readonly warnings: readonly string[]
  /** The source of a key and its value, as the beginning of a message. */
  describe(key: 'tls.ciphers' | 'tls.protocols'): string
}

/**
 * Reads the TLS settings, and `tls.config.file` at each call.
 *
 * @throws {ConfigError} The file exists and cannot be read, or values in it cannot be used; all of them are named.
 * @see TlsHelper#extractTlsConfigFromFile in apache/rocketmq, which ignores a file that it may not read
 */
export function readTlsSettings(configuration: TlsConfiguration): TlsSettings {
  const { values } = configuration
  const path = values['tls.config.file']
  const pairs = readPairs(path)
  const merged: Record<string, unknown> = {}
  const sources = new Map<string, ConfigSource>()
  const warnings: string[] = []
  const errors: ConfigError[] = []
  for (const name of FILE_KEYS) {
    const key = findConfigKey(name)
    const pair = pairs?.get(name)
    merged[name] = values[name]
    if (key === undefined || pair === undefined) continue
    const source: ConfigSource = { layer: 'file', path, line: pair.line }
    const given = { text: pair.value, source }
    const warning = spacesWarning(key, given)
    if (warning !== undefined) warnings.push(warning)
    sources.set(name, source)
    try {
      merged[name] = checkValue(key, given).value
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error)
    }
  }
  ConfigError.throwAll(errors)
  const inEffect = merged as unknown as TlsSettings['values']
  return {
    values: inEffect,
    configFile: pairs === undefined ? undefined : path,
    warnings,
    ignoredKeys: [...(pairs?.keys() ?? [])].filter((key) => !FILE_KEYS.some((known) => known === key)),
    describe: (key) => {
      const source = sources.get(key) ?? configuration.sourceOf(key) ?? { layer: 'default' }
      return `${describeSource(source)}: ${key}=${JSON.stringify(inEffect[key])}`
    },
  }
}

/** What is needed of a {@link Configuration}. */
export type TlsConfiguration = Pick<Configuration, 'values' | 'sourceOf'>

function readPairs(path: string): Map<string, JavaProperty> | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new ConfigError('ERR_CONFIG_FILE', `cannot read tls.config.file: ${message}`, { cause })
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
    return readFileSync(path)
  } catch (cause) {
    throw new TlsContextError('ERR_TLS_FILE', `cannot read ${key}: ${(cause as Error).message}`, { cause })
  }
}

type TlsFileKey = `tls.${'server' | 'client'}.${'keyPath' | 'certPath' | 'trustCertPath'}`

/**
 * Why TLS cannot be set up.
 *
 * - `ERR_TLS_NO_CERTIFICATE`: not in test mode, and no key or no certificate is set
 * - `ERR_TLS_FILE`: a file cannot be read
 * - `ERR_TLS_KEY`: a private key cannot be read or decrypted
 * - `ERR_TLS_WEAK_CERTIFICATE`: a certificate is too weak for OpenSSL, and `tlsAllowWeakCertificates` is off
 * - `ERR_TLS_CONTEXT`: key, certificates and ciphers do not fit together, or a certificate cannot be read
 */
export type TlsContextErrorCode =
  | 'ERR_TLS_NO_CERTIFICATE'
  | 'ERR_TLS_FILE'
  | 'ERR_TLS_KEY'
  | 'ERR_TLS_WEAK_CERTIFICATE'
  | 'ERR_TLS_CONTEXT'

/** TLS cannot be set up: the previous context stays in effect, or TLS connections are rejected. */
export class TlsContextError extends CodedError<TlsContextErrorCode> {}
