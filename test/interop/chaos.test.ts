import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, requestFrame } from '../support/raw-client.ts'
import { registration } from '../support/requests.ts'
import { type Broker, type BrokerOptions, startBroker } from './harness/broker.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import { type NameServer, startNameServer, subject } from './harness/name-server.ts'
import { brokersOf } from './harness/name-server-client.ts'
import { RouteWatch } from './harness/route-watch.ts'
import { until } from './harness/wait-until.ts'

/** A broker's `registerNameServerPeriod`, of which this is the least: so long may a living broker be without a route. */
const REGISTERS_EVERY_MS = 10_000
const NOT_ACTIVE_TIMEOUT_MS = 3_000
const SCAN_MS = 500
/** What a busy machine may take on top. */
const SLACK_MS = 3_000
/** Slower than the networks of most, and faster than any timeout. */
const SLOW_NETWORK_MS = 400
/** A broker that stands still for so long is not dead yet. */
const PAUSE_MS = 3_000

const SLOW_READERS = 30
const REQUESTS_OF_EACH = 40
const MANY_TOPICS = 20_000

/** A broker behind a proxy of its own, and whether it has a route. The topic that bears its name is on it alone. */
interface Victim {
  readonly options: BrokerOptions
  readonly proxy: ChaosProxy
  readonly watch: RouteWatch
  broker: Broker
}

let nameServer: NameServer
let beating: Victim
let old: Victim
/** All of them, and all of ours, to be ended whatever happens. */
const victims: Victim[] = []
const clients: RawClient[] = []

async function startVictim(options: Omit<BrokerOptions, 'nameServers'>): Promise<Victim> {
  const proxy = await ChaosProxy.start(nameServer.address)
  const all = { ...options, nameServers: [proxy.address] }
  const watch = new RouteWatch(nameServer.address, options.name)
  const victim = { options: all, proxy, watch, broker: await startBroker(all) }
  victims.push(victim)
  await until(`${options.name} has a route`, () => watch.isThere)
  watch.forget()
  return victim
}

/** They ask for a list of 20,000 topics, over and over, and read nothing. */
async function startSlowReaders(): Promise<void> {
  const manyTopics = await RawClient.connect(nameServer.port)
  clients.push(manyTopics)
  const topics = Array.from({ length: MANY_TOPICS }, (_, index) => `a-topic-of-many-${index}`)
  await manyTopics.request(registration({ name: 'many', address: '127.0.0.1:9', topics }))
  for (let reader = 0; reader < SLOW_READERS; reader++) {
    const client = await RawClient.connect(nameServer.port)
    client.socket.pause()
    const code = reader % 2 === 0 ? 206 : 106
    client.send(...Array.from({ length: REQUESTS_OF_EACH }, (_, opaque) => requestFrame({ code, opaque })))
    clients.push(client)
  }
}

beforeAll(async () => {
  nameServer = await startNameServer({ ...subject, properties: { scanNotActiveBrokerInterval: SCAN_MS } })
  const heartbeats = {
    enableSlaveActingMaster: true,
    compatibleWithOldNameSrv: false,
    brokerNotActiveTimeoutMillis: NOT_ACTIVE_TIMEOUT_MS,
    // A registration that is held up is given up before the next one.
    registerBrokerTimeoutMills: 3_000,
  }
  ;[beating, old] = await Promise.all([
    startVictim({ release: '5.5.0', name: 'beating', properties: heartbeats }),
    startVictim({ release: '4.9.7', name: 'old' }),
    startSlowReaders(),
  ])
})

afterAll(async () => {
  for (const { watch, proxy } of victims) {
    await watch.stop()
    await proxy.close()
  }
  for (const { socket } of clients) socket.destroy()
})

async function back({ options, watch }: Victim): Promise<void> {
  await until(`${options.name} has a route again`, () => watch.isThere, {
    timeoutMs: REGISTERS_EVERY_MS + SLACK_MS,
  })
}

