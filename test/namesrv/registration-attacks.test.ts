import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { signatureOf } from '../../src/access/signature.ts'
import { proxyV1 } from '../support/proxy-headers.ts'
import { type Answer, headerOf, type RawClient, type Request } from '../support/raw-client.ts'
import {
  lookup,
  registrationBody,
  registration as registrationOf,
  type TestBroker,
  unregistration,
} from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'

const NO_PERMISSION = 16
const MASTER_HOST = '10.0.0.5'
const SLAVE_HOST = '10.0.0.6'
const ATTACKER_HOST = '10.0.0.66'
const MASTER: TestBroker = { name: 'broker-a', address: `${MASTER_HOST}:10911`, id: 0 }
const SLAVE: TestBroker = { name: 'broker-a', address: `${SLAVE_HOST}:10911`, id: 1 }
const ATTACKER: TestBroker = { name: 'broker-x', address: `${ATTACKER_HOST}:10911`, id: 0 }

/** A master and its slave, a client and an attacker, each on a machine of its own, at a server with one mode of the guard. */
async function cluster(registrationGuard: string, properties: Readonly<Record<string, string>> = {}) {
  const server = await startServer({
    ...properties,
    registrationGuard,
    proxyProtocolTrustedNetworks: '127.0.0.0/8',
    // Connections stay open without heartbeats.
    serverChannelMaxIdleTimeSeconds: '0',
  })
  let port = 40_000
  const connectFrom = async (host: string): Promise<RawClient> => {
    const client = await server.connect()
    client.send(proxyV1(host, port++))
    return client
  }
  const [master, slave, attacker, client] = [
    await connectFrom(MASTER_HOST),
    await connectFrom(SLAVE_HOST),
    await connectFrom(ATTACKER_HOST),
    await connectFrom('10.0.0.7'),
  ]
  // At the time of the data version itself, a registration is not kept to be compared with the next one.
  server.time.advance(1)
  await master.request(registration(MASTER))
  await slave.request(registration(SLAVE))
  const route = async (topic = 'TopicA'): Promise<string> =>
    (await client.request(lookup(topic))).body.toString()
  return { server, connectFrom, master, slave, attacker, client, route }
}

type Cluster = Awaited<ReturnType<typeof cluster>>

function withFields(request: Request, extFields: Readonly<Record<string, string>>): Request {
  return { ...request, extFields: { ...request.extFields, ...extFields } }
}

function topicBody(queues: number): string {
  const queueData = {
    brokerName: 'broker-a',
    perm: 6,
    readQueueNums: queues,
    writeQueueNums: queues,
    topicSysFlag: 0,
  }
  return JSON.stringify({ queueDatas: [queueData] })
}

/** A registration whose haServerAddr is on the broker's own machine. */
function registration(broker: TestBroker): Request {
  const host = broker.address?.startsWith('10.') === true ? broker.address.split(':')[0] : ATTACKER_HOST
  return withFields(registrationOf(broker), { haServerAddr: `${host}:10912` })
}

/** Whether clients find the master of broker-a. */
function hasMaster(route: string): boolean {
  return route.includes(`"0":"${MASTER.address}"`)
}

interface Attack {
  readonly title: string
  readonly rule: string
  /** Attacks. @returns The response to the request that breaks the rule. */
  run(cluster: Cluster): Promise<Answer>
  /** Whether it has had its effect. */
  hasDamage(cluster: Cluster): Promise<boolean>
}

const AN_HOUR_MS = 3_600_000

