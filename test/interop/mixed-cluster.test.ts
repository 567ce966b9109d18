import { beforeAll, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { createTopic, deleteTopicInBroker } from './harness/broker-requests.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { ask, brokersOf, type Route, routeOf } from './harness/name-server-client.ts'
import { expectSameAnswers } from './harness/same-answers.ts'
import { until } from './harness/wait-until.ts'

const PUT_KV_CONFIG = 100
const DELETE_KV_CONFIG = 102
const WIPE_WRITE_PERM_OF_BROKER = 205
const DELETE_TOPIC_IN_NAMESRV = 216
const ADD_WRITE_PERM_OF_BROKER = 327
/** Timeout of the brokers that send heartbeats. */
const NOT_ACTIVE_TIMEOUT_MS = 3_000
const TOPICS = ['Everywhere', 'OnlyOld', 'OnlyNew', 'OnlyPair', 'ShortLived'] as const
const ORDER = { namespace: 'ORDER_TOPIC_CONFIG', key: 'OnlyNew' }

const properties = { supportActingMaster: true, orderMessageEnable: true, scanNotActiveBrokerInterval: 500 }
let ours: NameServer
let java: NameServer
/** A master of 4.9.7 and one of 5.5.0, each alone, and a master of 5.5.0 with its slave. */
const brokers = new Map<'old' | 'new' | 'master' | 'slave', Broker>()

beforeAll(async () => {
  ;[ours, java] = await Promise.all([
    startNameServer({ ...subject, properties }),
    startNameServer({ ...reference, properties }),
  ])
  await Promise.all((['old', 'new', 'master', 'slave'] as const).map((which) => start(which)))
})

function addresses(): readonly string[] {
  return [ours.address, java.address]
}

function optionsOf(which: 'old' | 'new' | 'master' | 'slave'): BrokerOptions {
  const common = { cluster: 'Mixed', nameServers: addresses() }
  if (which === 'old') return { ...common, release: '4.9.7', name: 'old' }
  if (which === 'new') return { ...common, release: '5.5.0', name: 'new' }
  return {
    ...common,
    release: '5.5.0',
    name: 'pair',
    properties: {
      enableSlaveActingMaster: true,
      brokerNotActiveTimeoutMillis: NOT_ACTIVE_TIMEOUT_MS,
      ...(which === 'slave' && { brokerId: 1, brokerRole: 'SLAVE' }),
    },
  }
}

/** Starts a broker, where it was before if it ran before. */
async function start(
  which: 'old' | 'new' | 'master' | 'slave',
  more: NonNullable<BrokerOptions['properties']> = {},
): Promise<void> {
  const options = optionsOf(which)
  const before = brokers.get(which)
  brokers.set(
    which,
    await startBroker({
      ...options,
      properties: { ...options.properties, ...more },
      ...(before && { port: before.port, store: before.store }),
    }),
  )
}

function broker(which: 'old' | 'new' | 'master' | 'slave'): Broker {
  const found = brokers.get(which)
  if (found === undefined) throw new Error(`${which} was not started`)
  return found
}

/** Sends the same to both, as an admin tool does that knows both. */
async function tellBoth(code: number, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const address of addresses()) expect((await ask(address, code, fields)).code).toBe(0)
}

/** Waits until both have taken notice of what was done, then holds them to the same answers about everything. */
async function settled(
  what: string,
  holds: (state: {
    readonly groups: Awaited<ReturnType<typeof brokersOf>>
    readonly route: (topic: (typeof TOPICS)[number]) => Promise<Route | undefined>
  }) => Promise<boolean> | boolean,
): Promise<void> {
  for (const address of addresses()) {
    await until(`${address} shows ${what}`, async () =>
      holds({ groups: await brokersOf(address), route: (topic) => routeOf(address, topic) }),
    )
  }
  await expectSameAnswers(ours.address, java.address, { topics: TOPICS })
}

/** Ids of a group's members, or undefined if nobody knows it. */
function idsOf(group: Readonly<Record<string, string>> | undefined): string | undefined {
  return group && Object.keys(group).sort().join()
}

function permsOf(route: Route | undefined): string {
  return (route?.queueDatas ?? [])
    .map(({ brokerName, perm }) => `${brokerName}:${perm}`)
    .sort()
    .join()
}

test('brokers of 4.9.7 and 5.5.0 and a slave have started', async () => {
  await settled(
    'all of them',
    ({ groups }) =>
      idsOf(groups['old']) === '0' && idsOf(groups['new']) === '0' && idsOf(groups['pair']) === '0,1',
  )
})

test('topics are created, on one broker each and on all', async () => {
  await createTopic(broker('old'), 'OnlyOld', { queues: 2 })
  await createTopic(broker('new'), 'OnlyNew', { queues: 3 })
  for (const which of ['old', 'new', 'master', 'slave'] as const)
    await createTopic(broker(which), 'Everywhere')
  for (const which of ['master', 'slave'] as const) await createTopic(broker(which), 'OnlyPair')
  await createTopic(broker('old'), 'ShortLived')
  await settled('the topics', async ({ route }) => {
    const known = await Promise.all(TOPICS.map(route))
    return known.every((each) => each !== undefined) && known[0]?.queueDatas.length === 3
  })
})

