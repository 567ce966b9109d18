import { describe, expect, test } from 'vitest'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import type { Eventually } from '../../src/routeinfo/slicer.ts'
import { managerWith, openChannel, PLAIN_VARIANT, registration, topicConfig, topicTable } from './support.ts'

const NAMES = Array.from({ length: 5_000 }, (_, index) => `T${index}`)
const broker = openChannel(1)
const client = openChannel(2)

const lookUp = (manager: RouteInfoManager, topic: string): Eventually<Buffer | null> =>
  manager.encodedRoute(topic, PLAIN_VARIANT, client)

/** Eight queues before, sixteen after. */
function writeQueues(route: Buffer | null): number[] {
  if (route === null) return []
  const { queueDatas } = JSON.parse(route.toString()) as { queueDatas: { writeQueueNums: number }[] }
  return queueDatas.map(({ writeQueueNums }) => writeQueueNums)
}

/** Under way: broker-a changes 5,000 topics from eight queues to sixteen. `T0` and `T4999` have been looked up before. */
async function inTheMiddleOfAChange() {
  const world = managerWith('finest')
  const { manager, turns } = world
  const first = registration({ generation: manager.nextGeneration(), topicConfigTable: topicTable(NAMES) })
  await turns.until(manager.registerBroker(first, false, broker))
  const cached = { first: await lookUp(manager, 'T0'), last: await lookUp(manager, 'T4999') }
  const changed = registration({
    generation: manager.nextGeneration(),
    dataVersion: { counter: 2n, stateVersion: 0n, timestamp: 2n },
    topicConfigTable: new Map(NAMES.map((name) => [name, topicConfig(name, { writeQueueNums: 16 })])),
  })
  const registered = manager.registerBroker(changed, false, broker)
  await turns.next()
  return { ...world, cached, registered }
}

describe('while a long registration is in its slices', () => {
  test('a route that was asked for before is served as it was, at once, until the registration commits', async () => {
    const { manager, turns, cached, registered } = await inTheMiddleOfAChange()
    let turnsBetween = 0
    while (turns.waiting > 0) {
      turnsBetween++
      expect(lookUp(manager, 'T0')).toBe(cached.first)
      expect(lookUp(manager, 'T4999')).toBe(cached.last)
      await turns.next()
    }
    await registered
    expect(turnsBetween).toBeGreaterThan(10)
    expect(writeQueues(await lookUp(manager, 'T0'))).toEqual([16])
    expect(writeQueues(await lookUp(manager, 'T4999'))).toEqual([16])
  })

  test('a route that was not asked for before is waited for, and nobody sees half of the registration', async () => {
    const { manager, turns, registered } = await inTheMiddleOfAChange()
    const waiting = ['T1', 'T2500', 'T4998'].map((topic) => lookUp(manager, topic))
    for (const route of waiting) expect(route).toBeInstanceOf(Promise)
    expect(manager.waiting).toBe(3)
    await turns.all()
    await registered
    expect((await Promise.all(waiting)).map(writeQueues)).toEqual([[16], [16], [16]])
  })

  test('a first registration is seen whole: its lookups, its topic list and its cluster wait for the end', async () => {
    const { manager, turns } = managerWith('finest')
    const first = registration({ generation: manager.nextGeneration(), topicConfigTable: topicTable(NAMES) })
    const registered = manager.registerBroker(first, false, broker)
    await turns.next()
    const routes = NAMES.map((topic) => lookUp(manager, topic))
    const topics = manager.getTopicList(client)
    const cluster = manager.getAllClusterInfo(({ brokerAddrTable }) => brokerAddrTable.size, client)
    await turns.all()
    await registered
    expect((await Promise.all(routes)).every((route) => writeQueues(route)[0] === 8)).toBe(true)
    expect(await topics).toHaveLength(5_000)
    expect(await cluster).toBe(1)
  })

  test('a topic without route waits, too, and one that is nowhere stays without', async () => {
    const { manager, turns, registered } = await inTheMiddleOfAChange()
    const nowhere = lookUp(manager, 'unknown')
    expect(nowhere).toBeInstanceOf(Promise)
    await turns.all()
    await registered
    expect(await nowhere).toBeNull()
  })

  test('a change of one topic comes after it', async () => {
    const { manager, turns, registered } = await inTheMiddleOfAChange()
    const deleted = manager.deleteTopic('T0', null, client)
    await turns.all()
    await Promise.all([registered, deleted])
    expect(await lookUp(manager, 'T0')).toBeNull()
    expect(writeQueues(await lookUp(manager, 'T1'))).toEqual([16])
  })

  test('more than so many requests are not kept waiting', async () => {
    const { manager, turns } = managerWith('finest', { maxWaiters: 1 })
    const first = registration({ generation: manager.nextGeneration(), topicConfigTable: topicTable(NAMES) })
    const registered = manager.registerBroker(first, false, broker)
    const waiting = lookUp(manager, 'T0')
    const full = expect.objectContaining({ code: 'ERR_LOCK_QUEUE_FULL' })
    expect(() => lookUp(manager, 'T1')).toThrow(full)
    await turns.all()
    await Promise.all([registered, waiting])
    expect(writeQueues(await lookUp(manager, 'T1'))).toEqual([8])
  })
})

