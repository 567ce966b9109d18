import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { signatureOf } from '../../src/access/signature.ts'
import { proxyV1 } from '../support/proxy-headers.ts'
import { headerOf, type RawClient, type Request, requestFrame } from '../support/raw-client.ts'
import { lookup, putKVConfig, registration } from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'

const INSPECT: Request = { code: 1450, extFields: { path: '/api/v1/rejections' } }

function signed(accessKey: string, secret: string, request: Request): Request {
  const extFields = { ...request.extFields, AccessKey: accessKey }
  const body = request.body === undefined ? null : Buffer.from(request.body)
  const Signature = signatureOf(new Map(Object.entries(extFields)), body, secret)
  return { ...request, extFields: { ...extFields, Signature } }
}

/** A server with an access file, or none, behind a proxy on this machine. */
async function start(accessFile?: string, properties: Readonly<Record<string, string>> = {}) {
  const path = join(temporaryFolder(), 'access.yml')
  if (accessFile !== undefined) writeFileSync(path, accessFile, { mode: 0o600 })
  const server = await startServer({
    proxyProtocolTrustedNetworks: '127.0.0.1',
    ...(accessFile !== undefined && { accessFile: path }),
    ...properties,
  })
  /** A client at an address elsewhere. */
  const connectFrom = async (host: string): Promise<RawClient> => {
    const client = await server.connect()
    client.send(proxyV1(host, 5_000))
    return client
  }
  return { ...server, path, connectFrom }
}

async function codeOf(client: RawClient, request: Request): Promise<number> {
  return headerOf(await client.request(request)).code
}

function linesOf({ lines }: TestServer, msg: string) {
  return lines.filter((line) => line.msg === msg)
}

test('by default a client elsewhere is served as by Java, but may neither configure nor look inside', async () => {
  const { connectFrom, connect } = await start()
  const stranger = await connectFrom('203.0.113.7')
  for (const request of [
    registration(),
    lookup('TopicA'),
    { code: 206 },
    { code: 319 },
    putKVConfig('n', 'k', 'v'),
  ])
    expect(await codeOf(stranger, request)).toBe(0)
  expect(await codeOf(stranger, { code: 216, extFields: { topic: 'TopicA' } })).toBe(0)
  const update = { code: 318, body: 'enableTopicList=false' }
  const close = { code: 1451, extFields: { connectionId: '1', address: 'x' } }
  for (const request of [update, INSPECT, close]) expect(await codeOf(stranger, request)).toBe(16)
  const operator = await connect()
  for (const request of [update, INSPECT]) expect(await codeOf(operator, request)).toBe(0)
  expect(await codeOf(operator, close)).toBe(22)
})

test('an address that signs with the previous secret is one line in the log', async () => {
  const secrets = '{ accessKey: ops, secretKey: "new-secret", previousSecretKey: "old-secret", admin: true }'
  const server = await start(`accounts: [${secrets}]\n`)
  for (const host of ['203.0.113.7', '203.0.113.8']) {
    const operator = await server.connectFrom(host)
    for (const secret of ['old-secret', 'new-secret', 'old-secret'])
      expect(await codeOf(operator, signed('ops', secret, INSPECT))).toBe(0)
  }
  expect(
    linesOf(server, 'signed with the previous secret').map(({ peer, accessKey }) => [peer, accessKey]),
  ).toEqual([
    ['203.0.113.7:5000', 'ops'],
    ['203.0.113.8:5000', 'ops'],
  ])
})

test('the profile open lets a client elsewhere configure, as Java does', async () => {
  const { connectFrom } = await start(undefined, { accessProfile: 'open' })
  const stranger = await connectFrom('203.0.113.7')
  expect(await codeOf(stranger, { code: 318, body: 'enableTopicList=false' })).toBe(0)
})

