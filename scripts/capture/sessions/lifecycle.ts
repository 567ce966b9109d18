/** A master from start to shutdown, with clients, admin tools and replays against the same NameServer. */
import { editRequest } from '../captured-frames.ts'
import { replay } from '../replay.ts'
import { exchangeOf, isIncrementOf, type Session, type SessionContext } from '../session.ts'
import type { Peer } from '../stage.ts'
import { BROKERS, NAMES } from '../stage.ts'

// The newest version that is answered in the legacy dialect (4.9.3; 4.9.4 is 401).
const LEGACY_VERSION = 399
const TOPIC = 'TopicTest'
const STATIC_TOPIC = 'StaticTopic'
const BROKER_ADDR = `127.0.0.1:${BROKERS[0].port}`

/** Leaves its store behind as `broker-0`, for `compressed` to start from. */
export const lifecycle: Session = {
  name: 'lifecycle',
  majors: ['4', '5'],
  async run(context) {
    const { port } = await context.stage.nameServer({ orderMessageEnable: true })
    const broker = await context.stage.broker(port)
    await brokerStart(context, port, broker)
    await clients(context, port)
    await adminTools(context, port, broker)
    if (context.release.startsWith('5')) {
      await staticTopic(context, port, broker)
      await topicLists(context, port)
    }
    await adminProgram(context, port)
    await replays(context, port)

    await broker.process.stop()
    const unregister = await exchangeOf(broker.proxy, 'UNREGISTER_BROKER')
    context.save('unregister-broker', unregister, { client: 'broker', why: 'broker shutdown (SIGTERM)' })
  },
}

async function brokerStart(context: SessionContext, port: number, broker: Peer): Promise<void> {
  const first = await exchangeOf(broker.proxy, 'REGISTER_BROKER')
  context.save('register-broker', first, { client: 'broker', why: 'broker start, all topics' })

  const attributes = context.release.startsWith('5') ? ['-a', '+message.type=NORMAL'] : []
  await context.stage.mqadmin(port, [
    ...['updateTopic', '-b', BROKER_ADDR, '-t', TOPIC, '-r', '4', '-w', '4'],
    ...attributes,
  ])
  const increment = await broker.proxy.exchange('an increment registration', isIncrementOf(TOPIC))
  context.save('register-broker-increment', increment, {
    client: 'broker',
    why: `mqadmin updateTopic created ${TOPIC}`,
  })

  if (context.release.startsWith('5')) {
    const info = await exchangeOf(broker.proxy, 'GET_BROKER_CLUSTER_INFO')
    context.save('get-broker-cluster-info-from-broker', info, {
      client: 'broker',
      why: 'sent by the broker every 5 s',
    })
  }
}

async function clients(context: SessionContext, port: number): Promise<void> {
  const { stage } = context
  const unknown = 'NewTopic'
  const producer = await stage.program(port, 'Producer.java', [TOPIC, unknown])
  const lookups = [
    ['route', TOPIC, 'first message to a known topic'],
    ['route-unknown-topic', unknown, 'first message to an unknown topic'],
    ['route-default-topic', 'TBW102', 'the topic to be created is unknown, so its template is asked for'],
  ] as const
  for (const [name, topic, why] of lookups) {
    const lookup = await exchangeOf(producer, 'GET_ROUTEINFO_BY_TOPIC', { topic })
    context.save(name, lookup, { client: 'producer', why })
  }
  const consumer = await stage.program(port, 'Consumer.java', [TOPIC])
  const lookup = await exchangeOf(consumer, 'GET_ROUTEINFO_BY_TOPIC', { topic: TOPIC })
  context.save('route-from-consumer', lookup, { client: 'push consumer', why: 'start, subscribed topic' })
}

async function adminTools(context: SessionContext, port: number, broker: Peer): Promise<void> {
  const order = ['updateOrderConf', '-t', TOPIC]
  const orderValue = `${NAMES.broker}:4`
  const commands = [
    ['cluster-list', 'GET_BROKER_CLUSTER_INFO', ['clusterList']],
    ['topic-list', 'GET_ALL_TOPIC_LIST_FROM_NAMESERVER', ['topicList']],
    ['topic-route', 'GET_ROUTEINFO_BY_TOPIC', ['topicRoute', '-t', TOPIC]],
    ['put-kv-config', 'PUT_KV_CONFIG', ['updateKvConfig', '-s', 'capture-ns', '-k', 'key', '-v', 'value']],
    ['put-order-conf', 'PUT_KV_CONFIG', [...order, '-m', 'put', '-v', orderValue]],
    ['get-order-conf', 'GET_KV_CONFIG', [...order, '-m', 'get']],
    ['route-with-order-conf', 'GET_ROUTEINFO_BY_TOPIC', ['topicRoute', '-t', TOPIC]],
  ] as const
  for (const [name, code, args] of commands) {
    const proxy = await context.stage.mqadmin(port, args)
    // An admin client also asks for the route of TBW102 while it starts.
    const extFields = code === 'GET_ROUTEINFO_BY_TOPIC' ? { topic: TOPIC } : {}
    context.save(name, await exchangeOf(proxy, code, extFields), {
      client: 'mqadmin',
      why: `mqadmin ${args.join(' ')}`,
    })
  }

  const after = broker.proxy.frames.length
  const registration = await exchangeOf(broker.proxy, 'REGISTER_BROKER', {}, { after })
  context.saveResponse('register-broker-with-order-conf', registration, {
    client: 'broker',
    why: 'periodic registration while an order configuration exists',
  })

  const deletions = [
    ['delete-order-conf', [...order, '-m', 'delete']],
    ['delete-kv-config', ['deleteKvConfig', '-s', 'capture-ns', '-k', 'key']],
  ] as const
  for (const [name, args] of deletions) {
    const proxy = await context.stage.mqadmin(port, args)
    const deletion = await exchangeOf(proxy, 'DELETE_KV_CONFIG')
    context.save(name, deletion, { client: 'mqadmin', why: `mqadmin ${args.join(' ')}` })
  }
}

