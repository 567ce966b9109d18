import { describe, expect, test } from 'vitest'
import { ConnectionsPerAddress } from '../../src/remoting/server/connection-limits.ts'

describe('the connections of an address', () => {
  test('are counted up to the limit, for each address on its own', () => {
    const counts = new ConnectionsPerAddress(2)
    expect(['a', 'a', 'a', 'b'].map((host) => counts.add(host))).toEqual([true, true, false, true])
    counts.remove('a')
    expect([counts.add('a'), counts.add('a')]).toEqual([true, false])
  })

  test('leave nothing behind when they have closed', () => {
    const counts = new ConnectionsPerAddress(2)
    for (const host of ['a', 'b', 'a']) counts.add(host)
    for (const host of ['a', 'a', 'b', 'c']) counts.remove(host)
    expect(counts.size).toBe(0)
  })

  test('are those of one address, in either notation', () => {
    const counts = new ConnectionsPerAddress(1)
    expect([counts.add('::ffff:10.0.0.1'), counts.add('10.0.0.1'), counts.add('::ffff:1')]).toEqual([
      true,
      false,
      true,
    ])
    counts.remove('10.0.0.1')
    expect(counts.add('::FFFF:10.0.0.1')).toBe(true)
  })

  test('are not counted without a limit', () => {
    const counts = new ConnectionsPerAddress(Number.POSITIVE_INFINITY)
    for (let index = 0; index < 10; index++) expect(counts.add('a')).toBe(true)
    expect(counts.size).toBe(0)
  })
})
