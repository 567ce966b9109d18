import type { BrokerData } from '../protocol/body/topic-route-data.ts'
import type { RouteChanges } from './route-changes.ts'
import type { RouteTables } from './route-tables.ts'

/** Puts a broker name into a cluster. @returns Whether it was not there. */
export function addToCluster(tables: RouteTables, clusterName: string, brokerName: string): boolean {
  const names = tables.clusterAddrTable.get(clusterName)
  if (names?.has(brokerName) === true) return false
  if (names === undefined) tables.clusterAddrTable.set(clusterName, new Set([brokerName]))
  else names.add(brokerName)
  return true
}

/** Stores a group, unless it equals the known one. */
export function putGroup(
  tables: RouteTables,
  known: BrokerData | undefined,
  group: BrokerData,
  changes: RouteChanges,
): void {
  if (known !== undefined && sameGroup(known, group)) return
  tables.brokerAddrTable.set(group.brokerName, group)
  changes.group(group.brokerName)
}

function sameGroup(a: BrokerData, b: BrokerData): boolean {
  if (a.zoneName !== b.zoneName || a.enableActingMaster !== b.enableActingMaster) return false
  if (a.brokerAddrs.size !== b.brokerAddrs.size) return false
  for (const [id, addr] of a.brokerAddrs) if (b.brokerAddrs.get(id) !== addr) return false
  return true
}
