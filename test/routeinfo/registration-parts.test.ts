import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TopicTable } from '../../src/protocol/body/topic-table.ts'
import { applyRegistration } from '../../src/routeinfo/apply-registration.ts'
import type { AppliedRegistration, RegisterBrokerOutcome } from '../../src/routeinfo/registration.ts'
import { scopeOf } from '../../src/routeinfo/registration-parts.ts'
import { RouteChanges } from '../../src/routeinfo/route-changes.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { RouteTables } from '../../src/routeinfo/route-tables.ts'
import { UNLIMITED } from '../../src/routeinfo/table-limits.ts'
import { finish } from '../protocol/frame-helpers.ts'
import {
  managerWith,
  type NamedTopicConfig,
  openChannel,
  PLAIN_VARIANT,
  registration,
  tableOf,
  topicConfig,
  topicTable,
} from './route-helpers.ts'

const TOPICS = ['broker-a', 'T1', 'T2', 'T3', 'T4', 'T5']
const owner = openChannel(1)

type Table = ReadonlyMap<string, NamedTopicConfig>

/** What happens in one round: the broker has these topics, in this order, and perhaps an operator does something afterwards. */
interface Round {
  readonly table: Table
  readonly isNewVersion: boolean
  readonly operation: 'wipe' | 'add' | 'single topic' | 'nothing'
}

const round: fc.Arbitrary<Round> = fc.record({
  table: fc
    .record({
      names: fc.shuffledSubarray(TOPICS.slice(1)),
      at: fc.nat(5),
      perms: fc.array(fc.constantFrom(6, 6, 4), { minLength: 6, maxLength: 6 }),
    })
    .map(({ names, at, perms }) => {
      const all = [...names.slice(0, at), 'broker-a', ...names.slice(at)]
      return new Map(
        all.map((name) => [name, topicConfig(name, { perm: perms[TOPICS.indexOf(name)] ?? 6 })] as const),
      )
    }),
  isNewVersion: fc.boolean(),
  operation: fc.constantFrom('nothing', 'nothing', 'wipe', 'add', 'single topic'),
})

function partsOf(table: Table, size: number): Table[] {
  const entries = [...table]
  const parts: Table[] = []
  // Like a broker: each part is sent when it is full, and what is left at the end, even if nothing is.
  for (let at = 0; at <= entries.length; at += size) parts.push(new Map(entries.slice(at, at + size)))
  return parts
}

function register(
  manager: RouteInfoManager,
  table: Table,
  counter: number,
  deleteMissing = false,
): RouteInfoManager {
  const generation = manager.queue.nextGeneration()
  const dataVersion = { counter: BigInt(counter), stateVersion: 0n, timestamp: 1n }
  const given = { generation, topicConfigTable: tableOf(table), dataVersion }
  void manager.registerBroker(registration(given), deleteMissing, owner)
  return manager
}

function operate(manager: RouteInfoManager, operation: Round['operation']): void {
  if (operation === 'wipe' || operation === 'add') void manager.setWritePerm('broker-a', operation, owner)
  const queues = { brokerName: 'broker-a', readQueueNums: 1, writeQueueNums: 1, perm: 6, topicSysFlag: 0 }
  if (operation === 'single topic') void manager.registerTopic('T1', [queues], owner)
}

function routesOf(manager: RouteInfoManager): (string | undefined)[] {
  return TOPICS.map((topic) => manager.encodedRoute(topic, PLAIN_VARIANT)?.toString())
}

/** Rounds in which the topics of a version are those of its first round. */
function* honest(rounds: readonly Round[]): Generator<Round & { readonly version: number }> {
  let version = 0
  let { table } = rounds[0] as Round
  for (const each of rounds) {
    if (each.isNewVersion || version === 0) {
      version++
      ;({ table } = each)
    }
    yield { ...each, table, version }
  }
}

