import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { signCertificate } from '../../src/namesrv/tls/self-signed-certificate.ts'

/** A private key and its certificate, PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** Who signs certificates. */
export interface Authority extends Identity {
  /** A new key, and a certificate signed by this authority. */
  issue(commonName: string, options?: { password?: string; notAfter?: Date }): Identity
}

/** A certificate authority of its own. */
export function certificateAuthority(commonName: string, keyType: 'ec' | 'rsa' = 'ec'): Authority {
  const { publicKey, privateKey } = keyPair(keyType)
  const issuer = { commonName, privateKey }
  return {
    key: pem(privateKey),
    cert: signCertificate({ commonName, publicKey, issuer, isAuthority: true }),
    issue: (name, { password, notAfter } = {}) => {
      const own = keyPair(keyType)
      const request = { commonName: name, publicKey: own.publicKey, issuer, dnsNames: [name] }
      return {
        key: pem(own.privateKey, password),
        cert: signCertificate(notAfter === undefined ? request : { ...request, notAfter }),
      }
    },
  }
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
