import { describe, expect, test } from 'vitest'
import { RequestDurations } from '../../src/stats/durations.ts'
import { Histogram } from '../../src/stats/histogram.ts'

describe('a histogram', () => {
  test('counts a value in the first bucket whose bound it does not exceed', () => {
    const histogram = new Histogram([1, 10])
    for (const value of [0, 1, 1.1, 10, 11, 12]) histogram.observe(value)
    expect([...histogram.counts]).toEqual([2, 2, 2])
    expect([histogram.count, histogram.sum]).toEqual([6, 35.1])
  })
})

describe('the durations of requests', () => {
  const timedOf = (durations: RequestDurations, requests: number): number[] =>
    Array.from({ length: requests }, (_, index) => index).filter(() => durations.isTimed(105))

  test('are taken of one in 64 requests of the sampled code on average, at distances that change', () => {
    const timed = timedOf(new RequestDurations({ codes: [105], sampledCode: 105 }), 640_000)
    expect(timed[0]).toBe(0)
    expect(timed.length).toBeGreaterThan(9_500)
    expect(timed.length).toBeLessThan(10_500)
    const distances = new Set(timed.slice(1).map((at, index) => at - (timed[index] as number)))
    expect(Math.min(...distances)).toBe(33)
    expect(Math.max(...distances)).toBe(96)
  })

  test('are taken of every other request, and with rpcLatencies of every request', () => {
    const sampling = new RequestDurations({ codes: [105], sampledCode: 105 })
    expect([1, 2, 3].map(() => sampling.isTimed(103))).toEqual([true, true, true])
    expect(
      timedOf(new RequestDurations({ codes: [], sampledCode: 105, rpcLatencies: true }), 5),
    ).toHaveLength(5)
  })

  test('are kept apart by supported code, in seconds', () => {
    const durations = new RequestDurations({ codes: [103, 105], sampledCode: 105 })
    durations.add(105, 0, 'success', 2)
    for (const code of [-1, 999, 2_000_000]) durations.add(code, 3, 'success', 1)
    const entries = [...durations.entries()].map(([code, { count, sum }]) => [code, count, sum])
    expect(entries).toEqual([
      [105, 1, 0.002],
      [undefined, 3, 0.003],
    ])
    expect([...durations.rpcLatencies]).toEqual([])
  })

  test('are kept in milliseconds by code, response code and result with rpcLatencies, whatever codes peers make up', () => {
    const durations = new RequestDurations({ codes: [105], sampledCode: 105, rpcLatencies: true })
    for (let code = 1_000; code < 2_000; code++) durations.add(code, 3, 'success', 4)
    durations.add(105, 0, 'oneway', 4)
    const latencies = [...durations.rpcLatencies].map(({ milliseconds, ...labels }) => ({
      ...labels,
      count: milliseconds.count,
    }))
    expect(latencies).toEqual([
      { code: -1, responseCode: 3, result: 'success', count: 1_000 },
      { code: 105, responseCode: 0, result: 'oneway', count: 1 },
    ])
  })
})
