import { describe, expect, test } from 'vitest'
import { RecentEvents } from '../../src/stats/recent-events.ts'

describe('the recent events', () => {
  test('are kept in their order, and the oldest is overwritten', () => {
    let dateMs = 0
    const events = new RecentEvents(3, () => ++dateMs)
    for (const number of [1, 2, 3]) events.add('rejected', 'p', `${number}`)
    expect(events.list().map(({ text }) => text)).toEqual(['1', '2', '3'])
    events.add('internal_error', 'q', '4')
    expect(events.list()).toEqual([
      { number: 2, timeMs: 2, kind: 'rejected', subject: 'p', text: '2' },
      { number: 3, timeMs: 3, kind: 'rejected', subject: 'p', text: '3' },
      { number: 4, timeMs: 4, kind: 'internal_error', subject: 'q', text: '4' },
    ])
    expect(events.added).toBe(4)
  })

  test('begin as an empty list', () => {
    expect(new RecentEvents().list()).toEqual([])
  })

  test('keep the first characters of long texts', () => {
    const events = new RecentEvents()
    events.add('rejected', 'w'.repeat(201), 't'.repeat(200))
    expect(events.list()[0]).toMatchObject({ subject: `${'w'.repeat(200)}…`, text: 't'.repeat(200) })
  })

  test('do not grow beyond 4,096', () => {
    let dateMs = 0
    const events = new RecentEvents(undefined, () => dateMs++)
    for (let number = 0; number < 10_000; number++) events.add('rejected', '', '')
    const list = events.list()
    expect(list.map(({ timeMs }) => timeMs)).toEqual(
      Array.from({ length: 4_096 }, (_, index) => 5_904 + index),
    )
  })
})
