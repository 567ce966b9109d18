import { describe, expect, test } from 'vitest'
import { Counters } from '../../../src/stats/counters.ts'
import { headerOf, type RawClient, requestFrame } from '../../support/raw-client.ts'
import { lookup, registration, registrationBody } from '../../support/requests.ts'
import { startRemotingServer } from '../../support/start-remoting-server.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'
import { until } from '../../support/until.ts'

const MIB = 1024 * 1024

/** The beginning of a frame of 16 MB. */
function half(bytes: number): Buffer {
  const beginning = Buffer.alloc(bytes)
  beginning.writeInt32BE(16_777_212)
  return beginning
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `Topic-${index}`)

async function held(server: TestServer, bytes: number): Promise<void> {
  const { counters } = server.controller
  await until(`${bytes} bytes are held`, () => counters.queuedRequestBytes >= bytes)
}

function rejections(server: TestServer, limit: string): TestServer['lines'] {
  return server.lines.filter((line) => line['limit'] === limit)
}

describe('maxQueuedRequestBytes', () => {
  test('incomplete frames are kept up to it; beyond it the connection longest without progress is closed and logged', async () => {
    const server = await startServer({ maxQueuedRequestBytes: `${8 * MIB}` })
    const { counters } = server.controller
    const honest = await server.connect()
    await honest.request(registration())
    const peers: RawClient[] = []
    for (let index = 0; index < 4; index++) {
      const peer = await server.connect()
      peer.send(half(MIB))
      peers.push(peer)
      await held(server, (index + 1) * MIB)
    }
    expect(counters.rejected.maxQueuedRequestBytes).toBe(0)

    const [oldest, ...younger] = peers as [RawClient, ...RawClient[]]
    const next = await server.connect()
    next.send(half(MIB))
    await oldest.closed
    await held(server, 4 * MIB)
    expect(counters.queuedRequestBytes).toBe(4 * MIB)
    expect(counters.rejected.maxQueuedRequestBytes).toBe(1)
    const [line] = rejections(server, 'maxQueuedRequestBytes')
    expect(line).toMatchObject({ level: 'warn', peer: oldest.address })
    expect(line?.['reason']).toMatch(
      /^closed: incomplete request of \d+ bytes; \d+ of 4194304 bytes in use \(half of maxQueuedRequestBytes\)$/,
    )
    expect(headerOf(await honest.request(lookup('TopicA'))).code).toBe(0)

    for (const peer of [...younger, next]) peer.socket.destroy()
    await until('nothing is held any more', () => counters.queuedRequestBytes === 0)
  })

  test('a large request is accepted while incomplete requests of other peers use up all memory', async () => {
    const server = await startServer({ maxQueuedRequestBytes: `${8 * MIB}` })
    const { counters } = server.controller
    const honest = await server.connect()
    const request = requestFrame({ ...registration(), body: registrationBody(names(10_000)) })
    expect(request.length).toBeGreaterThan(MIB)
    for (let round = 0; round < 5; round++) {
      for (let peers = 0; peers < 5; peers++) (await server.connect()).send(half(MIB))
      await held(server, 3 * MIB)
      honest.send(request)
      expect(headerOf(await honest.next()).code).toBe(0)
      expect(counters.queuedRequestBytes).toBeLessThanOrEqual(4 * MIB)
    }
    expect(counters.rejected.maxQueuedRequestBytes).toBeGreaterThan(10)
    expect(rejections(server, 'maxQueuedRequestBytes').length).toBeLessThanOrEqual(10)
  })

  test('a thousand connections with an incomplete frame each use no more than the limit', async () => {
    const server = await startServer({ maxQueuedRequestBytes: `${16 * MIB}` })
    const { counters } = server.controller
    const honest = await server.connect()
    await honest.request(registration())
    let most = 0
    for (let batch = 1; batch <= 20; batch++) {
      const peers = await Promise.all(Array.from({ length: 50 }, () => server.connect()))
      for (const peer of peers) peer.send(half(64 * 1024))
      expect(headerOf(await honest.request(lookup('TopicA'))).code).toBe(0)
      await until('all have been read', () => {
        most = Math.max(most, counters.queuedRequestBytes)
        return counters.bytesIn >= batch * 50 * 64 * 1024
      })
    }
    expect(most).toBeGreaterThan(7 * MIB)
    expect(most).toBeLessThanOrEqual(8 * MIB)
    await until('all others are closed', () => counters.connectionsClosed >= 1_000 - 129)
  })

  test('a peer that sends one request after the other is not the one that is closed', async () => {
    const server = await startServer({ maxQueuedRequestBytes: `${2 * MIB}` })
    const busy = await server.connect()
    const frame = requestFrame({ code: 9_999, body: Buffer.alloc(300_000) })
    busy.send(frame.subarray(0, 250_000))
    await held(server, 249_000)
    const stuck = await server.connect()
    stuck.send(half(500_000))
    await held(server, 749_000)
    busy.send(frame.subarray(250_000), frame.subarray(0, 250_000))
    await busy.next()
    await held(server, 749_000)
    const last = await server.connect()
    last.send(half(500_000))
    await stuck.closed
    busy.send(frame.subarray(250_000))
    expect(headerOf(await busy.next()).code).toBe(3)
  })

  test('a large request is rejected as busy while requests in progress use up all memory', async () => {
    const counters = new Counters()
    const rejected: string[] = []
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const { connect } = await startRemotingServer(
      { 1: () => finished.then(() => ({ code: 0 })), 2: () => ({ code: 0 }) },
      {
        counters,
        limits: { maxQueuedRequestBytes: 2 * MIB },
        onRejected: ({ limit }, { code }) => rejected.push(`${limit} ${code}`),
      },
    )
    const [working, other] = [await connect(), await connect()]
    working.send(requestFrame({ code: 1, body: Buffer.alloc(MIB) }))
    await until('it is worked on', () => counters.framesIn === 1)
    expect(counters.requestBytesInProgress).toBe(MIB)
    expect(headerOf(await other.request({ code: 2, body: Buffer.alloc(16 * 1024) })).code).toBe(0)
    expect(headerOf(await other.request({ code: 2, body: Buffer.alloc(16 * 1024 + 1) }))).toMatchObject({
      code: 2,
      remark: '[OVERLOAD]system busy, start flow control for a while',
    })
    expect(rejected).toEqual(['maxQueuedRequestBytes 2'])
    expect([1, 2].map((code) => counters.requests.get(code))).toEqual([1, 2])
    finish()
    expect(headerOf(await working.next()).code).toBe(0)
    expect(counters.requestBytesInProgress).toBe(0)
    expect(headerOf(await other.request({ code: 2, body: Buffer.alloc(MIB / 2) })).code).toBe(0)
  })
})

