import { beforeAll, describe, expect, test } from 'vitest'
import { type Broker, startBroker } from './harness/broker.ts'
import { createTopic, updateBrokerConfig } from './harness/broker-requests.ts'
import { ChaosProxy } from './harness/chaos-proxy.ts'
import { startProducer } from './harness/clients.ts'
import { type AdminTool, startAdminTool } from './harness/mqadmin.ts'
import { type NameServer, startNameServer } from './harness/name-server.ts'
import { routeOf } from './harness/name-server-client.ts'
import { type Explanation, type ShownEvent, type ShownFinding, viewOf } from './harness/views.ts'
import { until } from './harness/wait-until.ts'

/** Where the operator's tool and one of the brokers seem to be, by the PROXY header in front of their connections. */
const OPERATOR = '203.0.113.9:40002'
const CONTAINER = '203.0.113.7:40001'
/** An address in a range of Docker's bridge networks. */
/** MQVersion */
const V4_9_7 = 407
const CONTAINER_IP = '172.17.0.2'
/** Of the broker that is paused: long enough for two evaluations of the findings after half of it. */
const NOT_ACTIVE_TIMEOUT_MS = 20_000
/** Findings wait for 60 s after the start of the server where brokers that have not registered would cause them. */
const FINDINGS_SETTLED_MS = 100_000

/** Has all brokers but one. */
let main: NameServer
/** Has one broker, which registers nowhere else. */
let other: NameServer
let brokers: Readonly<Record<'north' | 'killed' | 'old-name' | 'paused' | 'container', Broker>>
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
  const via = (peer: string, { address, port }: NameServer) =>
    ChaosProxy.start(address, `PROXY TCP4 ${peer.split(':')[0]} 127.0.0.1 ${peer.split(':')[1]} ${port}\r\n`)
  forOperator = await via(OPERATOR, main)
  const forContainer = await via(CONTAINER, other)
  const nameServers = [main.address]
  const isCreating = { autoCreateTopicEnable: false }
  const [north, killed, oldName, paused, container] = await Promise.all([
    startBroker({ release: '5.5.0', name: 'north', cluster: 'Shop', nameServers }),
    startBroker({ release: '4.9.7', name: 'killed', nameServers, properties: isCreating }),
    startBroker({ release: '4.9.7', name: 'old-name', nameServers, properties: isCreating }),
    startBroker({
      release: '5.5.0',
      name: 'paused',
      nameServers,
      properties: {
        ...isCreating,
        enableSlaveActingMaster: true,
        brokerNotActiveTimeoutMillis: NOT_ACTIVE_TIMEOUT_MS,
      },
    }),
    startBroker({
      release: '5.5.0',
      name: 'container',
      cluster: 'Remote',
      nameServers: [forContainer.address],
      properties: { ...isCreating, brokerIP1: CONTAINER_IP },
    }),
  ])
  brokers = { north, killed, 'old-name': oldName, paused, container }
  admin = startAdminTool('5.5.0')
  const topics: readonly [Broker, NameServer, string][] = [
    [north, main, 'Orders'],
    [north, main, 'Deleted'],
    [killed, main, 'Killed'],
    [oldName, main, 'Renamed'],
    [paused, main, 'Paused'],
    [container, other, 'Invoices'],
  ]
  for (const [broker, { address }, topic] of topics) {
    await createTopic(broker, topic)
    await until(`there is a route to ${topic}`, () => routeOf(address, topic))
  }
})

/** What `explain` says, with `TIME`, `PEER` and numbers in the place of what differs from run to run. */
async function told(server: NameServer, query: string): Promise<Explanation> {
  const { verdict, sentences, commands } = await viewOf<Explanation>(server, `explain?${query}`)
  return { verdict, sentences: sentences.map(plain), commands: commands.map(plain) }
}

function plain(text: string): string {
  const named = Object.values(brokers).reduce(
    (changed, { name, address }) => changed.replaceAll(address, `ADDRESS OF ${name}`),
    text.replaceAll(main.address, 'MAIN'),
  )
  return named
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, (time) => {
      const ageMs = Date.now() - Date.parse(time)
      return ageMs >= 0 && ageMs < 300_000 ? 'TIME' : `${time}, not within the last minutes`
    })
    .replaceAll(/127\.0\.0\.1:\d+/g, 'PEER')
    .replaceAll(/\b\d+(?= (s|topics|lookups)\b)/g, 'N')
}

