import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { BrokerQueue } from '../../src/routeinfo/broker-queue.ts'

const BROKER = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1' }

/** Acquires positions for one broker name; `started` names those that are ready, in order. */
function acquire(queue: BrokerQueue, names: readonly string[]) {
  const started: string[] = []
  const positions = names.map((name) => {
    const position = queue.acquire('broker-a')
    void Promise.resolve(position.ready).then(() => started.push(name))
    return position
  })
  return { started, positions }
}

describe('a position in the queue of a broker name', () => {
  test('is ready when all before it are released, and the first one at once', async () => {
    const { started, positions } = acquire(new BrokerQueue(), ['first', 'second', 'third'])
    await nextTurn()
    expect(positions[0]?.ready).toBeUndefined()
    expect(started).toEqual(['first'])
    positions[0]?.release()
    await nextTurn()
    expect(started).toEqual(['first', 'second'])
    positions[1]?.release()
    positions[2]?.release()
    await nextTurn()
    expect(started).toEqual(['first', 'second', 'third'])
  })

  test('is not overtaken when one before it is released early, neither by one that waits nor by one that comes later', async () => {
    const queue = new BrokerQueue()
    const { started, positions } = acquire(queue, ['long', 'broken', 'waiting'])
    positions[1]?.release()
    const late = queue.acquire('broker-a')
    expect(late.ready).toBeDefined()
    await nextTurn()
    expect(started).toEqual(['long'])
    positions[0]?.release()
    await nextTurn()
    expect(started).toEqual(['long', 'waiting'])
    positions[2]?.release()
    await late.ready
    late.release()
    expect(queue.acquire('broker-a').ready).toBeUndefined()
  })

  test('does not wait for another name', () => {
    const queue = new BrokerQueue()
    queue.acquire('broker-a')
    expect(queue.acquire('broker-b').ready).toBeUndefined()
  })
})

describe('a broker in the queue', () => {
  test('is registering until the last of its registrations is released', () => {
    const queue = new BrokerQueue()
    const first = queue.acquire('broker-a', BROKER)
    const second = queue.acquire('broker-a', BROKER)
    expect([queue.isRegistering(BROKER), queue.registering]).toEqual([true, 1])
    first.release()
    expect(queue.isRegistering(BROKER)).toBe(true)
    second.release()
    expect([queue.isRegistering(BROKER), queue.registering]).toEqual([false, 0])
  })

  test('is not registering if it only leaves, or if another address of its name registers', () => {
    const queue = new BrokerQueue()
    queue.acquire('broker-a', BROKER)
    queue.acquire('broker-b')
    expect(queue.isRegistering({ clusterName: 'C', brokerAddr: 'a:2' })).toBe(false)
    expect(queue.registering).toBe(1)
  })

  test('gets arrival numbers that grow', () => {
    const queue = new BrokerQueue()
    expect(queue.nextGeneration()).toBeLessThan(queue.nextGeneration())
  })
})
