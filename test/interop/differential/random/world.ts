import type { RequestStep } from '../sequence.ts'
import { EMPTIED } from '../sequences/kv-config.ts'
import {
  type Broker,
  brokerFields,
  dataVersion,
  register,
  registerCompressed,
  topic,
  unregister,
} from '../sequences/request-steps.ts'
import type { Action, BrokerChoice, Dialect, QueueChoice, RegisterAction } from './actions.ts'

const PERMS = [6, 4, 2, 0, 7]
const QUEUES = [8, 4, 16]
/** By topic, the same on every broker: what 311 to 313 show of a topic hangs on any one of its brokers. */
const SYS_FLAGS = [0, 0, 1, 2, 3, 0, 0]
const FILTER_SERVERS = [[], ['f:1'], ['f:1', 'f/é:2']]
const ADDRESSES = 4

/**
 * The few names of which a random sequence is made, so that they meet often. Every run has a prefix of its own, which keeps its
 * brokers, topics and keys apart from those of earlier runs on the same servers.
 */
export class World {
  readonly #prefix: string
  readonly #dialect: Dialect
  readonly #clusters: readonly string[]
  readonly #names: readonly string[]
  readonly #topics: readonly string[]
  readonly #keys: readonly string[]
  readonly #namespaces: readonly string[]
  /** What a broker says under one version is always the same; by address and version. */
  readonly #said = new Map<string, Pick<RegisterAction, 'topics' | 'form' | 'mapped'>>()

  constructor(prefix: string, dialect: Dialect) {
    const named = (...names: string[]): string[] => names.map((name) => `${prefix}${name}`)
    this.#prefix = prefix
    this.#dialect = dialect
    this.#clusters = named('c0', 'c1')
    this.#names = named('a', 'b', 'ü')
    this.#topics = named('T0', 'T1', 'T2', 'T3', 'T4', '%RETRY%/é', 'a')
    this.#keys = named('T0', 'k1', 'k"é')
    this.#namespaces = [...named('n0', 'n1'), 'ORDER_TOPIC_CONFIG']
  }

  /** Whether a broker is known by its cluster and its address; before 5.0 it was by its address alone. */
  get tellsClustersApart(): boolean {
    return this.#dialect === '5.x'
  }

