import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeTopicConfigWrapper,
  type RegisterBrokerBody,
  readRegisterBrokerBody,
} from '../../../src/protocol/body/register-broker-body.ts'
import { JsonError } from '../../../src/protocol/errors.ts'
import { fixture } from '../../fixtures/load.ts'
import { finish, topicMap } from '../frame-helpers.ts'

const NOW_MS = 1_700_000_000_123.9
const VERSION = '"dataVersion":{"counter":1,"stateVersion":2,"timestamp":3}'
const TOPICS = '"T1":{"topicName":"T1"},"T2":{"topicName":"T2"}'

/** A body with its topics in a map, so that bodies can be compared. */
const read = (bytes: Buffer) => plain(finish(readRegisterBrokerBody(bytes, NOW_MS)))
const plain = (body: RegisterBrokerBody) => ({ ...body, topicConfigTable: topicMap(body.topicConfigTable) })
const decode = (text: string) => read(Buffer.from(text))
const decodeWrapper = (members: string) => decode(`{"topicConfigSerializeWrapper":{${members}}}`)
const decodeTopic = (members: string) =>
  decodeWrapper(`${VERSION},"topicConfigTable":{"T":{"topicName":"T"${members}}}`).topicConfigTable.get('T')

describe('a registration', () => {
  test('without members has an empty wrapper of this moment and an empty list of filter servers', () => {
    expect(decode('{}')).toEqual({
      dataVersion: { counter: 0n, stateVersion: 0n, timestamp: 1_700_000_000_123n },
      topicConfigTable: new Map(),
      topicQueueMappingInfoMap: new Map(),
      filterServerList: [],
    })
  })

  test('of a 4.9 broker, which has no state version, is read', () => {
    const text =
      '{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"timestamp":1650000000000},' +
      '"topicConfigTable":{"TopicTest":{"order":false,"perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG",' +
      '"topicName":"TopicTest","topicSysFlag":0,"writeQueueNums":8}}}}'
    expect(decode(text)).toEqual({
      dataVersion: { counter: 3n, stateVersion: 0n, timestamp: 1650000000000n },
      topicConfigTable: new Map([
        [
          'TopicTest',
          { topicName: 'TopicTest', readQueueNums: 8, writeQueueNums: 8, perm: 6, topicSysFlag: 0 },
        ],
      ]),
      topicQueueMappingInfoMap: new Map(),
      filterServerList: [],
    })
  })

  test('with a static topic has its mapping, integer keys without quotes', () => {
    const mapping =
      '{"bname":"broker-a","currIdMap":{0:0, -3 :4,"2":3},"dirty":true,"epoch":9007199254740993,' +
      '"scope":"s","topic":"TM","totalQueues":2}'
    const body = decodeWrapper(`${VERSION},"topicQueueMappingInfoMap":{"TM":${mapping}}`)
    expect(body.topicQueueMappingInfoMap.get('TM')).toEqual({
      topic: 'TM',
      scope: 's',
      totalQueues: 2,
      bname: 'broker-a',
      epoch: 9007199254740993n,
      dirty: true,
      currIdMap: new Map([
        [0, 0],
        [-3, 4],
        [2, 3],
      ]),
    })
  })

  test('keeps the filter servers it names, none if the list is empty, and null if it is null', () => {
    expect(decode('{"filterServerList":["a:1","b:2"]}').filterServerList).toEqual(['a:1', 'b:2'])
    expect(decode('{"filterServerList":[]}').filterServerList).toEqual([])
    expect(decode('{"filterServerList":null}').filterServerList).toBeNull()
  })

  test('keeps topics by the key of the table, also where the name inside is another', () => {
    const { topicConfigTable } = decodeWrapper(
      '"topicConfigTable":{"k":{"topicName":"T1"},2:{"topicName":"T2"}}',
    )
    expect([...topicConfigTable].map(([key, config]) => [key, config.topicName])).toEqual([
      ['k', 'T1'],
      ['2', 'T2'],
    ])
  })

  test('has the last of two members of one name', () => {
    const body = decode(
      `{"topicConfigSerializeWrapper":{"topicConfigTable":{${TOPICS}}},"topicConfigSerializeWrapper":{${VERSION}}}`,
    )
    expect(body.topicConfigTable.size).toBe(0)
    expect(body.dataVersion.counter).toBe(1n)
  })

  test('matches member names exactly', () => {
    expect(decode(`{"TopicConfigSerializeWrapper":{${VERSION}}}`).dataVersion.counter).toBe(0n)
    expect(decodeWrapper(`"topic_config_table":{${TOPICS}}`).topicConfigTable.size).toBe(0)
  })

  test('skips details, attributes and unknown members', () => {
    const body = decodeWrapper(
      `"topicQueueMappingDetailMap":{"T1":{"hostedQueues":{0:[{"gen":0}]}}},"mappingDataVersion":{"counter":9},` +
        `"topicConfigTable":{"T1":{"attributes":{"a":{"b":[]}},"order":true,"topicFilterType":"X","topicName":"T1"}},${VERSION}`,
    )
    expect([...body.topicConfigTable.keys()]).toEqual(['T1'])
    expect(body.dataVersion.counter).toBe(1n)
  })

  test('is read in steps of one topic', () => {
    const steps = (text: string): number => [...readRegisterBrokerBody(Buffer.from(text), NOW_MS)].length
    const tableOf = (count: number) =>
      Array.from({ length: count }, (_, index) => `"T${index}":{"topicName":"T${index}"}`).join()
    const [few, many] = [10, 110].map((count) =>
      steps(`{"topicConfigSerializeWrapper":{"topicConfigTable":{${tableOf(count)}}}}`),
    ) as [number, number]
    expect(many - few).toBeGreaterThanOrEqual(100)
  })

  test.each([
    ['the body', 'null'],
    ['the wrapper', '{"topicConfigSerializeWrapper":null}'],
    ['the wrapper, by an empty string,', '{"topicConfigSerializeWrapper":""}'],
    ['the data version', '{"topicConfigSerializeWrapper":{"dataVersion":null}}'],
    ['the table of topics', `{"topicConfigSerializeWrapper":{${VERSION},"topicConfigTable":null}}`],
    ['a topic', `{"topicConfigSerializeWrapper":{${VERSION},"topicConfigTable":{"a":null,${TOPICS}}}}`],
    [
      'the name of a topic',
      `{"topicConfigSerializeWrapper":{${VERSION},"topicConfigTable":{"a":{"topicName":null}}}}`,
    ],
    ['a missing name of a topic', `{"topicConfigSerializeWrapper":{${VERSION},"topicConfigTable":{"a":{}}}}`],
    ['the mappings', `{"topicConfigSerializeWrapper":{${VERSION},"topicQueueMappingInfoMap":null}}`],
    ['a mapping', `{"topicConfigSerializeWrapper":{${VERSION},"topicQueueMappingInfoMap":{"a":null}}}`],
  ])('is rejected where %s is null', (_what, text) => {
    expect(() => decode(text)).toThrow(JsonError)
  })

  test.each([
    '',
    ' ',
    '[]',
    '"x"',
    '5',
    'true',
    'hello',
    '{}x',
    '{}{}',
    '{"topicConfigSerializeWrapper":"x"}',
    '{"topicConfigSerializeWrapper":5}',
    '{"topicConfigSerializeWrapper":[]}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":[]}}',
    '{"topicConfigSerializeWrapper":{"topicConfigTable":"x"}}',
    '{"topicConfigSerializeWrapper":{"dataVersion":[]}}',
    '{"topicConfigSerializeWrapper":{"dataVersion":5}}',
    '{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":[]}}',
    '{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"a":{"currIdMap":{"x":1}}}}}',
    '{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"a":{"currIdMap":{2147483648:1}}}}}',
  ])('of %j is rejected', (text) => {
    expect(() => decode(text)).toThrow(JsonError)
  })

  test('of zlib bytes is rejected', () => {
    expect(() => read(Buffer.from('785eab56', 'hex'))).toThrow(JsonError)
  })
})

