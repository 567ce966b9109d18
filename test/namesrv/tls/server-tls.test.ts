import { createPublicKey } from 'node:crypto'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { ServerTls } from '../../../src/namesrv/tls/server-tls.ts'
import {
  type Authority,
  certificateAuthority,
  type Identity,
  writeCertificate,
  writeIdentity,
} from '../../support/certificates.ts'
import { LEGACY_PASSWORD, legacyFile, legacyPath } from '../../support/legacy-tls.ts'
import { proxyV1 } from '../../support/proxy-headers.ts'
import { headerOf, requestFrame } from '../../support/raw-client.ts'
import { getKVConfig, putKVConfig } from '../../support/requests.ts'
import { createServer, startServer, type TestServer, temporaryFolder } from '../../support/start-server.ts'
import { testContext } from '../../support/test-context.ts'
import { connectTls, type TlsClientOptions } from '../../support/tls-client.ts'
import { until } from '../../support/until.ts'

const QUERY_NOT_FOUND = 22
const DAY_MS = 86_400_000
/** No tls.config.file of this machine may be read. */
const NO_FILE = { 'tls.config.file': join(import.meta.dirname, 'no-such-file') }
const authority = certificateAuthority('Test CA')
const serverIdentity = authority.issue('server')
const clientIdentity = authority.issue('client')
const strangerIdentity = certificateAuthority('Another CA').issue('stranger')

/** A server with certificate files, and their paths. */
async function startWithFiles(
  properties: Readonly<Record<string, string>> = {},
  identity: Identity = serverIdentity,
) {
  const folder = temporaryFolder()
  const trustCertPath = writeCertificate(folder, 'trust', authority.cert)
  const { keyPath, certPath } = writeIdentity(folder, 'server', identity)
  const server = await startServer({
    ...NO_FILE,
    'tls.test.mode.enable': 'false',
    'tls.server.keyPath': keyPath,
    'tls.server.certPath': certPath,
    'tls.server.trustCertPath': trustCertPath,
    ...properties,
  })
  return { ...server, keyPath, certPath, trustCertPath }
}

async function serves(server: Pick<TestServer, 'port'>, options: TlsClientOptions = {}): Promise<TLSSocket> {
  const { client, socket } = await connectTls(server.port, options)
  const response = await client.request(getKVConfig('no', 'no'))
  expect(headerOf(response).code).toBe(QUERY_NOT_FOUND)
  return socket
}

/** A TLS 1.3 client learns only after its handshake that the server has rejected it. */
async function isRejected(server: Pick<TestServer, 'port'>, options: ConnectionOptions = {}): Promise<void> {
  await expect(serves(server, options)).rejects.toThrow()
}

/** All files of that folder hold the same key. */
function legacyKeyPair(name: string) {
  return { publicKey: createPublicKey(legacyFile('plain.key')), key: legacyFile(name).toString() }
}

function warnings({ lines }: Pick<TestServer, 'lines'>): string[] {
  return lines
    .filter(({ level }) => level === 'warn')
    .map(({ code, msg, reason }) => `${code} ${msg}: ${reason}`)
}

function tlsLines({ lines }: Pick<TestServer, 'lines'>) {
  return lines.filter(({ msg }) => msg.startsWith('TLS '))
}

test('a certificate that expires soon is a finding, until its files are replaced', async () => {
  const notAfter = new Date(Date.now() + 2 * 86_400_000)
  const server = await startWithFiles({ httpListenPort: 'any' }, authority.issue('server', { notAfter }))
  const expiring = async () => {
    server.time.advance(5_000)
    const response = await fetch(
      `http://127.0.0.1:${server.httpPort}/api/v1/findings?rule=certificate_expires`,
    )
    return ((await response.json()) as { findings: object[] }).findings
  }
  await expiring()
  expect(await expiring()).toMatchObject([
    { severity: 'critical', subject: server.certPath, evidence: { daysLeft: 1 } },
  ])
  writeIdentity(dirname(server.certPath), 'server', serverIdentity)
  server.time.advance(500)
  await until('the files are in effect', () =>
    tlsLines(server).some(({ msg }) => msg.includes('in effect for new')),
  )
  await expiring()
  expect(await expiring()).toEqual([])
})