const ATTACKS: readonly Attack[] = [
  {
    title: 'the name and id of a live broker, for good by a high stateVersion,',
    rule: 'broker_id_taken',
    run: ({ attacker }) =>
      attacker.request(registration({ ...MASTER, address: `${ATTACKER_HOST}:10911`, stateVersion: 9 })),
    hasDamage: async ({ master, route }) => {
      await master.request(registration(MASTER))
      return (await route()).includes(ATTACKER_HOST)
    },
  },
  {
    title: 'the name and id of a live broker in another cluster',
    rule: 'broker_id_taken',
    run: ({ attacker }) =>
      attacker.request(
        withFields(registration({ ...MASTER, address: `${ATTACKER_HOST}:10911` }), { clusterName: 'Other' }),
      ),
    hasDamage: async ({ route }) => (await route()).includes(ATTACKER_HOST),
  },
  {
    title: 'the address of a live broker with another id',
    rule: 'address_taken',
    run: ({ attacker }) => attacker.request(registration({ ...MASTER, id: 5 })),
    hasDamage: async ({ route }) => !hasMaster(await route()),
  },
  {
    title: 'the address of a live broker under another name',
    rule: 'address_taken',
    run: ({ attacker }) => attacker.request(registration({ ...MASTER, name: 'broker-x' })),
    hasDamage: async ({ route }) => (await route()).includes('"broker-x"'),
  },
  {
    title: 'a negative broker id',
    rule: 'negative_broker_id',
    run: ({ attacker }) =>
      attacker.request(registration({ ...MASTER, id: -1, address: `${ATTACKER_HOST}:10911` })),
    hasDamage: async ({ route }) => (await route()).includes('"-1":'),
  },
  {
    title: 'the bytes of the registration of a live broker, over a connection that closes afterwards,',
    rule: 'address_taken',
    run: async ({ server, master, attacker }) => {
      // Repetitions are compared with the bytes of the last registration alone.
      for (let turn = 0; turn < 2; turn++) await master.request(registration(MASTER))
      expect(server.controller.counters.registrationsUnchanged).toBe(1)
      return attacker.request(registration(MASTER))
    },
    hasDamage: async ({ server, attacker, route }) => {
      attacker.socket.destroy()
      await until(
        'the server has seen the attacker leave',
        () => server.controller.counters.connectionsClosed > 0,
      )
      return !hasMaster(await route())
    },
  },
  {
    title: 'the registration of a live broker with another haServerAddr',
    rule: 'address_taken',
    run: ({ attacker }) =>
      attacker.request(withFields(registration(MASTER), { haServerAddr: `${ATTACKER_HOST}:10912` })),
    hasDamage: async ({ slave }) => {
      const { extFields } = headerOf(await slave.request(registration(SLAVE)))
      return extFields?.['haServerAddr'] === `${ATTACKER_HOST}:10912`
    },
  },
  {
    title: 'a heartbeat timeout that never ends',
    rule: 'heartbeat_timeout',
    run: ({ attacker }) =>
      attacker.request(
        withFields(registration({ ...ATTACKER, topics: ['T1', 'T2'] }), {
          heartbeatTimeoutMillis: `${2n ** 62n}`,
        }),
      ),
    hasDamage: async ({ server, route }) => {
      server.time.advance(AN_HOUR_MS)
      return (await route('T1')).includes('broker-x')
    },
  },
  ...['127.0.0.1:10911', '169.254.169.254:80', '[::1]:10911', 'localhost:10911', '2130706433:10911'].map(
    (address): Attack => ({
      title: `the address ${address} from another machine`,
      rule: 'announced_address',
      run: ({ attacker }) => attacker.request(registration({ ...ATTACKER, address })),
      hasDamage: async ({ route }) => (await route()).includes('broker-x'),
    }),
  ),
  {
    title: 'a loopback haServerAddr from another machine',
    rule: 'announced_address',
    run: ({ attacker }) =>
      attacker.request(withFields(registration(ATTACKER), { haServerAddr: '127.0.0.1:10912' })),
    hasDamage: async ({ route }) => (await route()).includes('broker-x'),
  },
  {
    title: 'a topic with more queues than clients can hold',
    rule: 'queue_count',
    run: ({ attacker }) =>
      attacker.request({
        ...registration(ATTACKER),
        body: registrationBody(['TopicA', 'TopicX']).replaceAll(
          '"writeQueueNums":4',
          '"writeQueueNums":2147483647',
        ),
      }),
    hasDamage: async ({ route }) => (await route()).includes('2147483647'),
  },
  {
    title: 'an unregistration (104) of a live broker',
    rule: 'unregistration',
    run: ({ attacker }) => attacker.request(unregistration(MASTER)),
    hasDamage: async ({ route }) => !hasMaster(await route()),
  },
  {
    title: 'an unregistration (104) of a live broker that names another cluster',
    rule: 'unregistration',
    run: ({ attacker }) => attacker.request(withFields(unregistration(MASTER), { clusterName: 'Other' })),
    hasDamage: async ({ route }) => !hasMaster(await route()),
  },
  ...[904, 322].map(
    (code): Attack => ({
      title: `heartbeats (${code}) for a broker that has died`,
      rule: 'heartbeat',
      run: ({ server, attacker }) => {
        server.time.advance(100_000)
        return attacker.request({ ...unregistration(MASTER), code })
      },
      hasDamage: async ({ server, route }) => {
        server.time.advance(100_000)
        return (await route()).includes('broker-a')
      },
    }),
  ),
  {
    title: 'a topic (217) of a broker of another owner',
    rule: 'topic',
    run: ({ attacker }) =>
      attacker.request({ code: 217, extFields: { topic: 'TopicA' }, body: topicBody(999) }),
    hasDamage: async ({ route }) => (await route()).includes('999'),
  },
]

