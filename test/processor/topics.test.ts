import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { MASTER, ProcessorWorld, registrationBody } from './processor-world.ts'

const body = registrationBody(['plain', ['unit', 1], ['sub', 2], ['both', 3]])
const ALL = ['plain', 'unit', 'sub', 'both']

async function registered(): Promise<ProcessorWorld> {
  const world = new ProcessorWorld()
  await world.ask(RequestCode.REGISTER_BROKER, { ext: MASTER, body })
  return world
}

const list = (topics: readonly string[]) => ({ code: 0, body: JSON.stringify({ topicList: topics }) })
const cluster = { ext: { cluster: 'DefaultCluster' } }

describe('topic lists', () => {
  test.each([
    ['GET_ALL_TOPIC_LIST_FROM_NAMESERVER', {}, ALL],
    ['GET_TOPICS_BY_CLUSTER', cluster, ALL],
    ['GET_TOPICS_BY_CLUSTER', { ext: { cluster: 'unknown' } }, []],
    ['GET_TOPICS_BY_CLUSTER', {}, []],
    ['GET_UNIT_TOPIC_LIST', {}, ['unit', 'both']],
    ['GET_HAS_UNIT_SUB_TOPIC_LIST', {}, ['sub', 'both']],
    ['GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST', {}, ['sub']],
  ] as const)('%s %j', async (name, asked, topics) => {
    expect(await (await registered()).ask(RequestCode[name], asked)).toEqual(list(topics))
  })

  test('of system topics has clusters, brokers and an address, and no setting disables it', async () => {
    const world = await registered()
    world.settings.enableTopicList = false
    world.settings.enableAllTopicList = false
    expect(await world.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).toEqual({
      code: 0,
      body: '{"brokerAddr":"127.0.0.1:10911","topicList":["DefaultCluster","broker-a"]}',
    })
    expect(await new ProcessorWorld().ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).toEqual(list([]))
  })

  test('of system topics has those of every broker, and no topic of a user', async () => {
    const world = new ProcessorWorld()
    const topicsOf = (name: string): string[] => [
      `rmq_sys_SYNC_BROKER_MEMBER_${name}`,
      'TBW102',
      'rmq_sysT',
      'T1',
    ]
    for (const name of ['broker-a', 'broker-b']) {
      const ext = { ...MASTER, brokerName: name, brokerAddr: `${name}:1` }
      await world.ask(RequestCode.REGISTER_BROKER, { ext, body: registrationBody(topicsOf(name)) })
    }
    const names = [
      'DefaultCluster',
      'broker-a',
      'broker-b',
      'rmq_sys_SYNC_BROKER_MEMBER_broker-a',
      'TBW102',
      'rmq_sys_SYNC_BROKER_MEMBER_broker-b',
    ]
    expect(await world.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).toEqual({
      code: 0,
      body: JSON.stringify({ brokerAddr: 'broker-a:1', topicList: names }),
    })
  })

  test('of system topics has a cluster and a broker of the same name once', async () => {
    const world = new ProcessorWorld()
    await world.ask(RequestCode.REGISTER_BROKER, { ext: { ...MASTER, clusterName: 'broker-a' }, body })
    expect((await world.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).body).toBe(
      '{"brokerAddr":"127.0.0.1:10911","topicList":["broker-a"]}',
    )
  })
})

describe('topic list settings', () => {
  test.each([
    'GET_TOPICS_BY_CLUSTER',
    'GET_UNIT_TOPIC_LIST',
    'GET_HAS_UNIT_SUB_TOPIC_LIST',
    'GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST',
  ] as const)('enableTopicList=false closes %s', async (name) => {
    const world = await registered()
    world.settings.enableTopicList = false
    expect(await world.ask(RequestCode[name], cluster)).toEqual({ code: 1, remark: 'disable' })
  })

  test('enableAllTopicList=false disables the list of all topics and no other', async () => {
    const world = await registered()
    world.settings.enableAllTopicList = false
    const disabled = { code: 1, remark: 'disable' }
    expect(await world.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)).toEqual(disabled)
    expect(await world.ask(RequestCode.GET_TOPICS_BY_CLUSTER, cluster)).toEqual(list(ALL))
  })
})

describe('DELETE_TOPIC_IN_NAMESRV', () => {
  test.each([
    ['everywhere', { topic: 'unit' }, ['plain', 'sub', 'both']],
    ['everywhere, with an empty cluster', { topic: 'unit', clusterName: '' }, ['plain', 'sub', 'both']],
    ['in its cluster', { topic: 'unit', clusterName: 'DefaultCluster' }, ['plain', 'sub', 'both']],
    ['in an unknown cluster', { topic: 'unit', clusterName: 'x' }, ALL],
    ['that is unknown', { topic: 'x' }, ALL],
    ['that is not named', {}, ALL],
  ])('a topic %s', async (_, ext, left) => {
    const world = await registered()
    expect(await world.ask(RequestCode.DELETE_TOPIC_IN_NAMESRV, { ext })).toEqual({ code: 0 })
    expect(await world.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)).toEqual(list(left))
  })
})

describe('REGISTER_TOPIC_IN_NAMESRV', () => {
  const code = RequestCode.REGISTER_TOPIC_IN_NAMESRV
  const ext = { topic: 'new' }
  const of = (brokerName: string) =>
    `{"queueDatas":[{"brokerName":"${brokerName}","perm":6,"topicSynFlag":1}]}`

  test('adds the topic and ignores the old name of the system flag', async () => {
    const world = await registered()
    expect(await world.ask(code, { ext, body: of('broker-a') })).toEqual({ code: 0 })
    const { body: route } = await world.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { ext })
    expect(JSON.parse(route ?? '').queueDatas).toEqual([
      { brokerName: 'broker-a', perm: 6, readQueueNums: 0, topicSysFlag: 0, writeQueueNums: 0 },
    ])
  })

  test.each([
    ['no body', { ext }],
    ['an empty object', { ext, body: '{}' }],
    ['no queues', { ext, body: '{"queueDatas":[]}' }],
    ['null queues', { ext, body: '{"queueDatas":null}' }],
    ['an unknown broker', { ext, body: of('x') }],
    ['queues without broker', { ext, body: '{"queueDatas":[{}]}' }],
    ['no topic', { body: of('broker-a') }],
  ])('with %s succeeds and changes nothing', async (_, asked) => {
    const world = await registered()
    expect(await world.ask(code, asked)).toEqual({ code: 0 })
    expect(await world.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)).toEqual(list(ALL))
  })

  test('with a body that is not JSON is rejected', async () => {
    const asked = (await registered()).ask(code, { ext, body: 'x' })
    await expect(asked).rejects.toMatchObject({ name: 'RemotingCommandError', code: 1 })
  })
})
