import { describe, expect, test } from 'vitest'
import { getBrokerClusterInfo } from '../../src/processor/brokers.ts'
import { getAllTopicList, getSystemTopicList, getTopicsByCluster } from '../../src/processor/topics.ts'
import type { Processor } from '../../src/protocol/processor.ts'
import {
  CURRENT_VERSION,
  type RemotingCommand,
  type RemotingResponse,
} from '../../src/protocol/remoting-command.ts'
import {
  finestSlicer,
  ManualTurns,
  managerWith,
  openChannel,
  registration,
  topicTable,
} from '../routeinfo/route-helpers.ts'

const TOPICS = Array.from({ length: 5_000 }, (_, index) => `T${index}`)
const BROKERS = Array.from({ length: 3_000 }, (_, index) => `broker-${index}`)

interface Asked {
  readonly turns: number
  readonly body: string
}

/** Asks a server in which every slice of work is as short as it can be. */
async function ask(code: '206' | '224' | '304' | '106', fill: 'topics' | 'brokers'): Promise<Asked> {
  const { manager, turns } = managerWith('finest')
  const channel = openChannel(1)
  for (const name of fill === 'brokers' ? BROKERS : ['broker-0']) {
    const given = { generation: manager.queue.nextGeneration(), brokerName: name, brokerAddr: `${name}:1` }
    const topicConfigTable = topicTable(fill === 'topics' ? TOPICS : ['T', 'U'])
    await turns.until(manager.registerBroker(registration({ ...given, topicConfigTable }), false, channel))
  }
  const encoding = new ManualTurns()
  const settings = { enableAllTopicList: true, enableTopicList: true }
  const lists = { routeInfo: manager, slicer: finestSlicer(encoding), settings }
  const processors: Record<typeof code, Processor> = {
    206: getAllTopicList(lists),
    224: getTopicsByCluster(lists),
    304: getSystemTopicList(lists),
    106: getBrokerClusterInfo(manager),
  }
  const request: RemotingCommand = {
    code: Number(code),
    language: 'JAVA',
    version: CURRENT_VERSION,
    opaque: 1,
    flag: 0,
    remark: null,
    extFields: new Map([['cluster', 'C']]),
    body: null,
  }
  let response: RemotingResponse | undefined
  void Promise.resolve(processors[code](request, { channel, nowMs: 0 })).then((settled) => {
    response = settled
  })
  let count = 0
  for (; response === undefined; count++) {
    await turns.next()
    await encoding.next()
  }
  return { turns: count, body: `${response.body}` }
}

describe('a long list is encoded in many turns:', () => {
  test.each(['206', '224'] as const)('topics (%s)', async (code) => {
    const { turns, body } = await ask(code, 'topics')
    expect(JSON.parse(body)).toEqual({ topicList: TOPICS })
    // Steps for the names to be found, and as many for them to be written, 64 between two looks at the clock.
    expect(turns).toBeGreaterThan(2 * Math.floor(5_000 / 65))
  })

  test('system topics, which are searched for among all topics', async () => {
    const { turns, body } = await ask('304', 'topics')
    expect(JSON.parse(body)).toEqual({ brokerAddr: 'broker-0:1', topicList: ['C', 'broker-0'] })
    expect(turns).toBeGreaterThanOrEqual(Math.floor(5_000 / 65))
  })

  test('names of clusters and brokers', async () => {
    const { turns, body } = await ask('304', 'brokers')
    expect(JSON.parse(body)).toEqual({ brokerAddr: 'broker-0:1', topicList: ['C', ...BROKERS] })
    expect(turns).toBeGreaterThanOrEqual(Math.floor(3_000 / 64))
  })

  test('broker groups', async () => {
    const { turns, body } = await ask('106', 'brokers')
    const groups = BROKERS.map(
      (name) =>
        `"${name}":{"brokerAddrs":{0:"${name}:1"},"brokerName":"${name}","cluster":"C","enableActingMaster":false}`,
    )
    const text = `{"brokerAddrTable":{${groups}},"clusterAddrTable":{"C":${JSON.stringify(BROKERS)}}}`
    expect(body === text).toBe(true)
    expect(turns).toBeGreaterThanOrEqual(2 * Math.floor(3_000 / 64))
  })
})
