import { describe, expect, test } from 'vitest'
import type { Identity } from '../../src/protocol/identity.ts'
import { RequestCode } from '../../src/protocol/request-code.ts'
import {
  type Dispute,
  RegistrationGuard,
  type RegistrationGuardOptions,
} from '../../src/routeinfo/registration-guard.ts'
import { RouteTables } from '../../src/routeinfo/route-tables.ts'
import { RouteView } from '../../src/routeinfo/route-view.ts'
import {
  type FakeChannel,
  openChannel,
  registration,
  tableOf,
  topicConfig,
} from '../routeinfo/route-helpers.ts'
import { type Answered, DATA_VERSION, ProcessorWorld, registrationBody } from './processor-world.ts'

const BODY = registrationBody(['T1', 'T2'])
const { REGISTER_BROKER, UNREGISTER_BROKER, BROKER_HEARTBEAT, QUERY_DATA_VERSION } = RequestCode
const ACCOUNT: Identity = { kind: 'account', name: 'brokers', roles: new Set() }
const certified = (name: string): Identity => ({
  ...{ kind: 'certificate', name, roles: new Set(['broker']), owner: 'broker-*' },
})
const TIMEOUT_MS = 120_000

interface Sender {
  readonly channel: FakeChannel
  readonly identity?: Identity
}

let channels = 0

/** A connection of a host. */
function from(host: string, identity?: Identity): Sender {
  const id = ++channels
  const channel = { ...openChannel(id), host, remoteAddress: `${host}:${40_000 + id}`, isLoopback: false }
  return identity === undefined ? { channel } : { channel, identity }
}

function broker(brokerId: number, brokerAddr: string, more: Readonly<Record<string, string>> = {}) {
  const base = { clusterName: 'C', brokerName: 'broker-a', brokerId: `${brokerId}`, brokerAddr }
  return { ...base, haServerAddr: brokerAddr.replace(/\d+$/, '10912'), enableActingMaster: 'false', ...more }
}

function guardedWorld(options: RegistrationGuardOptions = { mode: 'refuse' }) {
  const disputes: Dispute[] = []
  const world = new ProcessorWorld({
    guard: { ...options, onDispute: (dispute) => void disputes.push(dispute) },
  })
  const ask = async (code: RequestCode, ext: Record<string, string>, sender: Sender, body?: string) => {
    try {
      return await world.ask(code, { ext, ...sender, ...(body !== undefined && { body }) })
    } catch (error) {
      const { code: rejected, message } = error as { code: number; message: string }
      return { code: rejected, remark: message } as Answered
    }
  }
  return {
    world,
    disputes,
    ask,
    register: (ext: Record<string, string>, sender: Sender) => ask(REGISTER_BROKER, ext, sender, BODY),
    members: async () => {
      const { body = '' } = await world.ask(RequestCode.GET_BROKER_MEMBER_GROUP, {
        ext: { clusterName: 'C', brokerName: 'broker-a' },
      })
      return [...body.matchAll(/(-?\d+):"([^"]+)"/g)].map(([, id, addr]) => `${id}=${addr}`)
    },
  }
}

const OK = { code: 0 }
const REJECTED = { code: 16, remark: expect.stringMatching(/^registrationGuard: /) as string }

