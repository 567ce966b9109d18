import { describe, expect, test } from 'vitest'
import type { Registration } from '../../src/routeinfo/registration.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import {
  type FakeChannel,
  managerWith,
  openChannel,
  parseClusterInfo,
  registration,
  topicTable,
} from './route-helpers.ts'

const TIMEOUT_MS = 120_000
const MANY_TOPICS = topicTable(Array.from({ length: 1_000 }, (_, index) => `T${index}`))
/** A broker whose registration takes many slices. */
const ANOTHER = { brokerName: 'broker-b', brokerAddr: 'b:1', topicConfigTable: MANY_TOPICS }
const reader = openChannel(99)
const BROKER = { clusterName: 'C', brokerName: 'broker-a', brokerId: 0n, brokerAddr: 'a:1' }

/** Registers over a connection, numbered by the manager at this moment. */
function register(manager: RouteInfoManager, channel: FakeChannel, given: Partial<Registration> = {}) {
  const generation = manager.queue.nextGeneration()
  return manager.registerBroker(registration({ generation, channelId: channel.id, ...given }), false, channel)
}

function close(manager: RouteInfoManager, channel: FakeChannel): void {
  channel.closed = true
  manager.onChannelsDestroy([channel.id])
}

function leaving(generation: number, given: { brokerAddr?: string } = {}) {
  const { clusterName, brokerName, brokerAddr, brokerId } = registration({ generation, ...given })
  return { clusterName, brokerName, brokerAddr, brokerId, reason: 'request' as const, generation }
}

async function addressesOf(manager: RouteInfoManager, brokerName = 'broker-a') {
  return Object.fromEntries(await manager.getBrokerMemberGroup(brokerName, reader))
}

describe('a broker that registered again is not removed by', () => {
  test('a request to leave that is older than the registration', async () => {
    const { manager, effects } = managerWith('whole')
    const older = manager.queue.nextGeneration()
    await register(manager, openChannel(1))
    expect(manager.submitUnRegisterBrokerRequest(leaving(older))).toBe(true)
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
    expect(effects.map(({ kind }) => kind)).toEqual(['broker registered', 'removal fenced'])
  })

  test('a request to leave that comes while a long registration is in its slices, after that one', async () => {
    const { manager, turns } = managerWith('finest')
    const registered = register(manager, openChannel(1), { topicConfigTable: MANY_TOPICS })
    manager.submitUnRegisterBrokerRequest(leaving(manager.queue.nextGeneration()))
    await turns.all()
    await registered
    expect(await addressesOf(manager)).toEqual({})
    expect(await manager.getTopicList(reader)).toEqual([])
  })

  test('a request to leave that waits for the lock, before a registration that waits behind it', async () => {
    const { manager, turns } = managerWith('finest')
    await register(manager, openChannel(1))
    const other = register(manager, openChannel(2), ANOTHER)
    manager.submitUnRegisterBrokerRequest(leaving(manager.queue.nextGeneration()))
    const again = register(manager, openChannel(3))
    await turns.all()
    await Promise.all([other, again])
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
    expect(await turns.until(manager.getTopicList(reader))).toContain('T1')
  })

  test('the loss of the old connection while the registration over the new one is in its slices', async () => {
    const { manager, turns, effects } = managerWith('finest')
    const old = openChannel(1)
    await register(manager, old)
    const again = register(manager, openChannel(2), { topicConfigTable: MANY_TOPICS })
    await turns.next()
    expect(turns.waiting).toBe(1)
    close(manager, old)
    await turns.all()
    await again
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
    expect(await turns.until(manager.getTopicList(reader))).toHaveLength(1_000)
    const kinds = effects.map(({ kind }) => kind)
    expect(kinds).toEqual(['broker registered', 'topics changed', 'removal fenced'])
  })

  test('the loss of the old connection, after the registration over the new one', async () => {
    const { manager } = managerWith('whole')
    const old = openChannel(1)
    await register(manager, old)
    await register(manager, openChannel(2))
    close(manager, old)
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
  })

  test('an eviction that waits for the long registration of the same broker', async () => {
    const { manager, turns } = managerWith('finest')
    const channel = openChannel(1)
    await register(manager, channel)
    const nowMs = TIMEOUT_MS + 1
    const again = register(manager, channel, { topicConfigTable: MANY_TOPICS, nowMs })
    const silent = manager.scanNotActiveBroker(nowMs)
    expect(silent.map(({ brokerAddr }) => brokerAddr)).toEqual(['a:1'])
    manager.evict(silent)
    await turns.all()
    await again
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
  })
})

