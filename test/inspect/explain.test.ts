import { describe, expect, test } from 'vitest'
import type { RawClient, Request } from '../support/raw-client.ts'
import { lookup, registration, unregistration } from '../support/requests.ts'
import { startServer, type TestServer, temporaryFolder } from '../support/start-server.ts'
import { until } from '../support/until.ts'
import { ask } from './view-world.ts'

/** A server, and a connection of a broker that need not be the only one. */
interface World {
  readonly server: TestServer
  readonly broker: RawClient
}

async function worldWith(properties: Record<string, string> = {}): Promise<World> {
  const server = await startServer({ httpListenPort: 'any', ...properties })
  return { server, broker: await server.connect() }
}

/** An answer with TIME and PEER in place of what differs in each run. */
async function explain({ server, broker }: World, question: string) {
  const { status, body } = await ask(server, `explain?${question}`)
  expect(status).toBe(200)
  const stable = (text: string): string =>
    text.replaceAll(broker.address, 'PEER').replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
  return {
    verdict: body.verdict as string,
    sentences: body.sentences.map(stable) as string[],
    commands: body.commands as string[],
    history: body.history.map(({ text }: { readonly text: string }) => stable(text)) as string[],
    body,
  }
}

const WIPE: Request = { code: 205, extFields: { brokerName: 'broker-a' } }
const DELETE: Request = { code: 216, extFields: { topic: 'TopicA' } }

/** A registration with a newer data version than those of requests.ts, so that its topics count. */
function registrationAgain(
  topics: readonly string[],
  broker: Parameters<typeof registration>[0] = {},
): Request {
  const { body = '', ...request } = registration({ ...broker, topics })
  return { ...request, body: `${body}`.replace('"counter":1', '"counter":2') }
}

function inCluster(clusterName: string, request: Request): Request {
  return { ...request, extFields: { ...request.extFields, clusterName } }
}

interface Story {
  readonly title: string
  readonly properties?: Record<string, string>
  readonly happens: (world: World) => Promise<unknown>
  readonly question: string
  readonly verdict: string
  readonly sentences: readonly string[]
  readonly commands?: readonly string[]
}

