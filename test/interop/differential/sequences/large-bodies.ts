import type { RequestStep, Sequence } from '../sequence.ts'
import {
  brokerFields,
  clusterInfo,
  compressedHex,
  ODD_NAME,
  queryDataVersion,
  register,
  registerCompressed,
  route,
} from './request-steps.ts'

/** All characters that a broker lets a topic have, and then what only a hand-made registration brings. */
const ALLOWED = '%-|_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LONGEST = 'L'.repeat(127)
const NAMES = [
  ALLOWED,
  `%RETRY%${ALLOWED}`,
  `%DLQ%${LONGEST}`,
  '|',
  '%',
  '-',
  '_',
  LONGEST,
  ODD_NAME,
  '中文主题',
  '😀'.repeat(60),
]

function named(index: number): string {
  return index < NAMES.length ? `${NAMES[index]}` : `some-topic-of-a-large-cluster-${index}`
}

/** The least that a broker says of a topic; a hundred thousand of them fit into a frame of 16 MiB. */
function table(topics: number, letters = ''): string {
  const entries = Array.from({ length: topics }, (_, index) => {
    const topicName = named(index)
    const config = {
      perm: 6,
      readQueueNums: 8,
      topicName,
      writeQueueNums: 8,
      ...(letters !== '' && { letters }),
    }
    return `${JSON.stringify(`t${index}`)}:${JSON.stringify(config)}`
  })
  return `{${entries.join(',')}}`
}

function registered(name: string, topicTable: string, counter: string): RequestStep {
  const dataVersion = `{"counter":${counter},"stateVersion":0,"timestamp":1600000000001}`
  const own = `,${JSON.stringify(name)}:{"topicName":${JSON.stringify(name)}}}`
  const wrapper = `{"dataVersion":${dataVersion},"topicConfigTable":${topicTable.replace(/\}$/, own)}}`
  return {
    code: 103,
    extFields: brokerFields({ name, addr: `${name}:1` }),
    body: `{"filterServerList":[],"topicConfigSerializeWrapper":${wrapper}}`,
    waitMs: 60_000,
  }
}

function look(name: string, topics: number): RequestStep[] {
  return [
    { code: 206, waitMs: 60_000 },
    { code: 224, extFields: { cluster: 'c1' }, waitMs: 60_000 },
    ...[...NAMES, named(topics >> 1), named(topics - 1), named(topics)].flatMap((topicName) => [
      route(topicName),
      route(topicName, { version: 300 }),
    ]),
    { code: 205, extFields: { brokerName: name }, waitMs: 60_000 },
    route(named(topics - 1)),
  ]
}

/** A hundred thousand topics, plain and compressed. */
export const manyTopics: Sequence = {
  name: 'a hundred thousand topics',
  releases: ['5.5.0'],
  steps: [
    registered('a', table(100_000), '3'),
    ...look('a', 100_000),
    queryDataVersion(
      { name: 'a', addr: 'a:1' },
      { counter: 3, stateVersion: 0, timestamp: 1_600_000_000_001 },
    ),
    registerCompressed(
      { name: 'b', addr: 'b:1' },
      {
        lines: Array.from(
          { length: 100_000 },
          (_, index) => `${named(index).replaceAll(/[ \n]/g, '')} 8 8 6 SINGLE_TAG {}`,
        ),
      },
      { waitMs: 60_000 },
    ),
    ...look('b', 100_000),
    // Gone, all of them.
    { code: 104, extFields: { ...brokerFields({ name: 'a', addr: 'a:1' }) } },
    route(named(99_999), { until: { lacks: '"a:1"' } }),
    clusterInfo(),
  ],
}

/** Sixty thousand topics, their body a little less than the longest frame, and one that is longer. */
export const longestFrame: Sequence = {
  name: 'sixty thousand topics near the frame limit',
  releases: ['5.5.0'],
  steps: [
    registered('a', table(60_000, 'x'.repeat(140)), '4'),
    ...look('a', 60_000),
    clusterInfo(),
    { ...registered('b', table(60_000, 'x'.repeat(170)), '5'), on: 'too long' },
    clusterInfo(),
  ],
}

const COUNTERS = [
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '9223372036854775807',
  '-9007199254740993',
  '-9223372036854775808',
  '"9007199254740993"',
]

/** Counters of which a double knows only the neighbours. */
export const largeCounters: Sequence = {
  name: 'counters beyond 2^53',
  releases: ['5.5.0'],
  steps: COUNTERS.flatMap((counter, index) => {
    const broker = { name: `n${index}`, addr: `n${index}:1` }
    const query = (text: string): RequestStep =>
      queryDataVersion(broker, `{"counter":${text},"stateVersion":0,"timestamp":1600000000001}`)
    const version = `{"counter":${counter},"stateVersion":${counter},"timestamp":${counter}}`
    return [
      registered(broker.name, table(2), counter),
      ...[...COUNTERS, '9007199254740994', '0'].map(query),
      {
        code: 103,
        extFields: { ...brokerFields({ name: `z${index}`, addr: `z${index}:1` }), compressed: 'true' },
        bodyHex: compressedHex({ dataVersion: version, lines: ['T 8 8 6 SINGLE_TAG {}'] }),
      },
      queryDataVersion({ name: `z${index}`, addr: `z${index}:1` }, version),
      // The state version decides whether a broker may take another's place.
      register({ ...broker, addr: `n${index}:2` }, { counter: 1 }),
      clusterInfo(),
    ]
  }),
}
