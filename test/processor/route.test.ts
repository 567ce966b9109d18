import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { MASTER, ProcessorWorld, registrationBody } from './processor-world.ts'

const { GET_ROUTEINFO_BY_TOPIC, PUT_KV_CONFIG, REGISTER_BROKER } = RequestCode
const body = registrationBody(['T1', 'T2'])
const ext = { topic: 'T1' }
const route = (id: string): string =>
  `{"brokerDatas":[{"brokerAddrs":{${id}:"127.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster",` +
  '"enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,' +
  '"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}]}'

async function registered(): Promise<ProcessorWorld> {
  const world = new ProcessorWorld()
  await world.ask(REGISTER_BROKER, { ext: MASTER, body })
  return world
}

/** Ordinals: 4.9.3 is 399, 4.9.4 is 401. */
describe('the dialect of the response', () => {
  test.each([
    ['a client of 4.9.4', 401, {}, '"0"'],
    ['a client before it', 400, {}, '0'],
    ['one before it that takes standard JSON only', 0, { acceptStandardJsonOnly: 'true' }, '"0"'],
  ])('%s', async (_, version, more, id) => {
    const world = await registered()
    const answer = await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: { ...ext, ...more }, version })
    expect(answer).toEqual({ code: 0, body: route(id) })
  })
})

test.each([
  ['an unknown topic', { topic: 'T9' }, 'T9'],
  ['an empty topic', { topic: '' }, ''],
  ['no topic', {}, 'null'],
])('%s has no route', async (_, given, name) => {
  const world = await registered()
  const faq = '\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.'
  expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: given })).toEqual({
    code: 17,
    remark: `No topic route info in name server for the topic: ${name}${faq}`,
  })
})

test('with needWaitForService, lookups are rejected for waitSecondsForService after the start', async () => {
  const world = await registered()
  world.settings.needWaitForService = true
  world.nowMs = 44_999
  const rejected = { code: 1, remark: 'name server not ready' }
  expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext })).toEqual(rejected)
  world.nowMs = 45_000
  expect((await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext })).code).toBe(0)
})

test('with orderMessageEnable, a route has its order configuration, and a change of it at once', async () => {
  const world = await registered()
  const orderOf = async (): Promise<unknown> =>
    JSON.parse((await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext })).body ?? '').orderTopicConf
  const put = (value: string) =>
    world.ask(PUT_KV_CONFIG, { ext: { namespace: 'ORDER_TOPIC_CONFIG', key: 'T1', value } })
  await put('broker-a:4')
  expect(await orderOf()).toBeUndefined()
  world.settings.orderMessageEnable = true
  expect(await orderOf()).toBe('broker-a:4')
  await put('broker-a:8')
  expect(await orderOf()).toBe('broker-a:8')
})

describe('a lookup from a zone', () => {
  const NOTHING = '{"brokerDatas":[],"filterServerTable":{},"queueDatas":[]}'

  /** A master in z1. */
  async function inZone(): Promise<ProcessorWorld> {
    const world = new ProcessorWorld()
    await world.ask(REGISTER_BROKER, { ext: { ...MASTER, __ZONE_NAME: 'z1' }, body })
    return world
  }
  const zoned = (id: string): string => route(id).replace('false}', 'false,"zoneName":"z1"}')
  const from = (zone: string, mode = 'true') => ({ ext: { ...ext, __ZONE_MODE: mode, __ZONE_NAME: zone } })

  test('has its response in the legacy dialect for every client', async () => {
    const world = await inZone()
    expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, from('Z1', 'TRUE'))).toEqual({ code: 0, body: zoned('0') })
    expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext })).toEqual({ code: 0, body: zoned('"0"') })
    expect(await world.ask(GET_ROUTEINFO_BY_TOPIC, from('z2'))).toEqual({ code: 0, body: NOTHING })
  })

  test.each(['', ' ', '\t\v', '\u001c', '\u2003', '\u3000'])(
    'is not confined by the blank zone %j',
    async (zone) => {
      expect((await (await inZone()).ask(GET_ROUTEINFO_BY_TOPIC, from(zone))).body).toBe(zoned('"0"'))
    },
  )

  test.each(['\u00a0', '\u2007', '\u0085', '\u200b', '\0'])(
    'is confined by %j, which is not blank',
    async (zone) => {
      expect((await (await inZone()).ask(GET_ROUTEINFO_BY_TOPIC, from(zone))).body).toBe(NOTHING)
    },
  )

  test.each(['false', 'yes', 'true '])('is not confined if its mode is %j', async (mode) => {
    expect((await (await inZone()).ask(GET_ROUTEINFO_BY_TOPIC, from('z2', mode))).body).toBe(zoned('"0"'))
  })

  test('of an unknown topic has no route', async () => {
    const unknown = { ext: { ...from('z1').ext, topic: 'T9' } }
    expect((await (await inZone()).ask(GET_ROUTEINFO_BY_TOPIC, unknown)).code).toBe(17)
  })
})
