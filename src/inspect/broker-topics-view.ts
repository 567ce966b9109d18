import type { Steps } from '../common/time-slicer.ts'
import type { RouteView } from '../routeinfo/route-view.ts'
import { unknownGroup } from './broker-views.ts'
import { NEXT_SCHEMA, PAGE_PARAMETERS, pageOf } from './paging.ts'
import type { InspectSources } from './sources.ts'
import { QUEUES, shownQueues } from './topic-views.ts'
import { objectOf, type View } from './view.ts'

/** Topics that are looked at in one step. */
const TOPICS_PER_STEP = 16

/** `/api/v1/brokers/{name}/topics`: what a broker group serves. */
export function brokerTopicsView({ routeIndex, routeInfo, identity }: InspectSources): View {
  return {
    path: '/api/v1/brokers/{name}/topics',
    summary: 'Topics with queues on a broker group, in ascending order of their UTF-16 units.',
    parameters: PAGE_PARAMETERS,
    response: objectOf({
      total: { type: 'integer', description: 'All topics of the group' },
      matching: { type: 'integer', description: 'Of these, topics that begin with `prefix`' },
      topics: {
        type: 'array',
        items: objectOf({
          topic: { type: 'string' },
          ...QUEUES,
          provisional: {
            type: 'boolean',
            description: 'Restored from the snapshot; the broker has not registered again',
          },
          otherBrokers: { type: 'integer', description: 'Other broker groups with queues of the topic' },
        }),
      },
      next: NEXT_SCHEMA,
    }),
    version: () => `${identity.bootId}-${routeInfo.revision}`,
    read: async ({ path: { name = '' }, query, owner }) => {
      const { topics, clustersOfBroker } = await routeIndex.get()
      if (!clustersOfBroker.has(name)) throw unknownGroup(name)
      return routeInfo.read(function* (view) {
        const own = yield* topicsOn(view, topics, name)
        const { names, matching, next } = pageOf(own, query)
        const shown: unknown[] = []
        for (const topic of names) {
          const queues = view.queues(topic)
          const here = queues?.get(name)
          if (queues === undefined || here === undefined) continue
          const provisional = view.isProvisional(topic, name)
          shown.push({ topic, ...shownQueues(here), provisional, otherBrokers: queues.size - 1 })
          yield
        }
        return { total: own.length, matching, topics: shown, next }
      }, owner)
    },
  }
}

function* topicsOn(view: RouteView, topics: readonly string[], brokerName: string): Steps<string[]> {
  const own: string[] = []
  for (const [at, topic] of topics.entries()) {
    if (view.queues(topic)?.has(brokerName) === true) own.push(topic)
    if (at % TOPICS_PER_STEP === 0) yield
  }
  return own
}
