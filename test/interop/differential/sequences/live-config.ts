import type { RequestStep, Sequence } from '../sequence.ts'
import { clusterInfo, memberGroup, type Rest, register, route, topic } from './requests.ts'

/** 318 with a text of properties. */
function update(body: string, rest: Rest = {}): RequestStep {
  return { code: 318, body, ...rest }
}

/** 319. */
function show(rest: Rest = {}): RequestStep {
  return { code: 319, places: true, ...rest }
}

/** The one default that differs, and a key that nobody knows. */
const COMMON = { scanNotActiveBrokerInterval: 5000, 'foo.unknown': 'bar' }

const INTS = [
  '0',
  '-1',
  '+7',
  '007',
  '2147483647',
  '-2147483648',
  '2147483648',
  '8 ',
  ' 8',
  '',
  '1e3',
  'x',
  '٣',
]
const LIVE_INTS = ['waitSecondsForService', 'shutdownWaitTimeSeconds', 'serverChannelMaxIdleTimeSeconds']
const START_INTS = ['listenPort', 'unRegisterBrokerQueueCapacity', 'serverSocketSndBufSize']
const BOOLEANS = ['true', 'TRUE', ' true', 'true ', 'false', 'True', 'yes', '', '1']

/** 318 and 319: what is taken, what is dropped, what is refused, and what the file holds in the end. */
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
      ...BOOLEANS.map((text) => `orderMessageEnable=${text}`),
      ...[...LIVE_INTS, ...START_INTS].flatMap((key) => INTS.map((text) => `${key}=${text}`)),
      ...['0', '-9223372036854775808', '9223372036854775807', '9223372036854775808', '5000'].map(
        (text) => `scanNotActiveBrokerInterval=${text}`,
      ),
      'orderMessageEnable : true',
      'orderMessageEnable false',
      '  orderMessageEnable = true\r\n! comment\r\n# comment\r\nenableTopicList=false\r\n',
      'ordermessageenable=false',
      'OrderMessageEnable=false',
      'waitSecondsForService=1\nwaitSecondsForService=2',
      'waitSecondsForService=3\nwaitSecondsForService=x',
      'waitSecondsForService=4\nenableTopicList=true\nunknown=1\nlistenPort=1 ',
      'unknown=1',
      'foo.unknown= x y ',
      'foo.unknown',
      'foo.unknown=\\u4e2d\\u0001\\ttab',
      'foo.unknown=中😀é',
      'productEnvName=  a b  ',
      'productEnvName=中😀é',
      'productEnvName=\\u4e2d\\ud83d\\ude00',
      'productEnvName=a\\nlistenPort\\=2',
      'productEnvName=a\\\\b\\q\\ c',
      'productEnvName=a\\\n    b',
      'productEnvName=',
      'bindAddress=',
      'bindAddress=127.0.0.1',
      'scanAvailableNameSrv=false\nclientWorkerThreads=9\nuseTLS=true',
      'rocketmq.home.dir=/elsewhere',
      'com.rocketmq.remoting.frameMaxLength=1',
      '# only a comment',
      '\n',
      '=x',
      '\\',
    ].flatMap((text) => [update(text), show()]),
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
    update('', { bodyHex: Buffer.from('productEnvName=\u00ffx', 'latin1').toString('hex') }),
    show(),
    update('orderMessageEnable=false\nenableTopicList=true', { serializeType: 'ROCKETMQ', version: 317 }),
    show(),
    // The rest of the file is of characters that need no escape, so that it is the same.
    update('productEnvName=center\nfoo.unknown=bar'),
    update('waitSecondsForService=77', { flag: 2 }),
    show({ until: { has: 'waitSecondsForService=77' } }),
    update('waitSecondsForService=78'),
  ],
}

/** More keys on the black list. */
export const blackLists: readonly Sequence[] = [
  'orderMessageEnable;foo.unknown;no.such.key;',
  ';;',
  'enableTopicList ; orderMessageEnable',
].map((configBlackList, index) => ({
  name: `black list ${index}`,
  properties: { ...COMMON, configBlackList },
  steps: [
    'orderMessageEnable=true',
    'foo.unknown=x',
    'no.such.key=x',
    'enableTopicList=false',
    'enableTopicList\\ =false',
    '=x',
    'configBlackList=x',
    'rocketmqHome=x',
    'waitSecondsForService=5',
  ].flatMap((text) => [update(text), show()]),
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
    ...['600', '2147483647', '0', '-1', '-2147483648'].flatMap((seconds) => [
      update(`needWaitForService=true\nwaitSecondsForService=${seconds}`),
      ...look(),
    ]),
    update('needWaitForService=false\nwaitSecondsForService=600'),
    ...look(),
    // The table of ordered topics in the answer of 103.
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
  properties: { ...COMMON, 'tls.server.keyPassword': 'a secret' },
  steps: [
    update(`foo.unknown=${'x'.repeat(65_537 - 'foo.unknown='.length)}`, {
      differs: { id: 'large-update-refused', java: { code: 0 }, ours: { code: 1 } },
    }),
    update('foo.unknown=bar'),
    show({
      differs: {
        id: 'secrets-hidden',
        java: { code: 0, bodyHas: '\ntls.server.keyPassword=a secret\n' },
        ours: { code: 0, bodyHas: '\ntls.server.keyPassword=******\n' },
      },
    }),
  ],
}
