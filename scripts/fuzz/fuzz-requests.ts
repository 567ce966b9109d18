/** Requests of all codes as brokers, clients and tools send them. */
import {
  compressedRegistration,
  dataVersionJson,
  propertiesText,
  queueDatasJson,
  registrationJson,
  topicLines,
} from './bodies.ts'
import { brokerAddr, brokerName, clusterName, namespace, oddText, topicName } from './names.ts'
import type { Random } from './random.ts'

/** A request, not yet written. */
export interface FuzzRequest {
  readonly code: number
  readonly version: number
  readonly flag: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | string | null
}

type Fields = FuzzRequest['fields']
type Content = Pick<FuzzRequest, 'fields'> & { body?: FuzzRequest['body']; version?: number }

const VERSIONS = [513, 513, 513, 513, 479, 407, 401, 400, 317, 36, 0]

interface Kind {
  readonly code: number
  /** How often it comes, beside the others. */
  readonly weight: number
  readonly content: (random: Random) => Content
}

const nothing = (): Content => ({ fields: [] })
const ofTopic = (random: Random): Content => ({ fields: [['topic', topicName(random)]] })
const ofBroker = (random: Random): Content => ({ fields: [['brokerName', brokerName(random)]] })

function identity(random: Random): Fields {
  const id = random.oneIn(4) ? random.pick(['1', '2', '-1', '9223372036854775807']) : '0'
  return [
    ['brokerName', brokerName(random)],
    ['brokerAddr', brokerAddr(random)],
    ['clusterName', clusterName(random)],
    ['brokerId', id],
  ]
}

/** A broker that is silent for so long is closed by the server, which may be in the middle of its case. */
export const HEARTBEAT_TIMEOUT = 'heartbeatTimeoutMillis'

function registration(random: Random): Content {
  const version = random.pick(VERSIONS)
  const isCompressed = random.oneIn(10)
  const fields: (readonly [string, string])[] = [
    ...identity(random),
    ['haServerAddr', brokerAddr(random)],
    // 0 asks for no check; anything else here is wrong.
    ['bodyCrc32', random.oneIn(30) ? '12345' : '0'],
    // Brokers of 5.x compress and say that they did not.
    ['compressed', String(isCompressed && random.oneIn(2))],
  ]
  if (random.oneIn(3)) fields.push(['enableActingMaster', random.pick(['true', 'false', 'TRUE'])])
  if (random.oneIn(40)) fields.push([HEARTBEAT_TIMEOUT, random.pick(['1', '3000', '0', '-1', '600000'])])
  if (random.oneIn(8)) fields.push(['__ZONE_NAME', 'fuzz-zone'])
  const body = isCompressed
    ? compressedRegistration(random, version >= 413)
    : registrationJson(random, topicLines(random), version < 37)
  return { fields, version, body }
}

function lookup(random: Random): Content {
  const fields: (readonly [string, string])[] = [['topic', topicName(random)]]
  if (random.oneIn(6)) fields.push(['acceptStandardJsonOnly', 'true'])
  if (random.oneIn(8)) fields.push(['__ZONE_MODE', 'true'], ['__ZONE_NAME', random.pick(['fuzz-zone', ' '])])
  return { fields }
}

function kvFields(random: Random): [string, string][] {
  return [
    ['namespace', namespace(random)],
    ['key', topicName(random)],
  ]
}

/** Each write of the KV file or of the configuration goes to the disk, and nothing else is served meanwhile. */
const SELDOM = 0.125

const KINDS: readonly Kind[] = [
  {
    code: 100,
    weight: SELDOM,
    content: (random) => ({
      fields: [...kvFields(random), ['value', random.oneIn(6) ? oddText(random) : 'fuzz-broker-0:4']],
    }),
  },
  { code: 101, weight: 12, content: (random) => ({ fields: kvFields(random) }) },
  { code: 102, weight: SELDOM, content: (random) => ({ fields: kvFields(random) }) },
  { code: 103, weight: 40, content: registration },
  { code: 104, weight: 20, content: (random) => ({ fields: identity(random) }) },
  { code: 105, weight: 80, content: lookup },
  { code: 106, weight: 6, content: nothing },
  { code: 205, weight: 8, content: ofBroker },
  { code: 206, weight: 6, content: nothing },
  {
    code: 216,
    weight: 16,
    content: (random) =>
      random.oneIn(2)
        ? ofTopic(random)
        : {
            fields: [
              ['topic', topicName(random)],
              ['clusterName', clusterName(random)],
            ],
          },
  },
  { code: 217, weight: 16, content: (random) => ({ ...ofTopic(random), body: queueDatasJson(random) }) },
  { code: 219, weight: 6, content: (random) => ({ fields: [['namespace', namespace(random)]] }) },
  { code: 224, weight: 6, content: (random) => ({ fields: [['cluster', clusterName(random)]] }) },
  { code: 304, weight: 4, content: nothing },
  { code: 311, weight: 4, content: nothing },
  { code: 312, weight: 4, content: nothing },
  { code: 313, weight: 4, content: nothing },
  { code: 318, weight: SELDOM, content: (random) => ({ fields: [], body: propertiesText(random) }) },
  { code: 319, weight: 4, content: nothing },
  {
    code: 322,
    weight: 30,
    content: (random) => ({ fields: identity(random), body: dataVersionJson(random) }),
  },
  { code: 327, weight: 8, content: ofBroker },
  {
    code: 901,
    weight: 12,
    content: (random) => ({
      fields: [
        ['clusterName', clusterName(random)],
        ['brokerName', brokerName(random)],
      ],
    }),
  },
  {
    code: 904,
    weight: 30,
    content: (random) => ({ fields: [...identity(random), ['heartbeatTimeoutMills', '3000']] }),
  },
  // What a NameServer sends, and nobody should send to it.
  {
    code: 905,
    weight: 2,
    content: (random) => ({
      fields: [
        ['minBrokerId', '0'],
        ['minBrokerAddr', brokerAddr(random)],
      ],
    }),
  },
]

/** Each kind as often as its weight says. */
const WEIGHTED: readonly Kind[] = KINDS.flatMap((kind) =>
  Array.from({ length: kind.weight / SELDOM }, () => kind),
)

/** Codes that another request may be given. */
export const CODES: readonly number[] = KINDS.filter(({ weight }) => weight > SELDOM).map(({ code }) => code)

/** A request as it should be; heartbeats, and now and then others, want no answer. */
export function validRequest(random: Random): FuzzRequest {
  const { code, content } = random.pick(WEIGHTED)
  const { fields, body = null, version = random.pick(VERSIONS) } = content(random)
  const oneway = random.oneIn(code === 904 || code === 322 ? 2 : 40)
  return { code, version, flag: oneway ? 2 : 0, fields, body }
}
