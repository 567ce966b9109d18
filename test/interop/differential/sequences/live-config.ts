import type { RequestStep, Sequence } from '../sequence.ts'
import { clusterInfo, memberGroup, type Rest, register, route, topic } from './request-steps.ts'

/** 318 with a text of properties. */
function update(body: string, rest: Rest = {}): RequestStep {
  return { code: 318, body, ...rest }
}

/** 318 that Java takes, or drops without a word, and ours rejects with this code. */
function rejected(body: string, code: 1 | 16): RequestStep {
  const id = code === 1 ? 'update-checked' : 'update-restricted'
  return update(body, { differs: { id, java: { code: 0 }, ours: { code } } })
}

/** 319. */
function show(rest: Rest = {}): RequestStep {
  return { code: 319, places: true, ...rest }
}

/** The one default that differs. */
const COMMON = { scanNotActiveBrokerInterval: 5000 }

/** Of the keys below with their defaults: what both take, and what ours rejects. */
const TAKEN_INTS = ['0', '+7', '007', '600', '\\u0663']
const REJECTED_INTS = ['-1', '2147483647', '-2147483648', '2147483648', '8 ', ' 8\t', '', '1e3', 'x', '٣']
const LIVE_INTS = {
  waitSecondsForService: 45,
  shutdownWaitTimeSeconds: 30,
  serverChannelMaxIdleTimeSeconds: 120,
}
const TAKEN_BOOLEANS = ['true', 'TRUE', ' true', 'false', 'True']
const REJECTED_BOOLEANS = ['yes', '', '1', 'truefalse']

/** Fields that are read at the start only or not at all, keys of the file, and unknown keys: text and what undoes it. */
const RESTRICTED: readonly (readonly [text: string, undo?: string])[] = [
  ['unRegisterBrokerQueueCapacity=0', 'unRegisterBrokerQueueCapacity=3000'],
  ['serverSocketSndBufSize=8', 'serverSocketSndBufSize=0'],
  ['scanNotActiveBrokerInterval=0', 'scanNotActiveBrokerInterval=5000'],
  ['productEnvName=a\\nlistenPort\\=2', 'productEnvName=center'],
  ['bindAddress=', 'bindAddress=127.0.0.1'],
  ['clusterTest=true', 'clusterTest=false'],
  ['listenPort=x'],
  ['scanNotActiveBrokerInterval=9223372036854775808'],
  ['unknown=1'],
  ['ordermessageenable=false'],
  ['OrderMessageEnable=false'],
  ['orderMessageEnable\\ =false'],
  ['scanAvailableNameSrv=false\nclientWorkerThreads=9\nuseTLS=true'],
  ['rocketmq.home.dir=/elsewhere'],
  ['com.rocketmq.remoting.frameMaxLength=1'],
  ['tls.server.mode=disabled'],
  ['\\u0074ls.server.mode=disabled'],
  ['logLevel=trace\nmaxConnections=1'],
  ['=x'],
  ['\\'],
]

/** 318 and 319: what is accepted, dropped and rejected, and what the file holds in the end. */
export const liveConfiguration: Sequence = {
  name: 'live configuration',
  releases: ['5.5.0'],
  properties: COMMON,
  configFile: true,
  steps: [
    show(),
    show({ extFields: { key: 'x' }, body: 'a body', serializeType: 'ROCKETMQ', version: 317 }),
    { code: 318 },
    { code: 318, extFields: { orderMessageEnable: 'true' } },
    ...[
      ...TAKEN_BOOLEANS.map((text) => `orderMessageEnable=${text}`),
      ...Object.keys(LIVE_INTS).flatMap((key) => TAKEN_INTS.map((text) => `${key}=${text}`)),
      'orderMessageEnable : true',
      'orderMessageEnable false',
      'order\\u004dessageEnable=true',
      '  orderMessageEnable = true\r\n! comment\r\n# comment\r\nenableTopicList=false\r\n',
      'waitSecondsForService=1\nwaitSecondsForService=2',
      'waitSecondsForService=4\nenableTopicList=true',
      '# only a comment',
      '\n',
    ].flatMap((text) => [update(text), show()]),
    ...Object.entries(LIVE_INTS).flatMap(([key, value]) => [
      ...REJECTED_INTS.map((text) => rejected(`${key}=${text}`, 1)),
      update(`${key}=${value}`),
      show(),
    ]),
    ...REJECTED_BOOLEANS.map((text) => rejected(`orderMessageEnable=${text}`, 1)),
    update('orderMessageEnable=true'),
    show(),
    ...RESTRICTED.flatMap(([text, undo]) => [
      rejected(text, 16),
      ...(undo === undefined ? [] : [rejected(undo, 16)]),
      show(),
    ]),
    // All or nothing.
    rejected('enableTopicList=false\nlistenPort=1 ', 16),
    rejected('enableTopicList=false\nwaitSecondsForService=601', 1),
    update('enableTopicList=true\nwaitSecondsForService=5'),
    show(),
    ...[
      'kvConfigPath=x',
      'configStorePath=x',
      'configBlackList=',
      'rocketmqHome=x',
      'enableTopicList=false\nkvConfigPath=x',
    ].flatMap((text) => [update(text), show()]),
    ...['foo.unknown=\\u00g0', 'enableTopicList=false\nfoo.unknown=\\u12', '\\ux=1'].map((text) =>
      update(text),
    ),
    update('', { bodyHex: Buffer.from('# \u00ff\norderMessageEnable=true', 'latin1').toString('hex') }),
    show(),
    update('orderMessageEnable=false\nenableTopicList=true', { serializeType: 'ROCKETMQ', version: 317 }),
    show(),
    update('waitSecondsForService=77', { flag: 2 }),
    show({ until: { has: 'waitSecondsForService=77' } }),
    update('waitSecondsForService=78'),
  ],
}

