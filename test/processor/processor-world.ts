import { NotDurableError } from '../../src/common/not-durable-error.ts'
import type { TimeSlicer } from '../../src/common/time-slicer.ts'
import { KVConfigManager } from '../../src/kvconfig/kv-config-manager.ts'
import type { ProductRouteLookup } from '../../src/processor/client-request-processor.ts'
import {
  DefaultRequestProcessor,
  type ProcessorTable,
} from '../../src/processor/default-request-processor.ts'
import type { ConfigUpdateOutcome } from '../../src/processor/namesrv-config.ts'
import { RegistrationCache } from '../../src/processor/registration-cache.ts'
import type { Identity } from '../../src/protocol/identity.ts'
import {
  CURRENT_VERSION,
  type RemotingCommand,
  type RemotingResponse,
  remarkText,
} from '../../src/protocol/remoting-command.ts'
import type { RequestCode } from '../../src/protocol/request-code.ts'
import type { RegistrationGuardOptions } from '../../src/routeinfo/registration-guard.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { Counters } from '../../src/stats/counters.ts'
import { type FakeChannel, managerWith, openChannel, wholeSlicer } from '../routeinfo/route-helpers.ts'

const SETTINGS = {
  orderMessageEnable: false,
  supportActingMaster: false,
  needWaitForService: false,
  waitSecondsForService: 45,
  enableAllTopicList: true,
  enableTopicList: true,
  returnOrderTopicConfigToBroker: true,
  deleteTopicWithBrokerRegistration: false,
  kvConfigPath: '/kvConfig.json',
  maxInflatedBytes: 1_000,
  maxRegistrationsInFlight: 100,
  maxRequestBodyBytes: 10_000,
}

/** What a test says of a request; the rest is as a Java client of today sends it. */
export interface Asked {
  readonly ext?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly version?: number
  readonly channel?: FakeChannel
  /** Default: anonymous. */
  readonly identity?: Identity
}

/** An answer in plain values: the ext fields absent where the response has none, the body as text. */
export interface Answered {
  readonly code: number
  readonly remark?: string
  readonly ext?: Record<string, string | null>
  readonly body?: string
}

/** The processors of a server that started at 0 ms. `settings`, `nowMs` and the disk are the test's to change. */
export class ProcessorWorld {
  readonly settings = { ...SETTINGS }
  readonly channel = openChannel(1)
  nowMs = 0
  diskFull = false
  /** Whether the folder of the KV file cannot be forced to disk. */
  notDurable = false
  /** The phrases of the log lines. */
  readonly logged: string[] = []
  /** Topics that were looked up in vain. */
  readonly withoutRoute: string[] = []
  /** What GET_NAMESRV_CONFIG shows, and what becomes of an update. */
  items: readonly string[] = []
  update: (text: string) => ConfigUpdateOutcome = () => ({ kind: 'taken' })
  /** What is answered to a path. */
  inspect: (target: string) => { status: number; body: Buffer } = () => ({
    status: 404,
    body: Buffer.from('{}'),
  })
  /** Addresses of the peers of connections that can be closed, by id. */
  readonly connections = new Map<number, string>()
  readonly registrations: RegistrationCache
  readonly counters = new Counters()
  readonly #routeInfo: RouteInfoManager
  readonly #processors: ProcessorTable

  /**
   * @param product - Where unknown topics are looked up; with it the cluster-test mode is on.
   * @param keptBytes - Limit of encoded routes, and of registrations kept to compare with.
   * @param slicer - Of long lists and bodies. Default: everything at once.
   * @param guard - Default: off.
   */
  constructor({
    product,
    keptBytes = 1_000_000,
    slicer = wholeSlicer(),
    guard = {},
  }: {
    product?: ProductRouteLookup
    keptBytes?: number
    slicer?: TimeSlicer
    guard?: RegistrationGuardOptions
  } = {}) {
    this.registrations = new RegistrationCache(keptBytes)
    this.#routeInfo = managerWith('whole', { maxEncodedRouteBytes: keptBytes, guard }).manager
    this.#processors = new DefaultRequestProcessor({
      routeInfo: this.#routeInfo,
      kvConfig: new KVConfigManager(
        new Map(),
        async (_, onStored) => {
          if (this.diskFull) throw new Error('no space left')
          onStored()
          if (this.notDurable) throw new NotDurableError(new Error('EIO'))
        },
        { maxKVEntries: 1_000, maxKVBytes: 100_000, maxWaitingChanges: 1 },
      ),
      slicer,
      settings: this.settings,
      configuration: { items: () => this.items, update: async (body) => this.update(body.toString()) },
      inspection: { ask: async ({ target }) => this.inspect(target) },
      connections: { close: (id, address) => this.connections.get(id) === address },
      startedMs: 0,
      product,
      registrations: this.registrations,
      counters: this.counters,
      log: (_, line) => void this.logged.push(line),
      onAdminChange: ({ kind }) => void this.logged.push(kind),
      onRegistrationRejected: () => void this.logged.push('registration rejected'),
      onNoRoute: (topic) => void this.withoutRoute.push(topic),
    }).processors
  }

  /** Closes a connection, as the server tells the tables of it. */
  close(channel: FakeChannel): void {
    channel.closed = true
    this.#routeInfo.onChannelsDestroy([channel.id])
  }

  /** Asks and gives the answer, or throws what the processor throws. */
  async ask(code: RequestCode, asked: Asked = {}): Promise<Answered> {
    const request: RemotingCommand = {
      code,
      language: 'JAVA',
      version: asked.version ?? CURRENT_VERSION,
      opaque: 1,
      flag: 0,
      remark: null,
      extFields: asked.ext === undefined ? null : new Map(Object.entries(asked.ext)),
      body: asked.body === undefined ? null : Buffer.from(asked.body),
    }
    const { channel = this.channel, identity } = asked
    const context = { channel, identity, nowMs: this.nowMs }
    try {
      return plainAnswer(await this.#processors[code](request, context))
    } finally {
      // The memory is somebody else's after the answer.
      request.body?.fill('?')
    }
  }
}

function plainAnswer({ code, remark, extFields, body }: RemotingResponse): Answered {
  return {
    code,
    ...(remark != null && { remark: remarkText(remark) }),
    ...(extFields != null && { ext: Object.fromEntries(extFields) }),
    ...(body != null && { body: body.toString() }),
  }
}

/** The ext fields of the master of broker-a, as 5.x sends them. */
export const MASTER = {
  brokerName: 'broker-a',
  brokerAddr: '127.0.0.1:10911',
  clusterName: 'DefaultCluster',
  haServerAddr: '127.0.0.1:10912',
  brokerId: '0',
  enableActingMaster: 'false',
}

/** Its first slave. */
export const SLAVE = {
  ...MASTER,
  brokerAddr: '127.0.0.1:10921',
  haServerAddr: '127.0.0.1:10922',
  brokerId: '1',
}

/** The version of {@link registrationBody}, as it is written. */
export const DATA_VERSION = '{"counter":3,"stateVersion":0,"timestamp":1700000000000}'

/** A registration's body; a topic is its name, or its name and system flag. */
export function registrationBody(topics: readonly (string | [name: string, topicSysFlag: number])[]): string {
  const table = topics.map((topic) => {
    const [topicName, topicSysFlag] = typeof topic === 'string' ? [topic, 0] : topic
    const numbers = { perm: 6, readQueueNums: 8, topicSysFlag, writeQueueNums: 8 }
    return `"${topicName}":${JSON.stringify({ topicName, ...numbers })}`
  })
  return `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":${DATA_VERSION},"topicConfigTable":{${table}}}}`
}
