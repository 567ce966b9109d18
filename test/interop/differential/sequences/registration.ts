import type { RequestStep, Sequence } from '../sequence.ts'
import {
  type Broker,
  brokerFields,
  clusterInfo,
  dataVersion,
  memberGroup,
  ODD_NAME,
  queryDataVersion,
  queryOutOfPlace,
  READ_BY_FASTJSON_2,
  register,
  registrationBody,
  route,
  topic,
  withOwn,
} from './request-steps.ts'

const TWO = [topic('T1'), topic('T2', { read: 4, write: 2, sysFlag: 3 })]

/** What can be seen of a broker and the topics of these sequences. */
function look(broker: Broker): RequestStep[] {
  return [
    clusterInfo(),
    memberGroup(broker.name),
    queryDataVersion(broker, dataVersion(1)),
    route('T1'),
    route('T2', { version: 300 }),
    { code: 206 },
  ]
}

/** 103 as brokers send it, release by release. */
export const registration: Sequence = {
  name: 'registration',
  steps: [
    register({ name: 'b5', addr: 'b5:1' }, { topics: withOwn({ name: 'b5' }, TWO) }),
    ...look({ name: 'b5', addr: 'b5:1' }),
    // 4.9: no enableActingMaster, no attributes, no stateVersion.
    {
      code: 103,
      version: 407,
      extFields: brokerFields({ name: 'b4', addr: 'b4:1', acting: null }),
      body: '{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"timestamp":1650000000000},"topicConfigTable":{"T4":{"order":false,"perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG","topicName":"T4","topicSysFlag":0,"writeQueueNums":8},"T5":{"topicName":"T5"},"b4":{"topicName":"b4"}}}}',
    },
    queryDataVersion({ name: 'b4', addr: 'b4:1' }, '{"counter":3,"timestamp":1650000000000}'),
    route('T4'),
    route('T5', { version: 317, language: 'GO' }),
    // Below 37 the body is the bare table.
    ...[0, 35, 36, 37].map((version) => ({
      code: 103,
      version,
      extFields: brokerFields({ name: `v${version}`, addr: `v${version}:1`, acting: null }),
      body: `{"dataVersion":{"counter":3,"timestamp":1650000000000},"topicConfigTable":{"V${version}":{"topicName":"V${version}"},"W${version}":{"topicName":"W${version}"}}}`,
    })),
    ...[0, 35, 36, 37].map((version) => route(`V${version}`)),
    ...[0, 37, 613, 32767].map((version) => ({
      code: 103,
      version,
      extFields: brokerFields({ name: `none${version}`, addr: `none${version}:1` }),
    })),
    queryDataVersion({ name: 'none37', addr: 'none37:1' }, dataVersion(1)),
    register({ name: 'b5', addr: 'b5:1' }, { topics: TWO }, { version: -1, differs: 'exception-text' }),
    clusterInfo(),
    // An increment: one topic more; the others stay.
    register({ name: 'b5', addr: 'b5:1' }, { topics: [topic('T3')], counter: 2 }),
    route('T1'),
    route('T3'),
    // The same version again: a known topic is not touched, an unknown one is added.
    register({ name: 'b5', addr: 'b5:1' }, { topics: [topic('T3', { perm: 4 })], counter: 2 }),
    register({ name: 'b5', addr: 'b5:1' }, { topics: [topic('T6', { perm: 2 })], counter: 2 }),
    route('T3'),
    route('T6'),
    register({ name: 'b5', addr: 'b5:1' }, { topics: [topic('T3', { perm: 4 })], counter: 3 }),
    route('T3'),
    // Slaves, by id, of the group and of another cluster under the same name.
    register({ name: 'b5', addr: 'b5:2', id: 1 }, { topics: withOwn({ name: 'b5' }, TWO) }),
    register({ name: 'b5', addr: 'b5:3', id: 2, acting: null }, { topics: TWO }),
    register({ name: 'b5', addr: 'b5:4', id: 3, cluster: 'c2' }, { topics: TWO }),
    register({ name: 'b5', addr: 'b5:5', id: 4, acting: true }, { topics: [] }),
    ...look({ name: 'b5', addr: 'b5:2', id: 1 }),
    // A master without HA address gives its slaves only its own.
    register({ name: 'noha', addr: 'noha:1' }, { topics: TWO, fields: { haServerAddr: null } }),
    register({ name: 'noha', addr: 'noha:2', id: 1 }, { topics: TWO }),
    // Slaves without master.
    register({ name: 's4', addr: 's4:1', id: 1, acting: null }, { topics: [topic('S4a'), topic('S4b')] }),
    register({ name: 's5', addr: 's5:1', id: 1 }, { topics: [topic('S5a'), topic('S5b')] }),
    register({ name: 's6', addr: 's6:1', id: 1, acting: true }, { topics: [topic('S6a'), topic('S6b')] }),
    ...['S4a', 'S5a', 'S6a'].map((name) => route(name)),
    register({ name: 's6', addr: 's6:2', id: -5, acting: true }, { topics: [topic('S6a'), topic('S6b')] }),
    memberGroup('s6'),
    route('S6a'),
    // Role switches.
    register({ name: 's5', addr: 's5:1', id: 0 }, { topics: [topic('S5a'), topic('S5c')], counter: 2 }),
    memberGroup('s5'),
    register({ name: 's5', addr: 's5:1', id: 7 }, { topics: [topic('S5a'), topic('S5c')], counter: 2 }),
    memberGroup('s5'),
    route('S5c'),
    // Takeovers by stateVersion, lower, equal, higher.
    register({ name: 'tk', addr: 'tk:1' }, { topics: withOwn({ name: 'tk' }, TWO), stateVersion: 5 }),
    register({ name: 'tk', addr: 'tk:2' }, { topics: TWO, stateVersion: 4 }),
    memberGroup('tk'),
    queryDataVersion({ name: 'tk', addr: 'tk:2' }, dataVersion(1, 4)),
    register({ name: 'tk', addr: 'tk:2' }, { topics: TWO, stateVersion: 5 }),
    memberGroup('tk'),
    queryOutOfPlace({ name: 'tk', addr: 'tk:1' }, dataVersion(1, 5)),
    register({ name: 'tk', addr: 'tk:3' }, { topics: TWO, stateVersion: 6 }),
    memberGroup('tk'),
    // Filter servers: set, kept, removed.
    register({ name: 'fs', addr: 'fs:1' }, { topics: [topic('F1'), topic('F2')], filter: ['f:1', ODD_NAME] }),
    route('F1'),
    route('F1', { version: 300 }),
    register({ name: 'fs', addr: 'fs:1' }, { topics: [topic('F1'), topic('F2')], filter: null }),
    route('F1'),
    register({ name: 'fs', addr: 'fs:1' }, { topics: [topic('F1'), topic('F2')], filter: [] }),
    route('F1'),
    // Zone and acting master are those of the member that registered last.
    register({ name: 'zn', addr: 'zn:1', zone: 'z1' }, { topics: [topic('Z1'), topic('Z2')] }),
    route('Z1'),
    register({ name: 'zn', addr: 'zn:2', id: 1, acting: true }, { topics: [] }),
    route('Z1'),
    clusterInfo(),
    register({ name: 'ow', addr: 'ow:1' }, { topics: TWO }, { flag: 2 }),
    memberGroup('ow', { until: { has: 'ow:1' } }),
    register(
      { name: ODD_NAME, addr: `${ODD_NAME}:1`, cluster: ODD_NAME },
      { topics: [topic(ODD_NAME), ...TWO] },
    ),
    // Its own topic has another key: it is known by being repeated.
    register(
      { name: ODD_NAME, addr: `${ODD_NAME}:1`, cluster: ODD_NAME },
      { topics: [topic(ODD_NAME), ...TWO] },
    ),
    ...look({ name: ODD_NAME, addr: `${ODD_NAME}:1`, cluster: ODD_NAME }),
    route(ODD_NAME),
    route(ODD_NAME, { version: 300 }),
    register({ name: '', addr: 'empty:1', cluster: '' }, { topics: withOwn({ name: '' }, TWO) }),
    register({ name: 'emptyaddr', addr: '' }, { topics: TWO }),
    ...look({ name: '', addr: 'empty:1', cluster: '' }),
    // Static topics; an epoch that a double cannot hold.
    {
      code: 103,
      extFields: brokerFields({ name: 'st', addr: 'st:1' }),
      body: '{"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1},"topicConfigTable":{"TM":{"topicName":"TM"},"TN":{"topicName":"TN"}},"topicQueueMappingInfoMap":{"TM":{"bname":"st","currIdMap":{0:0,10:1,2:3},"dirty":false,"epoch":9007199254740993,"scope":"__global__","topic":"TM","totalQueues":2},"TN":{"bname":"st","currIdMap":{"0":1},"epoch":5,"topic":"TN"}}}}',
    },
    ...[300, 513].flatMap((version) => [route('TM', { version }), route('TN', { version })]),
    {
      code: 103,
      extFields: brokerFields({ name: 'big', addr: 'big:1' }),
      body: '{"topicConfigSerializeWrapper":{"dataVersion":{"counter":9007199254740993,"stateVersion":-9007199254740993,"timestamp":9223372036854775807},"topicConfigTable":{}}}',
    },
    queryDataVersion({ name: 'big', addr: 'big:1' }, dataVersion(1)),
    queryDataVersion(
      { name: 'big', addr: 'big:1' },
      '{"counter":9007199254740993,"stateVersion":-9007199254740993,"timestamp":9223372036854775807}',
    ),
    queryDataVersion(
      { name: 'big', addr: 'big:1' },
      '{"counter":9007199254740992,"stateVersion":-9007199254740993,"timestamp":9223372036854775807}',
    ),
    register(
      { name: 'bin', addr: 'bin:1' },
      { topics: withOwn({ name: 'bin' }, TWO) },
      { serializeType: 'ROCKETMQ', version: 479, opaque: 2_147_483_647 },
    ),
    ...look({ name: 'bin', addr: 'bin:1' }),
  ],
}

