import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, DEFAULT_CIPHERS, type TlsOptions } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { outgoingConnect, plainConnect } from '../../../src/namesrv/outgoing-connect.ts'
import { clientTlsOptions } from '../../../src/namesrv/tls/tls-contexts.ts'
import { certificateAuthority, writeCertificate, writeIdentity } from '../../support/certificates.ts'
import { LEGACY_PASSWORD, legacyFile, legacyKey, legacyPath } from '../../support/legacy-tls.ts'
import { recordingLogger } from '../../support/recording-logger.ts'
import { temporaryFolder } from '../../support/start-server.ts'

const authority = certificateAuthority('Test CA')

function configurationOf(properties: Readonly<Record<string, string>>): Configuration {
  const all = { 'tls.config.file': join(import.meta.dirname, 'no-such-file'), ...properties }
  return Configuration.resolve({
    args: Object.entries(all).map(([key, value]) => ({ key, value })),
    homeDirectory: '/home/user',
    processors: 2,
  }).configuration
}

function optionsOf(properties: Readonly<Record<string, string>>) {
  const configuration = configurationOf(properties)
  expect(configuration.values.useTLS).toBe(true)
  return clientTlsOptions(configuration)
}

/** Connects to a server whose certificate the authority signed, for another name; returns the subject of the client's certificate. */
async function connectWith(
  properties: Readonly<Record<string, string>>,
  identity: Pick<TlsOptions, 'key' | 'cert' | 'ciphers'> = authority.issue('some.broker'),
): Promise<string | undefined> {
  const server = createServer({
    ...identity,
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: false,
  })
  onTestFinished(() => {
    server.close()
  })
  const seen = once(server, 'secureConnection')
  seen.catch(() => {})
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, ...optionsOf(properties).options })
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'secureConnect')
  const [peer] = await seen
  return peer.getPeerX509Certificate()?.subject
}

test.each([
  {},
  { 'tls.enable': 'false', 'tls.server.mode': 'enforcing' },
  { useTLS: 'false', 'tls.enable': 'true' },
])('outgoing connections with %j are plaintext', async (properties) => {
  const { logger } = recordingLogger()
  expect(await outgoingConnect(configurationOf(properties), logger)).toBe(plainConnect)
})

test.each([{ 'tls.enable': 'true' }, { 'tls.server.mode': 'enforcing' }, { useTLS: 'true' }])(
  'outgoing connections with %j use TLS, and in test mode accept every server',
  async (properties) => {
    expect(await connectWith(properties)).toBeUndefined()
  },
)

test('outside test mode a client presents its certificate, and verifies the server only with tls.client.authServer', async () => {
  const folder = temporaryFolder()
  const { keyPath, certPath } = writeIdentity(folder, 'c', authority.issue('me', { password: 'pw' }))
  const properties = {
    useTLS: 'true',
    'tls.test.mode.enable': 'false',
    'tls.client.keyPath': keyPath,
    'tls.client.keyPassword': 'pw',
    'tls.client.certPath': certPath,
  }
  expect(await connectWith(properties)).toBe('CN=me')

  const verifying = (cert: string) => ({
    ...properties,
    'tls.client.authServer': 'true',
    'tls.client.trustCertPath': writeCertificate(folder, 'trust', cert),
  })
  expect(await connectWith(verifying(authority.cert))).toBe('CN=me')
  await expect(connectWith(verifying(certificateAuthority('Another CA').cert))).rejects.toThrow()
  expect(() => optionsOf({ ...properties, 'tls.client.keyPath': '/no/such.key' })).toThrow(
    'cannot read tls.client.keyPath="/no/such.key": ENOENT',
  )
})

describe('for old keys and certificates', () => {
  const SHA1_SERVER = {
    key: legacyKey('server.key'),
    cert: legacyFile('server-sha1.pem'),
    ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`,
  }
  const GOOD_SERVER = { key: legacyKey('server.key'), cert: legacyFile('server-sha256.pem') }
  const own = (certificate: string) => ({
    useTLS: 'true',
    'tls.test.mode.enable': 'false',
    'tls.client.keyPath': legacyPath('client.key'),
    'tls.client.keyPassword': LEGACY_PASSWORD,
    'tls.client.certPath': legacyPath(certificate),
  })
  const verifying = { 'tls.client.authServer': 'true', 'tls.client.trustCertPath': legacyPath('ca.pem') }
  const allowed = { tlsAllowWeakCertificates: 'true' }

  test('a client presents a certificate signed with SHA-1, whose key is encrypted with RC4, to every server', async () => {
    for (const server of [GOOD_SERVER, SHA1_SERVER]) {
      expect(await connectWith(own('client-sha1.pem'), server)).toBe('CN=old client')
      expect(await connectWith({ ...own('client-sha1.pem'), ...verifying, ...allowed }, server)).toBe(
        'CN=old client',
      )
    }
    expect(await connectWith({ ...own('client-sha1.pem'), ...verifying }, GOOD_SERVER)).toBe('CN=old client')
    expect(optionsOf(own('client-sha1.pem')).weakness).toBe('CN=old client is signed with SHA-1')
    expect(optionsOf(own('client-sha256.pem')).weakness).toBeUndefined()
  })

  // OpenSSL of Node.js 24 does not check the signature of the own certificate, so that it lowers no level.
  const [byLevel, byChain] = ['CA signature digest algorithm too weak', 'CN=old server is signed with SHA-1']

  test.each([
    ['client-sha1.pem', new RegExp(`${byChain}|${byLevel}`)],
    ['client-sha256.pem', byLevel],
  ] as const)(
    'with %s a verified server whose certificate is signed with SHA-1 is rejected unless tlsAllowWeakCertificates is on',
    async (certificate, reason) => {
      const properties = { ...own(certificate), ...verifying }
      await expect(connectWith(properties, SHA1_SERVER)).rejects.toThrow(reason)
      expect(await connectWith({ ...properties, ...allowed }, SHA1_SERVER)).toBe('CN=old client')
    },
  )

  test('a key with an unsupported cipher is rejected with its file and the command that converts it', () => {
    const properties = { ...own('client-sha1.pem'), 'tls.client.keyPath': legacyPath('v2-des.key') }
    expect(() => optionsOf(properties)).toThrow(
      /v2-des\.key is encrypted with an unsupported cipher, .*openssl pkcs8/,
    )
    expect(() => optionsOf({ ...own('client-sha1.pem'), 'tls.client.keyPassword': 'wrong' })).toThrow(
      'tls.client.keyPassword does not decrypt the private key in ',
    )
  })
})
