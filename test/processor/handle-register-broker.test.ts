import { crc32, deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { finestSlicer, ManualTurns, openChannel } from '../routeinfo/route-helpers.ts'
import { MASTER, ProcessorWorld, registrationBody, SLAVE } from './processor-world.ts'

const {
  REGISTER_BROKER,
  GET_BROKER_CLUSTER_INFO,
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
  GET_ROUTEINFO_BY_TOPIC,
  PUT_KV_CONFIG,
} = RequestCode
const body = registrationBody(['T1', 'T2'])
const EMPTY = '{"brokerAddrTable":{},"clusterAddrTable":{}}'

const topicsOf = async (world: ProcessorWorld): Promise<unknown> =>
  JSON.parse((await world.ask(GET_ALL_TOPIC_LIST_FROM_NAMESERVER)).body ?? '').topicList

test('a registering master gets empty ext fields, a slave its master', async () => {
  const world = new ProcessorWorld()
  expect(await world.ask(REGISTER_BROKER, { ext: MASTER, body })).toEqual({ code: 0, ext: {} })
  const { haServerAddr, brokerAddr: masterAddr } = MASTER
  expect(await world.ask(REGISTER_BROKER, { ext: SLAVE, body })).toEqual({
    code: 0,
    ext: { haServerAddr, masterAddr },
  })
})

test('a slave of a master without HA address gets only its address', async () => {
  const world = new ProcessorWorld()
  const { haServerAddr: _, ...master } = MASTER
  await world.ask(REGISTER_BROKER, { ext: master, body })
  expect(await world.ask(REGISTER_BROKER, { ext: SLAVE, body })).toEqual({
    code: 0,
    ext: { masterAddr: MASTER.brokerAddr },
  })
})

test('a first registration of exactly one topic is rejected', async () => {
  const answer = await new ProcessorWorld().ask(REGISTER_BROKER, {
    ext: MASTER,
    body: registrationBody(['T1']),
  })
  expect(answer).toEqual({ code: 1, remark: 'register broker failed', ext: {} })
})

describe('a registration whose bodyCrc32 is', () => {
  const sum = `${crc32(Buffer.from(body)) & 0x7fffffff}`

  test.each([
    ['right', sum],
    ['0, which asks for no check,', '0'],
    ['not a number', 'x'],
  ])('%s is applied', async (_, bodyCrc32) => {
    const answer = await new ProcessorWorld().ask(REGISTER_BROKER, { ext: { ...MASTER, bodyCrc32 }, body })
    expect(answer).toEqual({ code: 0, ext: {} })
  })

  test('wrong is rejected, and nothing is changed', async () => {
    const world = new ProcessorWorld()
    const ext = { ...MASTER, bodyCrc32: '1' }
    const rejected = { code: 1, remark: 'crc32 not match', ext: {} }
    expect(await world.ask(REGISTER_BROKER, { ext, body })).toEqual(rejected)
    expect(await world.ask(REGISTER_BROKER, { ext })).toEqual(rejected)
    expect((await world.ask(GET_BROKER_CLUSTER_INFO)).body).toBe(EMPTY)
  })
})

describe('the configuration of ordered topics', () => {
  const ext = { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1', value: 'broker-a:4' }

  test('comes with the response, if there is one', async () => {
    const world = new ProcessorWorld()
    await world.ask(PUT_KV_CONFIG, { ext })
    const answer = await world.ask(REGISTER_BROKER, { ext: MASTER, body })
    expect(answer).toEqual({ code: 0, ext: {}, body: '{"table":{"T1":"broker-a:4"}}' })
  })

  test('does not come if returnOrderTopicConfigToBroker is false', async () => {
    const world = new ProcessorWorld()
    world.settings.returnOrderTopicConfigToBroker = false
    await world.ask(PUT_KV_CONFIG, { ext })
    expect(await world.ask(REGISTER_BROKER, { ext: MASTER, body })).toEqual({ code: 0, ext: {} })
  })
})

describe('the tables stay as they are after a registration with', () => {
  const without = (name: keyof typeof MASTER) =>
    Object.fromEntries(Object.entries(MASTER).filter(([key]) => key !== name))
  const wrapper = (inner: string) => `{"topicConfigSerializeWrapper":${inner}}`

  test.each([
    ['no brokerName', { ext: without('brokerName'), body }, /^request field brokerName is missing$/],
    ['no brokerAddr', { ext: without('brokerAddr'), body }, /field brokerAddr is missing/],
    ['no clusterName', { ext: without('clusterName'), body }, /field clusterName is missing/],
    ['no brokerId', { ext: without('brokerId'), body }, /field brokerId is missing/],
    [
      'a brokerId that is no number',
      { ext: { ...MASTER, brokerId: 'x' }, body },
      /^request field brokerId="x" is not an int64$/,
    ],
    ['no ext fields', { body }, /field brokerId is missing/],
    ['a body that is not JSON', { ext: MASTER, body: 'x' }, /Failed to decode RegisterBrokerBody/],
    ['a wrapper that is null', { ext: MASTER, body: wrapper('null') }, /topicConfigSerializeWrapper is null/],
    [
      'a table that is null',
      { ext: MASTER, body: wrapper('{"topicConfigTable":null}') },
      /topicConfigTable is null/,
    ],
    ['a version that is null', { ext: MASTER, body: wrapper('{"dataVersion":null}') }, /dataVersion is null/],
    [
      'a topic without name',
      { ext: MASTER, body: wrapper('{"topicConfigTable":{"T":{}}}') },
      /topicName is null/,
    ],
    ['a negative version of the sender', { ext: MASTER, body, version: -1 }, /version -1 is negative/],
    [
      'a body that is not compressed but says so',
      { ext: { ...MASTER, compressed: 'true' }, body },
      /Failed to decode RegisterBrokerBody/,
    ],
  ])('%s', async (_, asked, message) => {
    const world = new ProcessorWorld()
    await expect(world.ask(REGISTER_BROKER, asked)).rejects.toMatchObject({
      name: 'RemotingCommandError',
      code: 1,
      message: expect.stringMatching(message),
    })
    expect((await world.ask(GET_BROKER_CLUSTER_INFO)).body).toBe(EMPTY)
  })

  test('a compressed body that inflates to more than the limit', async () => {
    const world = new ProcessorWorld()
    const asked = { ext: { ...MASTER, compressed: 'true' }, body: deflateSync(Buffer.alloc(1_001)) }
    await expect(world.ask(REGISTER_BROKER, asked)).rejects.toMatchObject({
      limit: 'maxInflatedBytes',
      busy: false,
      remark: expect.stringMatching(/Failed to decode RegisterBrokerBody/),
    })
    expect((await world.ask(GET_BROKER_CLUSTER_INFO)).body).toBe(EMPTY)
  })

  test('a closed connection', async () => {
    const world = new ProcessorWorld()
    const channel = openChannel(7)
    channel.closed = true
    const asked = world.ask(REGISTER_BROKER, { ext: MASTER, body, channel })
    await expect(asked).rejects.toMatchObject({ code: 'ERR_LOCK_ABANDONED' })
    expect((await world.ask(GET_BROKER_CLUSTER_INFO)).body).toBe(EMPTY)
  })
})

describe('a registration body:', () => {
  test.each([
    ['none', undefined],
    ['an empty object', '{}'],
    ['an empty wrapper', '{"topicConfigSerializeWrapper":{}}'],
  ])('%s registers the broker without topics', async (_, given) => {
    const world = new ProcessorWorld()
    const answer = await world.ask(REGISTER_BROKER, {
      ext: MASTER,
      ...(given !== undefined && { body: given }),
    })
    expect(answer).toEqual({ code: 0, ext: {} })
    expect(await topicsOf(world)).toEqual([])
    expect((await world.ask(GET_BROKER_CLUSTER_INFO)).body).toContain('{0:"127.0.0.1:10911"}')
  })

  test('a heartbeat timeout that is not a number counts as none; a negative broker id is below that of a master', async () => {
    const world = new ProcessorWorld()
    const ext = { ...MASTER, heartbeatTimeoutMillis: 'soon', brokerId: '-1' }
    expect(await world.ask(REGISTER_BROKER, { ext, body })).toEqual({ code: 0, ext: {} })
    expect(await topicsOf(world)).toEqual(['T1', 'T2'])
  })

  test('a broker before 3.0.11 sends the bare wrapper', async () => {
    const world = new ProcessorWorld()
    const { topicConfigSerializeWrapper } = JSON.parse(body)
    const old = JSON.stringify(topicConfigSerializeWrapper)
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: old, version: 1 })
    expect(await topicsOf(world)).toEqual(['T1', 'T2'])
  })
})