async function findingOf(server: NameServer, rule: string, subject: string): Promise<ShownFinding | undefined> {
  const { findings } = await viewOf<{ findings: ShownFinding[] }>(server, `findings?rule=${rule}`)
  return findings.find((each) => each.subject === subject)
}

async function eventsOf(server: NameServer): Promise<readonly ShownEvent[]> {
  return (await viewOf<{ events: ShownEvent[] }>(server, 'events?limit=4096')).events
}

async function eventOf(server: NameServer, kind: string, subject: string): Promise<ShownEvent> {
  return until(`there is an event ${kind} of ${subject}`, async () =>
    (await eventsOf(server)).find((each) => each.kind === kind && each.subject.includes(subject)),
  )
}

/** Runs a command as `explain` or a finding names it, from where the operator is. */
async function runAsOperator(command: string): Promise<string> {
  const [program, ...args] = command.replace('-n "$NAMESRV_ADDR" ', '').split(' ')
  expect(program).toBe('mqadmin')
  return (await admin.run(forOperator.address, args)).stdout
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
    const { askers } = await until('it is missed', async () => {
      const { topics } = await viewOf<{ topics: { topic: string; askers: unknown[] }[] }>(other, 'misses')
      return topics.find(({ topic }) => topic === 'invoices')
    })
    expect(askers).toEqual([{ address: '127.0.0.1', language: 'JAVA', version: V4_9_7 }])
    expect(await told(other, 'topic=invoices')).toEqual({
      verdict: 'never_created',
      sentences: [
        'No broker has invoices, and none creates topics on their first use (TBW102 has no route): the topic must be created.',
        'Similar topic with a route: Invoices (differs in upper and lower case).',
        'N lookups found no route, the last at TIME; asked by 127.0.0.1 (JAVA).',
      ],
      commands: ['mqadmin updateTopic -n "$NAMESRV_ADDR" -t invoices -c Remote'],
    })
    await until('its producer has failed', () => asking.reported('FAILED').length > 0)
  })

  test('of a topic that its first message will create, and has its route then', async () => {
    expect(await told(main, 'topic=Unborn')).toEqual({
      verdict: 'created_by_first_message',
      sentences: [
        'No broker has Unborn yet: north would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.',
      ],
      commands: ['mqadmin updateTopic -n "$NAMESRV_ADDR" -t Unborn -c Shop'],
    })
    const producer = startProducer({ release: '5.5.0', nameServers: [main.address], topic: 'Unborn', count: 1 })
    await producer.until('it has sent', () => producer.lines.includes('DONE'))
    await until('there is a route', () => routeOf(main.address, 'Unborn'))
    expect(await told(main, 'topic=Unborn')).toEqual({
      verdict: 'routable',
      sentences: [
        'Unborn has a route: 4 write queues on north, 4 read queues on north.',
      ],
      commands: ['mqadmin topicRoute -n "$NAMESRV_ADDR" -t Unborn'],
    })
  })

  test('who deleted a topic with mqadmin and when; the command that it names brings the topic back', async () => {
    await runAsOperator('mqadmin deleteTopic -c Shop -t Deleted')
    const { verdict, sentences, commands } = await told(main, 'topic=Deleted')
    expect({ verdict, sentences, commands }).toEqual({
      verdict: 'deleted',
      sentences: [
        `Deleted was deleted on 1 broker of cluster Shop at TIME by ${OPERATOR} (request 216, as mqadmin deleteTopic sends).`,
        'A broker that still had it would have registered it again within a minute.',
      ],
      commands: ['mqadmin updateTopic -n "$NAMESRV_ADDR" -t Deleted -c Shop'],
    })
    expect((await eventOf(main, 'topic_deleted', 'Deleted')).text).toBe(`on 1 brokers, by ${OPERATOR}`)
    expect(await runAsOperator(commands[0] ?? '')).toContain('success')
    await until('there is a route again', () => routeOf(main.address, 'Deleted'))
  })

  test('who wiped a write permission with mqadmin; the command that explain and the finding name restores it', async () => {
    expect(await told(main, 'topic=Orders')).toMatchObject({ verdict: 'routable' })
    await runAsOperator('mqadmin wipeWritePerm -b north')
    const wiped = `wiped at TIME by ${OPERATOR} (request 205, as mqadmin wipeWritePerm sends)`
    const command = 'mqadmin addWritePerm -n "$NAMESRV_ADDR" -b north'
    expect(await told(main, 'topic=Orders')).toEqual({
      verdict: 'not_writable',
      sentences: [
        'Producers report "No route info of this topic" for Orders, although it has a route: no broker permits writing.',
        `The write permission of north was ${wiped} and has not been restored; only this NameServer knows of it, unless the others were told, too.`,
        'Consumers read from north.',
      ],
      commands: [command],
    })
    expect(await told(main, 'broker=north')).toEqual({})
    const finding = await until('there is a finding', () =>
      findingOf(main, 'permission_not_writable', 'north'),
    )
    expect({ ...finding, text: plain(finding.text) }).toMatchObject({ severity: 'warning', text: '', command })
    await runAsOperator(command)
    expect(await told(main, 'topic=Orders')).toMatchObject({ verdict: 'routable' })
    await until('the finding is cleared', async () => {
      return (await findingOf(main, 'permission_not_writable', 'north')) === undefined
    })
    expect((await eventOf(main, 'permission_restored', 'north')).text).toContain(`by ${OPERATOR}`)
  })

  test('of a topic whose last broker was killed with SIGKILL', async () => {
    await brokers.killed.program.kill()
    await until('the broker is lost', async () => (await routeOf(main.address, 'Killed')) === undefined)
    expect(await told(main, 'topic=Killed')).toEqual({})
    expect(await told(main, 'broker=killed')).toEqual({})
  })

  test('of a broker that got another name, and of its topic when it was stopped', async () => {
    const broker = brokers['old-name']
    await updateBrokerConfig(broker, 'brokerName', 'new-name')
    await until('it has registered under the new name', async () => {
      const route = await routeOf(main.address, 'Renamed')
      return route?.brokerDatas.some(({ brokerName }) => brokerName === 'new-name')
    })
    expect(await told(main, 'broker=old-name')).toEqual({})
    expect(await told(main, 'broker=new-name')).toEqual({})
    await broker.program.stop(10_000)
    await until('it has left', async () => (await routeOf(main.address, 'Renamed')) === undefined)
    expect(await told(main, 'topic=Renamed')).toEqual({})
    expect(await told(main, 'broker=new-name')).toEqual({})
  })

  test('of a broker that announces an address of its container (brokerIP1)', async () => {
    expect(await told(other, 'broker=container')).toEqual({})
    expect(await told(other, 'topic=Invoices')).toEqual({})
    const finding = await until('there is a finding', () =>
      findingOf(other, 'announced_address_differs', `container ${brokers.container.port}`),
    )
    expect({ ...finding, text: plain(finding.text) }).toMatchObject({})
  })

  test('of a topic that only another NameServer has', async () => {
    expect(await told(other, 'topic=Orders')).toEqual({})
  })

  test('of a broker that is paused with SIGSTOP, first that its heartbeat is late, then that it expired, and at last that it is back', async () => {
    brokers.paused.program.signal('SIGSTOP')
    await until('late', async () => (await told(main, 'broker=paused')).verdict === 'heartbeat_late')
    expect(await told(main, 'broker=paused')).toEqual({})
    await until('a finding', () => findingOf(main, 'heartbeat_late', 'paused'))
    await until('expired', async () => (await routeOf(main.address, 'Paused')) === undefined)
    expect(await told(main, 'topic=Paused')).toEqual({})
    expect(await told(main, 'broker=paused')).toEqual({})
    brokers.paused.program.signal('SIGCONT')
    await until('there is a route again', () => routeOf(main.address, 'Paused'))
    expect(await told(main, 'topic=Paused')).toEqual({})
  })

  test('findings', async () => {
    const f = await until('no_route', () => findingOf(other, 'no_route', 'invoices'), { timeoutMs: FINDINGS_SETTLED_MS })
    expect(f).toEqual({})
  })

  test('events', async () => {
    expect((await eventsOf(main))).toEqual({})
    expect((await eventsOf(other))).toEqual({})
  })
})
