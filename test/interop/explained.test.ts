import { beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic, updateBrokerConfig } from './harness/broker-requests.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import { startProducer } from './harness/clients.ts'
import { type Explanation, type ShownEvent, type ShownFinding, viewOf } from './harness/explanations.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { routeOf } from './harness/name-server-client.ts'
import { until } from './harness/wait-until.ts'

/** Where the operator's tool and one of the brokers seem to be, by the PROXY header in front of their connections. */
const OPERATOR = '203.0.113.9:40002'
const CONTAINER = '203.0.113.7:40001'
/** An address in a range of Docker's bridge networks. */
const CONTAINER_IP = '172.17.0.2'
/** Of the broker that is paused: long enough for two evaluations of the findings after half of it. */
const NOT_ACTIVE_TIMEOUT_MS = 20_000
/** Findings wait for 60 s after the start of the server where brokers that have not registered would cause them. */
const FINDINGS_SETTLED_MS = 100_000

/** Has all brokers but one. */
let main: NameServer
/** Has one broker, which registers nowhere else. */
let other: NameServer
let brokers: Readonly<Record<'north' | 'south' | 'old-name' | 'paused' | 'container', Broker>>
let admin: AdminTool
/** The way of the operator's tool to `main`. */
let forOperator: ChaosProxy

beforeAll(async () => {
  const properties = { scanNotActiveBrokerInterval: 500 }
  main = await startNameServer({ kind: 'ours', hasHttp: true, properties })
  other = await startNameServer({
    kind: 'ours',
    hasHttp: true,
    properties: { ...properties, peers: main.address, peersIntervalMillis: 1_000 },
  })
  forOperator = await startWayOf(OPERATOR, main)
  const forContainer = await startWayOf(CONTAINER, other)
  const nameServers = [main.address]
  // Only `north` creates topics on their first use.
  const autoCreateTopicEnable = false
  const [north, south, oldName, paused, container] = await Promise.all([
    startBroker({ release: '5.5.0', name: 'north', cluster: 'Shop', nameServers }),
    startBroker({ release: '4.9.7', name: 'south', nameServers, properties: { autoCreateTopicEnable } }),
    startBroker({ release: '4.9.7', name: 'old-name', nameServers, properties: { autoCreateTopicEnable } }),
    startBroker({
      release: '5.5.0',
      name: 'paused',
      nameServers,
      properties: {
        autoCreateTopicEnable,
        enableSlaveActingMaster: true,
        brokerNotActiveTimeoutMillis: NOT_ACTIVE_TIMEOUT_MS,
      },
    }),
    startBroker({
      release: '5.5.0',
      name: 'container',
      cluster: 'Remote',
      nameServers: [forContainer.address],
      properties: { autoCreateTopicEnable, brokerIP1: CONTAINER_IP },
    }),
  ])
  brokers = { north, south, 'old-name': oldName, paused, container }
  admin = startAdminTool('5.5.0')
  const topics: readonly [Broker, NameServer, string][] = [
    [north, main, 'Orders'],
    [south, main, 'Refunds'],
    [oldName, main, 'Renamed'],
    [paused, main, 'Paused'],
    [container, other, 'Invoices'],
  ]
  for (const [broker, { address }, topic] of topics) {
    await createTopic(broker, topic)
    await until(`there is a route to ${topic}`, () => routeOf(address, topic))
  }
  await until('the NameServers are compared', async () => {
    const { peers } = await viewOf<{ peers: { differences: { subject: string }[] }[] }>(other, 'peers')
    return peers[0]?.differences.some(({ subject }) => subject === 'Invoices')
  })
})

/** A proxy that says of each connection that it comes from `peer`. */
function startWayOf(peer: string, { address, port }: NameServer): Promise<ChaosProxy> {
  const [host, peerPort] = peer.split(':')
  return ChaosProxy.start(address, `PROXY TCP4 ${host} 127.0.0.1 ${peerPort} ${port}\r\n`)
}

/** What `explain` says, with `TIME`, `PEER` and numbers in the place of what differs from run to run. */
async function told(server: NameServer, query: string): Promise<Explanation> {
  const { verdict, sentences, commands } = await viewOf<Explanation>(server, `explain?${query}`)
  return { verdict, sentences: sentences.map(plain), commands: commands.map(plain) }
}