test('a rejection is logged, kept and counted with who asked, and no character of it can mislead', async () => {
  const server = await start(undefined, { httpListenPort: 'any' })
  const { controller, connect, connectFrom, httpPort } = server
  const stranger = await connectFrom('203.0.113.7')
  const request = signed('ops\u202e\n', 'any', { code: 318, body: 'x=1' })
  expect(await codeOf(stranger, request)).toBe(16)
  expect(await codeOf(stranger, request)).toBe(16)
  expect(await codeOf(stranger, { code: 1451 })).toBe(16)
  expect(linesOf(server, 'request denied').slice(1)).toEqual([
    {
      ...{ level: 'warn', msg: 'request denied', peer: '203.0.113.7:5000', host: '203.0.113.7' },
      ...{ code: 318, group: 'config', rule: 'profile default' },
      ...{ accessKey: 'ops\\u202e\\u000a', unproven: 'unknown access key' },
    },
    expect.objectContaining({ code: 1451, unproven: 'not signed' }),
  ])
  expect(controller.events.list().filter(({ kind }) => kind === 'request_denied')).toMatchObject([
    {
      subject: '203.0.113.7:5000',
      text: 'request 318 (config) of unproven ops\\u202e\\u000a by profile default',
    },
    {},
    { text: 'request 1451 (config) of anonymous by profile default' },
  ])
  const answer = await (await connect()).request(INSPECT)
  const { rejections } = JSON.parse(`${answer.body}`) as { rejections: unknown[] }
  expect(rejections).toMatchObject([
    { code: 1451, request: 'CLOSE_CONNECTION', count: 1, accessKey: null },
    { code: 318, count: 2, accessKey: 'ops\\u202e\\u000a', peer: '203.0.113.7:5000', enforced: true },
  ])
  const metrics = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
  expect(metrics.match(/^rocketmq_nameserver_requests_denied_total.*$/gm)).toEqual([
    expect.stringMatching(/group="config",enforced="yes"\} 3$/),
  ])
})

test('a flood of rejections neither fills the log nor hides others in the view', async () => {
  const server = await start()
  const [flooder, other] = [await server.connectFrom('203.0.113.7'), await server.connectFrom('203.0.113.8')]
  expect(await codeOf(other, { code: 1451 })).toBe(16)
  for (let index = 0; index < 300; index++) await flooder.request({ code: 318 })
  expect(linesOf(server, 'request denied').length).toBeLessThanOrEqual(11)
  const answer = await (await server.connect()).request(INSPECT)
  const { rejections } = JSON.parse(`${answer.body}`) as { rejections: unknown[] }
  expect(rejections).toMatchObject([
    { host: '203.0.113.7', count: 300 },
    { host: '203.0.113.8', count: 1 },
  ])
})

test('a oneway request that is denied gets no response', async () => {
  const { connectFrom } = await start()
  const stranger = await connectFrom('203.0.113.7')
  stranger.send(requestFrame({ code: 318, flag: 2, opaque: 7, body: 'enableTopicList=false' }))
  const next = headerOf(await stranger.request({ ...lookup('T'), opaque: 8 }))
  expect([next.opaque, stranger.answers.length]).toEqual([8, 0])
})

const OPS = 'profile: default\naccounts: [{ accessKey: ops-team, secretKey: "SECRET", admin: true }]\n'

test('what an account changes is reported with its name', async () => {
  const server = await start(OPS)
  const admin = await server.connectFrom('203.0.113.7')
  const by = 'ops-team (203.0.113.7:5000)'
  const asAdmin = (request: Request) => codeOf(admin, signed('ops-team', 'SECRET', request))
  await admin.request(registration())
  expect(await asAdmin({ code: 318, body: 'enableTopicList=false' })).toBe(0)
  expect(await asAdmin({ code: 216, extFields: { topic: 'TopicA' } })).toBe(0)
  expect(await asAdmin({ code: 205, extFields: { brokerName: 'broker-a' } })).toBe(0)
  const texts = server.controller.events.list().map(({ subject, text }) => `${subject} ${text}`)
  expect(texts).toEqual(
    expect.arrayContaining([
      `${by} enableTopicList`,
      `TopicA on 1 broker, by ${by}`,
      `broker-a 1 topic now without write permission, by ${by}`,
    ]),
  )
  expect(linesOf(server, 'configuration updated')).toMatchObject([
    { peer: '203.0.113.7:5000', account: 'ops-team' },
  ])
})

test('a changed access file is in effect for the next request: a signature that was cached counts no longer', async () => {
  const { connectFrom, path, time } = await start(OPS)
  const admin = await connectFrom('203.0.113.7')
  const request = signed('ops-team', 'SECRET', INSPECT)
  expect(await codeOf(admin, request)).toBe(0)
  expect(await codeOf(admin, request)).toBe(0)
  writeFileSync(path, OPS.replace('SECRET', 'ANOTHER'))
  time.advance(3_000)
  expect(await codeOf(admin, request)).toBe(16)
  expect(await codeOf(admin, signed('ops-team', 'ANOTHER', INSPECT))).toBe(0)
})

test('a broker that is denied is in its story, with the rule', async () => {
  const rules = 'rules: [{ allow: [register], who: { role: broker } }, { deny: [register] }]\n'
  const { connectFrom, connect, controller } = await start(`${OPS}${rules}`)
  expect(await codeOf(await connectFrom('203.0.113.7'), registration())).toBe(16)
  expect(controller.counters.registrationsRejected).toBe(1)
  const path = '/api/v1/explain?broker=broker-a'
  const answer = await (await connect()).request({ code: 1450, extFields: { path } })
  expect(`${answer.body}`).toContain('access: rule 2')
})
