import { describe, expect, test } from 'vitest'
import { ratesBetween, type Sample } from '../../../src/cli/top/sample.ts'
import {
  frameLines,
  INITIAL_STATE,
  type Key,
  maxScrolledOf,
  pressed,
  screenLines,
  type TopData,
  type TopState,
} from '../../../src/cli/top/screen.ts'

const SIZE = { columns: 80, rows: 24 }
const NOW = '2026-11-28T12:00:00.000Z'

function broker(
  brokerName: string,
  given: Partial<Sample['brokers'][number]> = {},
): Sample['brokers'][number] {
  return {
    brokerName,
    clusters: ['c'],
    brokerId: 0,
    address: `${brokerName}:10911`,
    state: 'alive',
    heartbeatAgeMs: 5_000,
    heartbeatTimeoutMs: 120_000,
    lastRegistration: NOW,
    language: 'JAVA',
    version: 513,
    versionName: 'V5_5_0',
    registeredTopics: 3,
    haServerAddress: null,
    peer: null,
    announcesOwnAddress: null,
    ...given,
  }
}

function sampleWith(given: Partial<Sample> = {}, status: Partial<Sample['status']> = {}): Sample {
  return {
    status: {
      versionName: 'V5_5_0',
      nodeId: 'n',
      version: '1.2.3',
      bootId: 'boot',
      time: NOW,
      uptimeSeconds: 10_800,
      ready: true,
      checks: [],
      provisional: false,
      findings: { critical: 0, warning: 0, info: 0 },
      tables: { brokers: 2, brokerGroups: 1, topics: 40, clusters: 1 },
      limits: [{ key: 'maxConnections', used: 7, max: 100 }],
      totals: { requests: 0, lookups: 0, lookupsWithoutRoute: 0, registrations: 0, heartbeats: 0 },
      process: { cpuSeconds: 1, residentBytes: 104_857_600, eventLoopDelayMs: 0.44 },
      ...status,
    },
    brokers: [
      broker('broker-b'),
      broker('broker-a', { heartbeatAgeMs: 70_000, state: 'late', registeredTopics: 9 }),
    ],
    misses: [],
    findings: [],
    events: [],
    ...given,
  }
}

function dataWith(sample: Sample | undefined, given: Partial<TopData> = {}): TopData {
  return { address: 'ns:9876', sample, rates: undefined, problem: undefined, ...given }
}

function texts(state: TopState, data: TopData, size = SIZE): string[] {
  return screenLines(state, data, size).map(({ text }) => text)
}

/** The state after these keys; a key is a name such as `tab`, or a character. */
function stateAfter(keys: readonly string[], state = INITIAL_STATE): TopState {
  const names = ['tab', 'escape', 'return', 'backspace', 'up', 'down', 'pageup', 'pagedown']
  return keys.reduce<TopState>((each, key) => {
    const next = pressed(each, names.includes(key) ? { name: key } : keyOf(key))
    if (next === 'quit') throw new Error(`${key} quits`)
    return next
  }, state)
}

/** As readline reports characters: letters and digits have a name, others none. */
function keyOf(character: string): Key {
  return /^[a-z0-9]$/.test(character) ? { name: character, sequence: character } : { sequence: character }
}

