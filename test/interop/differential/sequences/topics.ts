import type { RequestStep, Sequence } from '../sequence.ts'
import {
  clusterInfo,
  memberGroup,
  ODD_NAME,
  READ_BY_FASTJSON_2,
  register,
  route,
  topic,
} from './request-steps.ts'

const LISTS = [206, 304, 311, 312, 313]
const lists = (more = {}): RequestStep[] => LISTS.map((code) => ({ code, ...more }))

const BROKERS = [
  register({ name: 'a', addr: 'a:1' }, { topics: [topic('T1'), topic('T2', { sysFlag: 1 })] }),
  register(
    { name: 'b', addr: 'b:1', cluster: 'c2' },
    { topics: [topic('T1', { perm: 2, read: 3 }), topic('T3', { sysFlag: 2 }), topic('T4', { sysFlag: 3 })] },
  ),
  register(
    { name: ODD_NAME, addr: 'odd:1', cluster: ODD_NAME },
    { topics: [topic(ODD_NAME, { sysFlag: -1 }), topic('%RETRY%g', { perm: 7, order: true })] },
  ),
]

/** Lists, write permissions, deletion. */
export const topics: Sequence = {
  name: 'topics',
  steps: [
    ...lists(),
    clusterInfo(),
    { code: 224, extFields: { cluster: 'c1' } },
    ...BROKERS,
    ...lists(),
    ...lists({ extFields: { topic: 'x' }, body: 'a body', serializeType: 'ROCKETMQ' }),
    ...['c1', 'c2', ODD_NAME, 'unknown', ''].map((cluster) => ({ code: 224, extFields: { cluster } })),
    { code: 224 },
    { code: 224, extFields: {} },
    ...[205, 327].flatMap((code) => [
      { code, extFields: { brokerName: 'a' } },
      route('T1'),
      route('T2'),
      { code, extFields: { brokerName: ODD_NAME } },
      route('%RETRY%g'),
      { code, extFields: { brokerName: 'unknown' } },
      { code, extFields: { brokerName: null } },
      { code, extFields: {} },
      { code },
    ]),
    { code: 216, extFields: { topic: 'T1', clusterName: 'c2' } },
    route('T1'),
    { code: 216, extFields: { topic: 'T1', clusterName: 'unknown' } },
    route('T1'),
    { code: 216, extFields: { topic: 'T3', clusterName: 'c2' } },
    route('T3'),
    { code: 216, extFields: { topic: 'T1' } },
    route('T1'),
    { code: 216, extFields: { topic: ODD_NAME, clusterName: '' } },
    route(ODD_NAME),
    { code: 216, extFields: { topic: 'unknown' } },
    { code: 216, extFields: { topic: 'unknown', clusterName: 'c1' } },
    { code: 216, extFields: { clusterName: 'c1' } },
    { code: 216, extFields: {} },
    { code: 216 },
    { code: 216, extFields: { topic: 'T2' }, flag: 2 },
    route('T2', { until: { has: '"code":17' } }),
    ...lists(),
    // What was deleted comes back with the broker's next registration, though its version is the same.
    ...BROKERS,
    ...lists(),
    route('T1'),
  ],
}

const QUEUES = { perm: 6, readQueueNums: 8, topicSysFlag: 1, writeQueueNums: 8 }
const routeData = (...queueDatas: unknown[]): string =>
  JSON.stringify({ brokerDatas: [], filterServerTable: {}, queueDatas })

/** 217. */
export const singleTopic: Sequence = {
  name: 'single topic registration',
  steps: [
    ...BROKERS,
    ...[
      routeData({ brokerName: 'a', ...QUEUES }),
      routeData({ brokerName: 'a', ...QUEUES }, { brokerName: 'b', ...QUEUES, perm: 2 }),
      routeData({ brokerName: 'a', ...QUEUES }, { brokerName: 'unknown', ...QUEUES }),
      routeData({ brokerName: 'a', ...QUEUES }, { brokerName: 'a', ...QUEUES, perm: 4 }),
      routeData({ brokerName: 'a' }),
      routeData({ brokerName: 'a', topicSynFlag: 3 }),
      routeData({ brokerName: 'a', perm: '4', readQueueNums: 4.7, writeQueueNums: true }),
      routeData({ brokerName: ODD_NAME, ...QUEUES }),
      routeData({ perm: 6 }),
      routeData(null),
      routeData(),
      '',
      '{}',
      'null',
      '""',
      '{"queueDatas":null}',
      '{"queueDatas":[{"brokerName":"a",},],}',
      '{"queueDatas":[{"brokerName":"a"} {"brokerName":"b"}]}',
      '{"queueDatas":[/*c*/{"brokerName":"a"}]}',
      '{"brokerDatas":[{"cluster":"c","brokerName":"b","brokerAddrs":{0:"a","1":"b",-3:null}}],"queueDatas":[{"brokerName":"a"}]}',
    ].flatMap(registerAndLook),
    ...[
      'hello',
      '"x"',
      '{"queueDatas":["x"]}',
      '{"queueDatas":[{"brokerName":"a","perm":2147483648}]}',
    ].flatMap((body, index): RequestStep[] => [
      { code: 217, extFields: { topic: `E${index}` }, body, differs: 'exception-text' },
      route(`E${index}`),
    ]),
    { code: 217, body: routeData({ brokerName: 'a', ...QUEUES }) },
    { code: 217, extFields: {}, body: routeData({ brokerName: 'a', ...QUEUES }) },
    { code: 217, extFields: { topic: '' }, body: routeData({ brokerName: 'a', ...QUEUES }) },
    route(''),
    { code: 217, extFields: { topic: ODD_NAME }, body: routeData({ brokerName: 'a', ...QUEUES }), flag: 2 },
    route(ODD_NAME, { until: { has: '"a:1"' } }),
    { code: 206 },
  ],
}