/** Black lists, with those of the texts below that name a key of theirs. */
const BLACK_LISTS: readonly (readonly [configBlackList: string, listed: readonly string[]])[] = [
  [
    'orderMessageEnable;foo.unknown;no.such.key;',
    ['orderMessageEnable=true', 'foo.unknown=bar', 'no.such.key=x'],
  ],
  [';;', []],
  ['enableTopicList ; orderMessageEnable', ['enableTopicList\\ =false']],
]

/** More keys on the black list. */
export const blackLists: readonly Sequence[] = BLACK_LISTS.map(([configBlackList, listed], index) => ({
  name: `black list ${index}`,
  properties: { ...COMMON, configBlackList },
  steps: [
    ...['foo.unknown=bar', 'no.such.key=x', 'enableTopicList\\ =false', '=x'].map((text) =>
      listed.includes(text) ? update(text) : rejected(text, 16),
    ),
    show(),
    ...[
      'orderMessageEnable=true',
      'enableTopicList=false',
      'configBlackList=x',
      'rocketmqHome=x',
      'waitSecondsForService=5',
    ].flatMap((text) => [update(text), show()]),
  ],
}))

const GROUP = [
  register(
    { name: 'a', addr: 'a:1', acting: true },
    { topics: [topic('T1', { sysFlag: 3, perm: 4 }), topic('T2')] },
  ),
  register({ name: 'a', addr: 'a:2', id: 1, acting: true }, { topics: [topic('T1', { perm: 4 })] }),
  register(
    { name: 'b', addr: 'b:1', id: 2, acting: true },
    { topics: [topic('T3', { perm: 4 }), topic('T4')] },
  ),
]

function look(): RequestStep[] {
  return [
    ...['T1', 'T2', 'T3', 'T4', 'unknown'].flatMap((name) => [route(name), route(name, { version: 300 })]),
    ...[206, 304, 311, 312, 313].map((code) => ({ code })),
    { code: 224, extFields: { cluster: 'c1' } },
    clusterInfo(),
    memberGroup('a'),
    show(),
  ]
}

/** Every key that is read at every use, changed while the server runs. */
export const liveKeys: Sequence = {
  name: 'live configuration takes effect',
  releases: ['5.5.0'],
  properties: COMMON,
  steps: [
    { code: 100, extFields: { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1', value: 'a:8' } },
    ...GROUP,
    ...look(),
    ...['orderMessageEnable', 'supportActingMaster'].flatMap((key) => [
      update(`${key}=true`),
      ...look(),
      update(`${key}=false`),
      ...look(),
    ]),
    ...['enableAllTopicList', 'enableTopicList'].flatMap((key) => [
      update(`${key}=false`),
      ...look(),
      update(`${key}=true`),
      ...look(),
    ]),
    update('supportActingMaster=true\norderMessageEnable=true'),
    ...look(),
    ...['600', '0'].flatMap((seconds) => [
      update(`needWaitForService=true\nwaitSecondsForService=${seconds}`),
      ...look(),
    ]),
    update('needWaitForService=false\nwaitSecondsForService=600'),
    ...look(),
    // The table of ordered topics in the response of 103.
    ...['false', 'true'].flatMap((value) => [
      update(`returnOrderTopicConfigToBroker=${value}`),
      ...GROUP.map((step) => ({ ...step })),
      show(),
    ]),
    // A registration that lacks topics removes them from now on, and then no more.
    ...['true', 'false'].flatMap((value, index) => [
      update(`deleteTopicWithBrokerRegistration=${value}`),
      register(
        { name: 'c', addr: 'c:1' },
        { topics: [topic('T1'), topic('T5'), topic('T6')], counter: 10 * index + 1 },
      ),
      { code: 206 },
      register({ name: 'c', addr: 'c:1' }, { topics: [topic('T6')], counter: 10 * index + 2 }),
      { code: 206 },
      route('T1'),
      route('T5'),
      show(),
    ]),
  ],
}

/** Longer than any configuration, and a password of the file. */
export const guardedConfiguration: Sequence = {
  name: 'live configuration, guarded',
  releases: ['5.5.0'],
  properties: {
    ...COMMON,
    'tls.server.keyPassword': 'a secret',
    'tls.server.keyPassword2': 'another secret',
  },
  steps: [
    update(`#${'x'.repeat(65_536)}`, {
      differs: { id: 'large-update-rejected', java: { code: 0 }, ours: { code: 1 } },
    }),
    update('waitSecondsForService=45'),
    show({
      differs: {
        id: 'secrets-hidden',
        java: {
          code: 0,
          bodyHas: '\ntls.server.keyPassword=a secret\ntls.server.keyPassword2=another secret\n',
        },
        ours: { code: 0, bodyHas: '\ntls.server.keyPassword=******\ntls.server.keyPassword2=******\n' },
      },
    }),
  ],
}

/** Values that Java's admin tool would read as others if they were shown as they are. */
export const escapedConfiguration: Sequence = {
  name: 'live configuration, with escapes',
  releases: ['5.5.0'],
  properties: { ...COMMON, productEnvName: 'D:\\\\rocketmq\\\\u\\u4e2d\\ud83d\\ude00' },
  steps: [
    show({
      differs: {
        id: 'config-values-escaped',
        java: { code: 0, bodyHas: '\nproductEnvName=D:\\rocketmq\\u中😀\n' },
        ours: { code: 0, bodyHas: '\nproductEnvName=D:\\\\rocketmq\\\\u\\u4e2d\\ud83d\\ude00\n' },
      },
    }),
  ],
}