describe('a topic', () => {
  test('has the defaults of Java for missing fields', () => {
    expect(decodeTopic('')).toEqual({
      topicName: 'T',
      readQueueNums: 16,
      writeQueueNums: 16,
      perm: 6,
      topicSysFlag: 0,
    })
  })

  test('has 0 for null and for empty strings', () => {
    for (const nothing of ['null', '""', '"null"']) {
      const members = ['readQueueNums', 'writeQueueNums', 'perm', 'topicSysFlag'].map(
        (name) => `,"${name}":${nothing}`,
      )
      expect(decodeTopic(members.join(''))).toEqual({
        topicName: 'T',
        readQueueNums: 0,
        writeQueueNums: 0,
        perm: 0,
        topicSysFlag: 0,
      })
    }
  })

  test('takes numbers as strings, fractions and a name that is a number', () => {
    expect(decodeTopic(',"perm":"4","readQueueNums":4.7,"topicName":123')).toMatchObject({
      topicName: '123',
      readQueueNums: 4,
      perm: 4,
    })
  })
})

describe('a bare wrapper, of a broker before 3.0.11,', () => {
  const decodeBare = (text: string) => plain(finish(decodeTopicConfigWrapper(Buffer.from(text), NOW_MS)))

  test('is read and leaves the filter servers as they are', () => {
    const body = decodeBare(`{${VERSION},"topicConfigTable":{${TOPICS}}}`)
    expect([...body.topicConfigTable.keys()]).toEqual(['T1', 'T2'])
    expect(body.dataVersion).toEqual({ counter: 1n, stateVersion: 2n, timestamp: 3n })
    expect(body.filterServerList).toBeNull()
  })

  test('is rejected if it is null or not an object', () => {
    for (const text of ['', 'null', '[]', 'hello', `{${VERSION},"topicConfigTable":null}`, '{}x']) {
      expect(() => decodeBare(text)).toThrow(JsonError)
    }
  })
})

describe('a captured registration', () => {
  const body = Buffer.from(fixture('5.5.0/register-broker-static-topic.request').expected.bodyText as string)

  test('that is cut off is rejected, wherever it was cut', () => {
    for (let length = 0; length < body.length; length++) {
      expect(() => read(body.subarray(0, length))).toThrow(JsonError)
    }
  })

  test('in which bytes were changed is read or rejected, and nothing else happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const changed = Buffer.from(body)
          for (const [at, byte] of changes) changed[at] = byte
          try {
            read(changed)
          } catch (error) {
            expect(error).toBeInstanceOf(JsonError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

test('a body that repeats a member thousands of times is read in as many steps', () => {
  const steps = (bytes: Buffer): number => [...readRegisterBrokerBody(bytes, NOW_MS)].length
  const tables = Array<string>(5_000).fill('"topicConfigTable":{}').join()
  expect(steps(Buffer.from(`{"topicConfigSerializeWrapper":{${VERSION},${tables}}}`))).toBeGreaterThan(4_990)
  const lists = Array<string>(5_000).fill('"filterServerList":[]').join()
  expect(steps(Buffer.from(`{${lists}}`))).toBeGreaterThan(4_990)
})
