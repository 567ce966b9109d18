import { describe, expect, test } from 'vitest'
import { closeGradually } from '../../src/remoting/server/connection.ts'
import { ManualTime } from '../support/manual-time.ts'

interface FakeChannel {
  readonly id: number
  lastActivityMs: number
  closing: boolean
  finish(): void
}

/** Connections of which each has spoken a millisecond later than the one before, and what became of them. */
function connections(count: number) {
  const time = new ManualTime()
  /** Ids of those that were closed, in this order, and when. */
  const closed: number[] = []
  const closedAtMs = new Map<number, number>()
  const startMs = time.nowMs()
  const channels = Array.from({ length: count }, (_, id): FakeChannel => {
    const channel = {
      id,
      lastActivityMs: startMs - count + id,
      closing: false,
      finish: () => {
        closed.push(id)
        closedAtMs.set(id, time.nowMs() - startMs)
        channel.closing = true
      },
    }
    return channel
  })
  const begin = () =>
    closeGradually(
      () => channels,
      (periodMs, task) => time.every(periodMs, task),
    )
  return { time, channels, closed, closedAtMs, begin }
}

function mostAtOnce(moments: ReadonlyMap<number, number>): number {
  const counts = new Map<number, number>()
  for (const ms of moments.values()) counts.set(ms, (counts.get(ms) ?? 0) + 1)
  return Math.max(...counts.values())
}

describe('connections that are closed gradually', () => {
  test.each([
    [1, 1, 0],
    [50, 50, 0],
    [51, 50, 50],
    [1_000, 50, 950],
    [3_000, 50, 2_950],
    [10_000, 167, 2_950],
    [100_000, 1_667, 2_950],
  ])('%i of them: no more than %i at once, and the last one after %i ms', (count, atOnce, lastMs) => {
    const { time, closedAtMs, begin } = connections(count)
    begin()
    time.advance(lastMs)
    expect(closedAtMs.size).toBe(count)
    expect(Math.max(...closedAtMs.values())).toBe(lastMs)
    expect(mostAtOnce(closedAtMs)).toBe(atOnce)
    expect(time.timers).toBe(0)
  })

  test('close in the order of their last activity, and one that is active meanwhile closes last', () => {
    const { time, channels, closed, begin } = connections(200)
    begin()
    expect(new Set(closed)).toEqual(new Set(channels.slice(0, 50).map(({ id }) => id)))
    const speaking = channels[50] as FakeChannel
    speaking.lastActivityMs = time.nowMs() + 1
    time.advance(50)
    time.advance(50)
    expect(closed).toHaveLength(150)
    expect(closed).not.toContain(50)
    time.advance(50)
    expect(closed).toHaveLength(200)
    expect(closed.slice(150)).toContain(50)
  })

  test('that close by themselves do not delay the others', () => {
    const { time, channels, closed, begin } = connections(160)
    begin()
    for (const channel of channels.slice(50, 100)) channel.closing = true
    time.advance(50)
    expect(new Set(closed.slice(50))).toEqual(new Set(channels.slice(100, 150).map(({ id }) => id)))
  })

  test('keep their turn when a channel replaces a handshake', () => {
    const { time, channels, closed, begin } = connections(60)
    begin()
    const [waiting] = channels.filter(({ closing }) => !closing) as [FakeChannel]
    waiting.closing = true
    channels.push({ ...waiting, closing: false, finish: () => closed.push(1_000) })
    time.advance(50)
    expect(closed).toHaveLength(60)
    expect(closed.at(-1)).toBe(1_000)
  })

  test('stay open when the closing is ended', () => {
    const { time, closed, begin } = connections(100)
    const end = begin()
    end()
    time.advance(10_000)
    expect(closed).toHaveLength(50)
    expect(time.timers).toBe(0)
  })

  test('may be none', () => {
    const { time, begin } = connections(0)
    begin()
    expect(time.timers).toBe(0)
  })
})