test('deleteTopicWithBrokerRegistration removes what a registration does not name', async () => {
  const world = new ProcessorWorld()
  await world.ask(REGISTER_BROKER, { ext: MASTER, body })
  world.settings.deleteTopicWithBrokerRegistration = true
  const next = registrationBody(['T2', 'T3']).replace('"counter":3', '"counter":4')
  await world.ask(REGISTER_BROKER, { ext: MASTER, body: next })
  expect(await topicsOf(world)).toEqual(['T2', 'T3'])
})

describe('a registration that arrives while another of its broker is being read', () => {
  const topics = Array.from({ length: 500 }, (_, index) => `topic-${index}`)
  const table = (flag: number, changed: number): string =>
    registrationBody(topics.map((name, index) => [name, index < changed ? flag : 0])).replace(
      '"counter":3',
      `"counter":${flag}`,
    )

  test('is applied after it, and compared with the tables as they are then', async () => {
    const turns = new ManualTurns()
    const world = new ProcessorWorld({ slicer: finestSlicer(turns) })
    const register = (body: string, id: number): Promise<unknown> =>
      world.ask(REGISTER_BROKER, { ext: MASTER, body, channel: openChannel(id) })
    await turns.until(register(table(3, 0), 1))
    const [slow, quick] = [register(table(4, 400), 2), register(table(3, 0), 3)]
    await turns.until(Promise.all([slow, quick]))
    const route = await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: { topic: 'topic-0' } })
    expect(route.body).toMatch(/"topicSysFlag":0/)
    await turns.until(register(table(4, 400), 2))
    const last = await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: { topic: 'topic-0' } })
    expect(last.body).toMatch(/"topicSysFlag":4/)
  })
})

