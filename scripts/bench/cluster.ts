/** A cluster of brokers as a NameServer sees one: a connection each, registrations, heartbeats. */
import { deepStrictEqual } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import {
  CLIENT_VERSION,
  Code,
  type Expectation,
  jsonFrame,
  type Request,
  type RequestFrame,
  rocketmqFrame,
  signed,
} from './request-frames.ts'
import { RpcConnection } from './rpc.ts'

/** How large a cluster is, and what its names begin with, so that two clusters on one server stay apart. */
export interface ClusterShape {
  readonly prefix: string
  /** Masters; each holds every topic. */
  readonly brokers: number
  readonly topics: number
  /** Only heartbeats after the first registration; for clusters whose registrations would be a load of their own. */
  readonly heartbeatsOnly?: boolean
}

/** A broker's default `registerNameServerPeriod`. */
const REGISTER_PERIOD_MS = 30_000
const HEARTBEAT_PERIOD_MS = 5_000
/** How many topics must be gone before a lost cluster counts as removed; a NameServer may remove them in any order. */
const FORGOTTEN_TOPICS = 20
const FORGOTTEN_POLL_MS = 5
const MOST_CHECKED_TOPICS = 1_000

const topicName = (shape: ClusterShape, topic: number): string =>
  `${shape.prefix}Topic-${String(topic).padStart(5, '0')}`
const clusterName = (shape: ClusterShape): string => `${shape.prefix}Cluster`
const brokerName = (shape: ClusterShape, broker: number): string => `${shape.prefix}-broker-${broker}`
const brokerAddr = (broker: number, port = 10911): string => `10.1.${broker >> 8}.${broker & 255}:${port}`
// Neighbouring topics differ in their routes, so a response for the wrong topic does not pass the check.
const queueNums = (topic: number): number => 4 + (topic % 13)

/** How lookups are written: which header, and what the sender's release is, which decides about the dialect of the response. */
export interface LookupForm {
  readonly frame: (request: Request, expectation: Expectation) => RequestFrame
  readonly version: number
}

/** As Java clients of today ask. */
export const STRICT_JSON: LookupForm = { frame: jsonFrame, version: CLIENT_VERSION }
/** Releases before 4.9.4, and the Go client, get integer keys without quotes. */
export const LEGACY_JSON: LookupForm = { frame: jsonFrame, version: 317 }
export const STRICT_ROCKETMQ: LookupForm = { frame: rocketmqFrame, version: CLIENT_VERSION }

/** Accounts that sign lookups: with all of them, there are more signed contents than a server would cache. */
export const ACCOUNTS: readonly { readonly accessKey: string; readonly secretKey: string }[] = Array.from(
  { length: 40 },
  (_, number) => ({ accessKey: `bench-${number}`, secretKey: `bench-secret-${number}` }),
)

/** As Java clients with the ACL hook ask. */
export const SIGNED_JSON: readonly LookupForm[] = ACCOUNTS.map(({ accessKey, secretKey }) => ({
  frame: (request, expectation) => jsonFrame(signed(request, accessKey, secretKey), expectation),
  version: CLIENT_VERSION,
}))

/** One lookup per topic, the forms by turns; the responses must carry a route. */
export function routeFrames(
  shape: ClusterShape,
  forms: readonly LookupForm[] = [STRICT_JSON],
): readonly RequestFrame[] {
  return Array.from({ length: shape.topics }, (_, topic) => {
    const { frame, version } = forms[topic % forms.length] ?? STRICT_JSON
    // Without its quotes an integer key is two bytes shorter.
    const shorter = version < 401 ? 2 * shape.brokers : 0
    const minBodyBytes = JSON.stringify(expectedRoute(shape, topic)).length - shorter
    return frame(
      { code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: topicName(shape, topic) }, version },
      { expectedCode: Code.SUCCESS, minBodyBytes },
    )
  })
}

/** Lookups of unknown topics. */
export function unknownTopicFrames(count: number): readonly RequestFrame[] {
  return Array.from({ length: count }, (_, topic) =>
    jsonFrame(
      { code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: `NobodyHas-${topic}` } },
      { expectedCode: Code.TOPIC_NOT_EXIST, minBodyBytes: 0 },
    ),
  )
}

/** One registration per broker with what it registered before. */
export function sameRegistrationFrames(shape: ClusterShape): readonly RequestFrame[] {
  const body = registrationBody(shape)
  return Array.from({ length: shape.brokers }, (_, broker) => registerFrame(shape, broker, body))
}