test('a certificate that expires is a line in the log at the start and each day, and an error when it has expired', async () => {
  const daily: (() => void)[] = []
  const folder = temporaryFolder()
  const issue = (name: string, days: number) =>
    authority.issue(name, { notAfter: new Date(Date.now() + days * DAY_MS) })
  const { keyPath, certPath } = writeIdentity(folder, 'server', issue('server', 20.5))
  const { context, lines } = testContext(
    {
      ...NO_FILE,
      'tls.test.mode.enable': 'false',
      'tls.server.keyPath': keyPath,
      'tls.server.certPath': certPath,
      'tls.server.trustCertPath': writeCertificate(
        folder,
        'trust',
        `${authority.cert}${issue('former', -0.5).cert}`,
      ),
      'tls.server.authClient': 'true',
      'tls.server.need.client.auth': 'require',
    },
    {
      every: (periodMs, task) => {
        if (periodMs === DAY_MS) daily.push(task)
        return () => {}
      },
    },
  )
  const tls = new ServerTls(context)
  await tls.start()
  const expiring = () =>
    tlsLines({ lines })
      .filter(({ msg }) => msg.includes('expire'))
      .map(({ level, msg, use, daysLeft }) => [level, msg, use, daysLeft])
  const both = [
    ['warn', 'TLS certificate expires soon', 'server', 20],
    ['error', 'TLS certificate has expired', 'client_ca', -1],
  ]
  expect(expiring()).toEqual(both)
  for (const task of daily) task()
  expect(expiring()).toEqual([...both, ...both])
  expect(tls.certificates.map(({ use, path }) => [use, path])).toEqual([
    ['server', certPath],
    ['client_ca', join(folder, 'trust.pem')],
  ])
})

describe('in test mode', () => {
  test('TLS and plaintext are served without any file, and one line says so', async () => {
    const server = await startServer(NO_FILE)
    expect(tlsLines(server)).toEqual([
      { level: 'info', msg: 'TLS in effect', mode: 'permissive', testMode: true },
    ])
    const socket = await serves(server)
    expect(socket.getPeerX509Certificate()?.subject).toBe('CN=localhost')
    const plain = await server.connect()
    expect(headerOf(await plain.request(getKVConfig('no', 'no'))).code).toBe(QUERY_NOT_FOUND)
    await serves(server, clientIdentity)
  })

  test('many first clients at once see the same certificate', async () => {
    const server = await startServer(NO_FILE)
    const sockets = await Promise.all(Array.from({ length: 8 }, () => serves(server)))
    const numbers = sockets.map((socket) => socket.getPeerX509Certificate()?.serialNumber)
    expect(new Set(numbers).size).toBe(1)
  })

  test.each([
    ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ec', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['ECDHE-RSA-AES128-GCM-SHA256', 'rsa', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_AES_256_GCM_SHA384', 'ec', 'TLS_AES_256_GCM_SHA384'],
  ])('a server with tls.ciphers=%s uses it, with an %s key', async (ciphers, keyType, expected) => {
    const server = await startServer({ ...NO_FILE, 'tls.ciphers': ciphers })
    const socket = await serves(server)
    expect(socket.getCipher().name).toBe(expected)
    expect(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType).toBe(keyType)
  })
})

test('a plaintext PUT_KV_CONFIG to an enforcing server changes nothing, even behind a PROXY header, and the log names the peer', async () => {
  const server = await startServer({ ...NO_FILE, 'tls.server.mode': 'enforcing' })
  for (const before of [Buffer.alloc(0), proxyV1('203.0.113.7', 5_000)]) {
    const plain = await server.connect()
    plain.send(
      before,
      requestFrame(putKVConfig('ns', 'key', 'value')),
      requestFrame(putKVConfig('ns', 'b', 'c')),
    )
    await plain.closed
    expect(plain.bytesReceived).toBe(0)
  }
  const { client } = await connectTls(server.port)
  for (const key of ['key', 'b']) {
    expect(headerOf(await client.request(getKVConfig('ns', key))).code).toBe(QUERY_NOT_FOUND)
  }
  const rejected = server.lines.filter(({ code }) => code === 'ERR_TLS_REQUIRED')
  expect(rejected).toHaveLength(2)
  expect(rejected[1]).toMatchObject({ level: 'warn', peer: '203.0.113.7:5000' })
})