function plain(text: string): string {
  const named = Object.values(brokers).reduce(
    (changed, { port }) => changed.replaceAll(`:${port}`, ':PORT'),
    text.replaceAll(main.address, 'MAIN'),
  )
  return named
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+(\.\d+)?Z/g, (time) => {
      const ageMs = Date.now() - Date.parse(time)
      // Sentences name whole seconds.
      return ageMs > -1_000 && ageMs < 600_000 ? 'TIME' : `${time}, which is not now`
    })
    .replaceAll(/127\.0\.0\.1:\d+/g, 'PEER')
    .replaceAll(/\b\d+ (s|topic|lookup)s?\b/g, 'N $1')
    .replaceAll(/\b\d+ times\b/g, 'N times')
}

async function findingOf(
  server: NameServer,
  rule: string,
  subject: string,
): Promise<ShownFinding | undefined> {
  const { findings } = await viewOf<{ findings: ShownFinding[] }>(server, `findings?rule=${rule}`)
  return findings.find((each) => each.subject === subject)
}

/** What happened to brokers, permissions and topics, with `TIME` and so on as in sentences. */
async function eventsOf(server: NameServer): Promise<readonly string[]> {
  const { events } = await viewOf<{ events: ShownEvent[] }>(server, 'events?limit=4096')
  return events
    .filter(({ kind }) => /^(broker|permission|topic)_/.test(kind))
    .map(({ kind, subject, text }) => plain(`${kind} ${subject}: ${text.split('; topics: ')[0]}`))
}

/** Runs a command as `explain` or a finding names it, from where the operator is. */
async function runAsOperator(command: string): Promise<void> {
  const [program, ...args] = command.split(' ')
  if (program === 'mqadmin') await admin.run(forOperator.address, args)
  else expect(await runCli([...args, '-y', '-n', forOperator.address])).toMatchObject({ code: 0 })
}