describe('the screen', () => {
  test('has a head with numbers and rates, the sections, and the keys in the last line', () => {
    const rates = { lookups: 1_234.5, lookupsWithoutRoute: 0.25, registrations: 0, requests: 99.96 }
    const shown = texts(INITIAL_STATE, dataWith(sampleWith(), { rates }))
    expect(shown).toHaveLength(24)
    expect(shown.slice(0, 8)).toEqual([
      'ns:9876  healthy',
      'mqnamesrv 1.2.3   up 3h   2 brokers in 1 group   40 topics   7 connections',
      'lookups 1235/s   misses 0.3/s   registrations 0/s   requests 100.0/s',
      'memory 100M   event loop delay 0.4 ms   2026-11-28T12:00:00Z',
      '[1 Brokers (2)]  2 Misses (0)   3 Findings (0)   4 Events (0) ',
      'CLUSTER  BROKER    ID  ADDRESS         STATE  HEARTBEAT  TOPICS  VERSION',
      'c        broker-b   0  broker-b:10911  alive         5s       3  V5_5_0',
      'c        broker-a   0  broker-a:10911  late          1m       9  V5_5_0',
    ])
    expect(shown.at(-1)).toBe('q quit  tab section  s sort (name)  / filter  p pause  ? help')
  })

  test.each([
    [{ ready: false, checks: [{ name: 'shutdown', problem: 'bye' }] }, 'ns:9876  not ready: bye', 'red'],
    [
      { findings: { critical: 1, warning: 2, info: 0 } },
      'ns:9876  ready, findings: 1 critical, 2 warning',
      'red',
    ],
    [
      { findings: { critical: 0, warning: 2, info: 1 } },
      'ns:9876  ready, findings: 2 warning, 1 info',
      'yellow',
    ],
    [{ findings: { critical: 0, warning: 0, info: 1 } }, 'ns:9876  ready, findings: 1 info', 'green'],
    [{ provisional: true }, 'ns:9876  healthy, routes of the snapshot', 'green'],
  ] as const)('with %j says %j', (status, text, colour) => {
    expect(screenLines(INITIAL_STATE, dataWith(sampleWith({}, status)), SIZE)[0]).toEqual({ text, colour })
  })

  test('before the first look says that it is connecting', () => {
    expect(texts(INITIAL_STATE, dataWith(undefined)).slice(0, 2)).toEqual([
      'ns:9876  connecting …',
      '[1 Brokers (0)]  2 Misses (0)   3 Findings (0)   4 Events (0) ',
    ])
  })

  test('of a server that cannot be reached says so and still has what was seen last', () => {
    const lines = screenLines(INITIAL_STATE, dataWith(sampleWith(), { problem: 'refused' }), SIZE)
    expect(lines[0]).toEqual({ text: 'ns:9876  unreachable: refused', colour: 'red' })
    expect(lines[6]?.text).toContain('broker-b')
  })

  test('of a server without views has brokers only', () => {
    const tables = { brokers: 1, brokerGroups: 1, topics: 2, clusters: 1 }
    const sample = { ...sampleWith(), status: { versionName: 'V4_9_7', tables } }
    const shown = texts(INITIAL_STATE, dataWith(sample), { columns: 200, rows: 24 })
    expect(shown.slice(0, 3)).toEqual([
      expect.stringMatching(/^ns:9876 {2}not mqnamesrv/),
      'RocketMQ V4_9_7   1 broker in 1 group   2 topics',
      '[1 Brokers (2)]  2 Misses (0)   3 Findings (0)   4 Events (0) ',
    ])
  })

  test('fits a terminal of any size', () => {
    const data = dataWith(sampleWith({ brokers: [broker('名前'.repeat(40)), broker('b')] }))
    for (const [columns, rows] of [
      [20, 8],
      [1, 1],
      [300, 3],
    ] as const) {
      const lines = screenLines(INITIAL_STATE, data, { columns, rows })
      expect(lines).toHaveLength(rows)
      for (const { text } of lines) expect([...text].length).toBeLessThanOrEqual(columns)
    }
  })
})

