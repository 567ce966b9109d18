import { expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import {
  createTopic,
  createTopicList,
  deleteTopicInBroker,
  updateBrokerConfig,
} from './harness/broker-requests.ts'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, type NameServerOptions, startNameServer, subject } from './harness/name-server.ts'
import { ask, brokersOf, routeOf, topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { type SeenRequest, startWireTap } from './harness/wire-tap.ts'

// These tests wait for rounds of registrations, ten seconds each, so they run at the same time.

const RELEASE = '5.5.0'
const SPLIT = 'split'
const CLAIMED = 'claimed'
const CLAIMED_TOPIC = 'Claimed'
const ASKING = 'asking'
const ATTEMPTS = 5
const TOPICS = ['Split1', 'Split2', 'Split3', 'Split4', 'Split5', 'Split6']
const PART_SIZE = 4
/** A round takes ten seconds, and the longest test waits for a dozen of them. */
const ROUNDS_TIMEOUT_MS = 400_000

interface Part {
  readonly topics: readonly string[]
  readonly version: string
  readonly mapped: readonly string[]
}

function partsIn(requests: readonly SeenRequest[]): Part[] {
  return requests
    .filter(({ code }) => code === 103)
    .map(({ body }) => {
      const { topicConfigSerializeWrapper: wrapper } = JSON.parse(body.toString()) as {
        topicConfigSerializeWrapper: {
          topicConfigTable: Record<string, unknown>
          dataVersion: object
          topicQueueMappingInfoMap: Record<string, unknown>
        }
      }
      return {
        topics: Object.keys(wrapper.topicConfigTable),
        version: JSON.stringify(wrapper.dataVersion),
        mapped: Object.keys(wrapper.topicQueueMappingInfoMap),
      }
    })
}

test.concurrent(
  'a broker of 5.5.0 with enableSplitRegistration: all its topics follow a change, a wiped permission stays, static topics appear, and deleteTopicWithBrokerRegistration removes what is deleted and nothing else',
  async ({ onTestFinished }) => {
    const options: NameServerOptions = {
      kind: 'ours',
      properties: { deleteTopicWithBrokerRegistration: true, enableAllTopicList: true },
    }
    const first = await startNameServer(options)
    const tap = await startWireTap(first.address)
    onTestFinished(() => tap.close())
    const broker: Broker = await startBroker({
      release: RELEASE,
      name: SPLIT,
      nameServers: [tap.address],
      properties: { enableSplitRegistration: true, splitRegistrationSize: PART_SIZE },
    })
    for (const topic of TOPICS) await createTopic(broker, topic)
    const perms = async (address = first.address) =>
      Promise.all(TOPICS.map(async (topic) => (await routeOf(address, topic))?.queueDatas[0]?.perm))
    const all = (perm: number) => TOPICS.map(() => perm)
    const rounds = async (count: number) => {
      const seen = () => partsIn(tap.requests).filter(({ topics }) => topics.includes(SPLIT)).length
      const before = seen()
      await until(`${count} rounds have come`, () => seen() >= before + count, { timeoutMs: 60_000 })
    }
    await until('all topics are there', async () => (await perms()).every((perm) => perm === 6))

    // What it sends: parts of one version without a common topic, one of them with its own.
    await rounds(2)
    const parts = partsIn(tap.requests).slice(-4)
    expect(new Set(parts.map(({ version }) => version)).size).toBe(1)
    const named = parts.flatMap(({ topics }) => topics)
    expect(new Set(named).size).toBe(named.length)

    await updateBrokerConfig(broker, 'brokerPermission', '4')
    await until('every part brings the permission', async () => (await perms()).every((perm) => perm === 4))
    await rounds(1)
    expect(await perms()).toEqual(all(4))
    await updateBrokerConfig(broker, 'brokerPermission', '6')
    await until('every part brings it back', async () => (await perms()).every((perm) => perm === 6))

    // The version changes once more after that change; from then on it stays.
    await rounds(2)
    await ask(first.address, 205, { brokerName: SPLIT })
    expect(await perms()).toEqual(all(4))
    await rounds(2)
    expect(await perms()).toEqual(all(4))
    await ask(first.address, 327, { brokerName: SPLIT })

    const [deleted = '', ...left] = TOPICS
    const listed = async () => (await topicsOf(first.address)).filter((topic) => TOPICS.includes(topic))
    await deleteTopicInBroker(broker, deleted)
    const system = (await topicsOf(first.address)).filter((topic) => topic !== deleted)
    await until(
      'the deleted topic is gone',
      async () => {
        const topics = await topicsOf(first.address)
        expect(topics).toEqual(expect.arrayContaining([...system]))
        return !topics.includes(deleted)
      },
      { timeoutMs: 60_000 },
    )
    expect(await listed()).toEqual(left)

    // The mapping of a static topic comes in the last part, to a server that is started empty too.
    const tool = startAdminTool(RELEASE)
    await tool.run(tap.address, ['updateStaticTopic', '-t', 'Static', '-qn', '2', '-b', SPLIT])
    const isMapped = async (address: string) => {
      const route = await routeOf(address, 'Static')
      return Object.keys(route?.topicQueueMappingByBroker ?? {}).length > 0
    }
    await until('the topic is mapped', () => isMapped(first.address))
    await first.program.kill()
    const again = await startNameServer({ ...options, port: first.port })
    await until('the topic is mapped again', () => isMapped(again.address), { timeoutMs: 60_000 })
    const complete = () => expect.arrayContaining([...left, SPLIT, 'Static'])
    await until('all topics are back', async () => {
      expect(await topicsOf(again.address)).toEqual(complete())
      return true
    })
  },
  ROUNDS_TIMEOUT_MS,
)

test.concurrent(
  'a broker of 5.5.0 with forceRegister=false whose name and id another broker took is back in the routes within its next round once the other is killed',
  async () => {
    const { address } = await startNameServer(subject)
    const startClaiming = (): Promise<Broker> =>
      startBroker({
        release: '5.5.0',
        name: CLAIMED,
        nameServers: [address],
        // The harness sets the shortest period that a broker accepts, ten seconds.
        properties: { forceRegister: false },
      })
    const holder = async (): Promise<string | undefined> => (await brokersOf(address))[CLAIMED]?.['0']

    const first = await startClaiming()
    await until('the first broker is registered', async () => (await holder()) === first.address)
    await createTopic(first, CLAIMED_TOPIC)
    await until('its topic has a route', () => routeOf(address, CLAIMED_TOPIC))

    const second = await startClaiming()
    await until('the second broker has the name and id', async () => (await holder()) === second.address)
    await second.program.kill()

    await until('the first broker is back', async () => (await holder()) === first.address)
    expect(await routeOf(address, CLAIMED_TOPIC)).toMatchObject({
      brokerDatas: [{ brokerName: CLAIMED, brokerAddrs: { 0: first.address } }],
    })
  },
  ROUNDS_TIMEOUT_MS,
)

test.concurrent(
  'a broker of 5.5.0 with forceRegister=false whose first registration with an empty server is of a topic list registers all its topics at its next version query',
  async () => {
    const options: NameServerOptions = { kind: 'ours', properties: { routeSnapshotPath: '' } }
    let server: NameServer = await startNameServer(options)
    const broker = await startBroker({
      release: RELEASE,
      name: ASKING,
      nameServers: [server.address],
      properties: { forceRegister: false },
    })
    await createTopic(broker, 'Before')
    await until('it has registered', async () => (await topicsOf(server.address)).includes('Before'))

    let created: string[] = []
    let cameFirst = false
    // Its own turn to register may come first; then the next attempt shows it.
    for (let attempt = 0; attempt < ATTEMPTS && !cameFirst; attempt++) {
      await server.program.kill()
      server = await startNameServer({ ...options, port: server.port })
      await until(
        'something is registered',
        async () => {
          created = ['One', 'Two'].map((name) => `${name}-${Math.random().toString(36).slice(2)}`)
          await createTopicList(broker, created)
          return (await topicsOf(server.address)).length > 0
        },
        { everyMs: 100 },
      )
      cameFirst = !(await topicsOf(server.address)).includes(ASKING)
    }
    expect(cameFirst).toBe(true)
    await until(
      'all topics are there',
      async () => {
        expect(await topicsOf(server.address)).toEqual(expect.arrayContaining(['Before', ASKING, ...created]))
        return true
      },
      { timeoutMs: 45_000 },
    )
  },
  ROUNDS_TIMEOUT_MS,
)
