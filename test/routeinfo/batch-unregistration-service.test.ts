import { describe, expect, test } from 'vitest'
import { BatchUnregistrationService } from '../../src/routeinfo/batch-unregistration-service.ts'
import { BrokerArrivals } from '../../src/routeinfo/broker-arrivals.ts'
import { EncodedRouteCache } from '../../src/routeinfo/encoded-route-cache.ts'
import { LockedRouteTables } from '../../src/routeinfo/locked-route-tables.ts'
import { ReadWriteLock } from '../../src/routeinfo/read-write-lock.ts'
import type { RouteEvent } from '../../src/routeinfo/route-event.ts'
import { finestSlicer, ManualTurns } from './support.ts'

/** Empty tables that somebody reads for a while, and the removals that wait for it. */
function whileSomebodyReads(capacity: number) {
  const turns = new ManualTurns()
  const effects: RouteEvent[] = []
  const lock = new ReadWriteLock(finestSlicer(turns), 10)
  const routes = new LockedRouteTables(lock, new EncodedRouteCache(0), (effect) => effects.push(effect))
  const read = routes.readInSlices(function* () {
    for (let step = 0; step < 1_000; step++) yield
  })
  /** Of whom the tables were told to let go, in order. */
  const told = (): string[] =>
    effects.flatMap((effect) => (effect.kind === 'removal fenced' ? effect.broker.brokerName : []))
  return {
    batch: new BatchUnregistrationService(routes, new BrokerArrivals(), capacity),
    routes,
    turns,
    read,
    told,
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
  test('are applied at once where nobody holds the lock', async () => {
    const { batch, turns, read, told } = whileSomebodyReads(10)
    await turns.until(read)
    batch.submit(removalOf('broker-a'))
    expect(told()).toEqual(['broker-a'])
  })

  test('wait for who holds the lock, and go in one batch in the order in which they came', async () => {
    const { batch, routes, turns, told } = whileSomebodyReads(10)
    batch.submit(removalOf('broker-a'))
    batch.submitAll([removalOf('broker-b'), removalOf('broker-c')])
    expect([routes.waiting, told()]).toEqual([1, []])
    await turns.all()
    expect([routes.waiting, told()]).toEqual([0, ['broker-a', 'broker-b', 'broker-c']])
  })

  test('that brokers ask for are refused when as many wait as may; what the server decides is taken, and so are more later', async () => {
    const { batch, turns, told } = whileSomebodyReads(2)
    expect(batch.submit(removalOf('broker-a'))).toBe(true)
    expect(batch.submit(removalOf('broker-b'))).toBe(true)
    expect(batch.submit(removalOf('broker-c'))).toBe(false)
    batch.submitAll([removalOf('broker-d')])
    await turns.all()
    expect(told()).toEqual(['broker-a', 'broker-b', 'broker-d'])
    expect(batch.submit(removalOf('broker-e'))).toBe(true)
  })
})
