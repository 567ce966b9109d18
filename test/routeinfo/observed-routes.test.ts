import { describe, expect, test } from 'vitest'
import type { TopicQueueMappingInfo } from '../../src/protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData } from '../../src/protocol/body/topic-route-data.ts'
import type { ObservedRoute, ObservedRoutes } from '../../src/routeinfo/observed-routes.ts'
import { managerWith } from './route-helpers.ts'

function group(brokerName: string, ...addresses: string[]): [string, BrokerData] {
  const brokerAddrs = new Map(addresses.map((address, id) => [BigInt(id), address]))
  return [brokerName, { cluster: 'c1', brokerName, brokerAddrs, zoneName: null, enableActingMaster: false }]
}

function onBrokers(names: readonly string[], perm = 6): ObservedRoute {
  const queues = names.map((brokerName) => ({
    brokerName,
    perm,
    readQueueNums: 4,
    writeQueueNums: 4,
    topicSysFlag: 0,
  }))
  return { queues, mappings: new Map() }
}

const MAPPING: TopicQueueMappingInfo = {
  topic: 'Static',
  scope: '__global__',
  totalQueues: 4,
  bname: 'broker-a',
  epoch: 1n,
  dirty: false,
  currIdMap: new Map([[0, 0]]),
}

const FIRST: ObservedRoutes = {
  groups: new Map([
    group('broker-a', '10.0.0.1:10911', '10.0.0.2:10911'),
    group('broker-b', '10.0.0.3:10911'),
  ]),
  clusters: new Map([['c1', ['broker-a', 'broker-b']]]),
  topics: new Set(['TopicA', 'TopicB']),
  routes: new Map([
    ['TopicA', onBrokers(['broker-a', 'broker-b'])],
    ['TopicB', onBrokers(['broker-b'])],
  ]),
}

/** Tables after these reads, each checked by a recount of its digest. */
async function observed(...reads: readonly ObservedRoutes[]) {
  const { manager, effects, turns } = managerWith('finest')
  for (const read of reads) {
    effects.length = 0
    await turns.until(manager.observe(read))
    expect(await turns.until(manager.recountDigest())).toBeUndefined()
  }
  return { manager, effects }
}

describe('observed routes', () => {
  test('are in the tables as those of brokers, none of which is live', async () => {
    const { manager, effects } = await observed(FIRST)
    expect(manager.tableSizes).toMatchObject({
      topicQueueTable: 2,
      brokerAddrTable: 2,
      clusterAddrTable: 1,
      brokerLiveTable: 0,
    })
    expect(manager.hasRoute('TopicA')).toBe(true)
    expect(effects.map(({ kind }) => kind)).toEqual([
      ...['broker listed', 'broker listed', 'broker listed'],
      ...['topics observed', 'topics observed'],
    ])
  })

  test('change nothing if they are read again', async () => {
    const { manager } = await observed(FIRST)
    const { revision } = manager
    expect((await observed(FIRST, FIRST)).effects).toEqual([])
    await manager.observe({})
    expect(manager.revision).toBe(revision)
  })

  test('lose brokers and clusters that are not listed any more, and topics with them', async () => {
    const { manager, effects } = await observed(FIRST, {
      groups: new Map([group('broker-a', '10.0.0.9:10911', '10.0.0.2:10911')]),
      clusters: new Map([['c2', ['broker-a']]]),
      topics: new Set(['TopicA']),
    })
    expect(manager.tableSizes).toMatchObject({ topicQueueTable: 1, brokerAddrTable: 1, clusterAddrTable: 1 })
    const broker = { clusterName: 'c1', brokerId: 0n }
    expect(effects).toMatchObject([
      {
        kind: 'broker unregistered',
        broker: { ...broker, brokerName: 'broker-a', brokerAddr: '10.0.0.1:10911' },
        reason: 'not listed',
      },
      { kind: 'broker unregistered', broker: { ...broker, brokerName: 'broker-b' }, reason: 'not listed' },
      { kind: 'broker listed', broker: { ...broker, brokerName: 'broker-a', brokerAddr: '10.0.0.9:10911' } },
      {
        kind: 'topics observed',
        broker: { brokerName: 'broker-b' },
        reason: 'not listed',
        topicChanges: { counts: { new: 0, changed: 0, deleted: 1 }, firstNames: { deleted: ['TopicB'] } },
      },
    ])
  })

  test('have other queues, permissions and brokers as soon as a route is read again', async () => {
    const { manager, effects } = await observed(FIRST, {
      routes: new Map([
        ['TopicA', onBrokers(['broker-a'], 4)],
        ['TopicB', undefined],
        ['TopicC', onBrokers(['broker-a'])],
      ]),
    })
    expect(manager.queues('TopicA')?.size).toBe(1)
    expect(manager.queues('TopicA')?.get('broker-a')?.perm).toBe(4)
    expect(manager.hasRoute('TopicB')).toBe(false)
    expect(effects).toMatchObject([
      {
        broker: { brokerName: 'broker-b', brokerAddr: '10.0.0.3:10911' },
        reason: 'dropped',
        topicChanges: { firstNames: { deleted: ['TopicA', 'TopicB'] } },
      },
      {
        broker: { brokerName: 'broker-a' },
        topicChanges: { firstNames: { changed: ['TopicA'], new: ['TopicC'] } },
      },
    ])
  })

  test('have the mappings of static topics on brokers that have queues', async () => {
    const mappings = new Map([
      ['broker-a', MAPPING],
      ['broker-x', MAPPING],
    ])
    const read = { routes: new Map([['Static', { ...onBrokers(['broker-a']), mappings }]]) }
    const { manager } = await observed(FIRST, read, read)
    expect(manager.tableSizes.topicQueueMappingInfoTable).toBe(1)
    const without = { routes: new Map([['Static', onBrokers(['broker-a'])]]) }
    expect((await observed(FIRST, read, without)).manager.tableSizes.topicQueueMappingInfoTable).toBe(0)
  })
})