function disputesOf({ controller }: TestServer, rule: string) {
  return {
    counted: controller.counters.registrationDisputes[rule] ?? 0,
    events: controller.events
      .list()
      .filter(({ kind, text }) => kind === 'registration_disputed' && text.startsWith(rule)),
  }
}

describe('a broker that is restored after a restart of the server', () => {
  const TAKEN: TestBroker = { ...MASTER, address: `${ATTACKER_HOST}:10911` }

  async function restarted() {
    const routeSnapshotPath = join(temporaryFolder(), 'routes')
    const { server } = await cluster('refuse', { routeSnapshotPath })
    await server.controller.shutdown()
    const next = await startServer({
      routeSnapshotPath,
      registrationGuard: 'refuse',
      proxyProtocolTrustedNetworks: '127.0.0.0/8',
      serverChannelMaxIdleTimeSeconds: '0',
    })
    const ask = async (host: string, request: Request): Promise<number> => {
      const client = await next.connect()
      client.send(proxyV1(host, 40_000))
      return headerOf(await client.request(request)).code
    }
    return { next, ask }
  }

  test.each<[string, Request]>([
    ['its id', registration(TAKEN)],
    ['its address', registration({ ...MASTER, id: 5 })],
    ['its place', unregistration(MASTER)],
    ['its heartbeats', { ...unregistration(MASTER), code: 904 }],
    ['its topics', { code: 217, extFields: { topic: 'TopicA' }, body: topicBody(999) }],
  ])('keeps %s until it registers again', async (_, attack) => {
    const { ask } = await restarted()
    expect(await ask(ATTACKER_HOST, attack)).toBe(NO_PERMISSION)
    expect(await ask(MASTER_HOST, registration(MASTER))).toBe(0)
    expect(await ask(ATTACKER_HOST, attack)).toBe(NO_PERMISSION)
  })

  test('can be replaced when its grace period is over', async () => {
    const { next, ask } = await restarted()
    next.time.advance(120_001)
    expect(await ask(ATTACKER_HOST, registration(TAKEN))).toBe(0)
  })
})

