import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { brokerCredentials, writeAccessFile, writeTlsFile } from './harness/identities.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { type Answer, ask } from './harness/name-server-client.ts'
import { type OtherClientOptions, startOtherConsumer, startOtherProducer } from './harness/other-clients.ts'
import { outerReleases, type Release } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'
import { startWireTap, type WireTap } from './harness/wire-tap.ts'

/** Brokers of 4.9 cannot sign: one is known by its network, another one by its client certificate. */
const ACCESS_FILE = `
profile: strict
accounts:
  - { accessKey: broker-main, secretKey: "broker-secret", roles: [broker] }
  - { accessKey: name-server, secretKey: "notify-secret" }
  - { accessKey: orders-app, secretKey: "orders-secret" }
  - { accessKey: other-app, secretKey: "other-secret" }
  - { accessKey: ops-team, secretKey: "ops-secret", admin: true }
certificates:
  - { commonName: "certified-*", roles: [broker] }
rules:
  - { allow: [register], who: { account: broker-main }, brokers: ["signed-*"] }
  - { allow: [register], who: { certificate: "certified-*" }, brokers: ["certified-*"] }
  - { allow: [register], from: [127.0.0.0/8], brokers: ["legacy-*"], announce: [127.0.0.0/8] }
  - { allow: [lookup], who: { account: orders-app }, topics: ["Orders-*", "TBW102", "%RETRY%interop-*"] }
  - { allow: [lookup], who: { account: other-app }, topics: ["Other"] }
  - { allow: [admin, config, inspect, list, lookup], who: { role: admin } }
`
const BROKERS = ['certified-4', 'legacy-4', 'signed-5']
const SECRETS: Readonly<Record<string, string>> = {
  'broker-main': 'broker-secret',
  'orders-app': 'orders-secret',
  'other-app': 'other-secret',
  'ops-team': 'ops-secret',
}
const DENIED = /has no permission|username cannot be null|Authentication failed/
const MESSAGES = 12

const GET_ROUTEINFO_BY_TOPIC = 105
const REGISTER_BROKER = 103
const DELETE_TOPIC_IN_NAMESRV = 216
const UPDATE_NAMESRV_CONFIG = 318
const NOTIFY_MIN_BROKER_ID_CHANGE = 905

let nameServer: NameServer
/** In front of the server: the clients and the broker that sign go through it. */
let tap: WireTap
let master: Broker
let slave: Broker
const tools = new Map<Release, AdminTool>()

/** Signs as Java does: written from the rule alone. */
function sign(fields: Readonly<Record<string, string>>, secret: string, body: Buffer | string = ''): string {
  const names = Object.keys(fields).sort()
  const content = names.map((name) => (name === 'Signature' ? '' : fields[name])).join('')
  return createHmac('sha1', secret).update(content).update(body).digest('base64')
}

function asOps(code: number, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const all = { ...fields, AccessKey: 'ops-team' }
  return ask(nameServer.address, code, { ...all, Signature: sign(all, 'ops-secret') })
}

beforeAll(async () => {
  const tlsFile = writeTlsFile('certified-4')
  nameServer = await startNameServer({
    kind: 'ours',
    properties: {
      accessFile: writeAccessFile(ACCESS_FILE),
      'tls.config.file': tlsFile,
      notifyMinBrokerIdChanged: true,
      notifyAccessKey: 'name-server',
    },
  })
  tap = await startWireTap(nameServer.address)
  const nameServers = [nameServer.address]
  const signing: BrokerOptions = {
    ...{ release: '5.5.0', name: 'signed-5', nameServers: [tap.address] },
    properties: {
      ...brokerCredentials('broker-main', 'broker-secret'),
      authenticationEnabled: true,
      initAuthenticationUser: '{"username":"ops-team","password":"ops-secret"}',
      // The suite sets a permission at the start (25), and does not sign.
      authenticationWhitelist: 25,
      enableSlaveActingMaster: true,
    },
  }
  ;[master, slave] = await Promise.all([
    startBroker(signing),
    startBroker({ ...signing, properties: { ...signing.properties, brokerId: 1, brokerRole: 'SLAVE' } }),
    startBroker({ release: '4.9.7', name: 'legacy-4', nameServers }),
    startBroker({
      release: '4.9.7',
      name: 'certified-4',
      nameServers,
      javaOptions: ['-Dtls.enable=true', `-Dtls.config.file=${tlsFile}`],
    }),
  ])
  await until('all brokers are registered', async () => {
    const { body } = await asOps(106)
    return [master, slave].every(({ address }) => `${body}`.includes(address)) && areAllIn(body)
  })
  for (const release of outerReleases) tools.set(release, startAdminTool(release))
  return () => tap.close()
})

