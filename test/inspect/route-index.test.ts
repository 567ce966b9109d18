import { describe, expect, test } from 'vitest'
import { RouteIndexCache } from '../../src/inspect/route-index.ts'
import {
  finestSlicer,
  ManualTurns,
  managerWith,
  openChannel,
  registration,
  topicTable,
} from '../routeinfo/route-helpers.ts'

const owner = openChannel(1)

/** Tables whose every slice is as short as it can be, and the index of them. */
function world() {
  const { manager, turns } = managerWith('finest')
  const sorting = new ManualTurns()
  const cache = new RouteIndexCache(manager, finestSlicer(sorting))
  const register = (brokerName: string, topics: readonly string[], clusterName = 'C') => {
    const generation = manager.queue.nextGeneration()
    const given = { generation, brokerName, brokerAddr: `${brokerName}:1`, clusterName }
    return turns.until(
      manager.registerBroker(registration({ ...given, topicConfigTable: topicTable(topics) }), false, owner),
    )
  }
  /** Goes on until an index is there. @returns It, and how many turns that took. */
  const finished = async <Result>(work: Promise<Result>): Promise<{ result: Result; turns: number }> => {
    let [isOver, count] = [false, 0]
    void work.finally(() => {
      isOver = true
    })
    for (; !isOver; count++) {
      await turns.next()
      await sorting.next()
    }
    return { result: await work, turns: count }
  }
  return { manager, cache, register, finished, turns, sorting }
}

describe('The index of routes', () => {
  test('counts the topics of brokers and clusters, each topic once', async () => {
    const { cache, register, finished } = world()
    await register('b', ['y', 'x'])
    await register('a', ['x', 'z'])
    await register('c', ['x', 'w'], 'D')
    const { result } = await finished(cache.get())
    expect(result).toMatchObject({
      topics: ['w', 'x', 'y', 'z'],
      brokerNames: ['a', 'b', 'c'],
      clusters: ['C', 'D'],
      clustersOfBroker: new Map([
        ['b', ['C']],
        ['a', ['C']],
        ['c', ['D']],
      ]),
      topicsOfBroker: new Map([
        ['b', 2],
        ['a', 2],
        ['c', 2],
      ]),
      topicsOfCluster: new Map([
        ['C', 3],
        ['D', 2],
      ]),
    })
  })

  test('is kept until the routes change', async () => {
    const { cache, register, finished } = world()
    await register('a', ['x', 'y'])
    const first = await finished(cache.get())
    expect((await finished(cache.get())).result).toBe(first.result)
    await register('b', ['z', 'x'])
    expect((await finished(cache.get())).result.topics).toEqual(['x', 'y', 'z'])
  })

  test('of changed queues has the topics sorted before', async () => {
    const { manager, cache, register, finished, turns } = world()
    await register('a', ['y', 'x'])
    const first = await finished(cache.get())
    await turns.until(manager.setWritePerm('a', 'wipe', owner))
    const second = await finished(cache.get())
    expect(second.result).not.toBe(first.result)
    expect(second.result.topics).toBe(first.result.topics)
  })

  test('that is asked for while an older one is built has the change before the question', async () => {
    const { cache, register, finished, turns, sorting } = world()
    await register(
      'a',
      Array.from({ length: 5_000 }, (_, index) => `t${index}`),
    )
    const older = cache.get()
    // Its walk is over when it sorts.
    while (sorting.waiting === 0) await turns.next()
    await register('b', ['new', 'other'])
    const { result } = await finished(Promise.all([older, cache.get()]))
    expect(result[0].topics).not.toContain('new')
    expect(result[1].topics).toContain('new')
  })

  test('of 5,000 topics is built in many turns', async () => {
    const { cache, register, finished } = world()
    await register(
      'a',
      Array.from({ length: 5_000 }, (_, index) => `t${index}`),
    )
    const { result, turns } = await finished(cache.get())
    expect(result.topics.length).toBe(5_000)
    expect(turns).toBeGreaterThan(10)
  })
})
