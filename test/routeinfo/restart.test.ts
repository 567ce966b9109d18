import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EMPTY_DATA_VERSION } from '../../src/protocol/body/data-version.ts'
import type { Registration } from '../../src/routeinfo/registration.ts'
import { RouteChanges, type RouteEvent } from '../../src/routeinfo/route-changes.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { RouteTables } from '../../src/routeinfo/route-tables.ts'
import { readRouteSnapshot } from '../../src/routeinfo/snapshot/snapshot-text.ts'
import { answersOf, type Step, step } from './random-history.ts'
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

/** The first server runs at 0; the second one begins here, on a clock of its own. */
const START_MS = 1_000_000
const GRACE_MS = 120_000
const OVER_MS = START_MS + GRACE_MS + 1
const VERSION = { counter: 1n, stateVersion: 0n, timestamp: 1n }
const owner = openChannel(9)
const BROKER = { clusterName: 'C', brokerName: 'broker-a', brokerId: 0n, brokerAddr: 'a:1' }

type Given = Partial<Registration>

function register(manager: RouteInfoManager, given: Given = {}) {
  const generation = manager.queue.nextGeneration()
  return manager.registerBroker(
    registration({ generation, nowMs: START_MS, ...given }),
    false,
    openChannel(given.channelId ?? 1),
  )
}

async function snapshotLines(manager: RouteInfoManager, nowMs = START_MS): Promise<string[]> {
  const { text } = await manager.snapshot(nowMs)
  return [...text].join('').split('\n').slice(0, -1)
}

function restartedFrom(lines: readonly string[], nowMs = START_MS) {
  const world = managerWith('whole')
  world.manager.restore(readRouteSnapshot(lines, nowMs, GRACE_MS))
  return world
}

/** A server that was restarted after these brokers had registered. */
async function restarted(...brokers: Given[]) {
  const { manager } = managerWith('whole')
  for (const given of brokers) await register(manager, given)
  return restartedFrom(await snapshotLines(manager))
}

/** Restored routes of one broker with two topics, beside empty tables. */
async function restoredBroker() {
  const { manager } = managerWith('whole')
  await register(manager, { topicConfigTable: topicTable(['T1', 'T2']) })
  return {
    tables: new RouteTables(),
    restored: readRouteSnapshot(await snapshotLines(manager), START_MS, GRACE_MS),
  }
}

interface RouteJson {
  readonly brokerDatas: { brokerName: string; brokerAddrs: Record<string, string> }[]
  readonly queueDatas: { brokerName: string; perm: number; writeQueueNums: number }[]
}

function routeOf(manager: RouteInfoManager, topic = 'T1', supportActingMaster = false): RouteJson | null {
  const body = manager.encodedRoute(topic, { ...PLAIN_VARIANT, supportActingMaster })
  return body === null ? null : (JSON.parse(body.toString()) as RouteJson)
}

function addrsOf(manager: RouteInfoManager, topic = 'T1', acting = false): Record<string, string>[] | null {
  return routeOf(manager, topic, acting)?.brokerDatas.map(({ brokerAddrs }) => brokerAddrs) ?? null
}

async function changed(manager: RouteInfoManager, given: Given = {}, nowMs = START_MS) {
  const { dataVersion, ...broker } = registration({ generation: 0, ...given })
  return (await manager.queryDataVersion(broker, dataVersion, nowMs, owner)).changed
}

function kinds(effects: readonly RouteEvent[]): string[] {
  return effects.map((effect) => (effect.kind === 'broker unregistered' ? effect.reason : effect.kind))
}

const MASTER: Given = { channelId: 1 }
const SLAVE: Given = { brokerId: 1n, brokerAddr: 'b:1', channelId: 2 }
const OTHER: Given = { brokerName: 'broker-b', brokerAddr: 'c:1', channelId: 3 }

