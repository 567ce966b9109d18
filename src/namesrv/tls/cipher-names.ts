import { ConfigError } from '../config/config-error.ts'
import type { TlsSettings } from './tls-settings.ts'

/** Versions that are offered; older ones are not, as in a current Java, also when they are named. */
const OFFERED = ['TLSv1.2', 'TLSv1.3'] as const
const OLDER: readonly string[] = ['TLSv1', 'TLSv1.1']

/** Least and greatest version of TLS; all if left out. */
export interface VersionRange {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** What is offered, as Node takes it. */
export interface TlsOffer extends VersionRange {
  readonly ciphers?: string
}

/**
 * Reads `tls.protocols` and `tls.ciphers`. A version none of whose ciphers is named is not offered.
 *
 * @param known - OpenSSL's names in lower case, as `tls.getCiphers()` gives them.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: unknown names, or nothing that could be offered.
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
    throw refused(
      `${settings.describe('tls.ciphers')} has no cipher for ${settings.describe('tls.protocols')}`,
    )
  }
  return { minVersion: first, maxVersion: last ?? first, ciphers: ciphers.join(':') }
}

/**
 * Reads `tls.protocols`: `TLSv1.2`, `TLSv1.3` or both, separated by commas, colons or spaces.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: an unknown name, or nothing that could be offered.
 */
export function parseProtocols({ values, describe }: TlsSettings): VersionRange {
  const names = itemsOf(values['tls.protocols'])
  if (names === undefined) return {}
  const known = [...OFFERED, ...OLDER]
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw refused(
      `${describe('tls.protocols')} names ${JSON.stringify(unknown)}, which is not one of ${known.join(', ')}`,
    )
  }
  const offered = OFFERED.filter((version) => names.includes(version))
  const [minVersion] = offered
  const maxVersion = offered.at(-1)
  if (minVersion === undefined || maxVersion === undefined) {
    throw refused(`${describe('tls.protocols')} leaves neither ${OFFERED.join(' nor ')}`)
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
  const names = itemsOf(values['tls.ciphers'])
  if (names === undefined) return undefined
  const ciphers = names.map(opensslName)
  const unknown = ciphers.findIndex((cipher) => !known.includes(cipher.toLowerCase()))
  if (unknown >= 0) {
    throw refused(
      `${describe('tls.ciphers')} names ${JSON.stringify(names[unknown])}, which is not known here`,
    )
  }
  return ciphers
}

/** The name OpenSSL has for a cipher suite of Java; any other name as it is, and so the suites of TLS 1.3. */
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
function itemsOf(text: string | undefined): string[] | undefined {
  const items = (text ?? '').split(/[,:\s]/).filter((item) => item !== '')
  return items.length === 0 ? undefined : items
}

function refused(message: string): ConfigError {
  return new ConfigError('ERR_CONFIG_VALUE', message)
}
