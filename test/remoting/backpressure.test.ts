import { describe, expect, onTestFinished, test } from 'vitest'
import type { Processor } from '../../src/protocol/processor.ts'
import { headerOf, type RawClient, requestFrame } from '../support/raw-client.ts'
import { startRemotingServer } from '../support/start-remoting-server.ts'
import { until } from '../support/until.ts'

const MIB = 1024 * 1024
const PING = 1
const BIG = 2
const HUGE = 3
const SMALL = 4

/** More than two sockets and the kernel between them hold, with room for other kernels. */
const IN_BETWEEN_BYTES = 32 * MIB

const ping: Processor = () => ({ code: 0 })

/** Gives the server enough turns to do whatever it can do by itself. */
async function settle(client: RawClient): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await client.request({ code: PING })
}

describe('a peer that does not read its responses', () => {
  test('is not read any further, costs little memory, and gets all responses once it reads again', async () => {
    const body = Buffer.alloc(256 * 1024, 'x')
    let taken = 0
    const { connect } = await startRemotingServer({
      [PING]: ping,
      [BIG]: () => {
        taken++
        return { code: 0, body }
      },
    })
    const [slow, other] = [await connect(), await connect()]
    slow.socket.pause()
    const requests = 1_000
    slow.send(...Array.from({ length: requests }, (_, opaque) => requestFrame({ code: BIG, opaque })))
    await until('the server has begun', () => taken > 0)
    await settle(other)
    const takenAtFirst = taken
    expect(taken * body.length).toBeLessThan(IN_BETWEEN_BYTES)
    await settle(other)
    expect(taken).toBe(takenAtFirst)

    slow.socket.resume()
    for (let opaque = 0; opaque < requests; opaque++) {
      const answer = await slow.next()
      expect(headerOf(answer).opaque).toBe(opaque)
      expect(answer.body.length).toBe(body.length)
      expect(taken * body.length - slow.bytesReceived).toBeLessThan(IN_BETWEEN_BYTES)
    }
    expect(taken).toBe(requests)
  })

  test('is not idle while bytes of a large response move, and is when they stop', async () => {
    const body = Buffer.alloc(160 * MIB)
    const { server, connect, time, happened } = await startRemotingServer(
      { [PING]: ping, [HUGE]: () => ({ code: 0, body }) },
      { maxIdleMs: 30_000 },
    )
    const [slow, other] = [await connect(), await connect()]
    await other.request({ code: PING })
    slow.send(requestFrame({ code: HUGE }))
    for (let wantedBytes = 32 * MIB; wantedBytes <= 96 * MIB; wantedBytes += 32 * MIB) {
      const pauseInTime = (): void => {
        if (slow.bytesReceived >= wantedBytes) slow.socket.pause()
      }
      slow.socket.on('data', pauseInTime)
      slow.socket.resume()
      await until('the peer has read some of the answer', () => slow.socket.isPaused())
      slow.socket.off('data', pauseInTime)
      await settle(other)
      time.advance(29_000)
      expect(happened).toEqual([])
    }
    time.advance(1_000)
    expect(new Set(happened)).toEqual(new Set([`idle ${slow.address}`, `idle ${other.address}`]))
    await until('both connections are closed', () => server.connections === 0)
  })
})

describe.each([true, false])(
  'a peer that sends requests without a pause, with a shared read buffer: %s,',
  (sharedReadBuffer) => {
    test('waits for the turn of other connections after 256 KiB, and is read to the end', async () => {
      const requests = 20_000
      const extFields = { padding: 'x'.repeat(100) }
      let taken = 0
      const held: (() => void)[] = []
      let holds = true
      const { connect } = await startRemotingServer(
        {
          [PING]: ping,
          [SMALL]: () => {
            taken++
            return { code: 0 }
          },
        },
        { sharedReadBuffer, defer: (task) => (holds ? held.push(task) : setImmediate(task)) },
      )
      onTestFinished(() => {
        holds = false
      })
      const [busy, other] = [await connect(), await connect()]
      const frames = Array.from({ length: requests }, (_, opaque) =>
        requestFrame({ code: SMALL, opaque, extFields }),
      )
      const bytesOfFirst = (count: number): number =>
        frames.slice(0, count).reduce((sum, { length }) => sum + length, 0)
      busy.send(Buffer.concat(frames))
      await until('reading has paused', () => held.length > 0)
      await settle(other)
      expect(held).toHaveLength(1)
      expect(bytesOfFirst(taken)).toBeGreaterThan(MIB / 4 - 1_000)
      expect(bytesOfFirst(taken)).toBeLessThan(MIB / 2)

      let pauses = 0
      while (taken < requests) {
        await until('reading has paused again, or all is read', () => held.length > 0 || taken === requests)
        pauses += held.length
        for (const resume of held.splice(0)) resume()
      }
      expect(pauses).toBeGreaterThan(Math.floor(bytesOfFirst(requests) / (MIB / 2)))
      for (let opaque = 0; opaque < requests; opaque++) {
        expect(headerOf(await busy.next()).opaque).toBe(opaque)
      }
    })
  },
)
