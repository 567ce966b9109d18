import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TopicMisses } from '../../src/stats/topic-misses.ts'

const client = (address: string) => () => ({ address, language: 'JAVA', version: 501 })

describe('Topic misses', () => {
  it('counts lookups by topic, with the first and the last time', () => {
    let now = 1_000
    const misses = new TopicMisses(2, () => now)
    misses.add('a', client('10.0.0.1'))
    now = 5_000
    misses.add('a', client('10.0.0.1'))
    expect(misses.list()).toEqual([
      {
        topic: 'a',
        count: 2,
        overestimate: 0,
        firstSeenMs: 1_000,
        lastSeenMs: 5_000,
        clients: [{ address: '10.0.0.1', language: 'JAVA', version: 501 }],
        routeSinceMs: undefined,
      },
    ])
    expect(misses.total).toBe(2)
  })

  it('keep the first four clients of a topic', () => {
    const misses = new TopicMisses(2)
    for (let index = 0; index < 9; index++) misses.add('a', client(`10.0.0.${index % 6}`))
    expect(misses.get('a')?.clients.map(({ address }) => address)).toEqual([
      '10.0.0.0',
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.3',
    ])
  })

  it('do not ask for a client when there is no room for it', () => {
    const misses = new TopicMisses(2)
    for (let index = 0; index < 4; index++) misses.add('a', client(`${index}`))
    misses.add('a', () => {
      throw new Error('asked')
    })
    expect(misses.get('a')?.count).toBe(5)
  })

  it('keep every topic that is wanted more often than the last one of the table, whatever else is asked for', () => {
    const misses = new TopicMisses(8)
    for (let index = 0; index < 10_000; index++) {
      misses.add(`rare-${index}`, client('x'))
      if (index % 3 === 0) misses.add('wanted', client('y'))
    }
    const wanted = misses.get('wanted')
    expect(misses.list()).toHaveLength(8)
    expect(wanted?.count).toBeGreaterThanOrEqual(3_334)
    expect((wanted?.count ?? 0) - (wanted?.overestimate ?? 0)).toBeLessThanOrEqual(3_334)
  })

  it('keep nothing but the total if their limit is 0', () => {
    const misses = new TopicMisses(0)
    misses.add('a', client('x'))
    expect([misses.total, misses.list()]).toEqual([1, []])
  })

  it('cut names that no topic can have', () => {
    const misses = new TopicMisses(1)
    misses.add('n'.repeat(100_000), client('x'))
    expect(misses.list()[0]?.topic).toBe('n'.repeat(255))
  })

  it('say since when a topic has a route, and list it last', () => {
    let now = 1_000
    const misses = new TopicMisses(3, () => now)
    for (const topic of ['a', 'a', 'b', 'c']) misses.add(topic, client('x'))
    now = 2_000
    misses.onRoutesChanged((topic) => topic === 'a')
    now = 3_000
    misses.onRoutesChanged(() => false)
    expect(misses.list().map(({ topic, routeSinceMs }) => [topic, routeSinceMs])).toEqual([
      ['b', undefined],
      ['c', undefined],
      ['a', 2_000],
    ])
  })

  it('begin afresh for a topic that had a route since the last lookup without one', () => {
    let now = 1_000
    const misses = new TopicMisses(3, () => now)
    for (const address of ['x', 'y']) misses.add('a', client(address))
    misses.onRoutesChanged(() => true)
    now = 9_000
    misses.add('a', client('z'))
    expect(misses.get('a')).toMatchObject({ count: 1, firstSeenMs: 9_000, routeSinceMs: undefined })
    expect(misses.get('a')?.clients.map(({ address }) => address)).toEqual(['z'])
  })

  it('give the place of a topic that has a route to a new one, which does not inherit its count', () => {
    const misses = new TopicMisses(2, () => 1_000)
    for (const topic of ['a', 'a', 'b']) misses.add(topic, client('x'))
    misses.onRoutesChanged((topic) => topic === 'a')
    misses.add('c', client('x'))
    expect(misses.list().map(({ topic, count, overestimate }) => [topic, count, overestimate])).toEqual([
      ['b', 1, 0],
      ['c', 1, 0],
    ])
  })

  it('give the place of the topic with the lowest count to a new one, the one that came first of several', () => {
    const misses = new TopicMisses(3, () => 1_000)
    for (const topic of ['a', 'b', 'c', 'c', 'd', 'a', 'e', 'f']) misses.add(topic, client('x'))
    // d took the place of a; a that of b; then e that of c, d and a, which all had two: c had come first.
    expect(misses.list().map(({ topic, count, overestimate }) => [topic, count, overestimate])).toEqual([
      ['e', 3, 2],
      ['f', 3, 2],
      ['a', 2, 1],
    ])
  })

  it('do so for a topic that came into a free place after the others were counted', () => {
    const misses = new TopicMisses(3, () => 1_000)
    for (const topic of ['a', 'a', 'b', 'b', 'c', 'c', 'd']) misses.add(topic, client('x'))
    misses.onRoutesChanged((topic) => topic === 'b')
    misses.add('b', client('x'))
    misses.add('e', client('x'))
    expect(misses.list().map(({ topic }) => topic)).toEqual(['d', 'c', 'e'])
  })

  it('count exactly what is asked for while all of it has room, and never too little', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (topics, limit) => {
          const misses = new TopicMisses(limit, () => 1_000)
          for (const topic of topics) misses.add(topic, client('x'))
          const asked = (topic: string) => topics.filter((each) => each === topic).length
          for (const { topic, count, overestimate } of misses.list()) {
            expect(count).toBeGreaterThanOrEqual(asked(topic))
            expect(count - overestimate).toBeLessThanOrEqual(asked(topic))
          }
          // The counts of a full table add up to all lookups, which is why none can be far too high.
          expect(misses.list().reduce((sum, { count }) => sum + count, 0)).toBe(topics.length)
        },
      ),
    )
  })
})