function areAllIn(body: Buffer): boolean {
  return BROKERS.every((name) => `${body}`.includes(`"${name}"`))
}

/** Runs a command of mqadmin with an account in tools.yml, and gives all that it printed. */
async function mqadmin(release: Release, account: string | undefined, command: string): Promise<string> {
  const tool = tools.get(release)
  if (tool === undefined) throw new Error('mqadmin was not started')
  const keys = account === undefined ? '' : `accessKey: ${account}\nsecretKey: ${SECRETS[account]}\n`
  writeFileSync(join(tool.home, 'conf', 'tools.yml'), keys)
  const { stdout, stderr } = await tool.run(tap.address, command.split(' '))
  return stdout + stderr
}

const topicOf = (release: Release): string => `Orders-${release.replaceAll('.', '-')}`

/** A request as a program sent it. */
interface Sent {
  readonly code: number
  readonly version: number
  readonly extFields: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The first request of a code that an account sent, with this text in its header. */
function sent(code: number, accessKey: string, text: string): Sent {
  const account = `"AccessKey":"${accessKey}"`
  const request = tap.requests.find(
    ({ header, ...seen }) => seen.code === code && header.includes(account) && header.includes(text),
  )
  if (request === undefined) throw new Error(`${accessKey} sent no ${code}`)
  return { ...(JSON.parse(request.header) as Omit<Sent, 'body'>), body: request.body }
}

function send({ code, version, extFields, body }: Sent): Promise<Answer> {
  return ask(nameServer.address, code, extFields, version, body)
}

function replace(request: Sent, fields: Readonly<Record<string, string>>): Sent {
  return { ...request, extFields: { ...request.extFields, ...fields } }
}

function remove({ extFields, ...request }: Sent, ...names: string[]): Sent {
  const left = Object.entries(extFields).filter(([name]) => !names.includes(name))
  return { ...request, extFields: Object.fromEntries(left) }
}

describe('under the profile strict', () => {
  test.each(outerReleases)(
    'mqadmin %s creates a topic with the tools.yml of an admin, and not without',
    async (release) => {
      const topic = topicOf(release)
      const create = `updateTopic -c InteropCluster -t ${topic} -r 4 -w 4`
      expect(await mqadmin(release, undefined, create)).toMatch(DENIED)
      expect(await mqadmin(release, 'ops-team', create)).toMatch(/create topic to .* success/)
      await until('the brokers have registered the topic', async () =>
        areAllIn((await asOps(105, { topic })).body),
      )
    },
  )

  const credentials = (accessKey: string, secretKey: string): string[] => [
    `-Dinterop.accessKey=${accessKey}`,
    `-Dinterop.secretKey=${secretKey}`,
  ]

  test('mqadmin 5.5.0 creates users of an application, and of the server, in brokers that authenticate', async () => {
    const users = [
      `-b ${master.address} -u orders-app -p orders-secret`,
      `-b ${slave.address} -u name-server -p notify-secret`,
    ]
    for (const user of users)
      expect(await mqadmin('5.5.0', 'ops-team', `createUser ${user} -t Normal`)).toContain('success')
  })

  test.each(outerReleases)(
    'a Java producer and a push consumer %s with the ACL hook send and receive',
    async (release) => {
      const client = {
        ...{ release, nameServers: [tap.address], topic: topicOf(release) },
        javaOptions: credentials('orders-app', 'orders-secret'),
      }
      const consumer = startPushConsumer(client)
      const producer = startProducer({ ...client, count: MESSAGES })
      await producer.until('it is done', () => producer.lines.includes('DONE'))
      const sent = producer.reported('SENT')
      expect(sent).toHaveLength(MESSAGES)
      await consumer.until('it has these', () => consumer.reported('RECEIVED').length >= MESSAGES)
      expect(consumer.reported('RECEIVED').sort()).toEqual(sent.sort())
      await consumer.kill()
    },
  )

  test('a Go producer and a Go consumer with credentials send and receive', async () => {
    const client: OtherClientOptions = {
      ...{ client: 'go', nameServers: [tap.address], topic: topicOf('5.5.0') },
      env: { INTEROP_ACCESS_KEY: 'orders-app', INTEROP_SECRET_KEY: 'orders-secret' },
    }
    const producer = startOtherProducer({ ...client, count: 3 })
    await producer.until('it is done', () => producer.lines.includes('DONE'))
    expect(producer.reported('SENT')).toHaveLength(3)
    const consumer = startOtherConsumer(client)
    await consumer.until('it has all messages', () => consumer.reported('RECEIVED').length >= MESSAGES + 3)
    await consumer.kill()
  })

  test.each([
    ['without the ACL hook', []],
    ['with a wrong secret', credentials('orders-app', 'wrong-secret')],
  ])('a Java producer %s finds no route', async (_, javaOptions) => {
    const producer = startProducer({
      ...{ release: '5.5.0', nameServers: [tap.address], topic: topicOf('5.5.0'), count: 1 },
      javaOptions,
    })
    const [failed] = await producer.until('it has failed', () => {
      const lines = producer.reported('FAILED')
      return lines.length > 0 && lines
    })
    expect(failed).toContain('No route info of this topic')
  })

  test('a Go producer with the account of another application finds no route', async () => {
    const producer = startOtherProducer({
      ...{ client: 'go', nameServers: [tap.address], topic: topicOf('5.5.0'), count: 1 },
      env: { INTEROP_ACCESS_KEY: 'other-app', INTEROP_SECRET_KEY: 'other-secret' },
    })
    await producer.until('it is done', () => producer.lines.includes('DONE'))
    expect(producer.reported('FAILED')).toHaveLength(1)
  })

  test('mqadmin 5.5.0 changes the live configuration with the tools.yml of an admin', async () => {
    const update = 'updateNamesrvConfig -k enableTopicList -v true'
    expect(await mqadmin('5.5.0', 'ops-team', update)).toContain('success')
  })

  const lookup = [GET_ROUTEINFO_BY_TOPIC, 'orders-app'] as const
  const replays = [
    ['a change of the configuration by mqadmin 5.5.0', UPDATE_NAMESRV_CONFIG, 'ops-team', '', { more: 'x' }],
    ['a lookup of the Java client 5.5.0', ...lookup, `"topic":"${topicOf('5.5.0')}"`, { topic: 'TBW102' }],
    ['a lookup of the Java client 4.9.7', ...lookup, `"topic":"${topicOf('4.9.7')}"`, { topic: 'TBW102' }],
    ['a lookup of the Go client', ...lookup, '"language":"GO"', { topic: 'TBW102' }],
  ] as const

  // Not the registration: the broker would belong to the new connection, and leave with it.
  test.each(replays)('%s is served again as it went over the wire', async (_, code, accessKey, text) => {
    expect(await send(sent(code, accessKey, text))).toMatchObject({ code: 0 })
  })

  describe.each([
    ...replays,
    ['a registration of the broker 5.5.0', REGISTER_BROKER, 'broker-main', '', { brokerAddr: '127.0.0.1:1' }],
  ] as const)('%s as it went over the wire, but', (_, code, accessKey, text, fields) => {
    test.each<[string, (request: Sent) => Sent]>([
      ['without its signature', (request) => remove(request, 'Signature')],
      ['without its account', (request) => remove(request, 'AccessKey', 'Signature')],
      [
        'signed with another secret',
        (request) => replace(request, { Signature: sign(request.extFields, 'wrong-secret', request.body) }),
      ],
      ['with another field', (request) => replace(request, fields)],
      [
        'with another body',
        (request) => ({ ...request, body: Buffer.concat([request.body, Buffer.from('\n')]) }),
      ],
      ['in the name of another account', (request) => replace(request, { AccessKey: 'other-app' })],
    ])('%s, gets 16', async (_, change) => {
      const { code: response, remark } = await send(change(sent(code, accessKey, text)))
      expect({ response, remark }).toEqual({ response: 16, remark: expect.stringMatching(DENIED) })
    })
  })

  test('a signed lookup gets 16 under a code of admins, which its signature does not cover', async () => {
    const request = sent(GET_ROUTEINFO_BY_TOPIC, 'orders-app', '"language":"JAVA"')
    expect(await send({ ...request, code: DELETE_TOPIC_IN_NAMESRV })).toMatchObject({
      code: 16,
      remark: expect.stringContaining('User:orders-app has no permission'),
    })
  })

  test.each(outerReleases)(
    'mqadmin %s deletes with the tools.yml of an admin, and gets 16 with that of an application',
    async (release) => {
      const topic = topicOf(release)
      const entry = `-s interop -k ${release}`
      expect(await mqadmin(release, 'ops-team', `updateKvConfig ${entry} -v v`)).toContain('success')
      const denied = /CODE: 16 .*User:orders-app has no permission/
      expect(await mqadmin(release, 'orders-app', `deleteKvConfig ${entry}`)).toMatch(denied)
      expect(await mqadmin(release, 'ops-team', `deleteKvConfig ${entry}`)).toContain('success')

      const deleteTopic = `deleteTopic -c InteropCluster -t ${topic}`
      expect(await mqadmin(release, 'orders-app', deleteTopic)).toMatch(denied)
      expect((await asOps(105, { topic })).code).toBe(0)
      expect(await mqadmin(release, 'ops-team', deleteTopic)).toContain('from NameServer success')
      await until('no broker has the topic', async () => (await asOps(105, { topic })).code === 17)
    },
  )

  test.each([
    ['with the account of other brokers', 'broker-main'],
    ['without a certificate', undefined],
  ])('the registration of a broker that is known by its certificate gets 16 %s', async (_, AccessKey) => {
    const broker = {
      ...{ clusterName: 'InteropCluster', brokerName: 'certified-4' },
      ...{ brokerAddr: '127.0.0.1:1', brokerId: '0' },
    }
    const all = { ...broker, ...(AccessKey !== undefined && { AccessKey }) }
    const fields = AccessKey === undefined ? all : { ...all, Signature: sign(all, 'broker-secret') }
    expect(await ask(nameServer.address, REGISTER_BROKER, fields)).toMatchObject({ code: 16 })
  })

  test('every broker is still registered, and the rejections are in the view of the server', async () => {
    expect(areAllIn((await asOps(106)).body)).toBe(true)
    const view = await asOps(1450, { path: '/api/v1/rejections' })
    const { rejections } = JSON.parse(`${view.body}`) as { rejections: { accessKey: string | null }[] }
    expect(rejections.map(({ accessKey }) => accessKey)).toContain('other-app')
  })

  test('a broker that authenticates acts on the notification that its master has left (905), and rejects one that is not signed', async () => {
    const log = join(slave.program.home, 'logs', 'rocketmqlogs', 'broker.log')
    await master.program.kill()
    // Only the processor of 905 logs this; one that is rejected leaves no line.
    await until('the broker has acted on it', () =>
      /min broker id changed, prev \d, new 1/.test(readFileSync(log, 'utf8')),
    )
    const fields = { minBrokerAddr: slave.address, minBrokerId: '1', AccessKey: 'name-server' }
    const notification = { ...fields, Signature: sign(fields, 'notify-secret') }
    expect(await ask(slave.address, NOTIFY_MIN_BROKER_ID_CHANGE, notification)).toMatchObject({ code: 0 })
    const { AccessKey, Signature, ...unsigned } = notification
    expect(await ask(slave.address, NOTIFY_MIN_BROKER_ID_CHANGE, unsigned)).toMatchObject({
      code: 16,
      remark: expect.stringContaining('username cannot be null.'),
    })
  })
})
