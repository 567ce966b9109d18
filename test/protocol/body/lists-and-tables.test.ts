import { describe, expect, test } from 'vitest'
import {
  encodeBrokerMemberGroup,
  encodeClusterInfo,
  encodeKVTable,
  encodeTopicList,
} from '../../../src/protocol/body/lists-and-tables.ts'
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
