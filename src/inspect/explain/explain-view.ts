import { counted } from '../../common/counted.ts'
import type { RouteHistory } from '../history/route-history.ts'
import { MISS_COUNTS_SCHEMA, SIMILAR_SCHEMA, shownMiss } from '../misses-view.ts'
import { dateOf, type InspectSources } from '../sources.ts'
import {
  LONG_SCHEMA,
  longValue,
  objectOf,
  type Schema,
  VERSION_PARAMETER,
  type View,
  type ViewRequest,
  versionOf,
} from '../view.ts'
import { ViewError } from '../view-error.ts'
import { BROKER_VERDICTS, tellBroker } from './broker-story.ts'
import { brokerFacts, topicFacts } from './facts.ts'
import { shownCells, TOPIC_VERDICTS, tellTopic } from './topic-story.ts'
import { causeText, memberText, name } from './wording.ts'

/** Brokers, members and past events that are shown. */
const MAX_SHOWN = 64

/** `/api/v1/explain`: why clients find a topic or not, or what has become of a broker. */
export function explainView(sources: InspectSources): View {
  return {
    path: '/api/v1/explain',
    summary:
      'Why clients find a topic or not, or what has become of a broker, in sentences. Either `topic` or `broker` is required.',
    parameters: [
      { name: 'topic', summary: 'The topic.', schema: { type: 'string', minLength: 1 } },
      {
        name: 'broker',
        summary: 'The name of the broker, or its announced address.',
        schema: { type: 'string', minLength: 1 },
      },
      VERSION_PARAMETER,
      {
        name: 'zone',
        summary: 'Zone to which the client restricts its routes. Default: none.',
        schema: { type: 'string' },
      },
    ],
    response: RESPONSE,
    read: (request) => {
      const [topic, broker] = [request.query.get('topic'), request.query.get('broker')]
      if (topic && broker === null) return explainTopic(topic, request, sources)
      if (broker && topic === null) return explainBroker(broker, request, sources)
      throw new ViewError('ERR_BAD_REQUEST', 'either topic=NAME or broker=NAME is required')
    },
  }
}

async function explainTopic(topic: string, { query, owner }: ViewRequest, sources: InspectSources) {
  const version = versionOf(query)
  const facts = await topicFacts(topic, { version, zone: query.get('zone') }, sources, owner)
  const { lookup, cells, similar, miss } = facts
  const brokerNames = new Set([
    ...cells.map(({ brokerName }) => brokerName),
    ...sources.history.topicRemovals(topic).map(({ brokerName }) => brokerName),
  ])
  const { topic: _, ...misses } = miss === undefined ? { topic } : shownMiss(miss)
  return {
    subject: { kind: 'topic', name: topic },
    ...tellTopic(facts),
    now: {
      ...lookup,
      brokers: shownCells(facts),
      members: null,
    },
    misses: miss === undefined ? null : misses,
    history: pastOf(
      [...topicPast(topic, sources.history), ...brokerPast(brokerNames, sources.history)],
      sources,
    ),
    similar,
  }
}

async function explainBroker(nameOrAddress: string, { owner }: ViewRequest, sources: InspectSources) {
  const facts = await brokerFacts(nameOrAddress, sources, owner)
  const { brokerName, members, similar } = facts
  return {
    subject: { kind: 'broker', name: brokerName },
    ...tellBroker(facts),
    now: {
      code: null,
      remark: null,
      brokers: null,
      members: members.slice(0, MAX_SHOWN).map((member) => ({
        brokerId: longValue(member.brokerId),
        address: member.brokerAddr,
        peer: member.peer ?? null,
        heartbeatAgeMs: member.heartbeatAgeMs === undefined ? null : Math.round(member.heartbeatAgeMs),
        provisional: member.isProvisional,
      })),
    },
    misses: null,
    history: pastOf(brokerPast([brokerName], sources.history), sources),
    similar,
  }
}

/** Something that happened. */
interface Past {
  readonly atMs: number
  readonly text: string
}

function topicPast(topic: string, history: RouteHistory): Past[] {
  const past: Past[] = []
  const deletion = history.topicDeletion(topic)
  if (deletion !== undefined)
    past.push({
      ...deletion,
      text: `deleted on ${counted(deletion.brokers, 'broker')} by ${deletion.by} (request 216)`,
    })
  const registration = history.topicRegistration(topic)
  if (registration !== undefined) {
    const text = `registered on ${counted(registration.brokers, 'broker')} by ${registration.by} (request 217)`
    past.push({ ...registration, text })
  }
  for (const { atMs, brokerName, cause } of history.topicRemovals(topic)) {
    if (cause === 'dropped') past.push({ atMs, text: `dropped by the registration of ${name(brokerName)}` })
    else past.push({ atMs, text: `removed with ${name(brokerName)}` })
  }
  return past
}