describe('a broker restored from a snapshot', () => {
  test('is in the routes at once, and is told to register with all its topics', async () => {
    const { manager } = await restarted(MASTER)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    expect(manager.tableSizes.provisional).toBe(1)
    const answer = await manager.queryDataVersion(BROKER, VERSION, START_MS, owner)
    expect(answer).toEqual({ changed: true, registered: null })
  })

  test('stays until the grace period ends, and leaves with its topics a millisecond later', async () => {
    const { manager, effects } = await restarted(MASTER, OTHER)
    await register(manager, { ...OTHER, nowMs: START_MS + 1_000 })
    manager.evictRestored(OVER_MS - 1)
    expect(manager.tableSizes.provisional).toBe(1)
    expect(await manager.endRestoration(OVER_MS)).toEqual({
      loaded: 2,
      returned: 1,
      waiting: 0,
      staleQueues: 0,
    })
    expect(kinds(effects)).toEqual(['broker registered', 'not returned'])
    expect(addrsOf(manager)).toEqual([{ 0: 'c:1' }])
    expect(manager.isRestored).toBe(false)
  })

  test('is live when it registers: its connection, heartbeat timeout and version count', async () => {
    const { manager, effects } = await restarted({ ...MASTER, heartbeatTimeoutMs: 5_000 })
    const topicConfigTable = topicTable(['broker-a', 'T1', 'T2'])
    await register(manager, { ...MASTER, topicConfigTable, heartbeatTimeoutMs: 10_000 })
    expect(kinds(effects)).toEqual(['broker registered'])
    expect(manager.tableSizes.provisional).toBe(0)
    expect(manager.scanNotActiveBroker(START_MS + 10_000)).toEqual([])
    expect(manager.scanNotActiveBroker(START_MS + 10_001)).toHaveLength(1)
    await manager.endRestoration(START_MS + 1)
    expect(await changed(manager)).toBe(false)
    manager.onChannelsDestroy([1])
    expect(addrsOf(manager)).toBeNull()
  })

  test('registers all its topics again, also with the version of the snapshot: its registration is newer', async () => {
    const { manager } = await restarted(MASTER)
    const topicConfigTable = tableOf(
      new Map([
        ['T1', topicConfig('T1', { writeQueueNums: 16 })],
        ['T2', topicConfig('T2')],
      ]),
    )
    await register(manager, { ...MASTER, topicConfigTable })
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ writeQueueNums: 16 }])
  })

  test('registers and leaves: its next registration is not compared with the former one', async () => {
    const { manager } = await restarted(MASTER)
    const given = { ...MASTER, topicConfigTable: topicTable(['T1', 'T2']) }
    const previous = (await register(manager, given)).applied
    expect(previous?.topics.names).toEqual(['T1', 'T2'])
    const leaving = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1', brokerId: 0n }
    const generation = manager.queue.nextGeneration()
    manager.submitUnRegisterBrokerRequest({ ...leaving, reason: 'request', generation })
    await register(manager, { ...given, previous })
    expect(routeOf(manager)?.queueDatas).toHaveLength(1)
  })

  test('leaves at once when its address registers under another name, and its topics with it', async () => {
    const { manager, effects } = await restarted({ ...MASTER, topicConfigTable: topicTable(['D1', 'D2']) })
    await register(manager, { ...MASTER, brokerName: 'other', topicConfigTable: topicTable(['T1', 'T2']) })
    expect(addrsOf(manager, 'D1')).toBeNull()
    expect(addrsOf(manager, 'T1')).toEqual([{ 0: 'a:1' }])
    expect(kinds(effects)).toEqual(['renamed', 'broker registered'])
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager, 'T1')).toEqual([{ 0: 'a:1' }])
    expect(restartedFrom(await snapshotLines(manager)).manager.encodedRoute('D1', PLAIN_VARIANT)).toBeNull()
  })

  test.each([
    ['former', 'renamed-b'],
    ['present', 'renamed-c'],
  ])(
    "leaves its former names with its first registration, if the snapshot lists Java's routes and the %s one last",
    async (_, listedLast) => {
      // Java keeps the group of a former name for as long as the address is registered.
      const { manager: before } = managerWith('whole')
      const names = ['renamed-a', 'renamed-b', 'renamed-c']
      for (const [index, brokerName] of names.entries())
        await register(before, {
          ...MASTER,
          brokerName,
          brokerAddr: `${index}:1`,
          topicConfigTable: topicTable([`T-${brokerName}`, `U-${brokerName}`]),
        })
      await register(before, {
        ...MASTER,
        brokerName: 'neighbour',
        brokerAddr: 'b:1',
        topicConfigTable: topicTable(['T-b', 'U-b']),
      })
      const lines = (await snapshotLines(before))
        .filter(
          (line) =>
            !names.some((name) => name !== listedLast && line.startsWith('["broker"') && line.includes(name)),
        )
        .map((line) => line.replace(/"[012]:1"/g, '"a:1"'))
      const { manager, effects } = restartedFrom(lines)
      expect(names.map((name) => addrsOf(manager, `T-${name}`))).toEqual(names.map(() => [{ 0: 'a:1' }]))
      await register(manager, {
        ...MASTER,
        brokerName: 'renamed-c',
        topicConfigTable: topicTable(['T-renamed-c', 'U-renamed-c']),
      })
      expect(names.map((name) => addrsOf(manager, `T-${name}`))).toEqual([null, null, [{ 0: 'a:1' }]])
      expect(addrsOf(manager, 'T-b')).toEqual([{ 0: 'b:1' }])
      expect(kinds(effects)).toEqual(['renamed', 'renamed', 'broker registered'])
    },
  )

  test('is under one name in every snapshot, whenever its address registers under another one', async () => {
    const { manager: before } = managerWith('whole')
    await register(before, MASTER)
    const { manager, turns } = managerWith('finest')
    manager.restore(readRouteSnapshot(await snapshotLines(before), START_MS, GRACE_MS))
    const taken = [manager.snapshot(START_MS)]
    const topics = Array.from({ length: 500 }, (_, index) => `T${index}`)
    const renamed = register(manager, {
      ...MASTER,
      brokerName: 'other',
      topicConfigTable: topicTable(topics),
    })
    while (turns.waiting > 0) {
      taken.push(manager.snapshot(START_MS))
      await turns.next()
    }
    await renamed
    expect(taken.length).toBeGreaterThan(3)
    const namesIn = async ({ text }: { text: Iterable<string> }): Promise<string[]> =>
      [...text].flatMap((line) => {
        const [kind, name, , brokerName] = JSON.parse(line) as string[]
        if (kind !== 'group' && kind !== 'broker') return []
        return line.includes('"a:1"') ? [`${kind} ${kind === 'group' ? name : brokerName}`] : []
      })
    const [first, ...others] = await Promise.all(taken.map(async (snapshot) => namesIn(await snapshot)))
    expect(first).toEqual(['group broker-a', 'broker broker-a'])
    for (const names of others) expect(names).toEqual(['group other', 'broker other'])
  })

  test('stays if its address registers under another name and then under its own again', async () => {
    const { manager } = await restarted(MASTER)
    await register(manager, { ...MASTER, brokerName: 'other', topicConfigTable: topicTable(['T8', 'T9']) })
    await register(manager, MASTER)
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
  })

  test('leaves nothing behind when its address registers one topic under another name', async () => {
    const { manager } = await restarted({ ...MASTER, brokerName: 'old' })
    await register(manager, { brokerName: 'n', brokerAddr: 'b:1', channelId: 2 })
    await register(manager, { brokerName: 'n', topicConfigTable: topicTable(['T1']), channelId: 3 })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await manager.endRestoration(OVER_MS)
    manager.onChannelsDestroy([1, 2, 3])
    expect(manager.tableSizes.brokerLiveTable).toBe(0)
    expect(addrsOf(manager)).toBeNull()
  })

  test('does not count towards maxBrokers and maxTopics', async () => {
    const { manager: before } = managerWith('whole')
    await register(before, { topicConfigTable: topicTable(['T1', 'T2', 'T3']) })
    const lines = await snapshotLines(before)
    const { manager } = managerWith('whole', { limits: { maxBrokers: 1, maxTopics: 2 } })
    manager.restore(readRouteSnapshot(lines, START_MS, GRACE_MS))
    const topics = { topicConfigTable: topicTable(['T1', 'T2', 'T3']), brokerAddr: 'new:1' }
    expect(() => register(manager, topics)).toThrow('maxTopics')
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await register(manager, { topicConfigTable: topicTable(['T1', 'T4']), brokerAddr: 'new:1' })
    expect(addrsOf(manager)).toEqual([{ 0: 'new:1' }])
  })

  test('takes new topics as far as maxTopics allows, from increments and from mqadmin', async () => {
    const { manager: before } = managerWith('whole')
    await register(before, { topicConfigTable: topicTable(['T1', 'T2', 'T3']) })
    const lines = await snapshotLines(before)
    const { manager } = managerWith('whole', { limits: { maxBrokers: 10, maxTopics: 2 } })
    manager.restore(readRouteSnapshot(lines, START_MS, GRACE_MS))
    const increment = (topic: string) => register(manager, { topicConfigTable: topicTable([topic]) })
    const create = (topic: string) =>
      manager.registerTopic(topic, [{ ...topicConfig(topic), brokerName: 'broker-a' }], owner)
    await increment('N1')
    await create('N2')
    expect(() => increment('N3')).toThrow('maxTopics')
    expect(() => create('N3')).toThrow('maxTopics')
    await increment('T1')
    await increment('N2')
    expect(await manager.getTopicList(owner)).toEqual(['T1', 'T2', 'T3', 'N1', 'N2'])
  })

  test('leaves nothing restored behind if it was the last one, had sent heartbeats, and leaves without registering', async () => {
    const { manager } = await restarted(MASTER)
    manager.touch('C', 'a:1', OVER_MS)
    expect(await manager.endRestoration(OVER_MS)).toMatchObject({ waiting: 1 })
    const leaving = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1', brokerId: 0n }
    const generation = manager.queue.nextGeneration()
    manager.submitUnRegisterBrokerRequest({ ...leaving, reason: 'request', generation })
    manager.evictRestored(OVER_MS)
    expect(manager.isRestored).toBe(false)
    expect(await manager.getTopicList(owner)).toEqual([])
  })

  test('leaves when it asks to, although a heartbeat comes while it is removed', async () => {
    const { tables, restored } = await restoredBroker()
    const changes = new RouteChanges()
    changes.removals = [{ ...BROKER, reason: 'request', generation: 1 }]
    const removing = restored.follow(tables, changes)
    removing.next()
    restored.touch('C', 'a:1', START_MS + 1)
    for (const _ of removing);
    expect(restored.brokers.size).toBe(0)
  })

  test('is not removed as not returned if a heartbeat comes meanwhile', async () => {
    const { tables, restored } = await restoredBroker()
    const changes = new RouteChanges()
    const deadlineMs = START_MS + GRACE_MS
    changes.removals = [{ ...BROKER, reason: 'not returned', generation: 1, deadlineMs }]
    const removing = restored.follow(tables, changes)
    removing.next()
    restored.touch('C', 'a:1', START_MS + 1)
    for (const _ of removing);
    expect(restored.brokers.size).toBe(1)
  })

  test('has more time after a pause of the process', async () => {
    const { manager } = await restarted(MASTER)
    manager.extendTimeouts(5_000, START_MS + 5_000)
    manager.evictRestored(OVER_MS + 4_999)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    manager.evictRestored(OVER_MS + 5_000)
    expect(addrsOf(manager)).toBeNull()
  })

  test('leaves at once when it asks to', async () => {
    const { manager, effects } = await restarted(MASTER, OTHER)
    const leaving = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1', brokerId: 0n }
    const generation = manager.queue.nextGeneration()
    manager.submitUnRegisterBrokerRequest({ ...leaving, reason: 'request', generation })
    expect(addrsOf(manager)).toEqual([{ 0: 'c:1' }])
    expect(kinds(effects)).toEqual(['request'])
  })

  test.each([
    ['a heartbeat', (manager: RouteInfoManager, nowMs: number) => manager.touch('C', 'a:1', nowMs)],
    [
      'a version query',
      (manager: RouteInfoManager, nowMs: number) => manager.queryDataVersion(BROKER, VERSION, nowMs, owner),
    ],
  ])('stays beyond the grace period after %s, until its own heartbeat timeout is over', async (_, beat) => {
    const { manager } = await restarted({ ...MASTER, heartbeatTimeoutMs: 10_000 })
    await beat(manager, OVER_MS - 5_000)
    expect(await manager.endRestoration(OVER_MS)).toMatchObject({ loaded: 1, returned: 0, waiting: 1 })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    // Still none of ours to compare versions with, so it will register.
    for (const dataVersion of [VERSION, EMPTY_DATA_VERSION])
      expect(await changed(manager, { dataVersion }, OVER_MS)).toBe(true)
    manager.evictRestored(OVER_MS + 5_000)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    manager.evictRestored(OVER_MS + 10_001)
    expect(addrsOf(manager)).toBeNull()
  })

  test('leaves nothing restored behind if it registers after the grace period, having sent heartbeats until then', async () => {
    const { manager } = await restarted({ ...MASTER, topicConfigTable: topicTable(['D1', 'T1']) })
    manager.touch('C', 'a:1', OVER_MS)
    expect(await manager.endRestoration(OVER_MS)).toMatchObject({ waiting: 1 })
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['broker-a', 'T1']), nowMs: OVER_MS })
    manager.evictRestored(OVER_MS)
    expect(await manager.getTopicList(owner)).toEqual(['broker-a', 'T1'])
    expect(manager.isRestored).toBe(false)
  })

  test('is removed within the grace period if it sends a heartbeat and is then inactive for its own timeout', async () => {
    const { manager, effects } = await restarted({ ...MASTER, heartbeatTimeoutMs: 10_000 })
    await manager.touch('C', 'a:1', START_MS + 5_000)
    manager.evictRestored(START_MS + 15_000)
    expect(kinds(effects)).toEqual([])
    manager.evictRestored(START_MS + 15_001)
    expect(kinds(effects)).toEqual(['not returned'])
  })

  test('stays if its registration is being read when the grace period ends', async () => {
    const { manager } = await restarted(MASTER)
    const broker = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1' }
    const { release } = manager.queue.acquire(broker.brokerName, broker)
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await register(manager, { ...MASTER, nowMs: OVER_MS })
    release()
    expect(manager.tableSizes.provisional).toBe(0)
  })

  test('does not live on from restart to restart: the time it has left is in the next snapshot', async () => {
    let { manager } = await restarted(MASTER)
    let startMs = START_MS
    for (let restart = 0; restart < 3; restart++) {
      const lines = await snapshotLines(manager, startMs + 39_000)
      startMs += 7_000_000
      manager = restartedFrom(lines, startMs).manager
      expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    }
    manager.evictRestored(startMs + 3_000)
    expect(manager.tableSizes.provisional).toBe(1)
    manager.evictRestored(startMs + 3_001)
    expect(manager.tableSizes.provisional).toBe(0)
  })

  test('is not lost with any connection, and no connection is closed with it', async () => {
    const { manager, effects } = await restarted(MASTER)
    for (let id = 1; id < 5; id++) manager.onChannelsDestroy([id])
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await manager.endRestoration(OVER_MS)
    expect(kinds(effects)).not.toContain('connection inactive')
  })
})

