import { beforeAll, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

/** Of both brokers, which send heartbeats every second. */
const NOT_ACTIVE_TIMEOUT_MS = 3_000
const STOPPED_MS = 5_000

let nameServer: NameServer
let living: Broker
let dying: Broker

beforeAll(async () => {
  const properties = { scanNotActiveBrokerInterval: 500 }
  nameServer = await startNameServer({ kind: 'ours', properties })
  const start = (name: string): Promise<Broker> =>
    startBroker({
      release: '5.5.0',
      name,
      nameServers: [nameServer.address],
      properties: { enableSlaveActingMaster: true, brokerNotActiveTimeoutMillis: NOT_ACTIVE_TIMEOUT_MS },
    })
  ;[living, dying] = await Promise.all([start('living'), start('dying')])
})

test('a NameServer stopped for longer than the heartbeat timeout keeps the broker that lives, and removes the one that died', async () => {
  const { address, program } = nameServer
  await until('both are registered', async () => {
    const brokers = await brokersOf(address)
    return 'living' in brokers && 'dying' in brokers
  })

  program.signal('SIGSTOP')
  const stoppedAtMs = performance.now()
  await dying.program.kill()
  await until('the time is over', () => performance.now() - stoppedAtMs > STOPPED_MS)
  program.signal('SIGCONT')

  await until('the one that died is gone', async () => {
    const brokers = await brokersOf(address)
    // Thrown here, an error would count as "not yet".
    if (!('living' in brokers)) missed++
    return !('dying' in brokers)
  })
  expect(missed).toBe(0)
  expect(await brokersOf(address)).toHaveProperty('living')
  const said = program.lines.filter((line) => line.includes('process paused'))
  expect(said).toHaveLength(1)
  expect(JSON.parse(said[0] ?? '').pausedMs).toBeGreaterThan(NOT_ACTIVE_TIMEOUT_MS)
  await living.program.kill()
})

let missed = 0
