import { describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { updateBrokerConfig } from './harness/broker-requests.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import { brokerCredentials, writeAccessFile, writeTlsFile } from './harness/identities.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { ask, brokersOf, routeOf } from './harness/name-server-client.ts'
import { outerReleases, type Release } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

const REGISTER_BROKER = 103

/** A server that rejects disputed registrations, and two sides from which brokers seem to connect: each a host of its own. */
async function guarded(properties: Readonly<Record<string, boolean | string>> = {}) {
  const nameServer = await startNameServer({
    kind: 'ours',
    properties: {
      registrationGuard: 'refuse',
      proxyProtocolTrustedNetworks: '127.0.0.0/8',
      ...properties,
    },
  })
  const side = (host: string): Promise<ChaosProxy> =>
    ChaosProxy.start(nameServer.address, `PROXY TCP4 ${host} 127.0.0.1 40000 ${nameServer.port}\r\n`)
  return { nameServer, sides: [await side('127.0.0.5'), await side('127.0.0.6')] as const }
}

const ACCESS_FILE = `
accounts:
  - { accessKey: guarded-brokers, secretKey: "brokers-secret", roles: [broker] }
certificates:
  - { commonName: "guarded-brokers", roles: [broker] }
`

/** What brokers identify themselves with: those of 4.9 do not sign. */
function identityOf(release: Release, tlsFile: string): Partial<BrokerOptions> {
  return release === '4.9.7'
    ? { javaOptions: ['-Dtls.enable=true', `-Dtls.config.file=${tlsFile}`] }
    : { properties: brokerCredentials('guarded-brokers', 'brokers-secret') }
}

function disputesOf({ program }: NameServer): Record<string, unknown>[] {
  return program.lines
    .filter((line) => line.includes('"msg":"registration disputed"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** Waits until the server shows exactly these members of a group. */
async function shows({ address }: NameServer, name: string, members: Readonly<Record<number, string>>) {
  await until(
    `${name} is ${JSON.stringify(members)}`,
    async () => JSON.stringify((await brokersOf(address))[name] ?? {}) === JSON.stringify(members),
    { timeoutMs: 60_000 },
  )
}

describe.concurrent.each(outerReleases)('brokers of %s with registrationGuard=refuse', (release) => {
  const name = `guarded-${release}`

  test('are served when the machine of the slave takes over from a master that has died, which is rejected when it returns and served when the other leaves', async () => {
    const { nameServer, sides } = await guarded()
    const start = (side: ChaosProxy, more: Partial<BrokerOptions>): Promise<Broker> =>
      startBroker({ release, name, nameServers: [side.address], ...more })
    const [master, slave] = await Promise.all([
      start(sides[0], {}),
      start(sides[1], { properties: { brokerId: 1, brokerRole: 'SLAVE' } }),
    ])
    await shows(nameServer, name, { 0: master.address, 1: slave.address })
    expect(disputesOf(nameServer)).toEqual([])

    await Promise.all([master.program.kill(), slave.program.kill()])
    const successor = await start(sides[1], { store: slave.store })
    await shows(nameServer, name, { 0: successor.address })

    await start(sides[0], { store: master.store, port: master.port })
    await until('the former master is rejected', async () =>
      disputesOf(nameServer).some((line) => line['rejected'] === true),
    )
    expect(disputesOf(nameServer).at(-1)).toMatchObject({
      rule: 'broker_id_taken',
      claimant: '127.0.0.5',
      owner: '127.0.0.6',
      ownerAddr: successor.address,
    })
    await shows(nameServer, name, { 0: successor.address })

    await successor.program.kill()
    await shows(nameServer, name, { 0: master.address })
  }, 300_000)
})

test('a slave of 5.5.0 with the account of its master acts as master with registrationGuard=refuse while its master is stopped, which returns afterwards', async () => {
  const name = 'guarded-acting'
  const accessFile = writeAccessFile(ACCESS_FILE)
  const { nameServer, sides } = await guarded({ supportActingMaster: true, accessFile })
  const start = (side: ChaosProxy, properties: NonNullable<BrokerOptions['properties']>): Promise<Broker> =>
    startBroker({
      release: '5.5.0',
      name,
      nameServers: [side.address],
      properties: {
        enableSlaveActingMaster: true,
        ...brokerCredentials('guarded-brokers', 'brokers-secret'),
        ...properties,
      },
    })
  const [master, slave] = await Promise.all([
    start(sides[0], {}),
    start(sides[1], { brokerId: 1, brokerRole: 'SLAVE', slaveReadEnable: true }),
  ])
  await shows(nameServer, name, { 0: master.address, 1: slave.address })
  const acts = async (address: string): Promise<boolean> =>
    (await routeOf(nameServer.address, name))?.brokerDatas[0]?.brokerAddrs['0'] === address

  master.program.signal('SIGSTOP')
  await until('the slave acts as master', () => acts(slave.address), { timeoutMs: 60_000 })
  master.program.signal('SIGCONT')
  await until('the master is back', () => acts(master.address), { timeoutMs: 60_000 })
  expect(disputesOf(nameServer)).toEqual([])
}, 300_000)

// After the test above, which is not concurrent: no more brokers start at once.
describe.concurrent.each(outerReleases)(
  'a broker of %s with an identity and registrationGuard=refuse',
  (release) => {
    const name = `moving-${release}`

    test('is served at another address before the server notices that its machine is gone, and then under another name', async () => {
      const tlsFile = writeTlsFile('guarded-brokers')
      const accessFile = writeAccessFile(ACCESS_FILE)
      const { nameServer, sides } = await guarded({ accessFile, 'tls.config.file': tlsFile })
      const identity = identityOf(release, tlsFile)
      const start = (side: ChaosProxy, store?: { readonly store: string }): Promise<Broker> =>
        startBroker({ release, name, nameServers: [side.address], ...identity, ...store })
      const first = await start(sides[0])
      await shows(nameServer, name, { 0: first.address })

      const returnNetwork = sides[0].freeze()
      await first.program.kill()
      const claim = {
        clusterName: 'InteropCluster',
        brokerName: name,
        brokerId: '0',
        brokerAddr: '127.0.0.1:1',
      }
      const stranger = await ask(sides[1].address, REGISTER_BROKER, claim)
      expect(stranger).toMatchObject({ code: 16, remark: expect.stringContaining('rule broker_id_taken') })
      const moved = await start(sides[1], { store: first.store })
      await shows(nameServer, name, { 0: moved.address })

      // Its connections break, and the server does not notice that either.
      sides[1].cutNearOnly()
      await updateBrokerConfig(moved, 'brokerName', `${name}-renamed`)
      await shows(nameServer, `${name}-renamed`, { 0: moved.address })
      await shows(nameServer, name, {})
      returnNetwork()
      await until('the server has lost the first machine', () => sides[0].connections === 0)
      await shows(nameServer, `${name}-renamed`, { 0: moved.address })
      expect(disputesOf(nameServer)).toHaveLength(1)
    }, 300_000)
  },
)
