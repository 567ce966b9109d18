import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic, hasSlaveInSync } from './harness/broker-requests.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type ShownFinding, viewOf } from './harness/explanations.ts'
import { type HostedNameServer, hostNameServer } from './harness/hosted-name-server.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { ask } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const GET_ROUTEINFO_BY_TOPIC = 105
const WIPE_WRITE_PERM_OF_BROKER = 205
/** A new finding of topics is seen by the next evaluation. */
const EVALUATION_MS = 40_000
/** The server waits for a minute until all brokers have registered, and some rules must hold for another one. */
const STEP_MS = 15_000
/** A topic of its own for each rule, so that no story waits for another, and the broker that the finding is about. */
const TOPIC_RULES = [
  ['permission_not_writable', 'Locked', { perm: 4 }, 'pair'],
  ['permission_not_readable', 'Unread', { perm: 2 }, 'pair'],
  ['read_write_queue_mismatch', 'Narrow', { readQueues: 2 }, 'pair'],
  ['write_queue_skew', 'Skewed', { queues: 16 }, 'old'],
] as const

let ours: HostedNameServer
let mqadmin: AdminTool
/** A master of 5.5.0 with its slave, and a master of 4.9.7. */
let master: Broker
let old: Broker

beforeAll(async () => {
  ours = await hostNameServer()
  mqadmin = startAdminTool('5.5.0')
  const common = { nameServers: [ours.address] }
  const slave = { brokerId: 1, brokerRole: 'SLAVE' }
  ;[master, , old] = await Promise.all([
    startBroker({ ...common, release: '5.5.0', name: 'pair' }),
    startBroker({ ...common, release: '5.5.0', name: 'pair', properties: slave }),
    startBroker({ ...common, release: '4.9.7', name: 'old' }),
  ])
  await until('the slave follows', () => hasSlaveInSync(master))
  for (const broker of [master, old])
    for (const topic of ['Orders', 'Returns', ...TOPIC_RULES.map(([, name]) => name)])
      await createTopic(broker, topic, { queues: 4 })
  await createTopic(old, 'Alone', { queues: 4 })
})

async function findings(): Promise<readonly ShownFinding[]> {
  return (await viewOf<{ findings: readonly ShownFinding[] }>(ours, 'findings')).findings
}

function raised(rule: string, subject: string): Promise<ShownFinding> {
  const what = `${rule} is raised for ${subject}`
  return until(
    what,
    async () => (await findings()).find((each) => each.rule === rule && each.subject === subject),
    { timeoutMs: EVALUATION_MS },
  )
}

/** Lookups over the half minute after which a topic without a route is a finding; they go on behind other tests. */
let asked: Promise<void> | undefined
function askForForgotten(): Promise<void> {
  asked ??= (async () => {
    for (const pauseMs of [0, 15_000, 15_500]) {
      await delay(pauseMs)
      await ask(ours.address, GET_ROUTEINFO_BY_TOPIC, { topic: 'Forgotten' })
    }
  })()
  return asked
}

/** Runs the command of a finding as it is, and waits until the finding is cleared. */
async function fix({ rule, subject, command }: ShownFinding): Promise<void> {
  const [program, ...words] = `${command}`.split(' ')
  const { stdout, stderr } =
    program === 'mqadmin'
      ? await mqadmin.run(ours.address, words)
      : await runCli([...words, '-y', '-n', ours.address])
  await until(
    `${command} has cleared ${rule}; it printed ${stdout}${stderr}`,
    async () => !(await findings()).some((each) => each.rule === rule && each.subject === subject),
    { timeoutMs: EVALUATION_MS },
  )
}

test('a healthy cluster with brokers of 5.5.0 and 4.9.7, a slave, and clients of both has no finding beyond information', async () => {
  // A topic for each: otherwise the consumers would share the messages, and the first may take all.
  for (const [release, topic] of [
    ['5.5.0', 'Orders'],
    ['4.9.7', 'Returns'],
  ] as const) {
    const client = { release, nameServers: [ours.address], topic }
    const producer = startProducer({ ...client, count: 20 })
    const consumer = startPushConsumer(client)
    await producer.until('it has sent everything', () => producer.lines.includes('DONE'))
    await consumer.until('it has some', () => consumer.reported('RECEIVED').length > 0)
  }
  // No rule that may hold in a healthy cluster must hold for longer than this one.
  await until(
    'single_broker_route is raised',
    async () => {
      ours.advance(STEP_MS)
      return (await findings()).some(({ rule }) => rule === 'single_broker_route')
    },
    { everyMs: 1_000 },
  )
  expect((await findings()).filter(({ severity }) => severity !== 'info')).toEqual([])
  void askForForgotten()
})

test('a wiped write permission is found with who wiped it, and its command restores it', async () => {
  await ask(ours.address, WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'pair' })
  const finding = await raised('permission_not_writable', 'pair')
  expect(finding.text).toMatch(
    /^None of the \d+ topics of pair is writable: 127\.0\.0\.1:\d+ wiped it \(wipeWritePerm\) at /,
  )
  await fix(finding)
})

test('the permission that a broker registers for all topics is found, and its command fixes it', async () => {
  await mqadmin.run(ours.address, [
    'updateBrokerConfig',
    '-b',
    old.address,
    '-k',
    'brokerPermission',
    '-v',
    '4',
  ])
  const finding = await raised('permission_not_writable', 'old')
  expect(finding.text).toContain('the broker registers them so (brokerPermission)')
  await fix(finding)
})

test.concurrent.each(TOPIC_RULES)(
  '%s of one topic is found, and its command fixes it',
  async (rule, topic, settings, broker) => {
    await createTopic(master, topic, { queues: 4, ...settings })
    const finding = await raised(rule, broker)
    expect(finding.text).toContain(topic)
    await fix(finding)
  },
)

test.concurrent('a topic on one broker group is found, and its command creates it on the others', async () => {
  await fix(await raised('single_broker_route', 'old'))
})

test.concurrent('a topic for which lookups find no route is found, and its command creates it', async () => {
  await askForForgotten()
  await fix(await raised('no_route', 'Forgotten'))
})
