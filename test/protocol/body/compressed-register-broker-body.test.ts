import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  decodeInflatedRegisterBrokerBody,
  ZLIB_FIRST_BYTE,
} from '../../../src/protocol/body/compressed-register-broker-body.ts'
import { JsonError } from '../../../src/protocol/errors.ts'
import { finish, hex, int32, topicMap } from '../frame-helpers.ts'

const NOW_MS = 1_700_000_000_123

/** Made by Java's RegisterBrokerBody#encode. */
const COMPRESSED = hex(`
  78da5d4f416ac3301054dfd00f9839abc14a4a1374cba184409cd2d6f45282909d6d62625b46920fc118faf4ae43a1d01df6b0c3ceecac10
  6235a0747d1bc9432f2442b4913ec887cab5d0a944ac1a62b2e9a0d532fdab510871c7fd98bbae2a73de49568ca7e47dbbdfec9e4dbede24
  03581bec8966f1da1134f62f6fd97a87497bff09355fce5286d28bc911875fcbef01456b9b4950787721ff602151f6de6f8f99e52043cac9
  9456a3c4b1f2f10afd65eb4012d4b9f2fc2f28ff54badb75634eb52b6c6d0cdbc529369379761ba2ad5f7bea2940cfc71fbb164e22`)

const VERSION = '{"counter":3,"stateVersion":0,"timestamp":1700000000000}'
const LINE = 'TopicTest 8 8 6 SINGLE_TAG {"message.type":"NORMAL"}'
const MAPPING =
  '{"bname":"broker-a","currIdMap":{0:0,1:1},"dirty":false,"epoch":1700000000000,"scope":"__global__","topic":"TM",' +
  '"totalQueues":2}'

function part(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([int32(bytes.length), bytes])
}

interface Parts {
  readonly version?: string | Buffer
  readonly lines?: readonly (string | Buffer)[]
  readonly filterServers?: string
  readonly mappings?: readonly string[]
}

function inflated({ version = VERSION, lines = [LINE], filterServers = '[]', mappings = [] }: Parts): Buffer {
  return Buffer.concat([
    part(version),
    int32(lines.length),
    ...lines.map(part),
    part(filterServers),
    int32(mappings.length),
    ...mappings.map(part),
  ])
}

const decode = (bytes: Buffer, withMappings = true) =>
  finish(decodeInflatedRegisterBrokerBody(bytes, withMappings, NOW_MS))
const topicsOf = (...lines: (string | Buffer)[]) => [
  ...topicMap(decode(inflated({ lines })).topicConfigTable).values(),
]

test('the registration that Java compressed is read', () => {
  expect(COMPRESSED[0]).toBe(ZLIB_FIRST_BYTE)
  const body = decode(inflateSync(COMPRESSED))
  expect({ ...body, topicConfigTable: topicMap(body.topicConfigTable) }).toEqual({
    dataVersion: { counter: 3n, stateVersion: 0n, timestamp: 1700000000000n },
    topicConfigTable: new Map([
      [
        'TopicTest',
        { topicName: 'TopicTest', readQueueNums: 8, writeQueueNums: 8, perm: 6, topicSysFlag: 0 },
      ],
    ]),
    topicQueueMappingInfoMap: new Map([
      [
        'TM',
        {
          topic: 'TM',
          scope: '__global__',
          totalQueues: 2,
          bname: 'broker-a',
          epoch: 1700000000000n,
          dirty: false,
          currIdMap: new Map([
            [0, 0],
            [1, 1],
          ]),
        },
      ],
    ]),
    filterServerList: ['127.0.0.1:30000'],
  })
})

test('a registration of before 5.0.0 ends after the filter servers, and what follows is ignored', () => {
  const bytes = inflated({})
  expect(decode(bytes.subarray(0, -4), false).topicConfigTable.keys.length).toBe(1)
  expect(decode(inflated({ mappings: [MAPPING] }), false).topicQueueMappingInfoMap.size).toBe(0)
})

test('a registration of 5.0.0 or later without its mapping section is rejected', () => {
  expect(() => decode(inflated({}).subarray(0, -4))).toThrow(JsonError)
})

test('bytes after the mapping section are ignored', () => {
  expect(decode(Buffer.concat([inflated({}), hex('0102')])).topicConfigTable.keys.length).toBe(1)
})

test('a registration that is cut off is rejected, wherever it was cut', () => {
  const bytes = inflated({
    lines: [LINE, 'B 1 2 3 MULTI_TAG'],
    filterServers: '["a:1"]',
    mappings: [MAPPING],
  })
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decode(bytes.subarray(0, length))).toThrow(JsonError)
  }
})

test('a registration of before 5.0.0 that is cut off is rejected as well, also inside its filter servers', () => {
  const bytes = inflated({ filterServers: '["a:1"]' }).subarray(0, -4)
  expect(decode(bytes, false).filterServerList).toEqual(['a:1'])
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decode(bytes.subarray(0, length), false)).toThrow(JsonError)
  }
})

