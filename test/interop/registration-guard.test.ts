import { describe, expect, test } from 'vitest'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { brokersOf, routeOf } from './harness/name-server-client.ts'
import { outerReleases } from './harness/packages.ts'
import { until } from './harness/wait-until.ts'

/** A server that rejects disputed registrations, and two sides from which brokers seem to connect: each a host of its own. */
async function guarded(properties: Readonly<Record<string, boolean>> = {}) {
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

function disputesOf({ program }: NameServer, rule: string): Record<string, unknown>[] {
  return program.lines
    .filter((line) => line.includes('"msg":"registration disputed"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['rule'] === rule)
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
    expect(nameServer.program.lines.filter((line) => line.includes('registration disputed'))).toEqual([])

    await Promise.all([master.program.kill(), slave.program.kill()])
    const successor = await start(sides[1], { store: slave.store })
    await shows(nameServer, name, { 0: successor.address })

    await start(sides[0], { store: master.store, port: master.port })
    await until('the former master is rejected', async () =>
      disputesOf(nameServer, 'broker_id_taken').some((line) => line['rejected'] === true),
    )
    expect(disputesOf(nameServer, 'broker_id_taken').at(-1)).toMatchObject({
      claimant: '127.0.0.5',
      owner: '127.0.0.6',
      ownerAddr: successor.address,
    })
    await shows(nameServer, name, { 0: successor.address })

    await successor.program.kill()
    await shows(nameServer, name, { 0: master.address })
  }, 300_000)
})

test('a slave of 5.5.0 acts as master with registrationGuard=refuse while its master is stopped, which returns afterwards', async () => {
  const name = 'guarded-acting'
  const { nameServer, sides } = await guarded({ supportActingMaster: true })
  const start = (side: ChaosProxy, properties: NonNullable<BrokerOptions['properties']>): Promise<Broker> =>
    startBroker({
      release: '5.5.0',
      name,
      nameServers: [side.address],
      properties: { enableSlaveActingMaster: true, ...properties },
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
  expect(nameServer.program.lines.filter((line) => line.includes('registration disputed'))).toEqual([])
}, 300_000)