/** Registrations of every broker in turn, each with another data version and one topic changed against the one before. */
export function changingRegistrationFrames(shape: ClusterShape): readonly RequestFrame[] {
  return [2, 3].flatMap((counter) => {
    const body = registrationBody(shape, { counter, changedTopic: shape.topics >> 1 })
    return Array.from({ length: shape.brokers }, (_, broker) => registerFrame(shape, broker, body))
  })
}

/** A heartbeat of every broker. */
export function heartbeatFrames(shape: ClusterShape): readonly RequestFrame[] {
  return Array.from({ length: shape.brokers }, (_, broker) => heartbeatFrame(shape, broker))
}

/** A data version query of every broker, with the version it registered with. */
export function dataVersionFrames(shape: ClusterShape): readonly RequestFrame[] {
  return Array.from({ length: shape.brokers }, (_, broker) => {
    const extFields = {
      brokerAddr: brokerAddr(broker),
      brokerId: '0',
      brokerName: brokerName(shape, broker),
      clusterName: clusterName(shape),
    }
    const body = Buffer.from(JSON.stringify(dataVersion(1)))
    return jsonFrame(
      { code: Code.QUERY_DATA_VERSION, extFields, body },
      { expectedCode: Code.SUCCESS, minBodyBytes: body.length },
    )
  })
}

/** The route of one topic, its brokers in the order of their numbers. */
export function expectedRoute(shape: ClusterShape, topic: number): object {
  const brokers = Array.from({ length: shape.brokers }, (_, broker) => broker)
  return {
    brokerDatas: brokers.map((broker) => ({
      brokerAddrs: { 0: brokerAddr(broker) },
      brokerName: brokerName(shape, broker),
      cluster: clusterName(shape),
      enableActingMaster: false,
    })),
    filterServerTable: {},
    queueDatas: brokers.map((broker) => ({
      brokerName: brokerName(shape, broker),
      perm: 6,
      readQueueNums: queueNums(topic),
      topicSysFlag: 0,
      writeQueueNums: queueNums(topic),
    })),
  }
}

const dataVersion = (counter: number): object => ({ counter, stateVersion: 0, timestamp: 1_700_000_000_000 })

/** What differs from the first registration; `changedTopic` has one queue more in every other version. */
interface Change {
  readonly counter: number
  readonly changedTopic: number
}

/** The body with which each broker of a cluster registers. */
export function registrationBody(
  shape: ClusterShape,
  change: Change = { counter: 1, changedTopic: -1 },
): Buffer {
  const topicConfigTable: Record<string, object> = {}
  for (let topic = 0; topic < shape.topics; topic++) {
    const queues = queueNums(topic) + (topic === change.changedTopic ? change.counter % 2 : 0)
    topicConfigTable[topicName(shape, topic)] = {
      attributes: {},
      order: false,
      perm: 6,
      readQueueNums: queues,
      topicFilterType: 'SINGLE_TAG',
      topicName: topicName(shape, topic),
      topicSysFlag: 0,
      writeQueueNums: queues,
    }
  }
  const topicConfigSerializeWrapper = {
    dataVersion: dataVersion(change.counter),
    mappingDataVersion: dataVersion(0),
    topicConfigTable,
    topicQueueMappingDetailMap: {},
    topicQueueMappingInfoMap: {},
  }
  return Buffer.from(JSON.stringify({ filterServerList: [], topicConfigSerializeWrapper }))
}

function registerFrame(shape: ClusterShape, broker: number, body: Buffer): RequestFrame {
  return jsonFrame(
    {
      code: Code.REGISTER_BROKER,
      extFields: {
        bodyCrc32: String(crc32(body) & 0x7fffffff),
        brokerAddr: brokerAddr(broker),
        brokerId: '0',
        brokerName: brokerName(shape, broker),
        clusterName: clusterName(shape),
        compressed: 'false',
        enableActingMaster: 'false',
        haServerAddr: brokerAddr(broker, 10912),
      },
      body,
    },
    { expectedCode: Code.SUCCESS, minBodyBytes: 0 },
  )
}

