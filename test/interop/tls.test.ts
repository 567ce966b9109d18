import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { certificateAuthority, writeCertificate, writeIdentity } from '../support/certificates.ts'
import { type Broker, startBroker } from './harness/broker.ts'
import { startProducer } from './harness/clients.ts'
import { deliver } from './harness/delivery.ts'
import { propertiesText } from './harness/java.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { newHome } from './harness/work-folder.ts'

const MESSAGES = 10
const release = '5.5.0'
/** TLS with a certificate made up by the server, which the client takes for what it is. */
const TEST_MODE = ['-Dtls.enable=true', '-Dtls.test.mode.enable=true']

/** Everybody has a certificate of one authority; the file says so to Java's programs and to ours alike. */
function writeCertificates(): string {
  const { home } = newHome('certificates')
  mkdirSync(home, { recursive: true })
  const authority = certificateAuthority('Interop CA', 'rsa')
  const trustCertPath = writeCertificate(home, 'trust', authority.cert)
  const server = writeIdentity(home, 'server', authority.issue('server', { password: 'server-password' }))
  const client = writeIdentity(home, 'client', authority.issue('client', { password: 'client-password' }))
  const file = join(home, 'tls.properties')
  writeFileSync(
    file,
    propertiesText({
      'tls.test.mode.enable': false,
      'tls.server.need.client.auth': 'require',
      'tls.server.keyPath': server.keyPath,
      'tls.server.keyPassword': 'server-password',
      'tls.server.certPath': server.certPath,
      'tls.server.authClient': true,
      'tls.server.trustCertPath': trustCertPath,
      'tls.client.keyPath': client.keyPath,
      'tls.client.keyPassword': 'client-password',
      'tls.client.certPath': client.certPath,
      'tls.client.authServer': true,
      'tls.client.trustCertPath': trustCertPath,
    }),
  )
  return file
}

let permissive: NameServer
let enforcing: NameServer
let verifying: NameServer
let disabled: NameServer
let withCertificate: string[]
let testBroker: Broker
let certificateBroker: Broker

beforeAll(async () => {
  const tlsFile = writeCertificates()
  withCertificate = ['-Dtls.enable=true', `-Dtls.config.file=${tlsFile}`]
  ;[permissive, enforcing, verifying, disabled] = await Promise.all([
    startNameServer(serverOptions({})),
    startNameServer(serverOptions({ 'tls.server.mode': 'enforcing' })),
    startNameServer(serverOptions({ 'tls.server.mode': 'enforcing', 'tls.config.file': tlsFile })),
    startNameServer(serverOptions({ 'tls.server.mode': 'disabled' })),
  ])
  ;[testBroker, certificateBroker] = await Promise.all([
    startBroker({
      release,
      name: 'broker-test-mode',
      nameServers: [permissive.address, enforcing.address],
      javaOptions: TEST_MODE,
    }),
    startBroker({
      release,
      name: 'broker-certificate',
      nameServers: [verifying.address],
      javaOptions: withCertificate,
    }),
  ])
  await Promise.all([
    registered(permissive, testBroker),
    registered(enforcing, testBroker),
    registered(verifying, certificateBroker),
  ])
})

/** The same settings for ours and for Java's. */
function serverOptions(properties: Readonly<Record<string, string>>): Parameters<typeof startNameServer>[0] {
  const takesOnlyTls = properties['tls.server.mode'] === 'enforcing'
  if (subject.kind === 'ours') return { ...subject, properties, takesOnlyTls }
  const javaOptions = Object.entries(properties).map(([key, value]) => `-D${key}=${value}`)
  return { ...subject, javaOptions, takesOnlyTls }
}

/** Where plaintext is not accepted, the log must show it. */
async function registered({ address, program }: NameServer, { name }: Broker): Promise<void> {
  await program.until(`${name} is registered`, async () => {
    if (subject.kind === 'ours') {
      return program.lines.some((line) => line.includes('broker registered') && line.includes(name))
    }
    return name in (await brokersOf(address).catch(() => ({ [name]: {} })))
  })
}

describe('a broker, a producer and a push consumer of 5.5.0 over TLS', () => {
  test.concurrent.each([
    ['permissive', () => permissive, () => TEST_MODE],
    ['enforcing', () => enforcing, () => TEST_MODE],
    ['enforcing, with client certificates verified', () => verifying, () => withCertificate],
  ] as const)('%s: every message is received', async (name, nameServer, options) => {
    const client = {
      release,
      nameServers: [nameServer().address],
      topic: `Over-${name.replaceAll(/\W+/g, '-')}`,
      javaOptions: options(),
    } as const
    const { sent, failed, received } = await deliver(client, MESSAGES)
    expect(failed).toEqual([])
    expect(received).toEqual(sent)
  })

  test('permissive: plaintext is accepted beside it', async () => {
    expect(await brokersOf(permissive.address)).toEqual({ [testBroker.name]: { 0: testBroker.address } })
  })

  test('enforcing: a client without TLS gets no route', async () => {
    await expect(brokersOf(enforcing.address)).rejects.toThrow('closed before the response')
    await failsToSend(enforcing, [])
  })

  test('with client certificates verified: a client without one gets no route', async () => {
    await failsToSend(verifying, TEST_MODE)
    if (subject.kind === 'ours')
      expect(verifying.program.lines.join('\n')).toContain('ERR_TLS_CLIENT_CERTIFICATE')
  })

  test('disabled: a client with TLS gets no route', async () => {
    await failsToSend(disabled, TEST_MODE)
  })
})

async function failsToSend(nameServer: NameServer, javaOptions: readonly string[]): Promise<void> {
  const client = { release, nameServers: [nameServer.address], topic: 'Nowhere', javaOptions } as const
  const producer = startProducer({ ...client, count: 1 })
  await producer.until('it has given up', () => producer.reported('FAILED').length === 1)
  expect(producer.reported('SENT')).toEqual([])
  await producer.kill()
}
