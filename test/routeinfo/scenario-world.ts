import type { MaybePromise } from '../../src/common/time-slicer.ts'
import type { QueueData } from '../../src/protocol/body/topic-route-data.ts'
import {
  type FakeChannel,
  type GroupJson,
  managerWith,
  type NamedTopicConfig,
  openChannel,
  parseClusterInfo,
  tableOf,
  topicConfig,
} from './route-helpers.ts'

interface RouteJson {
  readonly brokerDatas: { brokerName: string; cluster: string; brokerAddrs: Record<string, string> }[]
  readonly queueDatas: QueueData[]
  readonly filterServerTable: Record<string, string[]>
  readonly topicQueueMappingByBroker?: Record<string, { epoch: number }>
}

type Command = (args: string[], options: ReadonlyMap<string, string>) => string[]

/** A server's tables, driven by the commands of a transcript. Time stands still between `advance` commands. */
export class ScenarioWorld {
  readonly #world = managerWith('whole')
  readonly #channels = new Map<string, FakeChannel>()
  readonly #owner = openChannel(0)
  #nowMs = 0

  /** Runs one command, `name argument… option=value…`, and returns the lines it answers. */
  run(line: string): string[] {
    const [name = '', ...words] = line.split(' ').filter((word) => word !== '')
    const command = this.#commands[name]
    if (command === undefined) throw new Error(`no such command: ${line}`)
    const options = words.filter((word) => word.includes('='))
    return command(
      words.filter((word) => !word.includes('=')),
      new Map(options.map((word) => word.split('=', 2) as [string, string])),
    )
  }

  readonly #commands: Readonly<Record<string, Command>> = {
    register: (args, options) => this.#register(args, options),