const TOPIC_STORIES: readonly Story[] = [
  {
    title: 'a topic that is as it should be',
    happens: ({ broker }) => broker.request(registration()),
    question: 'topic=TopicA',
    verdict: 'routable',
    sentences: ['TopicA has a route: 4 write queues on broker-a, 4 read queues on broker-a.'],
    commands: ['mqnamesrv topic route TopicA'],
  },
  {
    title: 'a topic whose only broker has lost the write permission by request 205',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(WIPE)
    },
    question: 'topic=TopicA',
    verdict: 'not_writable',
    sentences: [
      'Producers report "No route info of this topic" for TopicA, although it has a route: no broker permits writing.',
      'The write permission of broker-a was wiped at TIME by PEER (request 205, as mqadmin wipeWritePerm sends) and has not been restored here; NameServers do not tell each other, so others may still permit writing.',
      'Consumers read from broker-a.',
    ],
    commands: ['mqnamesrv broker restore-write broker-a'],
  },
  {
    title: 'a topic that was deleted by request 216',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(DELETE)
      await broker.request(lookup('TopicA'))
    },
    question: 'topic=TopicA',
    verdict: 'deleted',
    sentences: [
      'TopicA was deleted on 1 broker at TIME by PEER (request 216, as mqadmin deleteTopic sends).',
      'A broker that still has it registers it again within a minute (with its next change if forceRegister is off).',
      'Similar topic with a route: TopicB (differs in one character).',
      '1 lookup found no route, the last at TIME; clients that ask: 127.0.0.1 (JAVA, 5.5.0).',
    ],
    commands: ['mqadmin updateTopic -t TopicA -c DefaultCluster'],
  },
  {
    title: 'a topic that was deleted in one of two clusters',
    happens: async ({ broker }) => {
      await broker.request(
        inCluster('Aside', registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: [] })),
      )
      await broker.request(registration({ topics: ['orders', 'payments'] }))
      await broker.request({ code: 216, extFields: { topic: 'orders', clusterName: 'DefaultCluster' } })
    },
    question: 'topic=orders',
    verdict: 'deleted',
    sentences: [
      'orders was deleted on 1 broker of cluster DefaultCluster at TIME by PEER (request 216, as mqadmin deleteTopic sends).',
      'A broker that still has it registers it again within a minute (with its next change if forceRegister is off).',
    ],
    commands: ['mqadmin updateTopic -t orders -c DefaultCluster'],
  },
  {
    title: 'a topic that its broker dropped from its registration',
    properties: { deleteTopicWithBrokerRegistration: 'true' },
    happens: async ({ broker }) => {
      await broker.request(registration({ topics: ['orders', 'payments'] }))
      await broker.request(registrationAgain(['payments', 'others']))
    },
    question: 'topic=orders',
    verdict: 'dropped_by_registration',
    sentences: [
      'broker-a dropped orders at TIME: its registration does not contain the topic any more.',
      'It was deleted on the broker, or the broker lost its topics.json; a topic that is still needed must be created again.',
    ],
    commands: ['mqadmin updateTopic -t orders -c DefaultCluster'],
  },
  {
    title: 'a topic that left with its broker',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(unregistration())
    },
    question: 'topic=TopicA',
    verdict: 'left_with_brokers',
    sentences: [
      'TopicA left with broker-a, its last broker, at TIME: broker-a unregistered by its own request, as a broker does that is stopped.',
      'Its route comes back when the broker registers again: start it, or see why it cannot connect.',
    ],
    commands: ['mqnamesrv broker explain broker-a'],
  },
  {
    title: 'a topic of a server without brokers',
    happens: async () => {},
    question: 'topic=TopicA',
    verdict: 'no_brokers',
    sentences: [
      'No broker is registered with this server, so neither TopicA nor any other topic has a route.',
      'Start the brokers, with this server in their namesrvAddr (NAMESRV_ADDR).',
    ],
  },
  {
    title: 'a topic of a server whose brokers have all left, with more topics than it keeps the names of',
    happens: async ({ broker }) => {
      await broker.request(registration({ topics: Array.from({ length: 1_100 }, (_, index) => `T${index}`) }))
      await broker.request(unregistration())
    },
    question: 'topic=T1099',
    verdict: 'no_brokers',
    sentences: [
      'No broker is registered with this server, so neither T1099 nor any other topic has a route.',
      'The last one that left: broker-a at 127.0.0.1:10911 (id 0) unregistered by its own request, as a broker does that is stopped, at TIME.',
      'Start the brokers, with this server in their namesrvAddr (NAMESRV_ADDR).',
      'It may be among the topics removed with broker-a at or before TIME; only some of their names are kept.',
    ],
  },
  {
    title: 'a topic that no broker has, while none creates topics',
    happens: ({ broker }) => broker.request(registration({ topics: ['order_topic', 'x'] })),
    question: 'topic=Order_Topic',
    verdict: 'never_created',
    sentences: [
      'Similar topic with a route: order_topic (differs in upper and lower case).',
      'No broker has Order_Topic, and none creates topics on their first use (TBW102 has no route): the topic must be created, if its name is right.',
    ],
  },
  {
    title: 'a topic that a broker creates with the first message',
    happens: ({ broker }) => broker.request(registration({ topics: ['TBW102', 'x'] })),
    question: 'topic=orders',
    verdict: 'created_by_first_message',
    sentences: [
      'No broker has orders yet: broker-a would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.',
    ],
  },
  {
    title: 'the retry topic of a group that has not connected',
    happens: ({ broker }) => broker.request(registration()),
    question: `topic=${encodeURIComponent('%RETRY%group')}`,
    verdict: 'created_by_brokers',
    sentences: [
      'No broker has %RETRY%group.',
      'It is the retry topic of consumer group group: a broker creates it when a consumer of the group connects to it.',
    ],
    commands: [],
  },
  {
    title: 'a topic that may be one of a group of which only a slave has registered',
    happens: async ({ broker }) => {
      await broker.request(registration({ topics: ['TBW102', 'x'] }))
      await broker.request(
        registration({ name: 'broker-b', address: '127.0.0.1:10921', id: 1, topics: ['orders', 'x'] }),
      )
    },
    question: 'topic=orders',
    verdict: 'created_by_first_message',
    sentences: [
      'No broker has orders yet: broker-a would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.',
      'Only slaves of broker-b have registered, and topics are taken from masters only: orders may be one of those that are missing.',
    ],
  },
  {
    title: 'a topic while only slaves have registered',
    happens: ({ broker }) => broker.request(registration({ id: 1, topics: ['orders', 'x'] })),
    question: 'topic=orders',
    verdict: 'slaves_only',
    sentences: [
      'Only slaves of broker-a have registered, and topics are taken from masters only: orders may be one of those that are missing.',
      'Start the master (brokerId=0), or elect one (mqadmin electMaster) if a controller assigns the roles.',
    ],
    commands: [],
  },
  {
    title: 'a misspelt topic, without a word about groups that have nothing to do with it',
    happens: async ({ broker }) => {
      await broker.request(registration({ topics: ['orders', 'x'] }))
      await broker.request(
        registration({ name: 'broker-b', address: '127.0.0.1:10921', id: 1, topics: ['y', 'z'] }),
      )
    },
    question: 'topic=ordres',
    verdict: 'never_created',
    sentences: [
      'Similar topic with a route: orders (differs in one character).',
      'No broker has ordres, and none creates topics on their first use (TBW102 has no route): the topic must be created, if its name is right.',
    ],
  },
  {
    title: 'the dead-letter topic of a group, although brokers create topics on their first use',
    happens: ({ broker }) => broker.request(registration({ topics: ['TBW102', 'x'] })),
    question: `topic=${encodeURIComponent('%DLQ%group')}`,
    verdict: 'created_by_brokers',
    sentences: [
      'No broker has %DLQ%group.',
      'It has the dead letters of consumer group group: a broker creates it with the first one.',
    ],
    commands: [],
  },
  {
    title: 'the topic that producers look up for one without a route',
    happens: ({ broker }) => broker.request(registration()),
    question: 'topic=TBW102',
    verdict: 'created_by_brokers',
    sentences: [
      'No broker has TBW102.',
      'Brokers have it if they create topics on their first use (autoCreateTopicEnable). Producers look it up when the topic that they send to has no route: that one is missing.',
    ],
    commands: [],
  },
  {
    title: 'a topic of a feature that is off',
    happens: ({ broker }) => broker.request(registration()),
    question: 'topic=RMQ_SYS_TRACE_TOPIC',
    verdict: 'created_by_brokers',
    sentences: [
      'No broker has RMQ_SYS_TRACE_TOPIC.',
      'Brokers, proxies or clients create it when a feature that needs it is on.',
    ],
    commands: [],
  },
  {
    title: 'a name that no broker accepts, although brokers create topics on their first use',
    happens: ({ broker }) => broker.request(registration({ topics: ['TBW102', 'orders'] })),
    question: `topic=${encodeURIComponent('orders ')}`,
    verdict: 'invalid_name',
    sentences: [
      'Similar topic with a route: orders (differs in spaces).',
      'No broker has "orders ", and none can create it: the name of a topic has 1 to 127 letters (a to z), digits and characters of "_-%|".',
    ],
    commands: [],
  },
  {
    title: 'a name that is too long',
    happens: ({ broker }) => broker.request(registration({ topics: ['TBW102', 'orders'] })),
    question: `topic=${'x'.repeat(128)}`,
    verdict: 'invalid_name',
    sentences: [
      `No broker has ${'x'.repeat(127)}…, and none can create it: the name of a topic has 1 to 127 letters (a to z), digits and characters of "_-%|".`,
    ],
    commands: [],
  },
  {
    title: 'a topic that may be one of a broker whose registration is rejected, while another creates topics',
    happens: async ({ broker }) => {
      await broker.request(registration({ topics: ['TBW102', 'x'] }))
      await broker.request(registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: ['orders'] }))
    },
    question: 'topic=orders',
    verdict: 'created_by_first_message',
    sentences: [
      'No broker has orders yet: broker-a would create it when a producer sends the first message (autoCreateTopicEnable is on); consumers find no route before that.',
      'The registration of broker-b from PEER was rejected at TIME: the first registration has only one topic and is treated as an increment; register the whole topic list first.',
    ],
  },
  {
    title: 'a topic that may be one of a broker whose registration exceeds a limit',
    properties: { maxTopics: '2' },
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(
        registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: ['orders', 'x'] }),
      )
    },
    question: 'topic=orders',
    verdict: 'rejected_by_limit',
    sentences: [
      'This server rejects the registration of broker-b, whose topics, perhaps orders too, are missing.',
      'The registration of broker-b from PEER was rejected at TIME: maxTopics (2) exceeded: there would be 4 topics.',
    ],
  },
  {
    title: 'a misspelt topic while a limit rejects a broker, whose topics are unknown',
    properties: { maxTopics: '2' },
    happens: async ({ broker }) => {
      await broker.request(registration({ topics: ['orders', 'x'] }))
      await broker.request(registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: ['y', 'z'] }))
    },
    question: 'topic=ordres',
    verdict: 'never_created',
    sentences: [
      'Similar topic with a route: orders (differs in one character).',
      'No broker has ordres, and none creates topics on their first use (TBW102 has no route): the topic must be created, if its name is right.',
      'The registration of broker-b from PEER was rejected at TIME: maxTopics (2) exceeded: there would be 4 topics.',
    ],
  },
  {
    title: 'a topic at a server that has just started and waits for brokers',
    properties: { needWaitForService: 'true' },
    happens: ({ broker }) => broker.request(registration()),
    question: 'topic=TopicA',
    verdict: 'not_ready',
    sentences: [
      'All lookups, including those of TopicA, are rejected with "name server not ready": the server started at TIME and rejects lookups for 45 seconds, so that brokers can register first (needWaitForService is on).',
      'Running clients keep the routes that they have; one that starts now finds none here.',
    ],
  },
  {
    title: 'a topic that the clients of a zone do not see',
    happens: ({ broker }) => {
      const { extFields, ...request } = registration()
      return broker.request({ ...request, extFields: { ...extFields, __ZONE_NAME: 'z1' } })
    },
    question: 'topic=TopicA&zone=z2',
    verdict: 'hidden_by_zone',
    sentences: [
      'Clients of zone z2 see no broker of TopicA.',
      'The master of broker-a is in zone z1.',
      'Clients that name no zone get the whole route.',
    ],
  },
  {
    title: 'a topic of a group that has lost its master',
    happens: async (world) => {
      const { server, broker } = world
      const acting = ({ extFields, ...request }: Request): Request => ({
        ...request,
        extFields: { ...extFields, enableActingMaster: 'true' },
      })
      await broker.request(acting(registration()))
      const slave = await server.connect()
      await slave.request(acting(registration({ id: 1, address: '127.0.0.1:10921' })))
      broker.socket.destroy()
      await until('it is lost', () => server.controller.counters.brokersLost === 1)
    },
    question: 'topic=TopicA',
    verdict: 'no_master',
    sentences: [
      'Producers report "No route info of this topic" for TopicA, although it has a route: no broker group that could accept messages has a master.',
      'broker-a has no master and accepts no messages; its slaves serve consumers only. Its master 127.0.0.1:10911 lost its connection to this server (killed, crashed or network failure), at TIME.',
      'Consumers read from broker-a.',
    ],
    commands: [],
  },
]

