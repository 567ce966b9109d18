import { DEFAULT_CIPHERS, DEFAULT_MIN_VERSION, type SecureContextOptions } from 'node:tls'
import { TlsContextError } from './tls-context-error.ts'
import { weaknessInPem } from './weak-certificate.ts'

type Offer = Pick<SecureContextOptions, 'ciphers' | 'minVersion' | 'maxVersion' | 'sigalgs'>

/** What OpenSSL says of certificates that its security level does not allow. */
const WEAK_REASONS: readonly (string | undefined)[] = [
  'ca md too weak',
  'ca key too small',
  'ee key too small',
  'dh key too small',
]

/** Signatures in handshakes that level 1 allows: level 0 would add those with SHA-1. */
const SIGNATURES = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'ed448'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
].join(':')

/** What decides on the security level of a context. */
export interface SecurityLevelOptions {
  readonly offer: Offer
  /** The own certificate chain, PEM, and where it comes from. */
  readonly chain: Buffer | undefined
  readonly chainPath: string | undefined
  /** Level 0 whether the own certificate needs it or not: weak certificates of peers are to be accepted. */
  readonly isLowered: boolean
  /** Whether the own certificate may lower the level; not where that would accept weak certificates of peers. */
  readonly mayBeLowered: boolean
}

/** A context, and what makes its own certificate weak, if it is. */
export interface Leveled<Context> {
  readonly context: Context
  readonly weakness: string | undefined
  /** Whether it accepts weak certificates of peers. */
  readonly isLowered: boolean
}

/**
 * Makes a TLS context, at OpenSSL's security level 0 if its own certificate needs that, or peers' may. Ciphers, versions and
 * signatures of handshakes are those of any other context.
 *
 * @throws {TlsContextError} `ERR_TLS_CONTEXT`, `ERR_TLS_WEAK_CERTIFICATE`
 */
export function atSecurityLevel<Context>(
  make: (offer: Offer) => Context,
  options: SecurityLevelOptions,
): Leveled<Context> {
  const { offer, chain, chainPath, isLowered, mayBeLowered } = options
  try {
    const context = make(isLowered ? atLevelZero(offer) : offer)
    return { context, weakness: chain && weaknessInPem(chain), isLowered }
  } catch (cause) {
    const { reason, message } = cause as Error & { reason?: string }
    if (isLowered || chain === undefined || !WEAK_REASONS.includes(reason)) {
      const named = chain === undefined ? '' : ` (${chainPath})`
      const why = `key and certificate${named} cannot be used: ${reason ?? message}`
      throw new TlsContextError('ERR_TLS_CONTEXT', why, { cause })
    }
    const weakness = weaknessInPem(chain) ?? `${reason}`
    if (!mayBeLowered) {
      const why =
        `weak certificate in ${chainPath}: ${weakness}; replace it, or set tlsAllowWeakCertificates=true, ` +
        'which accepts such certificates of peers too'
      throw new TlsContextError('ERR_TLS_WEAK_CERTIFICATE', why, { cause })
    }
    return { ...atSecurityLevel(make, { ...options, isLowered: true }), weakness }
  }
}

function atLevelZero(offer: Offer): Offer {
  const { ciphers = DEFAULT_CIPHERS, minVersion = DEFAULT_MIN_VERSION } = offer
  // OpenSSL takes no list without a cipher of TLS 1.2; with suites of TLS 1.3 alone that version is not offered.
  const list = ciphers.split(':').every((cipher) => cipher.startsWith('TLS_'))
    ? `${ciphers}:DEFAULT`
    : ciphers
  return {
    ...offer,
    ciphers: `${list}:@SECLEVEL=0`,
    minVersion: minVersion === 'TLSv1.3' ? minVersion : 'TLSv1.2',
    sigalgs: SIGNATURES,
  }
}
