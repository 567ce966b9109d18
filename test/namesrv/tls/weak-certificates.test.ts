import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { type ConnectionOptions, connect, DEFAULT_CIPHERS, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { weaknessOf } from '../../../src/namesrv/tls/weak-certificates.ts'
import { LEGACY_PASSWORD, legacyFile, legacyKey, legacyPath } from '../../support/legacy-tls.ts'
import { headerOf } from '../../support/raw-client.ts'
import { getKVConfig } from '../../support/requests.ts'
import { createServer, startServer, type TestServer } from '../../support/start-server.ts'
import { connectTls } from '../../support/tls-client.ts'

const QUERY_NOT_FOUND = 22
/** A peer that accepts everything, as an old one would. */
const ANYTHING = { ciphers: 'ALL:@SECLEVEL=0', minVersion: 'TLSv1' } as const

/** Of each kind that OpenSSL has, some only at security level 0. */
const ODD_CIPHERS = [
  'NULL-SHA256',
  'ECDHE-RSA-NULL-SHA',
  'ADH-AES128-SHA256',
  'AECDH-NULL-SHA',
  'DHE-RSA-AES128-SHA',
  'AES128-SHA',
  'AES256-GCM-SHA384',
  'CAMELLIA128-SHA',
  'PSK-AES128-CBC-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const

function propertiesOf(certificate: string, more: Readonly<Record<string, string>> = {}) {
  return {
    'tls.config.file': join(import.meta.dirname, 'no-such-file'),
    'tls.test.mode.enable': 'false',
    'tls.server.keyPath': legacyPath(certificate.replace(/(-.*)?\.pem$/, '.key')),
    'tls.server.keyPassword': LEGACY_PASSWORD,
    'tls.server.certPath': legacyPath(certificate),
    'tls.server.trustCertPath': legacyPath('ca.pem'),
    ...more,
  }
}

const VERIFIED = { 'tls.server.need.client.auth': 'require', 'tls.server.authClient': 'true' }
const ALLOWED = { tlsAllowWeakCertificates: 'true' }

function clientWith(certificate: string): ConnectionOptions {
  return {
    key: legacyKey('client.key'),
    cert: legacyFile(certificate),
    ciphers: `${DEFAULT_CIPHERS}:@SECLEVEL=0`,
  }
}

async function serves(
  { port }: Pick<TestServer, 'port'>,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const { client, socket } = await connectTls(port, options)
  expect(headerOf(await client.request(getKVConfig('no', 'no'))).code).toBe(QUERY_NOT_FOUND)
  return socket
}

/** The result of a handshake: cipher and version, or the error of the client. */
async function handshake({ port }: Pick<TestServer, 'port'>, options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  onTestFinished(() => {
    socket.destroy()
  })
  try {
    await once(socket, 'secureConnect')
    return `${socket.getCipher().name} ${socket.getProtocol()}`
  } catch (error) {
    return `${(error as NodeJS.ErrnoException).code}`
  } finally {
    socket.destroy()
  }
}

function warnings({ lines }: Pick<TestServer, 'lines'>) {
  return lines.filter(({ level }) => level === 'warn' || level === 'error')
}

test.each([
  ['server-sha1.pem', 'CN=old server is signed with SHA-1'],
  ['server-md5.pem', 'CN=old server is signed with MD5'],
  ['pss-sha1.pem', 'CN=PSS is signed with SHA-1'],
  ['same-name.pem', 'CN=same name is signed with SHA-1'],
  ['short.pem', 'CN=short key has an RSA key of 1024 bits'],
  ['short-pss.pem', 'CN=short PSS key has an RSA key of 1024 bits'],
  ['server-sha256.pem', undefined],
  ['pss-sha256.pem', undefined],
  ['ca.pem', undefined],
])('weaknessOf the certificate %s returns %s', (name, weakness) => {
  expect(weaknessOf(new X509Certificate(legacyFile(name)))).toBe(weakness)
})

describe('a server certificate', () => {
  test.each([
    ['server-sha1.pem', 'CN=old server is signed with SHA-1'],
    ['server-md5.pem', 'CN=old server is signed with MD5'],
    ['short.pem', 'CN=short key has an RSA key of 1024 bits'],
  ])(
    'such as %s serves every client, as in Java, and a warning names its weakness',
    async (certificate, weakness) => {
      for (const mode of ['permissive', 'enforcing']) {
        const server = await startServer(propertiesOf(certificate, { 'tls.server.mode': mode }))
        for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
          await serves(server, { minVersion: version, maxVersion: version })
        }
        expect(warnings(server)).toEqual([
          { level: 'warn', msg: 'weak certificate in tls.server.certPath; replace it', weakness },
        ])
      }
    },
  )

  test('that is weak and does not fit its key is an error in the log', async () => {
    const keyPath = { 'tls.server.keyPath': legacyPath('client.key') }
    const server = await startServer(propertiesOf('server-sha1.pem', keyPath))
    expect(warnings(server)).toEqual([
      {
        level: 'error',
        code: 'ERR_TLS_CONTEXT',
        msg: 'TLS connections are rejected',
        error: expect.stringMatching(
          /key and certificate \(.*server-sha1\.pem\) cannot be used: key values mismatch/,
        ),
      },
    ])
  })

  test('that is not weak causes no warning', async () => {
    const server = await startServer(propertiesOf('server-sha256.pem'))
    await serves(server)
    expect(warnings(server)).toEqual([])
  })

  test.each([
    {},
    { 'tls.ciphers': 'TLS_AES_256_GCM_SHA384' },
    { 'tls.ciphers': 'ECDHE-RSA-AES128-GCM-SHA256' },
  ])('that is weak adds no cipher, version or signature to those of a strong one, with %j', async (offer) => {
    const [usual, weak] = await Promise.all([
      startServer(propertiesOf('server-sha256.pem', offer)),
      startServer(propertiesOf('server-sha1.pem', offer)),
    ])
    const attempts: ConnectionOptions[] = [
      { ...ANYTHING, maxVersion: 'TLSv1' },
      { ...ANYTHING, maxVersion: 'TLSv1.1' },
      { ...ANYTHING, maxVersion: 'TLSv1.2' },
      { ...ANYTHING },
      ...['rsa_pkcs1_sha1', 'rsa_pkcs1_sha256', 'rsa_pss_rsae_sha512'].map((sigalgs) => ({
        ...ANYTHING,
        maxVersion: 'TLSv1.2' as const,
        sigalgs,
      })),
      ...ODD_CIPHERS.map((cipher) => ({
        ...ANYTHING,
        maxVersion: 'TLSv1.2' as const,
        ciphers: `${cipher}:@SECLEVEL=0`,
      })),
    ]
    for (const attempt of attempts) {
      const name = JSON.stringify(attempt)
      expect([name, await handshake(weak, attempt)]).toEqual([name, await handshake(usual, attempt)])
    }
  })
})

describe('a weak certificate where clients are verified', () => {
  test('of the server stops the start in enforcing mode with the key that allows it', async () => {
    const properties = propertiesOf('server-md5.pem', { ...VERIFIED, 'tls.server.mode': 'enforcing' })
    // OpenSSL of Node.js 24 does not check the signature of the own certificate, that of Node.js 20 does.
    const short = propertiesOf('short.pem', { ...VERIFIED, 'tls.server.mode': 'enforcing' })
    const failures = await Promise.all([properties, short].map(startFailure))
    const isChecked = failures.filter((failure) => failure !== undefined)
    expect(isChecked).toHaveLength(1)
    expect(isChecked[0]).toMatchObject({
      code: 'ERR_TLS_WEAK_CERTIFICATE',
      message: expect.stringMatching(
        /^weak certificate in .*\.pem: CN=.* (?:is signed with MD5|has an RSA key of 1024 bits); replace it, or set tlsAllowWeakCertificates=true/,
      ),
    })
  })

  test('of a client is rejected with its weakness, unless tlsAllowWeakCertificates allows it', async () => {
    const strict = await startServer(propertiesOf('server-sha256.pem', VERIFIED))
    await serves(strict, clientWith('client-sha256.pem'))
    await expect(serves(strict, clientWith('client-sha1.pem'))).rejects.toThrow()
    expect(warnings(strict)).toEqual([
      expect.objectContaining({
        code: 'ERR_TLS_CLIENT_CERTIFICATE',
        reason: expect.stringContaining(
          "the client's certificate is not trusted: CN=old client is signed with SHA-1",
        ),
      }),
    ])

    const lenient = await startServer(propertiesOf('server-sha1.pem', { ...VERIFIED, ...ALLOWED }))
    await serves(lenient, clientWith('client-sha256.pem'))
    const socket = await serves(lenient, clientWith('client-sha1.pem'))
    expect(socket.getProtocol()).toBe('TLSv1.3')
    await expect(serves(lenient)).rejects.toThrow()
    expect(warnings(lenient)).toContainEqual({
      level: 'warn',
      msg: 'tlsAllowWeakCertificates is on: weak certificates of clients are accepted',
    })
  })
})

/** Why a server does not start; undefined if it does. */
async function startFailure(properties: Readonly<Record<string, string>>): Promise<unknown> {
  const { controller } = createServer(properties)
  try {
    await controller.start()
    return undefined
  } catch (error) {
    return error
  } finally {
    await controller.shutdown()
  }
}
