import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ArrivalOrder } from '../../src/routeinfo/arrival-order.ts'

/** Whose turn has come, in order. */
function queue(order: ArrivalOrder, names: readonly string[]) {
  const turns: string[] = []
  const places = names.map((name) => {
    const place = order.arrive('broker-a')
    void Promise.resolve(place.turn).then(() => turns.push(name))
    return place
  })
  return { turns, places }
}

describe('what concerns one name', () => {
  test('has its turn when everything before it has left, and the first one at once', async () => {
    const order = new ArrivalOrder()
    const { turns, places } = queue(order, ['first', 'second', 'third'])
    await nextTurn()
    expect(places[0]?.turn).toBeUndefined()
    expect(turns).toEqual(['first'])
    places[0]?.leave()
    await nextTurn()
    expect(turns).toEqual(['first', 'second'])
    places[1]?.leave()
    places[2]?.leave()
    await nextTurn()
    expect(turns).toEqual(['first', 'second', 'third'])
    expect(order.size).toBe(0)
  })

  test('is not overtaken because one in the middle gave up early, neither by one that waits nor by one that comes later', async () => {
    const order = new ArrivalOrder()
    const { turns, places } = queue(order, ['long', 'broken', 'waiting'])
    places[1]?.leave()
    const late = order.arrive('broker-a')
    expect(late.turn).toBeDefined()
    await nextTurn()
    expect(turns).toEqual(['long'])
    places[0]?.leave()
    await nextTurn()
    expect(turns).toEqual(['long', 'broken', 'waiting'])
    places[2]?.leave()
    late.leave()
    await nextTurn()
    expect(order.size).toBe(0)
  })

  test('waits for nothing of another name', () => {
    const order = new ArrivalOrder()
    order.arrive('broker-a')
    expect(order.arrive('broker-b').turn).toBeUndefined()
  })
})