describe('the keys', () => {
  const rest = { evidence: {}, command: null }
  const findings: Sample['findings'] = [
    {
      ...{ severity: 'critical', rule: 'r1', subject: 'z', text: 'Bad.', ...rest },
      since: '2026-11-28T11:59:00.000Z',
    },
    {
      ...{ severity: 'warning', rule: 'r2', subject: 'a', text: 'Less bad.', ...rest },
      since: '2026-11-28T10:00:00.000Z',
    },
    {
      ...{ severity: 'info', rule: 'r3', subject: 'm', text: 'Fine.', ...rest },
      since: '2026-11-28T11:00:00.000Z',
    },
  ]
  const misses: Sample['misses'] = [
    {
      ...{ topic: 'T', count: 9, overestimate: 0, routeSince: NOW, clients: [], similar: [], loss: null },
      lastSeen: '2026-11-28T11:00:00.000Z',
    },
    {
      ...{ topic: 'S', count: 2, overestimate: 0, routeSince: null, loss: null },
      lastSeen: '2026-11-28T11:59:58.000Z',
      clients: [{ address: '10.0.0.9:4000', language: 'JAVA', versionName: 'V5_5_0' }],
      similar: [{ name: 's' }],
    },
  ]
  const about = { cluster: null, brokerName: null, brokerId: null, address: null, topic: null }
  const events: Sample['events'] = [
    { id: 'x-2', time: NOW, kind: 'ready', subject: '', text: 'up', ...about },
    { id: 'x-1', time: NOW, kind: 'broker_left', subject: 'b', text: 'gone', ...about },
  ]
  const data = dataWith(sampleWith({ findings, misses, events }))

  test('q, Ctrl-C and Ctrl-D quit', () => {
    const keys: Key[] = [
      { name: 'q', sequence: 'q' },
      { name: 'c', ctrl: true },
      { name: 'd', ctrl: true },
    ]
    expect(keys.map((key) => pressed(INITIAL_STATE, key))).toEqual(['quit', 'quit', 'quit'])
  })

  test('tab and digits choose the section', () => {
    expect(texts(stateAfter(['tab']), data).slice(5, 8)).toEqual([
      'TOPIC  LOOKUPS  LAST  ROUTE NOW  CLIENTS        SIMILAR',
      'T            9    1h  yes        -              -',
      'S            2    2s  no         10.0.0.9:4000  s',
    ])
    expect(screenLines(stateAfter(['3']), data, SIZE).slice(5, 9)).toEqual([
      { text: 'SEVERITY  RULE  SUBJECT  SINCE  TEXT', colour: 'bold' },
      { text: 'critical  r1    z           1m  Bad.', colour: 'red' },
      { text: 'warning   r2    a           2h  Less bad.', colour: 'yellow' },
      { text: 'info      r3    m           1h  Fine.', colour: 'cyan' },
    ])
    expect(texts(stateAfter(['4']), data)[6]).toBe('12:00:00Z  ready        -        up')
    expect(stateAfter(['4', 'tab']).section).toBe(0)
    expect(stateAfter(['9']).section).toBe(0)
  })

  test('s goes through the orders of the section, and back to the first one', () => {
    const subjects = (keys: readonly string[]): (string | undefined)[] =>
      texts(stateAfter(keys), data)
        .slice(6, 9)
        .map((line) => line.split(/ {2,}/)[2])
    expect(subjects(['3', 's'])).toEqual(['a', 'm', 'z'])
    expect(texts(stateAfter(['3', 's']), data).at(-1)).toContain('s sort (since)')
    expect(subjects(['3', 's', 's'])).toEqual(['a', 'm', 'z'])
    expect(subjects(['3', 's', 's', 's'])).toEqual(['z', 'a', 'm'])
    const names = (keys: readonly string[]): (string | undefined)[] =>
      texts(stateAfter(keys), data)
        .slice(6, 8)
        .map((line) => line.split(/ +/)[1])
    expect(names(['s'])).toEqual(['broker-a', 'broker-b'])
    expect(names(['s', 's'])).toEqual(['broker-a', 'broker-b'])
    expect(names(['s', 's', 's'])).toEqual(['broker-b', 'broker-a'])
    expect(texts(stateAfter(['2', 's']), data)[6]).toMatch(/^S/)
    expect(texts(stateAfter(['4', 's']), data)[6]).toContain('broker_left')
  })

  test('/ filters rows, also while it is typed; escape shows all again', () => {
    const typing = stateAfter(['/', 'R', '-', 'a', 'x', 'backspace'])
    expect(texts(typing, data).at(-1)).toBe('/R-a█')
    expect(texts(typing, data).slice(6, 8)).toEqual([expect.stringContaining('broker-a'), ''])
    const done = stateAfter(['return'], typing)
    expect(texts(done, data)[4]).toBe(
      '[1 Brokers (2)]  2 Misses (2)   3 Findings (3)   4 Events (2)  filter: R-a',
    )
    expect(stateAfter(['escape'], done).filter).toBe('')
    expect(stateAfter(['/', 'a', 'escape'])).toMatchObject({ filter: '', isTyping: false })
    expect(stateAfter(['/', '\x1b', 'q']).filter).toBe('q')
  })

  test('arrows scroll, not beyond the last page', () => {
    const brokers = Array.from({ length: 50 }, (_, index) => broker(`b${index}`))
    const many = dataWith(sampleWith({ brokers }))
    const first = (keys: readonly string[]): string | undefined =>
      texts(stateAfter(keys), many)[6]?.split(/ +/)[1]
    expect(first(['down', 'down', 'up'])).toBe('b1')
    expect(first(['pagedown', 'pageup', 'up'])).toBe('b0')
    const end = texts(stateAfter(Array.from({ length: 20 }, () => 'pagedown')), many)
    expect(end[6]).toContain('b33')
    expect(end[22]).toContain('b49')
  })

  test('arrows beyond the last page are not remembered', () => {
    const brokers = Array.from({ length: 50 }, (_, index) => broker(`b${index}`))
    const max = maxScrolledOf(INITIAL_STATE, dataWith(sampleWith({ brokers })), SIZE)
    expect(max).toBe(33)
    const scrolledTo = (name: string, scrolled: number) =>
      pressed({ ...INITIAL_STATE, scrolled }, { name }, max)
    expect(scrolledTo('pagedown', 30)).toMatchObject({ scrolled: 33 })
    // The list has become shorter.
    expect(scrolledTo('up', 90)).toMatchObject({ scrolled: 32 })
    expect(maxScrolledOf(INITIAL_STATE, dataWith(undefined), SIZE)).toBe(0)
  })

  test('? shows help until the next key', () => {
    const help = stateAfter(['?'])
    expect(texts(help, data)).toContain('  q, Ctrl-C            quit')
    expect(texts(help, data).at(-1)).toBe('any key: back')
    expect(stateAfter(['x'], help).isHelp).toBe(false)
  })

  test('p pauses, n goes to the next NameServer', () => {
    expect(texts(stateAfter(['p']), data)[4]).toMatch(/PAUSED$/)
    expect(stateAfter(['p', 'p']).isPaused).toBe(false)
    expect(stateAfter(['n']).server).toBe(1)
  })
})