const BROKER_STORIES: readonly Story[] = [
  {
    title: 'a broker that is as it should be',
    happens: async ({ server, broker }) => {
      await broker.request(registration())
      server.time.advance(12_000)
    },
    question: 'broker=broker-a',
    verdict: 'registered',
    sentences: [
      'broker-a of DefaultCluster is registered with 2 topics: master 127.0.0.1:10911, registered from PEER since TIME, last heartbeat 12 s ago.',
    ],
  },
  {
    title: 'a broker whose write permission was wiped, asked for by its address',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(WIPE)
    },
    question: 'broker=127.0.0.1:10911',
    verdict: 'not_writable',
    sentences: [
      'None of the 2 topics of broker-a is writable: its write permission was wiped at TIME by PEER (request 205, as mqadmin wipeWritePerm sends).',
      'broker-a of DefaultCluster is registered with 2 topics: master 127.0.0.1:10911, registered from PEER since TIME, last heartbeat 0 s ago.',
    ],
    commands: ['mqnamesrv broker restore-write broker-a'],
  },
  {
    title: 'a broker that has sent nothing for long',
    happens: async ({ server, broker }) => {
      await broker.request(registration())
      server.time.advance(90_000)
    },
    question: 'broker=broker-a',
    verdict: 'heartbeat_late',
    sentences: [
      'broker-a at 127.0.0.1:10911 has sent nothing for 90 s and will be removed after 120 s: see whether it is paused, overloaded or cut off.',
      'broker-a of DefaultCluster is registered with 2 topics: master 127.0.0.1:10911, registered from PEER since TIME, last heartbeat 90 s ago.',
    ],
    commands: ['mqadmin brokerStatus -b 127.0.0.1:10911'],
  },
  {
    title: 'a broker that unregistered',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(unregistration())
    },
    question: 'broker=broker-a',
    verdict: 'unregistered',
    sentences: [
      'broker-a is not registered. At TIME, broker-a at 127.0.0.1:10911 (id 0), connected from PEER, unregistered by its own request, as a broker does that is stopped.',
      '2 topics lost their queues there.',
      'Start it again if it is needed.',
    ],
  },
  {
    title: 'a broker whose connection closed',
    happens: async ({ server, broker }) => {
      await broker.request(registration())
      broker.socket.destroy()
      await until('it is lost', () => server.controller.counters.brokersLost === 1)
    },
    question: 'broker=broker-a',
    verdict: 'connection_lost',
    sentences: [
      'broker-a is not registered. At TIME, broker-a at 127.0.0.1:10911 (id 0), connected from PEER, lost its connection to this server (killed, crashed or network failure).',
      '2 topics lost their queues there.',
      'See whether its process runs, and its log (broker.log, store.log).',
    ],
  },
  {
    title: 'a broker without heartbeats',
    happens: async ({ server, broker }) => {
      await broker.request(registration({ heartbeatTimeoutMs: 5_000 }))
      server.time.advance(10_000)
      await until('it is expired', () => server.controller.counters.brokersExpired === 1)
    },
    question: 'broker=broker-a',
    verdict: 'expired',
    sentences: [
      'broker-a is not registered. At TIME, broker-a at 127.0.0.1:10911 (id 0), connected from PEER, expired (no heartbeat within its timeout).',
      '2 topics lost their queues there.',
      'See whether its process is paused (GC, stopped by a signal) or cut off from this server.',
    ],
  },
  {
    title: 'a broker that was renamed, asked for by its former name',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(registration({ name: 'broker-b' }))
    },
    question: 'broker=broker-a',
    verdict: 'renamed',
    sentences: [
      'broker-a is not registered. At TIME, broker-a at 127.0.0.1:10911 (id 0), connected from PEER, registered again under another brokerName.',
      '2 topics lost their queues there.',
      'Its address is registered as broker-b now; clients find its topics under that name.',
    ],
  },
  {
    title: 'a broker that was stopped and started again under another name',
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(unregistration())
      await broker.request(registration({ name: 'broker-b' }))
    },
    question: 'broker=broker-a',
    verdict: 'renamed',
    sentences: [
      'broker-a is not registered. At TIME, broker-a at 127.0.0.1:10911 (id 0), connected from PEER, unregistered by its own request, as a broker does that is stopped.',
      '2 topics lost their queues there.',
      'Its address is registered as broker-b now; clients find its topics under that name.',
    ],
  },
  {
    title: 'a broker that a limit keeps out',
    properties: { maxBrokers: '1' },
    happens: async ({ broker }) => {
      await broker.request(registration())
      await broker.request(registration({ name: 'broker-b', address: '127.0.0.1:10921' }))
    },
    question: 'broker=broker-b',
    verdict: 'rejected',
    sentences: [
      'broker-b is not registered: this server rejects its registration.',
      'The registration of 127.0.0.1:10921 from PEER was rejected at TIME: maxBrokers (1) reached.',
    ],
  },
  {
    title: 'a group without a master',
    happens: ({ broker }) => broker.request(registration({ id: 1 })),
    question: 'broker=broker-a',
    verdict: 'no_master',
    sentences: [
      'broker-a has no master and accepts no messages: no master is known since the start of this server. Its slaves serve consumers only; start the master (brokerId=0), or elect one (mqadmin electMaster) if a controller assigns the roles.',
      'broker-a of DefaultCluster is registered with none of its 2 topics in the routes (topics are taken from masters only): slave 1 127.0.0.1:10911, registered from PEER since TIME, last heartbeat 0 s ago.',
    ],
  },
  {
    title: 'a broker that was never there',
    happens: ({ broker }) => broker.request(registration()),
    question: 'broker=broker-A',
    verdict: 'never_registered',
    sentences: [
      'broker-A has not registered since this server started at TIME.',
      'Registered with a similar name: broker-a.',
      'It must have this server in its namesrvAddr (NAMESRV_ADDR), and reach it.',
    ],
  },
]

