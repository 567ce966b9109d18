import { describe, expect, onTestFinished, test } from 'vitest'
import { SelfProbe } from '../../src/namesrv/self-probe.ts'
import type { Processor } from '../../src/protocol/processor.ts'
import type { RemotingResponse } from '../../src/protocol/remoting-command.ts'
import { Counters } from '../../src/stats/counters.ts'
import { startFakePeer } from '../support/fake-peer.ts'
import { get } from '../support/http.ts'
import { requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { startRemotingServer } from '../support/start-remoting-server.ts'
import { startServer } from '../support/start-server.ts'
import { testContext } from '../support/test-context.ts'
import { until } from '../support/until.ts'

const NO_ROUTE: RemotingResponse = { code: 17, remark: 'none' }

/** A probe of a remoting server whose own processors serve nothing. */
async function startProbe(lookup: Processor, options: Parameters<typeof startRemotingServer>[1] = {}) {
  const counters = new Counters()
  const remoting = await startRemotingServer({}, { ...options, counters })
  const { context, time, lines } = testContext()
  const probe = new SelfProbe(context, remoting.server, lookup, () => 'TopicA')
  probe.start()
  onTestFinished(() => probe.stop())
  const { selfProbe } = context.durations
  return { ...remoting, counters, context, time, lines, probe, durations: selfProbe }
}

/** One period, and the turns of the event loop that a lookup takes. */
async function tick(time: { advance(ms: number): void }): Promise<void> {
  time.advance(1_000)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

describe('the self-probe', () => {
  test('looks a topic up each second over one connection, which is counted nowhere', async () => {
    const seen: unknown[] = []
    const { durations, time, counters, server, probe, happened } = await startProbe(({ code, extFields }) => {
      seen.push([code, extFields?.get('topic')])
      return NO_ROUTE
    })
    for (let number = 1; number <= 3; number++) {
      time.advance(1_000)
      await until(`lookup ${number} has its response`, () => durations.count === number)
    }
    expect(seen).toEqual([
      [105, 'TopicA'],
      [105, 'TopicA'],
      [105, 'TopicA'],
    ])
    expect(counters).toEqual(new Counters())
    expect(server.connections).toBe(0)
    expect(probe.problem).toBeUndefined()
    probe.stop()
    time.advance(10_000)
    expect(happened).toEqual([])
    expect(durations.count).toBe(3)
  })

  test('takes no place of a client, and works where TLS is enforced', async () => {
    const { durations, time, connect, counters } = await startProbe(() => NO_ROUTE, {
      limits: { maxConnections: 1, maxConnectionsPerAddress: 1 },
      handshake: { tlsMode: 'enforcing' },
    })
    time.advance(1_000)
    await until('the lookup has its response', () => durations.count === 1)
    await connect()
    await until('the client is accepted', () => counters.connectionsAccepted === 1)
    time.advance(1_000)
    await until('the next one has its response', () => durations.count === 2)
  })

  test('works while clients use all of maxConnections, and further clients are rejected', async () => {
    const { durations, time, connect, counters, happened, probe } = await startProbe(() => NO_ROUTE, {
      limits: { maxConnections: 1 },
    })
    await connect()
    await until('the client is accepted', () => counters.connectionsAccepted === 1)
    await connect()
    await until('the next one is rejected', () => happened.length > 0)
    for (let number = 1; number <= 4; number++) {
      time.advance(1_000)
      await until(`lookup ${number} has its response`, () => durations.count === number)
    }
    expect(probe.problem).toBeUndefined()
    expect(happened).toHaveLength(1)
    expect(counters.connectionsAccepted).toBe(1)
  })

  test('fails when there is no response for three seconds, and succeeds again', async () => {
    let answer = (_: RemotingResponse): void => {}
    const { time, probe, lines, context, durations } = await startProbe(
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    for (let second = 0; second < 3; second++) await tick(time)
    expect(probe.problem).toBeUndefined()
    await tick(time)
    expect(probe.problem).toBe('3 lookups through the own port failed: no response')
    expect(context.counters.selfProbeFailures).toBe(3)
    // On a new connection.
    await tick(time)
    answer(NO_ROUTE)
    await until('it succeeds', () => probe.problem === undefined)
    expect(durations.count).toBe(1)
    expect(lines).toEqual([
      { level: 'warn', msg: 'self-probe failed: not ready', failures: 3, reason: 'no response' },
      { level: 'info', msg: 'self-probe succeeded again', failures: 3 },
    ])
  })

  test('fails while lookups fail, and not while they are rejected until brokers have registered', async () => {
    let isFailing = true
    const { time, probe } = await startProbe(() => {
      if (isFailing) throw new Error('a bug')
      return { code: 1, remark: 'name server not ready' }
    })
    for (let second = 0; second < 3; second++) await tick(time)
    expect(probe.problem).toBe('3 lookups through the own port failed: response 1: Error: a bug')
    isFailing = false
    await tick(time)
    expect(probe.problem).toBeUndefined()
  })

  test('does not take a pause of the process for a failure', async () => {
    const { time, context, durations } = await startProbe(() => NO_ROUTE)
    time.advance(60_000)
    await until('a lookup has its response', () => durations.count === 1)
    expect(context.counters.selfProbeFailures).toBe(0)
  })

  test('asks no product environment in cluster-test mode while no broker has registered', async () => {
    const product = await startFakePeer()
    const {
      httpPort = 0,
      time,
      connect,
      controller,
    } = await startServer({
      httpListenPort: 'any',
      clusterTest: 'true',
      'rocketmq.namesrv.addr': product.address,
    })
    const client = await connect()
    for (let second = 0; second < 4; second++) await tick(time)
    expect(await get(httpPort, '/readyz?verbose')).toContain('[+]selfProbe ok\n')
    expect(controller.counters.selfProbeFailures).toBe(0)
    expect(product.received).toEqual([])
    // Of a client, the lookup is passed on.
    client.send(requestFrame(lookup('Unknown')))
    await until('the product environment is asked', () => product.received.length > 0)
    time.advance(3_000)
    await client.next()
  })

  test('is a check of /readyz, counts as no client, and stops with the server', async () => {
    const { httpPort = 0, time, controller, connect } = await startServer({ httpListenPort: 'any' })
    expect(await get(httpPort, '/readyz?verbose')).toContain('[+]selfProbe ok\n')
    await (await connect()).request(registration())
    time.advance(1_000)
    await until('a route was looked up', () => controller.counters.routeCacheMisses === 1)
    time.advance(1_000)
    await until('it was again', () => controller.counters.routeCacheHits === 1)
    expect(controller.counters).toMatchObject({ connectionsAccepted: 1, framesIn: 1, selfProbeFailures: 0 })
    expect(controller.counters.requests.entries()).toEqual([[103, 1]])
    await controller.shutdown()
    expect(controller.counters.connectionsAccepted).toBe(1)
  })
})
