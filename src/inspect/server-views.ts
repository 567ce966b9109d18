import { isoTime } from '../common/iso-time.ts'
import type { Steps } from '../common/time-slicer.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { RouteView } from '../routeinfo/route-view.ts'
import { SEVERITIES } from './findings/rules.ts'
import type { ProcessState } from './metrics/process-metrics.ts'
import { dateOf, type InspectSources } from './sources.ts'
import { objectOf, type Schema, type View } from './view.ts'

const COUNT: Schema = { type: 'integer' }
const NUMBER: Schema = { type: 'number' }
const TEXT: Schema = { type: 'string' }

const TABLES = {
  revision: { ...COUNT, description: 'Grows with every change of the routes' },
  topics: {
    ...COUNT,
    description: 'As clients see them: this and the next members include what is restored',
  },
  provisionalTopics: { ...COUNT, description: 'Of these, topics that no broker has registered again' },
  staticTopics: COUNT,
  brokerGroups: COUNT,
  brokers: COUNT,
  provisionalBrokers: {
    ...COUNT,
    description: 'Of these, brokers that are restored from the snapshot and have not registered again',
  },
  clusters: COUNT,
  kvEntries: COUNT,
  kvBytes: COUNT,
} as const

const TOTALS = {
  requests: COUNT,
  lookups: { ...COUNT, description: 'Lookups of routes (105)' },
  lookupsWithoutRoute: COUNT,
  registrations: { ...COUNT, description: 'Registrations of brokers (103) that were applied' },
  registrationsRejected: COUNT,
  heartbeats: { ...COUNT, description: 'Heartbeats without a registration (904)' },
  rejected: { ...COUNT, description: 'Requests and connections beyond a limit' },
  internalErrors: COUNT,
  connectionsAccepted: COUNT,
  bytesIn: COUNT,
  bytesOut: COUNT,
  events: COUNT,
} as const

const PROCESS = {
  cpuSeconds: { ...NUMBER, description: 'Total' },
  residentBytes: COUNT,
  heapUsedBytes: COUNT,
  heapTotalBytes: COUNT,
  externalBytes: { ...COUNT, description: 'Of buffers outside the heap' },
  eventLoopActiveMs: { ...NUMBER, description: 'Total time in which the event loop worked' },
  eventLoopIdleMs: { ...NUMBER, description: 'Total time in which it waited' },
  eventLoopDelayMs: { ...NUMBER, description: 'How long it took just now to come to a task that was ready' },
} as const

/** `/api/v1/status`: the server in numbers. */
export function statusView(sources: InspectSources): View {
  const { identity, health } = sources
  return {
    path: '/api/v1/status',
    summary:
      'The server in numbers. Totals are counted from its start: the difference between two responses, divided by that of `uptimeSeconds`, is a rate.',
    response: objectOf({
      nodeId: TEXT,
      version: TEXT,
      nodeVersion: { ...TEXT, description: 'Of Node.js' },
      bootId: { ...TEXT, description: 'Different after each start' },
      started: { ...TEXT, format: 'date-time' },
      time: { ...TEXT, format: 'date-time' },
      uptimeSeconds: NUMBER,
      ready: { type: 'boolean', description: 'As `/readyz` says: whether all checks hold' },
      checks: {
        type: 'array',
        items: objectOf({
          name: TEXT,
          problem: { type: ['string', 'null'], description: 'Why it does not hold; null if it does' },
        }),
      },
      provisional: {
        type: 'boolean',
        description: 'Whether routes of the snapshot are shown whose brokers have not registered again',
      },
      findings: objectOf(Object.fromEntries(SEVERITIES.map((severity) => [severity, COUNT]))),
      tables: objectOf(TABLES),
      limits: {
        type: 'array',
        items: objectOf({
          key: TEXT,
          used: { type: ['integer', 'null'], description: 'Null for limits on a single request or address' },
          max: { type: ['integer', 'null'], description: 'In effect; null if it is off' },
        }),
        description: 'How much of each limit is in use, by its key of the configuration',
      },
      totals: objectOf(TOTALS),
      process: objectOf(PROCESS),
    }),
    read: async ({ owner }) => ({
      nodeId: identity.nodeId,
      version: identity.version,
      nodeVersion: process.versions.node,
      bootId: identity.bootId,
      started: dateOf(identity.startedMs, sources),
      time: isoTime(sources.dateMs()),
      uptimeSeconds: (sources.nowMs() - identity.startedMs) / 1_000,
      ready: health.ready,
      checks: health.checks().map(({ name, problem = null }) => ({ name, problem })),
      provisional: health.provisional,
      findings: findingsOf(sources),
      tables: await sources.routeInfo.read((view) => tablesOf(view, sources), owner),
      limits: sources.limits().map(({ limit, max, used = null }) => ({
        key: limit,
        used,
        max: Number.isFinite(max) ? max : null,
      })),
      totals: totalsOf(sources),
      process: processOf(await sources.process()),
    }),
  }
}

