import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { Configuration } from '../../../src/namesrv/config/configuration.ts'
import { clientTlsOptions } from '../../../src/namesrv/tls/client-tls-options.ts'
import { certificateAuthority, writeCertificate, writeIdentity } from '../../support/certificates.ts'
import { temporaryFolder } from '../../support/start-server.ts'

const authority = certificateAuthority('Test CA')

function optionsOf(properties: Readonly<Record<string, string>>) {
  const all = { 'tls.config.file': join(import.meta.dirname, 'no-such-file'), ...properties }
  const { configuration } = Configuration.resolve({
    args: Object.entries(all).map(([key, value]) => ({ key, value })),
    homeDirectory: '/home/user',
    processors: 2,
  })
  return clientTlsOptions(configuration)
}

/** Connects to a server whose certificate the authority signed, for another name; gives what that saw of the client. */
async function connectWith(properties: Readonly<Record<string, string>>): Promise<string | undefined> {
  const { key, cert } = authority.issue('some.broker')
  const server = createServer({ key, cert, ca: authority.cert, requestCert: true, rejectUnauthorized: false })
  onTestFinished(() => {
    server.close()
  })
  const seen = once(server, 'secureConnection')
  seen.catch(() => {})
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, ...optionsOf(properties)?.options })
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'secureConnect')
  const [peer] = await seen
  return peer.getPeerX509Certificate()?.subject
}

test.each([
  [{}, null],
  [{ 'tls.enable': 'false', 'tls.server.mode': 'enforcing' }, null],
  [{ useTLS: 'false', 'tls.enable': 'true' }, null],
])('%j: connections are plain', (properties, expected) => {
  expect(optionsOf(properties)).toBe(expected)
})

test.each([{ 'tls.enable': 'true' }, { 'tls.server.mode': 'enforcing' }, { useTLS: 'true' }])(
  '%j: connections are TLS; in test mode anybody is believed',
  async (properties) => {
    expect(await connectWith(properties)).toBeUndefined()
  },
)

test('outside of the test mode the client shows its certificate and believes anybody, unless tls.client.authServer', async () => {
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
    'cannot read tls.client.keyPath: ENOENT',
  )
})
