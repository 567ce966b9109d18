import { ConfigError } from '../config/config-error.ts'
import type { TlsSettings } from './tls-settings.ts'

/** Versions that can be offered. Older ones are accepted in `tls.protocols` and not offered, as in a current Java. */
const OFFERED = ['TLSv1.2', 'TLSv1.3'] as const
const OLDER: readonly string[] = ['TLSv1', 'TLSv1.1']

/** Min and max version of TLS; all if left out. */
export interface VersionRange {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** What is offered, as options of Node. */
export interface TlsOffer extends VersionRange {
  readonly ciphers?: string
}

/**
 * Reads `tls.protocols` and `tls.ciphers`. A version without a cipher in `tls.ciphers` is not offered.
 *
 * @param known - OpenSSL's names in lower case, as `tls.getCiphers()` gives them.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: unknown names, or nothing is left to offer.
 */
export function tlsOffer(settings: TlsSettings, known: readonly string[]): TlsOffer {
  const range = parseProtocols(settings)
  const ciphers = parseCiphers(settings, known)
  if (ciphers === undefined) return range
  const isNewSuite = (cipher: string): boolean => cipher.startsWith('TLS_')
  const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = range
  const named = OFFERED.filter((version) =>
    ciphers.some((cipher) => isNewSuite(cipher) === (version === 'TLSv1.3')),
  )
  const [first, last] = named.filter((version) => version === minVersion || version === maxVersion)
  if (first === undefined) {
    throw invalid(
      `${settings.describe('tls.ciphers')} has no cipher for ${settings.describe('tls.protocols')}: add one, or change the protocols`,
    )
  }
  return { minVersion: first, maxVersion: last ?? first, ciphers: ciphers.join(':') }
}

/**
 * Reads `tls.protocols`: `TLSv1.2`, `TLSv1.3` or both, separated by commas, colons or spaces.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: an unknown name, or nothing is left to offer.
 */
export function parseProtocols({ values, describe }: TlsSettings): VersionRange {
  const names = namesOf(values['tls.protocols'])
  if (names === undefined) return {}
  const known = [...OFFERED, ...OLDER]
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw invalid(
      `${describe('tls.protocols')} has ${JSON.stringify(unknown)}, which is not one of ${known.join(', ')}`,
    )
  }
  const offered = OFFERED.filter((version) => names.includes(version))
  const [minVersion] = offered
  const maxVersion = offered.at(-1)
  if (minVersion === undefined || maxVersion === undefined) {
    throw invalid(`${describe('tls.protocols')} must have ${OFFERED.join(' or ')}`)
  }
  return { minVersion, maxVersion }
}

/**
 * Reads `tls.ciphers`: names of Java and IANA (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) or of OpenSSL
 * (`ECDHE-RSA-AES128-GCM-SHA256`), separated by commas as in Java, or by colons or spaces as in OpenSSL.
 *
 * @returns OpenSSL's names; undefined if nothing is set.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: a cipher that OpenSSL does not have.
 */
export function parseCiphers(
  { values, describe }: TlsSettings,
  known: readonly string[],
): string[] | undefined {
  const names = namesOf(values['tls.ciphers'])
  if (names === undefined) return undefined
  const ciphers = names.map(opensslName)
  const unknown = ciphers.findIndex((cipher) => !known.includes(cipher.toLowerCase()))
  if (unknown >= 0) {
    throw invalid(
      `${describe('tls.ciphers')} has ${JSON.stringify(names[unknown])}, which OpenSSL does not know`,
    )
  }
  return ciphers
}

/** OpenSSL's name for a cipher suite of Java; other names, those of TLS 1.3 among them, are returned as they are. */
export function opensslName(name: string): string {
  const [, exchange, cipher] = /^TLS_(.+)_WITH_(.+)$/.exec(name) ?? []
  if (exchange === undefined || cipher === undefined) return name
  const keyExchange = exchange === 'RSA' ? '' : `${exchange.replaceAll('_', '-')}-`
  const written = cipher
    .replace(/^(AES|CAMELLIA|ARIA)_(\d+)_/, '$1$2_')
    .replace('_CBC_', '_')
    .replace('CCM_8', 'CCM8')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
    .replaceAll('_', '-')
  return keyExchange + written
}

/** The names in a list; undefined if there are none. */
function namesOf(text: string | undefined): string[] | undefined {
  const names = (text ?? '').split(/[,:\s]/).filter((name) => name !== '')
  return names.length === 0 ? undefined : names
}

function invalid(message: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', message)
}