describe('an incomplete first registration after a restart', () => {
  test('of one topic is accepted, and the broker is told to register the others', async () => {
    const { manager } = await restarted(MASTER)
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['New']) })
    for (const topic of ['New', 'T1', 'T2']) expect(addrsOf(manager, topic)).toEqual([{ 0: 'a:1' }])
    expect(manager.tableSizes.provisional).toBe(1)
    await manager.endRestoration(OVER_MS - 1)
    expect(addrsOf(manager, 'T1')).toEqual([{ 0: 'a:1' }])
  })

  test('of one topic from another address than that of the snapshot is rejected, like that of an unknown broker', async () => {
    const { manager } = await restarted(MASTER)
    const given = { ...MASTER, brokerAddr: 'x:1', topicConfigTable: topicTable(['New']) }
    expect(await register(manager, given)).toEqual({ result: null })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    expect(routeOf(manager, 'New')).toBeNull()
  })

  test('of several topics (updateTopicList) is followed by a complete one, since the version query gets changed=true', async () => {
    const { manager } = await restarted(MASTER)
    const dataVersion = { counter: 2n, stateVersion: 0n, timestamp: 2n }
    await register(manager, { dataVersion, topicConfigTable: topicTable(['New1', 'New2']) })
    expect(await changed(manager, { dataVersion })).toBe(true)
    await register(manager, { dataVersion, topicConfigTable: topicTable(['T1', 'T2', 'New1', 'broker-a']) })
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ returned: 1, staleQueues: 0 })
    expect((await manager.getTopicList(owner)).sort()).toEqual(['New1', 'New2', 'T1', 'T2', 'broker-a'])
    expect(await changed(manager, { dataVersion })).toBe(false)
  })

  test('in parts (enableSplitRegistration) leaves no topic without a route, then or later', async () => {
    const names = ['T1', 'T2', 'T3', 'T4']
    const { manager } = await restarted({ topicConfigTable: topicTable(names) })
    for (const [index, part] of [names.slice(0, 2), names.slice(2)].entries()) {
      const dataVersion = { counter: BigInt(index), stateVersion: 0n, timestamp: 2n }
      await register(manager, { dataVersion, topicConfigTable: topicTable(part) })
      for (const name of names) expect(routeOf(manager, name)).not.toBeNull()
    }
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ staleQueues: 0 })
    for (const name of names) expect(routeOf(manager, name)).not.toBeNull()
  })
})

