/** A cluster of brokers as a NameServer sees one: a connection each, registrations, heartbeats. */
import { deepStrictEqual } from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { Code, jsonFrame, type RequestFrame } from './request-frames.ts'
import { RpcConnection } from './rpc.ts'

/** How large a cluster is, and what its names begin with, so that two clusters on one server stay apart. */
export interface ClusterShape {
  readonly prefix: string
  /** Masters; each holds every topic. */
  readonly brokers: number
  readonly topics: number
}

/** A broker's default `registerNameServerPeriod`. */
const REGISTER_PERIOD_MS = 30_000
const HEARTBEAT_PERIOD_MS = 5_000

const topicName = (shape: ClusterShape, topic: number): string =>
  `${shape.prefix}Topic-${String(topic).padStart(5, '0')}`
const clusterName = (shape: ClusterShape): string => `${shape.prefix}Cluster`
const brokerName = (shape: ClusterShape, broker: number): string => `${shape.prefix}-broker-${broker}`
const brokerAddr = (broker: number, port = 10911): string => `10.1.${broker >> 8}.${broker & 255}:${port}`
// Neighbouring topics differ in their routes, so an answer for the wrong topic does not pass the check.
const queueNums = (topic: number): number => 4 + (topic % 13)

/** One lookup per topic; the answers must carry a route. */
export function routeFrames(shape: ClusterShape): readonly RequestFrame[] {
  return Array.from({ length: shape.topics }, (_, topic) =>
    jsonFrame(
      { code: Code.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: topicName(shape, topic) } },
      { expectedCode: Code.SUCCESS, minBodyBytes: JSON.stringify(expectedRoute(shape, topic)).length },
    ),
  )
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

/** The body with which each broker of a cluster registers. */
export function registrationBody(shape: ClusterShape): Buffer {
  const topicConfigTable: Record<string, object> = {}
  for (let topic = 0; topic < shape.topics; topic++) {
    topicConfigTable[topicName(shape, topic)] = {
      attributes: {},
      order: false,
      perm: 6,
      readQueueNums: queueNums(topic),
      topicFilterType: 'SINGLE_TAG',
      topicName: topicName(shape, topic),
      topicSysFlag: 0,
      writeQueueNums: queueNums(topic),
    }
  }
  const version = (counter: number): object => ({ counter, stateVersion: 0, timestamp: 1_700_000_000_000 })
  const topicConfigSerializeWrapper = {
    dataVersion: version(1),
    mappingDataVersion: version(0),
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
  readonly #connections: RpcConnection[] = []
  readonly #timers: NodeJS.Timeout[] = []
  #failure: Error | undefined

  private constructor(shape: ClusterShape, port: number) {
    this.#shape = shape
    this.#port = port
  }

  /** Registers every broker, then goes on as brokers do. Rejects when a registration is not answered with success. */
  static async start(shape: ClusterShape, port: number): Promise<Cluster> {
    const cluster = new Cluster(shape, port)
    const body = registrationBody(shape)
    for (let broker = 0; broker < shape.brokers; broker++) {
      const connection = await RpcConnection.open(port)
      cluster.#connections.push(connection)
      const register = registerFrame(shape, broker, body)
      await connection.call(register)
      cluster.#repeat(connection, register, REGISTER_PERIOD_MS)
      cluster.#repeat(connection, heartbeatFrame(shape, broker), HEARTBEAT_PERIOD_MS)
    }
    return cluster
  }

  /** Asks for every topic and compares the whole route; throws when one differs, or when a registration has failed since. */
  async check(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const connection = await RpcConnection.open(this.#port)
    try {
      for (const [topic, frame] of routeFrames(this.#shape).entries()) {
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
