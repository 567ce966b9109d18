import fc from 'fast-check'
import type { Registration } from '../../src/routeinfo/registration.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { openChannel, registration, tableOf, topicConfig } from './route-helpers.ts'

/** What names may hold: everything that JSON, lines or keys of two parts could trip over. */
export const TOPICS = [
  'T1',
  'T2',
  '%RETRY%group|a',
  '%DLQ%group-b_c',
  'Thema "ü" \\ 𝄞',
  'line\nfeed\u2028',
  '__proto__',
  'half \ud834 of a pair',
]
export const CLUSTERS = ['C', '1:C', 'Büro "2"']
export const BROKERS = ['broker-a', 'broker-b', 'Ω,broker', '']
const ADDRESSES = ['a:1', 'b:1', '[fe80::1]:10911', 'c:1', '']
const IDS = [0n, 1n, 2n, 9_223_372_036_854_775_807n, -1n]
const LONGS = [0n, 1n, 9_007_199_254_740_993n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n]
const INTS = [0, 1, 4, 6, 8, 2_147_483_647, -2_147_483_648]

/** Everything that may happen to the tables of a server, as a step of a history. */
export type Step = (manager: RouteInfoManager) => unknown

const owner = openChannel(0)
const of = fc.constantFrom
const topic = of(...TOPICS)
const channelId = fc.integer({ min: 1, max: 4 })

const config = fc
  .record({ topicName: topic, readQueueNums: of(...INTS), writeQueueNums: of(...INTS), perm: of(...INTS) })
  .chain((given) =>
    of(0, 1, 2, 3).map((topicSysFlag) => topicConfig(given.topicName, { ...given, topicSysFlag })),
  )

const mapping = fc.record({
  topic: fc.option(topic),
  scope: of('__global__', 'a "scope"', null),
  totalQueues: of(...INTS),
  bname: fc.option(of(...BROKERS)),
  epoch: of(...LONGS),
  dirty: fc.boolean(),
  currIdMap: fc.option(
    fc.array(fc.tuple(of(...INTS), of(...INTS)), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  ),
})

const registeringAny: fc.Arbitrary<Partial<Registration>> = fc.record({
  clusterName: of(...CLUSTERS),
  brokerName: of(...BROKERS),
  brokerId: of(...IDS),
  brokerAddr: of(...ADDRESSES),
  haServerAddr: of('ha:1', null),
  zoneName: of('z1', 'Zone ü', null),
  heartbeatTimeoutMs: of(null, 10_000, 9.3e18, -1),
  enableActingMaster: of(true, false, null),
  channelId,
  dataVersion: fc.record({ counter: of(...LONGS), stateVersion: of(0n, 1n), timestamp: of(...LONGS) }),
  topicConfigTable: fc
    .array(config, { maxLength: 6 })
    .map((configs) => tableOf(new Map(configs.map((each) => [each.topicName, each])))),
  topicQueueMappingInfoMap: fc.array(fc.tuple(topic, mapping), { maxLength: 2 }).map((list) => new Map(list)),
  filterServerList: of(null, [], ['f:1', 'f "2"']),
})

/** Brokers register mappings under their own names. */
const registering = registeringAny.map((given): Partial<Registration> => {
  const { brokerName: bname = null, topicQueueMappingInfoMap: mappings = [] } = given
  const own = [...mappings].map(([name, info]) => [name, { ...info, bname }] as const)
  return { ...given, topicQueueMappingInfoMap: new Map(own) }
})

/** One step. A broker that registers does so with a chance of one in two. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.tuple(registering, fc.boolean()).map(([given, deleteMissing]): Step => {
      return (manager) =>
        manager.registerBroker(
          registration({ ...given, generation: manager.queue.nextGeneration() }),
          deleteMissing,
          openChannel(given.channelId ?? 1),
        )
    }),
  },
  fc
    .tuple(of(...CLUSTERS), of(...BROKERS), of(...ADDRESSES), of(...IDS))
    .map(([clusterName, brokerName, brokerAddr, brokerId]): Step => {
      const leaving = { clusterName, brokerName, brokerAddr, brokerId, reason: 'request' } as const
      return (manager) =>
        manager.submitUnRegisterBrokerRequest({ ...leaving, generation: manager.queue.nextGeneration() })
    }),
  channelId.map(
    (id): Step =>
      (manager) =>
        manager.onChannelsDestroy([id]),
  ),
  fc.tuple(topic, fc.option(of(...CLUSTERS))).map(
    ([name, cluster]): Step =>
      (manager) =>
        manager.deleteTopic(name, cluster, owner),
  ),
  fc.tuple(topic, fc.array(fc.tuple(of(...BROKERS), config), { maxLength: 3 })).map(([name, list]): Step => {
    const queues = list.map(([brokerName, { readQueueNums, writeQueueNums, perm, topicSysFlag }]) => {
      return { brokerName, readQueueNums, writeQueueNums, perm, topicSysFlag }
    })
    return (manager) => manager.registerTopic(name, queues, owner)
  }),
  fc.tuple(of(...BROKERS), of('wipe' as const, 'add' as const)).map(
    ([name, operation]): Step =>
      (manager) =>
        manager.setWritePerm(name, operation, owner),
  ),
  fc.tuple(of(...CLUSTERS), of(...ADDRESSES), fc.nat(1_000_000)).map(
    ([cluster, addr, nowMs]): Step =>
      (manager) =>
        manager.touch(cluster, addr, nowMs),
  ),
)

/** Every answer that depends on the routes, as text. */
export async function answersOf(manager: RouteInfoManager): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {}
  for (const name of [...TOPICS, ...BROKERS.map((broker) => `rmq_sys_SYNC_BROKER_MEMBER_${broker}`)]) {
    for (const dialect of ['standard', 'legacy'] as const) {
      for (const supportActingMaster of [false, true]) {
        const variant = { dialect, supportActingMaster, orderTopicConf: null }
        const key = `105 ${JSON.stringify(name)} ${dialect} ${supportActingMaster}`
        answers[key] = manager.encodedRoute(name, variant)?.toString('latin1')
        for (const zone of ['z1', 'Zone Ü']) {
          answers[`${key} ${zone}`] = manager.encodedRouteOfZone(name, zone, variant)?.toString('latin1')
        }
      }
    }
  }
  answers['106'] = (await manager.encodedClusterInfo(owner)).toString('latin1')
  answers['206'] = await manager.getTopicList(owner)
  for (const cluster of CLUSTERS) answers[`224 ${cluster}`] = await manager.getTopicsByCluster(cluster, owner)
  for (const broker of BROKERS)
    answers[`901 ${broker}`] = [...(await manager.getBrokerMemberGroup(broker, owner))]
  answers['304'] = await manager.getSystemTopicList(owner)
  answers['311'] = await manager.getTopicList(owner, (queues) => [...queues.values()][0]?.topicSysFlag === 1)
  return answers
}
