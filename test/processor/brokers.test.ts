import { describe, expect, test } from 'vitest'
import { unregisterBroker } from '../../src/processor/brokers.ts'
import type { RemotingCommand } from '../../src/protocol/remoting-command.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import { BrokerQueue } from '../../src/routeinfo/broker-queue.ts'
import { RegistrationGuard } from '../../src/routeinfo/registration-guard.ts'
import type { RouteInfoManager } from '../../src/routeinfo/route-info-manager.ts'
import { RouteTables } from '../../src/routeinfo/route-tables.ts'
import { RouteView } from '../../src/routeinfo/route-view.ts'
import { openChannel } from '../routeinfo/route-helpers.ts'
import { DATA_VERSION, MASTER, ProcessorWorld, registrationBody, SLAVE } from './processor-world.ts'

const body = registrationBody(['T1', 'broker-a'])

async function registered(): Promise<ProcessorWorld> {
  const world = new ProcessorWorld()
  await world.ask(RequestCode.REGISTER_BROKER, { ext: MASTER, body })
  await world.ask(RequestCode.REGISTER_BROKER, { ext: SLAVE, body })
  return world
}

describe('QUERY_DATA_VERSION', () => {
  const code = RequestCode.QUERY_DATA_VERSION

  test.each([
    ['the same version', DATA_VERSION, 'false'],
    ['another counter', DATA_VERSION.replace('3', '4'), 'true'],
    ['no version', undefined, 'true'],
    ['a null version', 'null', 'true'],
  ])('%s: the response says whether it changed, and what is stored', async (_, version, changed) => {
    const asked = { ext: MASTER, ...(version !== undefined && { body: version }) }
    expect(await (await registered()).ask(code, asked)).toEqual({
      code: 0,
      ext: { changed },
      body: DATA_VERSION,
    })
  })

  test('an unknown broker has changed and nothing is stored', async () => {
    const ext = { ...MASTER, clusterName: 'Other' }
    const answer = await (await registered()).ask(code, { ext, body: DATA_VERSION })
    expect(answer).toEqual({ code: 0, ext: { changed: 'true' } })
  })

  test.each([
    ['another id than it registered with', { brokerId: '7' }, 'true'],
    ['the id of another member', { brokerId: '1' }, 'true'],
    ['another name than it registered with', { brokerName: 'broker-x' }, 'true'],
    ['an id that is no number', { brokerId: 'x' }, 'false'],
    ['no id', { brokerId: null }, 'false'],
    ['no name', { brokerName: null }, 'false'],
    ['neither name nor id', { brokerName: null, brokerId: null }, 'false'],
  ])(
    'the same version, under %s: the response says whether the broker must register',
    async (_, given, changed) => {
      const fields = Object.entries({ ...MASTER, ...given })
      const ext = Object.fromEntries(fields.filter((field): field is [string, string] => field[1] !== null))
      const answer = await (await registered()).ask(code, { ext, body: DATA_VERSION })
      expect(answer).toEqual({ code: 0, ext: { changed }, body: DATA_VERSION })
    },
  )

  test('a broker whose name and id another address has registered is told to register until it has', async () => {
    const world = await registered()
    const other = { ...MASTER, brokerAddr: '127.0.0.1:10931' }
    const changed = async (ext: typeof MASTER) =>
      (await world.ask(code, { ext, body: DATA_VERSION })).ext?.['changed']
    await world.ask(RequestCode.REGISTER_BROKER, { ext: other, body })
    expect([await changed(MASTER), await changed(other)]).toEqual(['true', 'false'])
    await world.ask(RequestCode.UNREGISTER_BROKER, { ext: other })
    expect([await changed(MASTER), await changed(other)]).toEqual(['true', 'true'])
    await world.ask(RequestCode.REGISTER_BROKER, { ext: MASTER, body })
    expect([await changed(MASTER), await changed(other)]).toEqual(['false', 'true'])
  })

  test('a body over maxRequestBodyBytes is rejected unread', async () => {
    const world = new ProcessorWorld()
    const body = `{"x":"${'x'.repeat(10_000)}"}`
    await expect(world.ask(code, { ext: MASTER, body })).rejects.toMatchObject({
      limit: 'maxRequestBodyBytes',
      message: 'request body of 10008 bytes exceeds maxRequestBodyBytes (10000)',
    })
  })

  test('a body that is not JSON is rejected', async () => {
    const asked = (await registered()).ask(code, { ext: MASTER, body: 'x' })
    await expect(asked).rejects.toMatchObject({ name: 'RemotingCommandError', code: 1 })
  })
})

