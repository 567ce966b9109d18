import type { MaybePromise, Steps } from '../../common/time-slicer.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import type { RouteInfoManager } from '../../routeinfo/route-info-manager.ts'
import { brokerKey } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'

/** Clusters with metrics of their own; all others are one, so that brokers cannot make up any number. */
const MAX_CLUSTERS = 64
const OTHER = 'other'

/** A broker is late from this part of its heartbeat timeout on. */
const LATE = 0.5

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

export interface TableFiguresOptions {
  readonly routeInfo: RouteInfoManager
  readonly nowMs: () => number
  /** Brokers that were found unreachable. */
  readonly suspects: () => Iterable<{ readonly clusterName: string; readonly brokerAddr: string }>
  /** Max heartbeat ages. */
  readonly brokerSeriesLimit: number
}

/** Counts what is in the route tables, in slices under the read lock. */
export class TableCounter {
  readonly #options: TableFiguresOptions
  /** Topics of each cluster as of a revision of the tables: with many topics it takes long to count them. */
  #topics: { readonly revision: number; readonly counts: ReadonlyMap<string, number> } | undefined

  constructor(options: TableFiguresOptions) {
    this.#options = options
  }

  count(): MaybePromise<TableFigures> {
    return this.#options.routeInfo.read((view) => this.#count(view))
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
    const heartbeatAges = yield* this.#countBrokers(view, figuresOf)
    for (const [cluster, topics] of yield* this.#countTopics(view)) figuresOf(cluster).topics += topics
    return { clusters, heartbeatAges }
  }

  *#countBrokers(view: RouteView, figuresOf: (cluster: string) => ClusterFigures): Steps<HeartbeatAge[]> {
    const { nowMs, suspects, brokerSeriesLimit } = this.#options
    const suspected = new Set(
      [...suspects()].map((broker) => brokerKey(broker.clusterName, broker.brokerAddr)),
    )
    const { tables, restored } = view
    const ages: HeartbeatAge[] = []
    const now = nowMs()
    for (const { cluster, brokerName, brokerAddrs } of view.groups().values()) {
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
        const isLate = ageMs > LATE * live.heartbeatTimeoutMs
        brokers[suspected.has(key) ? 'suspected' : isLate ? 'late' : 'alive']++
        if (ages.length < brokerSeriesLimit)
          ages.push({ clusterName: cluster, brokerName, brokerId, seconds: ageMs / 1_000 })
      }
      yield
    }
    return ages
  }

  *#countTopics(view: RouteView): Steps<ReadonlyMap<string, number>> {
    const { revision } = this.#options.routeInfo
    if (this.#topics?.revision === revision) return this.#topics.counts
    const clusterOf = new Map<string, string>()
    for (const [cluster, names] of view.clusters()) for (const name of names) clusterOf.set(name, cluster)
    const counts = new Map<string, number>()
    const add = (cluster: string): void => void counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
    for (const [, queues] of view.topics()) {
      if (queues.size === 1 || clusterOf.size === 0) {
        const [name = ''] = queues.keys()
        add(clusterOf.get(name) ?? '')
      } else {
        for (const cluster of new Set([...queues.keys()].map((name) => clusterOf.get(name) ?? '')))
          add(cluster)
      }
      yield
    }
    this.#topics = { revision, counts }
    return counts
  }
}
