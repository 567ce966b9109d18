import { expect } from 'vitest'
import { ask } from './name-server-client.ts'
import type { Unordered } from './normalize.ts'

export const CLUSTER = 'InteropCluster'
const GET_KV_CONFIG = 101
const QUERY_NOT_FOUND = 22
const GET_UNIT_TOPIC_LIST = 311
const GET_NAMESRV_CONFIG = 319

/** A command of the admin tool that goes to NameServers. */
export interface Step {
  /** The command; `<broker>` is the address of the 4.9.7 broker. */
  readonly command: string
  /** What it prints where it does what it is asked, so that two equal failures do not pass. */
  readonly says: RegExp
  readonly unordered?: Unordered
  /** What must hold at each NameServer afterwards. */
  readonly leaves?: (nameServer: string) => Promise<void>
}

/** Asked in this order: each builds on the ones before. */
export const nameServerSteps: readonly Step[] = [
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
