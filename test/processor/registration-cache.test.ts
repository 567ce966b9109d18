import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { finestSlicer, ManualTurns, openChannel } from '../routeinfo/route-helpers.ts'
import { type Asked, MASTER, ProcessorWorld, registrationBody } from './processor-world.ts'

/** With the own topic of broker a. */
const TOPICS = ['A', 'B', 'C', 'a']
const {
  REGISTER_BROKER,
  UNREGISTER_BROKER,
  GET_ROUTEINFO_BY_TOPIC,
  DELETE_TOPIC_IN_NAMESRV,
  REGISTER_TOPIC_IN_NAMESRV,
  WIPE_WRITE_PERM_OF_BROKER,
  ADD_WRITE_PERM_OF_BROKER,
  GET_BROKER_CLUSTER_INFO,
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
  QUERY_DATA_VERSION,
} = RequestCode

/** One thing that happens; the connections are those of the world it happens in. */
type Step = (world: World) => Promise<unknown>

class World extends ProcessorWorld {
  readonly #channels = new Map<number, ReturnType<typeof openChannel>>()

  channelOf(number: number): ReturnType<typeof openChannel> {
    const known = this.#channels.get(number)
    if (known !== undefined && !known.closed) return known
    const channel = openChannel(this.#channels.size * 10 + number)
    this.#channels.set(number, channel)
    return channel
  }

  async outcome(code: RequestCode, asked: Asked): Promise<unknown> {
    try {
      return await this.ask(code, asked)
    } catch (error) {
      return `${error}`
    }
  }
}

const broker = fc.record({
  brokerName: fc.constantFrom('a', 'b'),
  brokerAddr: fc.constantFrom('1:1', '2:1'),
  brokerId: fc.constantFrom('0', '0', '0', '1', '2'),
})

const topic = fc.record({
  name: fc.constantFrom(...TOPICS),
  inner: fc.option(fc.constantFrom(...TOPICS), { freq: 15 }),
  queues: fc.constantFrom(4, 4, 8),
  perm: fc.constantFrom(6, 6, 4),
})

const body = fc
  .record({
    topics: fc.array(topic, { maxLength: 5 }),
    counter: fc.constantFrom(1, 1, 1, 2),
    stateVersion: fc.constantFrom(0, 0, 1),
    timestamp: fc.constantFrom(',"timestamp":5', ',"timestamp":5', ',"timestamp":5', ''),
    filterServers: fc.constantFrom('[]', '[]', '["f:1"]', 'null'),
    mapping: fc.constantFrom(
      '',
      '',
      '',
      ',"topicQueueMappingInfoMap":{"A":{"topic":"A","bname":"a","epoch":1}}',
    ),
    cut: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
  })
  .map(({ topics, counter, stateVersion, timestamp, filterServers, mapping, cut }) => {
    const table = topics.map(
      ({ name, inner, queues, perm }) =>
        `"${name}":{"attributes":{},"order":false,"perm":${perm},"readQueueNums":${queues},"topicFilterType":"SINGLE_TAG","topicName":"${inner ?? name}","topicSysFlag":0,"writeQueueNums":${queues}}`,
    )
    const version = `{"counter":${counter},"stateVersion":${stateVersion}${timestamp}}`
    const text = `{"filterServerList":${filterServers},"topicConfigSerializeWrapper":{"dataVersion":${version},"topicConfigTable":{${table}}${mapping}}}`
    return text.slice(0, text.length - cut)
  })

/** Few bodies and requests in one history, so that they are repeated. */
const steps = fc.array(body, { minLength: 1, maxLength: 4 }).chain((bodies) => {
  const registering = fc
    .record({
      identity: broker,
      text: fc.constantFrom(...bodies),
      acting: fc.constantFrom('false', 'true', null),
      zone: fc.constantFrom(null, 'z'),
      checksum: fc.constantFrom('0', 'right', 'right', 'wrong'),
      version: fc.constantFrom(513, 513, 513, 30),
    })
    .map(({ identity, text, acting, zone, checksum, version }) => (channel: number): Step => {
      const sum = (crc32(Buffer.from(text)) & 0x7fffffff) + (checksum === 'wrong' ? 1 : 0)
      const ext = {
        clusterName: 'C',
        ...identity,
        ...(acting !== null && { enableActingMaster: acting }),
        ...(zone !== null && { __ZONE_NAME: zone }),
        bodyCrc32: checksum === '0' ? '0' : `${sum}`,
      }
      return (world) =>
        world.outcome(REGISTER_BROKER, { ext, body: text, version, channel: world.channelOf(channel) })
    })
  const operation = fc.oneof(
    broker.map(
      (ext): Step =>
        (world) =>
          world.outcome(UNREGISTER_BROKER, { ext: { clusterName: 'C', ...ext } }),
    ),
    fc.nat(2).map(
      (number): Step =>
        async (world) =>
          world.close(world.channelOf(number)),
    ),
    fc.tuple(fc.constantFrom(...TOPICS), fc.constantFrom({}, { clusterName: 'C' })).map(
      ([name, cluster]): Step =>
        (world) =>
          world.outcome(DELETE_TOPIC_IN_NAMESRV, { ext: { topic: name, ...cluster } }),
    ),
    fc
      .tuple(fc.constantFrom('a', 'b'), fc.constantFrom(WIPE_WRITE_PERM_OF_BROKER, ADD_WRITE_PERM_OF_BROKER))
      .map(
        ([brokerName, code]): Step =>
          (world) =>
            world.outcome(code, { ext: { brokerName } }),
      ),
    fc.tuple(fc.constantFrom(...TOPICS), fc.constantFrom('a', 'b')).map(
      ([name, brokerName]): Step =>
        (world) =>
          world.outcome(REGISTER_TOPIC_IN_NAMESRV, {
            ext: { topic: name },
            body: JSON.stringify({
              queueDatas: [{ brokerName, perm: 6, readQueueNums: 1, topicSysFlag: 0, writeQueueNums: 1 }],
            }),
          }),
    ),
    fc.boolean().map(
      (on): Step =>
        async (world) => {
          world.settings.deleteTopicWithBrokerRegistration = on
        },
    ),
    fc.nat(3).map(
      (ms): Step =>
        async (world) => {
          world.nowMs += ms
        },
    ),
  )
  const connection = fc.constantFrom(0, 0, 1, 2)
  return fc.array(registering, { minLength: 1, maxLength: 3 }).chain((requests) => {
    const [repeated, any] = [fc.constantFrom(...requests), registering].map((request) =>
      fc.tuple(request, connection).map(([register, channel]) => register(channel)),
    ) as [fc.Arbitrary<Step>, fc.Arbitrary<Step>]
    return fc.array(
      fc.oneof(
        { weight: 4, arbitrary: repeated },
        { weight: 1, arbitrary: any },
        { weight: 2, arbitrary: operation },
      ),
      { minLength: 2, maxLength: 14 },
    )
  })
})

async function everythingIn(world: World): Promise<unknown[]> {
  const routes = TOPICS.flatMap((name) =>
    [513, 300].map((version) => world.outcome(GET_ROUTEINFO_BY_TOPIC, { ext: { topic: name }, version })),
  )
  const versions = ['1:1', '2:1'].map((brokerAddr) =>
    world.outcome(QUERY_DATA_VERSION, { ext: { clusterName: 'C', brokerAddr } }),
  )
  const lists = [GET_BROKER_CLUSTER_INFO, GET_ALL_TOPIC_LIST_FROM_NAMESERVER].map((code) =>
    world.outcome(code, {}),
  )
  return Promise.all([...routes, ...versions, ...lists])
}

test('after any history, responses and tables are those of a server that keeps no registrations', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const keeping = new World()
      const plain = new World({ keptBytes: 0 })
      for (const step of history) {
        expect(await step(keeping)).toEqual(await step(plain))
        expect(await everythingIn(keeping)).toEqual(await everythingIn(plain))
      }
      expect(plain.registrations.bytes).toBe(0)
    }),
    { numRuns: 2_000 },
  )
})