describe('The NameServer tells', () => {
  test('of a topic that was never created, who asks for it and which one may be meant', async () => {
    const asking = startProducer({
      release: '4.9.7',
      nameServers: [other.address],
      topic: 'invoices',
      count: 0,
      pauseMs: 200,
    })
    const { clients } = await until('it is missed', async () => {
      const { topics } = await viewOf<{ topics: { topic: string; clients: unknown[] }[] }>(other, 'misses')
      return topics.find(({ topic }) => topic === 'invoices')
    })
    expect(clients).toEqual([{ address: '127.0.0.1', language: 'JAVA', version: 407, versionName: 'V4_9_7' }])
    expect(await told(other, 'topic=invoices')).toEqual({
      verdict: 'never_created',
      sentences: [
        'Similar topic with a route: Invoices (differs in upper and lower case).',
        'No broker has invoices, and none creates topics on their first use (TBW102 has no route): the topic must be created, if its name is right.',
        'N lookup found no route, the last at TIME; clients that ask: 127.0.0.1 (JAVA, 4.9.7).',
      ],
      commands: [],
    })
    await until('its producer has failed', () => asking.reported('FAILED').length > 0)
  })

  test('of a topic that its first message will create, and its route when it has', async () => {
    expect(await told(main, 'topic=Unborn')).toEqual({
      verdict: 'created_by_first_message',
      sentences: [
        'No broker has Unborn yet: north would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.',
      ],
      commands: ['mqadmin updateTopic -t Unborn -c Shop'],
    })
    const producer = startProducer({
      release: '5.5.0',
      nameServers: [main.address],
      topic: 'Unborn',
      count: 1,
    })
    await producer.until('it has sent', () => producer.lines.includes('DONE'))
    await until('there is a route', () => routeOf(main.address, 'Unborn'))
    const { verdict, sentences } = await told(main, 'topic=Unborn')
    expect(verdict).toBe('routable')
    expect(sentences[0]).toBe('Unborn has a route: 4 write queues on north, 4 read queues on north.')
  })

  test('who deleted a topic with mqadmin and when; the command that it names brings the topic back', async () => {
    await runAsOperator('mqadmin deleteTopic -c Shop -t Orders')
    const { verdict, sentences, commands } = await told(main, 'topic=Orders')
    expect({ verdict, sentences, commands }).toEqual({
      verdict: 'deleted',
      sentences: [
        `Orders was deleted on 1 broker of cluster Shop at TIME by ${OPERATOR} (request 216, as mqadmin deleteTopic sends).`,
        'A broker that still has it registers it again within a minute (with its next change if forceRegister is off).',
      ],
      commands: ['mqadmin updateTopic -t Orders -c Shop'],
    })
    await runAsOperator(commands[0] ?? '')
    await until('there is a route again', () => routeOf(main.address, 'Orders'))
  })

  test('who wiped a write permission with mqadmin; the command that it names restores it', async () => {
    await runAsOperator('mqadmin wipeWritePerm -b south')
    const command = 'mqnamesrv broker restore-write south'
    const wiped = `wiped at TIME by ${OPERATOR} (request 205, as mqadmin wipeWritePerm sends)`
    expect(await told(main, 'topic=Refunds')).toEqual({
      verdict: 'not_writable',
      sentences: [
        'Producers report "No route info of this topic" for Refunds, although it has a route: no broker permits writing.',
        `The write permission of south was ${wiped} and has not been restored here; NameServers do not tell each other, so others may still permit writing.`,
        'Consumers read from south.',
      ],
      commands: [command],
    })
    expect(await told(main, 'broker=south')).toEqual({
      verdict: 'not_writable',
      sentences: [
        `None of the N topic of south is writable: its write permission was ${wiped}.`,
        'south of InteropCluster is registered with N topic: master 127.0.0.1:PORT, registered from PEER since TIME, last heartbeat N s ago.',
      ],
      commands: [command],
    })
    const finding = await until('there is a finding', () =>
      findingOf(main, 'permission_not_writable', 'south'),
    )
    expect(finding).toMatchObject({ severity: 'warning', command })
    expect(plain(finding.text)).toBe(
      `None of the N topic of south is writable: ${OPERATOR} wiped it (wipeWritePerm) at TIME. Producers use other brokers, or get "No route info of this topic".`,
    )

    await runAsOperator(command)
    expect(await told(main, 'topic=Refunds')).toMatchObject({ verdict: 'routable' })
    await until('the finding is cleared', async () => {
      return (await findingOf(main, 'permission_not_writable', 'south')) === undefined
    })
  })

  test('of a broker that was killed with SIGKILL, and of its topic', async () => {
    await brokers.south.program.kill()
    await until('its topic has no route', async () => (await routeOf(main.address, 'Refunds')) === undefined)
    expect(await told(main, 'topic=Refunds')).toEqual({
      verdict: 'left_with_brokers',
      sentences: [
        'Refunds left with south, its last broker, at TIME: south lost its connection to this server (killed, crashed or network failure).',
        'Its route comes back when the broker registers again: start it, or see why it cannot connect.',
        'N lookup found no route, the last at TIME; clients that ask: 127.0.0.1 (JAVA, 5.5.0).',
      ],
      commands: ['mqnamesrv broker explain south'],
    })
    expect(await told(main, 'broker=south')).toEqual({
      verdict: 'connection_lost',
      sentences: [
        'south is not registered. At TIME, south at 127.0.0.1:PORT (id 0), connected from PEER, lost its connection to this server (killed, crashed or network failure).',
        'N topic lost their queues there.',
        'See whether its process runs, and its log (broker.log, store.log).',
      ],
      commands: ['mqnamesrv broker list'],
    })
  })

  test('of a broker that got another name, and of its topic when it was stopped with SIGTERM', async () => {
    const broker = brokers['old-name']
    await updateBrokerConfig(broker, 'brokerName', 'new-name')
    await until('it has registered under the new name', async () => {
      const route = await routeOf(main.address, 'Renamed')
      return route?.brokerDatas.some(({ brokerName }) => brokerName === 'new-name')
    })
    expect(await told(main, 'broker=old-name')).toEqual({
      verdict: 'renamed',
      sentences: [
        'old-name is not registered. At TIME, old-name at 127.0.0.1:PORT (id 0), connected from PEER, registered again under another brokerName.',
        'N topic lost their queues there.',
        'Its address is registered as new-name now; clients find its topics under that name.',
      ],
      commands: ['mqnamesrv broker list'],
    })
    const { sentences } = await told(main, 'topic=Renamed')
    expect(sentences[0]).toBe('Renamed has a route: 4 write queues on new-name, 4 read queues on new-name.')

    broker.program.signal('SIGTERM')
    await until('it has left', async () => (await routeOf(main.address, 'Renamed')) === undefined)
    expect(await told(main, 'topic=Renamed')).toEqual({
      verdict: 'left_with_brokers',
      sentences: [
        'Renamed left with new-name, its last broker, at TIME: new-name unregistered by its own request, as a broker does that is stopped.',
        'Its route comes back when the broker registers again: start it, or see why it cannot connect.',
        'N lookup found no route, the last at TIME; clients that ask: 127.0.0.1 (JAVA, 5.5.0).',
      ],
      commands: ['mqnamesrv broker explain new-name'],
    })
    expect(await told(main, 'broker=new-name')).toEqual({
      verdict: 'unregistered',
      sentences: [
        'new-name is not registered. At TIME, new-name at 127.0.0.1:PORT (id 0), connected from PEER, unregistered by its own request, as a broker does that is stopped.',
        'N topic lost their queues there.',
        'Start it again if it is needed.',
      ],
      commands: ['mqnamesrv broker list'],
    })
    await broker.program.kill()
  })

  test('of a broker that announces an address of its container (brokerIP1), from which network it registers', async () => {
    const address = `${CONTAINER_IP}:PORT`
    const problem = `container announces ${address}, which is in a range of Docker's bridge networks, which other machines cannot reach; it registers from 203.0.113.7.`
    // NAT, it seems: the address that it registers from need not be its own.
    const command = null
    expect(await told(other, 'broker=container')).toEqual({
      verdict: 'address_differs',
      sentences: [
        `${problem} Clients may report "connect to ${address} failed": set brokerIP1 in its broker.conf and restart it.`,
        `container of Remote is registered with N topic: master ${address}, registered from ${CONTAINER} since TIME, last heartbeat N s ago.`,
        'container, or a member of it, is not registered at MAIN. Brokers must have all NameServers in namesrvAddr.',
      ],
      commands: [],
    })
    expect(await told(other, 'topic=Invoices')).toEqual({
      verdict: 'routable',
      sentences: [
        'Invoices has a route: 4 write queues on container, 4 read queues on container.',
        'MAIN has no route for Invoices: clients that ask there report "No route info of this topic". Brokers must have all NameServers in namesrvAddr.',
        `${problem} Clients may report "connect to ${address} failed": set brokerIP1 in its broker.conf and restart it.`,
      ],
      commands: ['mqnamesrv topic route Invoices'],
    })
    const subject = `container ${CONTAINER_IP}:${brokers.container.port}`
    const finding = await until('there is a finding', () =>
      findingOf(other, 'announced_address_differs', subject),
    )
    expect(finding).toMatchObject({ severity: 'warning', command })
    expect(plain(finding.text)).toBe(
      `${problem} Set brokerIP1 in its broker.conf to an address that clients reach and restart it.`,
    )
  })

  test('of a topic that only another NameServer has', async () => {
    expect(await told(other, 'topic=Paused')).toEqual({
      verdict: 'only_on_peers',
      sentences: [
        'Paused has a route at MAIN, but not here: its brokers do not register with this server.',
        'Brokers must have all NameServers in namesrvAddr; clients that ask another one find the topic.',
      ],
      commands: [],
    })
  })

  test('of a broker that is paused with SIGSTOP: that its heartbeat is late, then that it expired, and after SIGCONT that it is back', async () => {
    const address = '127.0.0.1:PORT'
    brokers.paused.program.signal('SIGSTOP')
    const isLate = async () => (await told(main, 'broker=paused')).verdict === 'heartbeat_late'
    await until('its heartbeat is late', isLate)
    expect(await told(main, 'broker=paused')).toEqual({
      verdict: 'heartbeat_late',
      sentences: [
        `paused at ${address} has sent nothing for N s and will be removed after N s: see whether it is paused, overloaded or cut off.`,
        `paused of InteropCluster is registered with N topic: master ${address}, registered from PEER since TIME, last heartbeat N s ago.`,
      ],
      commands: [`mqadmin brokerStatus -b ${address}`],
    })
    const subject = `paused ${brokers.paused.address}`
    expect(await until('there is a finding', () => findingOf(main, 'heartbeat_late', subject))).toMatchObject(
      {
        severity: 'warning',
      },
    )

    await until('it has expired', async () => (await routeOf(main.address, 'Paused')) === undefined)
    const { sentences } = await told(main, 'topic=Paused')
    expect(sentences[0]).toBe(
      'Paused left with paused, its last broker, at TIME: paused expired (no heartbeat within its timeout).',
    )
    expect(await told(main, 'broker=paused')).toEqual({
      verdict: 'expired',
      sentences: [
        `paused is not registered. At TIME, paused at ${address} (id 0), connected from PEER, expired (no heartbeat within its timeout).`,
        'N topic lost their queues there.',
        'See whether its process is paused (GC, stopped by a signal) or cut off from this server.',
      ],
      commands: ['mqnamesrv broker list'],
    })

    brokers.paused.program.signal('SIGCONT')
    await until('there is a route again', () => routeOf(main.address, 'Paused'))
    expect(await told(main, 'broker=paused')).toEqual({
      verdict: 'registered',
      sentences: [
        `paused of InteropCluster is registered with N topic: master ${address}, registered from PEER since TIME, last heartbeat N s ago.`,
        `At TIME, paused at ${address} (id 0), connected from PEER, expired (no heartbeat within its timeout).`,
      ],
      commands: [],
    })
  })

  test('by a finding which topic clients look up without finding a route', async () => {
    const finding = await until('there is a finding', () => findingOf(other, 'no_route', 'invoices'), {
      timeoutMs: FINDINGS_SETTLED_MS,
    })
    expect(finding).toMatchObject({ severity: 'warning' })
    expect(plain(finding.text)).toBe(
      'invoices has no route: N lookup since TIME found none. Nothing is known of a former route. See whether clients misspell its name: Invoices exists.',
    )
  })

  test('by its events all of that in order, and by its metrics how many brokers left for which cause', async () => {
    const happened = await eventsOf(main)
    expect(happened.slice(0, 4).sort()).toEqual([
      'broker_registered 127.0.0.1:PORT north of Shop: id 0, N topic',
      'broker_registered 127.0.0.1:PORT old-name of InteropCluster: id 0, N topic',
      'broker_registered 127.0.0.1:PORT paused of InteropCluster: id 0, N topic',
      'broker_registered 127.0.0.1:PORT south of InteropCluster: id 0, N topic',
    ])
    expect(happened.slice(4)).toEqual([
      `topic_deleted Orders: on 1 broker, by ${OPERATOR}`,
      `permission_wiped south: N topic now without write permission, by ${OPERATOR}`,
      `permission_restored south: N topic now with read and write permission, by ${OPERATOR}`,
      'broker_lost 127.0.0.1:PORT south of InteropCluster: its connection closed',
      'broker_left 127.0.0.1:PORT old-name of InteropCluster: its address registered under another broker name',
      'broker_registered 127.0.0.1:PORT new-name of InteropCluster: id 0, N topic',
      'broker_left 127.0.0.1:PORT new-name of InteropCluster: by its own request',
      'broker_expired 127.0.0.1:PORT paused of InteropCluster: no heartbeat within its timeout',
      'broker_registered 127.0.0.1:PORT paused of InteropCluster: id 0, N topic',
    ])
    const metrics = await (await fetch(`${main.httpUrl}/metrics`)).text()
    const departures = [
      ...metrics.matchAll(/^rocketmq_nameserver_broker_departures_total\{.*cause="(\w+)".*\} (\d+)$/gm),
    ]
    expect(Object.fromEntries(departures.map(([, cause, count]) => [cause, Number(count)]))).toEqual({
      connection_lost: 1,
      expired: 1,
      not_returned: 0,
      request: 2,
      unreachable: 0,
    })
  })
})