function expectNoGap({ watch }: Victim): void {
  expect(watch.isThere).toBe(true)
  expect(watch.longestGapMs).toBe(0)
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

// Each has a proxy of its own, so they need not wait for each other.
describe('real brokers in a failing network, beside peers that read no response', () => {
  test.concurrent('a broker of 4.9.7 keeps its route, or has it back with its next registration', async () => {
    const victim = old
    const { proxy, watch, options } = victim

    // The broker has lost its connection, and the NameServer does not know until the broker has registered over another.
    const bringNews = proxy.cutNearOnly()
    const before = proxy.connections
    await until('the broker has registered over a new connection', () => proxy.connections > before)
    await pass(SLACK_MS)
    bringNews()
    await pass(SCAN_MS)
    expectNoGap(victim)

    // Everything takes its time, and then every connection is cut.
    proxy.delayMs = SLOW_NETWORK_MS
    proxy.cut()
    await until('its route is gone', () => !watch.isThere, { timeoutMs: SLACK_MS })
    await back(victim)
    proxy.delayMs = 0
    expect(watch.longestGapMs).toBeLessThan(REGISTERS_EVERY_MS + SLACK_MS)
    watch.forget()

    victim.broker.program.signal('SIGSTOP')
    await pass(PAUSE_MS)
    victim.broker.program.signal('SIGCONT')
    expectNoGap(victim)

    // Its machine is gone without a word, and it is started again elsewhere under its address; then the old connection ends.
    const thaw = proxy.freeze()
    const { port, store, program } = victim.broker
    await program.kill()
    victim.broker = await startBroker({ ...options, port, store })
    await until('it has connected', () => proxy.connections > 1)
    await pass(SLACK_MS)
    thaw()
    await until('the old connection has ended', () => proxy.connections === 1)
    await pass(SCAN_MS)
    expectNoGap(victim)
    expect(await brokersOf(nameServer.address)).toMatchObject({ old: { 0: victim.broker.address } })
  })

  test.concurrent('a broker of 5.5.0 with heartbeats expires while it is cut off, and is back when it is not', async () => {
    const victim = beating
    const { proxy, watch } = victim
    const goneInTime = { timeoutMs: NOT_ACTIVE_TIMEOUT_MS + SCAN_MS + SLACK_MS }

    // The connection stays, and nothing comes through.
    const frozenMs = performance.now()
    const thaw = proxy.freeze()
    await until('its route is gone', () => !watch.isThere, goneInTime)
    // Heartbeats come every second, so the last one was at most about that much earlier.
    expect(performance.now() - frozenMs).toBeGreaterThan(NOT_ACTIVE_TIMEOUT_MS - 1_500)
    watch.forget()
    thaw()
    await back(victim)
    expect(watch.longestGapMs).toBeLessThan(REGISTERS_EVERY_MS + SLACK_MS)

    // Of its next connections the later one comes through first, and the earlier one, with an old registration, after it.
    proxy.hold()
    proxy.cut()
    await until('two connections wait', () => proxy.held >= 2, { timeoutMs: 2 * REGISTERS_EVERY_MS })
    watch.forget()
    await proxy.releaseReversed()
    await back(victim)
    expect(watch.longestGapMs).toBeLessThan(REGISTERS_EVERY_MS + SLACK_MS)
    await pass(SLACK_MS)
    await back(victim)

    // Its machine is gone without a word.
    proxy.freeze()
    await victim.broker.program.kill()
    await until('its route is gone', () => !watch.isThere, goneInTime)
    expect(await brokersOf(nameServer.address)).not.toHaveProperty('beating')
  })

  test('leave lookups in time, and no error in the NameServer', () => {
    for (const { watch } of [beating, old]) expect(watch.failures).toEqual([])
    const [, ...slowReaders] = clients
    expect(slowReaders.map(({ bytesReceived }) => bytesReceived)).toEqual(Array(SLOW_READERS).fill(0))
    const serious = nameServer.program.lines.filter((line) => /"level":"(error|fatal)"/.test(line))
    expect(serious).toEqual([])
  })
})