describe('client certificates', () => {
  const asked = (clientAuth: string, authClient: boolean) => ({
    'tls.server.need.client.auth': clientAuth,
    'tls.server.authClient': String(authClient),
  })

  test.each([
    ['none', true, { none: true, known: true, stranger: true }],
    ['optional', false, { none: true, known: true, stranger: true }],
    ['optional', true, { none: true, known: true, stranger: false }],
    ['REQUIRE', false, { none: false, known: true, stranger: true }],
    ['require', true, { none: false, known: true, stranger: false }],
  ])(
    'with need.client.auth=%s and authClient=%s are accepted as follows: %j',
    async (clientAuth, authClient, expected) => {
      const server = await startWithFiles(asked(clientAuth, authClient))
      const clients = { none: {}, known: clientIdentity, stranger: strangerIdentity }
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        for (const client of ['none', 'known', 'stranger'] as const) {
          const options = { ...clients[client], maxVersion: version, minVersion: version }
          if (expected[client]) await serves(server, options)
          else await isRejected(server, options)
        }
      }
      const rejected = Object.values(expected).filter((accepted) => !accepted).length
      const lines = warnings(server)
      expect(lines).toHaveLength(2 * rejected)
      for (const line of lines) expect(line).toMatch(/^ERR_TLS_CLIENT_CERTIFICATE connection closed before/)
    },
  )

  test('that have expired are rejected, and so is a session from before a reload', async () => {
    const server = await startWithFiles(asked('require', true))
    await isRejected(server, authority.issue('old', { notAfter: new Date('2020-01-01') }))
    expect(warnings(server)[0]).toMatch(/the client's certificate is not trusted: .*EXPIRED/)

    const { client, socket } = await connectTls(server.port, clientIdentity)
    const session = new Promise<Buffer>((resolve) => socket.once('session', resolve))
    await client.request(getKVConfig('no', 'no'))
    const kept = await session
    const resumed = await serves(server, { ...clientIdentity, session: kept })
    expect(resumed.isSessionReused()).toBe(true)

    writeFileSync(server.trustCertPath, certificateAuthority('A third CA').cert)
    server.time.advance(500)
    await until('the new files are in effect', () => tlsLines(server).length === 2)
    await isRejected(server, { ...clientIdentity, session: kept })
  })
})

