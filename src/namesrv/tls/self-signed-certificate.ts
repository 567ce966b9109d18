import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { DerTag, encodeDer, objectId, sequence } from './der.ts'

const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'
const ECDSA_WITH_SHA256 = '2a8648ce3d040302'
const SHA256_WITH_RSA = '2a864886f70d01010b'

/** Since the year 2000 and without end, so that clocks need not agree. */
export const ALWAYS_VALID = sequence(
  encodeDer(DerTag.UTC_TIME, Buffer.from('000101000000Z')),
  encodeDer(DerTag.GENERALIZED_TIME, Buffer.from('99991231235959Z')),
)

/**
 * A key pair and a self-signed certificate for it, PEM, for the test mode: traffic is encrypted, but the server's identity is not
 * authenticated. Takes about a millisecond with an EC key.
 *
 * @see SelfSignedCertificate in netty/netty, with which Java's NameServer makes it
 */
export function selfSignedCertificate(
  commonName: string,
  keyType: 'ec' | 'rsa' = 'ec',
): { readonly key: string; readonly cert: string } {
  const { publicKey, privateKey } =
    keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const name = distinguishedName(commonName)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const cert = signCertificate([name, ALWAYS_VALID, name, spki], [subjectAltName(commonName)], privateKey)
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}

/**
 * Signs a certificate (RFC 5280) of version 3 with SHA-256; returns PEM.
 * @param fields - Issuer, validity, subject and public key, DER.
 * @param signer - An EC or RSA key.
 */
export function signCertificate(
  fields: readonly Buffer[],
  extensions: readonly Buffer[],
  signer: KeyObject,
): string {
  const algorithm =
    signer.asymmetricKeyType === 'rsa'
      ? sequence(objectId(SHA256_WITH_RSA), encodeDer(DerTag.NULL))
      : sequence(objectId(ECDSA_WITH_SHA256))
  const version = encodeDer(0xa0, encodeDer(DerTag.INTEGER, Buffer.of(2)))
  // Random and positive.
  const serialNumber = encodeDer(DerTag.INTEGER, Buffer.of(1), randomBytes(15))
  const extensionField = encodeDer(0xa3, sequence(...extensions))
  const content = sequence(version, serialNumber, algorithm, ...fields, extensionField)
  const signature = createSign('sha256').update(content).sign(signer)
  const der = sequence(content, algorithm, encodeDer(DerTag.BIT_STRING, Buffer.of(0), signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** A name that consists of a common name. */
export function distinguishedName(commonName: string): Buffer {
  const attribute = sequence(objectId(COMMON_NAME), encodeDer(DerTag.UTF8_STRING, Buffer.from(commonName)))
  return sequence(encodeDer(DerTag.SET, attribute))
}

/** The extension that names the host. */
export function subjectAltName(dnsName: string): Buffer {
  const names = sequence(encodeDer(0x82, Buffer.from(dnsName, 'latin1')))
  return sequence(objectId(SUBJECT_ALT_NAME), encodeDer(DerTag.OCTET_STRING, names))
}
