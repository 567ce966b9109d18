import { AdminError } from '../../admin/admin-error.ts'
import { applied } from '../../admin/applied.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../../admin/kv.ts'
import { type NameServer, responseError } from '../../admin/name-server.ts'
import { firstLine } from '../../common/describe-errno.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { askAll } from '../client/ask-all.ts'
import { AllFailedError, CommandError, exitCodeFor } from '../command-error.ts'
import { ExitCode } from '../exit-code.ts'
import type { Failure } from '../output/report.ts'
import { visible } from '../output/visible.ts'
import { allocation } from './allocate.ts'
import type { JavaOption, JavaValues } from './java-options.ts'
import { concurrentHashMapOrder, hashMapOrder, javaHash } from './java-order.ts'
import { routeJson, routeTable } from './topic-route.ts'

/** A command of mqadmin. */
export interface Subcommand {
  readonly name: string
  readonly description: string
  /** All but `-h` and `-n`. */
  readonly options: readonly JavaOption[]
  /** @throws {CommandError} {AllFailedError} (rejects) */
  readonly run: (given: Given) => Promise<Outcome>
}

interface Given {
  readonly values: JavaValues
  readonly servers: readonly NameServer[]
}

/** What a command has printed and done. */
export interface Outcome {
  readonly stdout: string
  /** NameServers that failed. */
  readonly failures?: readonly Failure[]
  /** What was done nevertheless. */
  readonly notes?: readonly string[]
}

const TOPIC = required('t', 'topic', 'topic name')
const NAMESPACE = required('s', 'namespace', 'set the namespace')
const KEY = required('k', 'key', 'set the key name')
const BROKER = required('b', 'brokerName', 'broker name')

/** The commands of mqadmin 5.5.0 that ask NameServers and nothing else, in its order. */
export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'topicRoute',
    description: 'Examine topic route info.',
    options: [TOPIC, { letter: 'l', name: 'list', text: 'Use list format to print data', hasValue: false }],
    run: async ({ values, servers }) => {
      const route = await askFirst(servers, (server) => routeOf(server, textOf(values, 'topic')))
      return { stdout: values.has('list') ? routeTable(route) : routeJson(route) }
    },
  },
  {
    name: 'topicClusterList',
    description: 'Get cluster info for topic.',
    options: [TOPIC],
    run: async ({ values, servers }) => {
      const clusters = await askFirst(servers, async (server) => {
        const { brokerDatas } = await routeOf(server, textOf(values, 'topic'))
        const { clusters: names } = await server.clusterInfo()
        return [...names].filter(([, brokers]) => brokers.includes(`${brokerDatas[0]?.brokerName}`))
      })
      return { stdout: lines(hashMapOrder(clusters, ([name]) => javaHash(name)).map(([name]) => name)) }
    },
  },
  {
    name: 'topicList',
    description: 'Fetch all topic list from name server.',
    options: [{ letter: 'c', name: 'clusterModel', text: 'clusterModel', hasValue: false }],
    run: async ({ values, servers }) => {
      if (values.has('clusterModel'))
        throw new CommandError(
          'not_supported',
          'topicList -c asks brokers for consumer groups: use the mqadmin of RocketMQ',
        )
      const topics = await askFirst(servers, (server) => server.topicNames())
      return { stdout: lines(hashMapOrder([...topics], javaHash)) }
    },
  },
  {
    name: 'updateKvConfig',
    description: 'Create or update KV config.',
    options: [NAMESPACE, KEY, required('v', 'value', 'set the key value')],
    run: ({ values, servers }) =>
      changeAll(servers, 'create or update kv config to namespace success.\n', async (server) => {
        const [namespace, key] = [textOf(values, 'namespace'), textOf(values, 'key')]
        await server.ask(RequestCode.PUT_KV_CONFIG, { namespace, key, value: textOf(values, 'value') })
      }),
  },
  {
    name: 'deleteKvConfig',
    description: 'Delete KV config.',
    options: [NAMESPACE, KEY],
    run: ({ values, servers }) =>
      changeAll(servers, 'delete kv config from namespace success.\n', async (server) => {
        const [namespace, key] = [textOf(values, 'namespace'), textOf(values, 'key')]
        await server.ask(RequestCode.DELETE_KV_CONFIG, { namespace, key })
      }),
  },
  {
    name: 'wipeWritePerm',
    description: 'Wipe write perm of broker in all name server you defined in the -n param.',
    options: [BROKER],
    run: (given) => changePerm(given, RequestCode.WIPE_WRITE_PERM_OF_BROKER, 'wipe'),
  },
  {
    name: 'addWritePerm',
    description: 'Add write perm of broker in all name server you defined in the -n param.',
    options: [BROKER],
    run: (given) => changePerm(given, RequestCode.ADD_WRITE_PERM_OF_BROKER, 'add'),
  },
  {
    name: 'updateOrderConf',
    description: 'Create or update or delete order conf.',
    options: [
      TOPIC,
      optional('v', 'orderConf', 'set order conf [eg. brokerName1:num;brokerName2:num]'),
      { ...required('m', 'method', 'option type [eg. put|get|delete'), choices: ['put', 'get', 'delete'] },
    ],
    run: updateOrderConf,
  },
  {
    name: 'allocateMQ',
    description: 'Allocate MQ.',
    options: [TOPIC, required('i', 'ipList', 'ipList')],
    run: async ({ values, servers }) => {
      const topic = textOf(values, 'topic')
      const route = await askFirst(servers, (server) => routeOf(server, topic))
      return { stdout: allocation(topic, route, textOf(values, 'ipList')) }
    },
  },
  {
    name: 'getNamesrvConfig',
    description: 'Get configs of name server.',
    options: [],
    run: getNamesrvConfig,
  },
  {
    name: 'updateNamesrvConfig',
    description: 'Update configs of name server.',
    options: [required('k', 'key', 'config key'), required('v', 'value', 'config value')],
    run: ({ values, servers }) => {
      const [key, value] = [textOf(values, 'key'), textOf(values, 'value')]
      const named = values.has('namesrvAddr') ? `[${servers.map(({ address }) => address).join(', ')}]` : ''
      return changeAll(
        servers,
        lines([`update name server config success!${named}`, `${key} : ${value}`]),
        async (server) => {
          await server.ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, Buffer.from(`${key}=${value}\n`))
        },
      )
    },
  },
]

