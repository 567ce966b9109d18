import { X509Certificate } from 'node:crypto'
import {
  DEFAULT_CIPHERS,
  DEFAULT_MIN_VERSION,
  type DetailedPeerCertificate,
  type SecureContextOptions,
} from 'node:tls'
import { DerTag, type DerValue, readDer, readSequence } from './der.ts'
import { TlsContextError } from './tls-settings.ts'

/** Hash functions that OpenSSL rejects in a certificate's signature, by the algorithm's object identifier. */
const WEAK_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010102', 'MD2'],
  ['2a864886f70d010104', 'MD5'],
  ['2a864886f70d010105', 'SHA-1'],
  ['2a8648ce3d0401', 'SHA-1'],
  ['2a8648ce380403', 'SHA-1'],
  ['2b0e03021d', 'SHA-1'],
])

/** The hash function of this signature is one of its parameters (RFC 4055). */
const RSA_PSS = '2a864886f70d01010a'
/** The parameter's tag, and the weak functions by object identifier. */
const PSS_HASH_TAG = 0xa0
const WEAK_PSS_HASHES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d0205', 'MD5'],
  ['2b0e03021a', 'SHA-1'],
])

const MIN_RSA_BITS = 2_048

/** Why a certificate is weak, as in `CN=broker is signed with SHA-1`; undefined if it is not. */
export function weaknessOf(certificate: X509Certificate): string | undefined {
  const hash = weakSignatureHash(certificate.raw)
  // A subject has one line for each of its parts.
  const subject = certificate.subject.replaceAll(/\s+/g, ' ')
  // A trust anchor is trusted by its presence, not by its own signature.
  if (hash !== undefined && !isSelfSigned(certificate)) return `${subject} is signed with ${hash}`
  const bits = rsaBits(certificate)
  return bits < MIN_RSA_BITS ? `${subject} has an RSA key of ${bits} bits` : undefined
}

/** The name alone does not prove it: a forged certificate may have the name of its authority. */
function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey)
  } catch {
    return false
  }
}

/** The first weakness in the chain of a peer's certificate, as `getPeerCertificate(true)` gives it. */
export function weaknessOfPeer(certificate: Partial<DetailedPeerCertificate>): string | undefined {
  const seen = new Set<unknown>()
  let next: Partial<DetailedPeerCertificate> | undefined = certificate
  for (; next?.raw !== undefined && !seen.has(next); next = next.issuerCertificate) {
    seen.add(next)
    const weakness = weaknessOf(new X509Certificate(next.raw))
    if (weakness !== undefined) return weakness
  }
  return undefined
}

/** The certificates in a PEM file, each as a text of its own. */
export function pemBlocks(pem: Buffer): readonly string[] {
  return pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
}

/** The first weakness in a PEM file of certificates. */
function weaknessInPem(pem: Buffer): string | undefined {
  for (const block of pemBlocks(pem)) {
    try {
      const weakness = weaknessOf(new X509Certificate(block))
      if (weakness !== undefined) return weakness
    } catch {
      // OpenSSL did not need to read it.
    }
  }
  return undefined
}

/** Infinite for a key of another kind. */
function rsaBits(certificate: X509Certificate): number {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
    const bits = asymmetricKeyType?.startsWith('rsa') ? asymmetricKeyDetails?.modulusLength : undefined
    return bits ?? Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Undefined for a strong hash function, and for bytes that are no certificate. */
function weakSignatureHash(der: Buffer): string | undefined {
  try {
    const [, algorithm] = readSequence(readDer(der)[0], DerTag.SEQUENCE, DerTag.SEQUENCE)
    const [id, parameters] = readDer(algorithm as Buffer)
    const name = id?.content.toString('hex') ?? ''
    return name === RSA_PSS ? weakPssHash(parameters) : WEAK_SIGNATURES.get(name)
  } catch {
    return undefined
  }
}

/** @throws {RangeError} */
function weakPssHash(parameters: DerValue | undefined): string | undefined {
  const [first] = parameters === undefined ? [] : readDer(parameters.content)
  // The default of RFC 4055.
  if (first?.tag !== PSS_HASH_TAG) return 'SHA-1'
  const [id] = readSequence(readDer(first.content)[0], DerTag.OID)
  return WEAK_PSS_HASHES.get(id?.toString('hex') ?? '')
}

type Offer = Pick<SecureContextOptions, 'ciphers' | 'minVersion' | 'maxVersion' | 'sigalgs'>

/** OpenSSL's reasons for rejecting a certificate at its security level. */
const WEAK_REASONS: readonly (string | undefined)[] = [
  'ca md too weak',
  'ca key too small',
  'ee key too small',
  'dh key too small',
]

/** Signatures in handshakes that level 1 allows; level 0 would add those with SHA-1. */
const SIGNATURES = [
  ...['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'ed448'],
  ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
  ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'],
  ...['rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512'],
].join(':')

/** What the security level of a context depends on. */
export interface SecurityLevelOptions {
  readonly offer: Offer
  /** The context's own certificate chain, PEM, and its file. */
  readonly chain: Buffer | undefined
  readonly chainPath: string | undefined
  /** Use level 0 even if the own certificate does not need it, to accept weak certificates of peers. */
  readonly isLowered: boolean
  /** Whether the own certificate may lower the level; false where that would accept weak certificates of peers. */
  readonly mayBeLowered: boolean
}

/** A context, and why its own certificate is weak, if it is. */
export interface Leveled<Context> {
  readonly context: Context
  readonly weakness: string | undefined
  /** Whether it accepts weak certificates of peers. */
  readonly isLowered: boolean
}

/**
 * Makes a TLS context, at OpenSSL's security level 0 if its own certificate or the peers' need it. Ciphers, versions and
 * signatures of handshakes are the same at both levels.
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
        'which accepts weak certificates of peers too'
      throw new TlsContextError('ERR_TLS_WEAK_CERTIFICATE', why, { cause })
    }
    return { ...atSecurityLevel(make, { ...options, isLowered: true }), weakness }
  }
}

function atLevelZero(offer: Offer): Offer {
  const { ciphers = DEFAULT_CIPHERS, minVersion = DEFAULT_MIN_VERSION } = offer
  // OpenSSL rejects a list without a cipher of TLS 1.2; with suites of TLS 1.3 alone that version is not offered.
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
