import { describe, expect, test } from 'vitest'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import type { TableLimits } from '../../src/routeinfo/table-limits.ts'
import {
  type FakeChannel,
  managerWith,
  openChannel,
  PLAIN_VARIANT,
  registration,
  topicTable,
} from './route-helpers.ts'

const refusal = (limit: string): Error =>
  expect.objectContaining({ name: 'LimitError', busy: false, limit }) as unknown as Error

class World {
  readonly channel: FakeChannel = openChannel(1)
  readonly manager: RouteInfoManager
  #generation = 0

  constructor(limits: Partial<TableLimits>) {
    const all = { maxBrokers: 100, maxTopics: 100, ...limits }
    this.manager = managerWith('whole', { limits: all }).manager
  }

  register(
    topics: readonly string[],
    given: Partial<Parameters<typeof registration>[0]> = {},
    deleteMissingTopics = false,
  ): unknown {
    const topicConfigTable = topicTable(topics)
    const dataVersion = { counter: BigInt(this.#generation), stateVersion: 0n, timestamp: 1n }
    const generation = ++this.#generation
    return this.manager.registerBroker(
      registration({ topicConfigTable, dataVersion, ...given, generation }),
      deleteMissingTopics,
      this.channel,
    )
  }

  topics(): unknown {
    return this.manager.getTopicList(this.channel)
  }

  cluster(): string {
    return `${this.manager.encodedClusterInfo(this.channel)}`
  }
}

const BROKER_B = { brokerName: 'broker-b', brokerAddr: 'b:1' }

describe('maxTopics', () => {
  test('accepts a registration up to the limit and rejects one beyond as a whole, without changing the tables', () => {
    const world = new World({ maxTopics: 3 })
    world.register(['T1', 'T2', 'T3'])
    world.register(['T1', 'T2'], BROKER_B)
    const before = [world.topics(), world.cluster(), `${world.manager.encodedRoute('T1', PLAIN_VARIANT)}`]
    const newcomer = { brokerName: 'broker-c', brokerAddr: 'c:1' }
    expect(() => world.register(['T1', 'T4'], newcomer)).toThrow(refusal('maxTopics'))
    expect(() => world.register(['T1', 'T4'], newcomer)).toThrow(
      'maxTopics (3) exceeded: there would be 4 topics',
    )
    expect([world.topics(), world.cluster(), `${world.manager.encodedRoute('T1', PLAIN_VARIANT)}`]).toEqual(
      before,
    )
    expect(world.manager.encodedRoute('T4', PLAIN_VARIANT)).toBeNull()
    expect(world.topics()).toEqual(['T1', 'T2', 'T3'])
  })

  test('lets a live broker that registers too many topics keep those it has', () => {
    const world = new World({ maxTopics: 2 })
    world.register(['T1', 'T2'], { heartbeatTimeoutMs: 100, nowMs: 0 })
    expect(() => world.register(['T1', 'T2', 'T3'], { nowMs: 90 })).toThrow(refusal('maxTopics'))
    expect(world.manager.scanNotActiveBroker(150)).toEqual([])
    expect(world.manager.scanNotActiveBroker(191)).toHaveLength(1)
    expect(world.topics()).toEqual(['T1', 'T2'])
  })

  test('does not count topics that the registration removes', () => {
    const world = new World({ maxTopics: 3 })
    world.register(['T1', 'T2', 'T3'])
    world.register(['T1', 'T4', 'T5'], {}, true)
    expect(world.topics()).toEqual(['T1', 'T4', 'T5'])
    // What another one has as well stays.
    world.register(['T1', 'T5'], BROKER_B)
    expect(() => world.register(['T4', 'T6', 'T7'], {}, true)).toThrow(refusal('maxTopics'))
    expect(world.topics()).toEqual(['T1', 'T4', 'T5'])
  })

  test('does not count topics of a 4.x slave, which are ignored', () => {
    const world = new World({ maxTopics: 2 })
    world.register(['T1', 'T2'])
    const slave = { brokerId: 1n, brokerAddr: 'a:2', enableActingMaster: null }
    expect(world.register(['T1', 'T2', 'T3', 'T4'], slave)).toMatchObject({ result: expect.anything() })
    expect(world.topics()).toEqual(['T1', 'T2'])
  })

  test('applies to a topic registered by itself (217), unless it is known', () => {
    const world = new World({ maxTopics: 2 })
    world.register(['T1', 'T2'])
    const queues = [{ brokerName: 'broker-a', readQueueNums: 1, writeQueueNums: 1, perm: 6, topicSysFlag: 0 }]
    expect(() => world.manager.registerTopic('T3', queues, world.channel)).toThrow(refusal('maxTopics'))
    void world.manager.registerTopic('T1', queues, world.channel)
    expect(`${world.manager.encodedRoute('T1', PLAIN_VARIANT)}`).toContain('"readQueueNums":1')
    expect(world.topics()).toEqual(['T1', 'T2'])
  })

  test('counts in slices', async () => {
    const { manager, turns } = managerWith('finest', { limits: { maxBrokers: 10, maxTopics: 300 } })
    const names = Array.from({ length: 301 }, (_, index) => `T${index}`)
    const big = registration({ generation: 1, topicConfigTable: topicTable(names) })
    const refused = expect(manager.registerBroker(big, false, openChannel(1))).rejects.toThrow(
      refusal('maxTopics'),
    )
    expect(await turns.all()).toBeGreaterThan(1)
    await refused
    expect(manager.tableSizes.topicQueueTable).toBe(0)
    await turns.until(
      manager.registerBroker({ ...big, topicConfigTable: topicTable(names.slice(1)) }, false, openChannel(1)),
    )
    expect(manager.tableSizes.topicQueueTable).toBe(300)
  })
})

test('a registration under another name counts without the topics that leave with the former one, and changes nothing if it is rejected', () => {
  const world = new World({ maxTopics: 3 })
  world.register(['broker-a', 'T1', 'T2'])
  world.register(['broker-c', 'T1', 'T2'], { brokerName: 'broker-c' })
  expect(world.topics()).toEqual(['broker-c', 'T1', 'T2'])
  const before = [world.topics(), world.cluster()]
  const more = ['broker-d', 'T1', 'T2', 'T3']
  expect(() => world.register(more, { brokerName: 'broker-d' })).toThrow(refusal('maxTopics'))
  expect([world.topics(), world.cluster()]).toEqual(before)
})

describe('maxBrokers', () => {
  test('rejects one broker more as a whole, while live ones register again and one that left makes room', () => {
    const world = new World({ maxBrokers: 2 })
    world.register(['T1', 'T2'])
    world.register(['T1', 'T2'], BROKER_B)
    const before = [world.topics(), world.cluster()]
    const third = { brokerName: 'broker-c', brokerAddr: 'c:1' }
    expect(() => world.register(['T1', 'T9'], third)).toThrow(refusal('maxBrokers'))
    expect([world.topics(), world.cluster()]).toEqual(before)
    world.register(['T1', 'T3'], BROKER_B)
    expect(world.manager.tableSizes.brokerLiveTable).toBe(2)
    world.manager.submitUnRegisterBrokerRequest({
      clusterName: 'C',
      brokerName: 'broker-a',
      brokerAddr: 'a:1',
      brokerId: 0n,
      reason: 'request',
      generation: world.manager.queue.nextGeneration(),
    })
    world.register(['T1', 'T9'], third)
    expect(world.cluster()).toContain('c:1')
  })

  test('counts a broker that registers under another name once', () => {
    const world = new World({ maxBrokers: 2 })
    world.register(['T1', 'T2'])
    world.register(['T1', 'T2'], BROKER_B)
    world.register(['T1', 'T9'], { brokerName: 'broker-c' })
    expect(world.cluster()).toContain('"broker-c":{"brokerAddrs":{0:"a:1"}')
    expect(world.cluster()).not.toContain('broker-a')
    expect(() => world.register(['T1', 'T2'], { brokerName: 'broker-d', brokerAddr: 'd:1' })).toThrow(
      refusal('maxBrokers'),
    )
  })

  test('is not exhausted by names of registrations that were rejected for their single topic', () => {
    const world = new World({ maxBrokers: 3 })
    const attempt = (index: number): unknown =>
      world.register(['T1'], {
        brokerName: `broker-${index}`,
        brokerAddr: `x:${index}`,
        nowMs: index * 1_000,
      })
    for (const index of [1, 2, 3, 4, 5]) expect(attempt(index)).toMatchObject({ result: null })
    expect(world.cluster()).toContain('broker-5')
    expect(world.cluster()).not.toContain('broker-3')
    for (const index of [6, 7, 8]) {
      const nowMs = index * 1_000
      world.register(['T1', 'T2'], { brokerName: `broker-${index}`, brokerAddr: `x:${index}`, nowMs })
    }
    expect(world.manager.tableSizes.brokerLiveTable).toBe(3)
    expect(() => attempt(9)).toThrow(refusal('maxBrokers'))
  })

  test('is not exhausted by invented clusters', () => {
    const world = new World({ maxBrokers: 3 })
    const attempt = (index: number, topics = ['T1']): unknown =>
      world.register(topics, { clusterName: `C${index}` })
    for (const index of [1, 2, 3, 4]) attempt(index)
    expect(world.cluster()).not.toContain('C3')
    for (const index of [5, 6]) attempt(index, ['T1', 'T2'])
    expect(() => attempt(7, ['T1', 'T2'])).toThrow(refusal('maxBrokers'))
    expect(world.cluster()).not.toContain('C7')
  })

  test('limits the filter servers of ignored registrations', async () => {
    const world = new World({ maxBrokers: 5 })
    const leader = { dataVersion: { counter: 1n, stateVersion: 9n, timestamp: 1n } }
    world.register(['T1', 'T2'], leader)
    for (let index = 0; index < 100; index++) {
      const other = { brokerAddr: `x:${index}`, filterServerList: ['f:1'] }
      world.register(['T1', 'T2'], { ...other, brokerId: 1n })
      world.register(['T1', 'T2'], other)
    }
    expect(world.manager.tableSizes.brokerLiveTable).toBe(1)
    expect([...(await world.manager.snapshot(0)).text].join('')).not.toContain('"filters"')
  })
})