function heartbeatFrame(shape: ClusterShape, broker: number): RequestFrame {
  return jsonFrame(
    {
      code: Code.BROKER_HEARTBEAT,
      extFields: {
        brokerAddr: brokerAddr(broker),
        brokerName: brokerName(shape, broker),
        clusterName: clusterName(shape),
      },
    },
    { expectedCode: Code.SUCCESS, minBodyBytes: 0 },
  )
}

/** Brokers registered with one NameServer, their connections kept open until `stop`. */
export class Cluster {
  readonly #shape: ClusterShape
  readonly #port: number
  readonly #form: LookupForm
  readonly #connections: RpcConnection[] = []
  readonly #timers: NodeJS.Timeout[] = []
  #failure: Error | undefined

  private constructor(shape: ClusterShape, port: number, form: LookupForm) {
    this.#shape = shape
    this.#port = port
    this.#form = form
  }

  /**
   * Registers every broker, then repeats that as brokers do. Rejects when a registration gets an error.
   * @param form - How {@link check} asks.
   */
  static async start(shape: ClusterShape, port: number, form: LookupForm = STRICT_JSON): Promise<Cluster> {
    const cluster = new Cluster(shape, port, form)
    await cluster.register()
    return cluster
  }

  /** Registers every broker as at the start, over the connection it has or over a new one. */
  async register(): Promise<void> {
    const { brokers, heartbeatsOnly } = this.#shape
    const body = registrationBody(this.#shape)
    for (let broker = 0; broker < brokers; broker++) {
      const register = registerFrame(this.#shape, broker, body)
      const known = this.#connections[broker]
      const connection = known ?? (await RpcConnection.open(this.#port))
      await connection.call(register)
      if (known !== undefined) continue
      this.#connections.push(connection)
      if (heartbeatsOnly !== true) this.#repeat(connection, register, REGISTER_PERIOD_MS)
      this.#repeat(connection, heartbeatFrame(this.#shape, broker), HEARTBEAT_PERIOD_MS)
    }
  }

  /** Closes the connections of all brokers at once, as if their machines had failed. */
  loseConnections(): void {
    this.stop()
    this.#connections.length = 0
    this.#timers.length = 0
  }

  /** Resolves when the NameServer has no route for any of the last few topics any more. */
  async forgotten(): Promise<void> {
    const connection = await RpcConnection.open(this.#port)
    try {
      for (const frame of routeFrames(this.#shape).slice(-FORGOTTEN_TOPICS)) {
        const gone = { ...frame, expectedCode: Code.TOPIC_NOT_EXIST }
        for (;;) {
          const isGone = await connection.call(gone).then(
            () => true,
            () => false,
          )
          if (isGone) break
          await delay(FORGOTTEN_POLL_MS)
        }
      }
    } finally {
      connection.close()
    }
  }

  /** Asks for every topic, or for a thousand evenly among more, and compares the whole route; throws when one differs, or when a registration has failed since. */
  async check(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const connection = await RpcConnection.open(this.#port)
    try {
      const everyFew = Math.ceil(this.#shape.topics / MOST_CHECKED_TOPICS)
      for (const [topic, frame] of routeFrames(this.#shape, [this.#form]).entries()) {
        if (topic % everyFew !== 0) continue
        const { body } = await connection.call(frame)
        deepStrictEqual(
          inBrokerOrder(JSON.parse(body.toString('utf8')) as RouteLists),
          expectedRoute(this.#shape, topic),
          `the route of ${topicName(this.#shape, topic)} is not the registered one`,
        )
      }
    } finally {
      connection.close()
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer)
    for (const connection of this.#connections) connection.close()
  }

  #repeat(connection: RpcConnection, frame: RequestFrame, periodMs: number): void {
    const send = (): void => {
      connection.call(frame).catch((error: unknown) => {
        this.#failure ??= new Error('a broker of the cluster was not served', { cause: error })
      })
    }
    this.#timers.push(setInterval(send, periodMs))
  }
}

interface RouteLists {
  brokerDatas: { brokerName: string }[]
  queueDatas: { brokerName: string }[]
}

/** Java lists brokers in the order of its hash maps; what matters is which ones. */
function inBrokerOrder(route: RouteLists): object {
  const numberOf = (data: { brokerName: string }): number => Number(data.brokerName.split('-').at(-1))
  const sorted = <T extends { brokerName: string }>(list: T[]): T[] =>
    [...list].sort((a, b) => numberOf(a) - numberOf(b))
  return { ...route, brokerDatas: sorted(route.brokerDatas), queueDatas: sorted(route.queueDatas) }
}