describe('Explain tells the story of', () => {
  test.each([...TOPIC_STORIES, ...BROKER_STORIES])('$title', async (story) => {
    const world = await worldWith(story.properties)
    await story.happens(world)
    const { verdict, sentences, commands } = await explain(world, story.question)
    expect({ verdict, sentences }).toEqual({ verdict: story.verdict, sentences: story.sentences })
    if (story.commands !== undefined) expect(commands).toEqual(story.commands)
  })

  test('a topic without which its broker came back', async () => {
    const world = await worldWith()
    await world.broker.request(registration({ topics: ['orders', 'x'] }))
    world.broker.socket.destroy()
    await until('it is lost', () => world.server.controller.counters.brokersLost === 1)
    const again = await world.server.connect()
    await again.request(registrationAgain(['broker-a', 'x']))
    const { verdict, sentences, commands } = await explain(world, 'topic=orders')
    expect([verdict, sentences[0], commands]).toEqual([
      'dropped_by_registration',
      'orders left with broker-a, its last broker, at TIME: broker-a lost its connection to this server (killed, crashed or network failure), and has registered again without orders.',
      ['mqadmin updateTopic -t orders -c DefaultCluster'],
    ])
  })

  test('a healthy broker of which another peer sent a registration that was rejected', async () => {
    const world = await worldWith()
    await world.broker.request(registration())
    world.server.time.advance(1_000)
    const { extFields, ...request } = registration()
    const other = await world.server.connect()
    await other.request({ ...request, extFields: { ...extFields, bodyCrc32: '12345' } })
    expect((await explain(world, 'broker=broker-a')).verdict).toBe('rejected')
    world.server.time.advance(1_000)
    await world.broker.request(registration())
    expect((await explain(world, 'broker=broker-a')).verdict).toBe('registered')
  })

  test('a broker that has left, or is shown from the snapshot, asked for by its address', async () => {
    const routeSnapshotPath = `${temporaryFolder()}/routes.json`
    const before = await worldWith({ routeSnapshotPath })
    await before.broker.request(registration())
    await before.broker.request(WIPE)
    await before.server.controller.shutdown()
    const after = await worldWith({ routeSnapshotPath })
    const restored = await explain(after, 'broker=127.0.0.1:10911')
    expect([restored.verdict, restored.sentences[0], restored.commands]).toEqual([
      'not_writable',
      'None of the 2 topics of broker-a is writable: it was not writable in the snapshot: wiped, or registered so, before the restart.',
      [],
    ])
    const topic = await explain(after, 'topic=TopicA')
    expect(topic.sentences).toContain(
      'On broker-a, it was not writable in the snapshot: wiped, or registered so, before the restart.',
    )
    expect(topic.commands).toEqual([])
    const world = await worldWith()
    await world.broker.request(registration())
    await world.broker.request(unregistration())
    expect((await explain(world, 'broker=127.0.0.1:10911')).verdict).toBe('unregistered')
  })

  test('a topic that its broker, back after a restart, no longer has', async () => {
    const routeSnapshotPath = `${temporaryFolder()}/routes.json`
    const before = await worldWith({ routeSnapshotPath })
    await before.broker.request(registration({ topics: ['orders', 'broker-a', 'x'] }))
    await before.server.controller.shutdown()
    const after = await worldWith({ routeSnapshotPath })
    await after.broker.request(registrationAgain(['broker-a', 'x']))
    expect((await explain(after, 'topic=orders')).sentences).toContain(
      'broker-a registered again without it: it disappears when the grace period ends (routeSnapshotGraceMillis).',
    )
    for (let turn = 0; turn < 14; turn++) {
      after.server.time.advance(10_000)
      await after.broker.request(registrationAgain(['broker-a', 'x']))
    }
    await expect
      .poll(async () => (await explain(after, 'topic=orders')).verdict)
      .toBe('dropped_by_registration')
    const { events } = (await ask(after.server, 'events')).body
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'topics_changed', text: 'topics: 1 deleted (orders)' }),
    )
  })

  test('a broker whose id another address has taken', async () => {
    const world = await worldWith()
    await world.broker.request(registration({ address: '10.0.0.1:10911' }))
    const other = await world.server.connect()
    await other.request(registration({ address: '10.0.0.2:10911' }))
    const { verdict, sentences } = await explain(world, 'broker=broker-a')
    expect([verdict, sentences[0]]).toEqual([
      'id_conflict',
      '10.0.0.1:10911 also registers as broker-a, with an id that another address has: the route alternates between their addresses. Give each broker a brokerName or brokerId of its own and restart it.',
    ])
  })

  test('a broker whose address another broker uses now, with other topics', async () => {
    const world = await worldWith()
    await world.broker.request(registration({ topics: ['orders', 'x'] }))
    await world.broker.request(unregistration())
    await world.broker.request(registration({ name: 'broker-b', topics: ['payments', 'y'] }))
    const { verdict, sentences } = await explain(world, 'broker=broker-a')
    expect(verdict).toBe('unregistered')
    expect(sentences.at(-1)).toBe(
      'Its address is now used by broker-b: it was renamed, or the address was reused.',
    )
  })

  test('a topic that may have left with a broker of which not all topics are kept', async () => {
    const world = await worldWith()
    const topics = Array.from({ length: 1_100 }, (_, index) => `T${index}`)
    await world.broker.request(registration({ topics }))
    await world.broker.request(
      registration({ name: 'broker-b', address: '10.0.0.2:10911', topics: ['x', 'y'] }),
    )
    await world.broker.request(unregistration())
    const { verdict, sentences, commands } = await explain(world, 'topic=T1099')
    expect([verdict, sentences[0], commands]).toEqual([
      'left_with_brokers',
      'T1099 may have left with broker-a, at TIME: broker-a unregistered by its own request, as a broker does that is stopped, and only some of the names of its 1100 topics are kept.',
      ['mqnamesrv broker explain broker-a'],
    ])
  })

  test('a master that became a slave', async () => {
    const world = await worldWith()
    await world.broker.request(registration({ address: '10.0.0.1:10911' }))
    await world.broker.request(registration({ id: 2, address: '10.0.0.1:10911' }))
    expect((await explain(world, 'broker=broker-a')).sentences[0]).toContain(
      'accepts no messages: 10.0.0.1:10911 became a slave, at TIME.',
    )
  })

  test('a wipe that a registration has undone, with who wiped first as long as it holds', async () => {
    const world = await worldWith()
    await world.broker.request(registration())
    const [first, second] = [await world.server.connect(), await world.server.connect()]
    await first.request(WIPE)
    await second.request(WIPE)
    expect((await explain(world, 'broker=broker-a')).sentences[0]).toContain(`by ${first.address} (`)
    await world.broker.request(registrationAgain(['TopicA', 'TopicB']))
    const { verdict, history } = await explain(world, 'broker=broker-a')
    expect([verdict, history]).toEqual([
      'registered',
      ['broker-a at 127.0.0.1:10911 (id 0) registered for the first time since the start'],
    ])
    const { events } = (await ask(world.server, 'events')).body
    const ofPermission = events.filter(({ kind }: { readonly kind: string }) => kind.startsWith('permission'))
    expect(
      ofPermission.map(({ kind, text }: { readonly kind: string; readonly text: string }) => [kind, text]),
    ).toEqual([
      ['permission_wiped', `2 topics now without write permission, by ${first.address}`],
      ['permission_restored', 'by its registration'],
    ])
  })

  test.each([
    ['%RETRY%group', 'its consumers create it', 'created_by_brokers'],
    ['bad topic!', 'it is no valid name', 'invalid_name'],
    ['Topica', 'TopicA is similar', 'never_created'],
  ])('the topic %s without a command that creates it: %s', async (topic, _, expected) => {
    const world = await worldWith()
    await world.broker.request(registration())
    const { verdict, commands } = await explain(world, `topic=${encodeURIComponent(topic)}`)
    expect([verdict, commands]).toEqual([expected, []])
  })

  test('a broker that creates no topics while its TBW102 is wiped', async () => {
    const world = await worldWith()
    await world.broker.request(registration({ topics: ['TBW102', 'x'] }))
    await world.broker.request(WIPE)
    expect((await explain(world, 'topic=orders')).verdict).toBe('never_created')
  })

  test('a broker that has moved to another cluster', async () => {
    const world = await worldWith()
    await world.broker.request(inCluster('Old', registration()))
    world.server.time.advance(1_000)
    const again = await world.server.connect()
    await again.request(inCluster('New', registration()))
    expect((await explain(world, 'broker=broker-a')).sentences.join()).not.toContain('used in the clusters')
  })

  test('a broker that leaves again and again', async () => {
    const world = await worldWith()
    for (let turn = 0; turn < 3; turn++) {
      await world.broker.request(registration())
      if (turn === 1) {
        const { history } = await explain(world, 'broker=broker-a')
        expect(history.at(-1)).toBe('broker-a at 127.0.0.1:10911 (id 0) registered again, 1 time in all')
      }
      await world.broker.request(unregistration())
      world.server.time.advance(1_000)
    }
    await world.broker.request(registration())
    const { verdict, sentences, history } = await explain(world, 'broker=broker-a')
    expect(verdict).toBe('registered')
    expect(sentences).toContain('127.0.0.1:10911 has left 3 times within ten minutes.')
    expect(history).toEqual([
      'broker-a at 127.0.0.1:10911 (id 0) registered for the first time since the start',
      'broker-a at 127.0.0.1:10911 (id 0) unregistered by its own request, as a broker does that is stopped',
      'broker-a at 127.0.0.1:10911 (id 0) unregistered by its own request, as a broker does that is stopped',
      'broker-a at 127.0.0.1:10911 (id 0) unregistered by its own request, as a broker does that is stopped',
      'broker-a at 127.0.0.1:10911 (id 0) registered again, 3 times in all',
    ])
  })

  test('a slave that registers after its master has not registered again', async () => {
    const world = await worldWith()
    await world.broker.request(registration())
    world.server.time.advance(1_000)
    await world.broker.request(registration({ id: 1, address: '127.0.0.1:10921' }))
    expect((await explain(world, 'broker=broker-a')).history).toEqual([
      'broker-a at 127.0.0.1:10911 (id 0) registered for the first time since the start',
      'broker-a at 127.0.0.1:10921 (id 1) registered for the first time since the start',
    ])
  })

  test('a topic and a broker that are shown from the snapshot', async () => {
    const routeSnapshotPath = `${temporaryFolder()}/routes.json`
    const before = await worldWith({ routeSnapshotPath })
    await before.broker.request(registration())
    await before.server.controller.shutdown()
    const after = await worldWith({ routeSnapshotPath })
    const topic = await explain(after, 'topic=TopicA')
    expect([topic.verdict, topic.sentences[1]]).toEqual([
      'routable',
      'What is shown of broker-a is provisional: it is from the snapshot before the restart, and the broker has not registered again.',
    ])
    const broker = await explain(after, 'broker=broker-a')
    expect([broker.verdict, broker.sentences[0]]).toEqual([
      'provisional',
      '127.0.0.1:10911 of broker-a is shown from the snapshot: it has not registered since this server started at TIME. A broker that does not within routeSnapshotGraceMillis is removed.',
    ])
    after.server.time.advance(130_000)
    await until('it is removed', () => after.server.controller.counters.brokersNotReturned === 1)
    expect((await explain(after, 'topic=TopicA')).sentences[0]).toBe(
      'TopicA left with broker-a, its last broker, at TIME: broker-a did not register again after the restart of this server.',
    )
    expect((await explain(after, 'broker=broker-a')).verdict).toBe('not_returned')
  })

  test('a topic and a broker that only one of two NameServers has', async () => {
    const peer = await worldWith()
    const peers = `127.0.0.1:${peer.server.port}`
    const world = await worldWith({ peers })
    await peer.broker.request(registration())
    await world.broker.request(
      registration({ name: 'broker-b', address: '127.0.0.1:10921', topics: ['Here', 'x'] }),
    )
    const compared = async (): Promise<void> => {
      world.server.time.advance(15_000)
      const differences = async () => (await ask(world.server, 'peers')).body.peers[0].differences
      await expect.poll(async () => (await differences()).length).toBeGreaterThan(4)
    }
    await compared()
    const told = async (question: string) => {
      const { verdict, sentences } = await explain(world, question)
      return [verdict, ...sentences.map((text) => text.replaceAll(peers, 'OTHER'))]
    }
    expect(await told('topic=TopicA')).toEqual([
      'only_on_peers',
      'TopicA has a route at OTHER, but not here: its brokers do not register with this server.',
      'Brokers must have all NameServers in namesrvAddr; clients that ask another one find the topic.',
    ])
    expect(await told('topic=Here')).toEqual([
      'routable',
      'Here has a route: 4 write queues on broker-b, 4 read queues on broker-b.',
      'OTHER has no route for Here: clients that ask there report "No route info of this topic". Brokers must have all NameServers in namesrvAddr.',
    ])
    expect(await told('broker=broker-a')).toEqual([
      'only_on_peers',
      'broker-a is not registered here. It is registered at OTHER.',
      'Brokers must have all NameServers in namesrvAddr.',
    ])
    expect((await told('broker=broker-b')).at(-1)).toBe(
      'broker-b, or a member of it, is not registered at OTHER. Brokers must have all NameServers in namesrvAddr.',
    )
  })

  test('a topic that a peer has, while a limit here rejects its broker', async () => {
    const peer = await worldWith()
    const world = await worldWith({ peers: `127.0.0.1:${peer.server.port}`, maxTopics: '1' })
    const topics = ['orders', 'x']
    for (const { broker } of [peer, world]) await broker.request(registration({ topics }))
    world.server.time.advance(15_000)
    const story = () => explain(world, 'topic=orders')
    await expect.poll(async () => (await story()).verdict).toBe('rejected_by_limit')
    expect((await story()).sentences[2]).toBe(`It has a route at 127.0.0.1:${peer.server.port}.`)
  })

  test('what clients see now', async () => {
    const world = await worldWith()
    await world.broker.request(registration())
    expect((await explain(world, 'topic=TopicA')).body.now).toEqual({
      code: 0,
      remark: null,
      brokers: [
        {
          brokerName: 'broker-a',
          cluster: 'DefaultCluster',
          perm: 6,
          readQueues: 4,
          writeQueues: 4,
          hasMaster: true,
          provisional: false,
          visible: true,
          registeredFrom: world.broker.address,
          lastRegistration: expect.stringMatching(/^\d{4}-/),
          registeredPerm: null,
        },
      ],
      members: null,
    })
    expect((await explain(world, 'topic=none')).body.now).toMatchObject({ code: 17, brokers: [] })
    await world.broker.request(WIPE)
    expect((await explain(world, 'topic=TopicA')).body.now.brokers).toMatchObject([
      { perm: 4, registeredPerm: 6 },
    ])
  })
})

test('explain without a topic or a broker, or with both, says what it needs', async () => {
  const { server } = await worldWith()
  for (const query of ['', '?topic=', '?topic=a&broker=b'])
    expect(await ask(server, `explain${query}`)).toMatchObject({
      status: 400,
      body: { error: { message: 'either topic=NAME or broker=NAME is required' } },
    })
})

test('explain shows names with control characters in quotes', async () => {
  const world = await worldWith()
  const { sentences } = await explain(
    world,
    `topic=${encodeURIComponent('a\u001b[31m\u202eb\n\u3164\u{e0041} ')}`,
  )
  expect(sentences[0]).toContain('so neither "a\\u001b[31m\\u202eb\\u000a\\u3164\\udb40\\udc41 " nor any')
})
