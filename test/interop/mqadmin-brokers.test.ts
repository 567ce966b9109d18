import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic } from './harness/broker-requests.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type BrokerStep, brokerSteps, leftOut } from './harness/mqadmin-broker-steps.ts'
import { nameServerSteps } from './harness/mqadmin-steps.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, topicsOf } from './harness/name-server-client.ts'
import { normalize } from './harness/normalize.ts'
import { outerReleases, type Release } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const MESSAGES = 10
/** Tools for each NameServer: commands of 5.x wait up to 3 s for their own client to stop, and others use the time. */
const TOOLS = 3
const GROUP = 'interop-consumer-Told'
const AGAIN_MS = 500
/** What `<own>` is in the run against ours, and against Java's. */
const OWN = ['OwnOne', 'OwnTwo'] as const
const MEASURED = /\b(?:[0-9A-F]{32,}|0x[0-9a-f]+|\d+(?:\.\d+)?)(?:ms)?\b/g

interface World {
  readonly nameServers: readonly [NameServer, NameServer]
  readonly broker: Broker
  /** Texts of the placeholders but `<own>`. */
  readonly places: Readonly<Record<string, string>>
  readonly tools: readonly (readonly AdminTool[])[]
}

const worlds = new Map<Release, World>()

beforeAll(async () => {
  await Promise.all(outerReleases.map(async (release) => worlds.set(release, await startWorld(release))))
})

/** Ours and Java's NameServer with a broker of the tool's own release, messages, a consumer and a producer. */
async function startWorld(release: Release): Promise<World> {
  const nameServers = await Promise.all([startNameServer(subject), startNameServer(reference)])
  const addresses = nameServers.map(({ address }) => address)
  // A topic of this name is sent to, and dots are not allowed in one.
  const name = `told-${release.replaceAll('.', '-')}`
  const cluster = `cluster-${release}`
  const broker = await startBroker({ release, name, cluster, nameServers: addresses })
  for (const address of addresses) {
    await until('the broker is registered', async () => name in (await brokersOf(address)))
  }
  for (const topic of ['Told', 'Open', ...OWN]) await createTopic(broker, topic, { queues: 1 })
  const client = { release, nameServers: addresses.slice(0, 1) }
  const producer = startProducer({ ...client, topic: 'Told', count: MESSAGES })
  const open = startProducer({ ...client, topic: 'Open', count: 0, pauseMs: 3_600_000 })
  const consumer = startPushConsumer({ ...client, topic: 'Told' })
  await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
  await open.until('it has sent', () => open.reported('SENT').length === 1)
  await consumer.until('it has all', () => consumer.reported('RECEIVED').length >= MESSAGES)
  for (const address of addresses) {
    await until('it knows the retry topic', async () => (await topicsOf(address)).includes(`%RETRY%${GROUP}`))
  }
  const tools = addresses.map(() => Array.from({ length: TOOLS }, () => startAdminTool(release)))
  return { nameServers, broker, tools, places: await placesOf(broker, cluster, addresses, tools) }
}

async function placesOf(
  broker: Broker,
  cluster: string,
  nameServers: readonly string[],
  tools: World['tools'],
): Promise<World['places']> {
  const asked = (offset: number) => `queryMsgByOffset -t Told -b ${broker.name} -i 0 -o ${offset}`.split(' ')
  const told = async (offset: number) =>
    (await tools[0]?.[0]?.run(nameServers[0] ?? '', asked(offset)))?.stdout ?? ''
  // The consumer has reported its offset once a message counts as consumed; not of all of them at once.
  await until(
    'the last message is known as consumed',
    async () => (await told(MESSAGES - 1)).includes('trackType=CONSUMED'),
    { everyMs: 500, timeoutMs: 60_000 },
  )
  const stdout = await told(0)
  const file = (name: string, value: object) => {
    const path = join(broker.program.home, name)
    writeFileSync(path, JSON.stringify(value))
    return path
  }
  return {
    '<name servers>': nameServers.join(';'),
    '<broker>': broker.name,
    '<cluster>': cluster,
    '<group>': GROUP,
    '<offset id>': /OffsetID: +(\w+)/.exec(stdout)?.[1] ?? '',
    '<unique key>': /UNIQ_KEY=(\w+)/.exec(stdout)?.[1] ?? '',
    '<topics>': file('topics.json', [{ topicName: 'Listed', readQueueNums: 2, writeQueueNums: 2, perm: 6 }]),
    '<groups>': file('groups.json', [{ groupName: 'Listed' }]),
  }
}

