import type { Steps } from '../../common/time-slicer.ts'
import { MASTER_ID } from '../../protocol/body/topic-route-data.ts'
import { brokerKey } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import type { InspectSources } from '../sources.ts'

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

/** Counts what is in the route tables, in slices under the read lock. @param maxAges - Max heartbeat ages. */
export async function countTables(sources: InspectSources, maxAges: number): Promise<TableFigures> {
  const { routeInfo, routeIndex } = sources
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
  const heartbeatAges = await routeInfo.read((view) => countBrokers(view, sources, maxAges, figuresOf))
  // Kept until the routes change: with many topics it takes long to count them.
  const { topicsOfCluster } = await routeIndex.get()
  for (const [cluster, topics] of topicsOfCluster) figuresOf(cluster).topics += topics
  return { clusters, heartbeatAges }
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
      const isSuspected = suspicionOf(cluster, brokerAddr) !== undefined
      brokers[isSuspected ? 'suspected' : isLate ? 'late' : 'alive']++
      if (ages.length < maxAges)
        ages.push({ clusterName: cluster, brokerName, brokerId, seconds: ageMs / 1_000 })
      yield
    }
  }
  return ages
}
