import { getCiphers } from 'node:tls'
import { ConfigError } from '../config/config-error.ts'
import type { TlsSettings } from './tls-settings.ts'

/** Versions that can be offered. Older ones are accepted in `tls.protocols` and not offered, as in a current Java. */
const OFFERED = ['TLSv1.2', 'TLSv1.3'] as const
const OLDER: readonly string[] = ['TLSv1', 'TLSv1.1']

type Version = (typeof OFFERED)[number]

/** What is offered, as options of Node; its default for what is left out. */
export interface TlsOffer {
  readonly minVersion?: Version
  readonly maxVersion?: Version
  readonly ciphers?: string
}

/**
 * Reads `tls.protocols` and `tls.ciphers`. A version without a cipher in `tls.ciphers` is not offered.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: unknown names, or nothing is left to offer.
 */
export function tlsOffer(settings: TlsSettings): TlsOffer {
  const protocols = parseProtocols(settings)
  const ciphers = parseCiphers(settings)
  if (protocols === undefined && ciphers === undefined) return {}
  const hasCipher = (version: Version): boolean =>
    ciphers === undefined || ciphers.some((cipher) => cipher.startsWith('TLS_') === (version === 'TLSv1.3'))
  const offered = (protocols ?? OFFERED).filter(hasCipher)
  const [minVersion] = offered
  const maxVersion = offered.at(-1)
  if (minVersion === undefined || maxVersion === undefined) {
    throw invalid(
      `${settings.describe('tls.ciphers')} has no cipher for ${settings.describe('tls.protocols')}: add one, or change the protocols`,
    )
  }
  return { minVersion, maxVersion, ...(ciphers && { ciphers: ciphers.join(':') }) }
}

/** Reads `tls.protocols`: names separated by commas, colons or spaces; undefined if nothing is set. @throws {ConfigError} */
function parseProtocols({ values, describe }: TlsSettings): Version[] | undefined {
  const names = namesOf(values['tls.protocols'])
  if (names === undefined) return undefined
  const known = [...OFFERED, ...OLDER]
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw invalid(
      `${describe('tls.protocols')} has ${JSON.stringify(unknown)}, which is not one of ${known.join(', ')}`,
    )
  }
  const offered = OFFERED.filter((version) => names.includes(version))
  if (offered.length === 0) throw invalid(`${describe('tls.protocols')} must have ${OFFERED.join(' or ')}`)
  return offered
}

/**
 * Reads `tls.ciphers`: names of Java and IANA (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`) or of OpenSSL
 * (`ECDHE-RSA-AES128-GCM-SHA256`), separated by commas as in Java, or by colons or spaces as in OpenSSL.
 *
 * @returns OpenSSL's names; undefined if nothing is set.
 * @throws {ConfigError} `ERR_CONFIG_VALUE`: a cipher that OpenSSL does not have.
 */
export function parseCiphers({ values, describe }: TlsSettings): string[] | undefined {
  const names = namesOf(values['tls.ciphers'])
  if (names === undefined) return undefined
  const ciphers = names.map(opensslName)
  const known = getCiphers()
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
