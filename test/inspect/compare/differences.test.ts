import { describe, expect, test } from 'vitest'
import { toEnd } from '../../../src/common/time-slicer.ts'
import { Differences, type ListedQueues } from '../../../src/inspect/compare/differences.ts'
import type { ListedGroup } from '../../../src/protocol/body/lists-and-tables.ts'

function group(brokerAddrs: Readonly<Record<number, string>>, given: Partial<ListedGroup> = {}): ListedGroup {
  const entries = Object.entries(brokerAddrs).map(([id, address]) => [BigInt(id), address] as const)
  return {
    cluster: 'C',
    brokerAddrs: new Map(entries),
    zoneName: null,
    enableActingMaster: false,
    ...given,
  }
}

function groupsOf(...groups: readonly (ListedGroup | undefined)[]): object[] {
  const differences = new Differences({ maxDifferences: 10 })
  const tables = groups.map((each) => new Map(each === undefined ? [] : [['b', each] as const]))
  toEnd(differences.compareGroups(tables))
  return differences.list.map(({ kind, subject, values }) => [kind, subject, ...values])
}

describe('differences of three NameServers', () => {
  test.each([
    ['nothing if all have the same', [group({ 0: 'x' }), group({ 0: 'x' }), group({ 0: 'x' })], []],
    [
      'a group that one does not have',
      [group({ 0: 'x' }), undefined, group({ 0: 'x' })],
      [['broker_missing', 'b', '0=x', null, '0=x']],
    ],
    [
      'a group without members as missing',
      [group({ 0: 'x' }), group({}), group({ 0: 'x' })],
      [['broker_missing', 'b', '0=x', null, '0=x']],
    ],
    [
      'a broker that one does not have',
      [group({ 0: 'x', 1: 'y' }), group({ 0: 'x', 1: 'y' }), group({ 0: 'x' })],
      [['broker_missing', 'b:1', 'y', 'y', null]],
    ],
    [
      'an address that is another at one',
      [group({ 0: 'x' }), group({ 0: 'x' }), group({ 0: 'y' })],
      [['broker_address', 'b:0', 'x', 'x', 'y']],
    ],
    [
      'an id that is another at one, and no address because of it',
      [group({ 0: 'x' }), group({ 0: 'x' }), group({ 1: 'x' })],
      [['broker_id', 'b x', '0', '0', '1']],
    ],
    [
      'ids that are exchanged',
      [group({ 0: 'x', 1: 'y' }), group({ 0: 'y', 1: 'x' }), group({ 0: 'x', 1: 'y' })],
      [
        ['broker_id', 'b x', '0', '1', '0'],
        ['broker_id', 'b y', '1', '0', '1'],
      ],
    ],
    [
      'an address that differs between those that have the group',
      [group({ 0: 'x' }), undefined, group({ 0: 'y' })],
      [
        ['broker_missing', 'b', '0=x', null, '0=y'],
        ['broker_address', 'b:0', 'x', undefined, 'y'],
      ],
    ],
    [
      'a cluster',
      [group({ 0: 'x' }), group({ 0: 'x' }, { cluster: 'D' }), group({ 0: 'x' })],
      [['broker_group', 'b cluster', 'C', 'D', 'C']],
    ],
    [
      'an acting master, not where it is unknown',
      [
        group({ 0: 'x' }),
        group({ 0: 'x' }, { enableActingMaster: true }),
        group({ 0: 'x' }, { enableActingMaster: null }),
      ],
      [['broker_group', 'b', 'zone "", acting master off', 'zone "", acting master on', undefined]],
    ],
  ])('are %s', (_, groups, expected) => {
    expect(groupsOf(...groups)).toEqual(expected)
  })

  test('are queues, permissions and flags of a topic, where they are known', () => {
    const queues = (perm: number, given: Partial<ListedQueues> = {}): ReadonlyMap<string, ListedQueues> =>
      new Map([['b', { brokerName: 'b', readQueueNums: 4, writeQueueNums: 4, perm, ...given }]])
    const differences = new Differences({ maxDifferences: 10 })
    differences.compareQueues('T', [
      queues(6, { topicSysFlag: 1 }),
      queues(4),
      queues(6, { topicSysFlag: 2 }),
    ])
    differences.compareQueues('U', [queues(6), undefined, new Map()])
    expect(differences.list.map(({ kind, subject, values }) => [kind, subject, ...values])).toEqual([
      ['permission', 'T on b', '6', '4', '6'],
      ['topic_flag', 'T on b', '1', undefined, '2'],
      ['topic_missing', 'U', 'on b', null, 'on no broker'],
      ['queues', 'U on b', '4 read, 4 write', undefined, null],
    ])
  })

  test('are entries of the key-value table that one does not have, but no configuration keys', () => {
    const differences = new Differences({ maxDifferences: 10 })
    const tables = [new Map([['k', 'v']]), new Map<string, string>(), undefined]
    toEnd(differences.compareValues('kv', 'N/', tables))
    toEnd(differences.compareValues('config', '', tables))
    expect(differences.list).toEqual([
      { kind: 'kv', subject: 'N/k', topic: null, brokers: [], values: ['v', null, undefined] },
    ])
  })
})

test('differences are limited in number, and their texts in length', () => {
  const differences = new Differences({ maxDifferences: 2, maxSubjectCharacters: 3, maxValueCharacters: 4 })
  const here = new Map(['one', 'two', 'three'].map((key) => [key, 'x'.repeat(5)]))
  toEnd(differences.compareValues('kv', '', [here, new Map()]))
  expect(differences.isFull).toBe(true)
  expect(differences.list.map(({ subject, values }) => [subject, ...values])).toEqual([
    ['one', 'xxxx… (5 characters)', null],
    ['two', 'xxxx… (5 characters)', null],
  ])
})
