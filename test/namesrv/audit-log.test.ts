import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signatureOf } from '../../src/access/signature.ts'
import { AuditLog } from '../../src/namesrv/logs/audit-log.ts'
import { timeOf } from '../../src/namesrv/namesrv-context.ts'
import { get } from '../support/http.ts'
import { proxyV1 } from '../support/proxy-headers.ts'
import { headerOf, type Request, requestFrame } from '../support/raw-client.ts'
import type { LogLine } from '../support/recording-logger.ts'
import { putKVConfig, registration, unregistration } from '../support/requests.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { startServer, temporaryFolder } from '../support/start-server.ts'
import { testContext } from '../support/test-context.ts'
import { connectTls } from '../support/tls-client.ts'
import { until } from '../support/until.ts'

type Line = Readonly<Record<string, unknown>>

function linesOf(path: string): Line[] {
  const text = readFileSync(path, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

/** Without the time, and without the line that says that the file was opened. */
function entriesOf(path: string): Line[] {
  return linesOf(path)
    .filter(({ event }) => event !== 'audit_log_opened')
    .map(({ time: _, ...entry }) => entry)
}

async function auditedServer(properties: Readonly<Record<string, string>> = {}) {
  const auditLogPath = join(temporaryFolder(), 'audit.log')
  const server = await startServer({ auditLogPath, ...properties })
  return { ...server, client: await server.connect(), auditLogPath }
}

const QUEUES = { brokerName: 'broker-a', perm: 6, readQueueNums: 4, writeQueueNums: 4, topicSysFlag: 0 }
const BROKER = { cluster: 'DefaultCluster', broker: 'broker-a', brokerId: '0', address: '127.0.0.1:10911' }

const PEER = { peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown }
const LIVE = { clusterName: 'DefaultCluster', brokerAddr: '127.0.0.1:10911', brokerName: 'broker-a' }

function signed(accessKey: string, secret: string, request: Request): Request {
  const extFields = { ...request.extFields, AccessKey: accessKey }
  const body = request.body === undefined ? null : Buffer.from(request.body)
  const Signature = signatureOf(new Map(Object.entries(extFields)), body, secret)
  return { ...request, extFields: { ...extFields, Signature } }
}

function messagesOf(lines: readonly LogLine[], msg: string) {
  return lines.filter((line) => line.msg === msg)
}

describe('the audit log', () => {
  it.each<[string, Request, Line]>([
    [
      '205 wipes a permission',
      { code: 205, extFields: { brokerName: 'broker-a' } },
      { event: 'permission_wiped', result: 'done', code: 205, broker: 'broker-a' },
    ],
    [
      '205 finds no broker',
      { code: 205, extFields: { brokerName: 'none' } },
      { event: 'permission_wiped', result: 'unchanged', code: 205, broker: 'none' },
    ],
    [
      '327 restores a permission',
      { code: 327, extFields: { brokerName: 'broker-a' } },
      { event: 'permission_restored', result: 'unchanged', code: 327, broker: 'broker-a' },
    ],
    [
      '216 deletes a topic',
      { code: 216, extFields: { topic: 'TopicA' } },
      { event: 'topic_deleted', result: 'done', code: 216, topic: 'TopicA' },
    ],
    [
      '217 registers a topic',
      { code: 217, extFields: { topic: 'TopicC' }, body: JSON.stringify({ queueDatas: [QUEUES] }) },
      { event: 'topic_registered', result: 'done', code: 217, topic: 'TopicC' },
    ],
    [
      '100 puts an entry, without its value',
      putKVConfig('N', 'K', 'secret value'),
      { event: 'kv_put', result: 'done', code: 100, namespace: 'N', key: 'K' },
    ],
    [
      '102 deletes an entry',
      { code: 102, extFields: { namespace: 'N', key: 'K' } },
      { event: 'kv_deleted', result: 'done', code: 102, namespace: 'N', key: 'K' },
    ],
    [
      '318 updates a key, with both values',
      { code: 318, body: 'enableTopicList=false' },
      {
        event: 'configuration_changed',
        result: 'done',
        code: 318,
        keys: { enableTopicList: 'true -> false' },
      },
    ],
    [
      '104 unregisters a broker',
      unregistration(),
      { event: 'broker_left', result: 'done', code: 104, ...BROKER },
    ],
    [
      '103 registers a broker',
      registration({ name: 'broker-b', address: '127.0.0.1:10921' }),
      {
        event: 'broker_registered',
        result: 'done',
        code: 103,
        ...BROKER,
        broker: 'broker-b',
        address: '127.0.0.1:10921',
      },
    ],
    [
      '103 changes the topics of a broker',
      registration({ topics: ['TopicA', 'TopicB', 'TopicC'], stateVersion: 1 }),
      { event: 'topics_changed', result: 'done', code: 103, ...BROKER },
    ],
    [
      '103 changes another detail of a broker',
      registration({ heartbeatTimeoutMs: 60_000 }),
      { event: 'broker_changed', result: 'done', code: 103, ...BROKER },
    ],
  ])('has a line when request %s', async (_, request, expected) => {
    const { client, auditLogPath } = await auditedServer()
    await client.request(registration())
    const before = entriesOf(auditLogPath).length
    await client.request(request)
    expect(entriesOf(auditLogPath).slice(before)).toEqual([
      { ...expected, peer: client.address, tls: false, identity: null },
    ])
  })

  it('has a line when request 1451 closes a connection, and none when it finds none', async () => {
    const { client, connect, auditLogPath } = await auditedServer()
    const other = await connect()
    const close = (connectionId: string) =>
      client.request({ code: 1451, extFields: { connectionId, address: other.address } })
    expect(headerOf(await close('2')).code).toBe(0)
    await other.closed
    expect(headerOf(await close('2')).code).toBe(22)
    expect(entriesOf(auditLogPath)).toEqual([
      {
        ...{ event: 'connection_closed', result: 'done', code: 1451 },
        ...{ peer: client.address, tls: false, identity: null, address: other.address },
      },
    ])
  })

  it('says whether a request came over TLS', async () => {
    const { auditLogPath, port } = await auditedServer()
    const { client } = await connectTls(port)
    await client.request(registration())
    await client.request({ code: 216, extFields: { topic: 'TopicA' } })
    await client.request({ code: 318, body: 'configStorePath=x' })
    await client.request(registration({ id: -1 }))
    await client.request(unregistration())
    expect(entriesOf(auditLogPath).map(({ event, tls }) => `${event} ${tls}`)).toEqual([
      'broker_registered true',
      'topic_deleted true',
      'configuration_changed true',
      'registration_disputed true',
      'broker_registered true',
      'broker_left true',
    ])
  })

  it.each<[string, Request, string]>([
    ['104', unregistration(), 'unregistration'],
    ['904', { code: 904, extFields: LIVE }, 'heartbeat'],
    ['322', { code: 322, extFields: { ...LIVE, brokerId: '0' } }, 'heartbeat'],
    [
      '217',
      { code: 217, extFields: { topic: 'T' }, body: JSON.stringify({ queueDatas: [QUEUES] }) },
      'topic',
    ],
    ['103', registration(), 'announced_address'],
  ])('has one line when request %s is about a broker of another owner', async (code, request, rule) => {
    const server = await auditedServer({
      registrationGuard: 'refuse',
      proxyProtocolTrustedNetworks: '127.0.0.1',
    })
    await server.client.request(registration())
    const stranger = await server.connect()
    stranger.send(proxyV1('203.0.113.7', 5_000))
    expect(headerOf(await stranger.request(request)).code).toBe(16)
    expect(entriesOf(server.auditLogPath).slice(1)).toMatchObject([
      {
        ...{ event: 'registration_disputed', result: 'rejected', code: Number(code), rule },
        ...{ peer: '203.0.113.7:5000', tls: false, identity: null },
      },
    ])
    expect(messagesOf(server.lines, 'registration rejected')).toEqual([])
  })

  it('has no line for what the server itself does', async () => {
    const { client, connect, auditLogPath, time, controller } = await auditedServer()
    await client.request(registration({ heartbeatTimeoutMs: 1_000 }))
    time.advance(20_000)
    const other = await connect()
    await other.request(registration({ name: 'broker-b', address: '127.0.0.1:10921' }))
    other.socket.destroy()
    const { counters } = controller
    await until('both brokers are gone', () => counters.brokersExpired === 1 && counters.brokersLost === 1)
    const registered = ['broker_registered', 'broker_registered']
    expect(entriesOf(auditLogPath).map(({ event }) => event)).toEqual(registered)
  })

  it('has no line for lookups, heartbeats and registrations that change nothing', async () => {
    const { client, auditLogPath } = await auditedServer()
    await client.request(registration())
    const before = entriesOf(auditLogPath).length
    expect(before).toBe(1)
    await client.request(registration())
    await client.request({ code: 904, extFields: LIVE })
    await client.request({ code: 322, extFields: { ...LIVE, brokerId: '0' } })
    await client.request({ code: 105, extFields: { topic: 'TopicA' } })
    expect(entriesOf(auditLogPath)).toHaveLength(before)
  })

  it('names the rule and the subject of a request that the access policy rejects', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(accessFile, 'profile: guarded\nloopback: none\n')
    const { client, auditLogPath } = await auditedServer({ accessFile })
    const extFields = { topic: 'TopicA', AccessKey: 'ops', Signature: 'x' }
    expect(headerOf(await client.request({ code: 216, extFields })).code).toBe(16)
    expect(entriesOf(auditLogPath)).toMatchObject([
      {
        event: 'request_denied',
        result: 'rejected',
        code: 216,
        peer: client.address,
        identity: null,
        topic: 'TopicA',
        rule: expect.stringContaining('profile guarded'),
        reason: expect.stringMatching(/^accessKey ops: /),
      },
    ])
  })

  it('says who a change is by, if the request is signed', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(
      accessFile,
      'accounts:\n  - accessKey: RocketMQ\n    secretKey: "12345678"\n    roles: [tools]\n',
    )
    const { client, auditLogPath } = await auditedServer({ accessFile })
    await client.request(registration({ topics: ['TopicTest', 'TopicB'] }))
    // Of the worked examples of the signing rule: RocketMQTopicTest.
    const signed = { AccessKey: 'RocketMQ', topic: 'TopicTest', Signature: '0jiwhsaYp5ObE5GObbZH1I8/FT4=' }
    await client.request({ code: 216, extFields: signed })
    expect(entriesOf(auditLogPath).at(-1)).toMatchObject({
      event: 'topic_deleted',
      result: 'done',
      identity: { kind: 'account', name: 'RocketMQ' },
    })
  })

  it('has what limits reject, with the name of the limit', async () => {
    const { client, auditLogPath } = await auditedServer({ maxBrokers: '1', maxConfigUpdateBytes: '10' })
    await client.request(registration())
    await client.request(registration({ name: 'broker-b', address: '127.0.0.1:10921' }))
    await client.request({ code: 318, body: 'enableTopicList=false' })
    expect(entriesOf(auditLogPath).slice(1)).toMatchObject([
      { event: 'registration_rejected', result: 'rejected', rule: 'maxBrokers', broker: 'broker-b' },
      { event: 'rejected', result: 'rejected', code: 318, rule: 'maxConfigUpdateBytes' },
    ])
  })

  it('says who sends a signed request that a limit or a rate rejects', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    const rates = '[{ per: identity, other: 3/h }]'
    writeFileSync(accessFile, `accounts: [{ accessKey: ops, secretKey: "ops-secret" }]\nrates: ${rates}\n`)
    const { client, auditLogPath, lines } = await auditedServer({
      accessFile,
      maxConfigUpdateBytes: '10',
      maxBrokers: '1',
    })
    for (const request of [
      registration(),
      registration({ name: 'broker-b', address: '127.0.0.1:10921' }),
      { code: 318, body: 'enableTopicList=false' },
      registration(),
      registration(),
    ])
      await client.request(signed('ops', 'ops-secret', request))
    const ops = { kind: 'account', name: 'ops' }
    expect(entriesOf(auditLogPath).slice(1)).toMatchObject([
      { event: 'registration_rejected', code: 103, rule: 'maxBrokers', identity: ops },
      { event: 'rejected', code: 318, rule: 'maxConfigUpdateBytes', identity: ops },
      { event: 'rejected', code: 103, rule: 'rates.other', identity: ops, broker: 'broker-a' },
    ])
    expect(messagesOf(lines, 'rejected: limit reached').map(({ account }) => account)).toEqual([
      'ops',
      'ops',
      'ops',
    ])
  })

  it('has what exceeds the rates of the file in the mode audit, as let pass', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(accessFile, 'mode: audit\nrates: [{ per: address, other: 1/h, connections: 1/h }]\n')
    const { client, connect, auditLogPath, lines, controller } = await auditedServer({ accessFile })
    const second = await connect()
    await client.request(registration())
    expect(headerOf(await second.request({ code: 216, extFields: { topic: 'TopicA' } })).code).toBe(0)
    expect(headerOf(await second.request(unregistration())).code).toBe(0)
    const letPass = entriesOf(auditLogPath).filter(({ event }) => event === 'rejected')
    const rejected = { event: 'rejected', result: 'let pass', identity: null, peer: second.address }
    expect(letPass).toEqual([
      {
        ...{ ...rejected, rule: 'rates.connections' },
        reason: 'rates.connections (1/h per address) exceeded by 127.0.0.1',
      },
      {
        ...{ ...rejected, code: 104, tls: false, rule: 'rates.other', ...BROKER },
        reason: 'rates.other (1/h per address) exceeded by 127.0.0.1',
      },
    ])
    expect(messagesOf(lines, 'rate exceeded (mode audit)')).toMatchObject([
      { level: 'warn', peer: second.address, limit: 'rates.connections' },
      { level: 'warn', peer: second.address, code: 104, limit: 'rates.other' },
    ])
    expect(controller.counters.rejected).toMatchObject({ 'rates.connections': 0, 'rates.other': 0 })
  })

  it('has connections that are rejected before their first request, with the error code', async () => {
    const { auditLogPath, connect } = await auditedServer({ 'tls.server.mode': 'enforcing' })
    const plain = await connect()
    plain.send(requestFrame({ code: 105 }))
    await plain.closed
    expect(entriesOf(auditLogPath)).toMatchObject([
      { event: 'rejected', result: 'rejected', rule: 'ERR_TLS_REQUIRED', peer: plain.address },
    ])
  })

  it('has requests to the HTTP port without its token or with a foreign host name, and no malformed ones', async () => {
    const httpTokenFile = join(temporaryFolder(), 'token')
    writeFileSync(httpTokenFile, 's3cret', { mode: 0o600 })
    const { auditLogPath, httpPort = 0 } = await auditedServer({ httpListenPort: 'any', httpTokenFile })
    const statuses: (string | undefined)[] = []
    for (const headers of [
      [],
      ['Authorization: Bearer wrong'],
      ['Host: evil.example'],
      ['Authorization: Bearer s3cret'],
      ['Content-Length: 1'],
    ]) {
      const response = await get(httpPort, '/api/v1/status', ...headers)
      statuses.push(/^HTTP\/1.1 (\d+)/.exec(response)?.[1])
    }
    expect(statuses).toEqual(['401', '401', '421', '200', '400'])
    const rejected = { event: 'rejected', result: 'rejected', tls: false, identity: null }
    expect(entriesOf(auditLogPath)).toEqual([
      { ...rejected, ...PEER, rule: 'httpTokenFile', reason: 'a bearer token is required' },
      { ...rejected, ...PEER, rule: 'httpTokenFile', reason: 'the bearer token is wrong' },
      {
        ...{ ...rejected, ...PEER, rule: 'httpAllowedHosts' },
        reason: expect.stringContaining('"evil.example"'),
      },
    ])
  })

  it('has a request to the HTTP port that the policy would reject, as let pass in the mode audit', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(accessFile, 'mode: audit\nprofile: guarded\nloopback: none\n')
    const { auditLogPath, httpPort = 0 } = await auditedServer({ accessFile, httpListenPort: 'any' })
    expect(await get(httpPort, '/api/v1/status')).toContain('200 OK')
    expect(entriesOf(auditLogPath)).toEqual([
      {
        ...{ event: 'rejected', result: 'let pass', tls: false, identity: null, ...PEER },
        rule: expect.stringContaining('profile guarded'),
        reason: expect.stringContaining('the group "inspect" is rejected by profile guarded'),
      },
    ])
  })

  it('has a registration that exceeds a rate, which its processor never sees', async () => {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(accessFile, 'rates:\n  - { per: address, other: 1/h }\n')
    const { client, auditLogPath } = await auditedServer({ accessFile })
    await client.request(registration())
    await client.request(registration({ name: 'broker-b', address: '127.0.0.1:10921' }))
    expect(entriesOf(auditLogPath).slice(1)).toMatchObject([
      { event: 'rejected', result: 'rejected', code: 103, rule: 'rates.other', broker: 'broker-b' },
    ])
  })

  it('has the requests about brokers of others that registrationGuard rejects', async () => {
    const { client, auditLogPath } = await auditedServer({ registrationGuard: 'refuse' })
    await client.request(registration({ id: -1 }))
    expect(entriesOf(auditLogPath)).toMatchObject([
      { event: 'registration_disputed', result: 'rejected', code: 103, rule: 'negative_broker_id' },
    ])
    expect(entriesOf(auditLogPath)).toHaveLength(1)
  })

  it('has updates of the configuration that are rejected', async () => {
    const { client, auditLogPath } = await auditedServer()
    await client.request({ code: 318, body: 'configStorePath=/tmp/x' })
    expect(entriesOf(auditLogPath)).toMatchObject([
      { event: 'configuration_changed', result: 'rejected', code: 318, rule: 'black-listed' },
    ])
  })

  it('escapes what a terminal would obey or hide, and cuts long names', async () => {
    const { client, auditLogPath } = await auditedServer()
    const topic = `a\n\u009b31m\u202e${'x'.repeat(400)}`
    await client.request({ code: 216, extFields: { topic } })
    const text = readFileSync(auditLogPath, 'utf8')
    expect(text).toContain(String.raw`a\n\u009b31m\u202exxx`)
    expect(text).not.toMatch(/[\u0080-\u009f\u202e]/)
    expect(entriesOf(auditLogPath)[0]?.['topic']).toMatch(/^a\n\u009b31m\u202ex+… \(407 characters\)$/)
  })

  it('is not readable by everyone', async () => {
    const { auditLogPath } = await auditedServer()
    expect(statSync(auditLogPath).mode & 0o137).toBe(0)
  })

  it('is written to a new file after a rotation and SIGHUP', async () => {
    const { client, auditLogPath, controller } = await auditedServer()
    await client.request({ code: 216, extFields: { topic: 'Before' } })
    renameSync(auditLogPath, `${auditLogPath}.1`)
    await client.request({ code: 216, extFields: { topic: 'Between' } })
    controller.reload()
    await client.request({ code: 216, extFields: { topic: 'After' } })
    const topics = (path: string) => entriesOf(path).map(({ topic }) => topic)
    expect(topics(`${auditLogPath}.1`)).toEqual(['Before', 'Between'])
    expect(topics(auditLogPath)).toEqual(['After'])
  })
})