describe('with refuse, an honest broker is served', () => {
  test('that restarts on another port of its host before its former connection is known to be lost', async () => {
    const { register, members } = guardedWorld()
    await register(broker(0, '10.0.0.5:10911'), from('10.0.0.5'))
    expect(await register(broker(0, '10.0.0.5:20911'), from('10.0.0.5'))).toMatchObject(OK)
    expect(await members()).toEqual(['0=10.0.0.5:20911'])
  })

  test('that connects again and repeats its registration', async () => {
    const { register, disputes } = guardedWorld()
    const ext = broker(0, '10.0.0.5:10911')
    for (let turn = 0; turn < 3; turn++) expect(await register(ext, from('10.0.0.5'))).toMatchObject(OK)
    expect(disputes).toEqual([])
  })

  test('that gets another name', async () => {
    const { register, members } = guardedWorld()
    await register(broker(0, '10.0.0.5:10911', { brokerName: 'broker-old' }), from('10.0.0.5'))
    expect(await register(broker(0, '10.0.0.5:10911'), from('10.0.0.5'))).toMatchObject(OK)
    expect(await members()).toEqual(['0=10.0.0.5:10911'])
  })

  test('beside another one on its host, and both leave', async () => {
    const { register, ask, members } = guardedWorld()
    const [one, two] = [from('10.0.0.5'), from('10.0.0.5')]
    await register(broker(0, '10.0.0.5:10911'), one)
    expect(await register(broker(1, '10.0.0.5:20911'), two)).toMatchObject(OK)
    expect(await ask(UNREGISTER_BROKER, broker(0, '10.0.0.5:10911'), one)).toMatchObject(OK)
    expect(await members()).toEqual(['1=10.0.0.5:20911'])
    expect(await ask(UNREGISTER_BROKER, broker(1, '10.0.0.5:20911'), two)).toMatchObject(OK)
  })

  test('that a BrokerContainer registers with others over one connection, though their hosts differ', async () => {
    const { register, ask, disputes } = guardedWorld()
    const container = from('10.0.0.5')
    await register(broker(0, '10.1.0.5:10911'), container)
    await register(broker(0, '10.1.0.5:20911', { brokerName: 'broker-b' }), container)
    expect(await ask(BROKER_HEARTBEAT, broker(0, '10.1.0.5:20911'), container)).toMatchObject(OK)
    expect(await register(broker(0, '10.1.0.5:10911'), container)).toMatchObject(OK)
    expect(disputes).toEqual([])
  })

  test.each<[string, Sender, Sender, RegistrationGuardOptions]>([
    ['of the same account', from('10.0.0.5', ACCOUNT), from('10.0.0.9', ACCOUNT), { mode: 'refuse' }],
    [
      'with another certificate of the same entry',
      from('10.0.0.5', certified('broker-a-0')),
      from('10.0.0.9', certified('broker-a-1')),
      { mode: 'refuse' },
    ],
    [
      'of one named network',
      from('10.0.0.5'),
      from('10.0.0.9'),
      { mode: 'refuse', networkOf: (host) => (host.startsWith('10.0.') ? 'brokers' : undefined) },
    ],
  ])('%s that moves to another address while its former one is alive', async (_, before, after, options) => {
    const { register, members } = guardedWorld(options)
    await register(broker(0, '10.0.0.5:10911'), before)
    expect(await register(broker(0, '10.0.0.9:10911'), after)).toMatchObject(OK)
    expect(await members()).toEqual(['0=10.0.0.9:10911'])
  })

  test.each<[string, string, Identity | undefined]>([
    ['network is renamed', 'broker-net', undefined],
    ['account is introduced', 'brokers', ACCOUNT],
  ])(
    'at the address that it announces, when its %s and its connection is lost',
    async (_, renamed, identity) => {
      let network = 'brokers'
      const { register, ask, disputes } = guardedWorld({ mode: 'refuse', networkOf: () => network })
      const ext = broker(0, '10.0.0.5:10911')
      await register(ext, from('10.0.0.5'))
      network = renamed
      const again = from('10.0.0.5', identity)
      expect(await ask(BROKER_HEARTBEAT, ext, again)).toMatchObject(OK)
      expect(await register(ext, again)).toMatchObject(OK)
      expect(disputes).toEqual([])
      network = 'others'
      expect(await register(ext, from('10.0.0.9'))).toMatchObject(REJECTED)
      expect(await ask(UNREGISTER_BROKER, ext, from('10.0.0.9'))).toMatchObject(REJECTED)
      if (identity !== undefined) expect(await register(ext, from('10.0.0.5'))).toMatchObject(REJECTED)
    },
  )

  test('that takes the id of its master, which is alive but cut off, with the same account', async () => {
    const { register, ask, members } = guardedWorld()
    const [master, slave] = [from('10.0.0.5', ACCOUNT), from('10.0.0.6', ACCOUNT)]
    await register(broker(0, '10.0.0.5:10911'), master)
    await register(broker(1, '10.0.0.6:10911'), slave)
    expect(await register(broker(0, '10.0.0.6:10911'), slave)).toMatchObject(OK)
    expect(await ask(BROKER_HEARTBEAT, broker(0, '10.0.0.6:10911'), slave)).toMatchObject(OK)
    // The former master returns as a slave.
    expect(await register(broker(1, '10.0.0.5:10911'), master)).toMatchObject(OK)
    expect((await members()).sort()).toEqual(['0=10.0.0.6:10911', '1=10.0.0.5:10911'])
  })

  test('that takes the id of its master without an account, as soon as the connection of that one has closed', async () => {
    const { world, register, members } = guardedWorld()
    const [master, slave] = [from('10.0.0.5'), from('10.0.0.6')]
    await register(broker(0, '10.0.0.5:10911'), master)
    await register(broker(1, '10.0.0.6:10911'), slave)
    world.close(master.channel)
    expect(await register(broker(0, '10.0.0.6:10911'), slave)).toMatchObject(OK)
    expect(await members()).toEqual(['0=10.0.0.6:10911'])
  })

  test('whose account becomes known to the server while it is connected', async () => {
    const { register, disputes } = guardedWorld()
    const { channel } = from('10.0.0.5')
    await register(broker(0, '10.0.0.5:10911'), { channel })
    expect(await register(broker(0, '10.0.0.5:10911'), { channel, identity: ACCOUNT })).toMatchObject(OK)
    // From now on it belongs to the account, also at another address.
    expect(await register(broker(0, '10.0.0.9:10911'), from('10.0.0.9', ACCOUNT))).toMatchObject(OK)
    expect(disputes).toEqual([])
  })

  test('that announces a loopback address from the machine of the server', async () => {
    const { world, register } = guardedWorld({ mode: 'refuse', isLocalHost: () => true })
    expect(await register(broker(0, '127.0.0.1:10911'), { channel: world.channel })).toMatchObject(OK)
  })

  test('that has the heartbeat timeout and the queues of the limits exactly', async () => {
    const { ask } = guardedWorld({ mode: 'refuse', maxHeartbeatTimeoutMs: 600_000 })
    const ext = broker(0, '10.0.0.5:10911', { heartbeatTimeoutMillis: '600000' })
    const body = BODY.replaceAll('"writeQueueNums":8', '"writeQueueNums":65536')
    expect(await ask(REGISTER_BROKER, ext, from('10.0.0.5'), body)).toMatchObject(OK)
    const more = { ...ext, heartbeatTimeoutMillis: '600001' }
    expect(await ask(REGISTER_BROKER, more, from('10.0.0.5'), body)).toMatchObject(REJECTED)
    const bigger = BODY.replaceAll('"readQueueNums":8', '"readQueueNums":65537')
    expect(await ask(REGISTER_BROKER, ext, from('10.0.0.5'), bigger)).toMatchObject(REJECTED)
  })
})