describe('a topic line', () => {
  test('has five fields from a 4.x broker, six from a 5.x one, and more where attributes contain spaces', () => {
    const topics = topicsOf(
      'A 8 4 6 SINGLE_TAG',
      'B 8 4 6 MULTI_TAG {}',
      'C 8 4 6 SINGLE_TAG {"a": "b c"}',
      'D 8 4 6 SINGLE_TAG ',
    )
    expect(topics.map(({ topicName }) => topicName)).toEqual(['A', 'B', 'C', 'D'])
    for (const topic of topics) {
      expect(topic).toMatchObject({ readQueueNums: 8, writeQueueNums: 4, perm: 6, topicSysFlag: 0 })
    }
  })

  test('may have an empty name, a sign, and bytes that are not UTF-8', () => {
    expect(topicsOf(' 8 8 6 SINGLE_TAG {}')[0]?.topicName).toBe('')
    expect(topicsOf('A +8 -1 6 SINGLE_TAG')[0]).toMatchObject({ readQueueNums: 8, writeQueueNums: -1 })
    expect(topicsOf(Buffer.from('A\xff 8 8 6 SINGLE_TAG', 'latin1'))[0]?.topicName).toBe('A\ufffd')
  })

  test.each([
    '',
    'A',
    'A 8 8 6',
    'A 8 8 6 ',
    'A 8 8 6 single_tag',
    'A 8 8 6 X',
    'A  8 8 6 SINGLE_TAG',
    'A\t8\t8\t6\tSINGLE_TAG',
    'A x 8 6 SINGLE_TAG',
    'A 8 8.0 6 SINGLE_TAG',
    'A 8 8 0x6 SINGLE_TAG',
    'A 8 8 2147483648 SINGLE_TAG',
  ])('of %j is rejected', (line) => {
    expect(() => topicsOf(line)).toThrow(JsonError)
  })
})

describe('the filter servers', () => {
  const read = (filterServers: string) => decode(inflated({ filterServers })).filterServerList

  test('are read as a list', () => {
    expect(read('["a:1","b:2"]')).toEqual(['a:1', 'b:2'])
  })

  test.each(['', 'null', '5', '[a]', '["a"', 'x'])('of %j, which is not a list, are none', (text) => {
    expect(read(text)).toEqual([])
  })
})

describe('the data version', () => {
  test('of an empty object is of this moment', () => {
    expect(decode(inflated({ version: '{}' })).dataVersion).toEqual({
      counter: 0n,
      stateVersion: 0n,
      timestamp: BigInt(NOW_MS),
    })
  })

  test.each(['[]', 'x', '5', '{', Buffer.from([0xff, 0xfe])])('of %j is rejected', (version) => {
    expect(() => decode(inflated({ version }))).toThrow(JsonError)
  })

  test('of null is rejected', () => {
    expect(() => decode(inflated({ version: 'null' }))).toThrow(JsonError)
  })
})

describe('a mapping', () => {
  test.each(['', 'null', 'x', '{}', '{"topic":null}', '{"bname":"b"}', '[]'])(
    'of %j is rejected',
    (mapping) => {
      expect(() => decode(inflated({ mappings: [mapping] }))).toThrow(JsonError)
    },
  )
})

describe('a length or count', () => {
  const counted = (topicCount: number, mappingCount: number): Buffer =>
    Buffer.concat([part(VERSION), int32(topicCount), part('[]'), int32(mappingCount)])

  test.each([-1, 0x7fffffff, -0x80000000])('of %d bytes for the data version is rejected', (length) => {
    expect(() => decode(Buffer.concat([int32(length), Buffer.from(VERSION)]))).toThrow(JsonError)
  })

  test('of more topics or mappings than there are is rejected', () => {
    expect(() => decode(counted(2, 0))).toThrow(JsonError)
    expect(() => decode(counted(0x7fffffff, 0))).toThrow(JsonError)
    expect(() => decode(counted(0, 1))).toThrow(JsonError)
    expect(() => decode(counted(0, 0x7fffffff))).toThrow(JsonError)
  })

  test('of -1 mappings counts as none', () => {
    expect(decode(counted(0, -1)).topicQueueMappingInfoMap.size).toBe(0)
  })
})

test('a compressed registration is read in steps of one topic or mapping', () => {
  const steps = (lines: number, mappings: number): number => {
    const bytes = inflated({
      lines: Array<string>(lines).fill(LINE),
      mappings: Array<string>(mappings).fill(MAPPING),
    })
    return [...decodeInflatedRegisterBrokerBody(bytes, true, NOW_MS)].length
  }
  expect(steps(20, 0) - steps(10, 0)).toBeGreaterThanOrEqual(10)
  expect(steps(2, 20) - steps(2, 10)).toBe(10)
})

test('a topic does not keep its attributes in memory, however long they are', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  const beforeBytes = process.memoryUsage().heapUsed
  const kept = Array.from({ length: 32 }, (_, index) => {
    const line = `a-topic-with-a-long-name-${index} 8 8 6 SINGLE_TAG ${'a'.repeat(1_000_000)}`
    return decode(inflated({ lines: [line] })).topicConfigTable
  })
  collectGarbage()
  expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(8_000_000)
  expect(kept.map(({ keys }) => keys.length)).toEqual(kept.map(() => 1))
})
