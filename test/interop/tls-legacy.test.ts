import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { LEGACY_PASSWORD, legacyPath } from '../support/legacy-tls.ts'
import { type Broker, startBroker } from './harness/broker.ts'
import { deliver } from './harness/delivery.ts'
import { propertiesText } from './harness/java.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { newHome } from './harness/work-folder.ts'

const MESSAGES = 10
const release = '5.5.0'

/** Keys as RocketMQ's TLS guide makes them (PBE-SHA1-RC4-128), certificates signed with SHA-1. */
function tlsProperties(clientAuth: 'none' | 'require') {
  return {
    'tls.test.mode.enable': false,
    'tls.server.need.client.auth': clientAuth,
    'tls.server.keyPath': legacyPath('server.key'),
    'tls.server.keyPassword': LEGACY_PASSWORD,
    'tls.server.certPath': legacyPath('server-sha1.pem'),
    'tls.server.authClient': clientAuth === 'require',
    'tls.server.trustCertPath': legacyPath('ca.pem'),
    'tls.client.keyPath': legacyPath('client.key'),
    'tls.client.keyPassword': LEGACY_PASSWORD,
    'tls.client.certPath': legacyPath('client-sha1.pem'),
    'tls.client.authServer': true,
    'tls.client.trustCertPath': legacyPath('ca.pem'),
  }
}

/** The same file for Java's programs and for ours. */
function writeTlsFile(clientAuth: 'none' | 'require'): string {
  const { home } = newHome(`legacy-${clientAuth}`)
  mkdirSync(home, { recursive: true })
  const file = join(home, 'tls.properties')
  writeFileSync(file, propertiesText(tlsProperties(clientAuth)))
  return file
}

async function start(file: string, own: Readonly<Record<string, boolean>>): Promise<NameServer> {
  const properties = { 'tls.server.mode': 'enforcing', 'tls.config.file': file }
  if (subject.kind === 'ours') {
    return await startNameServer({ ...subject, properties: { ...properties, ...own }, takesOnlyTls: true })
  }
  const javaOptions = Object.entries(properties).map(([key, value]) => `-D${key}=${value}`)
  return await startNameServer({ ...subject, javaOptions, takesOnlyTls: true })
}

let plain: NameServer
let verifying: NameServer
let broker: Broker
let javaOptions: string[]

beforeAll(async () => {
  const [plainFile, verifyingFile] = [writeTlsFile('none'), writeTlsFile('require')]
  javaOptions = ['-Dtls.enable=true', `-Dtls.config.file=${verifyingFile}`]
  ;[plain, verifying] = await Promise.all([
    start(plainFile, {}),
    start(verifyingFile, { tlsAllowWeakCertificates: true }),
  ])
  const nameServers = [plain.address, verifying.address]
  broker = await startBroker({ release, name: 'broker-legacy', nameServers, javaOptions })
})

describe('a key encrypted with RC4 and certificates signed with SHA-1: a broker, a producer and a consumer of 5.5.0', () => {
  test.each([
    ['exchange messages through a server that verifies no client', 'Plain', () => plain],
    [
      'exchange messages through a server that verifies them and allows weak certificates',
      'Verifying',
      () => verifying,
    ],
  ] as const)('%s', async (_, topic, nameServer) => {
    const { address, program } = nameServer()
    if (subject.kind === 'ours') {
      await program.until('the broker is registered', async () =>
        program.lines.some((line) => line.includes('broker registered') && line.includes(broker.name)),
      )
      expect(program.lines.join('\n')).toContain('CN=old server is signed with SHA-1')
    }
    const { sent, failed, received } = await deliver(
      { release, nameServers: [address], topic, javaOptions },
      MESSAGES,
    )
    expect(failed).toEqual([])
    expect(received).toEqual(sent)
  })
})
