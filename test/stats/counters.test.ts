import { describe, expect, test } from 'vitest'
import { findConfigKey } from '../../src/namesrv/config/config-keys.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { CodeCounts, Counters, RequestResults } from '../../src/stats/counters.ts'

describe('the counters', () => {
  test('name each limit by the key that sets it, but for the rates of the access file', () => {
    const limits = Object.keys(new Counters().rejected).filter((limit) => !limit.startsWith('rates.'))
    expect(limits.length).toBeGreaterThan(15)
    for (const limit of limits) expect(findConfigKey(limit)?.effect, limit).not.toBe('none')
    for (const limit of limits) expect(findConfigKey(limit), limit).toBeDefined()
  })

  test('tell codes apart up to a limit, and count all others together', () => {
    const counts = new CodeCounts()
    for (const code of [0, 105, 105, 1_500, -1, 1_536, 2_147_483_647]) counts.add(code)
    counts.addOther()
    expect(counts.entries()).toEqual([
      [0, 1],
      [105, 2],
      [1_500, 1],
    ])
    expect([counts.get(105), counts.get(106), counts.get(-1), counts.others, counts.total]).toEqual([
      2, 0, 0, 4, 8,
    ])
  })

  test('tell all request codes apart that are served', () => {
    const { requests, results } = new Counters()
    const codes = Object.values(RequestCode)
    for (const code of codes) requests.add(code)
    for (const code of codes) results.add(code, 0)
    expect(requests.others).toBe(0)
    expect(new Set([...results.entries()].map(([code]) => code))).toEqual(new Set(codes))
  })

  test('tell response codes apart by request code, in a table that peers cannot fill', () => {
    const results = new RequestResults()
    for (const responseCode of [0, 0, 17]) results.add(105, responseCode)
    results.add(undefined, 3)
    results.add(-1, 0)
    expect([...results.entries()]).toEqual([
      [undefined, 0, 1],
      [undefined, 3, 1],
      [105, 0, 2],
      [105, 17, 1],
    ])
    for (let code = 0; code < 1_500; code++) results.add(code, code)
    const entries = [...results.entries()]
    expect(new Set(entries.map(([code]) => code)).size).toBe(64)
    expect(new Set(entries.map(([, responseCode]) => responseCode)).size).toBe(16)
    expect(entries.reduce((sum, [, , count]) => sum + count, 0)).toBe(1_505)
  })
})
