import { describe, expect, test } from 'vitest'
import { BatchUnregistrationService } from '../../src/routeinfo/batch-unregistration-service.ts'
import { BrokerQueue } from '../../src/routeinfo/broker-queue.ts'
import { EncodedRouteCache } from '../../src/routeinfo/encoded-route-cache.ts'
import { LockedRouteTables } from '../../src/routeinfo/locked-route-tables.ts'
import { ReadWriteLock } from '../../src/routeinfo/read-write-lock.ts'
import type { RouteEvent } from '../../src/routeinfo/route-changes.ts'
import { finestSlicer, ManualTurns } from './route-helpers.ts'

/** Empty tables with a long read under way, and the removals that wait for it. */
function duringLongRead(capacity: number) {
  const turns = new ManualTurns()
  const effects: RouteEvent[] = []
  const lock = new ReadWriteLock(10)
  const cache = new EncodedRouteCache(0)
  const routes = new LockedRouteTables(lock, finestSlicer(turns), cache, (effect) => effects.push(effect))
  const read = routes.read(function* () {
    for (let step = 0; step < 1_000; step++) yield
  })
  /** The brokers whose removal reached the tables, in order. */
  const removed = (): string[] =>
    effects.flatMap((effect) => (effect.kind === 'removal fenced' ? effect.broker.brokerName : []))
  return {
    batch: new BatchUnregistrationService(routes, new BrokerQueue(), capacity),
    routes,
    turns,
    read,
    removed,
  }
}

// The tables know none of them, so each removal shows as one that is fenced.
const removalOf = (brokerName: string) => ({
  clusterName: 'C',
  brokerName,
  brokerAddr: `${brokerName}:1`,
  brokerId: null,
  reason: 'expired' as const,
  generation: 1,
})

describe('removals of brokers', () => {
  test('are applied at once if the lock is free', async () => {
    const { batch, turns, read, removed } = duringLongRead(10)
    await turns.until(read)
    batch.submit(removalOf('broker-a'))
    expect(removed()).toEqual(['broker-a'])
  })

  test('wait for the lock and are applied in one batch, in order of arrival', async () => {
    const { batch, routes, turns, removed } = duringLongRead(10)
    batch.submit(removalOf('broker-a'))
    batch.submitAll([removalOf('broker-b'), removalOf('broker-c')])
    expect([routes.lock.waiting, removed()]).toEqual([1, []])
    await turns.all()
    expect([routes.lock.waiting, removed()]).toEqual([0, ['broker-a', 'broker-b', 'broker-c']])
  })

  test('that brokers request are rejected when the queue is full, and those of the server are not', async () => {
    const { batch, turns, removed } = duringLongRead(2)
    expect(batch.submit(removalOf('broker-a'))).toBe(true)
    expect(batch.submit(removalOf('broker-b'))).toBe(true)
    expect(batch.submit(removalOf('broker-c'))).toBe(false)
    batch.submitAll([removalOf('broker-d')])
    await turns.all()
    expect(removed()).toEqual(['broker-a', 'broker-b', 'broker-d'])
    expect(batch.submit(removalOf('broker-e'))).toBe(true)
  })

  test('that the server decides leave room for those that brokers request', () => {
    const { batch } = duringLongRead(2)
    batch.submitAll(['broker-a', 'broker-b', 'broker-c'].map(removalOf))
    expect(batch.submit(removalOf('broker-d'))).toBe(true)
  })
})
