import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BadPeer, badPeer } from '../support/bad-peer.ts'
import { frame, headerOf, type RawClient, requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startServer, type TestServer } from '../support/start-server.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const MIB = 1024 * 1024

/** Bytes in use on and off the heap, once all garbage is gone. */
function usedBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

async function misbehave(server: TestServer, { bytes, outcome }: BadPeer): Promise<void> {
  const peer = await server.connect()
  peer.send(bytes)
  if (typeof outcome === 'object') {
    const { code, remark = '' } = headerOf(await peer.next())
    expect(code).toBe(outcome.code)
    expect(remark.slice(0, outcome.remark.length)).toBe(outcome.remark)
    expect(headerOf(await peer.request(lookup('TopicA'))).code).toBe(0)
  }
  if (outcome !== 'closed') peer.socket.end()
  await peer.closed
  expect(peer.answers).toEqual([])
}

async function expectHonestAnswers(client: RawClient, route: string): Promise<void> {
  for (const opaque of [1, 2, 3]) {
    const answer = await client.request({ ...lookup('TopicA'), opaque })
    expect(headerOf(answer)).toMatchObject({ code: 0, opaque })
    expect(`${answer.body}`).toBe(route)
  }
}

describe('a server with peers that send invalid bytes', () => {
  test('serves another client beside 10,000 of them, closes or responds to each, and keeps nothing', async () => {
    const server = await startServer()
    const honest = await server.connect()
    await honest.request(registration())
    const route = `${(await honest.request(lookup('TopicA'))).body}`
    let peers = 0
    let hopeless = 0
    let usedEarly = 0
    await fc.assert(
      fc.asyncProperty(fc.array(badPeer, { minLength: 100, maxLength: 100 }), async (batch) => {
        await Promise.all([
          expectHonestAnswers(honest, route),
          ...batch.map((peer) => misbehave(server, peer)),
        ])
        peers += batch.length
        hopeless += batch.filter(({ outcome }) => outcome === 'closed').length
        server.time.advance(1_000)
        if (peers === 2_000) usedEarly = usedBytes()
      }),
      // A counterexample is a batch over sockets: it is reported with its seed, and not shrunk.
      { numRuns: 100, endOnFailure: true },
    )
    expect(peers).toBe(10_000)
    expect(usedBytes() - usedEarly).toBeLessThan(32 * MIB)

    const cluster = `${(await honest.request({ code: 106 })).body}`
    expect(cluster).toContain('broker-a')
    expect(cluster).not.toContain('bad-broker')

    const lines = server.lines.filter(({ msg }) => msg.startsWith('connection closed: invalid frame'))
    // A hundred seconds have passed, and ten lines are let through in ten seconds.
    expect(lines.length).toBe(100)
    expect(lines.every(({ level, peer }) => level === 'warn' && /^127\.0\.0\.1:\d+$/.test(`${peer}`))).toBe(
      true,
    )
    const codes = new Set(lines.map((line) => line['code']))
    expect(
      [...codes].every((code) =>
        /^ERR_(FRAME_TOO_(LONG|SHORT)|HEADER(_LENGTH)?|SERIALIZE_TYPE)$/.test(`${code}`),
      ),
    ).toBe(true)
    const told = lines.reduce((sum, line) => sum + 1 + Number(line['suppressed'] ?? 0), 0)
    expect(told).toBeLessThanOrEqual(hopeless)
    // What was left out since the last line is told with the next one.
    expect(told).toBeGreaterThan(hopeless - 1_000)
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([])
  }, 120_000)

  test('closes the connection at the length word, before any further byte', async () => {
    const server = await startServer()
    const peer = await server.connect()
    peer.send(Buffer.of(1, 0, 0, 0))
    await peer.closed
    expect(server.lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        peer: peer.address,
        code: 'ERR_FRAME_TOO_LONG',
        reason: 'frame of 16777220 bytes exceeds com.rocketmq.remoting.frameMaxLength (16777216)',
        msg: 'connection closed: invalid frame',
      },
    ])
  })

  test('accepts the largest allowed frame', async () => {
    const client = await (await startServer()).connect()
    const header = JSON.stringify({ code: 9_999, opaque: 4 })
    client.send(frame(header, Buffer.alloc(16_777_212 - 4 - header.length)))
    expect(headerOf(await client.next())).toMatchObject({ code: 3, opaque: 4 })
  })

  test('has its frame limit from the configuration', async () => {
    const server = await startServer({ 'com.rocketmq.remoting.frameMaxLength': '1024' })
    const [within, beyond] = [await server.connect(), await server.connect()]
    const header = JSON.stringify({ code: 9_999, opaque: 4 })
    within.send(frame(header, Buffer.alloc(1_020 - 4 - header.length)))
    expect(headerOf(await within.next()).code).toBe(3)
    beyond.send(frame(header, Buffer.alloc(1_021 - 4 - header.length)))
    await beyond.closed
    expect(beyond.answers).toEqual([])
  })

  test('responds to what came before the invalid frame in the same write, and to nothing after it', async () => {
    const peer = await (await startServer()).connect()
    peer.send(
      requestFrame({ ...lookup('TopicA'), opaque: 1 }),
      frame('{}', '', 7),
      requestFrame({ ...lookup('TopicA'), opaque: 2 }),
    )
    expect(headerOf(await peer.next()).opaque).toBe(1)
    await peer.closed
    expect(peer.answers).toEqual([])
  })

  test('keeps no memory for frames that are only announced', async () => {
    const server = await startServer()
    const peers = await Promise.all(Array.from({ length: 200 }, () => server.connect()))
    const before = usedBytes()
    const announced = Buffer.concat([Buffer.of(0, 255, 255, 252), Buffer.alloc(1_000)])
    // The answer to the request in front of it says that the server has read the announcement, too.
    for (const peer of peers) peer.send(requestFrame(lookup('TopicA')), announced)
    for (const peer of peers) expect(headerOf(await peer.next()).code).toBe(17)
    expect(usedBytes() - before).toBeLessThan(32 * MIB)
  })

  test('rejects a compressed registration that would inflate beyond the limit', async () => {
    const { deflateSync } = await import('node:zlib')
    const client = await (await startServer({ 'com.rocketmq.remoting.frameMaxLength': '65536' })).connect()
    const { extFields = {} } = registration()
    const body = deflateSync(Buffer.alloc(16 * MIB))
    const answer = headerOf(
      await client.request({ code: 103, extFields: { ...extFields, compressed: 'true' }, body }),
    )
    expect(answer.code).toBe(1)
    expect(answer.remark).toBe(
      'Failed to decode RegisterBrokerBody: body inflates to more than maxInflatedBytes (262144)',
    )
    expect(headerOf(await client.request(lookup('TopicA'))).code).toBe(17)
  })
})