describe('a topic that was deleted while the server was down', () => {
  test('stays until the grace period ends, and is then removed from the brokers that no longer register it', async () => {
    const { manager } = await restarted(MASTER, OTHER)
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['broker-a', 'T2', 'T3']) })
    await register(manager, OTHER)
    expect(routeOf(manager)?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a', 'broker-b'])
    const { revision } = manager
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ returned: 2, staleQueues: 1 })
    expect(routeOf(manager)?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-b'])
    expect(manager.revision).toBeGreaterThan(revision)
  })

  test('stays where only a slave has returned, whose topics do not count', async () => {
    const { manager } = await restarted(MASTER, SLAVE)
    await register(manager, { ...SLAVE, topicConfigTable: topicTable(['T2', 'T3']) })
    expect(await manager.endRestoration(OVER_MS)).toMatchObject({ returned: 1, staleQueues: 0 })
    expect(addrsOf(manager)).toEqual([{ 1: 'b:1' }])
  })

  test('is removed, whichever brokers return with whichever topics: the routes are those of a server that began empty', async () => {
    const table = fc.uniqueArray(fc.constantFrom('T1', 'T2', 'T3', 'T4', 'T5'), { minLength: 2 })
    const group = fc.record({
      brokerName: fc.constantFrom('broker-a', 'broker-b', 'broker-c'),
      before: fc.option(table),
      after: fc.option(table),
      split: fc.boolean(),
      one: fc.boolean(),
      queues: fc.constantFrom(8, 16),
    })
    const groups = fc.uniqueArray(group, { selector: ({ brokerName }) => brokerName, minLength: 1 })
    await fc.assert(
      fc.asyncProperty(groups, async (all) => {
        const broker = (brokerName: string, topics: string[], queues = 8, counter = 1n): Given => ({
          brokerName,
          brokerAddr: `${brokerName}:1`,
          dataVersion: { counter, stateVersion: 0n, timestamp: 1n },
          topicConfigTable: tableOf(
            new Map(topics.map((name) => [name, topicConfig(name, { writeQueueNums: queues })])),
          ),
        })
        const begun = all.flatMap(({ brokerName, before }) => (before ? [broker(brokerName, before)] : []))
        const { manager } = await restarted(...begun)
        const empty = managerWith('whole').manager
        for (const { brokerName, after, split, one, queues } of all) {
          if (after === null) continue
          const whole = [...after, brokerName]
          if (one) await register(manager, broker(brokerName, after.slice(0, 1), queues))
          if (split && after.length > 3) {
            await register(manager, broker(brokerName, after.slice(0, 2), queues, 2n))
            await register(manager, broker(brokerName, whole.slice(2), queues, 3n))
          } else {
            await register(manager, broker(brokerName, whole, queues))
          }
          await register(empty, broker(brokerName, whole, queues))
        }
        // The brokers that are back go on registering: they are not silent.
        for (const { clusterName, brokerAddr } of manager.scanNotActiveBroker(OVER_MS))
          if (all.some(({ brokerName, after }) => after !== null && `${brokerName}:1` === brokerAddr))
            await manager.touch(clusterName, brokerAddr, OVER_MS)
        await manager.endRestoration(OVER_MS)
        const known = (of: RouteInfoManager) =>
          ['T1', 'T2', 'T3', 'T4', 'T5'].map((topic) => {
            const route = routeOf(of, topic)
            const byName = <Each extends { brokerName: string }>(list: Each[] = []) =>
              [...list].sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
            return [topic, byName(route?.queueDatas), byName(route?.brokerDatas)]
          })
        expect(known(manager)).toEqual(known(empty))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a group with a restored member that is dead', () => {
  const ACTING = { enableActingMaster: true }

  test('keeps its master in the routes, and in the response to its slave, until the grace period ends', async () => {
    const { manager, effects } = await restarted({ ...MASTER, haServerAddr: 'a:2' }, SLAVE)
    const back = await register(manager, SLAVE)
    expect(back?.result).toEqual({ masterAddr: 'a:1', haServerAddr: 'a:2' })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1', 1: 'b:1' }])
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 1: 'b:1' }])
    expect((await register(manager, SLAVE))?.result).toEqual({ masterAddr: null, haServerAddr: null })
    expect(effects.at(-1)).toMatchObject({ kind: 'min broker id changed', offlineBrokerAddr: 'a:1' })
  })

  test('with acting master serves reads from the slave, and no writes, after the grace period of its master', async () => {
    const { manager } = await restarted({ ...MASTER, ...ACTING }, { ...SLAVE, ...ACTING })
    await register(manager, { ...SLAVE, ...ACTING })
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'a:1', 1: 'b:1' }])
    expect(routeOf(manager, 'T1')?.queueDatas).toMatchObject([{ perm: 6 }])
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'b:1' }])
    expect(routeOf(manager, 'T1')?.queueDatas).toMatchObject([{ perm: 4 }])
    await register(manager, { ...MASTER, ...ACTING, nowMs: OVER_MS })
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'a:1', 1: 'b:1' }])
    expect(routeOf(manager, 'T1')?.queueDatas).toMatchObject([{ perm: 6 }])
  })

  test('that had no master when the server stopped keeps its slave with the min broker id as acting master', async () => {
    const first = managerWith('whole').manager
    await register(first, { ...MASTER, ...ACTING })
    await register(first, { ...SLAVE, ...ACTING })
    first.onChannelsDestroy([1])
    const { manager } = restartedFrom(await snapshotLines(first))
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'b:1' }])
    await register(manager, { ...SLAVE, ...ACTING })
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ returned: 1, staleQueues: 0 })
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'b:1' }])
  })

  test('is not notified of a min broker id while its members return in any order', async () => {
    const { manager, effects } = await restarted(MASTER, SLAVE)
    await register(manager, SLAVE)
    await register(manager, MASTER)
    expect(kinds(effects)).toEqual(['broker registered', 'broker registered'])
  })

  test('is replaced by a broker with its id from another address, whatever its stateVersion was', async () => {
    const ahead = { counter: 1n, stateVersion: 9n, timestamp: 1n }
    const { manager } = await restarted({ ...MASTER, dataVersion: ahead })
    const behind = { counter: 1n, stateVersion: -1n, timestamp: 1n }
    await register(manager, { ...MASTER, brokerAddr: 'x:1', dataVersion: behind })
    expect(addrsOf(manager)).toEqual([{ 0: 'x:1' }])
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 0: 'x:1' }])
    expect(routeOf(manager, 'T2')).not.toBeNull()
  })

  test('that changed roles while the server was down has the ids that its brokers register', async () => {
    const { manager } = await restarted(MASTER, SLAVE)
    await register(manager, { ...SLAVE, brokerId: 0n })
    expect(addrsOf(manager)).toEqual([{ 0: 'b:1' }])
    await register(manager, { ...MASTER, brokerId: 1n })
    expect(addrsOf(manager)).toEqual([{ 0: 'b:1', 1: 'a:1' }])
    await manager.endRestoration(OVER_MS - 1)
    expect(addrsOf(manager)).toEqual([{ 0: 'b:1', 1: 'a:1' }])
  })
})