test('a registration that is applied after a later one from the same address, under another name, does nothing', async () => {
  const { manager } = managerWith('whole')
  const earlier = manager.queue.nextGeneration()
  await register(manager, openChannel(2), { brokerName: 'newest' })
  expect(await register(manager, openChannel(1), { generation: earlier })).toEqual({
    result: { masterAddr: null, haServerAddr: null },
  })
  expect(await addressesOf(manager, 'newest')).toEqual({ 0: 'a:1' })
  const cluster = parseClusterInfo(await manager.encodedClusterInfo(reader))
  expect(cluster.clusterAddrTable).toEqual({ C: ['newest'] })
})

describe('a broker found inactive is not evicted after', () => {
  test.each([
    ['a heartbeat', (manager: RouteInfoManager) => manager.touch('C', 'a:1', TIMEOUT_MS + 1)],
    [
      'a version query',
      (manager: RouteInfoManager) => manager.queryDataVersion(BROKER, null, TIMEOUT_MS + 1, reader),
    ],
  ])('%s', async (_, hear) => {
    const { manager, effects } = managerWith('whole')
    await register(manager, openChannel(1))
    const silent = manager.scanNotActiveBroker(TIMEOUT_MS + 1)
    await hear(manager)
    manager.evict(silent)
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
    expect(effects.at(-1)).toMatchObject({ kind: 'removal fenced', reason: 'expired' })
  })

  test('a heartbeat during a long write, just before the scan looks', async () => {
    const { manager, turns } = managerWith('finest')
    await register(manager, openChannel(1))
    const long = register(manager, openChannel(2), { ...ANOTHER, nowMs: TIMEOUT_MS })
    manager.touch('C', 'a:1', TIMEOUT_MS)
    manager.evict(manager.scanNotActiveBroker(TIMEOUT_MS + 1))
    await turns.all()
    await long
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
  })

  test('a heartbeat during a long write, and an eviction that joins a removal which waits already', async () => {
    const { manager, turns } = managerWith('finest')
    await register(manager, openChannel(1))
    const long = register(manager, openChannel(2), { ...ANOTHER, nowMs: TIMEOUT_MS + 1 })
    manager.submitUnRegisterBrokerRequest(leaving(manager.queue.nextGeneration(), { brokerAddr: 'x:1' }))
    const silent = manager.scanNotActiveBroker(TIMEOUT_MS + 1)
    const asked = manager.queryDataVersion(BROKER, null, TIMEOUT_MS + 1, reader)
    manager.evict(silent)
    await turns.all()
    await Promise.all([long, asked])
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
  })
})

test('a broker found inactive is evicted with its topics', async () => {
  const { manager } = managerWith('whole')
  await register(manager, openChannel(1))
  manager.evict(manager.scanNotActiveBroker(TIMEOUT_MS + 1))
  expect(await addressesOf(manager)).toEqual({})
  expect(await manager.getTopicList(reader)).toEqual([])
})

