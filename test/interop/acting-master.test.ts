import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { createTopic, hasSlaveInSync } from './harness/broker-requests.ts'
import { startProducer, startPushConsumer } from './harness/clients.ts'
import { type NameServer, reference, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { expectSameAnswers } from './harness/same-answers.ts'
import { until } from './harness/wait-until.ts'

const RELEASE = '5.5.0'
const MESSAGES = 10
/** Read and write; read only. */
const [READ_WRITE, READ_ONLY] = [6, 4]

/** A master and its slave; their heartbeats are 322 where they care for old NameServers, else 904. */
const groups = [
  { name: 'old-heartbeats', compatibleWithOldNameSrv: true },
  { name: 'new-heartbeats', compatibleWithOldNameSrv: false },
] as const
type Group = (typeof groups)[number]

let nameServers: readonly [NameServer, NameServer]
const started = new Map<string, { readonly master: Broker; readonly slave: Broker }>()

beforeAll(async () => {
  const properties = { supportActingMaster: true }
  nameServers = await Promise.all([
    startNameServer({ ...subject, properties }),
    startNameServer({ ...reference, properties }),
  ])
  await Promise.all(
    groups.map(async (group) => {
      const [master, slave] = await Promise.all([
        startBroker(masterOf(group)),
        startBroker(memberOf(group, { brokerId: 1, brokerRole: 'SLAVE', slaveReadEnable: true })),
      ])
      started.set(group.name, { master, slave })
    }),
  )
})

/** A message is stored only once the slave has it, so that none dies with the master. */
function masterOf(group: Group): BrokerOptions {
  return memberOf(group, { brokerId: 0, brokerRole: 'SYNC_MASTER', inSyncReplicas: 2 })
}

function memberOf(
  { name, compatibleWithOldNameSrv }: Group,
  properties: NonNullable<BrokerOptions['properties']>,
): BrokerOptions {
  return {
    release: RELEASE,
    name,
    cluster: `cluster-${name}`,
    nameServers: addresses(),
    properties: { enableSlaveActingMaster: true, compatibleWithOldNameSrv, ...properties },
  }
}

function addresses(): readonly string[] {
  return nameServers.map(({ address }) => address)
}

/** Waits until each NameServer shows these addresses for the group (106), and so in the topic's route (105). */
async function shown(
  name: string,
  topic: string,
  expected: { readonly group: object; readonly route: object; readonly perm: number },
): Promise<void> {
  for (const nameServer of addresses()) {
    await until(`${nameServer} shows ${JSON.stringify(expected)}`, async () => {
      const [group, route] = [(await brokersOf(nameServer))[name], await routeOf(nameServer, topic)]
      return same(
        { group, route: route?.brokerDatas[0]?.brokerAddrs, perm: route?.queueDatas[0]?.perm },
        expected,
      )
    })
  }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

describe.each(groups.map((group) => [group.name, group] as const))(
  'master and slave of 5.5.0 with acting master, %s',
  (_, group) => {
    const topic = `Acting-${group.name}`
    const client = () => ({ release: RELEASE, nameServers: [nameServers[0].address], topic }) as const

    async function send(count: number): Promise<readonly string[]> {
      const producer = startProducer({ ...client(), count })
      await producer.until('it is done', () => producer.lines.includes('DONE'))
      expect(producer.reported('FAILED')).toEqual([])
      return producer.reported('SENT')
    }

    test('with the master killed, the slave serves reads at id 0 without the write bit and consumption continues; with the master back, all is as before', async () => {
      const world = started.get(group.name)
      if (world === undefined) throw new Error('the brokers were not started')
      const { master, slave } = world
      const both = { 0: master.address, 1: slave.address }
      await until('master and slave are registered', async () =>
        same((await brokersOf(nameServers[0].address))[group.name], both),
      )
      await until('the slave is in sync', () => hasSlaveInSync(master))
      // A slave copies the topics of its master once a minute only.
      for (const broker of [master, slave]) await createTopic(broker, topic)
      await shown(group.name, topic, { group: both, route: both, perm: READ_WRITE })
      const consumer = startPushConsumer(client())
      const sent = await send(MESSAGES)
      await consumer.until('it has these', () => consumer.reported('RECEIVED').length >= MESSAGES)
      expect(new Set(consumer.reported('RECEIVED'))).toEqual(new Set(sent))
      await expectSameAnswers(nameServers[0].address, nameServers[1].address)

      // The consumer sleeps through the master's last messages and its death. A new one would have to begin from the start:
      // slaves of 5.5.0 cannot read the offsets that their master gives them.
      consumer.signal('SIGSTOP')
      await send(MESSAGES)
      await master.program.kill()
      await shown(group.name, topic, {
        group: { 1: slave.address },
        route: { 0: slave.address },
        perm: READ_ONLY,
      })
      consumer.signal('SIGCONT')
      await consumer.until('it has the rest', () => consumer.reported('RECEIVED').length >= 2 * MESSAGES)
      // The program numbers its messages from the start each time, so the second lot has the names of the first.
      expect(consumer.reported('RECEIVED').slice(MESSAGES).sort()).toEqual([...sent].sort())
      await expectSameAnswers(nameServers[0].address, nameServers[1].address)
      const refused = startProducer({ ...client(), count: 1 })
      await refused.until('it has failed', () => refused.reported('FAILED').length === 1)

      const again = await startBroker({ ...masterOf(group), port: master.port, store: master.store })
      await shown(group.name, topic, { group: both, route: both, perm: READ_WRITE })
      await until('the slave is in sync again', () => hasSlaveInSync(again))
      await send(MESSAGES)
      await consumer.until('it has these too', () => consumer.reported('RECEIVED').length >= 3 * MESSAGES)
      expect(
        consumer
          .reported('RECEIVED')
          .slice(2 * MESSAGES)
          .sort(),
      ).toEqual([...sent].sort())
      await consumer.kill()
      await expectSameAnswers(nameServers[0].address, nameServers[1].address)
    })
  },
)