describe('a registration that repeats the last one is applied again', () => {
  const repeated = registrationBody(['broker-a', 'T1', 'T2'])
  const registered = async (): Promise<ProcessorWorld> => {
    const world = new ProcessorWorld()
    for (let time = 0; time < 2; time++) await world.ask(REGISTER_BROKER, { ext: MASTER, body: repeated })
    return world
  }
  const { DELETE_TOPIC_IN_NAMESRV, REGISTER_TOPIC_IN_NAMESRV, UNREGISTER_BROKER } = RequestCode

  test('after one of its topics was deleted', async () => {
    const world = await registered()
    await world.ask(DELETE_TOPIC_IN_NAMESRV, { ext: { topic: 'T1' } })
    expect(await topicsOf(world)).toEqual(['broker-a', 'T2'])
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: repeated })
    expect(await topicsOf(world)).toEqual(['broker-a', 'T2', 'T1'])
  })

  test('after its broker has left', async () => {
    const world = await registered()
    await world.ask(UNREGISTER_BROKER, { ext: MASTER })
    expect(await topicsOf(world)).toEqual([])
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: repeated })
    expect(await topicsOf(world)).toEqual(['broker-a', 'T1', 'T2'])
  })

  test('after deleteTopicWithBrokerRegistration was set, and removes what it does not name', async () => {
    const world = await registered()
    const queue = { brokerName: 'broker-a', perm: 6, readQueueNums: 1, topicSysFlag: 0, writeQueueNums: 1 }
    const body = JSON.stringify({ queueDatas: [queue] })
    await world.ask(REGISTER_TOPIC_IN_NAMESRV, { ext: { topic: 'T3' }, body })
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: repeated })
    expect(await topicsOf(world)).toContain('T3')
    world.settings.deleteTopicWithBrokerRegistration = true
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: repeated })
    expect(await topicsOf(world)).toEqual(['broker-a', 'T1', 'T2'])
  })
})