describe('a broker that moves to another address without an account, while its former one is alive,', () => {
  test('is served with log, and reported', async () => {
    const { register, members, disputes } = guardedWorld({ mode: 'log' })
    await register(broker(0, '10.0.0.5:10911'), from('10.0.0.5'))
    expect(await register(broker(0, '10.0.0.9:10911'), from('10.0.0.9'))).toMatchObject(OK)
    expect(await members()).toEqual(['0=10.0.0.9:10911'])
    expect(disputes).toMatchObject([
      {
        rule: 'broker_id_taken',
        live: { owner: '10.0.0.5' },
        claimant: { owner: '10.0.0.9' },
        isRejected: false,
      },
    ])
  })

  test('is rejected with refuse until the heartbeat timeout of the former one is over', async () => {
    const { world, register, members } = guardedWorld()
    await register(broker(0, '10.0.0.5:10911'), from('10.0.0.5'))
    const moved = from('10.0.0.9')
    world.nowMs = TIMEOUT_MS
    expect(await register(broker(0, '10.0.0.9:10911'), moved)).toMatchObject(REJECTED)
    expect(await members()).toEqual(['0=10.0.0.5:10911'])
    world.nowMs = TIMEOUT_MS + 1
    expect(await register(broker(0, '10.0.0.9:10911'), moved)).toMatchObject(OK)
    expect(await members()).toEqual(['0=10.0.0.9:10911'])
  })
})

describe('a broker that an account has registered', () => {
  test.each<[string, RequestCode]>([
    ['a registration', REGISTER_BROKER],
    ['an unregistration', UNREGISTER_BROKER],
    ['a heartbeat', BROKER_HEARTBEAT],
    ['a version query', QUERY_DATA_VERSION],
  ])('is protected from %s of its own host without that account', async (_, code) => {
    const { register, ask } = guardedWorld()
    const ext = broker(0, '10.0.0.5:10911')
    await register(ext, from('10.0.0.5', ACCOUNT))
    const body = code === QUERY_DATA_VERSION ? DATA_VERSION : BODY
    expect(await ask(code, ext, from('10.0.0.5'), body)).toMatchObject(REJECTED)
    const other: Identity = { kind: 'account', name: 'others', roles: new Set() }
    expect(await ask(code, ext, from('10.0.0.5', other), body)).toMatchObject(REJECTED)
    expect(await ask(code, ext, from('10.0.0.9', ACCOUNT), body)).toMatchObject(OK)
  })

  test('is another owner than a certificate of the same name', async () => {
    const { register } = guardedWorld()
    const ext = broker(0, '10.0.0.5:10911')
    await register(ext, from('10.0.0.5', ACCOUNT))
    const certificate: Identity = { kind: 'certificate', name: 'brokers', roles: new Set() }
    expect(await register(ext, from('10.0.0.5', certificate))).toMatchObject(REJECTED)
  })
})

