/** Bodies as brokers and tools write them, in every form there is, and what is wrong with some of them. */
import { deflateSync } from 'node:zlib'
import { mutateBytes, mutateText } from './mutate.ts'
import { brokerAddr, brokerName, oddJson, topicName } from './names.ts'
import { Random } from './random.ts'

/** What a registration says, to be written in any form. */
export interface TopicLine {
  readonly name: string
  readonly queues: number
  readonly perm: number
}

export function topicLines(random: Random): TopicLine[] {
  const count = random.oneIn(12) ? random.below(60) : random.below(5)
  return Array.from({ length: count }, () => ({
    name: topicName(random),
    queues: random.within(1, 16),
    perm: random.pick([6, 6, 6, 4, 2, 0, 7, 14, -1]),
  }))
}

/** The three numbers of a DataVersion, as fastjson writes them. */
export function dataVersionJson(random: Random): string {
  const stateVersion = random.oneIn(4) ? random.pick([1, 2, -1]) : 0
  return `{"counter":${random.below(4)},"stateVersion":${stateVersion},"timestamp":${1_700_000_000_000 + random.below(3)}}`
}

function topicJson(random: Random, { name, queues, perm }: TopicLine): string {
  const attributes = random.oneIn(3) ? '"attributes":{},' : ''
  return (
    `"${name}":{${attributes}"order":false,"perm":${perm},"readQueueNums":${queues},"topicFilterType":"SINGLE_TAG",` +
    `"topicName":"${name}","topicSysFlag":${random.below(4)},"writeQueueNums":${queues}}`
  )
}

/** Integer keys stand without quotes in fastjson's own dialect, and with them in JSON. */
function mappingInfoJson(random: Random, topic: string): string {
  const key = random.oneIn(2) ? '0' : '"0"'
  return (
    `{"bname":"${brokerName(random)}","currIdMap":{${key}:0},"dirty":false,"epoch":${random.below(9)},` +
    `"scope":"__global__","topic":"${topic}","totalQueues":1}`
  )
}

function wrapperJson(random: Random, topics: readonly TopicLine[]): string {
  const table = topics.map((topic) => topicJson(random, topic)).join(',')
  const mapped = topicName(random)
  const mappings = random.oneIn(6)
    ? `,"topicQueueMappingInfoMap":{"${mapped}":${mappingInfoJson(random, mapped)}}`
    : ''
  return `{"dataVersion":${dataVersionJson(random)},"topicConfigTable":{${table}}${mappings}}`
}

function filterServers(random: Random): string {
  return random.oneIn(10) ? `["${brokerAddr(random)}"]` : '[]'
}

/** A registration as brokers since 3.0.11 send it uncompressed; before, only the wrapper in it was sent. */
export function registrationJson(random: Random, topics: readonly TopicLine[], bareWrapper: boolean): string {
  const wrapper = wrapperJson(random, topics)
  if (bareWrapper) return wrapper
  return `{"filterServerList":${filterServers(random)},"topicConfigSerializeWrapper":${wrapper}}`
}

/** What a compressed registration inflates to. */
export function registrationParts(
  random: Random,
  topics: readonly TopicLine[],
  withMappings: boolean,
): Buffer {
  const lines = topics.map(({ name, queues, perm }) => `${name} ${queues} ${queues} ${perm} SINGLE_TAG`)
  const mappings = random.oneIn(3) ? [mappingInfoJson(random, topicName(random))] : []
  const parts = [
    counted(dataVersionJson(random)),
    int32(lines.length),
    ...lines.map(counted),
    counted(filterServers(random)),
  ]
  if (withMappings) parts.push(int32(mappings.length), ...mappings.map(counted))
  return Buffer.concat(parts)
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([int32(bytes.length), bytes])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** Compressing costs more than the rest of a frame, so each kind has a fixed number of bodies. */
const COMPRESSED_BODIES = 512
const compressed = { withMappings: new Map<number, Buffer>(), without: new Map<number, Buffer>() }

/** A compressed registration; in one of eight cases what is compressed is wrong, in another the compression. */
export function compressedRegistration(random: Random, withMappings: boolean): Buffer {
  const made = withMappings ? compressed.withMappings : compressed.without
  const index = random.below(COMPRESSED_BODIES)
  let bytes = made.get(index)
  if (bytes === undefined) {
    // Whoever asks first, it is the same: a case is to be the same without the ones before it.
    const own = Random.ofCase(0, index)
    const plain = registrationParts(own, topicLines(own), withMappings)
    bytes = deflateSync(own.oneIn(8) ? mutateBytes(own, plain) : plain)
    made.set(index, bytes)
  }
  return random.oneIn(8) ? mutateBytes(random, bytes) : bytes
}

/** The body of REGISTER_TOPIC_IN_NAMESRV. */
export function queueDatasJson(random: Random): string {
  const queueDatas = Array.from({ length: random.below(4) }, () => {
    const queues = random.within(1, 16)
    return `{"brokerName":"${brokerName(random)}","perm":6,"readQueueNums":${queues},"topicSysFlag":0,"writeQueueNums":${queues}}`
  })
  return `{"brokerDatas":[],"filterServerTable":{},"queueDatas":[${queueDatas.join(',')}]}`
}

/** Keys of the configuration of every kind: live ones, ones that are read at the start, unknown ones, and black-listed ones. */
const CONFIG_KEYS = [
  'enableTopicList',
  'enableAllTopicList',
  'orderMessageEnable',
  'supportActingMaster',
  'deleteTopicWithBrokerRegistration',
  'clientRequestThreadPoolNums',
  'serverWorkerThreads',
  'listenPort',
  'productEnvName',
  'fuzzUnknown',
  'kvConfigPath',
  'needWaitForService',
]

/** The body of UPDATE_NAMESRV_CONFIG. */
export function propertiesText(random: Random): string {
  const lines = Array.from({ length: 1 + random.below(3) }, () => {
    const value = random.oneIn(3)
      ? oddJson(random)
      : random.pick(['true', 'false', '1', '\\u0041', 'a\\\n b'])
    return `${random.pick(CONFIG_KEYS)}${random.pick(['=', ':', ' ', ' = '])}${value}`
  })
  return lines.join('\n')
}

/** How other programs might change a body. */
export function mutateBody(random: Random, body: Buffer | string): Buffer | string {
  return typeof body === 'string' ? mutateText(random, body) : mutateBytes(random, body)
}
