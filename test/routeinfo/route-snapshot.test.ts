import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { nextPiece, readRouteSnapshot } from '../../src/routeinfo/snapshot/snapshot-text.ts'
import { answersOf, step, TOPICS } from './random-history.ts'
import {
  managerWith,
  openChannel,
  PLAIN_VARIANT,
  registration,
  tableOf,
  topicConfig,
  topicTable,
} from './route-helpers.ts'

const GRACE_MS = 120_000
const NOW_MS = 1_000_000
const owner = openChannel(9)
const BROKER = { clusterName: 'C', brokerName: 'broker-a', brokerId: 0n, brokerAddr: 'a:1' }

async function textOf(manager: RouteInfoManager, nowMs = NOW_MS): Promise<string> {
  return [...(await manager.snapshot(nowMs)).text].join('')
}

function restored(text: string): ReturnType<typeof managerWith> {
  const world = managerWith('whole')
  world.manager.restore(readRouteSnapshot(text.split('\n').slice(0, -1), NOW_MS, GRACE_MS))
  return world
}

describe('a snapshot', () => {
  test('restores every response byte for byte, after any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (history) => {
        const { manager } = managerWith('whole')
        for (const happens of history) await happens(manager)
        const copy = restored(await textOf(manager)).manager
        expect(await answersOf(copy)).toEqual(await answersOf(manager))
      }),
      { numRuns: 300 },
    )
  })

  test('of restored routes is the same text, except for the time left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (history) => {
        const { manager } = managerWith('whole')
        for (const happens of history) await happens(manager)
        const once = await textOf(restored(await textOf(manager)).manager)
        expect(await textOf(restored(once).manager)).toBe(once)
      }),
      { numRuns: 100 },
    )
  })

  test('has every group as it was at the beginning, and each topic as it was at some time before the end', async () => {
    const histories = fc.tuple(
      fc.array(step, { maxLength: 20 }),
      fc.array(step, { maxLength: 10 }),
      fc.nat(8),
    )
    const routeOf = (manager: RouteInfoManager, topic: string) =>
      manager.encodedRoute(topic, PLAIN_VARIANT)?.toString('latin1')
    const queuesIn = (route: string | undefined): unknown[] =>
      route === undefined ? [] : JSON.parse(route).queueDatas.map((each: unknown) => JSON.stringify(each))
    await fc.assert(
      fc.asyncProperty(histories, async ([before, meanwhile, linesPerStep]) => {
        const { manager, turns } = managerWith('finest')
        for (const happens of before) await turns.until(happens(manager))
        const begun = await turns.until(answersOf(manager))
        const routes = new Map(TOPICS.map((topic) => [topic, [routeOf(manager, topic)]]))
        const { text } = await manager.snapshot(NOW_MS)
        let written = ''
        for (const happens of meanwhile) {
          for (let line = 0; line < linesPerStep; line++) written += text.next().value ?? ''
          await turns.until(happens(manager))
          for (const [topic, seen] of routes) seen.push(routeOf(manager, topic))
        }
        written += [...text].join('')
        const copy = restored(written).manager
        const answers = await answersOf(copy)
        for (const key of Object.keys(begun).filter((each) => /^(106|901)/.test(each)))
          expect(answers[key]).toEqual(begun[key])
        for (const [topic, seen] of routes) {
          const loaded = routeOf(copy, topic)
          if (new Set(seen).size === 1) expect(loaded).toBe(seen[0])
          const known = new Set(seen.flatMap(queuesIn))
          for (const queues of queuesIn(loaded)) expect(known).toContain(queues)
        }
        // The tables are as if no snapshot had been written.
        const alone = managerWith('whole').manager
        for (const happens of [...before, ...meanwhile]) await happens(alone)
        expect(await turns.until(answersOf(manager))).toEqual(await answersOf(alone))
      }),
      { numRuns: 200 },
    )
  })

  test('begins after a long registration that is under way', async () => {
    const { manager, turns } = managerWith('finest')
    const names = Array.from({ length: 1_000 }, (_, index) => `T${index}`)
    const table = { topicConfigTable: topicTable(names) }
    const registered = manager.registerBroker(
      registration({ generation: manager.queue.nextGeneration(), ...table }),
      false,
      owner,
    )
    await turns.next()
    let isTaken = false
    const taken = Promise.resolve(manager.snapshot(NOW_MS)).finally(() => {
      isTaken = true
    })
    await turns.next()
    expect([turns.waiting, isTaken]).toEqual([1, false])
    await turns.all()
    await registered
    expect([...(await taken).text].filter((line) => line.startsWith('["topic"'))).toHaveLength(1_000)
  })

  test('delays neither heartbeats nor registrations while it is written', async () => {
    const { manager } = managerWith('whole')
    await manager.registerBroker(registration({ generation: manager.queue.nextGeneration() }), false, owner)
    const { text } = await manager.snapshot(NOW_MS)
    text.next()
    expect(manager.touch('C', 'a:1', 5)).not.toBeInstanceOf(Promise)
    const again = manager.registerBroker(
      registration({ generation: manager.queue.nextGeneration() }),
      false,
      owner,
    )
    expect(again).not.toBeInstanceOf(Promise)
  })

  test('comes in pieces of about the given length, and an empty one at its end', () => {
    const bits = ['one\n', '', 'two\n', 'three\n', 'four\n'].values()
    const pieces: string[] = []
    let steps = 0
    do {
      const piece = nextPiece(bits, 6)
      let result = piece.next()
      for (; result.done !== true; result = piece.next()) steps++
      pieces.push(result.value)
    } while (pieces.at(-1) !== '')
    expect(pieces).toEqual(['one\ntwo\n', 'three\n', 'four\n', ''])
    expect(steps).toBe(5)
  })
})