describe('a broker with an access file', () => {
  const SECRET = 'a secret of brokers'
  const ACCOUNTS = `accounts:\n  - accessKey: brokers\n    secretKey: "${SECRET}"\n    roles: [broker]\n`
  const MOVED: TestBroker = { ...MASTER, address: '10.0.0.9:10911' }

  async function withFile(text: string, registrationGuard = 'refuse') {
    const accessFile = join(temporaryFolder(), 'access.yml')
    writeFileSync(accessFile, text, { mode: 0o600 })
    return cluster(registrationGuard, { accessFile })
  }

  function signed(request: Request, secret = SECRET): Request {
    const extFields = { ...request.extFields, AccessKey: 'brokers' }
    const body = request.body === undefined ? null : Buffer.from(request.body)
    const Signature = signatureOf(new Map(Object.entries(extFields)), body, secret)
    return { ...request, extFields: { ...extFields, Signature } }
  }

  const codeOf = async (response: Promise<Answer>): Promise<number> => headerOf(await response).code

  test('may move while its former address is alive if it signs as the same account, whose secret another does not know', async () => {
    const { connectFrom, master, attacker, route } = await withFile(ACCOUNTS)
    // Until now an address owned it; over the same connection the account becomes its owner.
    expect(await codeOf(master.request(signed(registration(MASTER))))).toBe(0)
    expect(await codeOf(attacker.request(signed(registration(MOVED), 'not the secret')))).toBe(NO_PERMISSION)
    expect(await codeOf(attacker.request(registration(MOVED)))).toBe(NO_PERMISSION)
    expect(hasMaster(await route())).toBe(true)
    const moved = await connectFrom('10.0.0.9')
    expect(await codeOf(moved.request(signed(registration(MOVED))))).toBe(0)
    expect(await route()).toContain('"0":"10.0.0.9:10911"')
  })

  test('may move within a named network where a policy says who may register, and not where all may', async () => {
    const networks = 'networks:\n  brokers: [10.0.0.0/28]\n  ops: [10.9.0.0/28]\n'
    const rules =
      'rules:\n  - allow: [admin]\n    from: ops\n  - allow: [register, lookup, list]\n    from: [brokers]\n'
    const strict = await withFile(`profile: strict\n${networks}${rules}`)
    const open = await withFile(networks)
    for (const [{ connectFrom }, expected] of [
      [strict, 0],
      [open, NO_PERMISSION],
    ] as const) {
      const moved = await connectFrom('10.0.0.9')
      expect(await codeOf(moved.request(registration(MOVED)))).toBe(expected)
    }
  })

  test('is guarded as the file says, whatever the configuration does', async () => {
    const guard = 'guard:\n  takeOver: refuse\n  maxHeartbeatTimeoutMillis: 10000\n'
    const { attacker } = await withFile(guard, 'off')
    expect(await codeOf(attacker.request(registration({ ...MASTER, id: 5 })))).toBe(NO_PERMISSION)
    const { remark } = headerOf(
      await attacker.request(registration({ ...ATTACKER, heartbeatTimeoutMs: 10_001 })),
    )
    expect(remark).toContain('exceeds maxHeartbeatTimeoutMillis (10000)')
    expect(await codeOf(attacker.request(registration({ ...ATTACKER, heartbeatTimeoutMs: 10_000 })))).toBe(0)
  })
})

describe.each(ATTACKS)('$title sent by another machine', ({ rule, run, hasDamage }) => {
  test('has its effect with registrationGuard=off, as with Java', async () => {
    const world = await cluster('off')
    expect(headerOf(await run(world)).code).toBe(0)
    expect(await hasDamage(world)).toBe(true)
    expect(disputesOf(world.server, rule)).toEqual({ counted: 0, events: [] })
  })

  test('has its effect with log, and is counted, an event and a log line', async () => {
    const world = await cluster('log')
    expect(headerOf(await run(world)).code).toBe(0)
    expect(await hasDamage(world)).toBe(true)
    const { counted, events } = disputesOf(world.server, rule)
    expect(counted).toBeGreaterThan(0)
    expect(events).toHaveLength(1)
    expect(events[0]?.text).toContain(`by ${ATTACKER_HOST} (${ATTACKER_HOST}:`)
    expect(world.server.lines).toContainEqual(
      expect.objectContaining({
        msg: 'registration disputed',
        rule,
        claimant: ATTACKER_HOST,
        rejected: false,
      }),
    )
  })

  test('is rejected with refuse, with the rule in the remark, and brokers and clients notice nothing', async () => {
    const world = await cluster('refuse')
    const before = await world.route()
    expect(hasMaster(before)).toBe(true)
    const { code, remark } = headerOf(await run(world))
    expect(code).toBe(NO_PERMISSION)
    expect(remark).toMatch(/^registrationGuard: .+ \(rule \w+\)$/)
    expect(remark).toContain(`(rule ${rule})`)
    expect(await hasDamage(world)).toBe(false)
    expect(disputesOf(world.server, rule).counted).toBe(1)
    for (const [host, broker] of [
      [MASTER_HOST, MASTER],
      [SLAVE_HOST, SLAVE],
    ] as const) {
      const connection = await world.connectFrom(host)
      expect(headerOf(await connection.request(registration(broker))).code).toBe(0)
    }
    expect(await world.route()).toBe(before)
  })
})
