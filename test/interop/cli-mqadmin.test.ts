import { beforeAll, describe, expect, test } from 'vitest'
import { NameServer as Client } from '../../src/admin/name-server.ts'
import { commandConnect } from '../../src/cli/client/connect.ts'
import { runCli } from '../cli/run-cli.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServerKind, startNameServer, subject } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { withoutLogbackStatus } from './harness/normalize.ts'

/** A command, and what it must leave at the NameServer when ours has run. */
interface Step {
  readonly command: string
  readonly leaves?: (nameServer: string) => Promise<void>
}

/** Asked in this order; `~` is a space within an argument. */
const SUCCEEDING: readonly Step[] = [
  { command: 'topicList' },
  { command: 'topicRoute -t Both' },
  { command: 'topicRoute -t Both -l' },
  { command: 'TOPICROUTE --top=Zoned' },
  { command: 'topicRoute -lt "Static"' },
  { command: 'topicRoute -topic Static ignored' },
  { command: 'topicRoute -t=Wide中é' },
  { command: 'topicClusterList -tBoth' },
  { command: 'topicClusterList -t Zoned' },
  { command: 'allocateMQ -t Both -i 10.0.0.9,10.0.0.10,10.0.0.11' },
  { command: 'allocateMQ -t Static -i a,b' },
  { command: 'allocateMQ -t Zoned -i a,b,c,d,e,f,g,h,i,j,k,l,m,n,a' },
  {
    command: 'updateKvConfig -s ~Space~ -k color -v deep~blue~',
    leaves: (nameServer) => expectKv(nameServer, ['Space', 'color'], 'deep blue'),
  },
  {
    command: 'updateKvConfig --namespace Space -k color -v -Dark',
    leaves: (nameServer) => expectKv(nameServer, ['Space', 'color'], '-Dark'),
  },
  {
    command: 'deleteKvConfig -s Space -k color',
    leaves: (nameServer) => expectKv(nameServer, ['Space', 'color'], undefined),
  },
  {
    command: 'updateOrderConf -t Both -m put -v broker-a:4;broker-b:2',
    leaves: (nameServer) => expectKv(nameServer, ['ORDER_TOPIC_CONFIG', 'Both'], 'broker-a:4;broker-b:2'),
  },
  { command: 'updateOrderConf -t Both -m get' },
  { command: 'topicRoute -t Both' },
  {
    command: 'updateOrderConf -t Both -m delete',
    leaves: (nameServer) => expectKv(nameServer, ['ORDER_TOPIC_CONFIG', 'Both'], undefined),
  },
  { command: 'wipeWritePerm -b broker-a', leaves: (nameServer) => expectPerms(nameServer, [4, 6]) },
  { command: 'topicRoute -t Both -l' },
  { command: 'addWritePerm -b broker-a', leaves: (nameServer) => expectPerms(nameServer, [6, 6]) },
  { command: 'wipeWritePerm -b nobody', leaves: (nameServer) => expectPerms(nameServer, [6, 6]) },
  {
    command: 'updateNamesrvConfig -k orderMessageEnable -v false',
    leaves: (nameServer) => expectConfig(nameServer, /^orderMessageEnable=false$/m),
  },
  { command: 'getNamesrvConfig' },
  {
    command: 'updateNamesrvConfig -k orderMessageEnable -v true',
    leaves: (nameServer) => expectConfig(nameServer, /^orderMessageEnable=true$/m),
  },
]

/** mqadmin prints nothing on stdout. */
const FAILING: readonly (Step & { readonly reason: RegExp })[] = [
  {
    command: 'topicRoute -t Nowhere',
    reason: /No topic route info in name server for the topic: Nowhere/,
  },
  { command: 'topicClusterList -t Nowhere', reason: /No topic route info/ },
  { command: 'allocateMQ -t Nowhere -i a', reason: /No topic route info/ },
  { command: 'allocateMQ -t Both -i ,a', reason: /an address of -i is empty/ },
  {
    command: 'updateOrderConf -t Nowhere -m get',
    reason: /No config item, Namespace: ORDER_TOPIC_CONFIG Key: Nowhere/,
  },
  { command: 'updateOrderConf -t Both -m put', reason: /needs the order conf: -v/ },
  {
    command: 'updateNamesrvConfig -k kvConfigPath -v /elsewhere',
    reason: /can ?not update/i,
    leaves: (nameServer) => expectConfig(nameServer, /^kvConfigPath=(?!\/elsewhere)/m),
  },
]