/** Values of the ext fields of 103, and its crc. */
export const registrationFields: Sequence = {
  name: 'fields of a registration',
  steps: (
    [
      ['x', { brokerId: '+0' }],
      ['x', { brokerId: '9223372036854775807' }],
      ['x', { brokerId: '-9223372036854775808' }],
      ['x', { heartbeatTimeoutMillis: 'x' }],
      ['x', { heartbeatTimeoutMillis: '60000' }],
      // A longer one is over at Java's next scan, which closes the connection: see endlessTimeout.
      ['x', { heartbeatTimeoutMillis: '9000000000000000000' }],
      ['x', { enableActingMaster: 'TRUE' }],
      ['x', { enableActingMaster: 'yes' }],
      ['x', { enableActingMaster: '' }],
      ['x', { compressed: 'x' }],
      ['x', { compressed: null }],
      ['x', { bodyCrc32: '0' }],
      ['x', { bodyCrc32: 'x' }],
      ['x', { bodyCrc32: null }],
      ['x', { bodyCrc32: '5' }],
      ['x', { bodyCrc32: '-5' }],
      ['x', { haServerAddr: '' }],
      ['x', { __ZONE_NAME: '' }],
      ['x', { __ZONE_NAME: ODD_NAME }],
      ['x', { BrokerName: 'other', ns: 'n' }],
    ] as [string, Record<string, string | null>][]
  ).flatMap(([prefix, fields], index) => {
    const broker = {
      name: `${prefix}${index}`,
      addr: `${prefix}${index}:1`,
      cluster: `${prefix}${index}c`,
      id: fields['brokerId'] ?? 0,
    }
    const topics = withOwn(broker, [topic('T1'), topic(`own${index}`)])
    return [
      register(broker, { topics, fields }),
      memberGroup(broker.name),
      queryDataVersion(broker, dataVersion(1)),
      route(`own${index}`),
      clusterInfo(),
    ]
  }),
}

