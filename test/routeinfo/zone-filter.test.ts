import { describe, expect, test } from 'vitest'
import type { BrokerData, QueueData, TopicRouteData } from '../../src/protocol/body/topic-route-data.ts'
import { filterByZoneName } from '../../src/routeinfo/topic-route.ts'

function group(brokerName: string, zoneName: string | null, ...ids: bigint[]): BrokerData {
  const brokerAddrs = new Map(ids.map((id) => [id, `${brokerName}:${id}`]))
  return { cluster: 'c', brokerName, brokerAddrs, zoneName, enableActingMaster: false }
}

function queues(brokerName: string): QueueData {
  return { brokerName, readQueueNums: 8, writeQueueNums: 8, perm: 6, topicSysFlag: 0 }
}

function routeOf(...brokerDatas: BrokerData[]): TopicRouteData {
  const addrs = brokerDatas.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()])
  return {
    orderTopicConf: 'a:8',
    queueDatas: brokerDatas.map(({ brokerName }) => queues(brokerName)),
    brokerDatas,
    filterServerTable: new Map(addrs.map((addr) => [addr, [`filter of ${addr}`]])),
    topicQueueMappingByBroker: new Map(),
  }
}

describe('a route in a zone', () => {
  test('lacks only the groups whose master is elsewhere, with their queues and filter servers', () => {
    const a = group('a', 'z1', 0n, 1n)
    const b = group('b', 'z2', 0n, 1n)
    const filtered = filterByZoneName(routeOf(a, b), 'z1')
    expect(filtered).toEqual({ ...routeOf(a), topicQueueMappingByBroker: new Map() })
  })

  test('keeps groups without master, whatever their zone', () => {
    const route = routeOf(group('a', 'z2', 1n, 2n), group('b', null, 1n), group('c', 'z2'))
    expect(filterByZoneName(route, 'z1')).toBe(route)
  })

  test('lacks a group without a zone', () => {
    expect(filterByZoneName(routeOf(group('a', null, 0n)), 'null').brokerDatas).toEqual([])
  })

  test('loses the filter servers of an address that is also in a group of another zone', () => {
    const a = { ...group('a', 'z1', 0n), brokerAddrs: new Map([[0n, 'shared']]) }
    const b = { ...group('b', 'z2', 0n), brokerAddrs: new Map([[0n, 'shared']]) }
    expect(filterByZoneName(routeOf(a, b), 'z1').filterServerTable.size).toBe(0)
  })

  test.each([
    ['z1', 'Z1', true],
    ['Straße É', 'STRAßE é', true],
    ['Straße', 'STRASSE', false],
    ['İ', 'i', true],
    ['ǅ', 'Ǆ', true],
    ['𐐀', '𐐨', true],
    ['z1', 'z1 ', false],
    ['', 'z1', false],
  ])('of %j is in %j: %s', (ofGroup, wanted, kept) => {
    const { brokerDatas } = filterByZoneName(routeOf(group('a', ofGroup, 0n)), wanted)
    expect(brokerDatas).toHaveLength(kept ? 1 : 0)
  })
})
