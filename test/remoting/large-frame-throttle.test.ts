import { describe, expect, test } from 'vitest'
import { LargeFrameThrottle } from '../../src/remoting/server/large-frame-throttle.ts'
import { headerOf, requestFrame } from '../support/raw-client.ts'
import { startRemotingServer } from '../support/start-remoting-server.ts'
import { until } from '../support/until.ts'

const PING = 1
const LARGE = 2

const CHUNK_BYTES = 256 * 1024
/** A chunk takes so long at twenty megabytes a second. */
const CHUNK_MS = CHUNK_BYTES / 20_000

interface Deferred {
  readonly minMs: number
  readonly task: () => void
}

function paceAt(time: { nowMs: number }) {
  const deferred: Deferred[] = []
  const pace = new LargeFrameThrottle({
    nowMs: () => time.nowMs,
    defer: (task, minMs) => deferred.push({ minMs, task }),
  })
  return { pace, deferred }
}

describe('the rate at which large frames are read', () => {
  test('is not limited while no other requests are served', () => {
    const time = { nowMs: 1_000 }
    const { pace } = paceAt(time)
    expect(pace.servesOthers).toBe(false)
    pace.servedOther(time.nowMs)
    expect(pace.servesOthers).toBe(true)
    time.nowMs += 5
    expect(pace.servesOthers).toBe(true)
    time.nowMs += 1
    expect(pace.servesOthers).toBe(false)
  })

  test('is twenty megabytes per second for each of up to twenty connections', () => {
    const { pace, deferred } = paceAt({ nowMs: 0 })
    for (let connection = 0; connection < 20; connection++) pace.wait(CHUNK_BYTES, () => {})
    for (const { minMs } of deferred) expect(minMs).toBeCloseTo(CHUNK_MS)
  })

  test('is four hundred megabytes per second for more connections together', () => {
    const { pace, deferred } = paceAt({ nowMs: 0 })
    for (let connection = 0; connection < 80; connection++) pace.wait(CHUNK_BYTES, () => {})
    expect(deferred.at(-1)?.minMs).toBeCloseTo(4 * CHUNK_MS)
    for (const { task } of deferred.splice(0, 79)) task()
    pace.wait(CHUNK_BYTES, () => {})
    expect(deferred.at(-1)?.minMs).toBeCloseTo(CHUNK_MS)
  })

  test('continues after the pause', () => {
    const { pace, deferred } = paceAt({ nowMs: 0 })
    let read = 0
    pace.wait(CHUNK_BYTES, () => read++)
    expect(read).toBe(0)
    deferred[0]?.task()
    expect(read).toBe(1)
  })
})

describe.each([true, false])(
  'a server that receives a large frame, with a shared read buffer: %s,',
  (sharedReadBuffer) => {
    async function start() {
      const paused: (() => void)[] = []
      const { connect, server } = await startRemotingServer(
        {
          [PING]: () => ({ code: 0 }),
          [LARGE]: ({ body }) => ({ code: 0, remark: `${body?.length} ${body?.at(-1)}` }),
        },
        { sharedReadBuffer, defer: (task, minMs) => (minMs > 0 ? paused.push(task) : setImmediate(task)) },
      )
      const [large, other] = [await connect(), await connect()]
      return { paused, server, large, other }
    }
    const frame = requestFrame({ code: LARGE, body: Buffer.alloc(8 * 1024 * 1024, 7) })

    test('serves other requests between the parts of the frame, and then the frame', async () => {
      const { paused, large, other } = await start()
      await other.request({ code: PING })
      large.send(frame)
      await until('the frame has to wait', () => paused.length === 1)
      for (let ping = 0; ping < 1_000; ping++) await other.request({ code: PING })
      expect(large.answers).toEqual([])
      expect(paused).toHaveLength(1)

      let pauses = 0
      const answered = large.next()
      const served = answered.then(() => true)
      // The clock stands still, so the others have been served a moment ago all the time.
      while (!(await Promise.race([served, new Promise((resolve) => setImmediate(resolve, false))]))) {
        const next = paused.shift()
        if (next !== undefined) pauses++
        next?.()
      }
      expect(headerOf(await answered).remark).toBe(`${8 * 1024 * 1024} 7`)
      expect(pauses).toBeGreaterThan(8)
    })

    test('forgets the frame when its connection closes', async () => {
      const { paused, server, large, other } = await start()
      await other.request({ code: PING })
      large.send(frame)
      await until('the frame has to wait', () => paused.length === 1)
      large.socket.destroy()
      for (const next of paused.splice(0)) next()
      await until('the connection is gone', () => {
        for (const next of paused.splice(0)) next()
        return server.connections === 1
      })
      expect(headerOf(await other.request({ code: PING })).code).toBe(0)
    })

    test('reads it without a pause when there are no other requests', async () => {
      const { paused, large } = await start()
      large.send(frame)
      expect(headerOf(await large.next()).remark).toBe(`${8 * 1024 * 1024} 7`)
      expect(paused).toEqual([])
    })
  },
)
