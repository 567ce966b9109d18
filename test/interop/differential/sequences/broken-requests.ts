import type { RequestStep, Sequence } from '../sequence.ts'
import { NO_LONGS } from './matrix.ts'
import {
  brokerFields,
  clusterInfo,
  dataVersion,
  memberGroup,
  queryDataVersion,
  READ_BY_FASTJSON_2,
  register,
  registrationBody,
  route,
  topic,
  withOwn,
} from './request-steps.ts'

const broker = { name: 'a', addr: 'a:1' }
const TWO = [topic('T1'), topic('T2')]
const DV = JSON.stringify(dataVersion(1))

/** 322, 901, 904 and their missing fields. */
export const heartbeats: Sequence = {
  name: 'data versions, heartbeats, member groups',
  steps: [
    register(broker, { topics: withOwn(broker, TWO) }),
    ...[
      DV,
      '',
      '{}',
      'null',
      '""',
      '{"counter":"1","stateVersion":"0","timestamp":"1600000000001"}',
      '{"counter":1,"timestamp":1600000000001}',
      '{"counter":1.9,"stateVersion":0,"timestamp":1600000000001}',
      '{"counter":null,"stateVersion":0,"timestamp":1600000000001}',
      '{"counter":1,"stateVersion":1,"timestamp":1600000000001}',
      '{"counter":1,"stateVersion":0,"timestamp":1600000000002}',
    ].map((body) => queryDataVersion(broker, body)),
    ...['"x"', '5', 'hello', `${DV}x`].map((body) =>
      queryDataVersion(broker, body, { differs: 'exception-text' }),
    ),
    ...[
      { clusterName: 'c1', brokerAddr: 'a:1' },
      { clusterName: 'c1', brokerAddr: 'a:1', brokerId: 'x' },
      { clusterName: 'c1', brokerAddr: 'unknown' },
      { clusterName: 'unknown', brokerAddr: 'a:1' },
      { clusterName: '', brokerAddr: '' },
    ].flatMap((extFields) => [
      { code: 322, extFields, body: DV },
      { code: 322, extFields },
      { code: 904, extFields },
      { code: 904, extFields, flag: 2 },
    ]),
    ...(
      [
        { clusterName: 'c1' },
        { brokerAddr: 'a:1' },
        { clusterName: null, brokerAddr: 'a:1' },
        {},
        null,
      ] as const
    ).flatMap((extFields): RequestStep[] => [
      { code: 322, extFields, body: DV, differs: 'exception-text' },
      { code: 904, extFields, differs: 'exception-text' },
      { code: 904, extFields, flag: 2 },
    ]),
    { code: 904, extFields: { clusterName: 'c1', brokerAddr: 'a:1', epoch: 'x' }, body: 'a body' },
    ...[
      {},
      null,
      { clusterName: 'c1' },
      { brokerName: 'a' },
      { clusterName: 'z', brokerName: 'a' },
      { clusterName: 'c1', brokerName: '' },
    ].map((extFields) => ({ code: 901, extFields })),
    { code: 901, extFields: { clusterName: 'c"1é', brokerName: 'b"1中' }, serializeType: 'ROCKETMQ' },
    queryDataVersion({ name: 'a', addr: 'a:1' }, DV, { flag: 2 }),
  ],
}

/** 322 with bodies that fastjson 1 and 2 read differently. */
export const oddDataVersions: Sequence = {
  name: 'data versions read strictly',
  releases: READ_BY_FASTJSON_2,
  steps: [
    register(broker, { topics: withOwn(broker, TWO) }),
    ...[
      '{"Counter":1,"stateVersion":0,"timestamp":1600000000001}',
      '{"@type":"x","counter":1,"stateVersion":0,"timestamp":1600000000001}',
    ].map((body) => queryDataVersion(broker, body)),
    ...['[]', '  ', `[${DV}]`].map((body) => queryDataVersion(broker, body, { differs: 'exception-text' })),
    queryDataVersion(broker, '', { bodyHex: 'c328', differs: 'exception-text' }),
  ],
}

/** Codes that no NameServer serves, and flags. */
export const unknownCodes: Sequence = {
  name: 'unknown codes, flags, versions',
  steps: [
    ...[0, 1, 10, 47, 218, 902, 903, 905, 9999, 32767, 2_147_483_647, -1, -2_147_483_648].flatMap((code) => [
      { code },
      { code, flag: 2 },
    ]),
    ...[0, 9999, 32767, -1, 65_535].map((code) => ({ code, serializeType: 'ROCKETMQ' as const })),
    ...[1, 2, 3, -1, -2].map((flag) => ({ code: 206, flag, silent: true })),
    ...[4, 8, 256, -4, 2_147_483_644].map((flag) => ({ code: 206, flag })),
    ...[0, -1, 2_147_483_647, -2_147_483_648].map((opaque) => ({ code: 206, opaque })),
    ...[0, -1, 2_147_483_647].map((version) => ({ code: 206, version })),
    ...['JAVA', 'java', 'XYZ', '', 'NODE_JS'].map((language) => ({ code: 206, language })),
    { code: 206, extFields: { ns: 'x', nsd: 'y', AccessKey: 'é"' }, body: 'a body' },
  ],
}