/** A step per restored topic. */
function* tablesOf(
  view: RouteView,
  { routeInfo, kvConfig, observed }: InspectSources,
): Steps<Record<keyof typeof TABLES, number>> {
  const { tables, restored } = view
  let [provisionalTopics, restoredStatic] = [0, 0]
  for (const topic of restored?.topics.keys() ?? []) {
    const isLive = tables.topicQueueTable.snapshotGet(topic) !== undefined
    if (!isLive && view.queues(topic) !== undefined) provisionalTopics++
    yield
  }
  for (const topic of restored?.mappings.keys() ?? []) {
    if (tables.topicQueueMappingInfoTable.snapshotGet(topic) === undefined) restoredStatic++
    yield
  }
  const provisionalBrokers = restored?.brokers.size ?? 0
  const isObserved = observed !== undefined
  let members = 0
  for (const { brokerAddrs } of isObserved ? view.groupsWithMembers() : []) {
    members += brokerAddrs.size
    yield
  }
  return {
    revision: routeInfo.revision,
    topics: tables.topicQueueTable.size + provisionalTopics,
    provisionalTopics,
    staticTopics: tables.topicQueueMappingInfoTable.size + restoredStatic,
    brokerGroups: view.groups().size,
    brokers: isObserved ? members : tables.brokerLiveTable.size + provisionalBrokers,
    provisionalBrokers,
    clusters: view.clusters().size,
    kvEntries: kvConfig.entries,
    kvBytes: kvConfig.bytes,
  }
}

function processOf({ cpu, memory, eventLoop, lag }: ProcessState): Record<keyof typeof PROCESS, number> {
  return {
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    residentBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    externalBytes: memory.external,
    eventLoopActiveMs: eventLoop.active,
    eventLoopIdleMs: eventLoop.idle,
    eventLoopDelayMs: lag.current * 1_000,
  }
}

/** Findings of each severity. */
function findingsOf({ findings }: InspectSources): Record<string, number> {
  const counts = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0]))
  for (const { severity, count } of findings.counts) counts[severity] = (counts[severity] ?? 0) + count
  return counts
}

function totalsOf({ counters, events }: InspectSources): Record<keyof typeof TOTALS, number> {
  const { requests, outcomes, rejected } = counters
  return {
    requests: requests.total,
    lookups: requests.get(RequestCode.GET_ROUTEINFO_BY_TOPIC),
    lookupsWithoutRoute: outcomes.get(ResponseCode.TOPIC_NOT_EXIST),
    registrations: counters.registrationsRead + counters.registrationsUnchanged,
    registrationsRejected: counters.registrationsRejected,
    heartbeats: requests.get(RequestCode.BROKER_HEARTBEAT),
    rejected: Object.values(rejected).reduce((sum, count) => sum + count, 0),
    internalErrors: counters.requestInternalErrors + counters.connectionInternalErrors,
    connectionsAccepted: counters.connectionsAccepted,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    events: events.added,
  }
}

const VALUE: Schema = { type: ['string', 'number', 'boolean', 'null'] }

/** `/api/v1/config`: the configuration in effect. */
export function configView({ configuration }: InspectSources): View {
  return {
    path: '/api/v1/config',
    summary: 'Every key of the configuration with its value in effect; secrets are hidden.',
    response: objectOf({
      keys: {
        type: 'array',
        items: objectOf({
          key: TEXT,
          value: { ...VALUE, description: 'Null if it has none; `******` in place of a secret' },
          default: { ...VALUE, description: 'In words if it depends on the machine or on other keys' },
          source: objectOf({
            layer: { enum: ['default', 'file', 'environment', 'option', 'update'] },
            place: { ...TEXT, description: 'Such as `namesrv.conf:12`' },
          }),
          effect: {
            enum: ['live', 'connection', 'start', 'none'],
            description:
              'When the value is read: at every use, by each new connection, at the start, or never',
          },
          unit: { type: ['string', 'null'] },
          updatable: { type: 'boolean', description: 'Whether request 318 can change it' },
          meaning: TEXT,
        }),
      },
    }),
    read: () => ({ keys: configuration() }),
  }
}