describe('a registration in parts', () => {
  test('leaves the routes that one registration of all topics leaves, whatever an operator changed between rounds', async () => {
    await fc.assert(
      fc.property(
        fc.array(round, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 2, max: 4 }),
        (all, size) => {
          const [whole, split] = [managerWith('whole').manager, managerWith('whole').manager]
          for (const { table, version, operation } of honest(all)) {
            if (table.size < size) continue
            register(whole, table, version)
            for (const part of partsOf(table, size)) register(split, part, version)
            expect(routesOf(split)).toEqual(routesOf(whole))
            for (const manager of [whole, split]) operate(manager, operation)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('never removes a topic that the broker has, with deleteTopicWithBrokerRegistration, and removes the others two rounds later', async () => {
    await fc.assert(
      fc.property(
        fc.array(round, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 2, max: 4 }),
        (all, size) => {
          const { manager } = managerWith('whole')
          const began = [...honest(all)].filter(({ table }) => table.size > size)
          let living = new Set<string>()
          const send = ({ table, version }: (typeof began)[number]) => {
            const parts = partsOf(table, size)
            const ofAll = [...living].filter((topic) => table.has(topic))
            for (const part of parts) {
              register(manager, part, version, true)
              for (const topic of [...ofAll, ...part.keys()])
                expect(manager.encodedRoute(topic, PLAIN_VARIANT)).not.toBeNull()
            }
            living = new Set(table.keys())
          }
          for (const each of began) send(each)
          const last = began.at(-1)
          if (last === undefined) return
          for (let repeated = 0; repeated < 3; repeated++) send(last)
          expect([...(manager.getTopicList(owner) as string[])].sort()).toEqual([...last.table.keys()].sort())
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('the rounds of a broker that registers in parts', () => {
  test('name only topics that are in the tables, so that they grow no further', () => {
    const tables = new RouteTables()
    const own = topicTable(['broker-a', 'T1'])
    const send = (topicConfigTable: TopicTable) => {
      const given = registration({ topicConfigTable, generation: 1 })
      for (const _ of applyRegistration(tables, UNLIMITED, given, true, new RouteChanges()));
    }
    const odd = tableOf(new Map([['a key that is no topic', topicConfig('T2')]]))
    const [part, deleted] = [topicTable(['T4']), topicTable(['Deleted'])]
    for (const table of [own, topicTable(['T3']), own, odd, part, own, deleted]) send(table)
    tables.removeQueueData('Deleted', 'broker-a')
    const next = registration({ topicConfigTable: own, generation: 1 })
    const removal = tables.parts.removalBy(tables, next, finish(scopeOf(tables, next, next.brokerAddr)))
    const stays = (topic: string) => typeof removal === 'object' && removal.has(topic)
    const names = [...own.keys, 'T2', 'T4', 'Deleted', ...odd.keys]
    expect(names.filter(stays)).toEqual(['broker-a', 'T1', 'T2', 'T4'])
  })
})

describe('topics that an operator changed', () => {
  test('are as their broker registers them after it has left and returned', () => {
    const { manager } = managerWith('whole')
    const table = new Map(['broker-a', 'T1'].map((name) => [name, topicConfig(name)]))
    register(manager, table, 1)
    operate(manager, 'wipe')
    manager.onChannelsDestroy([owner.id])
    expect(routesOf(manager).every((route) => route === undefined)).toBe(true)
    register(manager, table, 1)
    expect(routesOf(manager)[1]).toContain('"perm":6')
  })
})

describe('a registration that is repeated', () => {
  const repeat = (manager: RouteInfoManager, applied: AppliedRegistration) => {
    const repetition = registration({ generation: manager.queue.nextGeneration(), nowMs: 1 })
    return manager.repeatRegistration(applied, repetition, false, owner)
  }
  const applied = (
    manager: RouteInfoManager,
    names: readonly string[],
    counter = 1n,
  ): AppliedRegistration => {
    const dataVersion = { counter, stateVersion: 0n, timestamp: 1n }
    const given = {
      generation: manager.queue.nextGeneration(),
      topicConfigTable: topicTable(names),
      dataVersion,
    }
    const outcome = manager.registerBroker(registration(given), false, owner) as RegisterBrokerOutcome
    return outcome.applied as AppliedRegistration
  }

  test('is applied in full if its broker has registered another data version since, with the same topics', () => {
    const { manager } = managerWith('whole')
    const first = applied(manager, ['broker-a', 'T1'])
    applied(manager, ['broker-a', 'T1'], 2n)
    expect(repeat(manager, first)).toBeUndefined()
  })

  test('is applied in full if its broker registers in parts, since parts are counted in rounds', () => {
    const { manager } = managerWith('whole')
    expect(repeat(manager, applied(manager, ['broker-a', 'T1']))).toBeDefined()
    const part = applied(manager, ['T2', 'T3'])
    expect(repeat(manager, part)).toBeUndefined()
  })
})