describe('the flags of a group', () => {
  const acting = { enableActingMaster: 'true', __ZONE_NAME: 'zone-x' }
  const flagsOf = async ({ world }: ReturnType<typeof guardedWorld>) => {
    const { body = '' } = await world.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
    return { acting: body.includes('"enableActingMaster":true'), zone: body.includes('zone-x') }
  }

  test('follow a member of another owner with log, which is reported', async () => {
    const guarded = guardedWorld({ mode: 'log' })
    await guarded.register(broker(0, '10.0.0.5:10911'), from('10.0.0.5'))
    await guarded.register(broker(9, '10.0.0.66:10911', acting), from('10.0.0.66'))
    expect(await flagsOf(guarded)).toEqual({ acting: true, zone: true })
    expect(guarded.disputes).toMatchObject([{ rule: 'group_flags', live: { owner: '10.0.0.5' } }])
  })

  test('stay those of the master with refuse, which accepts the member', async () => {
    const guarded = guardedWorld()
    await guarded.register(broker(0, '10.0.0.5:10911'), from('10.0.0.5'))
    expect(await guarded.register(broker(9, '10.0.0.66:10911', acting), from('10.0.0.66'))).toMatchObject(OK)
    expect(await flagsOf(guarded)).toEqual({ acting: false, zone: false })
    expect(guarded.disputes).toMatchObject([{ rule: 'group_flags', isRejected: true }])
  })

  test('do not follow a registration that is rejected as an increment that came first, with refuse', async () => {
    const guarded = guardedWorld()
    await guarded.register(broker(1, '10.0.0.6:10911'), from('10.0.0.6'))
    const ext = broker(9, '10.0.0.66:10911', acting)
    const increment = registrationBody(['T9'])
    expect(await guarded.ask(REGISTER_BROKER, ext, from('10.0.0.66'), increment)).toMatchObject({ code: 1 })
    expect(await flagsOf(guarded)).toEqual({ acting: false, zone: false })
  })

  test('stay those of the slave with the min broker id with refuse while the master is away, and so do topics (217)', async () => {
    const guarded = guardedWorld()
    const [master, slave, stranger] = [from('10.0.0.5'), from('10.0.0.6'), from('10.0.0.66')]
    await guarded.register(broker(0, '10.0.0.5:10911'), master)
    await guarded.register(broker(1, '10.0.0.6:10911'), slave)
    await guarded.ask(UNREGISTER_BROKER, broker(0, '10.0.0.5:10911'), master)
    expect(await guarded.register(broker(7, '10.0.0.66:10911', acting), stranger)).toMatchObject(OK)
    expect(await flagsOf(guarded)).toEqual({ acting: false, zone: false })
    expect(guarded.disputes).toMatchObject([{ rule: 'group_flags', live: { owner: '10.0.0.6' } }])
    const queueDatas = [{ brokerName: 'broker-a', readQueueNums: 9, writeQueueNums: 9, perm: 6 }]
    const register = (sender: Sender) =>
      guarded.ask(
        RequestCode.REGISTER_TOPIC_IN_NAMESRV,
        { topic: 'T9' },
        sender,
        JSON.stringify({ queueDatas }),
      )
    expect(await register(stranger)).toMatchObject(REJECTED)
    expect(await register(slave)).toMatchObject(OK)
    // The master that returns leads again, with its first registration.
    await guarded.register(broker(0, '10.0.0.5:10911', acting), master)
    expect(await flagsOf(guarded)).toEqual({ acting: true, zone: true })
  })

  test('follow the master, and a slave of the same account', async () => {
    const guarded = guardedWorld()
    await guarded.register(broker(0, '10.0.0.5:10911'), from('10.0.0.5', ACCOUNT))
    await guarded.register(broker(1, '10.0.0.6:10911', acting), from('10.0.0.6', ACCOUNT))
    expect(await flagsOf(guarded)).toEqual({ acting: true, zone: true })
    expect(guarded.disputes).toEqual([])
  })
})

test('A registration is a repetition for the same owner as for the guard: an account at the address of the broker, too', async () => {
  const { world, register } = guardedWorld()
  const ext = broker(0, '10.0.0.1:10911')
  const repeated = async (sender: Sender): Promise<boolean> => {
    const { registrationsUnchanged } = world.counters
    expect((await register(ext, sender)).code).toBe(0)
    return world.counters.registrationsUnchanged > registrationsUnchanged
  }
  expect(await repeated(from('10.0.0.1'))).toBe(false)
  expect(await repeated(from('10.0.0.1', ACCOUNT))).toBe(true)
})

test('Queues are counted in steps of one topic', () => {
  const guard = new RegistrationGuard(new RouteView(new RouteTables()), { mode: 'log' })
  const topics = ['T1', 'T2', 'T3'].map((name) => [name, topicConfig(name, { readQueueNums: 65 })] as const)
  const topicConfigTable = tableOf(new Map(topics))
  expect([...guard.checkRegistration(registration({ generation: 1, topicConfigTable }))]).toHaveLength(3)
})
