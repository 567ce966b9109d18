import { describe, expect, test } from 'vitest'
import { RateLimit } from '../../src/common/rate-limit.ts'
import { ManualTime } from '../support/manual-time.ts'

describe('a rate limit', () => {
  test('lets ten lines of a peer through in ten seconds; the next one says how many were left out', () => {
    const time = new ManualTime()
    const limit = new RateLimit(() => time.nowMs())
    const told: (number | undefined)[] = []
    const run = (): void => limit.run((suppressed) => told.push(suppressed))
    for (let line = 0; line < 25; line++) run()
    expect(told).toEqual(Array(10).fill(undefined))
    time.advance(9_999)
    run()
    expect(told).toHaveLength(10)
    time.advance(1)
    run()
    run()
    expect(told.slice(10)).toEqual([16, undefined])
  })

  test('has a budget for each peer address, whatever its port, and one for all of them', () => {
    const time = new ManualTime()
    const limit = new RateLimit(() => time.nowMs())
    const peers: string[] = []
    const run = (peer: string): void => limit.run(() => peers.push(peer), peer)
    for (let port = 1; port <= 50; port++) run(`10.0.0.1:${port}`)
    run('10.0.0.2:1')
    expect(peers).toHaveLength(11)
    expect(peers.at(-1)).toBe('10.0.0.2:1')
    for (let host = 3; host < 200; host++) run(`10.0.0.${host}:1`)
    expect(peers).toHaveLength(100)
  })
})