  /** The broker's key in the live table, and its connections. */
  broker({ name, address, cluster, id }: BrokerChoice): Broker {
    const brokerName = this.#names[name] ?? ''
    // An address belongs to one name, as a host and port do: by which of two names Java finds it hangs on a hash.
    const addr = `${brokerName}:${address}`
    return { name: brokerName, addr, cluster: this.#clusters[cluster] ?? '', id }
  }

  /** The request of an action; closing a connection takes none. */
  request(action: Exclude<Action, { kind: 'close' }>): RequestStep {
    switch (action.kind) {
      case 'register':
        return this.#registration(action)
      case 'unregister':
        return unregister(this.broker(action.broker), headers(action))
      case 'query version':
        return this.#queryVersion(this.broker(action.broker), action.counter)
      case 'heartbeat':
        return { code: 904, extFields: brokerFields(this.broker(action.broker)) }
      case 'route':
        return {
          code: 105,
          extFields: { topic: this.#topic(action.topic) },
          version: action.version,
          mayDifferInMappings: true,
          ...headers(action),
        }
      case 'member group':
        return this.#memberGroup(this.#names[action.name] ?? '', action.cluster)
      case 'write permission':
        return { code: action.code, extFields: { brokerName: this.#names[action.name] ?? '' } }
      case 'delete topic':
        return {
          code: 216,
          extFields: {
            topic: this.#topic(action.topic),
            clusterName: action.cluster === null ? null : (this.#clusters[action.cluster] ?? ''),
          },
        }
      case 'register topic':
        return this.#topicRegistration(action)
      case 'put kv':
        return { code: 100, extFields: { ...this.#keyOf(action), value: action.value } }
      case 'get kv':
        return { code: 101, extFields: this.#keyOf(action) }
      case 'delete kv':
        return { code: 102, extFields: this.#keyOf(action) }
    }
  }

  /** Requests whose answers together show everything that the servers know of this world. */
  look(): RequestStep[] {
    const only5 = this.#names.flatMap((name) => [
      this.#memberGroup(name, 0),
      { code: 105, extFields: { topic: `rmq_sys_SYNC_BROKER_MEMBER_${name}` } },
    ])
    return [
      ...[106, 206, 304, 311, 312, 313].map((code) => ({ code })),
      ...this.#clusters.map((cluster) => ({ code: 224, extFields: { cluster } })),
      ...this.#topics.flatMap((name) =>
        [513, 300].map((version) => ({
          code: 105,
          extFields: { topic: name },
          version,
          mayDifferInMappings: true,
        })),
      ),
      ...this.#everyBroker().map((broker) => this.#queryVersion(broker, 1)),
      ...this.#namespaces.map((namespace) => ({ code: 219, extFields: { namespace }, mayDiffer: EMPTIED })),
      ...(this.#dialect === '5.x' ? only5 : []),
    ]
  }

  /**
   * Requests that remove everything that could be seen in another world, in groups whose order is theirs: a name goes from the
   * cluster that its last unregistration names.
   */
  cleanUp(): RequestStep[][] {
    const leaving = this.#everyBroker()
    return [
      ...this.#clusters.map((cluster) =>
        leaving.filter((broker) => broker.cluster === cluster).map((broker) => unregister(broker)),
      ),
      [
        ...this.#topics.map((name) => ({ code: 216, extFields: { topic: name } })),
        ...this.#keys.map((key) => ({ code: 102, extFields: { namespace: 'ORDER_TOPIC_CONFIG', key } })),
      ],
    ]
  }

  /** A broker without topics that registers and leaves: once it is removed, so is everything queued before it. */
  sentinel(): Broker {
    const name = `${this.#prefix}sentinel`
    return { name, addr: `${name}:1`, cluster: name, acting: null }
  }

  #topic(index: number): string {
    return this.#topics[index] ?? ''
  }

  #everyBroker(): Broker[] {
    const addresses = Array.from({ length: ADDRESSES }, (_, address) => address)
    // 4.9.7 knows a broker by its address alone, whatever its cluster.
    const clustersOf = (name: number): number[] => (this.#dialect === '5.x' ? [0, 1] : [name % 2])
    return this.#names.flatMap((_, name) =>
      clustersOf(name).flatMap((cluster) =>
        addresses.map((address) => this.broker({ name, address, cluster, id: String(address) })),
      ),
    )
  }

  #queryVersion(broker: Broker, counter: number): RequestStep {
    return {
      code: 322,
      extFields: brokerFields(broker),
      body: JSON.stringify(dataVersion(counter)),
      mayTellToRegister: true,
    }
  }

  #memberGroup(brokerName: string, cluster: number): RequestStep {
    return { code: 901, extFields: { clusterName: this.#clusters[cluster] ?? '', brokerName } }
  }

  #keyOf({ namespace, key }: { namespace: number; key: number }): { namespace: string; key: string } {
    return { namespace: this.#namespaces[namespace] ?? '', key: this.#keys[key] ?? '' }
  }

  #topicRegistration({ topic: index, queues }: Extract<Action, { kind: 'register topic' }>): RequestStep {
    const queueDatas = queues.map(({ name, perm, queues: count }) => ({
      brokerName: this.#names[name] ?? `${this.#prefix}unknown`,
      perm: PERMS[perm],
      readQueueNums: QUEUES[count],
      topicSysFlag: SYS_FLAGS[index],
      writeQueueNums: QUEUES[count],
    }))
    const body = JSON.stringify({ brokerDatas: [], filterServerTable: {}, queueDatas })
    return { code: 217, extFields: { topic: this.#topic(index) }, body }
  }

  /**
   * As a broker is: each version sent has one table of topics. Others differ on purpose (`parts-of-a-registration`). A form of 4.9
   * sends no state version, and a form of 5.x that replaces it must not send the one in the action.
   */
  #honest(action: RegisterAction): RegisterAction {
    const { form, counter, topics, mapped } = action
    const { addr, cluster } = this.broker(action.broker)
    const stateVersion = isOf5(form) ? action.stateVersion : 0
    const key = `${cluster} ${addr} ${counter} ${stateVersion}`
    const said = this.#said.get(key) ?? { topics, form, mapped }
    this.#said.set(key, said)
    return { ...action, ...said, stateVersion }
  }

  /** A registration without the broker's own topic would be taken for an increment (`increment-is-partial`). */
  #topicsOf({ topics }: RegisterAction, { name }: Broker): [string, object][] {
    if (topics.length === 0) return []
    const own: [string, object] = [name, topic(name)[1]]
    return topics.length === 1 ? [own] : [...topics.map((choice) => this.#topicConfig(choice)), own]
  }

  #registration(said: RegisterAction): RequestStep {
    const action = this.#honest(said)
    const { form, counter, stateVersion, zone, heartbeatTimeoutMillis } = action
    const of5 = isOf5(form)
    const broker: Broker = {
      ...this.broker(action.broker),
      acting: of5 ? action.acting : null,
      ...(zone !== null && { zone: `z${zone}` }),
    }
    const rest = headers(action)
    const fields = heartbeatTimeoutMillis === null ? {} : { heartbeatTimeoutMillis }
    const filter = action.filterServers === null ? null : (FILTER_SERVERS[action.filterServers] ?? [])
    if (form === 'json') {
      const topics = this.#topicsOf(action, broker)
      const mapping = this.#mapping(action, broker.name)
      return register(broker, { topics, counter, stateVersion, mapping, filter, fields }, rest)
    }
    if (form === 'compressed' || form === '4.9 compressed') {
      const version = of5 ? dataVersion(counter, stateVersion) : versionOf4(counter)
      const step = registerCompressed(
        broker,
        {
          dataVersion: JSON.stringify(version),
          lines: this.#lines(action, broker, of5),
          filter: JSON.stringify(filter ?? []),
          mapping: of5
            ? Object.values(this.#mapping(action, broker.name)).map((info) => JSON.stringify(info))
            : null,
        },
        { ...rest, ...(!of5 && { version: 407 }) },
      )
      return { ...step, extFields: { ...step.extFields, ...fields } }
    }
    const wrapper = {
      dataVersion: versionOf4(counter),
      topicConfigTable: Object.fromEntries(this.#topicsOf(action, broker)),
    }
    const body =
      form === 'bare' ? wrapper : { filterServerList: filter, topicConfigSerializeWrapper: wrapper }
    return {
      code: 103,
      version: form === 'bare' ? 36 : 407,
      extFields: { ...brokerFields(broker), ...fields },
      body: JSON.stringify(body),
      ...rest,
    }
  }

  #topicConfig({ topic: index, perm, queues }: QueueChoice): [string, object] {
    const count = QUEUES[queues] ?? 8
    return topic(this.#topic(index), {
      perm: PERMS[perm] ?? 6,
      read: count,
      write: count,
      sysFlag: SYS_FLAGS[index] ?? 0,
    })
  }

  /** A compressed registration cannot say what flags its topics have. */
  #lines({ topics }: RegisterAction, { name }: Broker, of5: boolean): string[] {
    const lines = new Map<number, string>()
    if (topics.length === 0) return []
    const own = `${name} 8 8 6 SINGLE_TAG${of5 ? ' {}' : ''}`
    for (const { topic: index, perm, queues } of topics) {
      if (SYS_FLAGS[index] !== 0) continue
      const count = QUEUES[queues]
      const line = `${this.#topic(index)} ${count} ${count} ${PERMS[perm]} SINGLE_TAG`
      lines.set(index, of5 ? `${line} {}` : line)
    }
    return topics.length === 1 ? [own] : [...lines.values(), own]
  }

  #mapping({ mapped, counter }: RegisterAction, bname: string): Record<string, object> {
    return Object.fromEntries(
      mapped.map((index) => [
        this.#topic(index),
        {
          bname,
          currIdMap: { 0: 0, 1: counter },
          dirty: false,
          epoch: 1_600_000_000_000 + counter,
          scope: '__global__',
          topic: this.#topic(index),
          totalQueues: 2,
        },
      ]),
    )
  }
}

function isOf5(form: RegisterAction['form']): boolean {
  return form === 'json' || form === 'compressed'
}

function headers({ binary }: { binary: boolean }): { serializeType?: 'ROCKETMQ' } {
  return binary ? { serializeType: 'ROCKETMQ' } : {}
}

function versionOf4(counter: number): object {
  return { counter, timestamp: 1_600_000_000_000 + counter }
}
