import { describe, expect, test } from 'vitest'
import {
  type ConnectionMemoryError,
  ConnectionMemoryLimit,
  type QueueHolder,
} from '../../src/remoting/server/connection-memory-limit.ts'
import { Counters } from '../../src/stats/counters.ts'

function budgetOf(maxBytes: number): {
  budget: ConnectionMemoryLimit
  counters: Counters
  closed: string[]
  holder: (name: string) => QueueHolder
} {
  const counters = new Counters()
  const closed: string[] = []
  const holder = (name: string): QueueHolder => ({
    giveUp: ({ bound }: ConnectionMemoryError) => closed.push(`${name} ${bound}`),
  })
  return {
    budget: new ConnectionMemoryLimit('maxQueuedRequestBytes', maxBytes, counters),
    counters,
    closed,
    holder,
  }
}

describe('the bytes that all connections hold together', () => {
  test('may be as many as the bound; with one more the connection that has held its own for longest is closed', () => {
    const { budget, counters, closed, holder } = budgetOf(100)
    const [a, b, c] = [holder('a'), holder('b'), holder('c')]
    budget.hold(a, 40, false)
    budget.hold(b, 40, false)
    budget.hold(c, 20, false)
    expect(closed).toEqual([])
    budget.hold(c, 21, false)
    expect(closed).toEqual(['a maxQueuedRequestBytes'])
    expect(counters.queuedRequestBytes).toBe(61)
  })

  test('more than one is closed if that is what it takes', () => {
    const { budget, counters, closed, holder } = budgetOf(100)
    for (const name of ['a', 'b', 'c', 'd']) budget.hold(holder(name), 25, false)
    budget.hold(holder('e'), 60, false)
    expect(closed).toEqual(['a', 'b', 'c'].map((name) => `${name} maxQueuedRequestBytes`))
    expect(counters.queuedRequestBytes).toBe(85)
  })

  test('whoever has got on counts as having come last, and whoever only holds more does not', () => {
    const { budget, closed, holder } = budgetOf(100)
    const [a, b] = [holder('a'), holder('b')]
    budget.hold(a, 30, false)
    budget.hold(b, 30, false)
    budget.hold(a, 30, true)
    budget.hold(b, 40, false)
    budget.hold(a, 70, false)
    expect(closed).toEqual(['b maxQueuedRequestBytes'])
  })

  test('who holds little is left alone, however long it has: closing it would make no room', () => {
    const { budget, closed, holder } = budgetOf(100)
    budget.hold(holder('heartbeat'), 2, false)
    for (const name of ['a', 'b', 'c']) budget.hold(holder(name), 30, false)
    budget.hold(holder('d'), 30, false)
    budget.hold(holder('e'), 30, false)
    expect(closed).toEqual(['a', 'b'].map((name) => `${name} maxQueuedRequestBytes`))
  })

  test('however many there are that hold next to nothing', () => {
    const { budget, closed, holder } = budgetOf(100_000)
    for (let tiny = 0; tiny < 2_000; tiny++) budget.hold(holder('tiny'), 3, false)
    budget.hold(holder('broker'), 500, false)
    for (let large = 0; large < 12; large++) budget.hold(holder(`large-${large}`), 10_000, false)
    expect(closed).toEqual(['large-0', 'large-1', 'large-2'].map((name) => `${name} maxQueuedRequestBytes`))
  })

  test('one that holds too much all by itself is closed', () => {
    const { budget, counters, closed, holder } = budgetOf(100)
    budget.hold(holder('a'), 101, false)
    expect(closed).toEqual(['a maxQueuedRequestBytes'])
    expect(counters.queuedRequestBytes).toBe(0)
  })

  test('letting go twice is letting go once', () => {
    const { budget, counters, holder } = budgetOf(100)
    const a = holder('a')
    budget.hold(a, 50, false)
    budget.hold(a, 0, false)
    budget.hold(a, 0, true)
    expect(counters.queuedRequestBytes).toBe(0)
  })
})
