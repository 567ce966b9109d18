import { describe, expect, test } from 'vitest'
import { TokenBuckets } from '../../src/access/token-buckets.ts'
import { sourceOf } from '../../src/common/source-of.ts'

const THREE_A_SECOND = { count: 3, periodMs: 1_000 }

/** How many of these attempts succeed. */
function taken(buckets: TokenBuckets, source: string, attempts: number, nowMs: number): number {
  return Array.from({ length: attempts }, () => buckets.take(source, nowMs)).filter((isTaken) => isTaken)
    .length
}

describe('token buckets', () => {
  test('give a source that was idle its whole count at once, and then as much as the time that passes allows', () => {
    const buckets = new TokenBuckets(THREE_A_SECOND)
    expect([0, 0, 333, 334, 1_000, 60_000].map((nowMs) => taken(buckets, 'a', 10, nowMs))).toEqual([
      3, 0, 0, 1, 2, 3,
    ])
  })

  test('may owe what something costs beyond the tokens that there are, but no more than a whole count', () => {
    const buckets = new TokenBuckets({ count: 10, periodMs: 1_000 })
    const takenAt = (nowMs: number, cost: number) => buckets.take('a', nowMs, cost)
    expect([takenAt(0, 9), takenAt(0, 6), takenAt(0, 1)]).toEqual([true, true, false])
    expect([buckets.has('a', 599), takenAt(600, 1_000)]).toEqual([false, true])
    expect([buckets.has('a', 1_699), buckets.has('a', 1_700)]).toEqual([false, true])
  })

  test('are one for each source', () => {
    const buckets = new TokenBuckets(THREE_A_SECOND)
    expect(['a', 'b', 'a'].map((source) => taken(buckets, source, 10, 0))).toEqual([3, 3, 0])
    expect(['a', 'b', 'c'].map((source) => buckets.has(source, 0))).toEqual([false, false, true])
  })

  test('do not refill when the time goes back', () => {
    const buckets = new TokenBuckets(THREE_A_SECOND)
    expect([5_000, 0, 5_000].map((nowMs) => taken(buckets, 'a', 10, nowMs))).toEqual([3, 0, 0])
  })

  test('that are full make room, so that sources without traffic are not kept', () => {
    const buckets = new TokenBuckets(THREE_A_SECOND, 100)
    for (let i = 0; i < 1_000; i++) expect(taken(buckets, `${i}`, 10, i * 1_000)).toBe(3)
    expect(buckets.size).toBe(100)
  })

  test('are shared by new sources while a flood from many addresses fills the table', () => {
    const buckets = new TokenBuckets(THREE_A_SECOND, 100)
    for (let i = 0; i < 100; i++) taken(buckets, `flood-${i}`, 3, 0)
    const newcomers = Array.from({ length: 1_000 }, (_, i) => taken(buckets, `new-${i}`, 3, 0))
    // It does not open: all of them together get what one source gets.
    expect(newcomers.reduce((sum, each) => sum + each)).toBe(3)
    expect(buckets.has('honest', 0)).toBe(false)
    // Nor does it shut: some get through, and those with a bucket keep it.
    expect(taken(buckets, 'honest', 1, 400)).toBe(1)
    expect(taken(buckets, 'flood-99', 3, 400)).toBe(1)
    // The flood is over.
    expect(taken(buckets, 'honest', 10, 2_000)).toBe(3)
    expect(buckets.size).toBe(100)
  })
})

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['unknown', 'unknown'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1:2:3:4:5', 'fe80:0:0:1::/64'],
])('the source of %s is %s', (host, source) => expect(sourceOf(host)).toBe(source))
