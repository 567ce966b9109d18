import type { Differs, RequestStep, Sequence } from '../sequence.ts'
import { ODD_NAME, register, topic } from './request-steps.ts'

const LONE_SURROGATE = 'a\ud83db'

function put(namespace: string | null, key: string | null, value: string | null, more = {}): RequestStep {
  return { code: 100, extFields: { namespace, key, value }, ...more }
}

function get(namespace: string | null, key: string | null, more = {}): RequestStep {
  return { code: 101, extFields: { namespace, key }, ...more }
}

function remove(namespace: string | null, key: string | null, more = {}): RequestStep {
  return { code: 102, extFields: { namespace, key }, ...more }
}

function list(namespace: string | null, more = {}): RequestStep {
  return { code: 219, extFields: { namespace }, ...more }
}

/** The response to 219 of a namespace whose last key was deleted. */
export const EMPTIED: Differs = {
  id: 'emptied-namespace-removed',
  java: { code: 0, body: '{"table":{}}' },
  ours: { code: 22, body: '' },
}

const binary = { serializeType: 'ROCKETMQ' } as const

/** 100, 101, 102, 219: the table, its rejections, its file. */
export const kvConfig: Sequence = {
  name: 'KV configuration',
  kvFile: true,
  steps: [
    get('n', 'k'),
    list('n'),
    put('n', 'k', 'v'),
    get('n', 'k'),
    list('n'),
    put('n', 'k', 'v2'),
    get('n', 'k'),
    put('n', 'no value', null),
    { code: 100, extFields: { namespace: 'n', key: 'value missing' } },
    get('n', 'no value'),
    list('n'),
    put('', '', ''),
    get('', ''),
    list(''),
    put('n', null, 'v'),
    put(null, 'k', 'v'),
    { code: 100, extFields: { key: 'k', value: 'v' } },
    { code: 100, extFields: {} },
    { code: 100 },
    { code: 101 },
    { code: 101, extFields: {} },
    get('n', null),
    get(null, 'k'),
    get('unknown', 'k'),
    get('n', 'unknown'),
    { code: 101, extFields: { namespace: 'n', key: 'k', ns: 'x', Key: 'y' }, body: 'a body' },
    put(ODD_NAME, ODD_NAME, ODD_NAME),
    get(ODD_NAME, ODD_NAME),
    get(ODD_NAME, `${ODD_NAME}?`),
    list(ODD_NAME),
    list(`${ODD_NAME}?`),
    put('n', 'surrogate', LONE_SURROGATE),
    get('n', 'surrogate'),
    put('n', LONE_SURROGATE, 'v'),
    get('n', LONE_SURROGATE),
    list('n'),
    put(ODD_NAME, 'binary', ODD_NAME, binary),
    get(ODD_NAME, 'binary', binary),
    put('n', 'empty in binary', '', binary),
    get('n', 'empty in binary', binary),
    get('n', 'unknown', { ...binary, opaque: -7, language: 'GO', version: 317 }),
    list('n', binary),
    ...Array.from({ length: 40 }, (_, index) => put(`many ${index % 3}`, `key ${index}`, `value ${index}`)),
    list('many 0'),
    list('many 2'),
    remove('n', 'k'),
    remove('n', 'k'),
    remove('n', 'unknown'),
    remove('unknown', 'k'),
    remove(null, 'k'),
    remove('n', null),
    { code: 102 },
    { code: 102, extFields: {} },
    remove('', ''),
    list('', { differs: EMPTIED }),
    get('', ''),
    list('n'),
    list(null),
    { code: 219 },
    { code: 219, extFields: {} },
    list('unknown'),
    put('n', 'oneway', 'v', { flag: 2 }),
    get('n', 'oneway', { until: { has: '"value"' } }),
    // The change may be seen before it is in the file; after another change it is.
    remove('n', 'unknown'),
  ],
}

/** The table that brokers are told of with their registration. */
export const orderConf: Sequence = {
  name: 'order configuration in the answers of 103 and 105',
  properties: { orderMessageEnable: true },
  steps: [
    register({ name: 'b', addr: 'b:1' }, { topics: [topic('T1'), topic(ODD_NAME)] }),
    put('ORDER_TOPIC_CONFIG', 'T1', 'b:4;b2:8'),
    put('ORDER_TOPIC_CONFIG', ODD_NAME, ODD_NAME),
    register({ name: 'b', addr: 'b:1' }, { topics: [topic('T1'), topic(ODD_NAME)] }),
    ...[300, 400, 401, 513].flatMap((version) => [
      { code: 105, extFields: { topic: 'T1' }, version },
      { code: 105, extFields: { topic: ODD_NAME }, version },
    ]),
    put('ORDER_TOPIC_CONFIG', 'T1', ''),
    { code: 105, extFields: { topic: 'T1' } },
    put('ORDER_TOPIC_CONFIG', 'T1', null),
    { code: 105, extFields: { topic: 'T1' } },
    remove('ORDER_TOPIC_CONFIG', ODD_NAME),
    { code: 105, extFields: { topic: ODD_NAME } },
    remove('ORDER_TOPIC_CONFIG', 'T1'),
    list('ORDER_TOPIC_CONFIG'),
    register({ name: 'b', addr: 'b:1' }, { topics: [topic('T1'), topic('T2')] }),
    register({ name: 'b', addr: 'b:2', id: 1 }, {}),
  ],
}

/** Without orderMessageEnable and returnOrderTopicConfigToBroker. */
export const noOrderConf: Sequence = {
  name: 'order configuration kept back',
  properties: { returnOrderTopicConfigToBroker: false },
  steps: [
    put('ORDER_TOPIC_CONFIG', 'T1', 'b:4'),
    register({ name: 'b', addr: 'b:1' }, { topics: [topic('T1'), topic('T2')] }),
    { code: 105, extFields: { topic: 'T1' } },
  ],
}

/** The KV file lies where nothing can be written. */
export const kvDisk: Sequence = {
  name: 'KV file that cannot be written',
  properties: { kvConfigPath: '/proc/kvConfig.json' },
  steps: [
    put('n', 'k', 'v', {
      differs: { id: 'disk-error-reported', java: { code: 0 }, ours: { code: 1 } },
    }),
  ],
}
