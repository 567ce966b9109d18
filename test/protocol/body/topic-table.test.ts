import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JavaTopicEntryReader } from '../../../src/protocol/body/java-topic-entry-reader.ts'
import { readTopicConfig } from '../../../src/protocol/body/topic-config.ts'
import { readTopicTable, TopicList } from '../../../src/protocol/body/topic-table.ts'
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

function readFast(text: string, expectedName?: string) {
  const reader = new JavaTopicEntryReader(Buffer.from(text))
  const topic = reader.read(0, expectedName)
  return topic && { topic, end: reader.end }
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
    for (const expectedName of [given.name, 'another', '']) expect(readFast(text, expectedName)).toEqual(read)
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
      fc.property(
        entry,
        fc.array(change, { maxLength: 2 }),
        fc.constantFrom(undefined, 'T', 'ü', 'x\\"y', 'TopicTes'),
        (given, changes, expectedName) => {
          const bytes = [...entryText(given)]
          for (const [number, character] of changes) bytes[number % bytes.length] = character
          const text = bytes.join('')
          const read = readFast(text, expectedName)
          if (read === undefined) return
          expect({ name: read.topic.topicName, ...read }).toEqual(readAny(text))
        },
      ),
      { numRuns: 5_000 },
    )
  })
})

describe('a topic table', () => {
  const read = (text: string, expectedNames?: readonly string[]) => {
    const bytes = Buffer.from(text)
    return finish(readTopicTable(new JsonReader(bytes), bytes, expectedNames))
  }

  test('is a list if its keys are the names inside, and each is there once', () => {
    const names = ['A', 'B', 'C']
    const text = `{${names.map((name) => entryText({ name })).join()}}`
    for (const expectedNames of [undefined, names, ['A'], ['A', 'X', 'C'], [...names, 'D']]) {
      const table = read(text, expectedNames)
      expect(table).toBeInstanceOf(TopicList)
      expect([...table.values()]).toEqual(names.map((name) => topicOf({ name })))
      expect([[...table.keys()], table.size, table.has('B'), table.has('X')]).toEqual([names, 3, true, false])
    }
  })

  test('has the last of several entries of one key, and the name inside where it differs from the key', () => {
    const repeated = read(`{${entryText({ name: 'A', queues: 1 })},${entryText({ name: 'A', queues: 2 })}}`)
    expect([...topicMap(repeated)]).toEqual([['A', topicOf({ name: 'A', queues: 2 })]])
    const odd = read(`{${entryText({ name: 'A' })},"k":{"topicName":"A"}}`, ['A', 'k'])
    expect([...odd.keys()]).toEqual(['A', 'k'])
    expect(odd).not.toBeInstanceOf(TopicList)
  })

  test('does not depend on the names that are expected', () => {
    const names = ['A', 'B', 'C', 'DD', 'EE']
    const entries = fc.array(
      fc.record({
        name: fc.constantFrom(...names),
        queues: fc.constantFrom(1, 8),
        space: fc.constantFrom('', '', ' '),
        inner: fc.option(fc.constantFrom(...names), { freq: 10 }),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(entries, fc.uniqueArray(fc.constantFrom(...names)), (given, expectedNames) => {
        const texts = given.map(({ inner, space, ...each }) => {
          const text = space + entryText(each)
          return inner === null ? text : text.replace(/"topicName":"[A-E]+"/, `"topicName":"${inner}"`)
        })
        const text = `{${texts.join()}}`
        const [any, expected] = [read(text), read(text, expectedNames)]
        expect(topicMap(expected)).toEqual(topicMap(any))
        expect(expected instanceof TopicList).toBe(any instanceof TopicList)
        const last = new Map(given.map(({ name, queues }) => [name, queues]))
        expect([...any.keys()]).toEqual([...last.keys()])
        expect([...any.values()].map(({ readQueueNums }) => readQueueNums)).toEqual([...last.values()])
      }),
      { numRuns: 2_000 },
    )
  })

  test('is read in steps of 16 entries, and of one entry in any other form', () => {
    const names = Array.from({ length: 64 }, (_, index) => `T${index}`)
    const steps = (entries: readonly string[]): number => {
      const bytes = Buffer.from(`{${entries.join()}}`)
      return [...readTopicTable(new JsonReader(bytes), bytes, names)].length
    }
    expect(steps(names.map((name) => entryText({ name })))).toBe(4)
    expect(steps(names.map((name) => `"${name}":{"topicName":"${name}"}`))).toBe(64)
  })
})