describe('a frame without a terminal', () => {
  test('has all sections, each up to a number of rows', () => {
    const frame = frameLines(dataWith(sampleWith()), 1, undefined).map(({ text }) => text)
    expect(frame.slice(4)).toEqual([
      '',
      'Brokers (2)',
      'CLUSTER  BROKER    ID  ADDRESS         STATE  HEARTBEAT  TOPICS  VERSION',
      'c        broker-b   0  broker-b:10911  alive         5s       3  V5_5_0',
      '… and 1 more',
      '',
      'Misses (0)',
      '',
      'Findings (0)',
      '',
      'Events (0)',
    ])
    expect(frameLines(dataWith(undefined), 1, 10).map(({ text }) => text)).toEqual(['ns:9876  connecting …'])
    expect(frameLines(dataWith(sampleWith()), 1, 12)[0]?.text).toBe('ns:9876  he…')
  })
})

describe('rates', () => {
  const totals = { requests: 10, lookups: 4, lookupsWithoutRoute: 2, registrations: 1, heartbeats: 0 }
  const before = sampleWith()

  test('are differences by the uptime of the server', () => {
    expect(ratesBetween(before, sampleWith({}, { totals, uptimeSeconds: 10_802 }))).toEqual({
      requests: 5,
      lookups: 2,
      lookupsWithoutRoute: 1,
      registrations: 0.5,
    })
  })

  test.each([
    ['without an earlier sample', undefined, { totals, uptimeSeconds: 10_802 }],
    ['after a restart', before, { totals, uptimeSeconds: 10_802, bootId: 'other' }],
    ['without time in between', before, { totals }],
  ])('are unknown %s', (_, earlier, status) => {
    expect(ratesBetween(earlier, sampleWith({}, status))).toBeUndefined()
  })
})