/** Bodies of 103 that both reject; nothing may change. */
export const unreadableRegistrations: Sequence = {
  name: 'registrations that cannot be read',
  releases: READ_BY_FASTJSON_2,
  steps: [
    ...['[]', '5', '"x"', '   ', '[{}]', 'true', '{', 'hello', '\0', 'null', '""'].flatMap((body, index) =>
      refused(index, { body }),
    ),
    ...[
      '{"topicConfigSerializeWrapper":[]}',
      '{"topicConfigSerializeWrapper":5}',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":[]}}',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"a":null,"T1":{"topicName":"T1"}}}}',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"T1":{"topicName":"T1","perm":2147483648},"T2":{"topicName":"T2"}}}}',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"T1":{"topicName":"T1","perm":"x"},"T2":{"topicName":"T2"}}}}',
      `${registrationBody({ topics: TWO })}x`,
      `${registrationBody({ topics: TWO })}}`,
      registrationBody({ topics: TWO }).slice(0, -1),
    ].flatMap((body, index) => refused(100 + index, { body })),
    ...['fffe7b7d', '789c010203', 'c328'].flatMap((bodyHex, index) => refused(200 + index, { bodyHex })),
    ...['[]', 'hello', '{'].flatMap((body, index) => refused(300 + index, { body, version: 36 })),
    ...['x', '', ' 0', '0.0', '9223372036854775808', null].flatMap((brokerId, index) => {
      const broker = { name: `id${index}`, addr: `id${index}:1` }
      return [
        register(broker, { topics: TWO, fields: { brokerId } }, { differs: 'exception-text' }),
        clusterInfo(),
      ] as RequestStep[]
    }),
    { code: 103, body: registrationBody({ topics: TWO }), differs: 'exception-text' },
    { code: 103, extFields: {}, body: registrationBody({ topics: TWO }), differs: 'exception-text' },
    clusterInfo(),
    { code: 206 },
  ],
}

