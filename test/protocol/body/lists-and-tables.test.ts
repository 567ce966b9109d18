import { describe, expect, test } from 'vitest'
import {
  decodeGroups,
  decodeKVTable,
  decodeTopicList,
  encodeBrokerMemberGroup,
  encodeClusterInfo,
  encodeKVTable,
  encodeTopicList,
} from '../../../src/protocol/body/lists-and-tables.ts'
import { JsonError } from '../../../src/protocol/errors.ts'
import { fixture, fixtures } from '../../fixtures/load.ts'
import { finish } from '../frame-helpers.ts'

const said = (name: string) => fixture(`5.5.0/${name}.response`).expected.bodyText as string
const parsed = <Said>(text: string): Said => JSON.parse(text.replaceAll(/([{,])(\d+):/g, '$1"$2":')) as Said
const addrs = (record: Record<string, string>) =>
  new Map(Object.entries(record).map(([id, addr]) => [BigInt(id), addr]))

type Group = {
  brokerAddrs: Record<string, string>
  brokerName: string
  cluster: string
  enableActingMaster: boolean
}

test.each(['cluster-list', 'cluster-list-with-slave'])(
  'the values of the captured %s give the same bytes',
  (name) => {
    const text = said(name)
    const { brokerAddrTable, clusterAddrTable } = parsed<{
      brokerAddrTable: Record<string, Group>
      clusterAddrTable: Record<string, string[]>
    }>(text)
    const brokers = Object.entries(brokerAddrTable).map(
      ([key, group]) => [key, { ...group, zoneName: null, brokerAddrs: addrs(group.brokerAddrs) }] as const,
    )
    const clusters = Object.entries(clusterAddrTable).map(([key, names]) => [key, new Set(names)] as const)
    const body = finish(
      encodeClusterInfo({ brokerAddrTable: new Map(brokers), clusterAddrTable: new Map(clusters) }),
    )
    expect(body.toString()).toBe(text)
  },
)

test('the values of the captured broker member group give the same bytes', () => {
  const text = said('get-broker-member-group')
  const { brokerMemberGroup: group } = parsed<{ brokerMemberGroup: Group }>(text)
  expect(encodeBrokerMemberGroup(group.cluster, group.brokerName, addrs(group.brokerAddrs)).toString()).toBe(
    text,
  )
})

test('a broker member group leaves out a name or cluster that is null', () => {
  const text = encodeBrokerMemberGroup(null, null, new Map()).toString()
  expect(text).toBe('{"brokerMemberGroup":{"brokerAddrs":{}}}')
})

describe('a list of topics', () => {
  const lists = fixtures().filter(({ expected }) =>
    /^\{("brokerAddr":"[^"]*",)?"topicList":/.test(expected.bodyText ?? ''),
  )

  test.each(lists)('as captured in $name is written with the same bytes', ({ expected }) => {
    const text = expected.bodyText as string
    const { topicList, brokerAddr } = JSON.parse(text) as { topicList: string[]; brokerAddr?: string }
    expect(finish(encodeTopicList(topicList, brokerAddr)).toString()).toBe(text)
  })

  test('is captured with a broker address and without one', () => {
    const withAddress = lists.filter(({ expected }) => expected.bodyText?.startsWith('{"brokerAddr"'))
    expect(withAddress.length).toBeGreaterThan(0)
    expect(lists.length).toBeGreaterThan(withAddress.length)
  })
})

describe('a table of keys and values', () => {
  test('as captured is written with the same entries, sorted by key, in as many bytes', () => {
    const text = said('get-kvlist')
    const { table } = JSON.parse(text) as { table: Record<string, string> }
    const written = encodeKVTable(new Map(Object.entries(table))).toString()
    expect(JSON.parse(written)).toEqual({ table })
    expect(Buffer.byteLength(written)).toBe(Buffer.byteLength(text))
  })

  test('leaves out null values and keeps empty ones', () => {
    const table = new Map([
      ['b', ''],
      ['a', null],
      ['c"', '\n'],
    ])
    expect(encodeKVTable(table).toString()).toBe('{"table":{"b":"","c\\"":"\\n"}}')
    expect(encodeKVTable(new Map()).toString()).toBe('{"table":{}}')
  })
})

describe.each(['4.9.7', '5.5.0'] as const)('a response of the NameServer %s', (release) => {
  const bodyOf = (name: string): Buffer =>
    Buffer.from(fixture(`${release}/${name}.response`).expected.bodyText as string)

  test('to a cluster list is read: its groups with their ids', () => {
    const groups = finish(decodeGroups(bodyOf('cluster-list-with-slave')))
    expect(groups).toEqual(
      new Map([
        [
          'broker-a',
          {
            cluster: 'capture-cluster',
            brokerAddrs: addrs({ 0: '127.0.0.1:31911', 1: '127.0.0.1:31921' }),
            zoneName: null,
            enableActingMaster: release === '4.9.7' ? null : false,
          },
        ],
      ]),
    )
  })

  test('to a topic list is read: all names', () => {
    const body = bodyOf('topic-list')
    const { topicList } = JSON.parse(body.toString()) as { topicList: string[] }
    expect(finish(decodeTopicList(body))).toEqual(new Set(topicList))
    expect(topicList).toContain('TBW102')
  })

  test('to a namespace of keys and values is read: values with all their characters', () => {
    const body = bodyOf('get-kvlist')
    const { table } = JSON.parse(body.toString()) as { table: Record<string, string> }
    expect(finish(decodeKVTable(body))).toEqual(new Map(Object.entries(table)))
    expect(Object.keys(table)).toContain('empty')
  })
})

describe('a response of another NameServer', () => {
  const read = {
    groups: (text: string) => finish(decodeGroups(Buffer.from(text))),
    topics: (text: string) => finish(decodeTopicList(Buffer.from(text))),
    table: (text: string) => finish(decodeKVTable(Buffer.from(text))),
  }

  test('is read with what is missing or null as empty', () => {
    for (const text of ['{}', 'null', '{"brokerAddrTable":null}']) expect(read.groups(text).size).toBe(0)
    for (const text of ['{}', 'null', '{"topicList":null}']) expect(read.topics(text).size).toBe(0)
    expect(read.topics('{"topicList":["a",null]}')).toEqual(new Set(['a']))
    for (const text of ['{}', 'null', '{"table":null}', '{"table":{"a":null}}'])
      expect(read.table(text).size).toBe(0)
    expect(read.groups('{"brokerAddrTable":{"b":null}}').get('b')?.brokerAddrs.size).toBe(0)
  })

  test('is read with ids of 64 bits, in quotes and without', () => {
    const text = '{"brokerAddrTable":{"b":{"brokerAddrs":{9223372036854775807:"a:1","-1":"b:1"}}}}'
    expect(read.groups(text).get('b')?.brokerAddrs).toEqual(
      addrs({ '9223372036854775807': 'a:1', '-1': 'b:1' }),
    )
  })

  test.each([
    ['groups', '{"brokerAddrTable":{"b":{"brokerAddrs":{"x":"a:1"}}}}'],
    ['groups', '{"brokerAddrTable":{"b":{'],
    ['groups', '{"brokerAddrTable":[]}'],
    ['topics', '{"topicList":["a"'],
    ['topics', '{"topicList":["a"]}]'],
    ['table', '{"table":{"a"}}'],
  ] as const)('that is not %s is an error: %s', (kind, text) => {
    expect(() => read[kind](text)).toThrow(JsonError)
  })
})
