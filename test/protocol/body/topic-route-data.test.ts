import { describe, expect, test } from 'vitest'
import {
  decodeQueueDatas,
  encodeTopicRouteData,
  sameQueueData,
  type TopicRouteData,
} from '../../../src/protocol/body/topic-route-data.ts'
import { JsonError } from '../../../src/protocol/errors.ts'

const queueData = { brokerName: 'bk', readQueueNums: 8, writeQueueNums: 4, perm: 6, topicSysFlag: 0 }
const route: TopicRouteData = {
  orderTopicConf: 'bk:4',
  queueDatas: [queueData],
  brokerDatas: [
    {
      cluster: 'clu',
      brokerName: 'bk',
      brokerAddrs: new Map([
        [100n, 'c:1'],
        [9007199254740993n, 'd:1'],
        [-2n, 'a:1'],
        [3n, 'b:1'],
      ]),
      zoneName: 'z',
      enableActingMaster: false,
    },
  ],
  filterServerTable: new Map([
    ['b:1', ['f:2', 'f:1']],
    ['a:1', []],
  ]),
  topicQueueMappingByBroker: new Map([
    [
      'broker-a',
      {
        topic: 'TM',
        scope: '__global__',
        totalQueues: 2,
        bname: 'broker-a',
        epoch: 9007199254740993n,
        dirty: false,
        currIdMap: new Map([
          [10, 1],
          [0, 0],
          [2, 3],
        ]),
      },
    ],
  ]),
}

const QUEUE_DATAS =
  '"queueDatas":[{"brokerName":"bk","perm":6,"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":4}]'

describe('a route', () => {
  test('in the standard dialect has quoted keys in ascending order and quotes an epoch that a double cannot hold', () => {
    expect(encodeTopicRouteData(route, 'standard').toString()).toBe(
      '{"brokerDatas":[{"brokerAddrs":{"-2":"a:1","3":"b:1","100":"c:1","9007199254740993":"d:1"},"brokerName":"bk",' +
        '"cluster":"clu","enableActingMaster":false,"zoneName":"z"}],"filterServerTable":{"a:1":[],"b:1":["f:2","f:1"]},' +
        `"orderTopicConf":"bk:4",${QUEUE_DATAS},"topicQueueMappingByBroker":{"broker-a":{"bname":"broker-a",` +
        '"currIdMap":{"0":0,"2":3,"10":1},"dirty":false,"epoch":"9007199254740993","scope":"__global__","topic":"TM",' +
        '"totalQueues":2}}}',
    )
  })

  test('in the legacy dialect has integer keys without quotes and plain numbers', () => {
    const text = encodeTopicRouteData(route, 'legacy').toString()
    expect(text).toContain('"brokerAddrs":{-2:"a:1",3:"b:1",100:"c:1",9007199254740993:"d:1"}')
    expect(text).toContain('"currIdMap":{0:0,2:3,10:1},"dirty":false,"epoch":9007199254740993,')
  })

  test('leaves out what is null and keeps what is empty', () => {
    const bare: TopicRouteData = {
      orderTopicConf: null,
      queueDatas: [],
      brokerDatas: [
        { cluster: '', brokerName: '', brokerAddrs: new Map(), zoneName: null, enableActingMaster: true },
      ],
      filterServerTable: new Map(),
      topicQueueMappingByBroker: null,
    }
    expect(encodeTopicRouteData(bare, 'standard').toString()).toBe(
      '{"brokerDatas":[{"brokerAddrs":{},"brokerName":"","cluster":"","enableActingMaster":true}],' +
        '"filterServerTable":{},"queueDatas":[]}',
    )
  })
})

describe('the queue entries of a received route', () => {
  const decode = (text: string) => decodeQueueDatas(Buffer.from(text))

  test('are read beside anything else in the route', () => {
    expect(decode(`{"brokerDatas":[{"brokerAddrs":{0:"a"}}],${QUEUE_DATAS},"filterServerTable":{}}`)).toEqual(
      [queueData],
    )
  })

  test('have 0 and null for missing fields, and a null entry is left out', () => {
    const nothing = { brokerName: null, perm: 0, readQueueNums: 0, topicSysFlag: 0, writeQueueNums: 0 }
    expect(decode('{"queueDatas":[{},null,{"perm":null,"topicSynFlag":5}]}')).toEqual([nothing, nothing])
  })

  test.each(['null', '""', '{}', '{"queueDatas":null}', '{"queueDatas":""}', '{"queueDatas":[]}'])(
    'of %s are none',
    (text) => {
      expect(decode(text)).toEqual([])
    },
  )

  test.each([
    '',
    '[]',
    '5',
    '{"queueDatas":{}}',
    '{"queueDatas":[5]}',
    '{"queueDatas":[{"perm":"x"}]}',
    '{}x',
    '{"queueDatas":[',
  ])('of %j are rejected', (text) => {
    expect(() => decode(text)).toThrow(JsonError)
  })
})

test('two queue entries are the same only if all five fields are equal', () => {
  expect(sameQueueData(queueData, { ...queueData })).toBe(true)
  expect(sameQueueData(queueData, { ...queueData, brokerName: 'x' })).toBe(false)
  for (const field of ['readQueueNums', 'writeQueueNums', 'perm', 'topicSysFlag'] as const) {
    expect(sameQueueData(queueData, { ...queueData, [field]: 99 })).toBe(false)
  }
})