describe('maxQueuedAnswerBytes', () => {
  /** All topics, and nobody reads them. */
  async function startSlowReader(server: TestServer): Promise<RawClient> {
    const { counters } = server.controller
    const peer = await server.connect()
    peer.socket.pause()
    const before = counters.outcomes.total
    peer.send(...Array.from({ length: 64 }, (_, opaque) => requestFrame({ code: 206, opaque })))
    await until('it is being answered', () => counters.outcomes.total > before)
    return peer
  }

  test('beyond it the peer longest without progress is closed and logged; one that reads gets all responses', async () => {
    const server = await startServer({ maxQueuedAnswerBytes: `${2 * MIB}` })
    const { counters } = server.controller
    const honest = await server.connect()
    // Its list is about a megabyte.
    await honest.request({ ...registration(), body: registrationBody(names(70_000)) })
    const whole = (await honest.request({ code: 206 })).body.length
    expect(whole).toBeGreaterThan(0.9 * MIB)
    const slow: RawClient[] = []
    let most = 0
    for (let peers = 0; peers < 6; peers++) {
      slow.push(await startSlowReader(server))
      expect(headerOf(await honest.request(lookup('Topic-7'))).code).toBe(0)
      most = Math.max(most, counters.queuedResponseBytes)
      expect((await honest.request({ code: 206 })).body.length).toBe(whole)
    }
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2 * MIB)
    expect(counters.rejected.maxQueuedAnswerBytes).toBeGreaterThan(0)
    const [line] = rejections(server, 'maxQueuedAnswerBytes')
    expect(line).toMatchObject({ level: 'warn', peer: slow[0]?.address })
    expect(line?.['reason']).toMatch(/^closed: unread responses of \d+ bytes; \d+ of 2097152 bytes in use/)
    for (const { socket } of slow) socket.destroy()
    await until('nothing is held any more', () => counters.queuedResponseBytes === 0)
  })
})