function refused(index: number, rest: Omit<RequestStep, 'code'>): RequestStep[] {
  const broker = { name: `r${index}`, addr: `r${index}:1` }
  return [
    { code: 103, extFields: brokerFields(broker), differs: 'exception-text', ...rest },
    clusterInfo(),
    queryDataVersion(broker, dataVersion(1)),
  ]
}

/** What 5.5.0 reads although it is no strict JSON, and the defaults of what is missing. */
export const lenientRegistrations: Sequence = {
  name: 'registrations read leniently',
  releases: READ_BY_FASTJSON_2,
  steps: [
    '{}',
    '{"filterServerList":null}',
    '{"topicConfigSerializeWrapper":{}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    "{'topicConfigSerializeWrapper':{'topicConfigTable':{'k':{'topicName':'#'},'k2':{'topicName':'#2'},}}}",
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{1:{"topicName":"#"},2:{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#","perm":null,"readQueueNums":"3","writeQueueNums":4.7,"topicSysFlag":true},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#","perm":"","readQueueNums":"4.7","writeQueueNums":3e2},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#","Perm":2,"order":"Y"},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#","topicFilterType":"unknown","attributes":{"a":1,"b":null}},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#"} "k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{/*c*/"k":{"topicName":"#"},/*c*/"k2":{"topicName":"#2"}}}}//c',
    '{"TopicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#"}}},"topicConfigSerializeWrapper":{}}',
    '{"@type":"x","topicConfigSerializeWrapper":{"@type":"y","topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    '{"filterServerList":[1,true,{"a":1}],"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":{"k":{"topicName":123},"k2":{"topicName":"#"}}}}',
    '{"topicConfigSerializeWrapper":{"dataVersion":{"counter":"3","stateVersion":true,"timestamp":1.9},"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"dataVersion":{"counter":null,"timestamp":null},"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"dataVersion":{"timestatmp":5},"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
    '{"topicConfigSerializeWrapper":{"mappingDataVersion":null,"topicQueueMappingDetailMap":null,"topicConfigTable":{"k":{"topicName":"#"},"k2":{"topicName":"#2"}}}}',
  ].flatMap((template, index) => {
    const name = `l${index}`
    const broker = { name, addr: `${name}:1`, cluster: `${name}c` }
    return [
      { code: 103, extFields: brokerFields(broker), body: template.replaceAll('#', `${name}-`) },
      queryDataVersion(broker, dataVersion(1), { clock: true }),
      memberGroup(name),
      route(`${name}-`),
      route(`${name}-2`, { version: 300 }),
      { code: 206 },
    ] as RequestStep[]
  }),
}
