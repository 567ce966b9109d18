import type { Steps } from '../common/time-slicer.ts'
import { NAMESPACE_ORDER_TOPIC_CONFIG } from '../kvconfig/kv-config-manager.ts'
import { accessOf, Perm, type TopicQueues } from '../protocol/body/topic-config.ts'
import { CURRENT_VERSION, MQVersion, remarkText } from '../protocol/remoting-command.ts'
import type { RouteView } from '../routeinfo/route-view.ts'
import type { BrokerMember } from './broker-member.ts'
import { MEMBER, membersOf } from './broker-views.ts'
import { mqadmin, mqnamesrv } from './commands.ts'
import { NEXT_SCHEMA, PAGE_PARAMETERS, pageOf } from './paging.ts'
import type { InspectSources } from './sources.ts'
import { STATIC_QUEUES_SCHEMA, staticQueuesOf } from './static-queues.ts'
import {
  COMMANDS,
  choiceOf,
  objectOf,
  quoted,
  type Schema,
  VERSION_PARAMETER,
  type View,
  versionOf,
} from './view.ts'
import { ViewError } from './view-error.ts'

/** `/api/v1/topics`: the names of all topics that have a route. */
export function topicsView({ routeIndex, routeInfo, identity }: InspectSources): View {
  return {
    path: '/api/v1/topics',
    summary: 'Names of topics, in ascending order of their UTF-16 units.',
    parameters: PAGE_PARAMETERS,
    response: objectOf({
      total: { type: 'integer', description: 'All topics' },
      matching: { type: 'integer', description: 'Topics that begin with `prefix`' },
      topics: { type: 'array', items: { type: 'string' } },
      next: NEXT_SCHEMA,
    }),
    version: () => `${identity.bootId}-${routeInfo.revision}`,
    read: async ({ query }) => {
      const { topics } = await routeIndex.get()
      const { names, matching, next } = pageOf(topics, query)
      return { total: topics.length, matching, topics: names, next }
    },
  }
}

export const QUEUES = {
  readQueues: { type: 'integer' },
  writeQueues: { type: 'integer' },
  perm: { type: 'integer', description: '4 read, 2 write, 1 inherit, 8 priority; added up' },
  access: { enum: ['rw', 'r', 'w', ''], description: 'What `perm` allows' },
  sysFlag: { type: 'integer' },
} as const

const QUEUES_ON_BROKER: Schema = objectOf({
  brokerName: { type: 'string' },
  cluster: { type: ['string', 'null'] },
  zone: { type: ['string', 'null'] },
  ...QUEUES,
  provisional: {
    type: 'boolean',
    description: 'Restored from the snapshot; the broker has not registered again',
  },
  registered: {
    anyOf: [objectOf(QUEUES), { type: 'null' }],
    description: 'As the broker last registered them, if a request (205, 327, 217) changed them since',
  },
  staticQueues: STATIC_QUEUES_SCHEMA,
  members: { type: 'array', items: MEMBER, description: 'By id, the master (0) first' },
})

/** Clusters for which there are commands. */
const MAX_CLUSTERS = 4

/** `/api/v1/topics/{topic}`: where a topic lives. */
export function topicView(sources: InspectSources): View {
  const { routeInfo, kvConfig } = sources
  return {
    path: '/api/v1/topics/{topic}',
    summary: 'Queues of a topic on each broker group, and the commands that change it.',
    response: objectOf({
      topic: { type: 'string' },
      orderConf: { type: ['string', 'null'], description: 'Its value in the namespace ORDER_TOPIC_CONFIG' },
      brokers: { type: 'array', items: QUEUES_ON_BROKER },
      commands: COMMANDS,
    }),
    read: async ({ path: { topic = '' }, owner }) => {
      const brokers = await routeInfo.read((view) => queuesOf(view, topic, sources), owner)
      if (brokers.length === 0) throw unknownTopic(topic)
      const orderConf = kvConfig.getKVConfig(NAMESPACE_ORDER_TOPIC_CONFIG, topic)
      return { topic, orderConf, brokers, commands: commandsFor(topic, brokers) }
    },
  }
}

/** What of a topic's queues on a broker group the commands depend on. */
interface ShownQueues extends BrokerQueues {
  readonly cluster: string | null
  /** As the broker has them, if they differ from those here. */
  readonly registered: BrokerQueues | null
  readonly members: readonly BrokerMember[]
}

interface BrokerQueues {
  readonly perm: number
  readonly readQueues: number
  readonly writeQueues: number
}

function* queuesOf(view: RouteView, topic: string, sources: InspectSources): Steps<ShownQueues[]> {
  const shown: ShownQueues[] = []
  for (const [brokerName, queueData] of view.queues(topic) ?? []) {
    const registered = view.tables.overridden.registeredOf(topic, brokerName)
    const mapping = view.mappings(topic)?.get(brokerName)
    const group = view.group(brokerName)
    const queues = {
      brokerName,
      cluster: group?.cluster ?? null,
      zone: group?.zoneName ?? null,
      ...shownQueues(queueData),
      provisional: view.isProvisional(topic, brokerName),
      registered: registered === undefined ? null : shownQueues(registered),
      staticQueues: staticQueuesOf(mapping),
      members: group === undefined ? [] : yield* membersOf(view, group, sources),
    }
    shown.push(queues)
    yield
  }
  return shown
}

