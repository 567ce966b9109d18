import { hintFor } from '../common/nearest-name.ts'
import { membersById, UNKNOWN_MEMBER } from '../inspect/broker-member.ts'
import type { ListedGroup } from '../protocol/body/lists-and-tables.ts'
import { AdminError } from './admin-error.ts'
import type { BrokerGroup } from './broker-group.ts'
import type { NameServer } from './name-server.ts'
import { optionalView } from './optional-view.ts'
import { nextPage } from './pages.ts'

/** What is said of a NameServer without brokers. */
export const NO_BROKERS = 'no brokers are registered'

/** What 106 does not tell. */
export const ONLY_OURS = 'states, heartbeats and versions of brokers'

/**
 * Broker groups in ascending order of their names: from the view of ours, otherwise from the cluster info (106).
 * @param cluster - Only groups of this cluster.
 * @param notes - Gets a line if there is no view.
 * @throws {AdminError} (rejects) `not_found`: there is no such cluster.
 */
export async function readBrokerGroups(
  server: NameServer,
  { cluster, notes }: { readonly cluster: string | undefined; readonly notes: Set<string> },
): Promise<BrokerGroup[]> {
  const groups = (await viewedGroups(server, cluster, notes)) ?? (await listedGroups(server, cluster))
  if (groups.length === 0 && cluster !== undefined) {
    const names = [...(await server.brokerGroups()).values()].flatMap((group) => group.cluster ?? [])
    throw new AdminError(
      'not_found',
      `no cluster ${JSON.stringify(cluster)} on ${server.address}${hintFor(cluster, names.sort())}`,
    )
  }
  return groups
}

/**
 * That a broker group does not exist.
 * @param where - The NameServers that do not have it.
 * @param names - Those that they have, if known.
 */
export function noBrokerGroup(name: string, where: string, names: Iterable<string> = []): AdminError {
  const hint = hintFor(name, [...names].sort())
  return new AdminError(
    'not_found',
    `no broker group ${JSON.stringify(name)} on ${where}${hint} (mqnamesrv broker explain, or the view /api/v1/explain, says what became of it)`,
  )
}

interface Page {
  readonly brokers: readonly BrokerGroup[]
  readonly next: string | null
}

async function viewedGroups(
  server: NameServer,
  cluster: string | undefined,
  notes: Set<string>,
): Promise<BrokerGroup[] | undefined> {
  const groups: BrokerGroup[] = []
  const query = new URLSearchParams({ limit: '10000', ...(cluster === undefined ? {} : { cluster }) })
  for (;;) {
    const page = await optionalView<Page>(server, `/api/v1/brokers?${query}`, ONLY_OURS, notes)
    if (page === undefined) return undefined
    for (const group of server.listIn(page, 'brokers')) groups.push(group)
    const next = nextPage(server, page.next, query.get('after'))
    if (next === undefined) return groups
    query.set('after', next)
  }
}

async function listedGroups(server: NameServer, cluster: string | undefined): Promise<BrokerGroup[]> {
  const groups = await server.brokerGroups()
  return [...groups]
    .filter(([, group]) => cluster === undefined || group.cluster === cluster)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([brokerName, group]) => listedGroup(brokerName, group))
}

/** A group of which only the cluster info is known. */
export function listedGroup(brokerName: string, group: ListedGroup): BrokerGroup {
  const { cluster, zoneName, enableActingMaster, brokerAddrs } = group
  return {
    brokerName,
    clusters: cluster === null ? [] : [cluster],
    zone: zoneName,
    enableActingMaster,
    topics: null,
    members: membersById(brokerAddrs).map((known) => ({ ...known, ...UNKNOWN_MEMBER })),
  }
}