describe('the cache of registrations', () => {
  const bytes = registrationBody(TOPICS)

  test('is limited: a registration without room is not kept, until a connection has closed', async () => {
    const world = new ProcessorWorld({ keptBytes: 3_000 })
    const first = openChannel(1)
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: bytes, channel: first })
    const one = world.registrations.bytes
    expect(one).toBeGreaterThan(bytes.length)
    const other = { ...MASTER, brokerName: 'broker-b', brokerAddr: '127.0.0.1:10922' }
    await world.ask(REGISTER_BROKER, { ext: other, body: bytes, channel: openChannel(2) })
    expect(world.registrations.bytes).toBe(one)
    world.close(first)
    await world.ask(REGISTER_BROKER, { ext: other, body: bytes, channel: openChannel(2) })
    expect(world.registrations.bytes).toBe(one)
  })

  test('counts the names of topics beside the body: those of a slave are in no table', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `T${index}`.padEnd(10_000, 'x'))
    const world = new ProcessorWorld()
    const body = registrationBody(names)
    await world.ask(REGISTER_BROKER, { ext: { ...MASTER, brokerId: '1' }, body })
    expect(world.registrations.bytes).toBeGreaterThan(body.length + names.join('').length)
  })

  test('holds one registration of each broker, the last', async () => {
    const world = new ProcessorWorld()
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: registrationBody(['A', 'B', 'C']) })
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: bytes })
    const once = world.registrations.bytes
    await world.ask(REGISTER_BROKER, { ext: MASTER, body: bytes })
    expect(world.registrations.bytes).toBe(once)
    expect(once).toBeLessThan(2 * bytes.length + 1_700)
  })

  test('gives the last body to one registration at a time, since that overwrites it', async () => {
    const turns = new ManualTurns()
    const world = new ProcessorWorld({ keptBytes: 4_000_000, slicer: finestSlicer(turns) })
    const register = (counter: number, changed: readonly number[]) => {
      const table = Array.from({ length: 5_000 }, (_, number) => {
        const queues = changed.includes(number) ? 4 : 8
        return `"T${number}":{"order":false,"perm":6,"readQueueNums":${queues},"topicFilterType":"SINGLE_TAG","topicName":"T${number}","topicSysFlag":0,"writeQueueNums":${queues}}`
      })
      const version = `{"counter":${counter},"stateVersion":0,"timestamp":5}`
      const text = `{"topicConfigSerializeWrapper":{"dataVersion":${version},"topicConfigTable":{${table}}}}`
      return world.ask(REGISTER_BROKER, { ext: MASTER, body: text })
    }
    await turns.until(register(1, []))
    const second = register(2, [4_900])
    for (let turn = 0; turn < 3; turn++) await turns.next()
    const third = register(3, [0, 4_900])
    await turns.until(Promise.all([second, third]))
    const { body } = await world.ask(GET_ROUTEINFO_BY_TOPIC, { ext: { topic: 'T4900' } })
    expect(body).toContain('"readQueueNums":4')
  })
})
