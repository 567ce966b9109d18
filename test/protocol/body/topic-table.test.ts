import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JavaTopicEntryReader } from '../../../src/protocol/body/java-topic-entry-reader.ts'
import { readTopicConfig } from '../../../src/protocol/body/topic-config.ts'
import { type KnownTopics, readTopicTable, type TopicTable } from '../../../src/protocol/body/topic-table.ts'
import { JsonError } from '../../../src/protocol/errors.ts'
import { JsonReader } from '../../../src/protocol/json/json-reader.ts'
import { finish, topicMap } from '../frame-helpers.ts'

interface Entry {
  readonly name: string
  readonly attributes?: string
  readonly order?: boolean
  readonly queues?: number
  readonly filterType?: string
}

/** As Java brokers write it. */
function entryText({ name, attributes = '{}', order = false, queues = 8, filterType }: Entry): string {
  const before = attributes === '' ? '' : `"attributes":${attributes},`
  return (
    `"${name}":{${before}"order":${order},"perm":6,"readQueueNums":${queues},"topicFilterType":"${filterType ?? 'SINGLE_TAG'}",` +
    `"topicName":"${name}","topicSysFlag":1,"writeQueueNums":${queues + 1}}`
  )
}

const topicOf = ({ name, queues = 8 }: Entry) => ({
  topicName: name,
  perm: 6,
  readQueueNums: queues,
  writeQueueNums: queues + 1,
  topicSysFlag: 1,
})

function readFast(text: string) {
  const reader = new JavaTopicEntryReader(Buffer.from(text))
  if (!reader.read(0)) return undefined
  const { topicName, perm, readQueueNums, writeQueueNums, topicSysFlag, end } = reader
  return { topic: { topicName, perm, readQueueNums, writeQueueNums, topicSysFlag }, end }
}

