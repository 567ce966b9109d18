import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BROKER_VERDICTS } from '../../src/inspect/explain/broker-story.ts'
import { TOPIC_VERDICTS } from '../../src/inspect/explain/topic-story.ts'
import { CONFIG_KEYS } from '../../src/namesrv/config/config-keys.ts'

const guide = readFileSync(fileURLToPath(new URL('../../docs/troubleshooting.md', import.meta.url)), 'utf8')

/** The text from a heading to the next one of its level. */
function section(heading: string): string {
  const from = guide.indexOf(`\n## ${heading}\n`)
  const to = guide.indexOf('\n## ', from + 1)
  return from < 0 ? '' : guide.slice(from, to < 0 ? undefined : to)
}

test.each([
  ['Verdicts for a topic', TOPIC_VERDICTS],
  ['Verdicts for a broker', BROKER_VERDICTS],
])('the guide to troubleshooting has a row with something to do for each of the %s', (heading, verdicts) => {
  const rows = [...section(heading).matchAll(/^\| `(\w+)` \| (.+) \| (\S.+) \|$/gm)]
  const described = rows.map(([, verdict, meaning]) => [verdict, meaning])
  expect(described).toEqual(Object.entries(verdicts))
})

test('the guide to troubleshooting names only verdicts and configuration keys that exist', () => {
  const known = new Set([
    ...Object.keys(TOPIC_VERDICTS),
    ...Object.keys(BROKER_VERDICTS),
    ...CONFIG_KEYS.map(({ name }) => name),
    ...OTHER_NAMES,
  ])
  const named = [...guide.matchAll(/`([A-Za-z_0-9]+)`/g)].map(([, word = '']) => word)
  expect(named.filter((word) => !known.has(word))).toEqual([])
})

/** Keys of brokers and clients, commands of mqadmin, members of answers. */
const OTHER_NAMES = [
  ...['brokerIP1', 'brokerPermission', 'namesrvAddr', 'NAMESRV_ADDR'],
  ...['wipeWritePerm', 'addWritePerm', 'deleteTopic', 'updateKvConfig', 'updateTopicPerm'],
  ...['verdict', 'sentences', 'commands', 'now', 'history', 'similar', 'zone', 'version'],
  ...['overload', 'broker_registered'],
]

test.each([
  'No route info of this topic',
  'No topic route info in name server for the topic',
  'Can not find Message Queue for this topic',
  'name server not ready',
  'connect to',
  'No name server address',
  'not exist',
  'sending message is forbidden',
  'system busy',
  'register broker failed',
  'crc32 not match',
])('the guide to troubleshooting explains the error "%s"', (error) => {
  expect(guide).toContain(error)
})
