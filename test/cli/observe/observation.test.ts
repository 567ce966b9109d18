import { describe, expect, onTestFinished, test } from 'vitest'
import { Observation } from '../../../src/cli/observe/observation.ts'
import { get } from '../../support/http.ts'
import { recordingLogger } from '../../support/recording-logger.ts'
import { testContext } from '../../support/test-context.ts'
import { type Script, startScripted } from '../scripted-name-server.ts'
import { clusterInfo, nameServerAt, route, topicList } from './observe-world.ts'

const BOTH = clusterInfo({ 'broker-a': '10.0.0.1:10911', 'broker-b': '10.0.0.2:10911' })

/** A NameServer of Java with two brokers and one topic on both. */
function javaServer(more: Script = {}) {
  return startScripted({
    106: { body: BOTH },
    206: { body: topicList('TopicA') },
    105: { body: route({ 'broker-a': 4, 'broker-b': 4 }) },
    219: { code: 22 },
    319: {},
    ...more,
  })
}

interface Stamped {
  readonly observed: { readonly namesrv: string; readonly ageMs: number | null }
}

/** Observes these NameServers, in time that passes only when a test says so. */
async function observing(addresses: readonly string[]) {
  const { context, time } = testContext()
  const { configuration, clock, scheduler } = context
  const { logger, lines } = recordingLogger()
  const observation = new Observation({
    ...{ configuration, clock, scheduler, logger, anyPort: true },
    servers: await Promise.all(addresses.map(nameServerAt)),
    polling: { intervalMs: 5_000, routesMs: 300_000, maxLookups: 50 },
  })
  onTestFinished(() => observation.shutdown())
  const { port } = await observation.start()
  const text = async (path: string): Promise<string> => {
    const response = await get(port, path)
    return response.slice(response.indexOf('\r\n\r\n') + 4)
  }
  const read = async <Value>(path: string, address?: string): Promise<Value & Stamped> =>
    JSON.parse(await text(`${address === undefined ? '' : `/namesrv/${address}`}/api/v1/${path}`))
  /** Lets polls and comparisons end that are due. */
  const settle = async (isSettled: () => Promise<boolean>): Promise<void> => {
    await expect.poll(isSettled, { interval: 0 }).toBe(true)
  }
  /** Lets time pass in steps of a second, each of which polls, compares and evaluates what is due. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      time.advance(1_000)
      await settle(async () => {
        const states = await Promise.all(addresses.map((address) => read('status', address)))
        return states.every(({ observed: { ageMs } }) => ageMs === null || ageMs <= 5_000)
      })
    }
  }
  return { port, text, read, pass, settle, lines }
}

describe('an observation', () => {
  test('shows each NameServer with its age, the first one also at /', async () => {
    const [a, b] = [
      await javaServer(),
      await javaServer({ 106: { body: clusterInfo({ 'broker-c': '10.0.0.3:10911' }) } }),
    ]
    const { read, text, settle } = await observing([a.address, b.address])
    await settle(async () => (await text('/metrics')).includes(`routes{namesrv="${b.address}"} 1`))
    type Brokers = {
      readonly brokers: readonly { readonly brokerName: string; readonly members: unknown[] }[]
    }
    const first = await read<Brokers>('brokers')
    expect(first.observed).toMatchObject({
      namesrv: a.address,
      version: 'V5_5_0',
      topics: 1,
      routes: 1,
      reason: null,
    })
    expect(first.brokers.map(({ brokerName }) => brokerName)).toEqual(['broker-a', 'broker-b'])
    expect(first.brokers[0]?.members).toMatchObject([{ brokerId: 0, state: 'unknown', heartbeatAgeMs: null }])
    const second = await read<Brokers>('brokers', b.address)
    expect(second.observed.namesrv).toBe(b.address)
    expect(second.brokers.map(({ brokerName }) => brokerName)).toEqual(['broker-c'])
    expect(await read('status')).toMatchObject({ nodeId: a.address, tables: { brokers: 2, topics: 1 } })
  })

  test('counts nothing of a NameServer that has never been read', async () => {
    const { text, settle } = await observing(['127.0.0.1:1'])
    await settle(async () => (await text('/metrics')).includes('observed_up{namesrv="127.0.0.1:1"} 0'))
    const metrics = (await text('/metrics')).split('\n').filter((line) => line.includes('{namesrv='))
    expect(metrics.join('\n')).not.toMatch(/_(?:broker_groups|topics|age_seconds|routes_age_seconds)\{/)
  })

  test('says of a NameServer that has never been read that it is not observed yet, in place of empty tables', async () => {
    const { read, text, settle } = await observing(['127.0.0.1:1'])
    const reason = /not observed yet: connection to 127\.0\.0\.1:1 failed/
    await settle(async () => reason.test(await text('/api/v1/brokers')))
    for (const path of [
      'topics',
      'topics/T/route',
      'brokers/b',
      'kv',
      'explain?topic=T',
      'explain?broker=b',
      'digest',
    ])
      expect(JSON.parse(await text(`/api/v1/${path}`)), path).toMatchObject({
        error: { code: 'ERR_UNAVAILABLE', message: expect.stringMatching(reason) },
      })
    for (const path of ['status', 'findings', 'events', 'peers', 'departures'])
      expect(await read(path), path).toMatchObject({ observed: { at: null } })
  })

  test('does not say that a topic is missing before it has read all routes', async () => {
    const topics = Array.from({ length: 120 }, (_, index) => `T${index}`)
    const a = await javaServer({ 206: { body: topicList(...topics) } })
    const { text, settle, pass } = await observing([a.address])
    const answer = async (path: string) => (await text(`/api/v1/${path}`)).trim()
    await settle(async () => (await answer('status')).includes('routes of 70 of 120 topics not read yet'))
    for (const path of ['topics/T119', 'topics/T119/route', 'explain?topic=T119'])
      expect(await answer(path)).toMatch(/not observed yet: routes of \d+ of 120 topics not read yet/)
    expect(await answer('topics/T0')).toContain('"observed"')
    await pass(1)
    await settle(async () => (await answer('status')).includes('routes of 20 of 120 topics not read yet'))
    await pass(1)
    await settle(async () => (await answer('status')).includes('"routes":120,'))
    expect(await answer('topics/T119')).toContain('"observed"')
    expect(await answer('topics/Nope')).toMatch(/no topic .*\(observed \d+ s ago\)/)
  })

  test('gives a client’s route, and says what cannot be observed', async () => {
    const a = await javaServer()
    const { read, text, settle } = await observing([a.address])
    await settle(async () => (await text('/metrics')).includes(`routes{namesrv="${a.address}"} 1`))
    expect(await read('topics/TopicA/route')).toMatchObject({ observed: { namesrv: a.address } })
    for (const path of ['misses', 'clients', 'connections', 'config', 'access/whoami'])
      expect(JSON.parse(await text(`/api/v1/${path}`))).toMatchObject({
        error: {
          code: 'ERR_NOT_FOUND',
          message: expect.stringMatching(/^not observed: a NameServer does not tell /),
        },
      })
  })

  test('finds a difference that lasts, and says so in peers, findings and metrics', async () => {
    const a = await javaServer()
    const b = await javaServer({ 105: { body: route({ 'broker-a': 4, 'broker-b': 8 }) } })
    const { read, text, pass } = await observing([a.address, b.address])
    await pass(100)
    expect(await read('peers')).toMatchObject({
      peers: [
        {
          address: b.address,
          verdict: 'diverged',
          differences: [
            {
              kind: 'queues',
              subject: 'TopicA on broker-b',
              here: '4 read, 4 write',
              there: '8 read, 8 write',
            },
          ],
        },
      ],
    })
    const { findings } = await read<{ findings: { rule: string; subject: string }[] }>('findings')
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'peer_diverged', subject: b.address }))
    const metrics = await text('/metrics')
    expect(metrics).toContain(`rocketmq_nameserver_observed_up{namesrv="${a.address}"} 1`)
    expect(metrics).toContain(
      `rocketmq_nameserver_observed_agrees{namesrv="${a.address}",peer="${b.address}"} 0`,
    )
    expect(metrics).toContain(
      `rocketmq_nameserver_observed_findings{namesrv="${a.address}",rule="peer_diverged",severity="warning"} 1`,
    )
  })

  test('explains a topic by what was seen of its broker', async () => {
    let isThere = true
    const all = { 'broker-a': '10.0.0.1:10911', 'broker-b': '10.0.0.2:10911' }
    const a = await javaServer({
      106: () => ({ body: clusterInfo(isThere ? all : { 'broker-a': '10.0.0.1:10911' }) }),
      206: () => ({ body: topicList('TopicA', ...(isThere ? ['OnB'] : [])) }),
      105: ({ topic }) => ({ body: route(topic === 'OnB' ? { 'broker-b': 4 } : { 'broker-a': 4 }) }),
    })
    const { read, text, pass, settle } = await observing([a.address])
    await settle(async () => (await text('/metrics')).includes(`routes{namesrv="${a.address}"} 2`))
    await pass(5)
    expect(await read('explain?topic=OnB')).toMatchObject({ verdict: 'routable' })
    expect(await read('explain?broker=broker-x')).toMatchObject({
      verdict: 'never_registered',
      sentences: expect.arrayContaining([
        expect.stringMatching(
          /^This NameServer does not list broker-x, and has not since it was first read at /,
        ),
      ]),
    })
    isThere = false
    await pass(60)
    expect(await read('explain?topic=OnB')).toMatchObject({ verdict: 'left_with_brokers' })
    expect(await read('explain?broker=broker-b')).toMatchObject({ verdict: 'not_listed' })
  })

  test('is ready once a NameServer has been read, and serves the page for each', async () => {
    const a = await javaServer()
    const { text, port, settle, lines } = await observing([a.address])
    // It serves all of them.
    expect(lines.find(({ msg }) => msg === 'HTTP server started')).not.toHaveProperty('namesrv')
    await settle(async () => (await text('/readyz')) === 'ok')
    // Where the page is not built, it says so.
    expect(await get(port, `/namesrv/${a.address}/`)).toMatch(/^HTTP\/1\.1 (200|503) /)
    expect(await text(`/namesrv/${a.address}/readyz?verbose`)).toContain('[+]observed ok')
    for (const path of ['/namesrv/10.9.9.9:9876/api/v1/status', `/namesrv/${a.address}/metrics`])
      expect(await text(path)).toContain('no such path')
  })
})