async function updateOrderConf({ values, servers }: Given): Promise<Outcome> {
  const topic = textOf(values, 'topic')
  const fields = { namespace: NAMESPACE_ORDER_TOPIC_CONFIG, key: topic }
  const method = textOf(values, 'method')
  if (method === 'get') {
    const value = await askFirst(servers, (server) =>
      fieldOf(server, RequestCode.GET_KV_CONFIG, fields, 'value'),
    )
    return { stdout: visible(`get orderConf success. topic=[${topic}], orderConf=[${value}] `) }
  }
  if (method === 'put') {
    const value = textOf(values, 'orderConf')
    if (value === '') throw new CommandError('usage', 'updateOrderConf -m put needs the order conf: -v')
    const done = `update orderConf success. topic=[${topic}], orderConf=[${value}]`
    return await changeAll(servers, visible(done), async (server) => {
      await server.ask(RequestCode.PUT_KV_CONFIG, { ...fields, value })
    })
  }
  return await changeAll(servers, visible(`delete orderConf success. topic=[${topic}]`), async (server) => {
    await server.ask(RequestCode.DELETE_KV_CONFIG, fields)
  })
}

async function changePerm({ values, servers }: Given, code: number, verb: 'wipe' | 'add'): Promise<Outcome> {
  const brokerName = textOf(values, 'brokerName')
  const { found, failures } = await askAll(servers, (server) =>
    applied(fieldOf(server, code, { brokerName }, `${verb}TopicCount`)),
  )
  const counts = new Map(found.map(({ server, value }) => [server, value]))
  const printed = servers.map((server) => {
    const count = counts.get(server)
    const result = count === undefined ? 'Failed' : `OK, ${count}`
    return `${verb} write perm of broker[${brokerName}] in name server[${server.address}] ${result}`
  })
  return { stdout: lines(printed), failures }
}

/** Of a NameServer whose values are escaped; Java's are as mqadmin misreads them. @see MixAll#string2Properties in apache/rocketmq */
async function getNamesrvConfig({ servers }: Given): Promise<Outcome> {
  // Only this command needs it, and it slows down the start.
  const { parseJavaProperties } = await import('../../namesrv/config/java-properties.ts')
  const { found, failures } = await askAll(servers, async (server) => {
    const body = await server.ask(RequestCode.GET_NAMESRV_CONFIG)
    try {
      return [...parseJavaProperties(body).values()]
    } catch (error) {
      throw new CommandError('protocol', `unreadable configuration of ${server.address}: ${firstLine(error)}`)
    }
  })
  const printed = hashMapOrder(found, ({ server }) => javaHash(server.address), 4).flatMap(
    ({ server, value: properties }) => [
      `============${server.address}============`,
      ...concurrentHashMapOrder(properties, ({ key }) => javaHash(key)).map(
        ({ key, value }) => `${visible(key).padEnd(50)}=  ${value}`,
      ),
    ],
  )
  return { stdout: lines(printed), failures }
}

/** A field of the response to a request that must succeed. @throws {CommandError} (rejects) */
async function fieldOf(
  server: NameServer,
  code: number,
  fields: Readonly<Record<string, string>>,
  name: string,
): Promise<string> {
  const response = await server.invoke(code, fields)
  if (response.code !== ResponseCode.SUCCESS) throw responseError(response)
  return response.extFields?.get(name) ?? ''
}

/** @throws {CommandError} (rejects) `not_found` */
async function routeOf(server: NameServer, topic: string) {
  const route = await server.route(topic)
  if (route !== undefined) return route
  throw new CommandError('not_found', `No topic route info in name server for the topic: ${topic}`)
}

/** What the first NameServer that responds says: like a client, mqadmin asks the next one if one is unreachable. */
async function askFirst<Result>(
  servers: readonly NameServer[],
  ask: (server: NameServer) => Promise<Result>,
): Promise<Result> {
  const failures: Failure[] = []
  for (const server of servers) {
    try {
      return await ask(server)
    } catch (error) {
      if (!(error instanceof AdminError) || exitCodeFor(error) !== ExitCode.UNREACHABLE) throw error
      failures.push({ namesrv: server.address, error })
    }
  }
  throw new AllFailedError(failures)
}

/** Changes every NameServer; as with mqadmin, success is printed only if all of them have made the change. */
async function changeAll(
  servers: readonly NameServer[],
  success: string,
  change: (server: NameServer) => Promise<void>,
): Promise<Outcome> {
  const { found, failures } = await askAll(servers, (server) => applied(change(server)))
  if (failures.length === 0) return { stdout: success }
  const notes = found.map(({ server }) => `changed on ${server.address}`)
  return { stdout: '', failures, notes }
}

function textOf(values: JavaValues, name: string): string {
  return values.get(name)?.trim() ?? ''
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${visible(text)}\n`).join('')
}

function required(letter: string, name: string, text: string): JavaOption {
  return { letter, name, text, hasValue: true, isRequired: true }
}

function optional(letter: string, name: string, text: string): JavaOption {
  return { letter, name, text, hasValue: true }
}
