import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { certificateAuthority, writeCertificate, writeIdentity } from '../support/certificates.ts'
import { startBroker } from './harness/broker.ts'
import { startProducer } from './harness/clients.ts'
import { propertiesText } from './harness/java.ts'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { type Answer, ask } from './harness/name-server-client.ts'
import { startOtherProducer } from './harness/other-clients.ts'
import { outerReleases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'
import { newHome } from './harness/work-folder.ts'

/** Brokers of 4.9 cannot sign: one is known by its network, another one by its client certificate. */
const ACCESS_FILE = `
profile: strict
accounts:
  - { accessKey: broker-main, secretKey: "broker-secret", roles: [broker] }
  - { accessKey: orders-app, secretKey: "orders-secret" }
  - { accessKey: other-app, secretKey: "other-secret" }
  - { accessKey: ops-team, secretKey: "ops-secret", admin: true }
certificates:
  - { commonName: "certified-*", roles: [broker] }
rules:
  - { allow: [register], who: { role: broker }, brokers: ["signed-*", "certified-*"] }
  - { allow: [register], from: [127.0.0.0/8], brokers: ["legacy-*"], announce: [127.0.0.0/8] }
  - { allow: [lookup], who: { account: orders-app }, topics: ["Orders", "TBW102"] }
  - { allow: [lookup], who: { account: other-app }, topics: ["Other"] }
  - { allow: [admin, config, inspect, list, lookup], who: { role: admin } }
`
const BROKERS = ['certified-4', 'legacy-4', 'signed-5']
const DENIED = /has no permission|username cannot be null|Authentication failed/

let nameServer: NameServer

/** A request as Java signs it: written from the rule alone. */
function signed(
  code: number,
  accessKey: string,
  secret: string,
  fields: Readonly<Record<string, string>> = {},
  body = '',
): Promise<Answer> {
  const all: Record<string, string> = { ...fields, AccessKey: accessKey }
  const names = Object.keys(all).sort()
  const content = names.map((name) => all[name]).join('') + body
  const Signature = createHmac('sha1', secret).update(content).digest('base64')
  return ask(nameServer.address, code, { ...all, Signature }, 513, Buffer.from(body))
}

const asOps = (code: number, fields: Readonly<Record<string, string>> = {}, body = ''): Promise<Answer> =>
  signed(code, 'ops-team', 'ops-secret', fields, body)

beforeAll(async () => {
  const { home } = newHome('access')
  const authority = certificateAuthority('Interop CA', 'rsa')
  const trustCertPath = writeCertificate(home, 'trust', authority.cert)
  const server = writeIdentity(home, 'server', authority.issue('server'))
  const client = writeIdentity(home, 'client', authority.issue('certified-4'))
  const tlsFile = join(home, 'tls.properties')
  writeFileSync(
    tlsFile,
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
  const accessFile = join(home, 'access.yml')
  writeFileSync(accessFile, ACCESS_FILE, { mode: 0o600 })
  nameServer = await startNameServer({ kind: 'ours', properties: { accessFile, 'tls.config.file': tlsFile } })
  const nameServers = [nameServer.address]
  const credentials = {
    innerClientAuthenticationCredentials: '{"accessKey":"broker-main","secretKey":"broker-secret"}',
    // Without one, a broker that has credentials does not start.
    authenticationMetadataProvider:
      'org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider',
  }
  await Promise.all([
    startBroker({
      release: '5.5.0',
      name: 'signed-5',
      nameServers,
      properties: credentials,
    }),
    // Announced, too: the address of its HA server.
    startBroker({
      release: '4.9.7',
      name: 'legacy-4',
      nameServers,
      properties: { brokerIP2: '127.0.0.1' },
    }),
    startBroker({
      release: '4.9.7',
      name: 'certified-4',
      nameServers,
      javaOptions: ['-Dtls.enable=true', `-Dtls.config.file=${tlsFile}`],
    }),
  ])
  await until('all three brokers are registered', async () => {
    const { body } = await asOps(106)
    return BROKERS.every((name) => `${body}`.includes(`"${name}"`))
  })
})

describe('under the profile strict', () => {
  test.each(outerReleases)('mqadmin %s with tools.yml works, and without it is rejected', async (release) => {
    const topic = release === '5.5.0' ? 'Orders' : 'Other'
    const [known, unknown] = [startAdminTool(release), startAdminTool(release)]
    const tools = 'accessKey: ops-team\nsecretKey: ops-secret\n'
    writeFileSync(join(known.home, 'conf', 'tools.yml'), tools)
    const create = ['updateTopic', '-c', 'InteropCluster', '-t', topic, '-r', '4', '-w', '4']
    const refused = await unknown.run(nameServer.address, create)
    expect(refused.stdout + refused.stderr).toMatch(DENIED)
    const created = await known.run(nameServer.address, create)
    expect(created.stdout + created.stderr).toMatch(/create topic to .* success/)
    await until('the brokers have registered the topic', async () => {
      const { body } = await asOps(105, { topic })
      return BROKERS.every((name) => `${body}`.includes(`"${name}"`))
    })
  })

  const credentials = (accessKey: string, secretKey: string): string[] => [
    `-Dinterop.accessKey=${accessKey}`,
    `-Dinterop.secretKey=${secretKey}`,
  ]

  test.each(outerReleases)('a Java producer %s with the ACL hook finds its topic', async (release) => {
    const producer = startProducer({
      ...{ release, nameServers: [nameServer.address], topic: 'Orders', count: 3 },
      javaOptions: credentials('orders-app', 'orders-secret'),
    })
    await producer.until('it is done', () => producer.lines.includes('DONE'))
    expect(producer.lines.filter((line) => line.startsWith('SENT'))).toHaveLength(3)
  })

  test('a Go producer with credentials finds its topic', async () => {
    const producer = startOtherProducer({
      ...{ client: 'go', nameServers: [nameServer.address], topic: 'Orders', count: 3 },
      env: { INTEROP_ACCESS_KEY: 'orders-app', INTEROP_SECRET_KEY: 'orders-secret' },
    })
    await producer.until('it is done', () => producer.lines.includes('DONE'))
    expect(producer.lines.filter((line) => line.startsWith('SENT'))).toHaveLength(3)
  })

  test.each([
    ['without the ACL hook', []],
    ['with a wrong secret', credentials('orders-app', 'wrong-secret')],
    ['with the account of another application', credentials('other-app', 'other-secret')],
  ])('a Java producer %s finds no route', async (_, javaOptions) => {
    const producer = startProducer({
      ...{ release: '5.5.0', nameServers: [nameServer.address], topic: 'Orders', count: 1 },
      javaOptions,
    })
    const failed = await producer.until('it has failed', () =>
      producer.lines.find((line) => line.startsWith('FAILED')),
    )
    expect(failed).toContain('No route info of this topic')
  })

  test.each<[string, () => Promise<Answer>]>([
    ['without a signature', () => ask(nameServer.address, 105, { topic: 'Orders' })],
    ['with a wrong secret', () => signed(105, 'orders-app', 'wrong-secret', { topic: 'Orders' })],
    [
      'whose field was replaced',
      async () => {
        const Signature = createHmac('sha1', 'orders-secret').update('orders-appTBW102').digest('base64')
        return ask(nameServer.address, 105, { AccessKey: 'orders-app', topic: 'Orders', Signature })
      },
    ],
    [
      'whose body was replaced',
      async () => {
        const Signature = createHmac('sha1', 'ops-secret').update('ops-teambody').digest('base64')
        return ask(nameServer.address, 318, { AccessKey: 'ops-team', Signature }, 513, Buffer.from('other'))
      },
    ],
    [
      "of another account's code",
      () => signed(216, 'orders-app', 'orders-secret', { topic: 'Orders', clusterName: 'InteropCluster' }),
    ],
    ["for another account's topic", () => signed(105, 'other-app', 'other-secret', { topic: 'Orders' })],
    [
      'to register a broker whose name no rule allows',
      () =>
        signed(103, 'broker-main', 'broker-secret', {
          ...{
            brokerName: 'broker-4',
            brokerAddr: '127.0.0.1:1',
            clusterName: 'InteropCluster',
            brokerId: '0',
          },
        }),
    ],
  ])('a request %s gets 16', async (_, request) => {
    const { code, remark } = await request()
    expect(code).toBe(16)
    expect(remark).toMatch(DENIED)
  })

  test('every broker is still registered, and the rejections are in the view of the server', async () => {
    const { body } = await asOps(106)
    for (const name of BROKERS) expect(`${body}`).toContain(`"${name}"`)
    const view = await asOps(1450, { path: '/api/v1/rejections' })
    const { rejections } = JSON.parse(`${view.body}`) as { rejections: { accessKey: string | null }[] }
    expect(rejections.map(({ accessKey }) => accessKey)).toContain('other-app')
  })
})
