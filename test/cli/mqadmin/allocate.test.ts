import { describe, expect, test } from 'vitest'
import { allocation } from '../../../src/cli/mqadmin/allocate.ts'
import { decodeTopicRouteData } from '../../../src/protocol/body/topic-route-reader.ts'

interface Queue {
  readonly brokerName: string
  readonly queueId: number
}

function allocate(route: object, consumers: string): Readonly<Record<string, readonly Queue[]>> {
  return JSON.parse(allocation('T', decodeTopicRouteData(Buffer.from(JSON.stringify(route))), consumers))
    .result
}

const broker = (brokerName: string, readQueueNums: number, perm = 6) => ({ brokerName, readQueueNums, perm })

describe('allocateMQ', () => {
  test.each([
    [7, 3, [3, 2, 2]],
    [6, 3, [2, 2, 2]],
    [3, 3, [1, 1, 1]],
    [2, 3, [1, 1, 0]],
    [1, 4, [1, 0, 0, 0]],
    [5, 1, [5]],
  ])('gives each of %i queues to one of %i consumers, the first ones get more', (count, consumers, sizes) => {
    const names = Array.from({ length: consumers }, (_, index) => `c${index}`)
    const shares = allocate({ queueDatas: [broker('a', count)] }, names.join(','))
    expect(names.map((name) => shares[name]?.length)).toEqual(sizes)
    const ids = names.flatMap((name) => shares[name]?.map(({ queueId }) => queueId) ?? [])
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, id) => id))
  })

  test('leaves out queues that consumers may not read', () => {
    const shares = allocate(
      { queueDatas: [broker('a', 1), broker('write-only', 4, 2), broker('bad', -1)] },
      'c',
    )
    expect(shares).toEqual({ c: [{ brokerName: 'a', queueId: 0, topic: 'T' }] })
  })

  test('gives logical queues of a static topic, as many as its newest mapping has', () => {
    const mapping = (scope: string | null, totalQueues: number) => ({ scope, totalQueues, currIdMap: {} })
    const topicQueueMappingByBroker = {
      a: mapping('__global__', 1),
      b: mapping('__global__', 2),
      c: mapping('zone', 1),
      d: mapping(null, 9),
    }
    const { c = [] } = allocate({ queueDatas: [broker('a', 8)], topicQueueMappingByBroker }, 'c')
    expect(c.map(({ brokerName, queueId }) => `${brokerName} ${queueId}`).sort()).toEqual([
      '__syslo__global__ 0',
      '__syslo__global__ 1',
      '__syslo__zone 0',
    ])
  })
})
