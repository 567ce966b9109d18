import { deflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { headerOf, type RawClient, type Request } from '../support/raw-client.ts'
import { putKVConfig, registration } from '../support/requests.ts'
import { startServer } from '../support/start-server.ts'
import { until } from '../support/until.ts'

interface DigestJson {
  readonly revision: number
  readonly provisional: boolean
  readonly lastChange: string | null
  readonly parts: Readonly<Record<'routes' | 'groups' | 'static' | 'kv' | 'config', string>>
  readonly brokers: readonly { readonly brokerName: string; readonly digest: string }[]
  readonly kvNamespaces: readonly { readonly namespace: string; readonly digest: string }[]
  readonly buckets: readonly string[] | null
  readonly topics: readonly { readonly topic: string; readonly queues: readonly unknown[] }[] | null
}

async function view<Json = DigestJson>(client: RawClient, path: string): Promise<Json> {
  const answer = await client.request({ code: 1450, extFields: { path } })
  expect(headerOf(answer)).toMatchObject({ code: 0, extFields: { status: '200' } })
  return JSON.parse(answer.body.toString()) as Json
}

async function serverWith(requests: readonly Request[], properties: Readonly<Record<string, string>> = {}) {
  const server = await startServer(properties)
  const client = await server.connect()
  for (const request of requests) expect(headerOf(await client.request(request)).code).toBe(0)
  return { server, client }
}

async function partsAfter(...requests: Request[]): Promise<DigestJson['parts']> {
  const { client } = await serverWith(requests)
  return (await view(client, '/api/v1/digest')).parts
}

const MAPPING = {
  bname: 'broker-a',
  dirty: false,
  epoch: 1_700_000_000_000,
  scope: '__global__',
  topic: 'TopicA',
  totalQueues: 2,
}
const plain = registration()
/** As a broker of 5.x sends it, with a static topic. */
const FORM_5: Request = {
  ...plain,
  extFields: {
    ...plain.extFields,
    enableActingMaster: 'false',
    zoneName: '',
    heartbeatTimeoutMillis: '60000',
  },
  body: bodyOf({ '0': 0, '1': 1 }),
}

function bodyOf(currIdMap: Readonly<Record<string, number>>): string {
  const body = JSON.parse(`${plain.body}`)
  body.topicConfigSerializeWrapper.topicQueueMappingInfoMap = { TopicA: { ...MAPPING, currIdMap } }
  return JSON.stringify(body)
}

/** The same in the legacy dialect: ids without quotes, other members first, and what has its default left out. */
const LEGACY: Request = {
  ...plain,
  body: `${FORM_5.body}`
    .replace('{"0":0,"1":1}', '{1:1,0:0}')
    .replaceAll('"topicSysFlag":0,', '')
    .replaceAll(/"perm":6,(.*?)"writeQueueNums":4/g, '$1"writeQueueNums":4,"perm":6'),
}

/** The same as a compressed body of 5.x. */
const COMPRESSED: Request = {
  ...plain,
  extFields: { ...plain.extFields, compressed: 'true' },
  body: deflateSync(
    Buffer.concat([
      part('{"counter":7,"stateVersion":0,"timestamp":1700000000007}'),
      count(2),
      part('TopicB 4 4 6 SINGLE_TAG'),
      part('TopicA 4 4 6 SINGLE_TAG'),
      part('[]'),
      count(1),
      part(JSON.stringify({ ...MAPPING, currIdMap: { '1': 1, '0': 0 } })),
    ]),
  ),
}

function count(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function part(text: string): Buffer {
  return Buffer.concat([count(Buffer.byteLength(text)), Buffer.from(text)])
}

test('the digest does not depend on the form in which a broker registers', async () => {
  const parts = await partsAfter(FORM_5)
  expect(`${LEGACY.body}`).toContain('"writeQueueNums":4,"perm":6')
  expect(await partsAfter(LEGACY)).toEqual(parts)
  expect(await partsAfter(COMPRESSED)).toEqual(parts)
  expect((await partsAfter(plain)).static).not.toBe(parts.static)
})

test('the digest has a part for the key-value table and one for the configuration', async () => {
  const base = await partsAfter(plain)
  const [kv, other] = [putKVConfig('ns', 'k', 'v'), putKVConfig('other', 'k', 'v')]
  expect(await partsAfter(plain, kv)).toEqual({ ...base, kv: expect.not.stringMatching(base.kv) })
  expect(await partsAfter(kv, other)).toMatchObject({ kv: (await partsAfter(other, kv)).kv })
  const { client } = await serverWith([plain], {
    supportActingMaster: 'true',
    serverChannelMaxIdleTimeSeconds: '60',
  })
  const { parts } = await view(client, '/api/v1/digest')
  expect(parts).toEqual({ ...base, config: expect.not.stringMatching(base.config) })
})

test('the digest view names brokers and namespaces, and says when the routes last changed', async () => {
  const { client, server } = await serverWith([])
  expect(await view(client, '/api/v1/digest')).toMatchObject({
    lastChange: null,
    brokers: [],
    provisional: false,
  })
  await client.request(plain)
  await client.request(putKVConfig('ns', 'k', 'v'))
  const first = await view(client, '/api/v1/digest')
  expect(first.brokers).toEqual([{ brokerName: 'broker-a', digest: first.parts.routes }])
  expect(first.kvNamespaces).toEqual([{ namespace: 'ns', digest: first.parts.kv }])
  expect(first).toMatchObject({ buckets: null, topics: null })
  // A heartbeat and the same registration change nothing.
  server.time.advance(5_000)
  await client.request(plain)
  const second = await view(client, '/api/v1/digest')
  expect(second.parts).toEqual(first.parts)
  const sinceMs = Date.parse(second.lastChange ?? '') - Date.parse(first.lastChange ?? '')
  expect(Math.abs(sinceMs + 5_000)).toBeLessThan(4_000)
})

test('the digest view shows 256 buckets, and the topics of one of them', async () => {
  const { client } = await serverWith([plain])
  const { buckets } = await view(client, '/api/v1/digest?buckets=true')
  const used = buckets?.flatMap((digest, bucket) => (/^0+$/.test(digest) ? [] : [bucket])) ?? []
  expect(buckets).toHaveLength(256)
  expect(used).toHaveLength(2)
  const topics = await Promise.all(
    used.map(async (bucket) => (await view(client, `/api/v1/digest?bucket=${bucket}`)).topics),
  )
  const queues = { brokerName: 'broker-a', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 }
  expect(topics.flat().sort((a, b) => `${a?.topic}`.localeCompare(`${b?.topic}`))).toEqual([
    { topic: 'TopicA', queues: [queues] },
    { topic: 'TopicB', queues: [queues] },
  ])
})

test('the peers view shows a peer of the configuration, and what differs there', async () => {
  const peer = await serverWith([plain])
  const address = `127.0.0.1:${peer.server.port}`
  const { client, server } = await serverWith([plain], { peers: address })
  const peers = () =>
    view<{ readonly peers: readonly { readonly compared: string }[] }>(client, '/api/v1/peers')
  expect(await peers()).toMatchObject({ peers: [{ address, verdict: 'unknown', compared: null }] })
  await peer.client.request({ code: 205, extFields: { brokerName: 'broker-a' } })
  server.time.advance(20_000)
  const verdict = () => server.controller.events.list().some(({ kind }) => kind === 'peer_verdict')
  await until('the peer is compared', verdict)
  const difference = { kind: 'permission', subject: 'TopicA on broker-a', here: '6', there: '4' }
  expect(await peers()).toMatchObject({
    peers: [
      {
        address,
        isUp: true,
        verdict: 'settling',
        since: expect.stringMatching(/^\d{4}-.*Z$/),
        reason: null,
        compared: expect.stringMatching(/^\d{4}-.*Z$/),
        differences: expect.arrayContaining([difference]),
      },
    ],
  })
})
