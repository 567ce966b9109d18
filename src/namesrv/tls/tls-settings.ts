import { readFileSync } from 'node:fs'
import { checkValue, spacesWarning } from '../config/check-value.ts'
import { ConfigError } from '../config/config-error.ts'
import { findConfigKey, type NamesrvConfig } from '../config/config-keys.ts'
import type { Configuration } from '../config/configuration.ts'
import { type JavaProperty, parseJavaProperties } from '../config/java-properties.ts'
import { type ConfigSource, describeSource } from '../config/resolved-key.ts'

/** What `tls.config.file` may set. */
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

/** The TLS keys in force: the configuration's, and over them those of `tls.config.file`. */
export interface TlsSettings {
  readonly values: Pick<NamesrvConfig, FileKey>
  /** The file, if there is one. */
  readonly configFile: string | undefined
  /** Keys of the file that it cannot set. */
  readonly ignoredKeys: readonly string[]
  /** What is odd about its values, a line each. */
  readonly warnings?: readonly string[]
  /** Where a value comes from, and what it is: the beginning of a message about it. */
  describe(key: 'tls.ciphers' | 'tls.protocols'): string
}

/**
 * Reads the TLS settings, and `tls.config.file` anew.
 *
 * @throws {ConfigError} The file is there and cannot be read, or values of it cannot be used; all of them are named.
 * @see TlsHelper#extractTlsConfigFromFile in apache/rocketmq, which goes on without a file that it may not read
 */
export function readTlsSettings(configuration: TlsConfiguration): TlsSettings {
  const { values } = configuration
  const path = values['tls.config.file']
  const pairs = readPairs(path)
  const merged: Record<string, unknown> = {}
  const sources = new Map<string, ConfigSource>()
  const warnings: string[] = []
  const errors: ConfigError[] = []
  for (const key of FILE_KEYS) {
    const row = findConfigKey(key)
    const pair = pairs?.get(key)
    merged[key] = values[key]
    if (row === undefined || pair === undefined) continue
    const source: ConfigSource = { layer: 'file', path, line: pair.line }
    const given = { text: pair.value, source }
    const warning = spacesWarning(row, given)
    if (warning !== undefined) warnings.push(warning)
    sources.set(key, source)
    try {
      merged[key] = checkValue(row, given).value
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      errors.push(error)
    }
  }
  ConfigError.throwAll(errors)
  const inForce = merged as unknown as TlsSettings['values']
  return {
    values: inForce,
    configFile: pairs === undefined ? undefined : path,
    warnings,
    ignoredKeys: [...(pairs?.keys() ?? [])].filter((key) => !FILE_KEYS.some((known) => known === key)),
    describe: (key) => {
      const source = sources.get(key) ?? configuration.sourceOf(key) ?? { layer: 'default' }
      return `${describeSource(source)}: ${key}=${JSON.stringify(inForce[key])}`
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
