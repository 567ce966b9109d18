import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { normalize, type Unordered } from './harness/normalize.ts'
import { releases } from './harness/packages.ts'
import { ask, brokersOf, routeOf, topicsOf } from './harness/raw-client.ts'
import { until } from './harness/until.ts'

const CLUSTER = 'InteropCluster'
const GET_KV_CONFIG = 101
const QUERY_NOT_FOUND = 22
const GET_UNIT_TOPIC_LIST = 311
const GET_NAMESRV_CONFIG = 319

interface Step {
  /** The command; `<broker>` is the address of the 4.9.7 broker. */
  readonly command: string
  /** What it prints where it does what it is asked, so that two equal failures do not pass. */
  readonly says: RegExp
  readonly unordered?: Unordered
  /** What must hold at each NameServer afterwards. */
  readonly leaves?: (nameServer: string) => Promise<void>
}

/** Asked in this order: each builds on the ones before. */
const steps: readonly Step[] = [
  { command: 'clusterList', says: /broker-4 .*127\.0\.0\.1:[\s\S]*broker-5 .*127\.0\.0\.1:/ },
  { command: 'clusterList -m', says: /broker-4[\s\S]*broker-5/ },
  { command: 'topicList', says: /^TBW102$/m, unordered: 'lines' },
  { command: 'topicList -c', says: new RegExp(`^${CLUSTER} +TBW102`, 'm'), unordered: 'lines' },
  { command: `updateTopic -c ${CLUSTER} -t Both -r 4 -w 3`, says: /(create topic to .* success\.\s+){2}/ },
  { command: 'updateTopic -b <broker> -t Ordered -r 2 -w 3 -o true', says: /orderConf=\[broker-4:3\]/ },
  { command: 'topicList', says: /^Both$/m, unordered: 'lines' },
  { command: 'topicRoute -t Both', says: /"readQueueNums":4/, unordered: 'json arrays' },
  { command: 'topicRoute -t Both -l', says: /Total: +2 +8 +6/, unordered: 'lines' },
  { command: 'topicRoute -t Ordered', says: /"orderTopicConf":"broker-4:3"/, unordered: 'json arrays' },
  { command: 'topicRoute -t Nowhere', says: /CODE: 17 {2}DESC: No topic route info in name server/ },
  { command: 'topicClusterList -t Both', says: new RegExp(`^${CLUSTER}$`, 'm') },
  { command: `updateTopic -c ${CLUSTER} -t Both -r 8 -w 8`, says: /readQueueNums=8/ },
  { command: 'topicRoute -t Both -l', says: /Total: +2 +16 +16/, unordered: 'lines' },
  {
    command: 'updateKvConfig -s Space -k color -v blue',
    says: /create or update kv config to namespace success/,
    leaves: (nameServer) => expectKv(nameServer, { code: 0, value: 'blue' }),
  },
  {
    command: 'deleteKvConfig -s Space -k color',
    says: /delete kv config from namespace success/,
    leaves: (nameServer) => expectKv(nameServer, { code: QUERY_NOT_FOUND }),
  },
  { command: 'updateOrderConf -t Ordered -m put -v broker-4:1', says: /update orderConf success/ },
  { command: 'updateOrderConf -t Ordered -m get', says: /orderConf=\[broker-4:1\]/ },
  { command: 'updateOrderConf -t Ordered -m delete', says: /delete orderConf success/ },
  { command: 'updateOrderConf -t Ordered -m get', says: /CODE: 22/ },
  { command: 'wipeWritePerm -b broker-4', says: /wipe write perm of broker\[broker-4\] .* OK, \d+/ },
  { command: 'topicRoute -t Ordered', says: /"perm":4/, unordered: 'json arrays' },
  { command: 'addWritePerm -b broker-4', says: /add write perm of broker\[broker-4\] .* OK, \d+/ },
  { command: 'topicRoute -t Ordered', says: /"perm":6/, unordered: 'json arrays' },
  { command: `deleteTopic -c ${CLUSTER} -t Both`, says: /delete topic \[Both\] from NameServer success/ },
  {
    command: `deleteTopic -c ${CLUSTER} -t Ordered`,
    says: /delete topic \[Ordered\] from NameServer success/,
  },
  { command: 'topicRoute -t Both', says: /CODE: 17/ },
  { command: 'getNamesrvConfig', says: /^orderMessageEnable += +true$/m },
  {
    command: 'updateNamesrvConfig -k orderMessageEnable -v false',
    says: /update name server config success/,
    leaves: (nameServer) => expectItem(nameServer, 'orderMessageEnable=false'),
  },
  { command: 'getNamesrvConfig', says: /^orderMessageEnable += +false$/m },
  {
    command: 'updateNamesrvConfig -k enableTopicList -v false',
    says: /update name server config success/,
    leaves: (nameServer) => expectUnitTopics(nameServer, 1),
  },
  {
    command: 'updateNamesrvConfig -k kvConfigPath -v /elsewhere',
    says: /CODE: 16 {2}DESC: Can not update config in black list\./,
  },
  { command: 'updateNamesrvConfig -k no.such.key -v 1', says: /update name server config success/ },
  {
    command: 'updateNamesrvConfig -k enableTopicList -v true',
    says: /update name server config success/,
    leaves: (nameServer) => expectUnitTopics(nameServer, 0),
  },
  {
    command: 'updateNamesrvConfig -k orderMessageEnable -v true',
    says: /update name server config success/,
    leaves: (nameServer) => expectItem(nameServer, 'orderMessageEnable=true'),
  },
  { command: 'getNamesrvConfig', says: /^enableTopicList += +true$/m },
  { command: 'statsAll', says: /^BenchmarkTest/m, unordered: 'lines' },
]

