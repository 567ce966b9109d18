import type { Request } from './raw-client.ts'

/** A broker, as far as a test wants to say something about it. */
export interface TestBroker {
  readonly name?: string
  readonly address?: string
  readonly id?: number
  readonly heartbeatTimeoutMs?: number
  readonly topics?: readonly string[]
  readonly stateVersion?: number
}

const TWO_TOPICS = ['TopicA', 'TopicB']

function identity({ name = 'broker-a', address = '127.0.0.1:10911', id = 0 }: TestBroker) {
  return { brokerName: name, brokerAddr: address, clusterName: 'DefaultCluster', brokerId: `${id}` }
}

/** The JSON body of a registration; every topic has four queues. */
export function registrationBody(topics: readonly string[] = TWO_TOPICS, stateVersion = 0): string {
  const table = Object.fromEntries(
    topics.map((topicName) => [
      topicName,
      { order: false, perm: 6, readQueueNums: 4, topicName, topicSysFlag: 0, writeQueueNums: 4 },
    ]),
  )
  const dataVersion = { counter: 1, stateVersion, timestamp: 1_700_000_000_000 }
  return JSON.stringify({
    filterServerList: [],
    topicConfigSerializeWrapper: { dataVersion, topicConfigTable: table },
  })
}

/** REGISTER_BROKER. */
export function registration(broker: TestBroker = {}): Request {
  const { heartbeatTimeoutMs, topics, stateVersion } = broker
  const timeout = heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMillis: `${heartbeatTimeoutMs}` }
  return {
    code: 103,
    extFields: { ...identity(broker), haServerAddr: '127.0.0.1:10912', ...timeout },
    body: registrationBody(topics, stateVersion),
  }
}

/** UNREGISTER_BROKER. */
export function unregistration(broker: TestBroker = {}): Request {
  return { code: 104, extFields: identity(broker) }
}

/** GET_ROUTEINFO_BY_TOPIC. */
export function lookup(topic: string): Request {
  return { code: 105, extFields: { topic } }
}

/** PUT_KV_CONFIG. */
export function putKVConfig(namespace: string, key: string, value: string): Request {
  return { code: 100, extFields: { namespace, key, value } }
}

/** GET_KV_CONFIG. */
export function getKVConfig(namespace: string, key: string): Request {
  return { code: 101, extFields: { namespace, key } }
}
