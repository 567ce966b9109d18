import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ReadRegisterBrokerBody,
  readRegisterBrokerBody,
} from '../../../src/protocol/body/register-broker-body.ts'
import type { TopicTableOffsets } from '../../../src/protocol/body/topic-table-offsets.ts'
import { JsonError } from '../../../src/protocol/errors.ts'
import { finish } from '../support.ts'

const NOW_MS = 1_700_000_000_000

interface Topic {
  readonly name: string
  readonly queues: number
}

function bodyText(topics: readonly Topic[], counter: number, front = '', space = ''): string {
  const table = topics.map(
    ({ name, queues }) =>
      `"${name}":${space}{"attributes":{"a":"}"},"order":false,"perm":6,"readQueueNums":${queues},"topicName":"${name}","writeQueueNums":8}`,
  )
  return `{${front}"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":${counter},"timestamp":5},"topicConfigTable":{${table}},"topicQueueMappingInfoMap":{}}}`
}

function read(text: string, known?: TopicTableOffsets): ReadRegisterBrokerBody | string {
  try {
    return finish(readRegisterBrokerBody(Buffer.from(text), NOW_MS, known))
  } catch (error) {
    if (error instanceof JsonError) return 'not readable'
    throw error
  }
}

function whole(text: string): ReadRegisterBrokerBody {
  const result = read(text)
  if (typeof result === 'string') throw new Error(result)
  return result
}

const TOPICS = Array.from({ length: 300 }, (_, number) => ({ name: `Topic-${number}`, queues: 8 }))

describe('of a body whose broker has registered before', () => {
  test('only the topics that differ are read, and the rest of the body', () => {
    const { places } = whole(bodyText(TOPICS, 9))
    const changed = TOPICS.map((topic, number) => (number % 100 === 7 ? { ...topic, queues: 16 } : topic))
    const result = read(bodyText(changed, 10), places) as ReadRegisterBrokerBody
    expect(result.onlyChanges).toBe(true)
    expect([...result.body.topicConfigTable.keys()]).toEqual(['Topic-7', 'Topic-107', 'Topic-207'])
    expect(result.body.dataVersion.counter).toBe(10n)
    expect(result.places).toEqual(whole(bodyText(changed, 10)).places)
  })

  test.each([
    ['added', [...TOPICS, { name: 'New', queues: 8 }]],
    ['added in front', [{ name: 'New', queues: 8 }, ...TOPICS]],
    ['removed', TOPICS.filter(({ name }) => name !== 'Topic-50')],
    ['removed at the end', TOPICS.slice(0, -1)],
    [
      'swapped with its neighbour',
      [...TOPICS.slice(0, 7), ...TOPICS.slice(7, 9).reverse(), ...TOPICS.slice(9)],
    ],
    ['written twice', [...TOPICS, { name: 'Topic-299', queues: 8 }]],
  ])('everything is read if a topic was %s', (_, topics) => {
    const { places } = whole(bodyText(TOPICS, 9))
    const result = read(bodyText(topics, 10), places) as ReadRegisterBrokerBody
    expect(result.onlyChanges).toBe(false)
    expect(result.body).toEqual(whole(bodyText(topics, 10)).body)
  })

  test('nothing can be compared with a table whose keys are not the names inside', () => {
    const text = bodyText(TOPICS, 9).replace('"topicName":"Topic-3"', '"topicName":"Topic-4"')
    expect(whole(text).places).toBeUndefined()
    const result = read(text, whole(bodyText(TOPICS, 9)).places) as ReadRegisterBrokerBody
    expect(result.onlyChanges).toBe(false)
    expect(result.body).toEqual(whole(text).body)
  })

  test('what is read and what was known make up what the whole says, however the bytes differ', () => {
    const topics = fc.array(
      fc.record({ name: fc.constantFrom('A', 'B', 'C', 'DD', 'EE'), queues: fc.constantFrom(1, 8, 16) }),
      { maxLength: 6 },
    )
    const text = fc
      .tuple(
        topics,
        fc.constantFrom(1, 10),
        fc.constantFrom('', '"x":"\\"topicConfigTable\\":{",', "'y':'{\"topicConfigTable\":{',"),
        fc.constantFrom('', ' '),
      )
      .map((parts) => bodyText(...parts))
    const change = fc.tuple(fc.nat(), fc.constantFrom(...'"{}:,\\0 /*A'))
    fc.assert(
      fc.property(text, text, fc.array(change, { maxLength: 2 }), (before, after, changes) => {
        const known = read(before)
        if (typeof known === 'string' || known.places === undefined) return
        const bytes = [...(changes.length % 2 === 0 ? after : before)]
        for (const [number, character] of changes) bytes[number % bytes.length] = character
        const next = bytes.join('')
        const expected = read(next)
        const result = read(next, known.places)
        if (typeof expected === 'string' || typeof result === 'string') {
          expect(result).toBe(expected)
          return
        }
        expect(result.places).toEqual(expected.places)
        const table = result.onlyChanges
          ? new Map([...known.body.topicConfigTable, ...result.body.topicConfigTable])
          : result.body.topicConfigTable
        expect({ ...result.body, topicConfigTable: table }).toEqual(expected.body)
      }),
      { numRuns: 5_000 },
    )
  })
})
