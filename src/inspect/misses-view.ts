import { versionName } from '../protocol/version-name.ts'
import type { TopicMiss } from '../stats/topic-misses.ts'
import { lossOf, lossText } from './explain/topic-loss.ts'
import type { SimilarName } from './similar-names.ts'
import { similarToEach } from './similar-names.ts'
import { type InspectSources, isoTime } from './sources.ts'
import { integerOf, objectOf, type Schema, type View } from './view.ts'

/** Names that a view shows of those that may have been meant. */
export const MAX_SIMILAR = 5

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

/** `/api/v1/misses`: the topics that clients look up in vain. */
export function missesView(sources: InspectSources): View {
  const { history, misses, routeIndex, slicer } = sources
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
      'Topics that clients looked up in vain, the most frequent first; those that have a route by now last.',
    parameters: [
      {
        name: 'limit',
        summary: `Only this many topics. Default ${MAX_SHOWN}.`,
        schema: { type: 'integer', minimum: 1, maximum: MAX_SHOWN },
      },
    ],
    response: objectOf({
      total: { type: 'integer', description: 'Lookups without a route since the start, of all topics' },
      topics: { type: 'array', items: MISS_SCHEMA },
    }),
    read: async ({ query }) => {
      const limit = integerOf(query, 'limit', { min: 1, max: MAX_SHOWN, otherwise: MAX_SHOWN })
      const shown = misses.list().slice(0, limit)
      const missing = shown.filter(({ routeSinceMs }) => routeSinceMs === undefined)
      const names = await similarTo(missing.map(({ topic }) => topic))
      const topics = shown.map((miss) => {
        const loss = lossOf(history, miss.topic)
        const lossSentence = loss === undefined ? null : lossText(miss.topic, loss, sources)
        return { ...shownMiss(miss), similar: names.get(miss.topic) ?? [], loss: lossSentence }
      })
      return { total: misses.total, topics }
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
  askers: {
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

/** A topic that was looked up in vain, as views show it. */
export function shownMiss({ topic, firstSeenMs, lastSeenMs, routeSinceMs, ...counts }: TopicMiss) {
  const { count, overestimate, askers } = counts
  return {
    topic,
    count,
    overestimate,
    firstSeen: isoTime(firstSeenMs),
    lastSeen: isoTime(lastSeenMs),
    routeSince: routeSinceMs === undefined ? null : isoTime(routeSinceMs),
    askers: askers.map((asker) => ({ ...asker, versionName: versionName(asker.version) })),
  }
}