test('topics are changed: fewer queues, read only', async () => {
  await createTopic(broker('old'), 'OnlyOld', { queues: 1, perm: 4 })
  await createTopic(broker('new'), 'Everywhere', { queues: 8 })
  await settled('the changes', async ({ route }) => {
    const everywhere = JSON.stringify(await route('Everywhere'))
    return permsOf(await route('OnlyOld')) === 'old:4' && everywhere.includes('"readQueueNums":8')
  })
})

test('a topic is deleted in its broker and in both NameServers', async () => {
  await deleteTopicInBroker(broker('old'), 'ShortLived')
  await tellBoth(DELETE_TOPIC_IN_NAMESRV, { topic: 'ShortLived' })
  await settled('no such topic', async ({ route }) => (await route('ShortLived')) === undefined)
})

test('an order configuration is put, changed and deleted', async () => {
  const shows = (conf: string | undefined) =>
    settled(
      `order configuration ${conf}`,
      async ({ route }) => (await route('OnlyNew'))?.orderTopicConf === conf,
    )
  await tellBoth(PUT_KV_CONFIG, { ...ORDER, value: 'new:3' })
  await shows('new:3')
  await tellBoth(PUT_KV_CONFIG, { ...ORDER, value: 'new:1;old:1' })
  await shows('new:1;old:1')
  await tellBoth(DELETE_KV_CONFIG, ORDER)
  await shows(undefined)
})

test('the write permission of a broker is wiped and added again', async () => {
  await tellBoth(WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'new' })
  await settled('it gone', async ({ route }) => permsOf(await route('Everywhere')) === 'new:4,old:6,pair:6')
  await tellBoth(ADD_WRITE_PERM_OF_BROKER, { brokerName: 'new' })
  await settled('it back', async ({ route }) => permsOf(await route('Everywhere')) === 'new:6,old:6,pair:6')
})

test('the broker of 4.9.7 is killed while the one of 5.5.0 shuts down; both come back', async () => {
  broker('new').program.signal('SIGTERM')
  await broker('old').program.kill()
  await settled('the pair alone', ({ groups }) => Object.keys(groups).join() === 'pair')
  await broker('new').program.stop()
  await Promise.all([start('old'), start('new')])
  await settled(
    'both of them and their topics',
    async ({ groups, route }) =>
      Object.keys(groups).length === 3 && permsOf(await route('Everywhere')) === 'new:6,old:6,pair:6',
  )
})

test('the master is stopped until it expires and the slave acts for it; continued, it is master again', async () => {
  broker('master').program.signal('SIGSTOP')
  await settled(
    'the slave in its place',
    async ({ groups, route }) =>
      idsOf(groups['pair']) === '1' && permsOf(await route('OnlyPair')) === 'pair:4',
  )
  broker('master').program.signal('SIGCONT')
  await settled(
    'the master',
    async ({ groups, route }) =>
      idsOf(groups['pair']) === '0,1' && permsOf(await route('OnlyPair')) === 'pair:6',
  )
})

test('the slave is killed, and comes back with another id', async () => {
  await broker('slave').program.kill()
  await settled('the master alone', ({ groups }) => idsOf(groups['pair']) === '0')
  await start('slave', { brokerId: 2 })
  await settled('ids 0 and 2', ({ groups }) => idsOf(groups['pair']) === '0,2')
})

test('master and slave change places', async () => {
  await broker('master').program.kill()
  await settled('a slave that acts', async ({ route }) => permsOf(await route('OnlyPair')) === 'pair:4')
  await broker('slave').program.kill()
  await settled('no such group', ({ groups }) => groups['pair'] === undefined)
  await Promise.all([
    start('slave', { brokerId: 0, brokerRole: 'ASYNC_MASTER' }),
    start('master', { brokerId: 1, brokerRole: 'SLAVE' }),
  ])
  const expected = JSON.stringify({ 0: broker('slave').address, 1: broker('master').address })
  await settled(
    'the new master',
    async ({ groups, route }) =>
      JSON.stringify(groups['pair']) === expected && permsOf(await route('OnlyPair')) === 'pair:6',
  )
})

test('both NameServers are killed and start empty: the brokers register everything again', async () => {
  await Promise.all([ours, java].map(({ program }) => program.kill()))
  ;[ours, java] = await Promise.all([
    startNameServer({ ...subject, properties, port: ours.port }),
    startNameServer({ ...reference, properties, port: java.port }),
  ])
  await settled('all groups and topics', async ({ groups, route }) => {
    const complete = Object.keys(groups).length === 3 && idsOf(groups['pair']) === '0,1'
    return complete && permsOf(await route('Everywhere')) === 'new:6,old:6,pair:6'
  })
})

test('all brokers are killed: only the order configurations remain', async () => {
  await Promise.all([...brokers.values()].map(({ program }) => program.kill()))
  await settled('nothing', ({ groups }) => Object.keys(groups).length === 0)
})