describe('an operation on a broker that has not returned', () => {
  test('wipes and adds its write permission, deletes and registers its topics', async () => {
    const { manager } = await restarted(MASTER)
    expect(await manager.setWritePerm('broker-a', 'wipe', owner)).toBe(2)
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 4 }])
    await manager.setWritePerm('broker-a', 'add', owner)
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 6 }])
    await manager.deleteTopic('T2', null, owner)
    await manager.registerTopic('T3', [{ brokerName: 'broker-a', ...topicConfig('T3') }], owner)
    expect(await manager.getTopicList(owner)).toEqual(['T1', 'T3'])
  })

  test('holds for the part of its group that has returned and for the part that has not', async () => {
    const { manager } = await restarted(MASTER, SLAVE)
    await register(manager, SLAVE)
    expect(await manager.setWritePerm('broker-a', 'wipe', owner)).toBe(2)
    expect(await manager.deleteTopic('T2', 'C', owner)).toBe(1)
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 4 }])
    expect(routeOf(manager, 'T2')).toBeNull()
    await manager.endRestoration(OVER_MS)
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 4 }])
    expect(await manager.getTopicList(owner)).toEqual(['T1'])
  })
})

describe('a group of which a member has returned and left again', () => {
  test('leaves with it if it was the last one, with the topics that only the snapshot knew', async () => {
    const { manager } = await restarted({ ...MASTER, topicConfigTable: topicTable(['D1', 'D2']) }, OTHER)
    await register(manager, MASTER)
    for (const topic of ['D1', 'T1']) expect(routeOf(manager, topic)).not.toBeNull()
    manager.onChannelsDestroy([1])
    for (const topic of ['D1', 'D2']) expect(routeOf(manager, topic)).toBeNull()
    expect(await manager.getTopicList(owner)).toEqual(['T1', 'T2'])
    expect(await manager.getTopicsByCluster('C', owner)).toEqual(['T1', 'T2'])
    expect(`${await manager.encodedClusterInfo(owner)}`).not.toContain('broker-a')
    expect(await manager.getBrokerMemberGroup('broker-a', owner)).toEqual(new Map())
  })

  test('keeps a restored slave, which is told of its new min broker id and serves reads in the place of its master', async () => {
    const acting = { enableActingMaster: true }
    const { manager, effects } = await restarted({ ...MASTER, ...acting }, { ...SLAVE, ...acting })
    await register(manager, { ...MASTER, ...acting })
    manager.onChannelsDestroy([1])
    expect(await manager.getBrokerMemberGroup('broker-a', owner)).toEqual(new Map([[1n, 'b:1']]))
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'b:1' }])
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 4 }])
    expect(effects.at(-1)).toMatchObject({
      kind: 'min broker id changed',
      brokerAddrs: new Map([[1n, 'b:1']]),
      offlineBrokerAddr: 'a:1',
    })
  })
})