function brokerPast(brokerNames: Iterable<string>, history: RouteHistory): Past[] {
  const past: Past[] = []
  for (const brokerName of brokerNames) {
    const broker = name(brokerName)
    const known = history.broker(brokerName)
    for (const { firstRegisteredMs, lastRegisteredMs, registrations, ...member } of known?.members ?? []) {
      const who = memberText({ brokerName, ...member })
      past.push({ atMs: firstRegisteredMs, text: `${who} registered for the first time since the start` })
      if (registrations > 1) {
        const text = `${who} registered again, ${counted(registrations - 1, 'time')} in all`
        past.push({ atMs: lastRegisteredMs, text })
      }
    }
    if (known?.topicsChangedMs !== undefined && known.topicsChangedMs > known.lastRegisteredMs)
      past.push({ atMs: known.topicsChangedMs, text: `topics changed by a registration of ${broker}` })
    for (const departure of history.departures(brokerName))
      past.push({ ...departure, text: `${memberText(departure)} ${causeText(departure.cause)}` })
    const change = history.permissionChange(brokerName)
    if (change !== undefined) {
      const now = change.kind === 'wiped' ? 'without' : 'with'
      const text = `write permission of ${broker} ${change.kind} by ${change.by}, ${counted(change.topics, 'topic')} now ${now} it`
      past.push({ ...change, text })
    }
    const rejection = history.rejection(brokerName)
    if (rejection !== undefined)
      past.push({
        ...rejection,
        text: `registration of ${broker} from ${rejection.by} rejected: ${rejection.reason}`,
      })
    if (past.length > 16 * MAX_SHOWN) break
  }
  return past
}

function pastOf(past: Past[], sources: InspectSources) {
  return past
    .sort((a, b) => a.atMs - b.atMs)
    .slice(-MAX_SHOWN)
    .map(({ atMs, text }) => ({ time: dateOf(atMs, sources), text }))
}

const RESPONSE: Schema = objectOf({
  subject: objectOf({ kind: { enum: ['topic', 'broker'] }, name: { type: 'string' } }),
  verdict: { enum: [...Object.keys(TOPIC_VERDICTS), ...Object.keys(BROKER_VERDICTS)] },
  sentences: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    description: 'The first sentence states the cause',
  },
  commands: {
    type: 'array',
    items: { type: 'string' },
    description:
      'What to run, or to set in broker.conf; commands of mqnamesrv and mqadmin ask the NameServers of the variable NAMESRV_ADDR',
  },
  now: {
    ...objectOf({
      code: {
        type: ['integer', 'null'],
        description: 'Of the response to a lookup: 0 success, 17 no route, 1 error',
      },
      remark: { type: ['string', 'null'] },
      brokers: {
        type: ['array', 'null'],
        items: objectOf({
          brokerName: { type: 'string' },
          cluster: { type: 'string' },
          perm: { type: 'integer', description: '4 read, 2 write; added up' },
          readQueues: { type: 'integer' },
          writeQueues: { type: 'integer' },
          hasMaster: { type: 'boolean' },
          provisional: { type: 'boolean' },
          visible: { type: 'boolean', description: 'Whether the client sees it' },
          registeredFrom: {
            type: ['string', 'null'],
            description: 'The peer that its master, or its first slave, registered from',
          },
          lastRegistration: { type: ['string', 'null'], format: 'date-time' },
          registeredPerm: {
            type: ['integer', 'null'],
            description: 'As the broker registered it, if a request (205, 327, 217) changed it since',
          },
        }),
        description: `Of a topic: its first ${MAX_SHOWN} broker names`,
      },
      members: {
        type: ['array', 'null'],
        items: objectOf({
          brokerId: LONG_SCHEMA,
          address: { type: 'string' },
          peer: { type: ['string', 'null'] },
          heartbeatAgeMs: { type: ['integer', 'null'] },
          provisional: { type: 'boolean' },
        }),
        description: `Of a broker: its first ${MAX_SHOWN} members`,
      },
    }),
    description: 'What clients see at present',
  },
  misses: {
    anyOf: [MISS_COUNTS_SCHEMA, { type: 'null' }],
    description: 'Lookups of the topic that found no route',
  },
  history: {
    type: 'array',
    items: objectOf({ time: { type: 'string', format: 'date-time' }, text: { type: 'string' } }),
    description: `What happened, as far as it is kept: the last ${MAX_SHOWN} events, the oldest first`,
  },
  similar: SIMILAR_SCHEMA,
})