/** The reader that takes every form. */
function readAny(text: string) {
  const reader = new JsonReader(Buffer.from(`{${text}`))
  try {
    reader.enterObject()
    const name = reader.nextName()
    return { name, topic: readTopicConfig(reader), end: reader.offset - 1 }
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

const entry: fc.Arbitrary<Entry> = fc.record({
  name: fc.constantFrom('T', 'TopicTest', '%RETRY%group', 'a b', 'ü', 'x\\"y', '\\u0041', ''),
  attributes: fc.constantFrom(
    '',
    '{}',
    '{"message.type":"NORMAL"}',
    '{"a":"}","b":"{"}',
    '{"a":1}',
    '{"a":{"b":[]}}',
    '{"a":"\\""}',
  ),
  order: fc.boolean(),
  queues: fc.constantFrom(0, 8, 1024, 999_999_998, 2_147_483_646),
  filterType: fc.constantFrom('SINGLE_TAG', 'MULTI_TAG', 'ü'),
})

describe('an entry as Java brokers write it', () => {
  test.each<Entry>([
    { name: 'T' },
    { name: '%RETRY%group_a-1', order: true, filterType: 'MULTI_TAG' },
    { name: 'a-topic-of-4.x', attributes: '' },
    { name: 'a-typed-topic', attributes: '{"message.type":"FIFO","x":"}"}', queues: 1024 },
  ])('is read without the JSON reader: $name', (given) => {
    const text = entryText(given)
    const read = { topic: topicOf(given), end: text.length }
    expect(readFast(text)).toEqual(read)
    expect(readFast(`,${text},`)).toEqual({ ...read, end: text.length + 1 })
  })

  test('is cut off nowhere', () => {
    const text = entryText({ name: 'T' })
    for (let length = 0; length < text.length; length++)
      expect(readFast(text.slice(0, length))).toBeUndefined()
  })

  test('says what the JSON reader says, whatever bytes are changed', () => {
    const change = fc.tuple(fc.nat(), fc.constantFrom(...'"{}:,\\0 9/-.tn'))
    fc.assert(
      fc.property(entry, fc.array(change, { maxLength: 2 }), (given, changes) => {
        const bytes = [...entryText(given)]
        for (const [number, character] of changes) bytes[number % bytes.length] = character
        const text = bytes.join('')
        const read = readFast(text)
        if (read === undefined) return
        expect({ name: read.topic.topicName, ...read }).toEqual(readAny(text))
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('a topic table', () => {
  const read = (text: string, known?: KnownTopics) => {
    const bytes = Buffer.from(text)
    return finish(readTopicTable(new JsonReader(bytes), bytes, known))
  }
  /** A registration of these topics, as a later one is compared with it; in front of the table is what comes before it in a body. */
  const knownOf = (entries: readonly Entry[], front = ''): KnownTopics => {
    const body = Buffer.from(front + textOf(entries))
    const reader = new JsonReader(body)
    reader.skipTo(front.length)
    return { body, topics: finish(readTopicTable(reader, body)) }
  }
  const textOf = (entries: readonly Entry[]): string => `{${entries.map(entryText).join()}}`
  const TOPICS: readonly Entry[] = ['A', 'B', 'C'].map((name) => ({ name }))
  const MANY: readonly Entry[] = Array.from({ length: 100 }, (_, index) => ({ name: `T${index}` }))
  const topicsIn = (table: TopicTable) => [...topicMap(table).values()]
  /** Positions at which a table does not have the queues of the known one. */
  const changesIn = ({ queues }: TopicTable, { topics }: KnownTopics): number[] =>
    queues.flatMap((each, index) => (each === topics.queues[index] ? [] : [index]))

  test('has keys that are the names inside, each once', () => {
    const table = read(textOf(TOPICS))
    expect(table.keys).toBe(table.names)
    expect(table.names).toEqual(['A', 'B', 'C'])
    expect(topicsIn(table)).toEqual(TOPICS.map(topicOf))
  })

  test('has the names and the queues of the known one as far as they are equal', () => {
    for (const front of ['', '{"a":1, "topicConfigTable":']) {
      const known = knownOf(MANY, front)
      const same = read(textOf(MANY), known)
      expect([same.keys, same.names]).toEqual([known.topics.names, known.topics.names])
      expect(same.keys).toBe(known.topics.names)
      expect(changesIn(same, known)).toEqual([])
      for (const position of [0, 15, 16, 50, 99]) {
        const changed = MANY.map((each, index) => (index === position ? { ...each, queues: 16 } : each))
        const table = read(textOf(changed), known)
        expect(table.keys).toBe(known.topics.names)
        expect(changesIn(table, known)).toEqual([position])
        expect(topicsIn(table)).toEqual(changed.map(topicOf))
      }
    }
  })

  test('is compared with the body in blocks of sixteen entries: of equal ones nothing is read', () => {
    const known = knownOf(MANY)
    const others = {
      ...known,
      topics: { ...known.topics, queues: MANY.map(() => topicOf({ name: '', queues: 1 })) },
    }
    const table = read(textOf(MANY), others)
    expect(changesIn(table, others)).toEqual([96, 97, 98, 99])
  })

  test.each([
    ['more', ['A', 'B', 'C', 'D']],
    ['fewer', ['A', 'B']],
    ['others', ['A', 'X', 'C']],
    ['the same names in another order', ['B', 'A', 'C']],
    ['none', []],
  ])('with %s of the names that are known is read', (_, names) => {
    const table = read(textOf(names.map((name) => ({ name }))), knownOf(TOPICS))
    expect(table.keys).toBe(table.names)
    expect(topicsIn(table)).toEqual(names.map((name) => topicOf({ name })))
  })

  test('has one object for equal queues', () => {
    const queues = [4, 8, 4, 8]
    const table = read(textOf(queues.map((each, index) => ({ name: `T${index}`, queues: each }))))
    expect(new Set(table.queues).size).toBe(2)
  })

  test('has the last of several entries of one key, and the name inside where it differs from the key', () => {
    const repeated = read(
      textOf([
        { name: 'A', queues: 1 },
        { name: 'A', queues: 2 },
      ]),
    )
    expect(topicsIn(repeated)).toEqual([topicOf({ name: 'A', queues: 2 })])
    expect(repeated.blockOffsets).toBeUndefined()
    const odd = read(
      `{${entryText({ name: 'A' })},"k":{"topicName":"A"}}`,
      knownOf([{ name: 'A' }, { name: 'k' }]),
    )
    expect([odd.keys, odd.names]).toEqual([
      ['A', 'k'],
      ['A', 'A'],
    ])
  })

  test('has the same topics whatever is known', () => {
    const names = ['A', 'B', 'C', 'DD', 'EE']
    const topic = fc.record({ name: fc.constantFrom(...names), queues: fc.constantFrom(1, 8) })
    const knownTopics = fc.uniqueArray(topic, { selector: ({ name }) => name, maxLength: 6 })
    const entries = fc.array(
      fc.record({
        topic,
        space: fc.constantFrom('', '', ' '),
        inner: fc.option(fc.constantFrom(...names), { freq: 10 }),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(knownTopics, entries, fc.boolean(), (known, others, repeats) => {
        const same = known.map((each) => ({ topic: each, space: '', inner: null }))
        const given = repeats ? [...same, ...others.slice(0, 1)] : others
        const texts = given.map(({ topic: each, space, inner }) => {
          const text = space + entryText(each)
          return inner === null ? text : text.replace(/"topicName":"[A-E]+"/, `"topicName":"${inner}"`)
        })
        const text = `{${texts.join()}}`
        const [any, compared] = [read(text), read(text, knownOf(known))]
        expect(topicMap(compared)).toEqual(topicMap(any))
        expect(compared.keys === compared.names).toBe(any.keys === any.names)
        const last = new Map(given.map(({ topic: { name, queues } }) => [name, queues]))
        expect(any.keys).toEqual([...last.keys()])
        expect(any.queues.map(({ readQueueNums }) => readQueueNums)).toEqual([...last.values()])
      }),
      { numRuns: 3_000 },
    )
  })

  test('is read in steps of 16 entries, and of one entry in any other form', () => {
    const topics = Array.from({ length: 64 }, (_, index) => ({ name: `T${index}` }))
    const steps = (text: string, known?: KnownTopics): number => {
      const bytes = Buffer.from(text)
      return [...readTopicTable(new JsonReader(bytes), bytes, known)].length
    }
    expect(steps(textOf(topics), knownOf(topics))).toBe(4)
    expect(steps(textOf(topics))).toBe(8)
    const others = topics.map(({ name }) => `"${name}":{"topicName":"${name}"}`)
    expect(steps(`{${others.join()}}`, knownOf(topics))).toBe(64)
  })
})
