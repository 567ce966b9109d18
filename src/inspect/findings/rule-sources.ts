import type { TopicQueueMappingInfo } from '../../protocol/body/topic-queue-mapping-info.ts'
import type { BrokerData, QueueData } from '../../protocol/body/topic-route-data.ts'
import type { RouteTables } from '../../routeinfo/route-tables.ts'
import type { RouteView } from '../../routeinfo/route-view.ts'
import type { RouteHistory } from '../history/route-history.ts'
import type { InspectSources } from '../sources.ts'

/** The routes that rules judge: those of this server, or what the command line has read from another one. */
export interface JudgedRoutes {
  groupsWithMembers(): Iterable<BrokerData>
  group(brokerName: string): BrokerData | undefined
  topics(): Iterable<[string, ReadonlyMap<string, QueueData>]>
  mappings(topic: string): ReadonlyMap<string, TopicQueueMappingInfo> | undefined
  readonly restored: RouteView['restored']
  readonly tables: {
    readonly brokerLiveTable: Pick<RouteTables['brokerLiveTable'], 'values'>
    readonly topicQueueMappingInfoTable: Pick<RouteTables['topicQueueMappingInfoTable'], 'size'>
    readonly overridden: Pick<RouteTables['overridden'], 'has' | 'registeredOf'>
  }
}

/** What rules about brokers and topics read beside the routes. */
export type RuleSources = Pick<InspectSources, 'nowMs' | 'dateMs' | 'suspicionOf' | 'comparableConfig'> & {
  readonly history: Pick<
    RouteHistory,
    'masterLoss' | 'allDepartures' | 'permissionChange' | 'topicRegistration' | 'rejection'
  >
}