describe('a long removal', () => {
  test('is seen whole: cached routes are served to its end, and then no topic has a route', async () => {
    const { manager, turns } = managerWith('finest')
    const first = registration({ generation: manager.nextGeneration(), topicConfigTable: topicTable(NAMES) })
    await turns.until(manager.registerBroker(first, false, broker))
    const cached = await lookUp(manager, 'T4999')
    manager.onChannelDestroy(broker.id)
    const uncached = lookUp(manager, 'T0')
    expect(uncached).toBeInstanceOf(Promise)
    expect(lookUp(manager, 'T4999')).toBe(cached)
    await turns.all()
    expect(await uncached).toBeNull()
    expect(await lookUp(manager, 'T4999')).toBeNull()
  })
})

describe('encoded routes', () => {
  test('are made once for all who ask for the same, and anew after a change of the topic alone', async () => {
    const { manager } = managerWith('whole')
    await manager.registerBroker(registration({ generation: manager.nextGeneration() }), false, broker)
    const [first, other] = [await lookUp(manager, 'T1'), await lookUp(manager, 'T2')]
    expect(await lookUp(manager, 'T1')).toBe(first)
    await manager.registerTopic(
      'T1',
      [{ brokerName: 'broker-a', readQueueNums: 1, writeQueueNums: 1, perm: 6, topicSysFlag: 0 }],
      client,
    )
    expect(writeQueues(await lookUp(manager, 'T1'))).toEqual([1])
    expect(await lookUp(manager, 'T2')).toBe(other)
  })

  test('are kept through a registration that changes nothing', async () => {
    const { manager } = managerWith('whole')
    await manager.registerBroker(registration({ generation: manager.nextGeneration() }), false, broker)
    const route = await lookUp(manager, 'T1')
    await manager.registerBroker(
      registration({ generation: manager.nextGeneration(), nowMs: 30_000 }),
      false,
      broker,
    )
    expect(await lookUp(manager, 'T1')).toBe(route)
  })

  test('follow the group: a slave that joins, and one that leaves, show in all of its topics', async () => {
    const { manager } = managerWith('whole')
    const addresses = async (): Promise<unknown> => {
      const route = await lookUp(manager, 'T1')
      return JSON.parse(`${route}`).brokerDatas[0].brokerAddrs
    }
    await manager.registerBroker(registration({ generation: manager.nextGeneration() }), false, broker)
    expect(await addresses()).toEqual({ 0: 'a:1' })
    const slave = registration({
      generation: manager.nextGeneration(),
      brokerId: 1n,
      brokerAddr: 'b:1',
      channelId: 2,
    })
    await manager.registerBroker(slave, false, client)
    expect(await addresses()).toEqual({ 0: 'a:1', 1: 'b:1' })
    manager.onChannelDestroy(2)
    expect(await addresses()).toEqual({ 0: 'a:1' })
  })
})

test('a name that is both a cluster and a broker, or in two clusters, is listed once among the system topics', async () => {
  const { manager } = managerWith('whole')
  for (const clusterName of ['twin', 'other']) {
    const generation = manager.nextGeneration()
    await manager.registerBroker(
      registration({
        clusterName,
        brokerName: 'twin',
        generation,
        topicConfigTable: topicTable(['T1', 'T2']),
      }),
      false,
      broker,
    )
  }
  const { topics } = await manager.getSystemTopicList(client)
  expect([...topics].sort()).toEqual(['other', 'twin'])
})
