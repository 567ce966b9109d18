import { describe, expect, test } from 'vitest'
import {
  ConnectionMemoryLimit,
  type LimitedConnection,
} from '../../src/remoting/server/connection-memory-limit.ts'
import { Counters } from '../../src/stats/counters.ts'

function memoryOf(maxBytes: number): {
  memory: ConnectionMemoryLimit
  counters: Counters
  closed: string[]
  connection: (name: string) => LimitedConnection
} {
  const counters = new Counters()
  const closed: string[] = []
  const connection = (name: string): LimitedConnection => ({
    evict: ({ limit }) => closed.push(`${name} ${limit}`),
  })
  return {
    memory: new ConnectionMemoryLimit('maxQueuedRequestBytes', maxBytes, counters),
    counters,
    closed,
    connection,
  }
}

describe('the memory that all connections hold together', () => {
  test('may reach the limit; one byte more closes the connection that has gone longest without progress', () => {
    const { memory, counters, closed, connection } = memoryOf(100)
    const [a, b, c] = [connection('a'), connection('b'), connection('c')]
    memory.report(a, 40, false)
    memory.report(b, 40, false)
    memory.report(c, 20, false)
    expect(closed).toEqual([])
    memory.report(c, 21, false)
    expect(closed).toEqual(['a maxQueuedRequestBytes'])
    expect(counters.queuedRequestBytes).toBe(61)
  })

  test('closes several connections if one does not free enough', () => {
    const { memory, counters, closed, connection } = memoryOf(100)
    for (const name of ['a', 'b', 'c', 'd']) memory.report(connection(name), 25, false)
    memory.report(connection('e'), 60, false)
    expect(closed).toEqual(['a', 'b', 'c'].map((name) => `${name} maxQueuedRequestBytes`))
    expect(counters.queuedRequestBytes).toBe(85)
  })

  test('a connection that made progress is closed last, one that only holds more is not', () => {
    const { memory, closed, connection } = memoryOf(100)
    const [a, b] = [connection('a'), connection('b')]
    memory.report(a, 30, false)
    memory.report(b, 30, false)
    memory.report(a, 30, true)
    memory.report(b, 40, false)
    memory.report(a, 70, false)
    expect(closed).toEqual(['b maxQueuedRequestBytes'])
  })

  test('a connection that holds little is spared, however long it has held it', () => {
    const { memory, closed, connection } = memoryOf(100)
    memory.report(connection('heartbeat'), 2, false)
    for (const name of ['a', 'b', 'c']) memory.report(connection(name), 30, false)
    memory.report(connection('d'), 30, false)
    memory.report(connection('e'), 30, false)
    expect(closed).toEqual(['a', 'b'].map((name) => `${name} maxQueuedRequestBytes`))
  })

  test('a connection that holds little is spared, however many others hold next to nothing', () => {
    const { memory, closed, connection } = memoryOf(100_000)
    for (let tiny = 0; tiny < 2_000; tiny++) memory.report(connection('tiny'), 3, false)
    memory.report(connection('broker'), 500, false)
    for (let large = 0; large < 12; large++) memory.report(connection(`large-${large}`), 10_000, false)
    expect(closed).toEqual(['large-0', 'large-1', 'large-2'].map((name) => `${name} maxQueuedRequestBytes`))
  })

  test('a connection that exceeds the limit on its own is closed', () => {
    const { memory, counters, closed, connection } = memoryOf(100)
    memory.report(connection('a'), 101, false)
    expect(closed).toEqual(['a maxQueuedRequestBytes'])
    expect(counters.queuedRequestBytes).toBe(0)
  })

  test('releasing twice counts once', () => {
    const { memory, counters, connection } = memoryOf(100)
    const a = connection('a')
    memory.report(a, 50, false)
    memory.report(a, 0, false)
    memory.report(a, 0, true)
    expect(counters.queuedRequestBytes).toBe(0)
  })
})