describe('certificate files', () => {
  test('with an encrypted RSA key serve, and the settings in effect are logged without secrets', async () => {
    const password = 'open sesame'
    const server = await startWithFiles(
      { 'tls.server.keyPassword': password, 'tls.protocols': 'TLSv1.2' },
      certificateAuthority('RSA CA', 'rsa').issue('server', { password }),
    )
    const socket = await serves(server)
    expect(socket.getProtocol()).toBe('TLSv1.2')
    expect(tlsLines(server)).toEqual([
      {
        level: 'info',
        msg: 'TLS in effect',
        mode: 'permissive',
        testMode: false,
        clientAuth: 'none',
        verifyClient: false,
        certPath: server.certPath,
        keyPath: server.keyPath,
        trustCertPath: server.trustCertPath,
        protocols: 'TLSv1.2',
      },
    ])
    expect(JSON.stringify(server.lines)).not.toContain(password)
  })

  test.each([
    ['that are not set', { 'tls.server.keyPath': '' }, /ERR_TLS_NO_CERTIFICATE .* set both tls/],
    [
      'that are missing',
      { 'tls.server.certPath': '/no/such.pem' },
      /ERR_TLS_FILE .*cannot read tls.server.certPath/,
    ],
    [
      'whose password is wrong',
      { 'tls.server.keyPassword': 'x' },
      /ERR_TLS_KEY .*tls.server.keyPassword does not decrypt the private key in .*server.key/,
    ],
  ])(
    '%s let the server start, TLS clients are rejected, and one line says why',
    async (_, properties, line) => {
      const identity =
        'tls.server.keyPassword' in properties ? authority.issue('s', { password: 'y' }) : serverIdentity
      const server = await startWithFiles(properties, identity)
      const errors = server.lines.filter(({ level }) => level === 'error')
      expect(errors.map(({ code, error }) => `${code} ${error}`)).toEqual([expect.stringMatching(line)])
      expect(errors[0]).toMatchObject({ msg: 'TLS connections are rejected' })
      await isRejected(server)
      expect(warnings(server)).toEqual([expect.stringMatching(/^ERR_TLS_UNAVAILABLE /)])
      const plain = await server.connect()
      expect(headerOf(await plain.request(getKVConfig('no', 'no'))).code).toBe(QUERY_NOT_FOUND)
    },
  )

  test.each([
    ['with a key that is not set', { 'tls.server.keyPath': '' }, 'tls.server.keyPath'],
    ['with a certificate that is missing', { 'tls.server.certPath': '/no/such.pem' }, '/no/such.pem'],
    ['with a key whose password is wrong', { 'tls.server.keyPassword': 'x' }, 'server.key'],
    [
      'with a key that cannot be decrypted',
      { 'tls.server.keyPath': legacyPath('v2-rc2.key'), 'tls.server.keyPassword': LEGACY_PASSWORD },
      'encrypted with an unsupported cipher, or with more than 100000 iterations; convert it with: openssl pkcs8',
    ],
  ])(
    '%s stop the start in enforcing mode, since no client could be served',
    async (_, properties, message) => {
      const folder = temporaryFolder()
      const { keyPath, certPath } = writeIdentity(folder, 'server', authority.issue('s', { password: 'y' }))
      const { controller, lines } = createServer({
        ...NO_FILE,
        'tls.server.mode': 'enforcing',
        'tls.test.mode.enable': 'false',
        'tls.server.keyPath': keyPath,
        'tls.server.certPath': certPath,
        ...properties,
      })
      await expect(controller.start()).rejects.toMatchObject({
        name: 'TlsContextError',
        message: expect.stringContaining(message),
      })
      await controller.shutdown()
      expect(tlsLines({ lines })).toEqual([])
    },
  )

  test.each(['PBE-SHA1-RC4-128', 'PBE-MD5-DES', 'PBE-SHA1-RC2-40'])(
    'with a key encrypted with %s serve, as in Java, even when they replace others',
    async (scheme) => {
      const { publicKey, key } = legacyKeyPair(`${scheme}.key`)
      const cert = certificateAuthority('Old CA').certify('server', publicKey)
      const password = { 'tls.server.keyPassword': LEGACY_PASSWORD, 'tls.server.mode': 'enforcing' }
      await serves(await startWithFiles(password, { key, cert }))

      const server = await startWithFiles(password)
      writeFileSync(server.keyPath, key)
      writeFileSync(server.certPath, cert)
      server.time.advance(500)
      await until('the new files are in effect', () => tlsLines(server).length === 2)
      expect((await serves(server)).getPeerX509Certificate()?.issuer).toBe('CN=Old CA')
    },
  )

  test('are set by tls.config.file over the configuration, and the keys it cannot set are logged', async () => {
    const folder = temporaryFolder()
    const { keyPath, certPath } = writeIdentity(folder, 'server', serverIdentity)
    const path = join(folder, 'tls.properties')
    writeFileSync(
      path,
      `tls.test.mode.enable=false\ntls.server.keyPath=${keyPath}\ntls.server.certPath=${certPath}\n` +
        'tls.server.mode=disabled\ntls.server.keyPassword=\n',
    )
    const server = await startServer({ 'tls.config.file': path, 'tls.server.keyPath': '/no/such.key' })
    const socket = await serves(server, { ca: authority.cert })
    expect(socket.authorized).toBe(true)
    expect(tlsLines(server)[0]).toMatchObject({
      mode: 'permissive',
      testMode: false,
      keyPath,
      configFile: path,
    })
    expect(server.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', configFile: path, keys: ['tls.server.mode'] }),
    )
  })

  test.each([
    ['tls.protocols=SSLv3', 'tls.protocols="SSLv3" has "SSLv3"'],
    ['tls.ciphers=NULL', 'tls.ciphers="NULL" has "NULL"'],
    ['tls.server.authClient=yes', 'tls.server.authClient="yes" must be true or false'],
    ['a=\\u12', 'malformed'],
    [
      'tls.server.need.client.auth=require   ',
      'tls.server.need.client.auth="require   " must be one of none,',
    ],
    [
      'tls.server.keyPath=C:\\rocketmq\\server.key',
      'tls.server.keyPath="C:\\rocketmqserver.key" contains the control',
    ],
  ])('are not read if tls.config.file has %s, which stops the start', async (line, message) => {
    const path = join(temporaryFolder(), 'tls.properties')
    writeFileSync(path, `\n${line}\n`)
    const { controller } = createServer({ 'tls.config.file': path })
    await expect(controller.start()).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining(`${path}:2: ${message}`),
    })
    await controller.shutdown()
  })

  test('are read if tls.config.file has a false with spaces after it, with a warning', async () => {
    const folder = temporaryFolder()
    const { keyPath, certPath } = writeIdentity(folder, 'server', serverIdentity)
    const path = join(folder, 'tls.properties')
    writeFileSync(
      path,
      `tls.test.mode.enable=false   \ntls.server.certPath=${certPath}\ntls.server.keyPath=${keyPath}\n`,
    )
    const server = await startServer({ 'tls.config.file': path })
    expect(tlsLines(server)[0]).toMatchObject({ testMode: false })
    expect(server.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: 'value has spaces around it; read as false',
        source: `${path}:1`,
        key: 'tls.test.mode.enable',
      }),
    )
  })

  test.each([
    [
      { 'tls.ciphers': 'FOO' },
      'option --tls.ciphers: tls.ciphers="FOO" has "FOO", which OpenSSL does not know',
    ],
    [
      { 'tls.protocols': 'SSLv3' },
      'option --tls.protocols: tls.protocols="SSLv3" has "SSLv3", which is not one of',
    ],
    [
      { 'tls.protocols': 'TLSv1.1' },
      'option --tls.protocols: tls.protocols="TLSv1.1" must have TLSv1.2 or TLSv1.3',
    ],
    [
      { 'tls.ciphers': 'TLS_AES_256_GCM_SHA384', 'tls.protocols': 'TLSv1.2' },
      'has no cipher for option --tls.protocols: tls.protocols="TLSv1.2"',
    ],
  ])(
    'are not used with %j, which stops the start with its source before a line says that TLS is in effect',
    async (properties, message) => {
      for (const more of [{}, { 'tls.server.mode': 'enforcing' }, { 'tls.test.mode.enable': 'false' }]) {
        const { controller, lines } = createServer({ ...NO_FILE, ...properties, ...more })
        await expect(controller.start()).rejects.toMatchObject({
          name: 'ConfigError',
          message: expect.stringContaining(message),
        })
        await controller.shutdown()
        expect(tlsLines({ lines }).filter(({ msg }) => msg.includes('in effect'))).toEqual([])
      }
    },
  )

  test.each(['tls.ciphers', 'tls.protocols'])('are served with a list with colons in %s', async (key) => {
    const lists = {
      'tls.ciphers': 'ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_256_GCM_SHA384',
      'tls.protocols': 'TLSv1.2:TLSv1.3',
    }
    const server = await startServer({ ...NO_FILE, [key]: lists[key as keyof typeof lists] })
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await serves(server, { minVersion: version, maxVersion: version })
      expect(socket.getProtocol()).toBe(version)
    }
  })

  test('are not read if tls.config.file exists and cannot be read, which stops the start', async () => {
    const folder = temporaryFolder()
    const { controller } = createServer({ 'tls.config.file': folder })
    await expect(controller.start()).rejects.toThrow(
      `option --tls.config.file: tls.config.file="${folder}" cannot be read: EISDIR: illegal operation on a directory, read; name a`,
    )
    await controller.shutdown()
  })

  test('are neither read nor watched in disabled mode', async () => {
    const server = await startWithFiles({
      'tls.server.mode': 'disabled',
      'tls.server.keyPath': '/no/such.key',
    })
    expect(tlsLines(server)).toEqual([{ level: 'info', mode: 'disabled', msg: 'TLS is disabled' }])
    const { time } = await startServer({ ...NO_FILE, 'tls.server.mode': 'disabled' })
    expect(server.time.timers).toBe(time.timers)
  })
})

