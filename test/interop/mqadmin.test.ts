import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { CLUSTER, nameServerSteps as steps } from './harness/mqadmin-steps.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf, topicsOf } from './harness/name-server-client.ts'
import { normalize } from './harness/normalize.ts'
import { outerReleases as releases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

let nameServers: readonly [NameServer, NameServer]
let brokers: readonly Broker[]

beforeAll(async () => {
  // The one default that differs is set, so that the items of both are the same.
  const properties = { orderMessageEnable: true, scanNotActiveBrokerInterval: 5_000 }
  nameServers = await Promise.all([
    startNameServer({ ...subject, properties }),
    startNameServer({ ...reference, properties }),
  ])
  // The same two brokers register with both, so both have the same to tell.
  const common = { cluster: CLUSTER, nameServers: nameServers.map(({ address }) => address) }
  brokers = await Promise.all([
    startBroker({ ...common, release: '4.9.7', name: 'broker-4' }),
    startBroker({ ...common, release: '5.5.0', name: 'broker-5' }),
  ])
  for (const { address } of nameServers) {
    await until('both brokers are registered', async () => Object.keys(await brokersOf(address)).length === 2)
  }
})

/** Brokers tell both NameServers of a change, but not at the same moment. */
async function settled(): Promise<void> {
  await until('both NameServers know the same topics and queues', async () => {
    const [one, other] = await Promise.all(nameServers.map(({ address }) => tables(address)))
    return one === other
  })
}

async function tables(nameServer: string): Promise<string> {
  const topics = await topicsOf(nameServer)
  const routes = await Promise.all(['Both', 'Ordered'].map((topic) => routeOf(nameServer, topic)))
  const queues = routes.map((route) => route?.queueDatas.map((queue) => JSON.stringify(queue)).sort())
  return JSON.stringify([topics, queues])
}

describe.each(releases)('mqadmin %s prints the same with ours as with the Java NameServer', (release) => {
  let tools: readonly AdminTool[]

  beforeAll(() => {
    // One for each NameServer, side by side: every command of the 5.x tool waits up to 3 s for its own client to stop.
    tools = nameServers.map(() => startAdminTool(release))
  })

  for (const [index, step] of steps.entries()) {
    test(`${index + 1}. ${step.command}`, async () => {
      const args = step.command.replace('<broker>', brokers[0]?.address ?? '').split(' ')
      await settled()
      const [ours, java] = await Promise.all(
        nameServers.map(async ({ address }, at) => {
          const output = await tools[at]?.run(address, args)
          if (output === undefined) throw new Error('the tool was not started')
          await step.leaves?.(address)
          // An error goes to stderr, and then there is no JSON to put in order.
          const unordered = output.stdout.trim() === '' ? 'nothing' : step.unordered
          return { raw: output.stdout + output.stderr, normalized: normalize(output, address, unordered) }
        }),
      )
      expect(ours?.raw).toMatch(step.says)
      expect(ours?.normalized).toEqual(java?.normalized)
    })
  }
})
