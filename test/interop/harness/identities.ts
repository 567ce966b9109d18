import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blockOf, keysOf } from '../../../scripts/support/markdown-pages.ts'
import { certificateAuthority, writeCertificate, writeIdentity } from '../../support/certificates.ts'
import { propertiesText } from './java.ts'
import { newHome } from './work-folder.ts'

/** Writes the access file of a server. @returns Its path. */
export function writeAccessFile(text: string): string {
  const path = join(newHome('access').home, 'access.yml')
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

/** Properties of a broker of 5.3 or later that signs what it sends to NameServers and other brokers, as docs/security.md has them. */
export function brokerCredentials(accessKey: string, secretKey: string): Record<string, string> {
  const documented = blockOf('docs/security.md', 'ini', 'innerClientAuthenticationCredentials')
  const credentials = documented
    .replace('"brokers"', JSON.stringify(accessKey))
    .replace('"…"', JSON.stringify(secretKey))
  return keysOf(credentials)
}

/**
 * Writes the TLS file of a server that trusts certificates of one authority, and of Java programs that have one.
 *
 * @param commonName - Of the certificate of the Java programs.
 * @returns Its path.
 */
export function writeTlsFile(commonName: string): string {
  const { home } = newHome('certificates')
  const authority = certificateAuthority('Interop CA', 'rsa')
  const trustCertPath = writeCertificate(home, 'trust', authority.cert)
  const server = writeIdentity(home, 'server', authority.issue('server'))
  const client = writeIdentity(home, 'client', authority.issue(commonName))
  const path = join(home, 'tls.properties')
  writeFileSync(
    path,
    propertiesText({
      'tls.test.mode.enable': false,
      'tls.server.need.client.auth': 'optional',
      'tls.server.keyPath': server.keyPath,
      'tls.server.certPath': server.certPath,
      'tls.server.authClient': true,
      'tls.server.trustCertPath': trustCertPath,
      'tls.client.keyPath': client.keyPath,
      'tls.client.certPath': client.certPath,
      'tls.client.authServer': true,
      'tls.client.trustCertPath': trustCertPath,
    }),
  )
  return path
}
