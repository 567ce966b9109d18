import { describe, expect, test } from 'vitest'
import type { Broker, Sample } from '../../../src/cli/top/sample.ts'
import { SECTIONS } from '../../../src/cli/top/sections.ts'
import { UNKNOWN_MEMBER } from '../../../src/inspect/broker-member.ts'

function broker(brokerName: string, given: Partial<Broker>): Broker {
  return { brokerName, clusters: ['c'], brokerId: 0, address: `${brokerName}:1`, ...UNKNOWN_MEMBER, ...given }
}

const SAMPLE: Sample = {
  status: { versionName: 'V4_9_7', tables: { topics: 0, brokerGroups: 0, brokers: 0, clusters: 0 } },
  brokers: [
    broker('a', {}),
    broker('b', { state: 'alive', heartbeatAgeMs: 5_000, registeredTopics: 9, versionName: 'V4_9_7' }),
    broker('c', { state: 'suspected', heartbeatAgeMs: 90_000, registeredTopics: 2, versionName: 'V5_5_0' }),
  ],
  misses: [
    {
      ...{
        topic: 'Found',
        count: 1,
        overestimate: 0,
        loss: null,
        lastSeen: '2026-01-01T00:00:00Z',
        routeSince: '2026-01-01T00:00:05Z',
      },
      ...{ clients: [{ address: '10.0.0.9', language: 'JAVA', versionName: 'V5_5_0' }], similar: [] },
    },
    {
      ...{
        topic: 'Absent',
        count: 2,
        overestimate: 0,
        loss: null,
        lastSeen: '2026-01-01T00:00:09Z',
        routeSince: null,
      },
      ...{ clients: [], similar: [{ name: 'Present' }] },
    },
  ],
  findings: [],
  events: [
    { id: 'b-2', time: 't2', kind: 'b', subject: 'x', text: '', seq: 2 },
    { id: 'b-1', time: 't1', kind: 'a', subject: 'y', text: '', seq: 1 },
  ] as unknown as Sample['events'],
}

/** The first words of the rows of a section, by one of its orders. */
function rows(title: string, order: string, filter = ''): (string | undefined)[] {
  const section = SECTIONS.find((each) => each.title === title)
  const sort = section?.orders.indexOf(order) ?? -1
  const lines = section?.rows(SAMPLE, { filter, sort, width: undefined }).flat() ?? []
  return lines.slice(1).map(({ text }) => text.replace(/^c +/, '').split(' ')[0])
}

describe('a section of top', () => {
  test.each([
    ['Brokers', 'name', ['a', 'b', 'c']],
    ['Brokers', 'heartbeat', ['c', 'b', 'a']],
    ['Brokers', 'topics', ['b', 'c', 'a']],
    ['Brokers', 'version', ['a', 'b', 'c']],
    ['Misses', 'lookups', ['Found', 'Absent']],
    ['Misses', 'last', ['Absent', 'Found']],
    ['Misses', 'topic', ['Absent', 'Found']],
    ['Events', 'time', ['t2', 't1']],
    ['Events', 'kind', ['t1', 't2']],
    ['Events', 'subject', ['t2', 't1']],
  ])('orders %s by %s', (title, order, names) => {
    expect(rows(title, order)).toEqual(names)
  })

  test('finds rows in any case, and not by what is unknown', () => {
    expect(rows('Misses', 'lookups', 'PRESENT')).toEqual(['Absent'])
    expect(rows('Brokers', 'name', 'null')).toEqual([])
  })

  test('colours what is not as it should be', () => {
    const colours = (title: string) =>
      SECTIONS.find((each) => each.title === title)
        ?.rows(SAMPLE, { filter: '', sort: 0, width: undefined })
        .flat()
        .slice(1)
        .map(({ colour }) => colour)
    expect(colours('Brokers')).toEqual([undefined, undefined, 'yellow'])
    expect(colours('Misses')).toEqual(['dim', undefined])
  })
})
