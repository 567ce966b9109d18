import { describe, expect, test } from 'vitest'
import { encodeTopicRouteData, type TopicRouteData } from '../../../src/protocol/body/topic-route-data.ts'
import { decodeTopicRouteData } from '../../../src/protocol/body/topic-route-reader.ts'
import { JsonError } from '../../../src/protocol/errors.ts'

const ROUTE: TopicRouteData = {
  orderTopicConf: 'bk:4',
  queueDatas: [{ brokerName: 'bk', readQueueNums: 8, writeQueueNums: 4, perm: 6, topicSysFlag: 1 }],
  brokerDatas: [
    {
      cluster: 'clu',
      brokerName: 'bk',
      brokerAddrs: new Map([
        [-2n, 'a:1'],
        [0n, 'b:1'],
        [9007199254740993n, 'c:1'],
      ]),
      zoneName: 'z',
      enableActingMaster: true,
    },
  ],
  filterServerTable: new Map([['b:1', ['f:2', 'f:1']]]),
  topicQueueMappingByBroker: new Map([
    [
      'bk',
      {
        topic: 'T',
        scope: '__global__',
        totalQueues: 2,
        bname: 'bk',
        epoch: 9007199254740993n,
        dirty: false,
        currIdMap: new Map([
          [0, 1],
          [1, 0],
        ]),
      },
    ],
  ]),
}

function decoded(text: string) {
  return decodeTopicRouteData(Buffer.from(text))
}

describe('the route in a response', () => {
  test.each(['standard', 'legacy'] as const)('reads back as it was encoded in the %s dialect', (dialect) => {
    expect(decodeTopicRouteData(encodeTopicRouteData(ROUTE, dialect))).toEqual(ROUTE)
  })

  test('of Java 4.9.7 has broker ids without quotes, no zone, no acting master and no mapping', () => {
    const text =
      '{"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"a","cluster":"c"}],' +
      '"filterServerTable":{},"queueDatas":[{"brokerName":"a","perm":6,"readQueueNums":4,"topicSysFlag":0,' +
      '"writeQueueNums":4}]}'
    expect(decoded(text)).toEqual({
      brokerDatas: [
        {
          brokerName: 'a',
          cluster: 'c',
          brokerAddrs: new Map([
            [0n, '10.0.0.1:10911'],
            [1n, '10.0.0.2:10911'],
          ]),
          zoneName: null,
          enableActingMaster: null,
        },
      ],
      queueDatas: [{ brokerName: 'a', perm: 6, readQueueNums: 4, topicSysFlag: 0, writeQueueNums: 4 }],
      orderTopicConf: null,
      filterServerTable: new Map(),
      topicQueueMappingByBroker: new Map(),
    })
  })

  test('may have null in place of any table, list or element', () => {
    const empty = {
      brokerDatas: [],
      queueDatas: [],
      orderTopicConf: null,
      filterServerTable: new Map(),
      topicQueueMappingByBroker: new Map(),
    }
    expect(decoded('null')).toEqual(empty)
    expect(
      decoded(
        '{"brokerDatas":[null],"queueDatas":null,"filterServerTable":{"a:1":null},"topicQueueMappingByBroker":null,"other":[1]}',
      ),
    ).toEqual(empty)
  })

  test.each(['{"brokerDatas":[{"brokerAddrs":{"x":"a:1"}}]}', '{"queueDatas":7}', '{} {}', '<html>'])(
    'is rejected if it is %s',
    (text) => {
      expect(() => decoded(text)).toThrow(JsonError)
    },
  )
})