export function shownQueues({ readQueueNums, writeQueueNums, perm, topicSysFlag }: TopicQueues) {
  return {
    readQueues: readQueueNums,
    writeQueues: writeQueueNums,
    perm,
    access: accessOf(perm),
    sysFlag: topicSysFlag,
  }
}

/** What an operator may want to do with a topic, for each of its clusters. */
function commandsFor(topic: string, brokers: readonly ShownQueues[]) {
  const clusters = [...new Set(brokers.flatMap(({ cluster }) => cluster ?? []))].slice(0, MAX_CLUSTERS)
  const commands = clusters.flatMap((cluster) => {
    // These commands change brokers, which do not know what a request to this server changed.
    const there = brokers
      .filter((each) => each.cluster === cluster)
      .map((each): BrokerQueues => each.registered ?? each)
    const [first] = there
    const isOpen = there.every(({ perm }) => accessOf(perm) === 'rw')
    const target = { c: cluster, t: topic }
    return [
      {
        purpose: isOpen ? 'Make it read-only' : 'Permit reading and writing',
        command: mqadmin('updateTopicPerm', { ...target, p: isOpen ? Perm.READ : Perm.READ | Perm.WRITE }),
      },
      {
        purpose: 'Set its queues on each broker',
        command: mqadmin('updateTopic', {
          ...target,
          r: first?.readQueues ?? 0,
          w: first?.writeQueues ?? 0,
          p: first?.perm ?? 0,
        }),
      },
      { purpose: 'Delete it from brokers and NameServers', command: mqadmin('deleteTopic', target) },
    ].map(({ purpose, command }) => ({
      purpose: clusters.length === 1 ? purpose : `${purpose}, in ${cluster}`,
      command,
    }))
  })
  const all = [...commands, { purpose: 'Delete its route only', command: mqnamesrv('topic delete', topic) }]
  return all.filter(({ command }) => command !== null)
}

function unknownTopic(topic: string): ViewError {
  const why = `/api/v1/explain?topic=${encodeURIComponent(topic)}`
  return new ViewError('ERR_NOT_FOUND', `no topic ${quoted(topic)}; ${why} says why`)
}

/** @see JsonDialect */
const DIALECTS = ['standard', 'legacy'] as const

/** The last version whose clients get the legacy dialect. */
const LEGACY_VERSION = MQVersion.V4_9_4 - 1

/** `/api/v1/topics/{topic}/route`: what a client gets that looks a topic up. */
export function topicRouteView({ lookup, routeInfo }: InspectSources): View {
  return {
    path: '/api/v1/topics/{topic}/route',
    summary: 'The response of this server to a lookup (105) of a topic, as a client would get it.',
    parameters: [
      VERSION_PARAMETER,
      {
        name: 'dialect',
        summary:
          'JSON dialect of the client: `legacy` for one before 4.9.4, `standard` for one that accepts standard JSON only. Default: by its version.',
        schema: { enum: DIALECTS },
      },
      {
        name: 'zone',
        summary: 'Zone to which the client restricts its routes. Default: none.',
        schema: { type: 'string' },
      },
    ],
    response: objectOf({
      topic: { type: 'string' },
      version: { type: 'integer' },
      zone: { type: ['string', 'null'] },
      code: { type: 'integer', description: '0 success, 17 no route, 1 error' },
      remark: { type: ['string', 'null'] },
      body: { type: ['string', 'null'], description: 'Its body, byte for byte' },
      route: { type: ['object', 'null'], description: 'The same as JSON, whatever the dialect' },
      provisional: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Broker names whose queues of the topic are restored from the snapshot: the broker has not registered again',
      },
    }),
    read: async ({ path: { topic = '' }, query, owner }) => {
      const zone = query.get('zone')
      const version = askedVersion(query)
      const extFields = new Map([['topic', topic]])
      if (query.get('dialect') === 'standard') extFields.set('acceptStandardJsonOnly', 'true')
      if (zone !== null) extFields.set('__ZONE_MODE', 'true').set('__ZONE_NAME', zone)
      const response = await lookup({ version, extFields })
      const provisional = await routeInfo.read((view) => provisionalOn(view, topic), owner)
      const body = response.body?.toString() ?? null
      return {
        topic,
        version,
        zone,
        code: response.code,
        remark: response.remark == null ? null : remarkText(response.remark),
        body,
        route: body === null ? null : parsedRoute(body),
        provisional,
      }
    },
  }
}

function* provisionalOn(view: RouteView, topic: string): Steps<string[]> {
  return [...(view.queues(topic)?.keys() ?? [])].filter((name) => view.isProvisional(topic, name))
}

/** @throws {ViewError} */
function askedVersion(query: URLSearchParams): number {
  const isLegacy = choiceOf(query, 'dialect', DIALECTS) === 'legacy'
  const version = versionOf(query, isLegacy ? LEGACY_VERSION : CURRENT_VERSION)
  if (isLegacy && version > LEGACY_VERSION)
    throw new ViewError('ERR_BAD_REQUEST', 'dialect=legacy needs a version before 4.9.4')
  return version
}

/** The route in a body. Null for one that another NameServer wrote (cluster-test mode) in no dialect that we know. */
export function parsedRoute(body: string): unknown {
  // The legacy dialect has integer names without quotes; a string that looks like one is matched as a string.
  const standard = body.replace(/"(?:[^"\\]|\\.)*"|(?<=[{,])-?\d+(?=:)/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  )
  try {
    return JSON.parse(standard)
  } catch {
    return null
  }
}
