import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DerTag, encodeDer, objectId, sequence } from '../../src/namesrv/tls/der.ts'
import {
  ALWAYS_VALID,
  distinguishedName,
  signCertificate,
  subjectAltName,
} from '../../src/namesrv/tls/self-signed-certificate.ts'

/** A private key and its certificate, PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** Who signs certificates. */
export interface Authority extends Identity {
  /** A certificate of this authority for a key. */
  certify(commonName: string, publicKey: KeyObject): string
  /** A new key, and a certificate signed by this authority; without a subject it has only its alternative name. */
  issue(name: string, options?: { password?: string; notAfter?: Date; hasSubject?: boolean }): Identity
}

/** A certificate authority of its own. */
export function certificateAuthority(commonName: string, keyType: 'ec' | 'rsa' = 'ec'): Authority {
  const { publicKey, privateKey } = keyPair(keyType)
  const issuer = distinguishedName(commonName)
  const certify = (subject: Buffer, key: KeyObject, validity: Buffer, extension: Buffer): string => {
    const fields = [issuer, validity, subject, key.export({ type: 'spki', format: 'der' })]
    return signCertificate(fields, [extension], privateKey)
  }
  return {
    key: pem(privateKey),
    cert: certify(issuer, publicKey, ALWAYS_VALID, AUTHORITY),
    certify: (name, key) => certify(distinguishedName(name), key, ALWAYS_VALID, subjectAltName(name)),
    issue: (name, { password, notAfter, hasSubject = true } = {}) => {
      const own = keyPair(keyType)
      const validity = notAfter === undefined ? ALWAYS_VALID : validUntil(notAfter)
      return {
        key: pem(own.privateKey, password),
        cert: certify(
          hasSubject ? distinguishedName(name) : sequence(),
          own.publicKey,
          validity,
          subjectAltName(name),
        ),
      }
    },
  }
}

/** The critical extension of a certificate that may sign others. */
const AUTHORITY = sequence(
  objectId('551d13'),
  encodeDer(0x01, Buffer.of(0xff)),
  encodeDer(DerTag.OCTET_STRING, sequence(encodeDer(0x01, Buffer.of(0xff)))),
)

/** From the year 2000 to a date before 2050. */
function validUntil(date: Date): Buffer {
  const end = date
    .toISOString()
    .replace(/\.\d+|[-:T]/g, '')
    .slice(2)
  return sequence(...['000101000000Z', end].map((text) => encodeDer(DerTag.UTC_TIME, Buffer.from(text))))
}

function keyPair(keyType: 'ec' | 'rsa'): { publicKey: KeyObject; privateKey: KeyObject } {
  return keyType === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2_048 })
}

/** PKCS#8, as Java wants it. */
function pem(key: KeyObject, password?: string): string {
  const encryption = password === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: password }
  return key.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString()
}

/** Writes an identity into a folder. */
export function writeIdentity(folder: string, name: string, { key, cert }: Identity) {
  const paths = { keyPath: join(folder, `${name}.key`), certPath: join(folder, `${name}.pem`) }
  writeFileSync(paths.keyPath, key)
  writeFileSync(paths.certPath, cert)
  return paths
}

/** Writes a certificate into a folder; returns its path. */
export function writeCertificate(folder: string, name: string, cert: string): string {
  const path = join(folder, `${name}.pem`)
  writeFileSync(path, cert)
  return path
}
