import { type DataVersion, sameDataVersion } from '../protocol/body/data-version.ts'
import type { RouteTables } from './route-tables.ts'

/** What a broker is told that asks whether it must register again. */
export interface DataVersionAnswer {
  readonly changed: boolean
  /** The version it registered with; null if it is not live. */
  readonly registered: DataVersion | null
}

/**
 * Compares a broker's version with the one it registered with. A broker that skips its registration as long as nothing has changed
 * does not skip it while what a snapshot says of its topics is in doubt, or while it has registered by increments only.
 */
export function queryDataVersion(
  tables: RouteTables,
  clusterName: string,
  brokerAddr: string,
  version: DataVersion | null,
): DataVersionAnswer {
  const live = tables.registered(clusterName, brokerAddr)
  if (live === undefined) return { changed: true, registered: null }
  const isInDoubt = tables.restored?.brokerNames.has(live.brokerName) === true
  const changed = isInDoubt || !live.isComplete || !sameDataVersion(live.dataVersion, version)
  return { changed, registered: live.dataVersion }
}
