import { expect, onTestFinished, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic, deleteTopicInBroker, updateBrokerConfig } from './harness/broker-requests.ts'
import { startAdminTool } from './harness/mqadmin.ts'
import { type NameServerOptions, startNameServer } from './harness/name-server.ts'
import { ask, routeOf, topicsOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'
import { type SeenRequest, startWireTap } from './harness/wire-tap.ts'

const RELEASE = '5.5.0'
const BROKER = 'split'
const TOPICS = ['Split1', 'Split2', 'Split3', 'Split4', 'Split5', 'Split6']
const PART_SIZE = 4
/** A round takes ten seconds, and the test waits for a dozen of them. */
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

test(
  'a broker of 5.5.0 with enableSplitRegistration: all its topics follow a change, a wiped permission stays, static topics appear, and deleteTopicWithBrokerRegistration removes what is deleted and nothing else',
  async () => {
    const options: NameServerOptions = {
      kind: 'ours',
      properties: { deleteTopicWithBrokerRegistration: true, enableAllTopicList: true },
    }
    const first = await startNameServer(options)
    const tap = await startWireTap(first.address)
    onTestFinished(() => tap.close())
    const broker: Broker = await startBroker({
      release: RELEASE,
      name: BROKER,
      nameServers: [tap.address],
      properties: { enableSplitRegistration: true, splitRegistrationSize: PART_SIZE },
    })
    for (const topic of TOPICS) await createTopic(broker, topic)
    const perms = async (address = first.address) =>
      Promise.all(TOPICS.map(async (topic) => (await routeOf(address, topic))?.queueDatas[0]?.perm))
    const all = (perm: number) => TOPICS.map(() => perm)
    const rounds = async (count: number) => {
      const seen = () => partsIn(tap.requests).filter(({ topics }) => topics.includes(BROKER)).length
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
    await ask(first.address, 205, { brokerName: BROKER })
    expect(await perms()).toEqual(all(4))
    await rounds(2)
    expect(await perms()).toEqual(all(4))
    await ask(first.address, 327, { brokerName: BROKER })

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
    await tool.run(tap.address, ['updateStaticTopic', '-t', 'Static', '-qn', '2', '-b', BROKER])
    const isMapped = async (address: string) => {
      const route = await routeOf(address, 'Static')
      return Object.keys(route?.topicQueueMappingByBroker ?? {}).length > 0
    }
    await until('the topic is mapped', () => isMapped(first.address))
    await first.program.kill()
    const again = await startNameServer({ ...options, port: first.port })
    await until('the topic is mapped again', () => isMapped(again.address), { timeoutMs: 60_000 })
    const complete = () => expect.arrayContaining([...left, BROKER, 'Static'])
    await until('all topics are back', async () => {
      expect(await topicsOf(again.address)).toEqual(complete())
      return true
    })
  },
  ROUNDS_TIMEOUT_MS,
)
