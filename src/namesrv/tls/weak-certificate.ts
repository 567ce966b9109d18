import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate } from 'node:tls'
import { DerTag, readDer, readSequence } from './der.ts'

/** Hash functions that OpenSSL accepts in no certificate's signature, by the algorithm's object identifier. */
const WEAK_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010102', 'MD2'],
  ['2a864886f70d010104', 'MD5'],
  ['2a864886f70d010105', 'SHA-1'],
  ['2a8648ce3d0401', 'SHA-1'],
  ['2a8648ce380403', 'SHA-1'],
  ['2b0e03021d', 'SHA-1'],
])

const MIN_RSA_BITS = 2_048

/** Why a certificate is weak, as in `CN=broker is signed with SHA-1`; undefined if it is not. */
export function weaknessOf(certificate: X509Certificate): string | undefined {
  const hash = WEAK_SIGNATURES.get(signatureAlgorithm(certificate.raw))
  // On one line: a subject has one line for each of its parts.
  const subject = certificate.subject.replaceAll(/\s+/g, ' ')
  // A trust anchor is trusted by its presence, not by its own signature.
  const isRoot = certificate.subject === certificate.issuer
  if (hash !== undefined && !isRoot) return `${subject} is signed with ${hash}`
  const bits = rsaBits(certificate)
  return bits < MIN_RSA_BITS ? `${subject} has an RSA key of ${bits} bits` : undefined
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

/** The first weakness in a PEM file of certificates. */
export function weaknessInPem(pem: Buffer): string | undefined {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g)
  for (const block of blocks ?? []) {
    const certificate = readCertificate(block)
    const weakness = certificate && weaknessOf(certificate)
    if (weakness !== undefined) return weakness
  }
  return undefined
}

/** Undefined for what OpenSSL has not needed to read. */
function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** Infinite for a key of another kind. */
function rsaBits(certificate: X509Certificate): number {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
    const bits = asymmetricKeyType === 'rsa' ? asymmetricKeyDetails?.modulusLength : undefined
    return bits ?? Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** In hexadecimal; empty for bytes that are no certificate. */
function signatureAlgorithm(der: Buffer): string {
  try {
    const [, algorithm] = readSequence(readDer(der)[0], DerTag.SEQUENCE, DerTag.SEQUENCE)
    return readDer(algorithm as Buffer)[0]?.content.toString('hex') ?? ''
  } catch {
    return ''
  }
}