describe('the min broker id event of a restored group', () => {
  const leave = (manager: RouteInfoManager, given: object) =>
    manager.submitUnRegisterBrokerRequest({
      ...{ ...BROKER, ...given },
      reason: 'request',
      generation: manager.queue.nextGeneration(),
    })
  const last = (effects: readonly RouteEvent[]) => effects.at(-1)
  const lost = { kind: 'min broker id changed', brokerName: 'broker-a', offlineBrokerAddr: 'a:1' }

  test.each([
    ['that has not registered again', []],
    ['that has registered again', [MASTER]],
  ])('names the master %s and leaves', async (_, returned) => {
    const { manager, effects } = await restarted(MASTER, SLAVE)
    for (const given of returned) await register(manager, given)
    leave(manager, {})
    expect(last(effects)).toMatchObject({ ...lost, brokerAddrs: new Map([[1n, 'b:1']]) })
  })

  test.each([
    ['that has not registered again', []],
    ['that has registered again', [MASTER]],
  ])('names the master %s and leaves under another cluster name', async (_, returned) => {
    const { manager, effects } = await restarted(MASTER, SLAVE)
    for (const given of returned) await register(manager, given)
    leave(manager, { clusterName: 'D' })
    expect(addrsOf(manager)).toEqual([{ 1: 'b:1' }])
    expect(last(effects)).toMatchObject({ ...lost, brokerAddrs: new Map([[1n, 'b:1']]) })
  })

  test('is not sent when a slave leaves, or the master takes another id', async () => {
    const { manager, effects } = await restarted(MASTER, SLAVE, { ...SLAVE, brokerId: 2n, brokerAddr: 'd:1' })
    leave(manager, { brokerId: 1n, brokerAddr: 'b:1' })
    await register(manager, { ...MASTER, brokerId: 3n })
    expect(kinds(effects)).toEqual(['request', 'broker registered'])
  })

  test('is not sent while the master is restored in another cluster, too', async () => {
    const { manager } = managerWith('whole')
    for (const clusterName of ['C', 'D']) await register(manager, { ...MASTER, clusterName })
    const next = restartedFrom(await snapshotLines(manager))
    next.manager.touch('D', 'a:1', OVER_MS)
    next.manager.evictRestored(OVER_MS)
    expect(addrsOf(next.manager)).toEqual([{ 0: 'a:1' }])
    expect(kinds(next.effects)).toEqual(['not returned'])
  })
})