async function staticTopic(context: SessionContext, port: number, broker: Peer): Promise<void> {
  const args = ['updateStaticTopic', '-t', STATIC_TOPIC, '-qn', '3', '-c', NAMES.cluster]
  await context.stage.mqadmin(port, args)
  const increment = await broker.proxy.exchange('a static registration', isIncrementOf(STATIC_TOPIC))
  context.save('register-broker-static-topic', increment, {
    client: 'broker',
    why: `mqadmin ${args.join(' ')}: unquoted integer keys in the body`,
  })
  const route = await context.stage.mqadmin(port, ['topicRoute', '-t', STATIC_TOPIC])
  const lookup = await exchangeOf(route, 'GET_ROUTEINFO_BY_TOPIC', { topic: STATIC_TOPIC })
  context.save('route-static-topic', lookup, {
    client: 'mqadmin',
    why: 'mqadmin topicRoute of a static topic',
  })
}

async function adminProgram(context: SessionContext, port: number): Promise<void> {
  const admin = await context.stage.program(port, 'Admin.java', [NAMES.broker, TOPIC])
  const escapes = { key: 'escapes', namespace: 'capture-ns' }
  const calls = [
    ['put-kv-config-empty-value', 'PUT_KV_CONFIG', { key: 'empty' }, 'an empty value'],
    ['put-kv-config-escapes', 'PUT_KV_CONFIG', escapes, 'a value with every kind of escape'],
    ['get-kv-config-escapes', 'GET_KV_CONFIG', escapes, 'a value with every kind of escape'],
    ['get-kv-config-unknown-key', 'GET_KV_CONFIG', { key: 'absent' }, 'a key that does not exist'],
    ['get-kvlist', 'GET_KVLIST_BY_NAMESPACE', { namespace: 'capture-ns' }, 'getKVListByNamespace'],
    ['get-kvlist-unknown', 'GET_KVLIST_BY_NAMESPACE', { namespace: 'absent-ns' }, 'an unknown namespace'],
    ['route-escapes', 'GET_ROUTEINFO_BY_TOPIC', { topic: TOPIC }, 'order conf with every kind of escape'],
    ['wipe-write-perm', 'WIPE_WRITE_PERM_OF_BROKER', {}, 'wipeWritePermOfBroker'],
    ['add-write-perm', 'ADD_WRITE_PERM_OF_BROKER', {}, 'addWritePermOfBroker'],
  ] as const
  for (const [name, code, extFields, why] of calls) {
    const call = await exchangeOf(admin, code, extFields)
    context.save(name, call, { client: 'admin API', why })
  }
}

async function topicLists(context: SessionContext, port: number): Promise<void> {
  const admin = await context.stage.program(port, 'AdminLists.java', [NAMES.cluster])
  const calls = [
    ['topics-by-cluster', 'GET_TOPICS_BY_CLUSTER', {}, 'getTopicsByCluster'],
    ['system-topic-list', 'GET_SYSTEM_TOPIC_LIST_FROM_NS', {}, 'getSystemTopicList'],
    ['unit-topic-list', 'GET_UNIT_TOPIC_LIST', {}, 'getUnitTopicList'],
  ] as const
  for (const [name, code, extFields, why] of calls) {
    context.save(name, await exchangeOf(admin, code, extFields), { client: 'admin API', why })
  }
}

/** Requests no released peer at hand sends: captured ones with a few header fields changed. */
async function replays(context: SessionContext, port: number): Promise<void> {
  // The 4.9.7 request for both servers, so that they are asked the same; main.ts captures 4.9.7 first.
  const lookup = context.read('route.request', '4.9.7')
  const legacy = [
    ['route-legacy', TOPIC],
    ...(context.release.startsWith('5') ? [['route-legacy-static-topic', STATIC_TOPIC] as const] : []),
  ] as const
  for (const [name, topic] of legacy) {
    const request = editRequest(lookup, { version: LEGACY_VERSION, extFields: { topic } })
    const answered = await replay(port, request)
    if (!answered) throw new Error(`${name} was not answered`)
    context.save(name, answered, {
      client: `replayed: 4.9.7 producer request, version set to ${LEGACY_VERSION}, topic to ${topic}`,
      why: 'a lookup as 4.9.3 and older send it',
    })
  }

  const unknownCode = await replay(port, editRequest(lookup, { code: 9999, extFields: null }), 3_000)
  if (unknownCode) {
    context.save('unknown-code', unknownCode, {
      client: 'replayed: 4.9.7 producer request, code set to 9999, extFields to null',
      why: 'a code no release has',
    })
  } else {
    process.stdout.write(`  ${context.release}: no answer to an unknown code in 3 s\n`)
  }
}