/** 217 with bodies that fastjson 1 and 2 read differently. */
export const oddSingleTopic: Sequence = {
  name: 'single topic registration read strictly',
  releases: READ_BY_FASTJSON_2,
  steps: [
    ...BROKERS,
    ...[
      routeData({ brokerName: 'a', perm: null, readQueueNums: null }),
      '{"queueDatas":""}',
      '{"QueueDatas":[{"brokerName":"a"}]}',
      '{"@type":"x","queueDatas":[{"brokerName":"a"}],"orderTopicConf":5}',
    ].flatMap(registerAndLook),
    ...['[]', '  '].flatMap((body, index): RequestStep[] => [
      { code: 217, extFields: { topic: `E${index}` }, body, differs: 'exception-text' },
      route(`E${index}`),
    ]),
  ],
}

function registerAndLook(body: string, index: number): RequestStep[] {
  return [
    { code: 217, extFields: { topic: `N${index}` }, body },
    route(`N${index}`),
    { code: 217, extFields: { topic: 'T1' }, body },
    route('T1', { version: 300 }),
  ]
}

/** 105 beyond what the other sequences ask. */
export const routes: Sequence = {
  name: 'routes',
  steps: [
    ...BROKERS,
    ...[-1, 0, 317, 400, 401, 513, 613].flatMap((version) =>
      ['T1', ODD_NAME, 'unknown', ''].map((name) => route(name, { version })),
    ),
    ...['true', 'TRUE', 'true ', '1', 'x', '', null].map((acceptStandardJsonOnly) => ({
      code: 105,
      version: 300,
      extFields: { topic: 'T1', acceptStandardJsonOnly },
    })),
    { code: 105 },
    { code: 105, extFields: {} },
    { code: 105, extFields: { topic: null } },
    { code: 105, extFields: { Topic: 'T1' } },
    route('T1', { body: 'a body' }),
    route('T1', { flag: 2 }),
    route('T1', { flag: 4 }),
    route('T1', { serializeType: 'ROCKETMQ', version: 317, language: 'GO', opaque: -1 }),
    route(`${ODD_NAME}?`, { serializeType: 'ROCKETMQ' }),
    ...Array.from({ length: 30 }, (_, index) =>
      register(
        { name: `g${index}`, addr: `g${index}:1` },
        { topics: [topic('shared'), topic(`own${index}`)], filter: [`f${index}`] },
      ),
    ),
    ...[9, 1, 10, 2, -2].map((id) => register({ name: 'g3', addr: `g3:slave ${id}`, id }, { filter: ['f'] })),
    route('shared'),
    route('shared', { version: 300 }),
    clusterInfo(),
    { code: 206 },
    { code: 224, extFields: { cluster: 'c1' } },
    memberGroup('g3'),
  ],
}

/** 105 with the zone of the client. */
export const zones: Sequence = {
  name: 'zones',
  steps: [
    register({ name: 'a', addr: 'a:1', zone: 'z1' }, { topics: [topic('T1'), topic('T2')], filter: ['fa'] }),
    register({ name: 'b', addr: 'b:1', zone: 'z2' }, { topics: [topic('T1'), topic('T3')], filter: ['fb'] }),
    register({ name: 'c', addr: 'c:1', id: 1, zone: 'z2' }, { topics: [topic('T1'), topic('T4')] }),
    register({ name: 'd', addr: 'd:1' }, { topics: [topic('T1'), topic('T4')] }),
    ...['T1', 'T2', 'T4', 'unknown'].flatMap((name) =>
      [
        { __ZONE_MODE: 'true', __ZONE_NAME: 'z1' },
        { __ZONE_MODE: 'TRUE', __ZONE_NAME: 'Z2' },
        { __ZONE_MODE: 'true', __ZONE_NAME: ' ' },
        { __ZONE_MODE: 'true' },
        { __ZONE_MODE: 'false', __ZONE_NAME: 'z1' },
        { __ZONE_MODE: 'true', __ZONE_NAME: 'nowhere' },
        { __ZONE_NAME: 'z1' },
      ].flatMap((fields) => [
        { code: 105, extFields: { topic: name, ...fields } },
        { code: 105, extFields: { topic: name, ...fields }, version: 300 },
      ]),
    ),
  ],
}

/** Lists and lookups switched off. */
export const gates: Sequence = {
  name: 'lists and lookups switched off',
  properties: {
    enableTopicList: false,
    enableAllTopicList: false,
    needWaitForService: true,
    waitSecondsForService: 600,
  },
  steps: [
    ...BROKERS,
    ...lists(),
    { code: 224, extFields: { cluster: 'c1' } },
    route('T1'),
    route('unknown'),
    clusterInfo(),
  ],
}