interface Result {
  readonly raw: string
  readonly normalized: string
}

/** Of ours and of Java's. */
type Both = readonly (Result | undefined)[]

/**
 * Both ask the same broker, but not in the same instant: which clients are with it at the moment, other tools among them, and what
 * it counts may have changed between the two. A difference that is one of the NameServers stays.
 */
async function settled(world: World, step: BrokerStep, both: Both, again = 10): Promise<Both> {
  const [ours, java] = both
  if (again === 0 || (ours?.normalized === java?.normalized && step.says.test(ours?.raw ?? ''))) return both
  await delay(AGAIN_MS)
  const one = async (side: 0 | 1) => (await runGroup(world, side, [step]))[0]
  return settled(world, step, [await one(0), await one(1)], again - 1)
}

/** Runs a group of commands at once against one of the NameServers. */
async function runGroup(world: World, side: 0 | 1, steps: readonly BrokerStep[]): Promise<readonly Result[]> {
  const results: Result[] = []
  const waiting = steps.entries()
  const work = async (tool: AdminTool) => {
    for (const [index, step] of waiting) results[index] = await runStep(world, side, tool, step)
  }
  await Promise.all((world.tools[side] ?? []).map(work))
  return results
}

async function runStep(world: World, side: 0 | 1, tool: AdminTool, step: BrokerStep): Promise<Result> {
  const places = Object.entries({ ...world.places, '<own>': OWN[side] })
  const { address } = world.nameServers[side]
  const args = step.command
    .split(/ (?![^<]*>)/)
    .map((arg) => places.reduce((text, [place, value]) => text.replaceAll(place, value), arg))
  const output = await tool.run(address, args)
  const readable = (text: string) =>
    places.reduce((changed, [place, value]) => changed.replaceAll(value, place), text)
  const { stdout, stderr } = normalize(
    { stdout: readable(output.stdout), stderr: readable(output.stderr) },
    address,
    step.anyOrder ? 'lines' : 'nothing',
  )
  const text = JSON.stringify({ stdout, stderr }, null, 1).replaceAll(tool.home, '<home>')
  return {
    raw: readable(output.stdout + output.stderr),
    normalized: step.measured ? text.replaceAll(MEASURED, '#').replaceAll(/ +/g, ' ') : text,
  }
}

describe.each(outerReleases)(
  'mqadmin %s finds brokers through ours as through the Java NameServer',
  (release) => {
    for (const group of brokerSteps) {
      const steps = group.filter(({ only }) => only === undefined || only === release)
      let outcomes: Promise<readonly (readonly Result[])[]> | undefined
      for (const [index, step] of steps.entries()) {
        test(step.command, async () => {
          const world = worlds.get(release)
          if (world === undefined) throw new Error('the broker was not started')
          // The first test of a group runs all of it.
          outcomes ??= Promise.all(([0, 1] as const).map((side) => runGroup(world, side, steps)))
          const both = (await outcomes).map((results) => results[index])
          const [ours, java] = step.measured ? await settled(world, step, both) : both
          expect(ours?.raw).toMatch(step.says)
          expect(ours?.normalized).toEqual(java?.normalized)
        })
      }
    }
  },
)

test('every command of mqadmin 5.5.0 runs against both, or has a reason why not', async () => {
  const tool = worlds.get('5.5.0')?.tools[0]?.[0]
  if (tool === undefined) throw new Error('the tool was not started')
  const run = [...nameServerSteps, ...brokerSteps.flat()].map(({ command }) => command.split(' ')[0])
  const accounted = [...new Set([...run, ...Object.keys(leftOut)])].sort()
  expect(accounted).toEqual([...(await tool.commands())].sort())
})