describe('the revision', () => {
  test('grows with every step that changes the snapshot', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (history) => {
        const { manager } = managerWith('whole')
        let [revision, text] = [manager.revision, await textOf(manager)]
        for (const happens of history) {
          await happens(manager)
          const now = await textOf(manager)
          if (now !== text) expect(manager.revision).toBeGreaterThan(revision)
          revision = manager.revision
          text = now
        }
      }),
      { numRuns: 200 },
    )
  })

  test.each([{ heartbeatTimeoutMs: 10_000 }, { haServerAddr: 'ha:1' }, { clusterName: 'D' }])(
    'grows when a broker registers with only %o changed, which no route shows',
    async (given) => {
      const { manager } = managerWith('whole')
      await manager.registerBroker(registration({ generation: manager.queue.nextGeneration() }), false, owner)
      const { revision } = manager
      const again = registration({ generation: manager.queue.nextGeneration(), ...given })
      await manager.registerBroker(again, false, owner)
      expect(manager.revision).toBeGreaterThan(revision)
    },
  )

  test('stays the same when brokers send heartbeats or register nothing new', async () => {
    const { manager } = managerWith('whole')
    const register = (given = {}) =>
      manager.registerBroker(
        registration({ generation: manager.queue.nextGeneration(), ...given }),
        false,
        owner,
      )
    await register()
    const { revision } = manager
    await register({ nowMs: 30_000 })
    await register({ nowMs: 60_000, dataVersion: { counter: 2n, stateVersion: 0n, timestamp: 2n } })
    await manager.touch('C', 'a:1', 70_000)
    await manager.queryDataVersion(BROKER, null, 80_000, owner)
    expect(manager.encodedRoute('T1', PLAIN_VARIANT)).not.toBeNull()
    expect(manager.revision).toBe(revision)
    const more = tableOf(new Map([['T1', topicConfig('T1', { perm: 4 })]]))
    await register({ dataVersion: { counter: 3n, stateVersion: 0n, timestamp: 3n }, topicConfigTable: more })
    expect(manager.revision).toBeGreaterThan(revision)
  })
})

test('values that a later release adds to a record of a snapshot are ignored', () => {
  const lines = [
    '["group","b","C",null,false,["0","a:1","more"]]',
    '["broker","C","a:1","b",120000,null,null,"10.0.0.5","more"]',
    '["queues",["b",8,8,6,0,"more"]]',
    '["topic","T",0,"more"]',
  ]
  const { brokers, groups, topics } = readRouteSnapshot(lines, NOW_MS, GRACE_MS)
  expect([...brokers.values()]).toMatchObject([{ brokerAddr: 'a:1', brokerName: 'b' }])
  expect([...groups.keys()]).toEqual(['b'])
  expect([...topics.keys()]).toEqual(['T'])
})

describe('an invalid line of a snapshot', () => {
  test.each([
    ['["broker","C","a:1","b",1,null,null,7]', 1],
    ['', 1],
    ['{}', 1],
    ['null', 1],
    ['[]', 1],
    ['["unheard of"]', 1],
    ['["toString"]', 1],
    ['["topic","T",0]', 1],
    ['["queues",["b",8,8,6]]', 1],
    ['["queues",["b",8,8,6,"0"]]', 1],
    ['["queues"]\n["topic","T",1]', 2],
    ['["queues"]\n["topic",null,0]', 2],
    ['["cluster","C",1]', 1],
    ['["group","b","C",null,"true"]', 1],
    ['["group","b","C",null,true,["0x1","a:1"]]', 1],
    ['["group","b","C",null,true,"a:1"]', 1],
    ['["broker","C","a:1","b",null,null,null]', 1],
    ['["broker","C","a:1","b",1,null]', 1],
  ])('%j is an error that names the line', (text, line) => {
    expect(() => readRouteSnapshot(text.split('\n'), NOW_MS, GRACE_MS)).toThrow(
      expect.objectContaining({
        name: 'RouteSnapshotError',
        code: 'ERR_ROUTE_SNAPSHOT',
        message: expect.stringContaining(`record ${line}: `),
      }),
    )
  })
})
