import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EMPTY_DATA_VERSION } from '../../src/protocol/body/data-version.ts'
import { TopicList } from '../../src/protocol/body/topic-table.ts'
import type { Registration } from '../../src/routeinfo/registration.ts'
import type { RouteEvent } from '../../src/routeinfo/route-event.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { readRouteSnapshot } from '../../src/routeinfo/route-snapshot-reader.ts'
import { routeSnapshotText } from '../../src/routeinfo/route-snapshot-text.ts'
import { managerWith, openChannel, PLAIN_VARIANT, registration, topicConfig, topicTable } from './support.ts'

/** The first server runs at 0; the second one begins here, on a clock of its own. */
const START_MS = 1_000_000
const GRACE_MS = 120_000
const OVER_MS = START_MS + GRACE_MS + 1
const VERSION = { counter: 1n, stateVersion: 0n, timestamp: 1n }
const owner = openChannel(9)
const BROKER = { clusterName: 'C', brokerName: 'broker-a', brokerId: 0n, brokerAddr: 'a:1' }

type Given = Partial<Registration>

function register(manager: RouteInfoManager, given: Given = {}) {
  const generation = manager.nextGeneration()
  return manager.registerBroker(
    registration({ generation, nowMs: START_MS, ...given }),
    false,
    openChannel(given.channelId ?? 1),
  )
}