/** An audit log on a clock that the test moves. */
async function auditLog(path: string) {
  const { context, time, lines } = testContext()
  const { throttle, counters } = context
  const log = new AuditLog({ path, throttle, counters, ...timeOf(context) })
  await log.start()
  const reject = (peer: string) =>
    log.write({ event: 'request_denied', by: { peer }, result: 'rejected', rule: 'profile default' })
  const change = (peer: string, topic = 'T') =>
    log.write({ event: 'topic_deleted', by: { peer }, result: 'done', over: { topic } })
  return { log, time, lines, counters, reject, change }
}

describe('a flood of rejections', () => {
  it('has ten lines a second of one host, hides no change and no other host, and is counted', async () => {
    const path = join(temporaryFolder(), 'audit.log')
    const { time, reject, change, counters } = await auditLog(path)
    for (let port = 1; port <= 1_000; port++) reject(`10.0.0.1:${port}`)
    reject('10.0.0.2:1')
    change('10.0.0.1:1')
    time.advance(1_000)
    const events = entriesOf(path).map(({ event, peer }) => `${event} ${peer}`)
    expect(events).toHaveLength(13)
    expect(events.slice(10)).toEqual([
      'request_denied 10.0.0.2:1',
      'topic_deleted 10.0.0.1:1',
      'suppressed undefined',
    ])
    expect(entriesOf(path).at(-1)).toEqual({ event: 'suppressed', changes: 0, others: 990 })
    expect(counters.auditLines).toEqual({ written: 14, suppressed: 990, lost: 0 })
  })

  it('cannot hide changes behind requests that change nothing', async () => {
    const { client, auditLogPath } = await auditedServer()
    await client.request(registration())
    for (let index = 0; index < 150; index++)
      client.send(requestFrame({ code: 216, extFields: { topic: 'None' }, opaque: 1_000 + index }))
    await client.request({ code: 205, extFields: { brokerName: 'broker-a' } })
    const events = entriesOf(auditLogPath).map(({ event }) => event)
    expect(events.filter((event) => event === 'topic_deleted')).toHaveLength(10)
    expect(events.at(-1)).toBe('permission_wiped')
  })

  it('of one host has a hundred changes of a subject a second, and leaves lines to others and to other hosts', async () => {
    const path = join(temporaryFolder(), 'audit.log')
    const { change } = await auditLog(path)
    for (let index = 0; index < 1_500; index++) change('10.0.0.1:1')
    for (let index = 0; index < 200; index++) change('10.0.0.1:1', `T${index}`)
    change('10.0.0.2:1')
    expect(entriesOf(path)).toHaveLength(301)
  })

  it('has five hundred changes a second of one host, and a thousand of all', async () => {
    const path = join(temporaryFolder(), 'audit.log')
    const { change } = await auditLog(path)
    const flood = (peer: string) => {
      for (let index = 0; index < 600; index++) change(peer, `T${index}`)
      return entriesOf(path).length
    }
    expect(['10.0.0.1:1', '10.0.0.2:1', '10.0.0.3:1'].map(flood)).toEqual([500, 1_000, 1_000])
  })

  it('of changes of its own broker hides no change of another one', async () => {
    const { client, auditLogPath } = await auditedServer()
    await client.request(registration({ name: 'own', address: '127.0.0.1:10921' }))
    await client.request(registration())
    for (let index = 0; index < 101; index++) {
      client.send(requestFrame({ code: 205, extFields: { brokerName: 'own' } }))
      client.send(requestFrame({ code: 327, extFields: { brokerName: 'own' } }))
    }
    await client.request({ code: 205, extFields: { brokerName: 'broker-a' } })
    expect(
      entriesOf(auditLogPath)
        .filter(({ broker }) => broker === 'broker-a')
        .at(-1),
    ).toMatchObject({
      event: 'permission_wiped',
      result: 'done',
    })
  })

  it('is counted by the address of the connection, whatever addresses PROXY headers claim', async () => {
    const { connect, auditLogPath } = await auditedServer({ accessProfile: 'guarded' })
    for (let index = 0; index < 12; index++) {
      const stranger = await connect()
      stranger.send(proxyV1(`203.0.113.${index}`, 5_000))
      await stranger.request({ code: 216, extFields: { topic: 'T' } })
    }
    const entries = entriesOf(auditLogPath)
    expect(entries).toHaveLength(10)
    expect(entries[3]).toMatchObject({ peer: '203.0.113.3:5000', host: 'unknown' })
  })

  it('has a hundred lines a second of all hosts, in each second', async () => {
    const path = join(temporaryFolder(), 'audit.log')
    const { time, reject } = await auditLog(path)
    const flood = () => {
      for (let host = 0; host < 250; host++) reject(`10.0.0.${host}:1`)
    }
    flood()
    time.advance(1_000)
    flood()
    time.advance(1_000)
    expect(entriesOf(path).filter(({ event }) => event === 'request_denied')).toHaveLength(200)
    expect(entriesOf(path).filter(({ event }) => event === 'suppressed')).toEqual([
      { event: 'suppressed', changes: 0, others: 150 },
      { event: 'suppressed', changes: 0, others: 150 },
    ])
  })
})

