import { describe, expect, test } from 'vitest'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import {
  managerWith,
  openChannel,
  PLAIN_VARIANT,
  parseClusterInfo,
  registration,
  tableOf,
  topicConfig,
  topicTable,
} from './route-helpers.ts'

const NAMES = Array.from({ length: 5_000 }, (_, index) => `T${index}`)
const broker = openChannel(1)
const client = openChannel(2)

const lookUp = (manager: RouteInfoManager, topic: string): Buffer | null =>
  manager.encodedRoute(topic, PLAIN_VARIANT)

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
  const first = registration({
    generation: manager.queue.nextGeneration(),
    topicConfigTable: topicTable(NAMES),
  })
  await turns.until(manager.registerBroker(first, false, broker))
  const cached = { first: await lookUp(manager, 'T0'), last: await lookUp(manager, 'T4999') }
  const changed = registration({
    generation: manager.queue.nextGeneration(),
    dataVersion: { counter: 2n, stateVersion: 0n, timestamp: 2n },
    topicConfigTable: tableOf(
      new Map(NAMES.map((name) => [name, topicConfig(name, { writeQueueNums: 16 })])),
    ),
  })
  const registered = manager.registerBroker(changed, false, broker)
  await turns.next()
  return { ...world, cached, registered }
}

describe('during a long registration', () => {
  test('a cached route is served at once, as it was before', async () => {
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

  test('an uncached route is served at once, as it was before', async () => {
    const { manager, turns, registered } = await inTheMiddleOfAChange()
    let asked = 1
    while (turns.waiting > 0) {
      expect(writeQueues(lookUp(manager, `T${asked}`))).toEqual([8])
      expect(writeQueues(lookUp(manager, `T${4_998 - asked++}`))).toEqual([8])
      await turns.next()
    }
    await registered
    expect(manager.waiting).toBe(0)
    for (let topic = 0; topic <= asked; topic++) {
      expect(writeQueues(lookUp(manager, `T${topic}`))).toEqual([16])
    }
  })

  test('of a new broker there is no route, and lists wait for its end', async () => {
    const { manager, turns } = managerWith('finest')
    const first = registration({
      generation: manager.queue.nextGeneration(),
      topicConfigTable: topicTable(NAMES),
    })
    const registered = manager.registerBroker(first, false, broker)
    await turns.next()
    const topics = manager.getTopicList(client)
    const cluster = manager.encodedClusterInfo(client)
    let committed = false
    const done = Promise.resolve(registered).then(() => {
      committed = true
    })
    while (!committed) {
      expect(NAMES.every((topic) => lookUp(manager, topic) === null)).toBe(true)
      await turns.next()
    }
    await turns.all()
    await done
    expect(NAMES.every((topic) => writeQueues(lookUp(manager, topic))[0] === 8)).toBe(true)
    expect(await topics).toHaveLength(5_000)
    expect(Object.keys(parseClusterInfo(await cluster).brokerAddrTable)).toEqual(['broker-a'])
  })

  test('its group, filter servers and queue mappings are not shown before its topics', async () => {
    const { manager, turns } = managerWith('finest')
    const plain = registration({
      generation: manager.queue.nextGeneration(),
      topicConfigTable: topicTable(NAMES),
    })
    await turns.until(manager.registerBroker(plain, false, broker))
    const info = {
      topic: 'T1',
      scope: '__global__',
      totalQueues: 1,
      bname: 'broker-a',
      epoch: 1n,
      dirty: false,
    }
    const moved = registration({
      generation: manager.queue.nextGeneration(),
      brokerAddr: 'elsewhere:1',
      zoneName: 'z',
      filterServerList: ['filter:1'],
      dataVersion: { counter: 2n, stateVersion: 0n, timestamp: 2n },
      topicConfigTable: tableOf(new Map(NAMES.map((name) => [name, topicConfig(name, { perm: 4 })]))),
      topicQueueMappingInfoMap: new Map([['T1', { ...info, currIdMap: new Map([[0, 0]]) }]]),
    })
    const registered = manager.registerBroker(moved, false, broker)
    let topic = 1
    while (turns.waiting > 0) {
      const route = `${lookUp(manager, `T${topic++}`)}`
      expect(route).toContain('"a:1"')
      expect(route).toContain('"perm":6')
      expect(route).not.toMatch(/elsewhere|zoneName|filter:1|topicQueueMappingByBroker/)
      await turns.next()
    }
    await registered
    expect(`${lookUp(manager, 'T1')}`).toMatch(/elsewhere:1.*"filter:1".*"perm":4.*topicQueueMappingByBroker/)
  })

  test('a change of one topic waits for its end', async () => {
    const { manager, turns, registered } = await inTheMiddleOfAChange()
    const deleted = manager.deleteTopic('T0', null, client)
    await turns.all()
    await Promise.all([registered, deleted])
    expect(await lookUp(manager, 'T0')).toBeNull()
    expect(writeQueues(await lookUp(manager, 'T1'))).toEqual([16])
  })

  test('requests beyond maxWaiters are rejected', async () => {
    const { manager, turns } = managerWith('finest', { maxWaiters: 1 })
    const first = registration({
      generation: manager.queue.nextGeneration(),
      topicConfigTable: topicTable(NAMES),
    })
    const registered = manager.registerBroker(first, false, broker)
    const waiting = manager.getTopicList(client)
    const full = expect.objectContaining({ limit: 'maxWaitingRequests', busy: true })
    expect(() => manager.getTopicList(client)).toThrow(full)
    await turns.all()
    await Promise.all([registered, waiting])
    expect(writeQueues(await lookUp(manager, 'T1'))).toEqual([8])
  })
})

describe('a long removal', () => {
  test('is atomic: routes are served to its end, cached or not, and then no topic has one', async () => {
    const { manager, turns } = managerWith('finest')
    const first = registration({
      generation: manager.queue.nextGeneration(),
      topicConfigTable: topicTable(NAMES),
    })
    await turns.until(manager.registerBroker(first, false, broker))
    const cached = await lookUp(manager, 'T4999')
    manager.onChannelsDestroy([broker.id])
    let topic = 0
    while (turns.waiting > 0) {
      expect(writeQueues(lookUp(manager, `T${topic++}`))).toEqual([8])
      expect(lookUp(manager, 'T4999')).toBe(cached)
      await turns.next()
    }
    expect(topic).toBeGreaterThan(10)
    expect(lookUp(manager, 'T0')).toBeNull()
    expect(await lookUp(manager, 'T4999')).toBeNull()
  })
})

describe('a registration under another name from the same address', () => {
  test('is atomic: routes have the former name to its end, and then the new one alone', async () => {
    const { manager, turns } = managerWith('finest')
    const register = (brokerName: string, topics: readonly string[]) =>
      manager.registerBroker(
        registration({
          brokerName,
          topicConfigTable: topicTable(topics),
          generation: manager.queue.nextGeneration(),
        }),
        false,
        broker,
      )
    await turns.until(register('former', NAMES))
    const cached = lookUp(manager, 'T4999')
    const renamed = register('newest', ['New', 'T4999'])
    let topic = 0
    while (turns.waiting > 0) {
      expect(writeQueues(lookUp(manager, `T${topic++}`))).toEqual([8])
      expect(lookUp(manager, 'T4999')).toBe(cached)
      expect(lookUp(manager, 'New')).toBeNull()
      await turns.next()
    }
    await renamed
    expect(topic).toBeGreaterThan(10)
    expect(lookUp(manager, 'T0')).toBeNull()
    for (const name of ['New', 'T4999'])
      expect(JSON.parse(`${lookUp(manager, name)}`)).toMatchObject({
        queueDatas: [{ brokerName: 'newest' }],
        brokerDatas: [{ brokerName: 'newest' }],
      })
  })
})

describe('encoded routes', () => {
  test('are encoded once, and again after a change of their topic', async () => {
    const { manager } = managerWith('whole')
    await manager.registerBroker(registration({ generation: manager.queue.nextGeneration() }), false, broker)
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
    await manager.registerBroker(registration({ generation: manager.queue.nextGeneration() }), false, broker)
    const route = await lookUp(manager, 'T1')
    await manager.registerBroker(
      registration({ generation: manager.queue.nextGeneration(), nowMs: 30_000 }),
      false,
      broker,
    )
    expect(await lookUp(manager, 'T1')).toBe(route)
  })

  test('show a slave that joins or leaves in all topics of its group', async () => {
    const { manager } = managerWith('whole')
    const addresses = async (): Promise<unknown> => {
      const route = await lookUp(manager, 'T1')
      return JSON.parse(`${route}`).brokerDatas[0].brokerAddrs
    }
    await manager.registerBroker(registration({ generation: manager.queue.nextGeneration() }), false, broker)
    expect(await addresses()).toEqual({ 0: 'a:1' })
    const slave = registration({
      generation: manager.queue.nextGeneration(),
      brokerId: 1n,
      brokerAddr: 'b:1',
      channelId: 2,
    })
    await manager.registerBroker(slave, false, client)
    expect(await addresses()).toEqual({ 0: 'a:1', 1: 'b:1' })
    manager.onChannelsDestroy([2])
    expect(await addresses()).toEqual({ 0: 'a:1' })
  })
})

test('the list of system topics has a name once that is both a cluster and a broker, or in two clusters', async () => {
  const { manager } = managerWith('whole')
  for (const clusterName of ['twin', 'other']) {
    const generation = manager.queue.nextGeneration()
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