describe('BROKER_HEARTBEAT', () => {
  test('succeeds for known and unknown brokers', async () => {
    const world = await registered()
    const unknown = { ...MASTER, brokerAddr: 'x:1' }
    expect(await world.ask(RequestCode.BROKER_HEARTBEAT, { ext: MASTER })).toEqual({ code: 0 })
    expect(await world.ask(RequestCode.BROKER_HEARTBEAT, { ext: unknown })).toEqual({ code: 0 })
  })
})

describe.each(['BROKER_HEARTBEAT', 'QUERY_DATA_VERSION', 'UNREGISTER_BROKER'] as const)('%s', (name) => {
  test.each(['clusterName', 'brokerAddr'] as const)('without %s is rejected', async (field) => {
    const { [field]: _, ...ext } = MASTER
    await expect((await registered()).ask(RequestCode[name], { ext })).rejects.toMatchObject({
      name: 'RemotingCommandError',
      code: 1,
      message: `request field ${field} is missing`,
    })
  })
})

describe('GET_BROKER_MEMBER_GROUP', () => {
  const code = RequestCode.GET_BROKER_MEMBER_GROUP
  const remark = 'not set any response code'

  test('responds with the addresses, the requested cluster, and the remark that Java leaves on success', async () => {
    const answer = await (await registered()).ask(code, { ext: { brokerName: 'broker-a', clusterName: 'X' } })
    const addrs = '{0:"127.0.0.1:10911",1:"127.0.0.1:10921"}'
    const group = `{"brokerMemberGroup":{"brokerAddrs":${addrs},"brokerName":"broker-a","cluster":"X"}}`
    expect(answer).toEqual({ code: 0, remark, body: group })
  })

  test('of an unknown broker has no addresses', async () => {
    const answer = await (await registered()).ask(code, { ext: { brokerName: 'broker-x' } })
    expect(answer).toEqual({
      code: 0,
      remark,
      body: '{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"broker-x"}}',
    })
  })
})

describe('GET_BROKER_CLUSTER_INFO', () => {
  test('responds with both tables in legacy JSON', async () => {
    const addrs = '{0:"127.0.0.1:10911",1:"127.0.0.1:10921"}'
    const group = `{"brokerAddrs":${addrs},"brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}`
    expect(await (await registered()).ask(RequestCode.GET_BROKER_CLUSTER_INFO)).toEqual({
      code: 0,
      body: `{"brokerAddrTable":{"broker-a":${group}},"clusterAddrTable":{"DefaultCluster":["broker-a"]}}`,
    })
  })
})

describe('UNREGISTER_BROKER', () => {
  test('removes the broker and responds without ext fields', async () => {
    const world = await registered()
    expect(await world.ask(RequestCode.UNREGISTER_BROKER, { ext: MASTER })).toEqual({ code: 0 })
    const { body: info } = await world.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
    expect(info).toContain('"brokerAddrs":{1:"127.0.0.1:10921"}')
  })

  test('of an unknown broker succeeds, too', async () => {
    const ext = { ...MASTER, brokerName: 'broker-x' }
    expect(await new ProcessorWorld().ask(RequestCode.UNREGISTER_BROKER, { ext })).toEqual({ code: 0 })
  })
})

describe.each([
  ['WIPE_WRITE_PERM_OF_BROKER', 'wipeTopicCount'],
  ['ADD_WRITE_PERM_OF_BROKER', 'addTopicCount'],
] as const)('%s', (name, field) => {
  test('counts the topics of the broker', async () => {
    const world = await registered()
    const ext = { brokerName: 'broker-a' }
    expect(await world.ask(RequestCode[name], { ext })).toEqual({ code: 0, ext: { [field]: '2' } })
    expect(await world.ask(RequestCode[name], { ext })).toEqual({ code: 0, ext: { [field]: '2' } })
  })

  test('of an unknown or missing broker counts none', async () => {
    const world = await registered()
    const none = { code: 0, ext: { [field]: '0' } }
    expect(await world.ask(RequestCode[name], { ext: { brokerName: 'x' } })).toEqual(none)
    expect(await world.ask(RequestCode[name])).toEqual(none)
  })
})

test('an unregistration that finds the queue full is rejected by its limit, without a remark as in Java', () => {
  const full = {
    queue: new BrokerQueue(),
    guard: new RegistrationGuard(new RouteView(new RouteTables())),
    submitUnRegisterBrokerRequest: () => false,
    unRegisterBrokerQueueCapacity: 2,
  } as unknown as RouteInfoManager
  const request = { extFields: new Map(Object.entries(MASTER)) } as unknown as RemotingCommand
  const context = { channel: openChannel(1), nowMs: 0 }
  expect(() => unregisterBroker(full)(request, context)).toThrow(
    expect.objectContaining({
      limit: 'unRegisterBrokerQueueCapacity',
      message: 'unRegisterBrokerQueueCapacity (2) reached',
      busy: false,
      remark: '',
    }) as Error,
  )
})
