import { isoTime } from '../common/iso-time.ts'
import { versionName } from '../protocol/version-name.ts'
import type { TopicMiss } from '../stats/topic-misses.ts'
import { lossOf, lossText } from './explain/topic-loss.ts'
import { MAX_SIMILAR, type SimilarName, similarToEach } from './similar-names.ts'
import type { InspectSources } from './sources.ts'
import { integerOf, objectOf, type Schema, type View } from './view.ts'

export const SIMILAR_SCHEMA: Schema = {
  type: 'array',
  items: objectOf({
    name: { type: 'string' },
    likeness: {
      enum: ['spaces', 'case', 'namespace', 'punctuation', 'one character'],
      description: 'What the names differ in',
    },
  }),
  description: `Existing names that may have been meant, at most ${MAX_SIMILAR}, the closest first`,
}

/** Topics that are shown, for which similar names are looked for. */
const MAX_SHOWN = 64

/** `/api/v1/misses`: the topics for which lookups found no route. */
export function missesView(sources: InspectSources): View {
  const { history, misses, routeIndex, routeInfo, slicer } = sources
  let similar: ReadonlyMap<string, readonly SimilarName[]> = new Map()
  let similarRevision = -1

  /** Looked for once while the routes do not change, in one pass for all topics that are new in the table. */
  const similarTo = async (missing: readonly string[]): Promise<typeof similar> => {
    const { revision, topics } = await routeIndex.get()
    const known = revision === similarRevision ? similar : new Map<string, readonly SimilarName[]>()
    const added = missing.filter((topic) => !known.has(topic))
    const found = added.length === 0 ? [] : await slicer.run(similarToEach(added, topics, MAX_SIMILAR))
    const all = new Map(
      missing.map((topic) => [topic, known.get(topic) ?? found[added.indexOf(topic)] ?? []]),
    )
    similar = all
    similarRevision = revision
    return all
  }

  return {
    path: '/api/v1/misses',
    summary:
      'Topics for which lookups found no route, the most frequent first; those that have a route by now last.',
    parameters: [
      {
        name: 'limit',
        summary: `Only this many topics. Default ${MAX_SHOWN}.`,
        schema: { type: 'integer', minimum: 1, maximum: MAX_SHOWN },
      },
    ],
    response: objectOf({
      lookups: { type: 'integer', description: 'Lookups without a route since the start, of all topics' },
      topics: { type: 'array', items: MISS_SCHEMA },
    }),
    read: async ({ query, owner }) => {
      const limit = integerOf(query, 'limit', { min: 1, max: MAX_SHOWN, otherwise: MAX_SHOWN })
      const shown = misses.list().slice(0, limit)
      const missing = shown.filter(({ routeSinceMs }) => routeSinceMs === undefined)
      const names = await similarTo(missing.map(({ topic }) => topic))
      const topics = await routeInfo.read(function* (view) {
        const rows: unknown[] = []
        for (const miss of shown) {
          const loss = lossOf(miss.topic, history, view)
          const lossSentence = loss === undefined ? null : lossText(miss.topic, loss, sources)
          rows.push({ ...shownMiss(miss), similar: names.get(miss.topic) ?? [], loss: lossSentence })
          yield
        }
        return rows
      }, owner)
      return { lookups: misses.total, topics }
    },
  }
}

const TIME: Schema = { type: 'string', format: 'date-time' }

const MISS = {
  count: {
    type: 'integer',
    description: 'Lookups without a route: at most this many, at least `count` - `overestimate`',
  },
  overestimate: { type: 'integer' },
  firstSeen: TIME,
  lastSeen: TIME,
  routeSince: { type: ['string', 'null'], format: 'date-time', description: 'Since when it has a route' },
  clients: {
    type: 'array',
    items: objectOf({
      address: { type: 'string' },
      language: { type: 'string' },
      version: { type: 'integer', description: 'MQVersion in its requests' },
      versionName: { type: 'string', description: 'Such as `V5_5_0`' },
    }),
    description: 'The first four clients that asked',
  },
} as const

export const MISS_COUNTS_SCHEMA: Schema = objectOf(MISS)

const MISS_SCHEMA: Schema = objectOf({
  topic: { type: 'string' },
  ...MISS,
  similar: SIMILAR_SCHEMA,
  loss: { type: ['string', 'null'], description: 'How it lost its route, if it had one' },
})

/** A topic for which lookups found no route, as views show it. */
export function shownMiss({ topic, firstSeenMs, lastSeenMs, routeSinceMs, ...counts }: TopicMiss) {
  const { count, overestimate, clients } = counts
  return {
    topic,
    count,
    overestimate,
    firstSeen: isoTime(firstSeenMs),
    lastSeen: isoTime(lastSeenMs),
    routeSince: routeSinceMs === undefined ? null : isoTime(routeSinceMs),
    clients: clients.map((client) => ({ ...client, versionName: versionName(client.version) })),
  }
}
