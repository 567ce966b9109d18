import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import type { BrokerLiveInfo, RouteTables } from './route-tables.ts'

/** The response to a broker that asks whether it must register again. */
export interface DataVersionAnswer {
  readonly changed: boolean
  /** The version it registered with; null if it is not live. */
  readonly registered: DataVersion | null
}

/** The broker that asks. A name or id that is null, missing or invalid in the request, is not compared. */
export interface DataVersionQuery {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string | null
  readonly brokerId: bigint | null
}

/**
 * Compares a broker's data version with the one it registered. A broker that registers only if that has changed must also do so
 * while it has sent increments only, and while it is not a member of its group.
 */
export function queryDataVersion(
  tables: RouteTables,
  broker: DataVersionQuery,
  version: DataVersion | null,
): DataVersionAnswer {
  const live = tables.live(broker.clusterName, broker.brokerAddr)
  if (live === undefined) return { changed: true, registered: null }
  const changed =
    !live.isComplete || !isInGroup(tables, broker, live) || !sameDataVersion(live.dataVersion, version)
  return { changed, registered: live.dataVersion }
}

/**
 * Whether the broker is a member of its group under the name and id of its query. A live broker may not be: another address may
 * have taken its id, and it may have returned with another id or name.
 */
function isInGroup(
  { brokerAddrTable }: RouteTables,
  { brokerName, brokerId, brokerAddr }: DataVersionQuery,
  live: BrokerLiveInfo,
): boolean {
  const addrs = brokerAddrTable.get(brokerName ?? live.brokerName)?.brokerAddrs
  if (addrs === undefined) return false
  if (brokerId !== null) return addrs.get(brokerId) === brokerAddr
  for (const addr of addrs.values()) if (addr === brokerAddr) return true
  return false
}
