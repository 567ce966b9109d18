import { crc32, deflateSync } from 'node:zlib'
import type { Release } from '../../harness/packages.ts'
import type { CloseStep, RequestStep } from '../sequence.ts'

/** Everything about a step but its request. */
export type Rest = Omit<RequestStep, 'code'>

/** For bodies that fastjson2 of 5.5.0 accepts and fastjson 1 rejects, or the reverse (`reading`). */
export const READ_BY_FASTJSON_2: readonly Release[] = ['5.5.0']

/** Characters that every way of quoting, escaping and encoding treats differently. */
export const ODD_NAME = 'q"b\\s/t\tn\nu\u0001d\u007fl\u0085p\u2028 é中😀<>&\'%'

export interface TopicOptions {
  readonly read?: number
  readonly write?: number
  readonly perm?: number
  readonly sysFlag?: number
  readonly order?: boolean
}

/** Entry of a topic table. */
export function topic(name: string, options: TopicOptions = {}): [string, object] {
  const { read = 8, write = 8, perm = 6, sysFlag = 0, order = false } = options
  return [
    // The key counts for nothing, and fastjson2 cannot read one with escapes and emoji: see odd-json.ts.
    encodeURIComponent(name),
    {
      attributes: {},
      order,
      perm,
      readQueueNums: read,
      topicFilterType: 'SINGLE_TAG',
      topicName: name,
      topicSysFlag: sysFlag,
      writeQueueNums: write,
    },
  ]
}

/** The topics of a full registration: a broker has one of its own name, which distinguishes it from an increment. */
export function withOwn(
  broker: Pick<Broker, 'name'>,
  topics: readonly [string, object][],
): [string, object][] {
  return [...topics, [broker.name, topic(broker.name)[1]]]
}

/** DataVersion, timestamp in the distant past, so that none is mistaken for the present. */
export function dataVersion(counter: number, stateVersion = 0): object {
  return { counter, stateVersion, timestamp: 1_600_000_000_000 + counter }
}

export interface Broker {
  readonly name: string
  readonly addr: string
  readonly cluster?: string
  readonly id?: number | string
  readonly ha?: string
  /** Null: a broker of 4.x, which does not send it. */
  readonly acting?: boolean | null
  readonly zone?: string
}

export interface Registration {
  readonly topics?: readonly [string, object][]
  readonly counter?: number
  readonly stateVersion?: number
  readonly mapping?: Readonly<Record<string, object>>
  readonly filter?: readonly string[] | null
  /** More or other ext fields. */
  readonly fields?: Readonly<Record<string, string | null>>
}

/** The ext fields of a registration or unregistration. */
export function brokerFields(broker: Broker): Record<string, string> {
  const { name, addr, cluster = 'c1', id = 0, ha, acting = false, zone } = broker
  return {
    brokerName: name,
    brokerAddr: addr,
    clusterName: cluster,
    haServerAddr: ha ?? `${addr}-ha`,
    brokerId: String(id),
    ...(acting !== null && { enableActingMaster: String(acting) }),
    ...(zone !== undefined && { __ZONE_NAME: zone }),
  }
}

/** Text of a RegisterBrokerBody. */
export function registrationBody(registration: Registration): string {
  const { topics = [], counter = 1, stateVersion = 0, mapping = {}, filter = [] } = registration
  return JSON.stringify({
    filterServerList: filter,
    topicConfigSerializeWrapper: {
      dataVersion: dataVersion(counter, stateVersion),
      topicConfigTable: Object.fromEntries(topics),
      topicQueueMappingInfoMap: mapping,
    },
  })
}

/** 103 with its crc, as a broker of 5.x sends it. */
export function register(broker: Broker, registration: Registration = {}, rest: Rest = {}): RequestStep {
  const body = registrationBody(registration)
  const bodyCrc32 = String(crc32(body) & 0x7fff_ffff)
  const extFields = { ...brokerFields(broker), bodyCrc32, compressed: 'false', ...registration.fields }
  return { code: 103, extFields, body, ...rest }
}

export interface Compressed {
  readonly dataVersion?: string
  readonly lines?: readonly string[]
  readonly filter?: string
  /** Null: the body ends after the filter list, as those of 4.x do. */
  readonly mapping?: readonly string[] | null
}

/** Body of a compressed registration, in hex. */
export function compressedHex(parts: Compressed): string {
  const { lines = [], filter = '[]', mapping = [] } = parts
  const version = parts.dataVersion ?? JSON.stringify(dataVersion(1))
  const list = (texts: readonly string[]): Buffer[] => [int32(texts.length), ...texts.map(sized)]
  const plain = Buffer.concat([
    sized(version),
    ...list(lines),
    sized(filter),
    ...(mapping === null ? [] : list(mapping)),
  ])
  return deflateSync(plain, { level: 9 }).toString('hex')
}

/** 103 with a compressed body and its crc. */
export function registerCompressed(broker: Broker, parts: Compressed, rest: Rest = {}): RequestStep {
  const bodyHex = compressedHex(parts)
  const bodyCrc32 = String(crc32(Buffer.from(bodyHex, 'hex')) & 0x7fff_ffff)
  return {
    code: 103,
    extFields: { ...brokerFields(broker), bodyCrc32, compressed: 'true' },
    bodyHex,
    ...rest,
  }
}

function sized(text: string): Buffer {
  return Buffer.concat([int32(Buffer.byteLength(text)), Buffer.from(text)])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** 104. */
export function unregister(broker: Broker, rest: Rest = {}): RequestStep {
  const { name, addr, cluster = 'c1', id = 0 } = broker
  const extFields = { brokerName: name, brokerAddr: addr, clusterName: cluster, brokerId: String(id) }
  return { code: 104, extFields, ...rest }
}

/** 105. */
export function route(topicName: string, rest: Rest = {}): RequestStep {
  return { code: 105, extFields: { topic: topicName }, ...rest }
}

/** 106. */
export function clusterInfo(rest: Rest = {}): RequestStep {
  return { code: 106, ...rest }
}

/** 322 with a DataVersion, or text in its place. */
export function queryDataVersion(broker: Broker, body: object | string, rest: Rest = {}): RequestStep {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { code: 322, extFields: brokerFields(broker), body: text, ...rest }
}

/** 322 of a broker that is not in its group as it says: Java compares the version alone. */
export function queryOutOfPlace(broker: Broker, version: object): RequestStep {
  return queryDataVersion(broker, version, {
    differs: {
      id: 'version-query-checks-group',
      java: { extFields: { changed: 'false' } },
      ours: { extFields: { changed: 'true' } },
    },
  })
}

/** 901. */
export function memberGroup(name: string, rest: Rest = {}): RequestStep {
  return { code: 901, extFields: { clusterName: 'c1', brokerName: name }, ...rest }
}

export function close(connection: string): CloseStep {
  return { close: connection }
}

/**
 * Requests that see whether everything submitted before has been done: a broker that registers and leaves after it.
 * Both servers remove brokers one after the other.
 */
export function everythingRemovedBefore(name: string): RequestStep[] {
  const sentinel = { name, addr: `${name}:1`, cluster: name }
  return [
    register(sentinel, { topics: [topic(`${name}-1`), topic(`${name}-2`)] }),
    unregister(sentinel),
    clusterInfo({ until: { lacks: name } }),
  ]
}
