import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import type { BrokerLiveInfo, RouteTables } from './route-tables.ts'

/** What a broker is told that asks whether it must register again. */
export interface DataVersionAnswer {
  readonly changed: boolean
  /** The version it registered with; null if it is not live. */
  readonly registered: DataVersion | null
}

/** The broker that asks. Name and id are null if the request has none that can be read: then they are not compared. */
export interface DataVersionQuery {
  readonly clusterName: string
  readonly brokerAddr: string
  readonly brokerName: string | null
  readonly brokerId: bigint | null
}

/**
 * Compares a broker's version with the one it registered with. A broker that skips its registration as long as nothing has changed
 * does not skip it while it has registered by increments only, nor while its group does not hold it.
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
 * Whether the broker is in its place: under the name and id that it asks with. A live broker need not be: another address may
 * have taken its id, and it may have come back with another id or name.
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
