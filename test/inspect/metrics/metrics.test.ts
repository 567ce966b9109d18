import { describe, expect, test } from 'vitest'
import { LIMIT_KEYS, RATE_LIMIT_NAMES } from '../../../src/common/limit-error.ts'
import { lookup, putKVConfig, registration, unregistration } from '../../support/requests.ts'
import { startServer, type TestServer } from '../../support/start-server.ts'

const PREFIX = 'rocketmq_nameserver_'

/** The values of a server by name and its own labels: `brokers{cluster="DefaultCluster",state="late"}`. */
async function scrape({ httpPort }: TestServer, accept = 'text/plain'): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`, { headers: { accept } })
  const values = new Map<string, number>()
  for (const line of (await response.text()).split('\n')) {
    const [, name = '', value] = /^([^#]\S*(?:\{.*\})?) (\S+)$/.exec(line) ?? []
    if (value === undefined) continue
    const own = name.replace(/node_type="nameserver",node_id="ns1",?/, '').replace('{}', '')
    values.set(own.replace(PREFIX, ''), Number(value))
  }
  return values
}

function start(properties: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  return startServer({ httpListenPort: 'any', nodeId: 'ns1', ...properties })
}

describe('the metrics', () => {
  test('are the text of Prometheus, and OpenMetrics if it is asked for', async () => {
    const { httpPort } = await start()
    const url = `http://127.0.0.1:${httpPort}/metrics`
    const plain = await fetch(url)
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await plain.text()).toContain('\nrocketmq_nameserver_up{node_type="nameserver",node_id="ns1"} 1\n')
    const open = await fetch(url, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } })
    expect(open.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    )
    expect(await open.text()).toMatch(/\n# EOF\n$/)
  })

  test('count brokers by state, broker names, topics and heartbeat ages', async () => {
    const server = await start()
    const client = await server.connect()
    await client.request(registration({ topics: ['A', 'B'] }))
    server.time.advance(66_000)
    await client.request(registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: ['B', 'C'] }))
    await client.request(registration({ name: 'broker-c', address: '127.0.0.1:10931', id: 1 }))
    const values = await scrape(server)
    const cluster = 'cluster="DefaultCluster"'
    expect(values.get(`brokers{${cluster},state="late"}`)).toBe(1)
    expect(values.get(`brokers{${cluster},state="alive"}`)).toBe(2)
    expect(values.get(`brokers{${cluster},state="provisional"}`)).toBe(0)
    expect(values.get(`broker_groups{${cluster},state="complete"}`)).toBe(2)
    expect(values.get(`broker_groups{${cluster},state="masterless"}`)).toBe(1)
    expect(values.get(`topics{${cluster}}`)).toBe(3)
    expect(values.get(`broker_heartbeat_age_seconds{${cluster},broker="broker-a",broker_id="0"}`)).toBe(66)
    expect(values.get(`broker_heartbeat_age_seconds{${cluster},broker="broker-c",broker_id="1"}`)).toBe(0)
    expect(values.get('limit_used{limit="maxBrokers"}')).toBe(3)
    expect(values.get('limit_used{limit="maxTopics"}')).toBe(3)
  })

  test('follow the topics of a cluster from scrape to scrape', async () => {
    const server = await start()
    const client = await server.connect()
    await client.request(registration({ topics: ['A', 'B'] }))
    expect((await scrape(server)).get('topics{cluster="DefaultCluster"}')).toBe(2)
    await client.request(registration({ topics: ['A', 'B', 'C'] }))
    expect((await scrape(server)).get('topics{cluster="DefaultCluster"}')).toBe(3)
  })

  test('have at most brokerSeriesLimit heartbeat ages', async () => {
    const server = await start({ brokerSeriesLimit: '2' })
    const client = await server.connect()
    for (let id = 0; id < 4; id++)
      await client.request(registration({ address: `127.0.0.1:${20_000 + id}`, id }))
    const values = await scrape(server)
    expect([...values.keys()].filter((name) => name.startsWith('broker_heartbeat_age'))).toHaveLength(2)
    expect(values.get('brokers{cluster="DefaultCluster",state="alive"}')).toBe(4)
  })

  test('have at most 64 clusters of their own, all others are one', async () => {
    const server = await start()
    const client = await server.connect()
    for (let number = 0; number < 70; number++) {
      const { extFields, ...request } = registration({
        name: `broker-${number}`,
        address: `127.0.0.1:${number}`,
      })
      await client.request({ ...request, extFields: { ...extFields, clusterName: `cluster-${number}` } })
    }
    const values = await scrape(server)
    expect([...values.keys()].filter((name) => name.startsWith('topics{'))).toHaveLength(65)
    expect(values.get('brokers{cluster="other",state="alive"}')).toBe(6)
  })

  test('count requests by the names of their codes, and unsupported codes together', async () => {
    const server = await start()
    const client = await server.connect()
    await client.request(registration({ topics: ['A', 'B'] }))
    for (const topic of ['A', 'A', 'Missing']) await client.request(lookup(topic))
    for (const code of [999, 1_000]) await client.request({ code })
    const values = await scrape(server)
    expect(values.get('requests_total{code="get_routeinfo_by_topic",result="success"}')).toBe(2)
    expect(values.get('requests_total{code="get_routeinfo_by_topic",result="topic_not_exist"}')).toBe(1)
    expect(values.get('requests_total{code="register_broker",result="success"}')).toBe(1)
    expect(values.get('requests_total{code="other",result="request_code_not_supported"}')).toBe(2)
    expect(values.get('route_cache_requests_total{result="hit"}')).toBe(1)
    expect(values.get('frames_received_total')).toBe(6)
  })

  test('time every request but lookups, of which they time the first and then one in 64', async () => {
    const server = await start()
    const client = await server.connect()
    for (let times = 0; times < 3; times++) await client.request(registration({ topics: ['A', 'B'] }))
    for (let times = 0; times < 1_000; times++) await client.request(lookup('A'))
    const values = await scrape(server)
    expect(values.get('request_duration_seconds_count{code="register_broker"}')).toBe(3)
    const timed = values.get('request_duration_seconds_count{code="get_routeinfo_by_topic"}') ?? 0
    expect(timed).toBeGreaterThan(10)
    expect(timed).toBeLessThan(25)
    expect(values.get('lock_hold_seconds_count{mode="write"}')).toBeGreaterThanOrEqual(3)
    expect(values.has('rocketmq_rpc_latency_milliseconds_count')).toBe(false)
  })

  test('have the latency of RIP-46 with rpcLatencyMetrics, of every request', async () => {
    const server = await start({ rpcLatencyMetrics: 'true' })
    const client = await server.connect()
    for (let times = 0; times < 5; times++) await client.request(lookup('Missing'))
    await client.request({ code: 999 })
    const values = await scrape(server)
    const labels = (code: string, response: string): string =>
      `{protocol_type="remoting",request_code="${code}",response_code="${response}",is_long_polling="false",result="success"}`
    const name = 'rocketmq_rpc_latency_milliseconds_count'
    expect(values.get(`${name}${labels('get_routeinfo_by_topic', 'topic_not_exist')}`)).toBe(5)
    expect(values.get(`${name}${labels('other', 'request_code_not_supported')}`)).toBe(1)
  })

  test('count departures by cause, and events', async () => {
    const server = await start()
    const client = await server.connect()
    await client.request(registration())
    await client.request(unregistration())
    await client.request(registration({ heartbeatTimeoutMs: 1_000 }))
    server.time.advance(10_000)
    const values = await scrape(server)
    expect(values.get('broker_arrivals_total')).toBe(2)
    expect(values.get('broker_departures_total{cause="request"}')).toBe(1)
    expect(values.get('broker_departures_total{cause="expired"}')).toBe(1)
    expect(values.get('events_total{kind="broker_expired"}')).toBe(1)
  })

  test('have the use, the maximum and the rejections of every limit', async () => {
    const server = await start({ maxKVEntries: '1', maxConnectionsPerAddress: '0' })
    const client = await server.connect()
    for (const key of ['a', 'b']) await client.request(putKVConfig('N', key, 'v'))
    const values = await scrape(server)
    for (const limit of RATE_LIMIT_NAMES) expect(values.get(`rejected_total{limit="${limit}"}`)).toBe(0)
    for (const limit of LIMIT_KEYS) {
      expect(values.has(`rejected_total{limit="${limit}"}`), limit).toBe(true)
      expect(values.has(`limit_max{limit="${limit}"}`), limit).toBe(limit !== 'maxConnectionsPerAddress')
    }
    expect(values.get('limit_max{limit="maxKVEntries"}')).toBe(1)
    expect(values.get('limit_used{limit="maxKVEntries"}')).toBe(1)
    expect(values.get('rejected_total{limit="maxKVEntries"}')).toBe(1)
    expect(values.get('limit_used{limit="maxConnections"}')).toBe(1)
  })

  test('count HTTP responses by the paths that are served', async () => {
    const server = await start()
    for (const path of ['/metrics', '/api/v1/topics/A', '/api/v1/topics/B', '/made/up', '/api/v1/made-up'])
      await (await fetch(`http://127.0.0.1:${server.httpPort}${path}`)).text()
    const values = await scrape(server)
    expect(values.get('http_requests_total{path="/metrics",status="200"}')).toBe(1)
    expect(values.get('http_requests_total{path="/api/v1/topics/{topic}",status="404"}')).toBe(2)
    expect(values.get('http_requests_total{path="other",status="404"}')).toBe(2)
  })

  test('count connections by kind, clients by language and version, and the closed ones by cause', async () => {
    const server = await start()
    const clients = await Promise.all(Array.from({ length: 3 }, () => server.connect()))
    for (const client of clients) await client.request(lookup('Missing'))
    const broker = await server.connect()
    await broker.request(registration())
    const leaving = await server.connect()
    leaving.socket.destroy()
    await leaving.closed
    await broker.request(lookup('TopicA'))
    const values = await scrape(server)
    expect(values.get('connections{kind="client",tls="false"}')).toBe(3)
    expect(values.get('connections{kind="broker",tls="false"}')).toBe(1)
    expect(values.get('clients{language="JAVA",version="V5_5_0"}')).toBe(4)
    expect(values.get('connections_accepted_total')).toBe(5)
    expect(values.get('connections_closed_total{cause="idle"}')).toBe(0)
    expect(values.get('topic_misses_total')).toBe(3)
  })

  test('show whether the peers are there, and say nothing of their routes while that is unknown', async () => {
    const values = await scrape(await start({ peers: '127.0.0.1:1,127.0.0.1:2' }))
    expect(values.get('peer_up{peer="127.0.0.1:1"}')).toBe(0)
    expect([...values.keys()].filter((name) => /^peer_(?:agrees|disagreement)/.test(name))).toEqual([])
  })

  test('have the digest of the routes, which changes with them and is a whole number', async () => {
    const server = await start()
    const client = await server.connect()
    const digest = async (): Promise<number> =>
      (await scrape(server)).get('route_digest{part="routes"}') ?? Number.NaN
    const before = await digest()
    await client.request(registration())
    const after = await digest()
    expect(after).not.toBe(before)
    expect(Number.isSafeInteger(after)).toBe(true)
    expect((await scrape(server)).get('findings{rule="missing_master_address",severity="critical"}')).toBe(0)
  })

  test('have the metrics of a process under the names that dashboards for Node know', async () => {
    const values = await scrape(await start())
    for (const name of [
      'process_cpu_seconds_total',
      'process_open_fds',
      'process_max_fds',
      'process_resident_memory_bytes',
    ])
      expect(values.get(name), name).toBeGreaterThan(0)
    expect(values.get('nodejs_heap_size_used_bytes')).toBeLessThan(
      values.get('nodejs_heap_size_total_bytes') ?? 0,
    )
    expect(values.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0)
    expect(values.has('nodejs_gc_duration_seconds_count{kind="major"}')).toBe(true)
    const [major, minor, patch] = process.versions.node.split('.')
    const labels = `version="${process.version}",major="${major}",minor="${minor}",patch="${patch}"`
    expect(values.get(`nodejs_version_info{${labels}}`)).toBe(1)
  })
})