const COMMANDS = [
  ...['topicRoute', 'topicClusterList', 'topicList', 'updateKvConfig', 'deleteKvConfig', 'wipeWritePerm'],
  ...['addWritePerm', 'updateOrderConf', 'allocateMQ', 'getNamesrvConfig', 'updateNamesrvConfig'],
]

const kinds: readonly (readonly [string, NameServerKind])[] = [
  ['ours', subject],
  ['Java 5.5.0', { kind: 'java', release: '5.5.0' }],
  ['Java 4.9.7', { kind: 'java', release: '4.9.7' }],
]

interface Outcome {
  readonly ours: Awaited<ReturnType<typeof runCli>>
  /** What the tool of Java prints. */
  readonly java: string
}

/** Of each step in its order; every world runs its own, side by side, because each command of the tool waits for seconds. */
const outcomes = new Map<string, readonly Promise<Outcome>[]>()
let tool: AdminTool
let addresses: readonly string[]

beforeAll(async () => {
  const tools = kinds.map(() => startAdminTool('5.5.0'))
  const [first] = tools
  if (first !== undefined) tool = first
  const nameServers = await Promise.all(
    kinds.map(([, kind]) => startNameServer({ ...kind, properties: { orderMessageEnable: true } })),
  )
  addresses = nameServers.map(({ address }) => address)
  await Promise.all(addresses.map(registerBrokers))
  for (const [index, [name]] of kinds.entries()) {
    const address = addresses[index] ?? ''
    let before: Promise<unknown> = Promise.resolve()
    const running = [...SUCCEEDING, ...FAILING].map((step) => {
      const outcome = before.then(() => both(step, address, tools[index] ?? tool))
      before = outcome.catch(() => {})
      return outcome
    })
    outcomes.set(name, running)
  }
})

/** What ours and Java's tool do with the same words. */
async function both({ command, leaves }: Step, nameServer: string, admin: AdminTool): Promise<Outcome> {
  const words = command.split(' ').map((word) => word.replaceAll('~', ' '))
  const ours = await runCli(['mqadmin', ...words, '-n', nameServer])
  await leaves?.(nameServer)
  return { ours, java: withoutLogbackStatus((await admin.run(nameServer, words)).stdout) }
}

async function outcomeOf(name: string, index: number): Promise<Outcome> {
  const outcome = await outcomes.get(name)?.[index]
  if (outcome === undefined) throw new Error(`${name} was not started`)
  return outcome
}

describe.each(kinds.map(([name]) => name))('mqadmin of mqnamesrv with the NameServer of %s', (name) => {
  for (const [index, { command }] of SUCCEEDING.entries()) {
    test(`${index + 1}. ${command} prints byte for byte what mqadmin 5.5.0 prints`, async () => {
      const { ours, java } = await outcomeOf(name, index)
      expect(ours).toEqual({ code: 0, stdout: expect.stringMatching(/./), stderr: '' })
      expect(ours.stdout).toBe(java)
    })
  }

  for (const [index, { command, reason }] of FAILING.entries()) {
    test(`${command} prints one line on stderr where mqadmin prints a stack trace`, async () => {
      const { ours, java } = await outcomeOf(name, SUCCEEDING.length + index)
      expect([ours.stdout, java]).toEqual(['', ''])
      expect(ours.stderr).toMatch(/^mqnamesrv: .*\n$/)
      expect(ours.stderr).toMatch(reason)
      expect(ours.code).toBeGreaterThan(0)
    })
  }
})

test('getNamesrvConfig of mqnamesrv prints several NameServers in the order of mqadmin 5.5.0', async () => {
  // After the commands that change the configuration.
  await Promise.all([...outcomes.values()].flat())
  const list = addresses.join(';')
  const { stdout } = await runCli(['mqadmin', 'getNamesrvConfig', '-n', list])
  expect(stdout.match(/^=+[\d.:]+=+$/gm)).toHaveLength(3)
  expect(stdout).toBe((await tool.run(list, ['getNamesrvConfig'])).stdout)
})