describe('changed certificate files', () => {
  const next: Authority = certificateAuthority('Next CA')

  function replace(
    { keyPath, certPath }: { keyPath: string; certPath: string },
    { key, cert }: Identity,
  ): void {
    writeFileSync(keyPath, key)
    writeFileSync(certPath, cert)
  }

  test('serve new connections half a second later, and established ones stay', async () => {
    const server = await startWithFiles({ 'tls.server.mode': 'enforcing' })
    const { client, socket } = await connectTls(server.port, { ca: authority.cert })
    replace(server, next.issue('server'))
    server.time.advance(499)
    await serves(server, {
      ca: authority.cert,
      rejectUnauthorized: true,
    })
    server.time.advance(1)
    await until('the new files are in effect', () => tlsLines(server).length === 2)
    await serves(server, { ca: next.cert, rejectUnauthorized: true })
    expect(headerOf(await client.request(getKVConfig('no', 'no'))).code).toBe(QUERY_NOT_FOUND)
    expect(socket.authorized).toBe(true)
    expect(tlsLines(server)[1]).toMatchObject({
      level: 'info',
      msg: 'TLS files changed; in effect for new connections',
      certPath: server.certPath,
    })
  })

  test('that cannot be used leave the old ones in effect with one line, and the next change is tried again', async () => {
    const server = await startWithFiles()
    const { key, cert } = next.issue('server')
    replace(server, { key, cert: cert.slice(0, 200) })
    server.time.advance(500)
    const errors = () => server.lines.filter(({ level }) => level === 'error')
    await until('the new files have been tried', () => errors().length === 1)
    server.time.advance(5_000)
    expect(errors()).toEqual([
      expect.objectContaining({
        code: 'ERR_TLS_CONTEXT',
        msg: 'TLS files changed and cannot be used; the previous ones stay in effect',
        error: expect.stringContaining('cannot be used: '),
      }),
    ])
    expect((await serves(server, { ca: authority.cert })).authorized).toBe(true)

    writeFileSync(server.certPath, cert)
    server.time.advance(500)
    await until('the new files are in effect', () =>
      server.lines.some(({ msg }) => msg.endsWith('in effect for new connections')),
    )
    expect((await serves(server, { ca: next.cert })).authorized).toBe(true)
  })

  test('repair what could not be used at the start, even if only one file changes', async () => {
    const { key, cert } = serverIdentity
    const server = await startWithFiles({}, { key, cert: cert.slice(0, 200) })
    await isRejected(server)
    writeFileSync(server.certPath, cert.slice(0, 300))
    server.time.advance(500)
    const line = 'TLS files changed and cannot be used; TLS connections are still rejected'
    await until('the other file has been tried', () => server.lines.some(({ msg }) => msg === line))
    writeFileSync(server.certPath, cert)
    server.time.advance(500)
    await until('the new file is in effect', () =>
      tlsLines(server).some(({ msg }) => msg.endsWith('in effect for new connections')),
    )
    expect((await serves(server, { ca: authority.cert })).authorized).toBe(true)
  })

  test('take effect when both key and certificate have changed; a touched or a removed file has not', async () => {
    const server = await startWithFiles()
    const { key, cert } = next.issue('server')
    writeFileSync(server.certPath, cert)
    server.time.advance(1_000)
    utimesSync(server.keyPath, new Date(), new Date('2030-01-01'))
    server.time.advance(1_000)
    rmSync(server.keyPath)
    server.time.advance(1_000)
    expect((await serves(server, { ca: authority.cert })).authorized).toBe(true)
    expect(tlsLines(server)).toHaveLength(1)
    writeFileSync(server.keyPath, key)
    server.time.advance(500)
    await until('the new files are in effect', () => tlsLines(server).length === 2)
    expect((await serves(server, { ca: next.cert })).authorized).toBe(true)
  })
})