async function snapshotLines(manager: RouteInfoManager, nowMs = START_MS): Promise<string[]> {
  const snapshot = await manager.snapshot(nowMs)
  const lines = [...routeSnapshotText(snapshot)].join('').split('\n').slice(0, -1)
  snapshot.release()
  return lines
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

describe('a broker that is known from a snapshot', () => {
  test('is in the routes from the first moment, and is told to register with all its topics', async () => {
    const { manager } = await restarted(MASTER)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    expect(manager.provisional).toBe(1)
    const answer = await manager.queryDataVersion(BROKER, VERSION, START_MS, owner)
    expect(answer).toEqual({ changed: true, registered: null })
  })

  test('stays until its time is over, and leaves with its topics a millisecond later', async () => {
    const { manager, effects } = await restarted(MASTER, OTHER)
    await register(manager, { ...OTHER, nowMs: START_MS + 1_000 })
    expect(manager.scanNotActiveBroker(OVER_MS - 1)).toEqual([])
    expect(manager.scanNotActiveBroker(OVER_MS).map(({ brokerAddr }) => brokerAddr)).toEqual(['a:1'])
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

  test('is a registered one when it registers: its connection counts, its heartbeat timeout, its version', async () => {
    const { manager, effects } = await restarted({ ...MASTER, heartbeatTimeoutMs: 5_000 })
    const topicConfigTable = topicTable(['broker-a', 'T1', 'T2'])
    await register(manager, { ...MASTER, topicConfigTable, heartbeatTimeoutMs: 10_000 })
    expect(kinds(effects)).toEqual(['broker registered'])
    expect(manager.provisional).toBe(0)
    expect(manager.scanNotActiveBroker(START_MS + 10_000)).toEqual([])
    expect(manager.scanNotActiveBroker(START_MS + 10_001)).toHaveLength(1)
    await manager.endRestoration(START_MS + 1)
    expect(await changed(manager)).toBe(false)
    manager.onChannelDestroy(1)
    expect(addrsOf(manager)).toBeNull()
  })

  test('tells everything anew, with the version of the snapshot too: its word is newer than the snapshot', async () => {
    const { manager } = await restarted(MASTER)
    const topicConfigTable = new Map([
      ['T1', topicConfig('T1', { writeQueueNums: 16 })],
      ['T2', topicConfig('T2')],
    ])
    await register(manager, { ...MASTER, topicConfigTable })
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ writeQueueNums: 16 }])
  })

  test('has registered what it says and left: what it says next is not taken for what is there already', async () => {
    const { manager } = await restarted(MASTER)
    const given = { ...MASTER, topicConfigTable: new TopicList([topicConfig('T1'), topicConfig('T2')]) }
    const previous = (await register(manager, given)).applied
    expect(previous?.topicNames).toEqual(['T1', 'T2'])
    const leaving = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1', brokerId: 0n }
    const generation = manager.nextGeneration()
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

  test('has the newest of its names only, where a snapshot of an earlier release tells of several', async () => {
    const { manager: before } = managerWith('whole')
    await register(before, { ...MASTER, brokerName: 'first', topicConfigTable: topicTable(['D1', 'D2']) })
    await register(before, { ...SLAVE, brokerName: 'second' })
    await register(before, { ...MASTER, brokerName: 'second', brokerAddr: 'z:1' })
    await register(before, { ...OTHER, brokerName: 'last' })
    const lines = (await snapshotLines(before))
      .map((line) => line.replaceAll('"z:1"', '"c:1"').replaceAll('"a:1"', '"c:1"'))
      .filter((line) => !/^\["broker","C","c:1","(first|second)"/.test(line))
      .map((line) => line.replace(/^(\["broker",.*"last".*)\]$/, '$1,"first","second"]'))
    const { manager } = restartedFrom(lines)
    const groups = ['first', 'second', 'last'].map((name) => manager.getBrokerMemberGroup(name, owner))
    expect((await Promise.all(groups)).map((group) => Object.fromEntries(group))).toEqual([
      {},
      { 1: 'b:1' },
      { 0: 'c:1' },
    ])
    expect(await manager.getTopicList(owner)).toEqual(['T1', 'T2'])
    manager.evict(manager.scanNotActiveBroker(OVER_MS))
    expect(await manager.getTopicList(owner)).toEqual([])
  })

  test('whose address had another name for a while, and its own again, stays', async () => {
    const { manager } = await restarted(MASTER)
    await register(manager, { ...MASTER, brokerName: 'other', topicConfigTable: topicTable(['T8', 'T9']) })
    await register(manager, MASTER)
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
  })

  test('does not make a registration of one topic from its address, under another name, one that nothing removes', async () => {
    const { manager } = await restarted({ ...MASTER, brokerName: 'old' })
    await register(manager, { brokerName: 'n', brokerAddr: 'b:1', channelId: 2 })
    await register(manager, { brokerName: 'n', topicConfigTable: topicTable(['T1']), channelId: 3 })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await manager.endRestoration(OVER_MS)
    manager.onChannelsDestroy([1, 2, 3])
    expect(manager.brokers).toBe(0)
    expect(addrsOf(manager)).toBeNull()
  })

  test('is taken when it returns, though the snapshot has more topics than may be now', async () => {
    const { manager: before } = managerWith('whole')
    await register(before, { topicConfigTable: topicTable(['T1', 'T2', 'T3']) })
    const lines = await snapshotLines(before)
    const { manager } = managerWith('whole', { limits: { maxBrokers: 1, maxTopics: 2 } })
    manager.restore(readRouteSnapshot(lines, START_MS, GRACE_MS))
    await register(manager, { topicConfigTable: topicTable(['T1', 'T2', 'T3']), brokerAddr: 'new:1' })
    expect(addrsOf(manager)).toEqual([{ 0: 'new:1' }])
    const more = { topicConfigTable: topicTable(['T1', 'T2', 'T4']), brokerAddr: 'new:1' }
    expect(() => register(manager, more)).toThrow('maxTopics')
  })

  test('leaves at once when it asks to', async () => {
    const { manager, effects } = await restarted(MASTER, OTHER)
    const leaving = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1', brokerId: 0n }
    const generation = manager.nextGeneration()
    manager.submitUnRegisterBrokerRequest({ ...leaving, reason: 'request', generation })
    expect(addrsOf(manager)).toEqual([{ 0: 'c:1' }])
    expect(kinds(effects)).toEqual(['request'])
  })

  test.each([
    ['a heartbeat', (manager: RouteInfoManager, nowMs: number) => manager.touch('C', 'a:1', nowMs)],
    [
      'a question for its version',
      (manager: RouteInfoManager, nowMs: number) => manager.queryDataVersion(BROKER, VERSION, nowMs, owner),
    ],
  ])('that gives %s is alive: its own heartbeat timeout counts from then on', async (_, beat) => {
    const { manager } = await restarted({ ...MASTER, heartbeatTimeoutMs: 10_000 })
    await beat(manager, OVER_MS - 5_000)
    expect(await manager.endRestoration(OVER_MS)).toMatchObject({ loaded: 1, returned: 0, waiting: 1 })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    // Still none of ours to compare versions with, so it will register.
    for (const dataVersion of [VERSION, EMPTY_DATA_VERSION])
      expect(await changed(manager, { dataVersion }, OVER_MS)).toBe(true)
    expect(manager.scanNotActiveBroker(OVER_MS + 10_000)).toEqual([])
    expect(manager.scanNotActiveBroker(OVER_MS + 10_001)).toHaveLength(1)
  })

  test('and beats but then falls silent within its time is taken for dead after its own timeout', async () => {
    const { manager, effects } = await restarted({ ...MASTER, heartbeatTimeoutMs: 10_000 })
    await manager.touch('C', 'a:1', START_MS + 5_000)
    expect(manager.scanNotActiveBroker(START_MS + 15_000)).toEqual([])
    manager.evict(manager.scanNotActiveBroker(START_MS + 15_001))
    expect(kinds(effects)).toEqual(['not returned'])
  })

  test('whose registration is being read when its time is over is not dropped', async () => {
    const { manager } = await restarted(MASTER)
    const broker = { clusterName: 'C', brokerName: 'broker-a', brokerAddr: 'a:1' }
    const { release } = manager.acquireToRegister(broker)
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await register(manager, { ...MASTER, nowMs: OVER_MS })
    release()
    expect(manager.provisional).toBe(0)
  })

  test('and dies with every restart does not live on: what is left of its time is in the next snapshot', async () => {
    let { manager } = await restarted(MASTER)
    let startMs = START_MS
    for (let restart = 0; restart < 3; restart++) {
      const lines = await snapshotLines(manager, startMs + 39_000)
      startMs += 7_000_000
      manager = restartedFrom(lines, startMs).manager
      expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    }
    expect(manager.scanNotActiveBroker(startMs + 3_000)).toEqual([])
    expect(manager.scanNotActiveBroker(startMs + 3_001)).toHaveLength(1)
  })

  test('cannot be lost with a connection, and no connection of ours is closed with it', async () => {
    const { manager, effects } = await restarted(MASTER)
    for (let id = 1; id < 5; id++) manager.onChannelDestroy(id)
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    await manager.endRestoration(OVER_MS)
    expect(kinds(effects)).not.toContain('channel silent')
  })
})

describe('a first registration after a restart that is not of all topics', () => {
  test('of one topic is taken, and the broker is asked for the others', async () => {
    const { manager } = await restarted(MASTER)
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['New']) })
    for (const topic of ['New', 'T1', 'T2']) expect(addrsOf(manager, topic)).toEqual([{ 0: 'a:1' }])
    expect(manager.provisional).toBe(1)
    await manager.endRestoration(OVER_MS - 1)
    expect(addrsOf(manager, 'T1')).toEqual([{ 0: 'a:1' }])
  })

  test('of one topic, from another address than the snapshot has: refused, as of a broker that is unknown', async () => {
    const { manager } = await restarted(MASTER)
    const given = { ...MASTER, brokerAddr: 'x:1', topicConfigTable: topicTable(['New']) }
    expect(await register(manager, given)).toEqual({ result: null })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1' }])
    expect(routeOf(manager, 'New')).toBeNull()
  })

  test('of several topics (updateTopicList) is followed by one of all: it is told that something has changed', async () => {
    const { manager } = await restarted(MASTER)
    const dataVersion = { counter: 2n, stateVersion: 0n, timestamp: 2n }
    await register(manager, { dataVersion, topicConfigTable: topicTable(['New1', 'New2']) })
    expect(await changed(manager, { dataVersion })).toBe(true)
    await register(manager, { dataVersion, topicConfigTable: topicTable(['T1', 'T2', 'New1', 'broker-a']) })
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ returned: 1, staleQueues: 0 })
    expect((await manager.getTopicList(owner)).sort()).toEqual(['New1', 'New2', 'T1', 'T2', 'broker-a'])
    expect(await changed(manager, { dataVersion })).toBe(false)
  })

  test('but comes in parts (enableSplitRegistration): no topic is missed meanwhile, or afterwards', async () => {
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

describe('a topic that was deleted while the server did not run', () => {
  test('is there until the time of the snapshot is over, and then gone from the brokers that no longer tell of it', async () => {
    const { manager } = await restarted(MASTER, OTHER)
    await register(manager, { ...MASTER, topicConfigTable: topicTable(['broker-a', 'T2', 'T3']) })
    await register(manager, OTHER)
    expect(routeOf(manager)?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-a', 'broker-b'])
    const { revision } = manager
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ returned: 2, staleQueues: 1 })
    expect(routeOf(manager)?.queueDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-b'])
    expect(manager.revision).toBeGreaterThan(revision)
  })

  test('stays where only a slave is back, whose topics do not count, and its master is not', async () => {
    const { manager } = await restarted(MASTER, SLAVE)
    await register(manager, { ...SLAVE, topicConfigTable: topicTable(['T2', 'T3']) })
    expect(await manager.endRestoration(OVER_MS)).toMatchObject({ returned: 1, staleQueues: 0 })
    expect(addrsOf(manager)).toEqual([{ 1: 'b:1' }])
  })

  test('is gone, and one that is still there is not, after any brokers with any topics have come back in any order: the server knows then what one that began empty knows', async () => {
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
          topicConfigTable: new Map(
            topics.map((name) => [name, topicConfig(name, { writeQueueNums: queues })] as const),
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

describe('a group of which a snapshot knows a member that is dead', () => {
  const ACTING = { enableActingMaster: true }

  test('keeps its master in the routes while its slave is back, which is told of that master; then the slave is alone', async () => {
    const { manager, effects } = await restarted({ ...MASTER, haServerAddr: 'a:2' }, SLAVE)
    const back = await register(manager, SLAVE)
    expect(back?.result).toEqual({ masterAddr: 'a:1', haServerAddr: 'a:2' })
    expect(addrsOf(manager)).toEqual([{ 0: 'a:1', 1: 'b:1' }])
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 1: 'b:1' }])
    expect((await register(manager, SLAVE))?.result).toEqual({ masterAddr: null, haServerAddr: null })
    expect(effects.at(-1)).toMatchObject({ kind: 'min broker id changed', offlineBrokerAddr: 'a:1' })
  })

  test('whose slaves act as masters: reads go to the slave and writes nowhere once the time of the master is over', async () => {
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

  test('without a master when the server stopped: its smallest slave goes on acting as one', async () => {
    const first = managerWith('whole').manager
    await register(first, { ...MASTER, ...ACTING })
    await register(first, { ...SLAVE, ...ACTING })
    first.onChannelDestroy(1)
    const { manager } = restartedFrom(await snapshotLines(first))
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'b:1' }])
    await register(manager, { ...SLAVE, ...ACTING })
    expect(await manager.endRestoration(OVER_MS - 1)).toMatchObject({ returned: 1, staleQueues: 0 })
    expect(addrsOf(manager, 'T1', true)).toEqual([{ 0: 'b:1' }])
  })

  test('is told of no smallest id while its members return in any order, because none has changed', async () => {
    const { manager, effects } = await restarted(MASTER, SLAVE)
    await register(manager, SLAVE)
    await register(manager, MASTER)
    expect(kinds(effects)).toEqual(['broker registered', 'broker registered'])
  })

  test('gives its place to whoever comes with its id from another address, however far its state version was', async () => {
    const ahead = { counter: 1n, stateVersion: 9n, timestamp: 1n }
    const { manager } = await restarted({ ...MASTER, dataVersion: ahead })
    const behind = { counter: 1n, stateVersion: -1n, timestamp: 1n }
    await register(manager, { ...MASTER, brokerAddr: 'x:1', dataVersion: behind })
    expect(addrsOf(manager)).toEqual([{ 0: 'x:1' }])
    await manager.endRestoration(OVER_MS)
    expect(addrsOf(manager)).toEqual([{ 0: 'x:1' }])
    expect(routeOf(manager, 'T2')).not.toBeNull()
  })

  test('changed roles while the server did not run: addresses are where their brokers say', async () => {
    const { manager } = await restarted(MASTER, SLAVE)
    await register(manager, { ...SLAVE, brokerId: 0n })
    expect(addrsOf(manager)).toEqual([{ 0: 'b:1' }])
    await register(manager, { ...MASTER, brokerId: 1n })
    expect(addrsOf(manager)).toEqual([{ 0: 'b:1', 1: 'a:1' }])
    await manager.endRestoration(OVER_MS - 1)
    expect(addrsOf(manager)).toEqual([{ 0: 'b:1', 1: 'a:1' }])
  })
})

describe('what an operator does to a broker that has not returned yet', () => {
  test('a permission that is taken away, a topic that is deleted, one that is added', async () => {
    const { manager } = await restarted(MASTER)
    expect(await manager.setWritePerm('broker-a', 'wipe', owner)).toBe(2)
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 4 }])
    await manager.setWritePerm('broker-a', 'add', owner)
    expect(routeOf(manager)?.queueDatas).toMatchObject([{ perm: 6 }])
    await manager.deleteTopic('T2', null, owner)
    await manager.registerTopic('T3', [{ brokerName: 'broker-a', ...topicConfig('T3') }], owner)
    expect(await manager.getTopicList(owner)).toEqual(['T1', 'T3'])
  })
})