describe('help of mqadmin', () => {
  test.each(COMMANDS)('for %s is that of mqadmin 5.5.0', async (command) => {
    const { stdout } = await runCli(['mqadmin', 'help', command])
    expect(stdout).toBe((await tool.run(undefined, ['help', command])).stdout)
  })

  test('lists the same commands in the same words', async () => {
    const { stdout } = await runCli(['mqadmin'])
    const java = (await tool.run(undefined, [])).stdout
    const name = /^ {3}(\w+) /
    const kept = java
      .split('\n')
      .filter((line) => COMMANDS.includes(name.exec(line)?.[1] ?? '') || !name.test(line))
    // The tool adds all of them to its list again with each command that it runs.
    expect([...new Set(stdout.split('\n'))]).toEqual([...new Set(kept)])
  })
})

/** Three groups, many topics, broker ids that share a bucket of Java's hash table, a zone, filter servers and a static topic. */
async function registerBrokers(address: string): Promise<void> {
  const connection = await commandConnect({ isTls: false })
  // Its connection stays open: the brokers would leave with it.
  const client = new Client(address, { ...connection, timeoutMs: 3_000, credentials: undefined })
  const register = async (
    brokerName: string,
    { id = 0, cluster = 'C1', topics = [], filterServerList = [], mapping = {}, fields = {} }: Registration,
  ): Promise<void> => {
    const number = [...brokerName].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
    const brokerAddr = `10.0.${number % 250}.${id % 250}:10911`
    const identity = { brokerName, brokerAddr, clusterName: cluster, brokerId: `${id}` }
    const response = await client.invoke(
      103,
      { ...identity, haServerAddr: `${brokerAddr}2`, heartbeatTimeoutMillis: '600000', ...fields },
      registrationBody(topics, filterServerList, mapping),
    )
    expect([response.code, response.remark]).toEqual([0, null])
  }
  const many = Array.from({ length: 60 }, (_, index) => `Topic_${index * 37}`)
  const topics = [...many, 'Both', 'Static']
  const mapping = (bname: string, ids: object) => ({
    Static: {
      topic: 'Static',
      bname,
      scope: '__global__',
      totalQueues: 21,
      epoch: 1_700_000_000_000,
      currIdMap: ids,
    },
  })
  await register('broker-b', {
    ...{
      topics: [...topics, 'Wide中é'],
      cluster: 'C2',
      mapping: mapping('broker-b', { 1: 0, 33: 1, 17: 2 }),
    },
    filterServerList: ['10.0.0.1:99', '10.0.0.1:98'],
  })
  await register('broker-a', { topics, mapping: mapping('broker-a', { 0: 0, 2: 1 }) })
  for (const id of [1, 2, 17, 33, 16, 100]) await register('broker-a', { id })
  await register('zoned-broker', {
    // A single topic would be taken for an increment.
    topics: ['Zoned', 'zoned-broker'],
    fields: { __ZONE_NAME: 'z1', enableActingMaster: 'true' },
  })
  await register('broker-a', { id: 200, cluster: 'C3' })
}

interface Registration {
  readonly id?: number
  readonly cluster?: string
  readonly topics?: readonly string[]
  readonly filterServerList?: readonly string[]
  readonly mapping?: object
  readonly fields?: Readonly<Record<string, string>>
}

function registrationBody(
  topics: readonly string[],
  filterServerList: readonly string[],
  mapping: object,
): Buffer {
  const entries = topics.map((topicName, index) => {
    const queues = { readQueueNums: 4 + (index % 3), writeQueueNums: 4 + (index % 2) }
    return [topicName, { topicName, perm: 6, topicSysFlag: 0, order: false, ...queues }]
  })
  const topicConfigSerializeWrapper = {
    dataVersion: { counter: 1, stateVersion: 0, timestamp: 1_700_000_000_000 },
    topicConfigTable: Object.fromEntries(entries),
    topicQueueMappingInfoMap: mapping,
  }
  return Buffer.from(JSON.stringify({ filterServerList, topicConfigSerializeWrapper }))
}

async function expectKv(
  nameServer: string,
  [namespace, key]: [string, string],
  value: string | undefined,
): Promise<void> {
  const { extFields } = await ask(nameServer, 101, { namespace, key })
  expect(extFields['value']).toBe(value)
}

async function expectPerms(nameServer: string, perms: readonly number[]): Promise<void> {
  const { body } = await ask(nameServer, 105, { topic: 'Both' })
  const { queueDatas } = JSON.parse(`${body}`) as { queueDatas: { brokerName: string; perm: number }[] }
  queueDatas.sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
  expect(queueDatas.map(({ perm }) => perm)).toEqual(perms)
}

async function expectConfig(nameServer: string, item: RegExp): Promise<void> {
  const { body } = await ask(nameServer, 319)
  expect(`${body}`).toMatch(item)
}