describe('the deleted topics of a restored broker that leaves', () => {
  const deleted = (effects: readonly RouteEvent[]) =>
    effects.flatMap((effect) =>
      effect.kind === 'broker unregistered' ? [effect.topicChanges?.firstNames.deleted] : [],
    )
  const D = { topicConfigTable: topicTable(['D1', 'D2', 'T1']) }

  test('are those that clients no longer see: none while a restored member keeps them', async () => {
    const { manager, effects } = await restarted({ ...MASTER, ...D }, SLAVE)
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['T1', 'New']) })
    manager.onChannelsDestroy([1])
    expect(await manager.getTopicList(owner)).toEqual(['D1', 'D2', 'T1'])
    manager.evictRestored(OVER_MS)
    expect(await manager.getTopicList(owner)).toEqual([])
    expect(deleted(effects)).toEqual([['New'], ['D1', 'D2', 'T1']])
  })

  test('are all topics of its group if the last member leaves, restored or not', async () => {
    const { manager, effects } = await restarted({ ...MASTER, ...D })
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['T1', 'New']) })
    manager.onChannelsDestroy([1])
    expect(await manager.getTopicList(owner)).toEqual([])
    expect(deleted(effects)).toEqual([['New', 'D1', 'D2', 'T1']])
  })
})

