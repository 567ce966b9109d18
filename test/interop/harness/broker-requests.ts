import type { Broker } from './broker.ts'
import { ask } from './name-server-client.ts'

const UPDATE_AND_CREATE_TOPIC = 17
const UPDATE_AND_CREATE_TOPIC_LIST = 18
const UPDATE_BROKER_CONFIG = 25
const DELETE_TOPIC_IN_BROKER = 215
const GET_BROKER_HA_STATUS = 907

/** A topic as a broker is asked to make it. */
export interface TopicSettings {
  /** Queues to read from and to write to; default 4. */
  readonly queues?: number
  /** Queues to read from, if they are others. */
  readonly readQueues?: number
  /** Bits 2 (write) and 4 (read); default both. */
  readonly perm?: number
}

/** Makes or changes a topic, as `mqadmin updateTopic -b` does but without a JVM of its own. */
export async function createTopic(
  broker: Broker,
  topic: string,
  { queues = 4, readQueues = queues, perm = 6 }: TopicSettings = {},
): Promise<void> {
  await succeed(broker, UPDATE_AND_CREATE_TOPIC, {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: String(readQueues),
    writeQueueNums: String(queues),
    perm: String(perm),
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: '0',
    order: 'false',
  })
}

/** Makes several topics with one request (5.3.1 and later), as `mqadmin updateTopicList` does. */
export async function createTopicList(broker: Broker, topics: readonly string[]): Promise<void> {
  const topicConfigList = topics.map((topicName) => ({
    topicName,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  }))
  await succeed(broker, UPDATE_AND_CREATE_TOPIC_LIST, {}, JSON.stringify({ topicConfigList }))
}

/** Changes a setting of a broker, as `mqadmin updateBrokerConfig` does. */
export async function updateBrokerConfig(broker: Broker, key: string, value: string): Promise<void> {
  await succeed(broker, UPDATE_BROKER_CONFIG, {}, `${key}=${value}\n`)
}

/** Deletes a topic in a broker, which does not tell its NameServers of it. */
export async function deleteTopicInBroker(broker: Broker, topic: string): Promise<void> {
  await succeed(broker, DELETE_TOPIC_IN_BROKER, { topic })
}

/** Whether a slave follows a master of 5.x closely enough to count as a replica. */
export async function hasSlaveInSync(master: Broker): Promise<boolean> {
  return /"inSyncSlaveNums":[1-9]/.test((await succeed(master, GET_BROKER_HA_STATUS)).toString())
}

async function succeed(
  broker: Broker,
  code: number,
  extFields: Readonly<Record<string, string>> = {},
  body = '',
): Promise<Buffer> {
  const answer = await ask(broker.address, code, extFields, undefined, Buffer.from(body))
  if (answer.code !== 0)
    throw new Error(`${broker.name} answered ${answer.code} to ${code}: ${answer.remark}`)
  return answer.body
}