    'register-topic': ([topic = '', ...queues]) => {
      const queueDatas = queues.map((spec) => {
        const { topicName: brokerName, ...numbers } = parseTopic(spec)
        return { brokerName, ...numbers }
      })
      now(this.#world.manager.registerTopic(topic, queueDatas, this.#owner))
      return ['ok']
    },

    'delete-topic': ([topic = '', cluster = null]) => {
      now(this.#world.manager.deleteTopic(topic, cluster, this.#owner))
      return ['ok']
    },

    wipe: ([name = '']) => [`${now(this.#world.manager.setWritePerm(name, 'wipe', this.#owner))} topics`],

    add: ([name = '']) => [`${now(this.#world.manager.setWritePerm(name, 'add', this.#owner))} topics`],

    unregister: ([brokerName = '', id = '', brokerAddr = ''], options) => {
      const { manager } = this.#world
      const queued = manager.submitUnRegisterBrokerRequest({
        clusterName: options.get('cluster') ?? 'C',
        brokerName,
        brokerAddr,
        brokerId: BigInt(id),
        reason: 'request',
        generation: manager.queue.nextGeneration(),
      })
      return [queued ? 'ok' : 'queue full']
    },

    heartbeat: ([addr = ''], options) => {
      this.#world.manager.touch(options.get('cluster') ?? 'C', addr, this.#nowMs)
      return ['ok']
    },

    'data-version': ([addr = ''], options) => {
      const id = options.get('id')
      const answer = now(
        this.#world.manager.queryDataVersion(
          {
            clusterName: options.get('cluster') ?? 'C',
            brokerAddr: addr,
            brokerName: options.get('name') ?? null,
            brokerId: id === undefined ? null : BigInt(id),
          },
          dataVersion(options),
          this.#nowMs,
          this.#owner,
        ),
      )
      const { registered } = answer
      const stored =
        registered === null ? 'nothing' : `version ${registered.counter} state ${registered.stateVersion}`
      return [`${answer.changed ? 'changed' : 'same'}, stored: ${stored}`]
    },

    advance: ([ms = '']) => {
      this.#nowMs += Number(ms)
      return [`now ${this.#nowMs} ms`]
    },

    evict: () => {
      const silent = this.#world.manager.scanNotActiveBroker(this.#nowMs)
      this.#world.manager.evict(silent)
      return listed(silent.map((live) => `${live.brokerName} ${live.brokerAddr}`))
    },

    close: ([name = '']) => {
      const channel = this.#channel(name)
      channel.closed = true
      this.#channels.delete(name)
      this.#world.manager.onChannelsDestroy([channel.id])
      return ['ok']
    },

    route: ([topic = ''], options) => {
      const supportActingMaster = options.get('acting-master') === 'yes'
      const variant = { dialect: 'standard', supportActingMaster, orderTopicConf: null } as const
      const body = this.#world.manager.encodedRoute(topic, variant)
      return body === null ? ['no route'] : routeLines(JSON.parse(body.toString()) as RouteJson)
    },

    cluster: () => {
      const body = now(this.#world.manager.encodedClusterInfo(this.#owner))
      const { clusterAddrTable, brokerAddrTable } = parseClusterInfo(body)
      const clusters = Object.entries(clusterAddrTable).map(
        ([name, brokers]) => `cluster ${name}: ${brokers}`,
      )
      return listed([...clusters, ...Object.values(brokerAddrTable).map(groupLine)])
    },

    group: ([name = '']) => {
      const addrs = now(this.#world.manager.getBrokerMemberGroup(name, this.#owner))
      return [addrsText([...addrs].map(([id, addr]) => [`${id}`, addr]))]
    },

    topics: ([cluster]) => {
      const { manager } = this.#world
      const topics = cluster
        ? manager.getTopicsByCluster(cluster, this.#owner)
        : manager.getTopicList(this.#owner)
      return listed(now(topics).sort())
    },

    /** What the world has been told since the last time it was asked. */
    effects: () =>
      listed(
        this.#world.effects.splice(0).map((effect) => {
          if (effect.kind === 'connection inactive') return `${effect.kind}: ${effect.channelId}`
          if (effect.kind !== 'min broker id changed') return `${effect.kind}: ${effect.broker.brokerAddr}`
          const addrs = addrsText([...effect.brokerAddrs].map(([id, addr]) => [`${id}`, addr]))
          const acting = effect.enableActingMaster ? ', acting' : ''
          return `${effect.kind}: ${addrs}, offline ${effect.offlineBrokerAddr}, ha ${effect.haBrokerAddr}${acting}`
        }),
      ),
  }

  #register(
    [brokerName = '', id = '', brokerAddr = '']: string[],
    options: ReadonlyMap<string, string>,
  ): string[] {
    const { manager } = this.#world
    const channel = this.#channel(options.get('connection') ?? brokerAddr)
    const acting = options.get('acting') ?? 'false'
    const topics = words(options.get('topics')).map(parseTopic)
    const mappings = words(options.get('mappings')).map(
      (topic) => [topic, mapping(topic, brokerName)] as const,
    )
    const filters = options.get('filters')
    const timeout = options.get('timeout')
    const outcome = now(
      manager.registerBroker(
        {
          clusterName: options.get('cluster') ?? 'C',
          brokerName,
          brokerId: BigInt(id),
          brokerAddr,
          haServerAddr: options.get('ha') ?? null,
          zoneName: options.get('zone') ?? null,
          heartbeatTimeoutMs: timeout === undefined ? null : Number(timeout),
          enableActingMaster: acting === 'unknown' ? null : acting === 'true',
          owner: channel.host,
          isLoopback: channel.isLoopback,
          channelId: channel.id,
          peer: channel.remoteAddress,
          generation: manager.queue.nextGeneration(),
          nowMs: this.#nowMs,
          dataVersion: dataVersion(options),
          topicConfigTable: tableOf(new Map(topics.map((topic) => [topic.topicName, topic]))),
          topicQueueMappingInfoMap: new Map(mappings),
          filterServerList: filters === undefined ? null : words(filters),
        },
        options.get('delete-missing') === 'yes',
        channel,
      ),
    )
    if (outcome === undefined) throw new Error('nothing was built on a mark')
    const { result } = outcome
    if (result === null) return ['refused']
    const master = result.masterAddr === null ? '' : `, master ${result.masterAddr} ha ${result.haServerAddr}`
    return [`registered${master}`]
  }

  #channel(name: string): FakeChannel {
    const channel = this.#channels.get(name) ?? openChannel(this.#nextChannelId++)
    this.#channels.set(name, channel)
    return channel
  }