const unregistration = { brokerName: 'a', brokerAddr: 'a:1', clusterName: 'c1', brokerId: '0' }

/** 104 without what it needs: Java says yes, and then does nothing. */
export const brokenUnregistrations: Sequence = {
  name: 'unregistrations with missing fields',
  steps: [
    register(broker, { topics: withOwn(broker, TWO) }),
    ...(['brokerName', 'brokerAddr', 'clusterName', 'brokerId'] as const).flatMap((field): RequestStep[] => [
      refusedUnregistration({ ...unregistration, [field]: null }),
      memberGroup('a'),
      route('T1'),
    ]),
    ...NO_LONGS.map((brokerId): RequestStep => {
      const { brokerId: _, ...others } = unregistration
      return { ...refusedUnregistration(others), moreFields: [['brokerId', brokerId]] }
    }),
    refusedUnregistration({}),
    refusedUnregistration(null),
    clusterInfo(),
  ],
}

function refusedUnregistration(extFields: Record<string, string | null> | null): RequestStep {
  return {
    code: 104,
    extFields,
    differs: { id: 'unregistration-fields-required', java: { code: 0 }, ours: { code: 1 } },
  }
}

const EMPTY = '{"brokerAddrTable":{},"clusterAddrTable":{}}'

/** 103 without what it needs: Java says yes, with half of it done. */
export const partialRegistrations: readonly Sequence[] = (
  [
    ['brokerName', { brokerName: null }, registrationBody({ topics: TWO }), '"c1":[null]'],
    ['clusterName', { clusterName: null }, registrationBody({ topics: TWO }), ''],
    ['brokerAddr', { brokerAddr: null }, registrationBody({ topics: TWO }), '"c1":["a"]'],
    ['wrapper', {}, '{"topicConfigSerializeWrapper":null}', '"c1":["a"]'],
    ['table', {}, '{"topicConfigSerializeWrapper":{"topicConfigTable":null}}', '"c1":["a"]'],
    ['table as empty text', {}, '{"topicConfigSerializeWrapper":{"topicConfigTable":""}}', '"c1":["a"]'],
    [
      'data version',
      {},
      '{"topicConfigSerializeWrapper":{"dataVersion":null,"topicConfigTable":{"T1":{"topicName":"T1"},"T2":{"topicName":"T2"}}}}',
      '"c1":["a"]',
    ],
    [
      'mapping',
      {},
      '{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":null,"topicConfigTable":{"T1":{"topicName":"T1"},"T2":{"topicName":"T2"}}}}',
      '"c1":["a"]',
    ],
    [
      'topic name',
      {},
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"T1":{"topicName":"T1"},"T2":{"perm":6}}}}',
      '"c1":["a"]',
    ],
  ] as const
).map(([missing, fields, body, cluster]) => ({
  name: `registration without ${missing}`,
  ...(missing === 'table as empty text' && { releases: READ_BY_FASTJSON_2 }),
  steps: [
    {
      code: 103,
      extFields: { ...brokerFields(broker), ...fields },
      body,
      differs: {
        id: 'partial-registration-rejected',
        java: { code: 0, extFields: {} },
        ours: { code: 1, extFields: null },
      },
    },
    clusterInfo(
      cluster === ''
        ? {}
        : {
            until: { java: { has: cluster }, ours: { has: EMPTY } },
            differs: {
              id: 'partial-registration-rejected',
              java: { body: javaRemains(missing, cluster) },
              ours: { body: EMPTY },
            },
          },
    ),
  ],
}))

/** What Java's tables are left with. */
function javaRemains(missing: string, cluster: string): string {
  if (missing === 'brokerName') return `{"brokerAddrTable":{},"clusterAddrTable":{${cluster}}}`
  const withAddress = ['data version', 'mapping', 'topic name'].includes(missing)
  const addresses = withAddress ? '{0:"a:1"}' : '{}'
  return `{"brokerAddrTable":{"a":{"brokerAddrs":${addresses},"brokerName":"a","cluster":"c1","enableActingMaster":false}},"clusterAddrTable":{${cluster}}}`
}
