import { toEnd } from '../../common/time-slicer.ts'
import { writeSnapshotFile } from '../../namesrv/files/route-snapshot-file.ts'
import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData, QueueData } from '../../protocol/body/topic-route-data.ts'
import { DEFAULT_HEARTBEAT_TIMEOUT_MS } from '../../routeinfo/apply-registration.ts'
import { brokerKey, RouteTables } from '../../routeinfo/route-tables.ts'
import { RouteView } from '../../routeinfo/route-view.ts'
import { RestoredGroup, RestoredRoutes } from '../../routeinfo/snapshot/restored-routes.ts'
import { nextPiece, routeSnapshotText } from '../../routeinfo/snapshot/snapshot-text.ts'

/** Characters written at a time. */
const PIECE_LENGTH = 1024 * 1024

/** The routes of another NameServer, as it gives them to tools and clients. */
export interface ListedRoutes {
  /** All groups that have members. */
  readonly groups: readonly BrokerData[]
  /** Broker names by cluster; those without a group are left out. */
  readonly clusters: ReadonlyMap<string, readonly string[]>
  /** Queues by topic and broker name. */
  readonly topics: ReadonlyMap<string, ReadonlyMap<string, QueueData>>
  /** Mappings of static topics by topic and broker name. */
  readonly mappings: ReadonlyMap<string, ReadonlyMap<string, TopicQueueMappingInfo>>
}

/**
 * Writes a snapshot from which a server restores these routes. Each broker gets the default heartbeat timeout and the whole grace
 * period of that server; HA addresses, filter servers and owners come with the registrations.
 * @throws (rejects) As {@link writeSnapshotFile}.
 */
export async function writeListedRoutes(path: string, routes: ListedRoutes): Promise<void> {
  const view = new RouteView(new RouteTables())
  view.restored = restoredRoutes(routes)
  const text = routeSnapshotText(view, 0)
  await writeSnapshotFile(path, () => toEnd(nextPiece(text, PIECE_LENGTH)))
}

function restoredRoutes({ groups, clusters, topics, mappings }: ListedRoutes): RestoredRoutes {
  const restored = new RestoredRoutes()
  for (const group of groups) {
    const { brokerName, cluster: clusterName } = group
    restored.groups.set(brokerName, new RestoredGroup(group))
    for (const brokerAddr of group.brokerAddrs.values())
      restored.brokers.set(brokerKey(clusterName, brokerAddr), {
        ...{ clusterName, brokerAddr, brokerName, haServerAddr: null, owner: undefined },
        ...{ heartbeatTimeoutMs: DEFAULT_HEARTBEAT_TIMEOUT_MS, deadlineMs: Number.MAX_SAFE_INTEGER },
      })
  }
  for (const [cluster, names] of clusters)
    restored.clusters.set(cluster, new Set(names.filter((name) => restored.groups.has(name))))
  for (const [topic, queues] of topics) restored.topics.set(topic, new Map(queues))
  for (const [topic, infos] of mappings) restored.mappings.set(topic, infos)
  return restored
}