  #nextChannelId = 1
}

function now<Result>(result: MaybePromise<Result>): Result {
  if (result instanceof Promise) throw new Error('the answer did not come in the same turn')
  return result
}

function words(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(',').filter((word) => word !== '')
}

function listed(lines: string[]): string[] {
  return lines.length === 0 ? ['none'] : lines
}

/** `version=2 state=1`; 1 and 0 unless said otherwise. */
function dataVersion(options: ReadonlyMap<string, string>) {
  const counter = BigInt(options.get('version') ?? '1')
  return { counter, stateVersion: BigInt(options.get('state') ?? '0'), timestamp: 1_700_000_000_000n }
}

/** `T1`, `T1/perm4`, `T1/queues16`, `T1/flag1`. */
function parseTopic(spec: string): NamedTopicConfig {
  const [name = '', ...details] = spec.split('/')
  let config = topicConfig(name)
  for (const detail of details) {
    const [, what, digits] = /^([a-z]+)(\d+)$/.exec(detail) ?? []
    const value = Number(digits)
    if (what === 'perm') config = { ...config, perm: value }
    else if (what === 'queues') config = { ...config, readQueueNums: value, writeQueueNums: value }
    else if (what === 'flag') config = { ...config, topicSysFlag: value }
    else throw new Error(`no such detail of a topic: ${spec}`)
  }
  return config
}

function mapping(topic: string, bname: string) {
  return {
    topic,
    scope: '__global__',
    totalQueues: 1,
    bname,
    epoch: 7n,
    dirty: false,
    currIdMap: new Map([[0, 0]]),
  }
}

function addrsText(entries: readonly (readonly [string, string])[]): string {
  return `{${[...entries]
    .sort()
    .map(([id, addr]) => `${id}: ${addr}`)
    .join(', ')}}`
}

function groupLine(group: GroupJson): string {
  const addrs = addrsText(Object.entries(group.brokerAddrs))
  const zone = group.zoneName === undefined ? '' : ` zone ${group.zoneName}`
  const noMaster = group.enableActingMaster && !('0' in group.brokerAddrs) ? ' without master' : ''
  const acting = group.enableActingMaster ? ` acting${noMaster}` : ''
  return `${group.brokerName} in ${group.cluster}: ${addrs}${zone}${acting}`
}

function routeLines(route: RouteJson): string[] {
  const queues = route.queueDatas.map((queue) => {
    const flag = queue.topicSysFlag === 0 ? '' : `, flag ${queue.topicSysFlag}`
    const { brokerName, perm, readQueueNums, writeQueueNums } = queue
    return `queues on ${brokerName}: perm ${perm}, read ${readQueueNums}, write ${writeQueueNums}${flag}`
  })
  const groups = route.brokerDatas.map(
    (group) => `${group.brokerName} in ${group.cluster}: ${addrsText(Object.entries(group.brokerAddrs))}`,
  )
  const filters = Object.entries(route.filterServerTable).map(([addr, list]) => `filters of ${addr}: ${list}`)
  const mappings = Object.entries(route.topicQueueMappingByBroker ?? {})
  return [
    ...queues,
    ...groups,
    ...filters,
    ...mappings.map(([name, { epoch }]) => `mapping on ${name}: epoch ${epoch}`),
  ]
}
