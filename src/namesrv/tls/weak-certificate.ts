import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate } from 'node:tls'
import { DerTag, type DerValue, readDer, readSequence } from './der.ts'

/** Hash functions that OpenSSL accepts in no certificate's signature, by the algorithm's object identifier. */
const WEAK_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010102', 'MD2'],
  ['2a864886f70d010104', 'MD5'],
  ['2a864886f70d010105', 'SHA-1'],
  ['2a8648ce3d0401', 'SHA-1'],
  ['2a8648ce380403', 'SHA-1'],
  ['2b0e03021d', 'SHA-1'],
])

/** A signature whose hash function is one of its parameters (RFC 4055). */
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
  // On one line: a subject has one line for each of its parts.
  const subject = certificate.subject.replaceAll(/\s+/g, ' ')
  // A trust anchor is trusted by its presence, not by its own signature.
  if (hash !== undefined && !isSelfSigned(certificate)) return `${subject} is signed with ${hash}`
  const bits = rsaBits(certificate)
  return bits < MIN_RSA_BITS ? `${subject} has an RSA key of ${bits} bits` : undefined
}

/** The name alone does not show it: a forged certificate may have that of its authority. */
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
    const bits = asymmetricKeyType?.startsWith('rsa') ? asymmetricKeyDetails?.modulusLength : undefined
    return bits ?? Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Undefined for a hash function that is not weak, and for bytes that are no certificate. */
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
  // The default.
  if (first?.tag !== PSS_HASH_TAG) return 'SHA-1'
  const [id] = readSequence(readDer(first.content)[0], DerTag.OID)
  return WEAK_PSS_HASHES.get(id?.toString('hex') ?? '')
}
