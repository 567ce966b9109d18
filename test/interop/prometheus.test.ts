import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawClient, requestFrame } from '../support/raw-client.ts'
import { lookup, registration } from '../support/requests.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { type Prometheus, promtool, startPrometheus } from './harness/prometheus.ts'
import { projectRoot } from './harness/work-folder.ts'

const BROKERS = 100
const TOPICS = 1_000
const folder = join(projectRoot, 'conf/observability')

let nameServer: NameServer
let prometheus: Prometheus
let broker: RawClient
let load: { readonly stop: () => Promise<void> }

/** Looks up topics without pause, over one connection. */
async function lookUpTopics(): Promise<{ readonly stop: () => Promise<void> }> {
  const client = await RawClient.connect(nameServer.port)
  const frames = Array.from({ length: 64 }, (_, index) => requestFrame(lookup(`Topic-${index * 20}`)))
  let isStopped = false
  const looking = (async () => {
    while (!isStopped) {
      client.send(...frames)
      for (const _ of frames) await client.next()
    }
    client.socket.destroy()
  })()
  return {
    stop: () => {
      isStopped = true
      return looking
    },
  }
}

beforeAll(async () => {
  nameServer = await startNameServer({
    kind: 'ours',
    hasHttp: true,
    properties: { rpcLatencyMetrics: 'true' },
  })
  broker = await RawClient.connect(nameServer.port)
  const topics = Array.from({ length: TOPICS }, (_, topic) => `Topic-${topic}`)
  for (let number = 0; number < BROKERS; number++) {
    const names = { name: `broker-${number}`, address: `127.0.0.1:${20_000 + number}` }
    await broker.request(registration({ ...names, topics: number === 0 ? topics : topics.slice(0, 2) }))
  }
  load = await lookUpTopics()
  prometheus = await startPrometheus(new URL(nameServer.httpUrl ?? '').host)
})

afterAll(async () => {
  await load.stop()
  broker.socket.destroy()
})

describe('the metrics under load', () => {
  test('are accepted by promtool without a complaint', async () => {
    const text = await (await fetch(`${nameServer.httpUrl}/metrics`)).text()
    expect(text).toContain('rocketmq_nameserver_broker_heartbeat_age_seconds{')
    // The name and the unit of this one are RocketMQ's.
    const own = text.replace(/^(?:# \w+ )?rocketmq_rpc_latency_milliseconds.*\n/gm, '')
    expect(await promtool(['check', 'metrics'], own)).toEqual({ code: 0, output: '' })
  })

  test('are scraped by Prometheus, as OpenMetrics', async () => {
    const { program, value } = prometheus
    await program.until(
      'it has scraped twice',
      async () => ((await value('count_over_time(up[1m])')) ?? 0) >= 2,
    )
    expect(await value('up')).toBe(1)
    expect(await value('rocketmq_nameserver_ready')).toBe(1)
    expect(await value('sum(rocketmq_nameserver_brokers{state="alive"})')).toBe(BROKERS)
    expect(await value('rocketmq_nameserver_topics{cluster="DefaultCluster"}')).toBe(TOPICS)
    expect(await value('count(rocketmq_nameserver_broker_heartbeat_age_seconds)')).toBe(BROKERS)
    const lookups = 'rocketmq_nameserver_requests_total{code="get_routeinfo_by_topic",result="success"}'
    await program.until('it sees lookups', async () => ((await value(`rate(${lookups}[10s])`)) ?? 0) > 100)
    const bucket = 'rocketmq_nameserver_request_duration_seconds_bucket{code="get_routeinfo_by_topic"}'
    const median = await value(`histogram_quantile(0.5, rate(${bucket}[10s]))`)
    expect(median).toBeGreaterThan(0)
    expect(median).toBeLessThan(0.1)
  })

  test('raise no alert of a server without brokers, and every rule is evaluated without an error', async () => {
    const { ask, program } = prometheus
    interface Rule {
      readonly name: string
      readonly health: string
      readonly state: string
    }
    const rules = await program.until('it has evaluated all rules', async () => {
      const { groups } = (await ask('rules')) as { readonly groups: readonly { readonly rules: Rule[] }[] }
      const all = groups.flatMap((group) => group.rules)
      return all.every(({ health }) => health !== 'unknown') && all
    })
    expect(rules).toHaveLength(17)
    for (const { name, health } of rules) expect(health, name).toBe('ok')
    const inactive = rules.filter(({ state }) => state === 'inactive').map(({ name }) => name)
    for (const alert of ['Down', 'NotReady', 'NoBrokers', 'Masterless', 'SnapshotFailing'])
      expect(inactive).toContain(`RocketMQNameServer${alert}`)
  })
})

describe('the alert rules', () => {
  test('are accepted by promtool', async () => {
    const { code, output } = await promtool(['check', 'rules', join(folder, 'alerts.yml')])
    expect(output).toContain('17 rules found')
    expect(code).toBe(0)
  })

  test('pass their tests', async () => {
    const { code, output } = await promtool(['test', 'rules', join(folder, 'alerts.test.yml')])
    expect(output).toContain('SUCCESS')
    expect(code).toBe(0)
  })
})
