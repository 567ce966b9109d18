/**
 * What fuzzed requests speak of. The honest client's own names hold {@link HONEST_MARK}, and nothing that does is ever sent on
 * its behalf by the fuzzer: what is deleted, wiped or put is never the honest client's.
 */
import type { Random } from './random.ts'

/** In every name and address of the honest client. */
export const HONEST_MARK = 'onest'

const TOPICS = Array.from({ length: 48 }, (_, index) => `FuzzTopic${index}`)
const BROKERS = Array.from({ length: 24 }, (_, index) => `fuzz-broker-${index}`)
const CLUSTERS = ['FuzzCluster', 'FuzzCluster2', 'fuzz-cluster', '']
const NAMESPACES = ['ORDER_TOPIC_CONFIG', 'FuzzSpace', 'FuzzSpace2']

export const topicName = (random: Random): string => random.pick(TOPICS)
export const brokerName = (random: Random): string => random.pick(BROKERS)
export const clusterName = (random: Random): string => CLUSTERS[random.oneIn(8) ? random.below(4) : 0] ?? ''
export const namespace = (random: Random): string => random.pick(NAMESPACES)

/** No process listens there: a connection attempt of the server fails at once. */
export const brokerAddr = (random: Random): string => `127.0.0.1:${1 + random.below(40)}`

const HUGE = 'x'.repeat(5_000)

/** Texts that a field may hold whatever it is for, and that something may trip over. */
const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  'null',
  'true',
  '0',
  '-1',
  '+5',
  '1.5',
  '1e400',
  '0x10',
  'NaN',
  '2147483647',
  '2147483648',
  '-9223372036854775808',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999999999',
  '__proto__',
  'constructor',
  'toString',
  'é中文\u{1f600}',
  '\0',
  '\n\r\t',
  '"\\/',
  '\ud800',
  '\u2028',
  '%s%n$',
  '127.0.0.1:99999',
  ':::',
  '@',
  'a;b,c',
  HUGE,
]

export const oddText = (random: Random): string => random.pick(ODD_TEXTS)

/** JSON values where another type is expected, which every reader can pass over. */
const OTHER_JSON: readonly string[] = [
  'null',
  'true',
  '0',
  '5',
  '-1.5',
  '12345678901234567890',
  '"x"',
  '""',
  '{}',
  '[]',
  '{"a":[1,null],"b":{"c":"d"}}',
  '["x",1,{}]',
  '{"@type":"java.lang.Class","val":"x"}',
  '{"$ref":"$"}',
]

export const otherJson = (random: Random): string => random.pick(OTHER_JSON)

/** The same, and what only some readers take, or none. */
const ODD_JSON: readonly string[] = [
  ...OTHER_JSON,
  '-0',
  '1e5',
  '1E400',
  "'x'",
  'x',
  '{1:"x"}',
  'NaN',
  'undefined',
  'new Date(0)',
  '"\\u0041\\x41\\v"',
  '"\\ud83d"',
  '/*c*/1',
  `${'['.repeat(200)}${']'.repeat(200)}`,
  '{"a":'.repeat(120),
]

export const oddJson = (random: Random): string => random.pick(ODD_JSON)
