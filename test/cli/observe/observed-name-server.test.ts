import { describe, expect, test } from 'vitest'
import { registration, unregistration } from '../../support/requests.ts'
import { startServer } from '../../support/start-server.ts'
import { type Script, startScripted } from '../scripted-name-server.ts'
import { clusterInfo, observe, route, topicList } from './observe-world.ts'

const ONE_BROKER = { body: clusterInfo({ 'broker-a': '10.0.0.1:10911' }) }
const TOPICS = ['T0', 'T1', 'T2', 'T3', 'T4']

/** A NameServer of Java with one broker and these topics, each with four queues on it. */
function javaServer(topics: readonly string[], more: Script = {}, version = 513) {
  const found = { body: route({ 'broker-a': 4 }) }
  return startScripted(
    { 106: ONE_BROKER, 206: { body: topicList(...topics) }, 105: found, 219: { code: 22 }, 319: {}, ...more },
    version,
  )
}

describe('an observed NameServer', () => {
  test.each([
    ['5.x', 513],
    ['4.x, which does not respond to 1450,', 395],
  ])('of Java %s has its brokers, topics and order configuration', async (_, version) => {
    const java = await javaServer(
      TOPICS,
      { 219: { body: '{"table":{"T1":"broker-a:4"}}' }, 319: { body: 'supportActingMaster=true\n' } },
      version,
    )
    const { observed, nowMs } = await observe(java.address)
    expect(observed.state).toMatchObject({
      namesrv: java.address,
      readMs: nowMs(),
      topics: 5,
      routes: 5,
      routesReadMs: nowMs(),
      reason: undefined,
      unreachableMs: undefined,
    })
    expect(observed.routeInfo.queues('T1')?.get('broker-a')).toMatchObject({ readQueueNums: 4, perm: 6 })
    expect(observed.routeInfo.tableSizes).toMatchObject({
      brokerAddrTable: 1,
      clusterAddrTable: 1,
      brokerLiveTable: 0,
    })
    expect(observed.kvConfig.getKVConfig('ORDER_TOPIC_CONFIG', 'T1')).toBe('broker-a:4')
    expect(observed.lists.config).toEqual(new Map([['supportActingMaster', 'true']]))
  })

  test('is asked only for what it shows to any client', async () => {
    const java = await javaServer(TOPICS)
    const { pass } = await observe(java.address)
    await pass(130)
    expect(new Set(java.codes())).toEqual(new Set([101, 105, 106, 206, 219, 319, 1450]))
  })

  test('is asked for at most maxLookups routes a second, and later for as few as the time allows', async () => {
    const java = await javaServer(TOPICS)
    const { observed, pass, nowMs } = await observe(java.address, { maxLookups: 2, routesMs: 100_000 })
    const lookups = () => java.codes().filter((code) => code === 105).length
    const startMs = nowMs()
    expect(lookups()).toBe(2)
    expect(observed.state).toMatchObject({ routes: 2, routesReadMs: undefined })
    expect(observed.state.reason).toBe('routes of 3 of 5 topics not read yet')
    await pass(1)
    expect(lookups()).toBe(4)
    await pass(98)
    expect(lookups()).toBe(5)
    expect(observed.state).toMatchObject({ routesReadMs: startMs, reason: undefined })
    await pass(1)
    expect(lookups()).toBe(6)
    await pass(1)
    expect(lookups()).toBe(7)
  })

  test.each([
    ['up to 250 topics at once', 250, [10, 10, 10, 10, 10, 10], 10],
    [
      'more topics at 8 % of maxLookups, twice as many each minute, and 40 % until all are read',
      251,
      [1, 2, 4, 4, 4],
      1,
    ],
  ])('is asked for the routes of %s', async (_, count, rates, afterwards) => {
    const topics = Array.from({ length: count }, (_, index) => `T${index}`)
    let isUp = true
    const java = await javaServer(topics, { 106: () => (isUp ? ONE_BROKER : 'close') })
    const { observed, pass } = await observe(java.address, { maxLookups: 10, routesMs: 1_000 })
    const lookups = () => java.codes().filter((code) => code === 105).length
    /** Lookups of the next second. */
    const next = async () => {
      const before = lookups()
      await pass(1)
      return lookups() - before
    }
    expect(lookups()).toBe(rates[0])
    for (const rate of rates) {
      expect(await next()).toBe(rate)
      await pass(1, 59_000)
    }
    await pass(70)
    expect(observed.state.routesReadMs).toBeDefined()
    expect(await next()).toBe(10)
    await pass(1, 59_000)
    isUp = false
    await pass(1, 10_000)
    expect(observed.state.unreachableMs).toBeDefined()
    isUp = true
    await pass(1, 10_000)
    expect(observed.state.unreachableMs).toBeUndefined()
    // It may have been restarted.
    expect(await next()).toBe(afterwards)
  })

  test('is asked for each route once in the first round, although its topics are listed again meanwhile', async () => {
    const java = await javaServer(Array.from({ length: 70 }, (_, index) => `T${index}`))
    const { observed, pass } = await observe(java.address, { maxLookups: 1, routesMs: 3_600_000 })
    await pass(69)
    expect(java.codes().filter((code) => code === 206)).toHaveLength(2)
    expect(java.codes().filter((code) => code === 105)).toHaveLength(70)
    expect(observed.state).toMatchObject({ routes: 70, routesReadMs: expect.any(Number) })
  })

  test('is asked for its brokers every interval, and for its topics every minute', async () => {
    const java = await javaServer([])
    const { pass } = await observe(java.address)
    const count = (code: number) => java.codes().filter((each) => each === code).length
    await pass(59)
    expect([count(106), count(206)]).toEqual([6, 1])
    await pass(1)
    expect([count(106), count(206)]).toEqual([7, 2])
  })

  test('tells as events which brokers and topics come and go after the first reads', async () => {
    const java = await javaServer([], {
      106: (_, before) =>
        before === 0
          ? ONE_BROKER
          : { body: clusterInfo({ 'broker-a': '10.0.0.9:10911', 'broker-b': '10.0.0.2:10911' }) },
      206: (_, before) => ({ body: before === 0 ? topicList('T0', 'T1') : topicList('T1', 'T2') }),
    })
    const { observed, events, pass } = await observe(java.address)
    expect(events()).toEqual([])
    await pass(60)
    expect(events()).toEqual([
      [
        'broker_not_listed',
        '10.0.0.1:10911 broker-a of DefaultCluster',
        'the NameServer does not list it any more',
      ],
      ['broker_listed', '10.0.0.9:10911 broker-a of DefaultCluster', 'id 0'],
      ['broker_listed', '10.0.0.2:10911 broker-b of DefaultCluster', 'id 0'],
      ['topics_changed', '10.0.0.9:10911 broker-a of DefaultCluster', 'topics: 1 deleted (T0)'],
      ['topics_changed', '10.0.0.9:10911 broker-a of DefaultCluster', 'topics: 1 new (T2)'],
    ])
    expect(observed.routeInfo.queues('T0')).toBeUndefined()
    expect(observed.state).toMatchObject({ topics: 2, routes: 2 })
  })

  test('has the topics of a broker that registers or leaves as soon as it has seen that', async () => {
    let isThere = false
    const two = { body: clusterInfo({ 'broker-a': '10.0.0.1:10911', 'broker-b': '10.0.0.2:10911' }) }
    const java = await javaServer([], {
      106: () => (isThere ? two : ONE_BROKER),
      206: () => ({ body: isThere ? topicList('T0', 'T1') : topicList('T0') }),
      105: () => ({ body: route({ 'broker-b': 4 }) }),
    })
    const { observed, events, pass, nowMs } = await observe(java.address)
    const startMs = nowMs()
    await pass(9)
    expect(observed.state).toMatchObject({ topics: 1, routesReadMs: startMs })
    isThere = true
    await pass(1)
    expect(observed.state).toMatchObject({ topics: 2, routes: 2 })
    isThere = false
    await pass(10)
    expect(observed.state).toMatchObject({ topics: 1 })
    // The address of a broker that is not listed any more is not known.
    expect(events().at(-1)).toEqual(['topics_changed', 'broker-b', 'topics: 1 deleted (T1)'])
  })

  test('is as old as its list of topics, also if the list is empty', async () => {
    const java = await javaServer([], { 106: { body: clusterInfo({}) } })
    const { observed, pass, nowMs } = await observe(java.address)
    const startMs = nowMs()
    await pass(59)
    expect(observed.state).toMatchObject({ topics: 0, readMs: startMs + 50_000, routesReadMs: startMs })
  })

  test('takes over routes that have changed when they are read again', async () => {
    const java = await javaServer(['T0'], {
      105: (_, before) => ({ body: before === 0 ? route({ 'broker-a': 4 }) : route({ 'broker-a': 4 }, 4) }),
    })
    const { observed, pass, events } = await observe(java.address, { routesMs: 20_000 })
    expect(observed.routeInfo.queues('T0')?.get('broker-a')?.perm).toBe(6)
    await pass(20)
    expect(observed.routeInfo.queues('T0')?.get('broker-a')?.perm).toBe(4)
    expect(events()).toEqual([
      ['topics_changed', '10.0.0.1:10911 broker-a of DefaultCluster', 'topics: 1 changed (T0)'],
    ])
  })

  test('that does not respond keeps what is known of it, says since when, and is asked ever more rarely', async () => {
    let isUp = true
    const java = await javaServer(['T0'], { 106: () => (isUp ? ONE_BROKER : 'close') })
    const { observed, pass, events, lines, nowMs } = await observe(java.address)
    isUp = false
    await pass(10)
    const lostMs = nowMs()
    expect(observed.state).toMatchObject({ readMs: lostMs - 10_000, unreachableMs: lostMs, topics: 1 })
    expect(observed.state.reason).toContain(`${java.address}`)
    expect(observed.routeInfo.queues('T0')?.size).toBe(1)
    const asked = () => java.codes().filter((code) => code === 106).length
    const before = asked()
    await pass(126)
    expect(asked() - before).toBe(6)
    isUp = true
    await pass(60)
    expect(observed.state).toMatchObject({ unreachableMs: undefined, reason: undefined })
    expect(events().map(([kind]) => kind)).toEqual(['nameserver_unreachable', 'nameserver_reachable'])
    expect(lines.map(({ msg }) => msg)).toEqual(['NameServer cannot be read', 'NameServer can be read again'])
  })

  test('that rejects what it is asked cannot be read, and says why', async () => {
    let isAllowed = false
    const denied = { code: 16, remark: 'not for you' }
    const java = await javaServer(['T0'], { 106: () => (isAllowed ? ONE_BROKER : denied) })
    const { observed, pass, events, lines, nowMs } = await observe(java.address)
    expect(observed.state).toMatchObject({ readMs: undefined, unreachableMs: nowMs(), reason: 'not for you' })
    expect(lines).toMatchObject([{ level: 'warn', msg: 'NameServer cannot be read', error: 'not for you' }])
    isAllowed = true
    await pass(2)
    expect(observed.state).toMatchObject({ topics: 1, unreachableMs: undefined, reason: undefined })
    expect(events().map(([kind]) => kind)).toEqual(['nameserver_unreachable', 'nameserver_reachable'])
  })

  test('that lists no topics shows its brokers and says why there is no more', async () => {
    const java = await javaServer([], { 206: { code: 1, remark: 'disable' } })
    const { observed } = await observe(java.address)
    expect(observed.state).toMatchObject({
      topics: undefined,
      routes: 0,
      unreachableMs: undefined,
      reason: `${java.address} does not list topics: enableAllTopicList or enableTopicList is off`,
    })
    expect(observed.routeInfo.tableSizes.brokerAddrTable).toBe(1)
  })

  test('that does not show its settings is asked for them again after ten minutes', async () => {
    const denied = { code: 16, remark: 'not for you' }
    const java = await javaServer(['T0'], { 219: denied, 319: denied })
    const { observed, pass } = await observe(java.address, { intervalMs: 60_000 })
    expect(observed.state).toMatchObject({ routes: 1, reason: undefined })
    const asked = () => java.codes().filter((code) => code === 319).length
    await pass(599)
    expect(asked()).toBe(1)
    await pass(1)
    expect(asked()).toBe(2)
  })

  test.each<[string, Script]>([
    ['unreadable', { 106: { body: '{"brokerAddrTable":{' } }],
    ['unexpected', { 1450: { code: 0, body: '{}' } }],
  ])('is not read while it sends an %s response', async (what, script) => {
    const java = await javaServer([], script)
    const { observed, lines } = await observe(java.address)
    expect(observed.state.readMs).toBeUndefined()
    expect(observed.state.reason).toContain(`${what} response from ${java.address}`)
    expect(lines).toMatchObject([{ level: 'warn', msg: 'NameServer cannot be read' }])
  })
})

describe('an observed NameServer of ours', () => {
  test('is asked for its digest, and for routes only if they differ', async () => {
    const server = await startServer({ accessProfile: 'default' })
    const client = await server.connect()
    await client.request(registration({ topics: TOPICS }))
    const { observed, pass } = await observe(`127.0.0.1:${server.port}`, {
      intervalMs: 2_000,
      routesMs: 30_000,
    })
    const lookups = () => server.controller.counters.requests.get(105)
    expect(observed.state.routes).toBe(5)
    await pass(100)
    expect(lookups()).toBe(5)
    await client.request(registration({ name: 'broker-b', address: '10.0.0.2:10911', topics: ['T0', 'T5'] }))
    await pass(3)
    expect([...(observed.routeInfo.queues('T0')?.keys() ?? [])]).toEqual(['broker-a', 'broker-b'])
    expect(lookups()).toBeLessThan(10)
    await client.request(unregistration({ name: 'broker-b', address: '10.0.0.2:10911' }))
    await pass(3)
    expect([...(observed.routeInfo.queues('T0')?.keys() ?? [])]).toEqual(['broker-a'])
  })
})
