import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic, hasSlaveInSync } from './harness/broker-requests.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type ShownFinding, viewOf } from './harness/explanations.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

const WIPE_WRITE_PERM_OF_BROKER = 205
/** A new finding of topics is seen by the next evaluation. */
const EVALUATION_MS = 20_000
/** `single_broker_route` must hold for a minute. */
const SINGLE_BROKER_MS = 80_000
/** All rules are in effect this long after the start. */
const SETTLED_MS = 75_000

let ours: NameServer
let mqadmin: AdminTool
/** A master of 5.5.0 with its slave, and a master of 4.9.7. */
let master: Broker
let old: Broker
let startedMs: number

beforeAll(async () => {
  ours = await startNameServer({ kind: 'ours', hasHttp: true })
  startedMs = performance.now()
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
    for (const topic of ['Orders', 'Returns']) await createTopic(broker, topic, { queues: 4 })
  // Its finding takes a minute, which passes while the cluster settles.
  await createTopic(old, 'Alone', { queues: 4 })
})

async function findings(): Promise<readonly ShownFinding[]> {
  return (await viewOf<{ findings: readonly ShownFinding[] }>(ours, 'findings')).findings
}

function raised(rule: string, subject: string, timeoutMs = EVALUATION_MS): Promise<ShownFinding> {
  const what = `${rule} is raised for ${subject}`
  return until(
    what,
    async () => (await findings()).find((each) => each.rule === rule && each.subject === subject),
    { timeoutMs },
  )
}

/** Runs the command of a finding as it is, and waits until the finding is cleared. */
async function fix({ rule, subject, command }: ShownFinding): Promise<void> {
  const words = `${command}`.replace(' -n "$NAMESRV_ADDR"', '').split(' ')
  expect(words.shift()).toBe('mqadmin')
  const { stdout, stderr } = await mqadmin.run(ours.address, words)
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
  await until('all rules are in effect', () => performance.now() - startedMs > SETTLED_MS, {
    timeoutMs: SETTLED_MS,
  })
  expect((await findings()).filter(({ severity }) => severity !== 'info')).toEqual([])
})

test('a wiped write permission is found with who wiped it, and its command restores it', async () => {
  await ask(ours.address, WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'pair' })
  const finding = await raised('permission_not_writable', 'pair')
  expect(finding.text).toMatch(
    /^None of the \d+ topics of pair is writable: 127\.0\.0\.1:\d+ wiped it \(wipeWritePerm\) on /,
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

test.each([
  ['permission_not_writable', { perm: 4 }],
  ['permission_not_readable', { perm: 2 }],
  ['read_write_queue_mismatch', { readQueues: 2 }],
  ['write_queue_skew', { queues: 16 }],
])('%s of one topic is found, and its command fixes it', async (rule, settings) => {
  await createTopic(master, 'Orders', { queues: 4, ...settings })
  await fix(await raised(rule, 'Orders'))
})

test.concurrent('a topic on one broker group is found, and its command creates it on the others', async () => {
  await fix(await raised('single_broker_route', 'Alone', SINGLE_BROKER_MS))
})

test.concurrent('a topic for which lookups find no route is found, and its command creates it', async () => {
  for (let lookups = 0; lookups < 4; lookups++) {
    await ask(ours.address, 105, { topic: 'Forgotten' })
    await delay(12_000)
  }
  await fix(await raised('no_route', 'Forgotten'))
})