describe('a file that cannot be written', () => {
  it('is said once, counted, and tried again after ten seconds', async () => {
    const folder = join(temporaryFolder(), 'missing')
    const path = join(folder, 'audit.log')
    const { log, time, lines, counters, change } = await auditLog(path)
    change('10.0.0.1:1')
    time.advance(10_000)
    change('10.0.0.1:1')
    expect(lines).toMatchObject([
      { level: 'error', msg: 'audit log cannot be written; the server continues without it', path },
    ])
    expect(log.problem).toMatchObject({ path, error: 'no such file or directory (ENOENT)' })
    expect(counters).toMatchObject({ auditFailures: 2, auditLines: { written: 0, lost: 2 } })
    mkdirSync(folder)
    change('10.0.0.1:1')
    expect(existsSync(path)).toBe(false)
    time.advance(10_000)
    change('10.0.0.1:1')
    expect(log.problem).toBeUndefined()
    expect(linesOf(path)).toMatchObject([{ event: 'audit_log_opened', lost: 3 }, { event: 'topic_deleted' }])
    expect(lines.at(-1)).toMatchObject({ msg: 'audit log can be written again', lostLines: 3 })
  })

  it.runIf(canMount)('keeps the server neither from serving after a rotation nor from ending', async () => {
    const disk = smallDisk()
    const path = join(disk.folder, 'audit.log')
    const { client, controller } = await auditedServer({ auditLogPath: path })
    disk.fill()
    for (let index = 0; index < 60; index++) await client.request(putKVConfig('N', `${index}`, 'V'))
    renameSync(path, `${path}.1`)
    controller.reload()
    expect(headerOf(await client.request({ code: 105, extFields: { topic: 'A' } })).code).toBe(17)
    expect(controller.counters.auditLines.lost).toBeGreaterThan(0)
    await controller.shutdown()
  })

  it('is not declared repaired while lines go to the renamed file', async () => {
    const path = join(temporaryFolder(), 'audit.log')
    const { log, time, lines, counters, change } = await auditLog(path)
    renameSync(path, `${path}.1`)
    mkdirSync(path)
    log.reopen()
    change('10.0.0.1:1')
    expect(log.problem).toMatchObject({ path, error: 'not a file' })
    expect(lines).toMatchObject([
      { level: 'error', msg: 'audit log not reopened; writing to the old one', path },
    ])
    expect(entriesOf(`${path}.1`)).toHaveLength(1)
    rmdirSync(path)
    time.advance(10_000)
    change('10.0.0.1:1')
    expect(log.problem).toBeUndefined()
    expect(lines.at(-1)).toMatchObject({ msg: 'audit log can be written again', lostLines: 0 })
    expect(entriesOf(path)).toHaveLength(1)
    expect(counters.auditLines).toEqual({ written: 4, suppressed: 0, lost: 0 })
  })

  it.runIf(canMount)(
    'loses no line while the disk is full for a moment, and is written again when it has room',
    async () => {
      const disk = smallDisk()
      const path = join(disk.folder, 'audit.log')
      const { log, lines, counters, change } = await auditLog(path)
      change('10.0.0.1:1')
      disk.fill()
      for (let port = 1; port <= 100; port++) change(`10.0.0.2:${port}`)
      expect(log.problem?.error).toMatch(/ENOSPC/)
      expect(lines).toHaveLength(1)
      expect(counters.auditFailures).toBeGreaterThan(0)
      disk.makeRoom()
      change('10.0.0.3:1')
      expect(log.problem).toBeUndefined()
      expect(entriesOf(path)).toHaveLength(102)
      expect(counters.auditLines).toEqual({ written: 103, suppressed: 0, lost: 0 })
    },
  )

  it('is a device or a pipe, which could block the server, and is not opened', async () => {
    const { log, lines, counters, change } = await auditLog('/dev/full')
    change('10.0.0.1:1')
    expect(log.problem?.error).toBe('not a file')
    expect(lines).toHaveLength(1)
    expect(counters.auditLines.lost).toBe(1)
  })

  it('is a finding, and the server serves', async () => {
    const path = join(temporaryFolder(), 'missing', 'audit.log')
    const { client, time, httpPort } = await auditedServer({ auditLogPath: path, httpListenPort: 'any' })
    expect(headerOf(await client.request({ code: 216, extFields: { topic: 'TopicA' } })).code).toBe(0)
    const findings = async () => {
      time.advance(5_000)
      const response = await fetch(`http://127.0.0.1:${httpPort}/api/v1/findings?rule=audit_log_failing`)
      return ((await response.json()) as { findings: object[] }).findings
    }
    await findings()
    expect(await findings()).toMatchObject([
      { severity: 'warning', subject: path, evidence: { lostLines: 1 } },
    ])
  })
})
