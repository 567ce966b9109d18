import type { MaybePromise, Steps } from '../../common/time-slicer.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import { brokerKey } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import { isLate } from '../heartbeat.ts'
import { countTopic, TopicTally } from '../route-index.ts'
import type { InspectSources } from '../sources.ts'

/** Clusters with metrics of their own; all others are one, so that brokers cannot make up any number. */
const MAX_CLUSTERS = 64
const OTHER = 'other'

export const BROKER_STATES = ['alive', 'late', 'suspected', 'provisional'] as const
export const GROUP_STATES = ['complete', 'masterless'] as const

/** What the metrics show of one cluster. */
export interface ClusterFigures {
  readonly brokers: Record<(typeof BROKER_STATES)[number], number>
  readonly groups: Record<(typeof GROUP_STATES)[number], number>
  topics: number
}

export interface HeartbeatAge {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerId: bigint
  readonly seconds: number
}

/** What the metrics show of the route tables. */
export interface TableFigures {
  /** By name; {@link OTHER} stands for those beyond the limit. */
  readonly clusters: ReadonlyMap<string, ClusterFigures>
  /** Of the first brokers only, as configured. */
  readonly heartbeatAges: readonly HeartbeatAge[]
}

/** Counts what is in the route tables, in slices under the read lock. */
export class TableCounter {
  readonly #sources: InspectSources
  readonly #maxAges: number
  /** As of a revision of the tables: with many topics it takes long to count them. */
  #topics: { readonly revision: number; readonly byCluster: ReadonlyMap<string, TopicTally> } | undefined

  /** @param maxAges - Max heartbeat ages. */
  constructor(sources: InspectSources, maxAges: number) {
    this.#sources = sources
    this.#maxAges = maxAges
  }

  count(): MaybePromise<TableFigures> {
    return this.#sources.routeInfo.read((view) => this.#count(view))
  }

  *#count(view: RouteView): Steps<TableFigures> {
    const clusters = new Map<string, ClusterFigures>()
    const figuresOf = (cluster: string): ClusterFigures => {
      const name = clusters.has(cluster) || clusters.size < MAX_CLUSTERS ? cluster : OTHER
      let figures = clusters.get(name)
      if (figures === undefined) {
        figures = {
          brokers: { alive: 0, late: 0, suspected: 0, provisional: 0 },
          groups: { complete: 0, masterless: 0 },
          topics: 0,
        }
        clusters.set(name, figures)
      }
      return figures
    }
    const heartbeatAges = yield* countBrokers(view, this.#sources, this.#maxAges, figuresOf)
    const { revision } = this.#sources.routeInfo
    if (this.#topics?.revision !== revision) this.#topics = { revision, byCluster: yield* countTopics(view) }
    for (const [cluster, { topics }] of this.#topics.byCluster) figuresOf(cluster).topics += topics
    return { clusters, heartbeatAges }
  }
}

/** Topics with queues in each cluster. */
function* countTopics(view: RouteView): Steps<ReadonlyMap<string, TopicTally>> {
  const ofCluster = new Map<string, TopicTally>()
  const ofBroker = new Map<string, { readonly tallies: readonly TopicTally[] }>()
  for (const { cluster, brokerName } of view.groupsWithMembers()) {
    const tally = ofCluster.get(cluster) ?? new TopicTally()
    ofCluster.set(cluster, tally)
    ofBroker.set(brokerName, { tallies: [tally] })
  }
  for (const [topic, queues] of view.topics()) {
    countTopic(topic, queues, ofBroker)
    yield
  }
  return ofCluster
}

function* countBrokers(
  view: RouteView,
  { nowMs, suspicionOf }: InspectSources,
  maxAges: number,
  figuresOf: (cluster: string) => ClusterFigures,
): Steps<HeartbeatAge[]> {
  const { tables, restored } = view
  const ages: HeartbeatAge[] = []
  const now = nowMs()
  for (const { cluster, brokerName, brokerAddrs } of view.groupsWithMembers()) {
    const { brokers, groups } = figuresOf(cluster)
    groups[brokerAddrs.has(MASTER_ID) ? 'complete' : 'masterless']++
    for (const [brokerId, brokerAddr] of brokerAddrs) {
      const key = brokerKey(cluster, brokerAddr)
      const live = tables.brokerLiveTable.get(key)
      if (live === undefined || restored?.brokers.has(key) === true) {
        brokers.provisional++
        continue
      }
      const ageMs = now - live.lastUpdateTimestampMs
      const isSuspected = suspicionOf(cluster, brokerAddr) !== undefined
      brokers[isSuspected ? 'suspected' : isLate(ageMs, live.heartbeatTimeoutMs) ? 'late' : 'alive']++
      if (ages.length < maxAges)
        ages.push({ clusterName: cluster, brokerName, brokerId, seconds: ageMs / 1_000 })
      yield
    }
  }
  return ages
}