let nameServers: readonly [NameServer, NameServer]
let brokers: readonly Broker[]

beforeAll(async () => {
  // The one default that differs is set, so that the items of both are the same.
  const properties = { orderMessageEnable: true, scanNotActiveBrokerInterval: 5_000 }
  nameServers = await Promise.all([
    startNameServer({ ...subject, properties }),
    startNameServer({ ...reference, properties }),
  ])
  // The same two brokers register with both, so both have the same to tell.
  const common = { cluster: CLUSTER, nameServers: nameServers.map(({ address }) => address) }
  brokers = await Promise.all([
    startBroker({ ...common, release: '4.9.7', name: 'broker-4' }),
    startBroker({ ...common, release: '5.5.0', name: 'broker-5' }),
  ])
  for (const { address } of nameServers) {
    await until('both brokers are registered', async () => Object.keys(await brokersOf(address)).length === 2)
  }
})

async function expectKv(nameServer: string, expected: { code: number; value?: string }): Promise<void> {
  const { code, extFields } = await ask(nameServer, GET_KV_CONFIG, { namespace: 'Space', key: 'color' })
  expect({ code, ...extFields }).toEqual(expected)
}

async function expectItem(nameServer: string, item: string): Promise<void> {
  const { body } = await ask(nameServer, GET_NAMESRV_CONFIG)
  expect(`${body}`.split('\n')).toContain(item)
}

async function expectUnitTopics(nameServer: string, code: number): Promise<void> {
  expect((await ask(nameServer, GET_UNIT_TOPIC_LIST)).code).toBe(code)
}

/** Brokers tell both NameServers of a change, but not at the same moment. */
async function settled(): Promise<void> {
  await until('both NameServers know the same topics and queues', async () => {
    const [one, other] = await Promise.all(nameServers.map(({ address }) => tables(address)))
    return one === other
  })
}

async function tables(nameServer: string): Promise<string> {
  const topics = await topicsOf(nameServer)
  const routes = await Promise.all(['Both', 'Ordered'].map((topic) => routeOf(nameServer, topic)))
  const queues = routes.map((route) => route?.queueDatas.map((queue) => JSON.stringify(queue)).sort())
  return JSON.stringify([topics, queues])
}

describe.each(releases)('mqadmin %s prints the same with ours as with the Java NameServer', (release) => {
  let tools: readonly AdminTool[]

  beforeAll(() => {
    // One for each NameServer, side by side: every command of the 5.x tool waits up to 3 s for its own client to stop.
    tools = nameServers.map(() => startAdminTool(release))
  })

  for (const [index, step] of steps.entries()) {
    test(`${index + 1}. ${step.command}`, async () => {
      const args = step.command.replace('<broker>', brokers[0]?.address ?? '').split(' ')
      await settled()
      const [ours, java] = await Promise.all(
        nameServers.map(async ({ address }, at) => {
          const output = await tools[at]?.run(address, args)
          if (output === undefined) throw new Error('the tool was not started')
          await step.leaves?.(address)
          // An error goes to stderr, and then there is no JSON to put in order.
          const unordered = output.stdout.trim() === '' ? 'nothing' : step.unordered
          return { raw: output.stdout + output.stderr, normalized: normalize(output, address, unordered) }
        }),
      )
      expect(ours?.raw).toMatch(step.says)
      expect(ours?.normalized).toEqual(java?.normalized)
    })
  }
})