describe('a connection leaves no broker behind if it closes', () => {
  test('in the middle of the long first registration of its broker', async () => {
    const { manager, turns } = managerWith('finest')
    const channel = openChannel(1)
    const registered = register(manager, channel, { topicConfigTable: MANY_TOPICS })
    await turns.next()
    expect(turns.waiting).toBe(1)
    close(manager, channel)
    await turns.all()
    await registered
    await turns.all()
    expect(await addressesOf(manager)).toEqual({})
    expect(await manager.getTopicList(reader)).toEqual([])
    const cluster = await turns.until(manager.encodedClusterInfo(reader))
    expect(parseClusterInfo(cluster)).toEqual({ brokerAddrTable: {}, clusterAddrTable: {} })
  })

  test('while its registration waits for the lock', async () => {
    const { manager, turns } = managerWith('finest')
    const long = register(manager, openChannel(1), { topicConfigTable: MANY_TOPICS })
    const channel = openChannel(2)
    const waiting = register(manager, channel, { brokerName: 'broker-b', brokerAddr: 'b:1' })
    const dropped = expect(waiting).rejects.toMatchObject({ code: 'ERR_LOCK_ABANDONED' })
    close(manager, channel)
    await turns.all()
    await Promise.all([long, dropped])
    expect(await addressesOf(manager, 'broker-b')).toEqual({})
  })

  test('before its registration reaches the tables', () => {
    const { manager } = managerWith('whole')
    const channel = openChannel(1)
    channel.closed = true
    const abandoned = expect.objectContaining({ code: 'ERR_LOCK_ABANDONED' })
    expect(() => register(manager, channel)).toThrow(abandoned)
  })

  test('in the middle of a registration, unless its broker registers over another connection', async () => {
    const { manager, turns } = managerWith('finest')
    const first = openChannel(1)
    const dying = register(manager, first, { topicConfigTable: MANY_TOPICS })
    close(manager, first)
    const again = register(manager, openChannel(2), { topicConfigTable: MANY_TOPICS })
    await turns.all()
    await Promise.all([dying, again])
    await turns.all()
    expect(await addressesOf(manager)).toEqual({ 0: 'a:1' })
    expect(await turns.until(manager.getTopicList(reader))).toHaveLength(1_000)
  })
})

describe('the live entry of an address whose id another one has taken', () => {
  async function takenOver() {
    const world = managerWith('whole')
    const old = openChannel(1)
    await register(world.manager, old)
    await register(world.manager, openChannel(2), { brokerAddr: 'b:1', nowMs: TIMEOUT_MS })
    return { ...world, old }
  }

  test('expires without effect on the new holder', async () => {
    const { manager } = await takenOver()
    const silent = manager.scanNotActiveBroker(TIMEOUT_MS + 1)
    expect(silent.map(({ brokerAddr }) => brokerAddr)).toEqual(['a:1'])
    manager.evict(silent)
    expect(await addressesOf(manager)).toEqual({ 0: 'b:1' })
    expect(await manager.getTopicList(reader)).toEqual(['T1', 'T2'])
    expect(manager.scanNotActiveBroker(TIMEOUT_MS + 1)).toEqual([])
  })

  test('leaves with its connection, or at its request, without effect on the new holder', async () => {
    const { manager, old } = await takenOver()
    close(manager, old)
    manager.submitUnRegisterBrokerRequest(leaving(manager.queue.nextGeneration()))
    expect(await addressesOf(manager)).toEqual({ 0: 'b:1' })
    expect(await manager.getTopicList(reader)).toEqual(['T1', 'T2'])
  })
})

describe('requests to leave', () => {
  test('that come while the lock is held are applied in one batch, and are limited in number', async () => {
    const { manager, turns, effects } = managerWith('finest', { unRegisterBrokerQueueCapacity: 2 })
    const long = register(manager, openChannel(1), { topicConfigTable: MANY_TOPICS })
    const requests = ['a:1', 'x:1', 'y:1'].map((brokerAddr) =>
      manager.submitUnRegisterBrokerRequest(leaving(manager.queue.nextGeneration(), { brokerAddr })),
    )
    expect(requests).toEqual([true, true, false])
    expect(manager.waiting).toBe(1)
    await turns.all()
    await long
    expect(await addressesOf(manager)).toEqual({})
    expect(effects.map(({ kind }) => kind)).toEqual(['broker registered', 'broker unregistered'])
    expect(manager.submitUnRegisterBrokerRequest(leaving(manager.queue.nextGeneration()))).toBe(true)
  })
})