describe('a restored group', () => {
  test('is in every list beside the groups that have registered since', async () => {
    const { manager } = await restarted(MASTER)
    const given = { ...OTHER, clusterName: 'D', topicConfigTable: topicTable(['T1', 'T9']) }
    await register(manager, given)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }, { 0: 'c:1' }])
    expect(await manager.getTopicList(owner)).toEqual(['T1', 'T2', 'T9'])
    expect(await manager.getTopicsByCluster('C', owner)).toEqual(['T1', 'T2'])
    expect(await manager.getTopicsByCluster('D', owner)).toEqual(['T1', 'T9'])
    const { brokerAddrTable, clusterAddrTable } = parseClusterInfo(await manager.encodedClusterInfo(owner))
    expect(Object.keys(brokerAddrTable)).toEqual(['broker-a', 'broker-b'])
    expect(clusterAddrTable).toEqual({ C: ['broker-a'], D: ['broker-b'] })
    expect((await manager.getSystemTopicList(owner)).topics).toEqual(['C', 'broker-a', 'D', 'broker-b'])
    expect(await manager.getBrokerMemberGroup('broker-a', owner)).toEqual(new Map([[0n, 'a:1']]))
  })
})

describe('lookups after a restart', () => {
  test('see a broker as it was in the snapshot until its registration is over, and then as it registered', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `T${index}`)
    const { manager: before } = managerWith('whole')
    await register(before, { topicConfigTable: topicTable(names) })
    const { manager, turns } = managerWith('finest')
    manager.restore(readRouteSnapshot(await snapshotLines(before), START_MS, GRACE_MS))
    const writeQueueNums = () =>
      names.map((topic) => routeOf(manager, topic)?.queueDatas.map((queues) => queues.writeQueueNums))
    const all = (queues: number) => names.map(() => [queues])
    const table = names.map((name) => [name, topicConfig(name, { writeQueueNums: 16 })] as const)
    const registered = register(manager, { topicConfigTable: tableOf(new Map(table)) })
    for (let turn = 0; turn < 3; turn++) {
      expect(turns.waiting).toBe(1)
      expect(writeQueueNums()).toEqual(all(8))
      await turns.next()
    }
    await turns.until(registered)
    expect(writeQueueNums()).toEqual(all(16))
  })

  test('give the same responses with and without the cache, after any history', async () => {
    const happening: fc.Arbitrary<Step> = fc.oneof(
      { weight: 4, arbitrary: step },
      fc.nat(GRACE_MS).map(
        (ms): Step =>
          (manager) =>
            manager.evictRestored(START_MS + ms),
      ),
      fc.constant<Step>((manager) => manager.endRestoration(OVER_MS)),
    )
    const histories = fc.tuple(fc.array(step, { maxLength: 15 }), fc.array(happening, { maxLength: 10 }))
    await fc.assert(
      fc.asyncProperty(histories, async ([before, after]) => {
        const first = managerWith('whole').manager
        for (const happens of before) await happens(first)
        const lines = await snapshotLines(first)
        const [cached, uncached] = [{}, { maxEncodedRouteBytes: 0 }].map((options) => {
          const { manager } = managerWith('whole', options)
          manager.restore(readRouteSnapshot(lines, START_MS, GRACE_MS))
          return manager
        }) as [RouteInfoManager, RouteInfoManager]
        for (const happens of after) {
          for (const manager of [cached, uncached]) await happens(manager)
          expect(await answersOf(cached)).toEqual(await answersOf(uncached))
        }
        for (const manager of [cached, uncached]) await manager.endRestoration(OVER_MS + 1e6)
        expect(await answersOf(cached)).toEqual(await answersOf(uncached))
      }),
      { numRuns: 60 },
    )
  })
})
